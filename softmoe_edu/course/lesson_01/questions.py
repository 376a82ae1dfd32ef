"""Lesson 01, Tokens Choice: what softmax and top-k do to the gradient, and when noise acts."""

import torch

from softmoe_edu.routers import SoftRouter
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.predict.question import Question

M21 = "the order of softmax and top-k makes no difference"
M22 = "top-k blocks every gradient, so a router cannot learn"
M23 = "noise is part of the router, whatever the model is used for"

LOGITS = (2.0, 1.0, 0.0, 0.0)
TOKENS = 64


def _gate_gradient(gating: str, top_k: int) -> torch.Tensor:
    """Return the gradient of the best gate with respect to the four logits."""
    logits = torch.tensor([[LOGITS]], dtype=torch.float64, requires_grad=True)
    gates = choose_experts(logits, top_k, gating)[1]
    return torch.autograd.grad(gates[0, 0, 0], logits)[0].flatten()


def slopes_in_words(slopes: tuple[float, float]) -> str:
    """Return the choice that fits the slopes of router A and router B."""
    early, late = slopes
    if late == 0:
        return GRADIENTS[2]
    return GRADIENTS[0] if abs(late - early) < 1e-6 else GRADIENTS[1]


def _late_softmax_gradient() -> str:
    early, late = (_gate_gradient(gating, 1).norm().item() for gating in ("vmoe", "top_k_then_softmax"))
    return slopes_in_words((early, late))


def _sum_of_two_gates() -> float:
    logits = torch.tensor([[LOGITS]], dtype=torch.float64)
    return choose_experts(logits, 2)[1].sum().item()


def _gate_after_raise() -> str:
    logits = torch.tensor([[LOGITS]], dtype=torch.float64)
    raised = logits + torch.tensor([3.0, 0.0, 0.0, 0.0])
    before, after = (choose_experts(each, 1, "top_k_then_softmax")[1].item() for each in (logits, raised))
    return MOVES[(after > before) - (after < before)]


def _who_gets_gradient(gating: str, top_k: int) -> str:
    count = int((_gate_gradient(gating, top_k).abs() > 1e-9).sum())
    return RECEIVERS[0 if count == 0 else 1 if count == top_k else 2]


def _output_while_a_logit_rises() -> str:
    """Raise the second expert's logit past the first's and classify the steps of the layer's output."""
    second = torch.linspace(-1, 4, 501, dtype=torch.float64)
    logits = torch.tensor(LOGITS, dtype=torch.float64).repeat(len(second), 1)
    logits[:, 1] = second
    experts, gates = choose_experts(logits[None], 1)
    answers = torch.tensor([1.0, -1.0, 0.0, 0.0], dtype=torch.float64)[experts]
    steps = (answers * gates).flatten().diff().abs()
    crossing = int((experts.flatten() == 0).sum()) - 1
    before = steps[:crossing].max().item()
    if steps[crossing] < 10 * before:
        return SWEEPS[2]
    return SWEEPS[1] if before > 0 else SWEEPS[0]


def _tokens() -> torch.Tensor:
    return torch.randn(1, TOKENS, 8, generator=torch.Generator().manual_seed(0))


def _router(noise_std: float) -> TokensChoiceRouter:
    router = TokensChoiceRouter(8, 4, capacity_factor=None, noise_std=noise_std).eval()
    with torch.no_grad():
        router.w_gate.copy_(torch.randn(8, 4, generator=torch.Generator().manual_seed(1)))
    return router


@torch.no_grad()
def _share_moved(first: TokensChoiceRouter, second: TokensChoiceRouter) -> float:
    """Return the share of tokens that the two send to different experts."""
    chosen = [router(_tokens()).dispatch.sum(-1).argmax(-1) for router in (first, second)]
    return (chosen[0] != chosen[1]).double().mean().item()


def moved_in_words(share: float) -> str:
    """Return the choice that fits a share of tokens that go elsewhere."""
    return SHARES[0 if share == 0 else 1 if share < 0.5 else 2]


def _moved_between_passes() -> str:
    noisy = _router(4.0)
    return moved_in_words(_share_moved(noisy, noisy))


@torch.no_grad()
def _soft_difference() -> str:
    router = SoftRouter(8, 4, 2, noise_std=1.0).eval()
    first, second = (router(_tokens()).dispatch for _ in range(2))
    return DIFFERENCES[0] if torch.equal(first, second) else DIFFERENCES[1]


def _moved_by_the_setting() -> str:
    return SETTINGS[0] if _share_moved(_router(4.0), _router(0.0)) == 0 else SETTINGS[1]


GRADIENTS = ("as large as router A's", "not zero, but of a different size from router A's", "exactly zero")
MOVES = ("it stays as it is", "it grows", "it shrinks")
RECEIVERS = ("none of them", "only those of chosen experts", "all four")
SWEEPS = (
    "it stands still until that expert is chosen, then it jumps",
    "it moves smoothly until that expert is chosen, then it jumps",
    "it moves smoothly all the way",
)
SHARES = ("none of them", "some, under half", "half or more")
DIFFERENCES = ("they are exactly equal", "they differ")
SETTINGS = ("on none of the tokens", "on some of the tokens")

