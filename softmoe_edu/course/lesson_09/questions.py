"""Lesson 09: what the paper's ablations show, what uniform mixing leaves, and what a random router already does."""

import torch

from softmoe_edu import paper
from softmoe_edu.course.lesson_09.topics import chance, expert_shares
from softmoe_edu.evidence import RECORDS, read_record, record_path
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter, UniformRouter, UniformSoftRouter
from softmoe_edu.teaching.predict.question import Question

M33 = "all that Soft MoE gains, it gains by learning where tokens go"
M43 = "mixing leaves every token an answer of its own"
M31 = "an untrained router scatters tokens at random, so that a test finds nothing but its 5 % of false alarms"

TOKENS, EXPERTS, DIM = 16, 8, 12
LEVEL = 0.05

ANSWERS = ("one answer, the same for all tokens", "8 answers, one for each expert", "16 answers, one for each token")
INPUTS = ("one input, the same for all slots", "8 inputs, one for each slot", "16 inputs, one for each token")
KEEPERS = (
    "the residual connection, which adds each token to the layer's answer",
    "the experts, whose parameters differ",
    "the combine weights",
)
LOSSES = (
    "taking learning out of dispatch and combine",
    "taking the experts out of the uniform model",
    "both alike, within half a point",
)
CAUSES = (
    "similar tokens get similar scores, from any router",
    "the router was trained after all",
    "luck: with another seed there is no pattern",
)


def ten_shot() -> dict[str, float]:
    """Return the ImageNet 10-shot accuracies of Table 2 by method."""
    return {str(row["method"]): float(row["imagenet_10shot"]) for row in paper.published("table2")}


def _without_learning() -> float:
    score = ten_shot()
    return round(100 * (score["Uniform"] - score["ViT"]) / (score["Soft MoE"] - score["ViT"]), 1)


def _identity_over_vit() -> float:
    return round(ten_shot()["Identity"] - ten_shot()["ViT"], 1)


def _larger_loss() -> str:
    score = ten_shot()
    learning, experts = score["Soft MoE"] - score["Uniform"], score["Uniform"] - score["ViT"]
    if abs(learning - experts) <= 0.5:
        return LOSSES[2]
    return LOSSES[0] if learning > experts else LOSSES[1]


def distinct(rows: torch.Tensor) -> int:
    """Count rows that differ by more than rounding."""
    apart = (rows[:, None] - rows).abs().amax(-1) > 1e-5
    return sum(bool(apart[i, :i].all()) for i in range(len(rows)))


def _answers() -> str:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        layer = MoE(UniformRouter(DIM, EXPERTS), Experts(DIM, EXPERTS, 16))
        found = distinct(layer(torch.randn(1, TOKENS, DIM))[0])
    return next(words for words in ANSWERS if words.split()[0] in (str(found), {1: "one"}.get(found)))


def _inputs() -> str:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        x = torch.randn(1, TOKENS, DIM)
        found = distinct(UniformSoftRouter(DIM, EXPERTS)(x).to_slots(x)[0].flatten(0, 1))
    return next(words for words in INPUTS if words.split()[0] in (str(found), {1: "one"}.get(found)))


def _keeper() -> str:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        x = torch.randn(1, TOKENS, DIM)
        answers = MoE(UniformRouter(DIM, EXPERTS), Experts(DIM, EXPERTS, 16))(x)
    layer, block = distinct(answers[0]), distinct((x + answers)[0])
    return KEEPERS[0] if layer == 1 and block == TOKENS else KEEPERS[1]


def untrained_alarms() -> float:
    """Return in what percent of untrained layers the record's test finds that experts tell of kinds."""
    record = read_record(record_path(RECORDS, "specialisation"), "specialisation")
    found = [p < LEVEL for each in record.results for p in each.figures["chance_images_untrained"]]
    return round(100 * sum(found) / len(found), 1)


def _random_routers() -> float:
    """Return in what percent of 20 random routers a test finds that experts tell of four kinds of tokens."""
    kinds = torch.arange(80, device="cpu") % 4
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        tokens = torch.randn(80, 6, DIM) + 2 * torch.randn(4, DIM)[kinds][:, None]
        shares = [expert_shares(SoftRouter(DIM, EXPERTS, scale_init=8.0)(tokens)).mean(1) for _ in range(20)]
    found = [chance(each, kinds, shuffles=39) < LEVEL for each in shares]
    return 100 * sum(found) / len(found)


def _cause() -> str:
    return CAUSES[0] if _random_routers() > 50 else CAUSES[2]


