"""What experts tell of kinds: the measure by hand, its permutation tests, and every verdict that judge can give."""

import pytest
import torch

from softmoe_edu.data import Images, token_kinds
from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import specialisation
from softmoe_edu.evidence.claims.specialisation import information, judge, kinds_of, layer_told, redraw, told
from softmoe_edu.evidence.toy import model_of


def test_information_by_hand():
    """Experts that are the kinds tell all, experts that are dealt alike tell nothing, and half is half."""
    kinds = torch.tensor([0, 0, 1, 1])
    own = torch.tensor([[3.0, 0], [3, 0], [0, 3], [0, 3]]).double()
    alike = torch.tensor([[1.0, 2], [1, 2], [1, 2], [1, 2]]).double()
    # Four kinds, and two experts that take two each: one bit of two.
    halves = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]]).double()

    assert information(own, kinds) == pytest.approx(1)
    assert information(alike, kinds) == pytest.approx(0, abs=1e-12)
    assert information(halves, torch.arange(4)) == pytest.approx(0.5)


def test_chance_is_of_whole_images_and_of_whole_classes():
    """Experts that follow kinds beat both deals; those that follow classes alone beat the deal to images only."""
    classes = torch.arange(12).repeat(10)
    kinds = torch.arange(12).remainder(3)[classes]
    by_kind = torch.nn.functional.one_hot(kinds, 3).double()
    by_class = torch.nn.functional.one_hot(classes // 2, 6).double()  # two classes each, of different kinds
    noise = torch.rand(120, 5, generator=torch.Generator().manual_seed(1)).double()

    right = layer_told(by_kind, kinds, classes, 99)
    other = layer_told(by_class, kinds, classes, 99)
    chance = layer_told(noise, kinds, classes, 99)

    assert right[0] == pytest.approx(1)
    assert right[1] < 0.1 < right[2]
    assert right[3:] == (0.01, 0.01)
    assert other[3] == 0.01 and other[4] > 0.5
    assert chance[3] > 0.05 and chance[4] > 0.05


def test_an_images_kind_is_that_of_most_of_its_letters():
    """In names, 0 is what is no letter and counts nowhere; letters of another script neither."""
    kinds = torch.tensor([[2, 2, 1, 0], [0, 0, 0, 3], [1, 1, 0, 0]])
    names = Images(torch.zeros(3, 1, 2, 2), torch.tensor([0, 1, 0]), num_classes=2, patch_size=1, kinds=kinds)
    names.name = "languages, characters"

    kind, counted = kinds_of(names)

    assert kind.tolist() == [1, 2, 0]
    assert counted.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]]


@pytest.mark.parametrize("router", ["soft", "tokens choice", "experts choice"])
def test_redrawing_changes_routers_alone_and_keeps_their_size(router):
    """Every other parameter is as it was; those of a router differ and have the same length."""
    torch.manual_seed(2)
    data, _ = token_kinds(num_train=24, num_test=8)
    model = model_of({"router": router, "task": "none", "experts": 3}, data, 5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    redraw(model)

    for name, value in model.state_dict().items():
        if ".router." in name and value.numel() > 1:
            assert not torch.equal(value, before[name]), name
            assert float(value.norm()) == pytest.approx(float(before[name].norm()), rel=1e-5)
        else:
            assert torch.allclose(value, before[name]), name


def test_experts_that_all_answer_alike_tell_nothing():
    """A uniform router in place of a learned one has nothing to tell, and chance tells as much."""
    torch.manual_seed(3)
    data, _ = token_kinds(num_train=40, num_test=8)
    found = {
        router: told(model_of({"router": router, "task": "none", "experts": 6}, data, 5), data, 19)
        for router in ("uniform", "soft")
    }

    assert found["uniform"].told == pytest.approx([0, 0], abs=1e-9)
    assert found["uniform"].chance_images == [1, 1]
    assert min(found["soft"].told) > 1e-6


def results(trained=0.5, untrained=0.1, redrawn=0.2, chance=0.005, seeds=8):
    """Results in which every place has the same figures, but for a little that differs by seed."""
    given = []
    for asked in specialisation.runs(seeds):
        little = int(asked["seed"]) / 1000
        figures = {"chance_classes_trained": [0.3, 0.01], "classes_trained": [0.2, 0.2]}
        for model, value in (("trained", trained), ("untrained", untrained), ("redrawn", redrawn)):
            # The layers differ; what counts is their mean, beyond what a deal to images tells.
            figures |= {f"told_{model}": [value + little, value + 2 * little], f"images_{model}": [0.01, 0.03]}
        figures |= {"chance_images_trained": [chance, chance], "chance_images_untrained": [chance, 0.7]}
        given.append(Result(asked, figures))
    return given


def test_every_verdict():
    """Reproduced where training and the router both tell more, and less where one of them does not."""
    assert judge(results()).verdict is Verdict.REPRODUCED
    assert judge(results(redrawn=0.5)).verdict is Verdict.DIRECTION
    assert judge(results(redrawn=0.6)).verdict is Verdict.DIRECTION
    assert judge(results(untrained=0.5)).verdict is Verdict.NOT_AT_SCALE
    assert judge(results(chance=0.2)).verdict is Verdict.NOT_AT_SCALE
    assert judge(results(untrained=0.6)).verdict is Verdict.CONTRADICTED
    assert judge(results(seeds=5)).verdict is Verdict.NOT_AT_SCALE  # too few to tell six comparisons from chance


def test_the_reason_counts_what_it_says():
    """Its numbers come from the results: 96 layers, half of them told apart before training and in whole classes."""
    found = judge(results(redrawn=0.5))
    values = {each.name: each.value for each in found.measured}

    assert "In 96 of 96 layers" in found.reason
    assert "in 48 of 96 layers they do so before training" in found.reason
    assert "tell less in 0 of 6 comparisons" in found.reason
    assert "experts tell more than chance allows in 48 of 96 layers" in found.reason
    assert values["letters, soft: told of the script, beyond chance, by trained experts"] == pytest.approx(48.525)
