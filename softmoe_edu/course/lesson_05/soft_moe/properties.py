"""What a right `soft_moe` does."""

import math

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    as_defined,
    brief,
    changed,
    close,
    each_of,
    finite,
    span_of_sums,
    telling_apart,
)
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property


def mlps(draw: Draw, d: int, e: int) -> list:
    """Return e different experts: tanh between two random maps, and a skip connection."""
    pairs = [(draw.normal(d, 4), draw.normal(4, d) / 2) for _ in range(e)]
    return [lambda s, a=a, c=c: torch.tanh(s @ a.to(s.dtype)) @ c.to(s.dtype) + s / 2 for a, c in pairs]


def case(b: int, n: int, d: int, e: int, p: int, scale: float = 1.0):
    """Return a function that draws arguments of these sizes."""
    return lambda draw: (draw.normal(b, n, d), scale * draw.normal(d, e, p), mlps(draw, d, e))


def raised(draw: Draw) -> tuple:
    """Draw arguments with all scores about 800 higher: exp overflows, and their differences are as small as before."""
    x, phi, _ = case(2, 5, 3, 4, 2)(draw)
    high = torch.cat([phi, torch.full_like(phi[:1], 800)])
    return torch.cat([x, torch.ones_like(x[..., :1])], -1), high, mlps(draw, 4, 4)


def far_apart(draw: Draw) -> tuple:
    """Draw arguments in which every other token scores 1000 higher with every other slot."""
    x, phi, _ = case(2, 5, 3, 4, 3)(draw)
    token, slot = (torch.arange(count, device=x.device, dtype=x.dtype) % 2 for count in (5, 12))
    x = torch.cat([x, token.view(1, 5, 1).expand(2, 5, 1)], -1)
    return x, torch.cat([phi, 1000 * slot.view(1, 4, 3)]), mlps(draw, 4, 4)


def hand(draw: Draw) -> tuple:
    """Return two tokens and three experts of one slot: the weights are twelfths (lesson 05, section 3)."""
    phi = draw.tensor([[math.log(v) for v in (3, 1, 2)], [math.log(v) / 2 for v in (1, 2, 1)]])
    return draw.tensor([[[1, 0], [0, 2]]]), phi[..., None], [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s]


class Sums:
    """The sums of an answer's weights, measured from outside, where no weight can be seen.

    Every token gets a further number, the same for all, that does not change its scores, and every expert answers one
    number: a slot holds that number times the sum of its dispatch weights, an answer that number times the sum of its
    combine weights. This holds if slots mix the tokens themselves and answers mix slots. A layer that normalises its
    tokens, or adds them at the end, is recognised with a number three times as large: its outputs do not become three
    times as large. A factor on all tokens looks like one on all weights, so equal sums count as the weights' own only
    where they are 1.

    slots: what a number that is 1 in every token becomes in the slots; None where no expert could see it: under vmap
    its input is no longer a tensor once the call has ended. answers: the layer's answers if every expert answers 1.
    """

    def __init__(self, function, x, phi):
        (self.slots, self.answers), (slots, answers) = (_with_number(function, x, phi, number) for number in (1, 3))
        self.of_dispatch = self.slots is not None and _are_sums(self.slots, slots)
        self.of_combine = _are_sums(self.answers, answers)

    @property
    def are_one(self):
        """Whether every sum that was seen is 1."""
        parts = (self.slots, self.answers)
        return self.called and all(part is None or close(part, torch.ones_like(part)) for part in parts)

    @property
    def called(self):
        """Whether any expert was called."""
        return self.slots is None or self.slots.numel() > 0

    def told(self, of_dispatch, of_combine):
        """Return both in words: as sums of weights where they are known to be that, otherwise as what was measured."""
        into, back = "unseen" if self.slots is None else brief(self.slots), brief(self.answers[0])
        slots = (
            f"a number that is 1 in every token becomes {into} in the slots" if self.called else "no expert was called"
        )
        answers = f"if every expert answers 1, the layer answers {back}"
        return "; ".join(
            [
                f"dispatch sums over tokens {into}" if of_dispatch else slots,
                f"combine sums over slots {back}" if of_combine else answers,
            ]
        )


def _with_number(function, x, phi, number):
    filled = []

    def expert(s):
        filled.append(s.detach()[..., -1])
        return torch.full_like(s, number)

    tokens = torch.cat([x, torch.full_like(x[..., :1], number)], -1)
    output = function(tokens, torch.cat([phi, torch.zeros_like(phi[:1])]), [expert] * phi.shape[1])
    try:
        slots = torch.cat([x.new_zeros(0), *(part.flatten() for part in filled)]).clone()
    except RuntimeError:
        slots = None
    return slots, output.detach()[..., 0]


def _are_sums(once, thrice):
    if thrice is None or once.shape != thrice.shape or not once.numel() or not close(3 * once, thrice):
        return False
    return close(once, torch.ones_like(once)) or not close(once, once.mean().expand_as(once))


