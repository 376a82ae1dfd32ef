"""softmoe-edu cost: a model by its parts, two against each other, and what it answers to a wrong name."""

import pytest

from softmoe_edu import cli
from softmoe_edu.paper import MODELS


def said(capsys, *argv):
    """Return the lines that the command prints."""
    cli.main(["cost", *argv])
    return capsys.readouterr().out.splitlines()


def refusal(capsys, *argv):
    """Return the error that the command prints when it exits."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["cost", *argv])
    assert ended.value.code not in (0, None)
    return f"{ended.value.code} {capsys.readouterr().err}"


def test_without_a_name_all_models_are_listed(capsys):
    """One line per model, with its parameters in millions and its GFLOP per image."""
    lines = said(capsys)

    assert [line.split()[0] for line in lines[1:]] == list(MODELS)
    assert lines[0].split() == ["model", "M", "params", "GFLOP/img"]
    assert "soft_moe_b16_128e 3707.6 31.8".split() in [line.split() for line in lines]


def test_one_model_by_its_parts(capsys):
    """Every part has a line, the total is the model's, and the printed figures and notes follow."""
    lines = said(capsys, "soft_moe_h14_256e")
    model = MODELS["soft_moe_h14_256e"]
    rows = {line[:15].strip(): line[15:].split() for line in lines}

    assert {part.name for part in model.cost.parts} <= set(rows)
    assert rows["total"][:3] == ["54.18B", "54.18B", "341.4"]
    assert rows["experts"][3] == f"{model.cost['experts'].flops / model.cost.flops:.1%}"
    assert "the paper prints 54.1B parameters, 342.4 GFLOP/img, 10.9 ms/img" in lines
    assert [line for line in lines if line.startswith("note: ")] == [f"note: {note}" for note in model.notes]


def test_a_model_of_table9_has_no_printed_figures(capsys):
    """Where the paper prints neither parameters nor GFLOP, nothing is said of them."""
    lines = said(capsys, "soft_moe_s32_32e")

    assert not [line for line in lines if "None" in line or "the paper prints" in line]


def test_batch_and_device(capsys):
    """A batch moves more bytes; with a device's rates the last column is its time."""
    name = "vit_s16"
    alone, batch = said(capsys, name), said(capsys, name, "--batch", "64", "--device", "100", "2000")
    whole = MODELS[name].cost.whole

    assert alone[0].endswith("bytes of a batch of 1 in 16-bit numbers") and "batch of 64" in batch[0]
    assert "ms" not in alone[1].split() and batch[1].split()[-1] == "ms"
    total = next(line.split() for line in batch if line.startswith("total"))
    assert total[5] == f"{whole.bytes(64) / 1e6:.1f}"
    # Every part of note is bound by compute at this batch, so the sum is near 64 images' FLOPs at 1e14 a second.
    assert float(total[7]) == pytest.approx(64 * whole.flops / 1e14 * 1e3, rel=0.2)
    assert float(total[7]) > 64 * whole.flops / 1e14 * 1e3


def test_fewer_flops_at_the_same_quality(capsys):
    """Soft MoE B/16 against ViT H/14: 10.5 times the FLOPs by arithmetic, the paper's rounded 10.4."""
    lines = said(capsys, "soft_moe_b16_128e", "vit_h14")

    assert lines[-2].split() == ["total", "3.708B", "668.7M", "/", "5.54", "31.83", "333.3", "x", "10.47"]
    assert lines[-1] == "vit_h14 has 0.18 x the parameters and 10.5 x the FLOPs per image of soft_moe_b16_128e"


def test_forty_times_the_parameters(capsys):
    """H/14 with 128 experts against dense H/14."""
    lines = said(capsys, "vit_h14", "soft_moe_h14_128e")

    assert lines[-1] == "soft_moe_h14_128e has 40.9 x the parameters and 0.851 x the FLOPs per image of vit_h14"


def test_a_wrong_name_is_answered_with_the_nearest(capsys):
    """One sentence, no traceback, whichever name is wrong."""
    for names in (["vit_h13"], ["vit_s16", "vit_h13"]):
        answer = refusal(capsys, *names)

        assert "expected the name of a model of the paper, got 'vit_h13': did you mean vit_h14" in answer
        assert "Traceback" not in answer


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["vit_s16"] * 3, "expected at most two names, got 3: compare two at a time"),
        (["vit_s16", "vit_b16", "--batch", "2"], "--batch and --device belong to one name"),
        (["vit_s16", "vit_b16", "--device", "1", "1"], "--batch and --device belong to one name"),
        (["vit_s16", "--batch", "0"], "expected a whole number over 0, got '0'"),
        (["vit_s16", "--batch", "1.5"], "expected a whole number over 0, got '1.5'"),
        (["vit_s16", "--device", "nan", "1"], "expected a number over 0, got 'nan'"),
        (["vit_s16", "--device", "1", "inf"], "expected a number over 0, got 'inf'"),
    ],
)
def test_arguments_that_do_not_fit_are_named(capsys, argv, sentence):
    """Each mistake is answered in a sentence."""
    assert sentence in refusal(capsys, *argv)
