"""Whether a causal model leaks: which of its answers move with later tokens, with other examples, and with padding.

`influence` asks this of a layer that reads vectors; here a whole model reads token ids. Two shipped architectures fail:
doge, whose router reshapes its scores across tokens, and nllb_moe where its experts' capacity is short: all examples of
a batch share it, and the first choices of later tokens are served before the second choices of earlier ones.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from softmoe_edu.influence import earlier_share, moves
from softmoe_edu.modes import evaluated
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least
from softmoe_edu.text import number, plural

Ids = Int[Tensor, "b n"]
ROUNDING = 1e3
"""Times the dtype's epsilon: the share of the largest change up to which a change is taken for rounding.

An expert that gets more or fewer rows adds them up in another order, so that rounding moves other tokens' answers too.
"""


@dataclass(frozen=True)
class Leaks:
    """How far a model's answers move with what they must not know; all distances are the largest of all draws.

    Attributes:
        later: (n, n) float32; row i, column j: how far answer i moves when token j of the same example changes.
        others: (b,) float32; how far the answers to an example move when all others change; None for one example.
        padding: (b,) float32; how far the answers at real tokens move when ids at padding change; None without padding.
        tolerance: the share of the largest change up to which a change counts as rounding.
    """

    later: Float[Tensor, "n n"]
    others: Float[Tensor, " b"] | None
    padding: Float[Tensor, " b"] | None
    tolerance: float

    @property
    def moved(self) -> Bool[Tensor, "n n"]:
        """Which answers move with which tokens, (n, n); a causal model's are on and below the diagonal."""
        return moves(self.later, self.tolerance)

    @property
    def later_share(self) -> float:
        """The share of pairs of an answer and a later token in which the token moves the answer; 0 if causal."""
        return earlier_share(self.later, self.tolerance)

    @property
    def least(self) -> float:
        """The smallest distance that counts."""
        return self.tolerance * float(self.later.max())

    @property
    def found(self) -> tuple[str, ...]:
        """What leaks: "later tokens", "other examples", "padding"; empty for a model that is tight."""
        beside = {"other examples": self.others, "padding": self.padding}
        leaking = [name for name, far in beside.items() if far is not None and bool((far > self.least).any())]
        return (*(["later tokens"] if self.later_share > 0 else []), *leaking)

    def __str__(self) -> str:
        """Say what leaks, in how many places, and how far."""
        n = len(self.later)
        leaking = int(self.moved.triu(1).sum())
        far = f", by up to {number(float(self.later.triu(1).max()))}" if leaking else ""
        return "\n".join(
            [
                f"later tokens: {leaking} of {plural(n * (n - 1) // 2, 'pair')} leak{far}",
                f"other examples: {self._moved(self.others)}",
                f"padding: {self._moved(self.padding)}",
                f"A token moves its own answer by up to {number(float(self.later.diagonal().max()))}; "
                f"up to {number(self.least)} is taken for rounding.",
            ]
        )

    def _moved(self, distances: Tensor | None) -> str:
        if distances is None:
            return "not tested, there is none"
        count = int((distances > self.least).sum())
        far = f", by up to {number(float(distances.max()))}" if count else ""
        return f"the answers to {count} of {plural(len(distances), 'example')} move{far}"


