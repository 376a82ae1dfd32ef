"""The patient of lesson 71: a count that is wrong in one of two ways."""

from softmoe_edu.course.lesson_71.tokens_per_expert.mistakes import MISTAKES

from softmoe_edu.teaching.clinic.case import Clinic

BY_ID = {mistake.id: mistake for mistake in MISTAKES}


def make(draw):
    """Choose a mistake."""
    id = list(BY_ID)[int(draw.integers(0, len(BY_ID), 1))]
    return BY_ID[id].function, (id,)


CLINIC = Clinic(
    lesson="71",
    complaint="A colleague counts the tokens of each expert, and the balance loss does not fall.",
    make=make,
    suspects={id: f"it {mistake.does}" for id, mistake in BY_ID.items()} | {"noise": "two calls disagree"},
    findings={
        "first-choices": "the counts sum to the number of tokens, not to twice as many.",
        "no-empty-experts": "it is shorter than the number of experts if no token chose the last one.",
    },
)