QUESTIONS = (
    Question(
        id="m21-order",
        misconception="M21",
        lesson="01",
        text="Each token goes to one expert. Router A takes the softmax over all experts and then the best gate; "
        "router B takes the best logit and then the softmax over its choice. How large is the gradient that "
        "router B's logits get through the gate?",
        choices=GRADIENTS,
        belief=M21,
        predicts=GRADIENTS[0],
        because="a softmax over one number is 1 whatever the number is, and a constant has no slope",
        replies={
            GRADIENTS[1]: "That is so with two choices or more: then both orders learn, at different rates.",
        },
        giveaways=(
            r"softmax of (a single|one) number is",
            r"router (gets )?no gradient",
            r"a constant has",
            r"exactly zero",
            r"(hears|learns) nothing from the loss",
        ),
        measured=slopes_in_words,
        truth=_late_softmax_gradient,
        again=(
            Question(
                id="m21-order-2",
                text=f"A token has the logits {LOGITS} for four experts. The router takes the softmax over all four "
                "and then keeps the two best gates, without dividing again. What do the two gates sum to?",
                tolerance=0.1,
                belief="gates of the chosen experts sum to 1 in either order",
                predicts=1.0,
                because="the softmax came first, so the experts that were not chosen keep their share",
                replies={
                    0.7311: "That is the larger of the two gates if they are divided by their sum, which the task "
                    "rules out.",
                },
                truth=_sum_of_two_gates,
            ),
            Question(
                id="m21-order-3",
                text="A router keeps each token's best logit and takes the softmax over that one number. "
                "You add 3 to the best logit of a token. What does its gate do?",
                choices=MOVES,
                belief="a gate grows with its logit whenever the softmax is taken",
                predicts=MOVES[1],
                because="the softmax of one number is 1, before and after",
                replies={MOVES[2]: "A gate never shrinks when its own logit rises, whichever way the router weighs."},
                truth=_gate_after_raise,
            ),
        ),
    ),
    Question(
        id="m22-gradient",
        misconception="M22",
        lesson="01",
        text="Softmax over four experts, then the best one. You raise the logit of an expert that is not chosen, "
        "little by little, until it is. What does the layer's output do?",
        choices=SWEEPS,
        belief="nothing that is not chosen can have an effect",
        predicts=SWEEPS[0],
        because="every logit is in the softmax and moves the chosen gate; only the choice itself jumps",
        replies={
            SWEEPS[2]: "The gate does move smoothly all the way, but at one point it begins to multiply the answer of "
            "another expert.",
        },
        giveaways=(r"output jumps", r"selection jumps", r"jumps by", r"moves? smoothly"),
        truth=_output_while_a_logit_rises,
        again=(
            Question(
                id="m22-gradient-2",
                text="A router chooses the best two of four experts and divides their gates by the sum of the two. "
                "Which of the four logits get a gradient that is not zero?",
                choices=RECEIVERS,
                belief=M22,
                predicts=RECEIVERS[0],
                because="dividing by the sum leaves a softmax over the two chosen logits, which has a slope in both",
                replies={
                    RECEIVERS[2]: "All four get one if the gates are not divided; the division cancels what the "
                    "other two contribute.",
                },
                truth=lambda: _who_gets_gradient("gshard", 2),
            ),
            Question(
                id="m22-gradient-3",
                text="A token has four logits. Softmax over all four, then the best expert is chosen and its answer is "
                "multiplied by its gate. Which of the four logits get a gradient that is not zero?",
                choices=RECEIVERS,
                belief=M22,
                predicts=RECEIVERS[0],
                because="the choice has no slope, but the gate has one: it is a softmax of all four logits",
                replies={
                    RECEIVERS[1]: "That is so if the chosen gates are divided by their sum; here they are not.",
                },
                truth=lambda: _who_gets_gradient("vmoe", 1),
            ),
        ),
    ),
    Question(
        id="m23-noise",
        misconception="M23",
        lesson="01",
        text=f"A router was built with noise on its logits. After model.eval() you route the same {TOKENS} tokens "
        "twice. How many of them go to another expert the second time?",
        choices=SHARES,
        belief=M23,
        predicts=SHARES[1],
        because="noise spreads tokens over experts while the router learns; eval() switches it off, as it does dropout",
        replies={SHARES[2]: "In training mode strong noise can do that; the question is about evaluation mode."},
        giveaways=(r"eval\(\)`? (turns|switches) it off", r"`model\.eval\(\)` turns", r"in training only"),
        measured=moved_in_words,
        truth=_moved_between_passes,
        again=(
            Question(
                id="m23-noise-2",
                text="Two routers have the same parameters; one was built with noise, one without. In evaluation mode "
                f"both route the same {TOKENS} tokens. On how many do they disagree?",
                choices=SETTINGS,
                belief=M23,
                predicts=SETTINGS[1],
                because="without noise in evaluation the setting has no effect there",
                truth=_moved_by_the_setting,
            ),
            Question(
                id="m23-noise-3",
                text="A Soft MoE router has noise_std=1. In evaluation mode you route the same tokens twice. "
                "How do the two dispatch tensors compare?",
                choices=DIFFERENCES,
                belief=M23,
                predicts=DIFFERENCES[1],
                because="noise is added in training only, in soft routers as in sparse ones",
                truth=_soft_difference,
            ),
        ),
    ),
)
