"""What the runs of the claim on normalised logits show, and when it is not borne out."""

import pytest

from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import normalisation


def results(sharp: float, better: float, seeds: int = 8):
    """At the largest width, weights are larger by `sharp` without normalisation, accuracy by `better` with it."""
    given = []
    for settings in normalisation.runs(seeds):
        wide = settings["dim"] == max(normalisation.WIDTHS)
        figures = {
            "accuracy": 0.5 + better * settings["normalize"] * wide + settings["seed"] / 1000,
            "largest_dispatch": 0.1,
            "largest_combine": 0.1 + sharp * (not settings["normalize"]) * wide + settings["seed"] / 1000,
        }
        given.append(Result(settings, figures))
    return given


@pytest.mark.parametrize(
    "sharp, better, verdict",
    [
        (0.5, 0.1, Verdict.REPRODUCED),
        (0.5, 0.0, Verdict.DIRECTION),
        (0.0, 0.0, Verdict.NOT_AT_SCALE),
        (0.5, -0.1, Verdict.CONTRADICTED),
        (-0.05, 0.1, Verdict.CONTRADICTED),
    ],
)
def test_weights_and_accuracy_decide(sharp, better, verdict):
    """Both for the claim, only the weights, neither, or one the other way round."""
    assert normalisation.CLAIM.judge(results(sharp, better)).verdict is verdict


def test_few_seeds_cannot_decide():
    """Four signs out of four are no sign at this level."""
    assert normalisation.CLAIM.judge(results(0.5, 0.1, seeds=4)).verdict is Verdict.NOT_AT_SCALE


@pytest.mark.slow
def test_the_weights_come_from_the_trained_router():
    """Logits that are 30 times as large at the start give sharper weights at once."""
    settings = {**normalisation.runs(1)[0], "steps": 1}
    plain, sharp = (normalisation.measure({**settings, "scale_init": scale}, "cpu") for scale in (1.0, 30.0))

    assert plain["largest_dispatch"] < 0.2 < sharp["largest_dispatch"] <= 1
    assert plain["largest_combine"] < 0.2 < sharp["largest_combine"] <= 1
