"""Exercise: the bootstrap interval of a mean difference over paired seeds (lesson 08)."""

from softmoe_edu.course.lesson_08.paired_bootstrap.mistakes import MISTAKES
from softmoe_edu.course.lesson_08.paired_bootstrap.properties import PROPERTIES, case
from softmoe_edu.course.lesson_08.paired_bootstrap.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def paired_bootstrap(a, b, draws):
    """Return (mean, low, high): the mean of a - b, and its bootstrap interval at 95 %.

    a, b (s,): results of two models; a[i] and b[i] had the same seed.
    draws (r, s): each row is a resample, the indices of s pairs, drawn with repetition.
    low, high: the quantiles 0.025 and 0.975 (torch.quantile) of the r resampled means.
    """
    apart = a - b
    means = apart[draws].mean(1)
    return apart.mean().item(), means.quantile(0.025).item(), means.quantile(0.975).item()


def observe(function, draw):
    """Return mean and interval of two cases, as plain numbers, or the name of the error that the function raises."""
    seen = {}
    for name, sizes in (("plain", (9, 60)), ("few seeds", (4, 31))):
        try:
            seen[name] = [float(each) for each in function(*case(*sizes)(draw.sub(name)))]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="paired-bootstrap",
    lesson="08",
    order=4,
    title="The interval of a difference",
    answer=paired_bootstrap,
    probe=case(7, 40),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Begin with the differences: one for each pair. All that follows is about them; a and b are not needed any "
            "more.",
            "def paired_bootstrap(a, b, draws):\n    print('differences:', (a - b)[:4])\n    raise NotImplementedError",
        ),
        Hint(
            "A tensor takes a whole table as an index: x[draws] has the shape of draws. The mean of each row is one "
            "resampled mean; torch.quantile(means, 0.025) is the lower end.",
            "def paired_bootstrap(a, b, draws):\n"
            "    x = torch.tensor([10.0, 20.0, 30.0])\n"
            "    print('two resamples:', x[torch.tensor([[0, 0, 2], [1, 2, 1]])])\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def paired_bootstrap(a, b, draws):\n"
            "    means = torch.stack([(a[row] - b[row]).mean() for row in draws])\n"
            "    ends = torch.tensor([0.025, 0.975], dtype=means.dtype, device=means.device)\n"
            "    low, high = torch.quantile(means, ends)\n"
            "    return float(a.mean() - b.mean()), float(low), float(high)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=2,
    parts=("mean", "low", "high"),
)
