"""Mistakes in `sort_soft_moe`."""

from softmoe_edu.course.lesson_05.soft_moe.mistakes import ALGORITHM
from softmoe_edu.teaching.exercise import mistake, mistakes_in


@mistake(
    "M01",
    does="takes dispatch by the softmax over slots and combine by the softmax over tokens: the two axes are swapped",
    belief="Each token's dispatch weights sum to 1.",
    refuted=ALGORITHM,
    seen="Ekoda/SoftMoE, src/model.py",
)
def swapped_axes():
    """Both wrong lines."""
    return [5, 3, 12, 2, 7, 4]


@mistake(
    "M02",
    does="takes the dispatch softmax over the batch",
    belief="axis=0 of Algorithm 1 is axis 0 of my batched tensor.",
    refuted="Algorithm 1 is written for one example: its axis 0 is the tokens",
    seen="fkodom/soft-mixture-of-experts, before its pull request 1",
)
def dispatch_over_batch():
    """Softmax over axis 0."""
    return [5, 6, 8, 2, 7, 4]


@mistake(
    "M03",
    does="takes the combine softmax over each expert's slots alone, so that a token's weights sum to e",
    belief="Combine is normalised inside each expert.",
    refuted="Eq. 2: a token's weights sum to 1 over the slots of all experts",
    seen="a softmax over the last axis of (b, n, e, p)",
)
def combine_per_expert():
    """Softmax over the last axis."""
    return [5, 10, 1, 2, 7, 4]


@mistake(
    "M05",
    does="combines answers with the dispatch weights",
    belief="What D mixed into slots, D brings back.",
    refuted="Eq. 2: C = softmax over slots",
    seen="the wrong variable in the last line",
)
def combine_uses_dispatch():
    """The wrong last line."""
    return [5, 10, 8, 2, 7, 9]


@mistake(
    "M05",
    does="takes both softmaxes over slots",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted="Eq. 1: D = softmax over tokens",
    seen="a common first draft",
)
def both_over_slots():
    """The combine weights for dispatch too."""
    return [5, 3, 8, 2, 7, 4]


@mistake(
    "M06",
    does="runs the experts on tokens instead of slots, which does not fit the last line",
    belief="Every expert processes every token.",
    refuted="Algorithm 1: experts see the e x p slots, which are mixes of tokens, never a token itself",
    seen="habit from dense mixtures, where every expert sees every token",
)
def experts_see_tokens():
    """Experts of x."""
    return [5, 10, 8, 2, 11, 4]


@mistake(
    does="uses a name before the line that defines it",
    belief="Dispatch comes first.",
    refuted="score, normalise, dispatch, compute, combine: each step needs the one before",
    seen="lines in the order of the words",
)
def weights_before_scores():
    """Dispatch before its logits."""
    return [10, 5, 8, 2, 7, 4]


MISTAKES = mistakes_in(globals())
