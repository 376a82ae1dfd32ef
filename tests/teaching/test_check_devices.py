"""Checks of answers on other devices: also on one that, like Apple's MPS, has no float64."""

import pytest
import torch

from softmoe_edu.teaching.check.examine import check, examine
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.kill_matrix import from_text, own

NO_FLOAT64 = "cpu:0"


class There(torch.Tensor):
    """A tensor that lies on the other device: whatever is computed from it does, too, and is never float64."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        moved = function is torch.Tensor.cpu
        result = super().__torch_function__(function, types, args, kwargs or {})
        if moved:
            return result.as_subclass(torch.Tensor)
        if isinstance(result, torch.Tensor) and result.dtype == torch.float64:
            raise TypeError("this device does not support float64")
        return result


@pytest.fixture
def without_float64(monkeypatch):
    """The device cpu:0 stands for one without float64."""
    to = torch.Tensor.to

    def moved(tensor, *args, **kwargs):
        result = to(tensor, *args, **kwargs)
        if NO_FLOAT64 not in map(str, args):
            return result
        if result.dtype == torch.float64 or tensor.dtype == torch.float64:
            raise TypeError("this device does not support float64")
        return result.as_subclass(There)

    monkeypatch.setattr(torch.Tensor, "to", moved)


def test_the_simulated_device_has_no_float64(without_float64):
    """Moving float64 there, computing it there and moving back before are what they are on such a device."""
    there = torch.zeros(2).to(NO_FLOAT64)
    for wrong in (lambda: torch.zeros(2).double().to(NO_FLOAT64), there.double, lambda: (there + 1).double()):
        with pytest.raises(TypeError, match="float64"):
            wrong()
    assert type(there + 1) is There and type((there + 1).cpu().double()) is torch.Tensor


def test_draws_are_float32_where_there_is_no_float64(without_float64):
    """The numbers are those of the CPU, rounded; on every other device float64 stays float64."""
    there, here = (Draw("a", device=device).normal(3) for device in (NO_FLOAT64, "cpu"))

    assert (there.dtype, here.dtype) == (torch.float32, torch.float64)
    assert torch.equal(there.cpu(), here.float())


@pytest.mark.parametrize("id", exercises())
def test_checks_work_where_there_is_no_float64(id, without_float64):
    """The reference passes, and the first known mistake is named, without one number in float64 on the device."""
    exercise = find_exercise(id)
    right = examine(exercise, from_text(exercise, exercise.solution), device=NO_FLOAT64)
    first = exercise.mistakes[0]
    wrong = examine(exercise, own(first.function), device=NO_FLOAT64)

    assert right.passed, right
    assert (wrong.status, wrong.mistake) == ("failed", first.id), wrong


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id in exercises() if not id.startswith("check-")])
def test_no_report_asks_for_float64_where_there_is_none(id, without_float64):
    """Every known mistake is named as on the CPU, also one that only its gradients tell, or it is right there."""
    exercise = find_exercise(id)
    for mistake in exercise.mistakes:
        report = examine(exercise, own(mistake.function), device=NO_FLOAT64)
        assert report.passed or report.mistake == (mistake.same_as or mistake.id), (mistake.id, report)
        assert "does not support float64" not in str(report)
        assert not report.passed or "float" in mistake.does, mistake.id


def test_a_device_that_is_not_there_is_refused():
    """The sentence names the device and what to do."""
    with pytest.raises(ValueError, match="device 'cuda:99' cannot be used here"):
        check("soft-moe", from_text(find_exercise("soft-moe"), find_exercise("soft-moe").solution), device="cuda:99")