QUESTIONS = (
    Question(
        id="m33-without-learning",
        misconception="M33",
        lesson="09",
        text="In the paper's ablation, Soft MoE leads a dense ViT of about the same cost in ImageNet 10-shot accuracy. "
        "One of the models between them has experts, and routing that learns nothing: every slot holds the mean of all "
        "tokens, every answer is the mean of all slots. How much of Soft MoE's lead does that model have already?",
        unit="%",
        tolerance=12.0,
        belief=M33,
        predicts=0.0,
        because="experts bring parameters, and those help even where no token is sent anywhere in particular; the "
        "learned weights bring the rest",
        replies={
            100.0: "Then learning to route would be good for nothing; it does bring something.",
            25.0: "Learned routing brings less than three quarters of the lead.",
        },
        giveaways=(r"uniform\D{0,40}70\.0", r"most of the lead", r"61\.6", r"\b12\.5 points", r"\b7\.7 points"),
        truth=_without_learning,
        again=(
            Question(
                id="m33-without-learning-2",
                text="In Table 2, identity routing mixes nothing and learns nothing about routing: each token goes to "
                "the expert of its position. By how many points is it above the dense ViT in ImageNet 10-shot "
                "accuracy?",
                unit="points",
                tolerance=1.6,
                belief="a model gains nothing from experts that are chosen by position",
                predicts=0.0,
                because="each position has an MLP of its own, many more parameters at the same cost",
                truth=_identity_over_vit,
            ),
            Question(
                id="m33-without-learning-3",
                text="Table 2 again, ImageNet 10-shot: which step down costs more accuracy?",
                choices=LOSSES,
                belief="what counts in a mixture of experts is the learned routing",
                predicts=LOSSES[0],
                because="from uniform mixing to a dense ViT the model loses the parameters of all experts but one",
                replies={LOSSES[2]: "The two steps differ by about three points."},
                truth=_larger_loss,
            ),
        ),
    ),
    Question(
        id="m43-uniform-answers",
        misconception="M43",
        lesson="09",
        text=f"A layer has {EXPERTS} experts with different parameters and one slot each. Dispatch and combine are "
        f"both uniform. It gets {TOKENS} different tokens. How many different answers does it return?",
        choices=ANSWERS,
        belief=M43,
        predicts=ANSWERS[2],
        because="every slot holds the mean of all tokens and every token gets the mean of all slots' answers; neither "
        "depends on which token asks",
        replies={
            ANSWERS[1]: "The experts do give 8 different answers to their common input; combine then takes the mean "
            "of them."
        },
        giveaways=(r"same answer", r"same update", r"answers? (is|are) (all )?(equal|the same)", r"all tokens alike"),
        truth=_answers,
        again=(
            Question(
                id="m43-uniform-answers-2",
                text=f"Uniform / Soft: dispatch is uniform, combine is learned. {TOKENS} tokens, {EXPERTS} experts of "
                "one slot. How many different inputs do the experts see?",
                choices=INPUTS,
                belief="every slot has an input of its own",
                predicts=INPUTS[1],
                because="with uniform dispatch every slot holds the mean of all tokens; experts differ by their "
                "parameters alone",
                replies={INPUTS[2]: "Experts see slots, of which there are 8, and never a token."},
                truth=_inputs,
            ),
            Question(
                id="m43-uniform-answers-3",
                text="In a model whose MoE layers are all uniform, the tokens of the last block still differ. What in "
                "a block x + layer(x) keeps them apart?",
                choices=KEEPERS,
                belief="different experts give tokens different answers",
                predicts=KEEPERS[1],
                because="the layer adds the same vector to every token, and what is added to differs",
                replies={KEEPERS[2]: "Uniform combine weights are equal: each token gets the same mean."},
                truth=_keeper,
            ),
        ),
    ),
    Question(
        id="m31-before-training",
        misconception="M31",
        lesson="09",
        text="Do experts depend on a token's script (Latin, Greek, ...)? A permutation test asks this of every MoE "
        "layer, at level 0.05: is the link between experts and scripts closer than when scripts are shuffled among the "
        "images? In what share of layers does it say yes *before* the model has been trained?",
        unit="%",
        tolerance=12.0,
        belief=M31,
        predicts=5.0,
        because="tokens of one script resemble each other, so that any router, a random one too, gives them similar "
        "scores; the test only asks whether that is so",
        replies={
            0.0: "Not one layer? Even if nothing were there, a test at level 0.05 would say yes in about 5 %.",
            50.0: "A coin would say yes as often. The test is far from guessing here.",
        },
        giveaways=(
            r"79 of 96",
            r"random router",
            r"similar tokens",
            r"before training[^.?]*\b(most|nearly all)",
            r"untrained[^.?]*(specialis|pattern)",
        ),
        truth=untrained_alarms,
        again=(
            Question(
                id="m31-before-training-2",
                text="Twenty Soft MoE routers with random parameters read tokens of four kinds that lie well apart. "
                "For how many % of them does a permutation test at level 0.05 find that experts prefer kinds?",
                unit="%",
                tolerance=10.0,
                belief="random parameters have no preference",
                predicts=5.0,
                because="a random vector still has a direction: kinds that lie elsewhere get other scores",
                replies={50.0: "Half of them would be a coin's answer; kinds that lie apart are seen nearly always."},
                truth=_random_routers,
            ),
            Question(
                id="m31-before-training-3",
                text="A map of experts and kinds shows a clear pattern, and the network turns out to be untrained. "
                "Where does the pattern come from?",
                choices=CAUSES,
                belief="only training can tie experts to kinds",
                predicts=CAUSES[1],
                because="the kinds lie apart in the tokens themselves, before any router reads them",
                replies={CAUSES[2]: "Other random routers show other patterns, but nearly all show one."},
                truth=_cause,
            ),
        ),
    ),
)