def find_leaks(
    model: Callable[..., Any],
    input_ids: Ids,
    *,
    attention_mask: Bool[Tensor, "b n"] | Int[Tensor, "b n"] | None = None,
    vocabulary: int | None = None,
    draws: int = 2,
    seed: int = 0,
    tolerance: float | None = None,
) -> Leaks:
    """Change tokens, other examples and padding, and measure which answers of a causal model move.

    The model is called `draws * (b * n + b + 1) + 2` times or less, in evaluation mode and without gradients. Every
    call gets the whole batch, so that all experts meet as many tokens as before.

    Args:
        model: Takes `input_ids` (and `attention_mask`, if it is given) by name; returns a tensor (b, n, ...), or an
            object with `logits` or `last_hidden_state`. A model with an encoder is wrapped:
            `lambda input_ids: model(input_ids=source, decoder_input_ids=input_ids)`.
        input_ids: (b, n) token ids; with one example, other examples are not tested.
        attention_mask: (b, n), 1 or True for real tokens; None if all are real.
        vocabulary: Replacements are drawn from 0 to this number, exclusive; None asks the model's `config.vocab_size`.
        draws: Replacements of each token, of the other examples and of padding.
        seed: Of the replacements.
        tolerance: The share of the largest change that counts as rounding; None: 1,000 times the dtype's epsilon, and
            at most 0.05.

    Returns:
        What moved, and how far.

    Raises:
        TypeError: For ids that are no whole numbers, and for a model that returns no tensor.
        ValueError: For sizes out of range, an unknown vocabulary, NaN, a model whose answers differ from call to call,
            and one whose answers no token moves.

    Source:
        Puigcerver et al. (2308.00951), section 6, on what keeps Soft MoE out of decoders: an answer must not depend on
        later tokens.
    """
    _check_ids(input_ids)
    b, n = input_ids.shape
    real = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    if real.shape != input_ids.shape:
        raise ValueError(f"attention_mask must be {(b, n)}, as input_ids, got {tuple(real.shape)}")
    size, draws = _vocabulary_of(model, vocabulary), check_at_least("draws", draws)
    generator = generator_of(seed)
    given = {} if attention_mask is None else {"attention_mask": attention_mask}

    def answer(ids: Tensor) -> Tensor:
        return _tensor_of(model(input_ids=ids, **given), (b, n))

    def changed(where: Tensor) -> Tensor:
        """Ids of which each is another one where `where` is True."""
        steps = torch.randint(1, size, (b, n), generator=generator, device="cpu").to(input_ids.device)
        return torch.where(where, (input_ids + steps) % size, input_ids)

    def apart(where: Tensor) -> Tensor:
        """How far each answer at a real token moves, (b, n)."""
        moved = (answer(changed(where)).float() - before).abs().flatten(2).amax(2)
        return moved.masked_fill(~real, 0).cpu()

    on_cpu: Any = {"dtype": torch.float32, "device": "cpu"}
    later = torch.zeros(n, n, **on_cpu)
    others = torch.zeros(b, **on_cpu) if b > 1 else None
    padding = None if bool(real.all()) else torch.zeros(b, **on_cpu)
    example, place = torch.arange(b, device=real.device)[:, None], torch.arange(n, device=real.device)
    mode = evaluated(model) if isinstance(model, nn.Module) else nullcontext()
    with mode, torch.no_grad():
        first = answer(input_ids)
        before = first.float()
        if not torch.equal(first, answer(input_ids)):
            raise ValueError("the model must answer the same ids the same way twice: switch its noise or dropout off")
        for _ in range(draws):
            for a, j in real.nonzero().tolist():
                moved = apart((example == a) & (place == j))[a]
                later[:, j] = torch.maximum(later[:, j], moved)
            if others is not None:
                others = torch.stack(
                    [torch.maximum(others[a], apart(real & (example != a))[a].amax()) for a in range(b)]
                )
            if padding is not None:
                padding = torch.maximum(padding, apart(~real).amax(1))
    if not float(later.max()):
        raise ValueError("no answer moved with any token: the model does not read its input_ids")
    share = min(0.05, ROUNDING * torch.finfo(first.dtype).eps) if tolerance is None else tolerance
    return Leaks(later, others, padding, share)


def _check_ids(ids: object) -> None:
    if not isinstance(ids, Tensor) or ids.is_floating_point() or ids.dtype == torch.bool:
        got = ids.dtype if isinstance(ids, Tensor) else type(ids).__name__
        raise TypeError(f"input_ids must be a tensor of whole numbers (b, n), got {got}")
    if ids.ndim != 2 or 0 in ids.shape:
        raise ValueError(f"input_ids must be (b, n) with one token or more, got {tuple(ids.shape)}: ids[None] adds b")


def _vocabulary_of(model: object, vocabulary: int | None) -> int:
    if vocabulary is None:
        vocabulary = getattr(getattr(model, "config", None), "vocab_size", None)
    if vocabulary is None:
        raise ValueError("the model names no vocabulary size: give vocabulary, how many ids there are")
    return check_at_least("vocabulary", vocabulary, 2)


def _tensor_of(output: object, shape: tuple[int, int]) -> Tensor:
    for name in ("logits", "last_hidden_state"):
        output = getattr(output, name, output)
    if not isinstance(output, Tensor):
        raise TypeError(
            f"the model must return a tensor (b, n, ...) or an object with logits, got {type(output).__name__}"
        )
    if output.ndim < 3 or tuple(output.shape[:2]) != shape:
        raise ValueError(f"the model must answer every token: {shape} and more axes, got {tuple(output.shape)}")
    if not bool(output.isfinite().all()):
        raise ValueError("the model must return finite answers, got NaN or infinity")
    return output
