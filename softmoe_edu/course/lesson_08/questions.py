"""Lesson 08, comparisons: who is best at equal cost, what five of five tells, and what another task says."""

from statistics import NormalDist

from softmoe_edu.course.lesson_08.matched_hidden.exercise import matched_hidden
from softmoe_edu.course.lesson_08.runs import ranking
from softmoe_edu.evidence import holm, sign_test
from softmoe_edu.teaching.predict.question import Question

M45 = "equal steps make a fair comparison"

MODELS = {
    "dense": "the dense model",
    "tokens choice": "tokens choice",
    "experts choice": "experts choice",
    "soft": "Soft MoE",
}
RANKS = ("first of the four", "second of the four", "third of the four", "last of the four")
AFTER = ("A is ahead then, too", "B is ahead then", "these numbers do not tell")
PLACE = ("scripts", 64)
TEXT = ("languages", 64)
TESTS, P, GUESSES = 18, 0.004, 10


def best_of(runs: int, parts: int = 20_000) -> float:
    """Return by how many standard deviations the best of so many equal runs lies above their mean, on average."""
    # The best of n is below the quantile q with probability q^n.
    bests = (NormalDist().inv_cdf(((i + 0.5) / parts) ** (1 / runs)) for i in range(parts))
    return round(sum(bests) / parts, 2)


def _least_seeds() -> float:
    return float(next(seeds for seeds in range(1, 30) if sign_test([1.0] * seeds) < 0.05))