OWN_TOKENS = (
    "every slot is an average of the tokens as they came, and every answer an average of the experts' answers. So if "
    "a number is 1 in every token, it is 1 in every slot, and if every expert answers 1, so does the layer"
)


def _by_hand(answer, draw):
    x, phi, _ = args = hand(draw)
    expected, got = answer.beside(*args)
    if close(expected, got):
        return None
    right, measured = Sums(answer.expected, x, phi), Sums(answer.raw, x, phi)
    known = measured.of_dispatch or measured.slots is None, measured.of_combine

    def words(output, both):
        return f"answers {brief(output[0])}; {both.told(*known)}"

    rows = [both.slots.numel() for both in (right, measured) if both.slots is not None]
    if len(rows) == 2 and rows[0] < rows[1]:
        should = f"each expert computes its own slots and nothing else: {rows[0]} rows in all here, not {rows[1]}"
    elif measured.are_one:
        should = (
            "sums of 1 are not enough: dispatch is the softmax of the scores x · phi over tokens, combine the one "
            "over all slots, and the slots of expert i mix the tokens themselves and are computed by expert i"
        )
    elif all(known):
        should = (
            "every slot is an average of tokens (for each slot, dispatch sums to 1 over tokens), and every answer an "
            "average of slots (for each token, combine sums to 1 over all slots)"
        )
    else:
        should = OWN_TOKENS
    return Finding(
        should,
        "tokens [[1, 0], [0, 2]]; exp(scores) [[3, 1, 2], [1, 2, 1]]; experts times 4, 3, 3",
        *telling_apart(lambda: (words(expected, right), words(got, measured))),
    )


def _sums(answer, draw):
    x, phi, _ = case(3, 7, 5, 4, 2)(draw)
    measured = Sums(answer.raw, x, phi)
    given = "3 examples, 7 tokens, 4 experts x 2 slots"
    if not measured.called:
        return Finding(OWN_TOKENS, given, "every expert is called", "no expert was called")
    combine, dispatch = (
        "for each token, combine sums to 1 over all slots of all experts: Eq. 2",
        "for each slot, dispatch sums to 1 over the tokens of its example: Eq. 1",
    )
    for should, got, known, where in (
        (combine, measured.answers, measured.of_combine, "if every expert answers 1, the layer answers"),
        (dispatch, measured.slots, measured.of_dispatch, "a number that is 1 in every token is, in the slots,"),
    ):
        if got is None or close(got, torch.ones_like(got)):
            continue
        if known:
            return Finding(should, given, "every sum 1", f"sums {span_of_sums(got)}")
        return Finding(OWN_TOKENS, given, f"{where} 1", f"{where} {span_of_sums(got)}")
    return None


def _relabelled(args, draw):
    x, phi, experts = args
    order = draw.permutation(len(experts))
    return (x, phi[:, order], [experts[i] for i in order.tolist()]), None


def _shuffled(args, draw):
    x, *rest = args
    order = draw.permutation(x.shape[1])
    return (x[:, order], *rest), order


def _others_changed(args, draw):
    x, *rest = args
    return (torch.cat([x[:1], draw.normal(*x[1:].shape)]), *rest), None


def _first_changed(args, draw):
    x, *rest = args
    return (torch.cat([draw.normal(*x[:1].shape), x[1:]]), *rest), None


def _examples_apart(change, view):
    return changed(
        "an example's answers do not change with the others in its batch: dispatch runs over its own tokens",
        case(3, 7, 5, 4, 2),
        change,
        lambda before, words: before,
        name="",
        view=view,
    )


PROPERTIES = (
    Property("the example by hand", _by_hand),
    Property("sums of the weights", _sums),
    changed(
        "shuffled tokens give the same answers in the shuffled order",
        case(3, 7, 5, 4, 2),
        _shuffled,
        lambda before, words: before[:, words[0]],
        name="order of tokens",
    ),
    changed(
        "experts in another order, with their slots' vectors, give the same answers: slot (i, j) belongs to expert i",
        case(3, 7, 5, 4, 2),
        _relabelled,
        lambda before, words: before,
        name="order of experts",
    ),
    each_of(
        "examples apart",
        _examples_apart(_others_changed, lambda y: y[:1]),
        _examples_apart(_first_changed, lambda y: y[1:]),
    ),
    gradients(
        "every score gets a gradient through both dispatch and combine",
        case(2, 4, 3, 3, 2),
        ("x", "phi"),
        name="gradients",
    ),
    as_defined(
        "answers = combine · experts(dispatch · tokens), whatever the sizes",
        case(3, 7, 5, 4, 2),
        case(1, 6, 4, 3, 1),
        case(2, 1, 3, 2, 3),
        case(2, 5, 3, 1, 4),
        case(1, 3, 2, 5, 1),
    ),
    each_of(
        "large scores",
        *(
            finite("scores of a few thousand give finite answers: subtract the largest of each sum before exp", make)
            for make in (case(2, 5, 3, 4, 2, 1000.0), far_apart)
        ),
    ),
)
