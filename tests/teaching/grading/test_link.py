"""An answer in another process is judged as it is in this one."""

import pytest
import torch
from gradekit import marked

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exports.lesson import SEED
from softmoe_edu.teaching.grading.judge import mark_of
from softmoe_edu.teaching.kill_matrix import own

COPY = """
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.kill_matrix import own
{name} = own(find_exercise("{id}").{what})
"""
# One of each kind: tensors and gradients; functions as arguments, which count what they get; a router called back, with
# parameters of its own; layers called back; checks, which call wrong functions; lists of numbers; a module; strings.
KINDS = (
    "dispatch-weights",
    "token-choice-moe",
    "router-gradient",
    "leak-matrix",
    "check-soft-moe",
    "sort-soft-moe",
    "soft-moe-layer",
    "assign-with-capacity",
)


@pytest.mark.slow
@pytest.mark.parametrize("id", KINDS)
def test_it_is_judged_as_here(id, sandbox):
    """Status, failing properties, mistake and share are the same as of the same function in this process."""
    exercise = find_exercise(id)
    every = max(1, len(exercise.mistakes) // 4)
    answers = [("variants[0]", exercise.variants[0])]
    answers += [
        (f"mistakes[{i}].function", exercise.mistakes[i].function) for i in range(0, len(exercise.mistakes), every)
    ]
    for what, function in answers:
        here = examine(exercise, own(function), seed=SEED)
        there, _ = marked(sandbox, id, COPY.format(name=exercise.name, id=id, what=what))
        expected = mark_of(here, there.of)
        for each in ("status", "failed", "mistake", "points"):
            assert getattr(there, each) == getattr(expected, each), (what, each)


def begun(sandbox, code, name="f"):
    """Define a function there and return what calls it."""
    answer, numbers = sandbox.link.ask(
        {"do": "begin", "exercise": "dispatch-weights", "name": name, "statements": [code], "seconds": 20.0}
    )
    return sandbox.link._in(answer["function"], numbers, [])


@pytest.fixture
def there(sandbox):
    """Return a function that defines `f` in the other process, in place of what was defined before."""
    open_ones = []

    def end():
        while open_ones:
            open_ones.pop()
            sandbox.link.ask({"do": "end"})
            sandbox.link.forget()

    def define(code):
        end()
        open_ones.append(code)
        return begun(sandbox, code)

    yield define
    end()


def test_a_gradient_goes_through_both_processes(there):
    """f calls back g, which has a weight of ours; by hand: y = 3 (w x)^2, dy/dx = 6 w^2 x, dy/dw = 6 w x^2."""
    f = there("def f(x, g):\n    return 3 * g(x) ** 2")
    x, w = torch.tensor([2.0], requires_grad=True), torch.tensor([5.0], requires_grad=True)
    y = f(x, lambda t: w * t)
    assert y.item() == 300
    dx, dw = torch.autograd.grad(y.sum(), [x, w])
    assert (dx.item(), dw.item()) == (300, 120)


def test_a_parameter_of_the_answer_gets_its_gradient_there(there):
    """f trains a weight of its own through g; by hand: the slope of (w * 4) at w = 1 is 4."""
    f = there(
        "def f(g):\n"
        "    w = torch.ones(1, requires_grad=True)\n"
        "    g(lambda t: w * t).sum().backward()\n"
        "    return w.grad"
    )
    assert f(lambda inner: inner(torch.tensor([4.0]))).item() == 4


def test_what_has_no_path_gets_none(there):
    """An output that does not depend on x, and one that is detached, give no gradient, as here."""
    f = there("def f(x, y):\n    return x.detach() * 2, y * 2")
    x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    cut, whole = f(x, y)
    assert not cut.requires_grad and whole.requires_grad
    dx, dy = torch.autograd.grad(whole.sum(), [x, y], allow_unused=True)
    assert dx is None and dy.tolist() == [2, 2, 2]


def test_what_is_changed_there_is_changed_here(there):
    """Writes into tensors, also through NumPy, changed lists, and marks for gradients arrive."""
    f = there(
        "def f(x, y, z, items):\n"
        "    x.add_(1)\n    y.numpy()[0] = 7\n    z.requires_grad_()\n    items.append(items[0])"
    )
    x, y, z, items = torch.zeros(2), torch.zeros(2), torch.zeros(2), [1, 2]
    f(x, y, z, items)
    assert x.tolist() == [1, 1] and y.tolist() == [7, 0] and z.requires_grad and items == [1, 2, 1]


@pytest.mark.parametrize(
    "value",
    [
        "torch.tensor(3.5)",
        "torch.zeros(0, 3)",
        "torch.ones(1, 1).expand(1, 5)",
        "torch.tensor([True, False])",
        "torch.arange(5, dtype=torch.int32)[::2]",
        "torch.randn(2, 3).bfloat16().T",
        "(1, 2.5, [True, None, 'ä'], {'a': torch.ones(2)})",
        "float('nan')",
        "__import__('numpy').float32(2)",
        "torch.eye(3).to_sparse()",
    ],
)
def test_values_arrive_as_they_are(there, value):
    """Numbers, dtypes, shapes, layouts and structure survive."""
    got, expected = there(f"def f():\n    torch.manual_seed(0)\n    return {value}")(), _here(value)
    assert repr(got) == repr(expected) and type(got) is type(expected)


def _here(value):
    torch.manual_seed(0)
    return eval(value, {"torch": torch})


def test_what_cannot_be_sent_is_named(there):
    """An object of another class arrives as one of that name, and runs nothing here."""
    got = there(
        "def f():\n    class Odd:\n        def __reduce__(self):\n            return print, ('run',)\n    return Odd()"
    )()
    assert type(got).__name__ == "Odd"


def test_errors_arrive_with_their_line(there):
    """An error is caught as its nearest built-in class, with its words."""
    f = there("class Mine(IndexError):\n    pass\n\ndef f():\n    raise Mine('too far')")
    with pytest.raises(IndexError, match="too far") as caught:
        f()
    assert type(caught.value).__name__ == "Mine" and caught.value.line == "raise Mine('too far')"


def squares(x):
    """Mix all numbers, so that a Jacobian is full."""
    return x**2 + x.sum()


@pytest.mark.parametrize(
    "code",
    [
        "torch.func.jacrev(g)(x)",
        "torch.autograd.functional.jacobian(g, x)",
        "torch.func.grad(lambda x: g(x).sum())(x)",
        "torch.vmap(g)(torch.stack([x, 2 * x]))",
        "torch.vmap(torch.func.jacrev(g))(torch.stack([x, 2 * x]))",
    ],
)
def test_functions_of_the_grader_inside_transforms(there, code):
    """jacrev, grad and vmap in an answer work on a function that is called back, as they do here."""
    got = there(f"def f(x, g):\n    return {code}")(torch.tensor([1.0, 2.0, 5.0]), squares)
    expected = eval(code, {"torch": torch, "x": torch.tensor([1.0, 2.0, 5.0]), "g": squares})
    torch.testing.assert_close(got, expected)


def test_a_call_back_is_bounded(there):
    """Neither huge sizes, nor huge inputs, nor functions that call each other without an end hold up the grader."""
    with pytest.raises(RuntimeError, match="memory"):
        there("def f(g):\n    return g(10**9)")(lambda size: torch.zeros(size).shape)
    with pytest.raises(ValueError, match="takes up to"):
        there("def f(g):\n    return g(torch.zeros(3_000_000))")(lambda x: x.shape)
    with pytest.raises(RecursionError):
        there("def f(g):\n    return g(f, g)")(lambda f, g: f(g))


def test_random_numbers_of_the_grader_stay_its_own(there):
    """An answer that draws or seeds does so in its own process."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    there("def f():\n    torch.manual_seed(0)\n    return torch.rand(3)")()
    assert torch.equal(torch.get_rng_state(), before)