QUESTIONS = (
    Question(
        id="m45-first-place",
        misconception="M45",
        lesson="08",
        text="Digits in ten scripts, 1,000 steps, 12 seeds each, learning rates tuned alike, and the same number of "
        "MACs per image for all: a dense ViT, and ViTs with 16 experts in two of their three blocks. Who has the "
        "highest mean accuracy on the test?",
        choices=tuple(MODELS.values()),
        belief="at the same cost experts cannot help, because they compute no more",
        predicts=MODELS["dense"],
        because="experts bring parameters for few MACs, and the routers differ in what they do with them: a router "
        "that drops tokens pays for slots that it does not use",
        replies={
            MODELS["tokens choice"]: "Its tokens choose freely, and those that come too late find no slot.",
            MODELS["experts choice"]: "All its slots are filled, and some tokens are in none of them.",
            MODELS["soft"]: "It drops nothing, but its routing has to be paid for with narrower experts.",
        },
        giveaways=(
            r"experts bring parameters",
            r"pays for slots that it does not use",
            r"soft (moe )?(is|comes) first",
        ),
        truth=lambda: MODELS[ranking(*PLACE)[0]],
        again=(
            Question(
                id="m45-first-place-2",
                text="A dense MLP of hidden width 75 works on 20 tokens. A Soft MoE layer with 10 slots, 5 experts of "
                "2, takes its place at equal MACs. How wide is the hidden layer of each expert?",
                unit="units",
                belief="there are half as many rows, so that each may be twice as wide",
                predicts=150.0,
                because="scores, dispatch and combine cost 1.5 · tokens units of each slot's width",
                replies={75.0: "That would be as wide as before, with half the rows."},
                truth=lambda: float(matched_hidden(20, 8, 75, 5, 2)),
            ),
            Question(
                id="m45-first-place-3",
                text="A takes 20 ms a step and B takes 10 ms. After 1,000 steps A is two points ahead. Who is ahead "
                "after ten seconds of training?",
                choices=AFTER,
                belief=M45,
                predicts=AFTER[0],
                because="after ten seconds A has done 500 steps and B 1,000, and nothing is said of A at 500",
                replies={AFTER[1]: "B has done more steps by then, and A may learn more in each."},
                truth=lambda: AFTER[2],
            ),
        ),
    ),
    Question(
        id="m45-five-of-five",
        misconception="M45",
        lesson="08",
        text="Two models are equally good: which of the two has the better run is decided by a fair coin, for each "
        "seed anew. How likely is it that in five paired seeds the same model wins all five, whichever of the two?",
        unit="%",
        tolerance=0.15,
        belief="five wins in a row have one chance in 32",
        predicts=3.125,
        because="of 32 rows of five coins one is all heads and another all tails, and either would have been reported",
        replies={
            50.0: "That is the chance for a single seed.",
            20.0: "Chances multiply, they are not divided: each further seed halves what is left.",
            5.0: "5 % is the level that people test at, not the chance of these five wins.",
            10.0: "Chances multiply, they are not divided: a half for each seed.",
            1.0: "It is more likely than it feels: each seed only halves the chance.",
        },
        giveaways=(r"(?<!\d)2/32", r"0\.0625", r"6\.25", r"one is all heads", r"1/16"),
        truth=lambda: 100 * sign_test([1.0] * 5),
        again=(
            Question(
                id="m45-five-of-five-2",
                text="All paired seeds point the same way. How many does it take at least, before a two-sided sign "
                "test goes below 5 %?",
                unit="seeds",
                belief="five agreeing seeds are enough",
                predicts=5.0,
                because="with n seeds the chance is 2 in 2^n, which is 6.25 % for five and 3.1 % for one more",
                replies={2.0: "The same result twice has a chance of 1 in 2.", 3.0: "Three of three happen in 25 %."},
                truth=_least_seeds,
            ),
            Question(
                id="m45-five-of-five-3",
                text=f"Two models are equally good; the accuracy of a run scatters with a standard deviation of 1 "
                f"point. You report the best of your {GUESSES} runs, and the mean of the other model's runs. By how "
                "many points do you win, on average?",
                unit="points",
                tolerance=0.3,
                belief="equally good models come out equal",
                predicts=0.0,
                because="the best of ten is about a deviation and a half above the mean, for any model",
                replies={
                    1.0: "One deviation is where one run in six is; the best of ten lies farther out.",
                    3.0: "Three deviations are where one run in 700 is.",
                },
                truth=lambda: best_of(GUESSES),
            ),
        ),
    ),
    Question(
        id="m45-other-task",
        misconception="M45",
        lesson="08",
        text="Now text: in which of 40 languages is this name of a country? A token is a character. The same models, "
        "the same budget, steps, seeds and tuning as on the digits. Where does Soft MoE rank by its mean accuracy?",
        choices=RANKS,
        belief="what is best on one task is best on the next",
        predicts=RANKS[0],
        because="a comparison holds for the task, the cost and the training that it was made with; most of a "
        "name's tokens are padding, and no result on digits could say which router suits that",
        replies={
            RANKS[1]: "You expected some change; the means show another one.",
            RANKS[2]: "You expected a change; the means show another one.",
            RANKS[3]: "You expected the order to turn round; by the means it does not.",
        },
        giveaways=(r"soft (moe )?(is|comes|came) (first|second|third|last)", r"holds for the task"),
        truth=lambda: RANKS[ranking(*TEXT).index("soft")],
        again=(
            Question(
                id="m45-other-task-2",
                text=f"A paper compares its model with others in {TESTS} settings, each tested at 5 %. Suppose that "
                "nothing is different anywhere. How many “significant” results does it have, on average?",
                unit="results",
                tolerance=0.05,
                belief="a significant result is not chance",
                predicts=0.0,
                because="each of the tests has its own 5 %, and they add up",
                replies={1.0: "Close: 5 % of 18.", 5.0: "5 % is not five.", 18.0: "Then every test would fail."},
                truth=lambda: round(TESTS * 0.05, 3),
            ),
            Question(
                id="m45-other-task-3",
                text=f"Of {TESTS} tests the smallest p-value is {P}. What does Holm's method make of it?",
                tolerance=0.001,
                belief="a p-value stands for itself",
                predicts=P,
                because="the smallest of several is multiplied by their number: the best of many tests is not one test",
                replies={0.05: "That is the level, with which it is then compared."},
                truth=lambda: round(holm([P] + [0.5] * (TESTS - 1))[0], 4),
            ),
        ),
    ),
)
