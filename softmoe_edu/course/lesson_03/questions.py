"""Lesson 03, auxiliary losses: what they can and cannot change, what their value says, and what balance is worth."""

import torch
from torch.nn.functional import one_hot

from softmoe_edu import losses
from softmoe_edu.teaching.predict.question import Question

M18 = "a router whose experts are all equally busy makes the better model"
M19 = "the loss is least where the load is even, and there it is 1"
M20 = "the loss lowers the load itself, so its gradient goes through the load"

TOKENS, EXPERTS = 64, 8


def _logits() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, TOKENS, EXPERTS, generator=generator, dtype=torch.float64, requires_grad=True)


def _who_passes() -> str:
    """Take the gradient of the loss through the shares alone, and through the mean gates alone."""
    logits = _logits()
    gates = logits.softmax(-1)
    share = one_hot(gates.argmax(-1), EXPERTS).to(gates.dtype).mean(1)
    gate = gates.mean(1)
    through = [
        part.requires_grad and bool(torch.autograd.grad((part * other.detach()).sum(), logits)[0].any())
        for part, other in ((share, gate), (gate, share))
    ]
    return PASSES[{(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[tuple(through)]]


def _gradient_of_counts() -> str:
    logits = _logits()
    counts = one_hot(logits.argmax(-1), EXPERTS).sum(1).to(logits.dtype)
    gap = (counts.max() - counts.min()).square()
    return SLOPES[1] if gap.requires_grad and torch.autograd.grad(gap, logits)[0].any() else SLOPES[0]


def _moved_by_detached_gates() -> str:
    """Follow the gradient of e · Σ f · P, with P detached, for a hundred steps, and count who moved."""
    start = _logits()
    logits = start.detach().clone().requires_grad_()
    for _ in range(100):
        gates = logits.softmax(-1)
        share = one_hot(gates.argmax(-1), EXPERTS).to(gates.dtype).mean(1)
        loss = EXPERTS * (share * gates.mean(1).detach()).sum()
        if loss.requires_grad:
            (slope,) = torch.autograd.grad(loss, logits)
            logits = (logits - slope).detach().requires_grad_()
    moved = (logits.argmax(-1) != start.argmax(-1)).double().mean().item()
    return MOVED[0 if moved == 0 else 1 if moved < 0.5 else 2]


def least_value(steps: int = 64) -> float:
    """Return the least loss of two experts, over how many tokens choose the first and how sure they are.

    The loss is linear in the gates, so that each kind of token is as unsure, or as sure, as it can be.
    """
    nearly = 0.5 + 1e-9
    found = []
    for first in range(steps + 1):
        for mine in (nearly, 1.0):
            for others in (1 - nearly, 0.0):
                gate = torch.tensor([mine] * first + [others] * (steps - first), dtype=torch.float64)
                found.append(losses.load_balancing_loss(torch.stack([gate, 1 - gate], -1)[None]).item())
    return min(found)


def _where_it_is_least() -> str:
    least = least_value()
    return LEAST[2] if least < 0.01 else LEAST[1] if least < 1 - 1e-6 else LEAST[0]


def _loss_of_ties() -> float:
    return losses.load_balancing_loss(torch.full((1, TOKENS, 4), 0.25)).item()


def _what_a_1_says() -> str:
    uneven = losses.load_balancing_loss(torch.full((1, TOKENS, 4), 0.25)).item()  # all tokens choose expert 0
    return SAYS[1] if abs(uneven - 1) < 1e-6 else SAYS[0]


def better_in_words(errors: tuple[float, float]) -> str:
    """Return the choice that fits the errors of the router by position and of the one that was trained without loss."""
    by_position, trained = errors
    if abs(by_position - trained) <= 0.1 * trained:
        return BETTER[1]
    return BETTER[0] if by_position < trained else BETTER[2]


def _sent_elsewhere() -> float:
    """Shuffle groups of tokens that a router sends to experts by their position."""
    generator = torch.Generator().manual_seed(0)
    where = torch.arange(TOKENS) % EXPERTS
    moved = [(where[torch.randperm(TOKENS, generator=generator)] != where).double().mean() for _ in range(200)]
    return 100 * torch.stack(moved).mean().item()


def errors_at_balance() -> tuple[float, float]:
    """Return the errors of two perfectly even routers, one by kind of token and one by position, with the best experts.

    Tokens are of eight kinds, and each kind has a linear map of its own to learn.
    """
    generator = torch.Generator().manual_seed(0)
    kind = torch.arange(TOKENS * EXPERTS) % EXPERTS
    x = torch.randn(len(kind), 6, generator=generator, dtype=torch.float64)
    maps = torch.randn(EXPERTS, 6, 6, generator=generator, dtype=torch.float64)
    y = torch.einsum("nd,nde->ne", x, maps[kind])
    by_position = torch.arange(len(kind)) // TOKENS
    errors = []
    for expert_of in (kind, by_position):
        assert expert_of.bincount().tolist() == [TOKENS] * EXPERTS
        rest = [
            y[expert_of == e] - x[expert_of == e] @ _best(x[expert_of == e], y[expert_of == e]) for e in range(EXPERTS)
        ]
        errors.append((torch.cat(rest).square().mean() / y.square().mean()).item())
    return errors[0], errors[1]


def _best(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.linalg.lstsq(x, y).solution


def _how_far_apart() -> str:
    small, large = errors_at_balance()
    return APART[1] if large > 2 * small else APART[0]


PASSES = ("f alone", "P alone", "both f and P", "neither of them")
SLOPES = ("it is 0, whatever the loads are", "it grows with the difference between the loads")
MOVED = ("none of them", "some, under half", "half or more")
LEAST = ("1, where the load is even", "under 1, where the load is uneven", "0, where the load is even")
SAYS = ("yes, the loss is 1 at even load and above 1 elsewhere", "no, uneven loads can give 1 too")
BETTER = (
    "by position: all eight experts work",
    "about the same, within 10 %",
    "trained without a loss, though experts are idle",
)
APART = ("they are about the same", "they may differ by far")

QUESTIONS = (
    Question(
        id="m20-counts",
        misconception="M20",
        lesson="03",
        text="For each expert, f is the share of the tokens that choose it, and P is its mean gate. The loss is e "
        "times the sum of f times P over the e experts. You call backward() on it. Through which of the two does a "
        "gradient reach the router's scores?",
        choices=PASSES,
        belief=M20,
        predicts=PASSES[0],
        because="f counts tokens, and a small change of a score changes no count, so its slope is 0; P is a mean of "
        "softmaxes, which move with every score",
        replies={
            PASSES[2]: "Only one of the two moves when a score moves a little: a token either counts for an expert or "
            "it does not.",
            PASSES[3]: "That would be so with f times f. Of the two factors here, one is smooth in the scores.",
        },
        giveaways=(
            r"count has no",
            r"counts? (has|have) no (slope|gradient)",
            r"gradient (goes|flows|comes) through",
            r"only P (has|carries)",
            r"f counts tokens",
            r"of the mean gates alone",
        ),
        truth=_who_passes,
        again=(
            Question(
                id="m20-counts-2",
                text="Somebody uses this loss: take the number of tokens of the busiest expert, subtract that of the "
                "idlest, and square the result. What is its gradient with respect to the router's scores?",
                choices=SLOPES,
                belief="a loss that measures how uneven the load is also teaches the router to even it out",
                predicts=SLOPES[1],
                because="numbers of tokens are counts, which move in steps: between two steps the slope is 0",
                truth=_gradient_of_counts,
            ),
            Question(
                id="m20-counts-3",
                text="In the loss e · Σ f · P somebody detaches P, the mean gates. The router is trained on this loss "
                f"alone for a hundred steps. How many of {TOKENS} tokens then go to a different expert?",
                choices=MOVED,
                belief="the loss is the same number, so it trains the same way",
                predicts=MOVED[2],
                because="P was the only part with a gradient; the value is the same, and nothing moves",
                replies={MOVED[1]: "For a token to move, its scores have to move, and nothing tells them to."},
                truth=_moved_by_detached_gates,
            ),
        ),
    ),
    Question(
        id="m19-minimum",
        misconception="M19",
        lesson="03",
        text="Two experts, one choice per token. The loss is 2 times the sum of f times P, and 1 where both f and P "
        "are even. What is the least value that any router can give it?",
        choices=LEAST,
        belief=M19,
        predicts=LEAST[0],
        because="f and P need not agree: most tokens may choose expert 0 by a hair, and the others expert 1 with "
        "certainty, so that the larger share meets the smaller mean gate",
        replies={
            LEAST[
                2
            ]: "The value 0 belongs to the importance loss, a squared coefficient of variation; f and P each sum "
            "to 1, and their product cannot vanish everywhere.",
        },
        giveaways=(r"0\.875", r"by a hair", r"below 1 (at|with|where)", r"under 1\b", r"not (at|where) .* even"),
        truth=_where_it_is_least,
        again=(
            Question(
                id="m19-minimum-2",
                text="Four experts. All scores of all tokens are equal, so every gate is 1/4, and ties send every "
                "token to expert 0. What is the loss e · Σ f · P?",
                tolerance=0.1,
                belief="the loss tells how uneven the load is, and no load is more uneven than this one",
                predicts=4.0,
                because="the mean gates are all 1/4, and the shares sum to 1: 4 · 1/4 · 1",
                replies={0.25: "That is f times P for expert 0; the loss multiplies it by e, which is 4."},
                truth=_loss_of_ties,
            ),
            Question(
                id="m19-minimum-3",
                text="A training log shows a balance loss e · Σ f · P of 1.00 in every step. Can you conclude that the "
                "load is even?",
                choices=SAYS,
                belief=M19,
                predicts=SAYS[0],
                because="with equal mean gates the loss is 1 wherever the tokens go, and faulty code may always give "
                "1: look at the load itself",
                truth=_what_a_1_says,
            ),
        ),
    ),
    Question(
        id="m18-balanced",
        misconception="M18",
        lesson="03",
        text="Two routers with eight experts each. One is the router of section 2, trained without a balance loss. The "
        "other cannot learn: it sends token i to expert i mod 8, whatever is in it, so that its load is perfectly "
        "even. Each is trained together with experts of its own. Which one ends with the smaller error, on average "
        "over the seeds?",
        choices=BETTER,
        belief=M18,
        predicts=BETTER[0],
        because="an expert that gets a bit of everything learns an average of everything; a few experts that get "
        "tokens of their kind learn that kind",
        replies={
            BETTER[1]: "Whether tokens of a kind stay together makes a great difference on this task, where each kind "
            "has something of its own to learn.",
            BETTER[
                2
            ]: "In this run the even load was worth more than knowing the tokens; look at how large the gap is, "
            "and in how many seeds.",
        },
        giveaways=(r"bit of everything", r"average of everything", r"balanced and useless", r"balance is not"),
        measured=better_in_words,
        truth=None,  # what is measured are training runs
        again=(
            Question(
                id="m18-balanced-2",
                text=f"A router sends token i of {TOKENS} to expert i mod {EXPERTS}: no load could be more even. "
                "You shuffle the tokens. What share of them is now sent to a different expert, in %?",
                unit="%",
                tolerance=8.0,
                belief="a router with a perfect balance sends a token where it belongs, wherever the token stands",
                predicts=0.0,
                because=f"it goes by position: a token keeps its expert by chance only, one time in {EXPERTS}",
                replies={50.0: "That would be so with two experts."},
                truth=_sent_elsewhere,
            ),
            Question(
                id="m18-balanced-3",
                text="Two models differ only in their routers, and both of these are perfectly even in every batch. "
                "What do you know of the models' errors?",
                choices=APART,
                belief="equal balance means equal quality",
                predicts=APART[0],
                because="balance says how many tokens an expert gets, and not which: experts that get one kind each "
                "can be exact, where experts that get a bit of each kind cannot",
                truth=_how_far_apart,
            ),
        ),
    ),
)
