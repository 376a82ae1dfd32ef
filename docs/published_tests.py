"""What other courses' and libraries' published tests say of the wrong answers that this course knows.

python docs/published_tests.py writes docs/published_tests.md; --check says whether it is up to date. Each test is
written anew for this course's function, with its meaning kept and its source named.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from in_step import keep_in_step

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.kill_matrix import own

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/published_tests.md"
HEAD = """<!-- Written by `python docs/published_tests.py`; edit the tests there, not this page. -->
# Other tests, the same wrong answers

The [kill matrix](kill_matrix.md) shows what this course's checks reject. Here the same wrong answers meet tests that
others publish for the same task, written anew for our functions with their meaning kept. × marks a test that rejects an
answer. All tests accept every right answer. No test is at fault: most were written to show that code runs, and that is
what they show. The point is what such tests cannot see, which is why this course asks learners to write better ones.

Mistakes that can be run are not our invention: conceptual mutation testing (Prasad et al. 2024, *The Art, Science, and
Engineering of Programming*, doi 10.22152/programming-journal.org/2024/8/7) writes them from students' own work.

"""


@dataclass(frozen=True)
class Published:
    """Tests of one source for one exercise; each takes the learner's function and raises where it is not content."""

    source: str
    exercise: str
    tests: Sequence[Callable[[Callable], None]]


def _experts(number: int, width: int) -> list[Callable]:
    return [torch.nn.Linear(width, width) for _ in range(number)]


def _soft(soft_moe: Callable, batch: int, tokens: int, width: int, experts: int, slots: int) -> None:
    x = torch.randn(batch, tokens, width, requires_grad=True)
    y = soft_moe(x, torch.randn(width, experts, slots), _experts(experts, width))
    assert y.shape == x.shape
    assert not y.isnan().any()
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == x.shape


def shape_and_gradient(soft_moe: Callable) -> None:
    """The output has the shape of the input, and gradients reach the tokens."""
    for experts in (1, 4):
        for slots in (1, 2):
            for batch in (1, 2):
                _soft(soft_moe, batch, 16, 8, experts, slots)


def one_example_without_nan(soft_moe: Callable) -> None:
    """One example of any length: the shape is right and no number is NaN."""
    for tokens in (1, 37, 128):
        for experts in (1, 4):
            for slots in (1, 2):
                _soft(soft_moe, 1, tokens, 16, experts, slots)


def tokens_of_ones(soft_moe: Callable) -> None:
    """A layer of five experts with two slots each runs on one example whose numbers are all 1."""
    x = torch.ones(1, 8, 16)
    assert soft_moe(x, torch.randn(16, 5, 2), _experts(5, 16)).shape == x.shape


def contract_and_bounds(top_k_route: Callable) -> None:
    """Gates and experts have k columns, experts are numbers of experts, and no token has one twice."""
    weights, indices = top_k_route(torch.randn(2, 3, 5), 2)
    assert weights.shape == indices.shape == (2, 3, 2)
    assert ((indices >= 0) & (indices < 5)).all()
    ordered = indices.sort(-1).values
    assert (ordered[..., 1:] != ordered[..., :-1]).all()


def gates_are_the_probabilities_of_the_chosen(top_k_route: Callable) -> None:
    """Each gate is the softmax over all experts, at the expert that was chosen."""
    logits = torch.randn(2, 3, 5)
    weights, indices = top_k_route(logits, 2)
    assert torch.allclose(weights, logits.softmax(-1).gather(-1, indices))


def identity_experts(token_choice_moe: Callable) -> None:
    """Where experts return what they are given, a token comes back times the sum of its gates."""
    x, router = torch.randn(2, 3, 4), torch.randn(4, 5)
    gates = (x @ router).softmax(-1).topk(2).values.sum(-1, keepdim=True)
    assert torch.allclose(token_choice_moe(x, router, [lambda rows: rows] * 5, 2), gates * x, atol=1e-5)


def _even_choices(tokens: int, experts: int) -> torch.Tensor:
    return torch.arange(2 * tokens).view(1, tokens, 2) % experts


def shares_of_even_and_one_sided_choices(load_fraction: Callable) -> None:
    """Choices in turn give every expert an equal share; if all tokens choose the same two, these have a half each."""
    assert torch.allclose(load_fraction(_even_choices(12, 6), 6), torch.full((1, 6), 1 / 6))
    one_sided = load_fraction(torch.tensor([0, 1]).expand(1, 12, 2), 6)
    assert torch.allclose(one_sided, torch.tensor([[0.5, 0.5, 0, 0, 0, 0]]))


def even_routing_costs_one(switch_aux_loss: Callable) -> None:
    """With equal gates and even choices the loss is 1."""
    loss = switch_aux_loss(torch.full((1, 12, 6), 1 / 6), _even_choices(12, 6))
    assert torch.allclose(torch.as_tensor(loss), torch.tensor(1.0), atol=1e-5)


def concentrated_routing_costs_over_two(switch_aux_loss: Callable) -> None:
    """If gates and choices all go to the same two of six experts, the loss is more than twice as large."""
    gates = torch.tensor([0.5, 0.5, 0, 0, 0, 0]).expand(1, 12, 6)
    assert switch_aux_loss(gates, torch.tensor([0, 1]).expand(1, 12, 2)) > 2


BALANCE = (
    "[datawhalechina/llm-algo-leetcode, 07_MoE_Load_Balancing_Loss]"
    "(https://github.com/datawhalechina/llm-algo-leetcode); its loss comes with a weight and with its two factors, "
    "ours alone, and its test of malformed input has no counterpart"
)
LEETCODE = (
    "[datawhalechina/llm-algo-leetcode, 06_MoE_Router](https://github.com/datawhalechina/llm-algo-leetcode); its gates "
    "are divided by their sum, ours are not, and the tests are written for ours"
)
PUBLISHED = (
    Published(
        "[fkodom/soft-mixture-of-experts, tests/test_soft_moe.py](https://github.com/fkodom/soft-mixture-of-experts)",
        "soft-moe",
        (shape_and_gradient,),
    ),
    Published(
        "[bwconrad/soft-moe, tests/test_softmoe.py](https://github.com/bwconrad/soft-moe)",
        "soft-moe",
        (one_example_without_nan,),
    ),
    Published(
        "[google-research/vmoe, soft_moe/router_test.py](https://github.com/google-research/vmoe)",
        "soft-moe",
        (tokens_of_ones,),
    ),
    Published(LEETCODE, "top-k-route", (contract_and_bounds, gates_are_the_probabilities_of_the_chosen)),
    Published(LEETCODE, "token-choice-moe", (identity_experts,)),
    Published(BALANCE, "load-fraction", (shares_of_even_and_one_sided_choices,)),
    Published(BALANCE, "switch-aux-loss", (even_routing_costs_one, concentrated_routing_costs_over_two)),
)


def content(test: Callable[[Callable], None], answer: Callable) -> bool:
    """Whether a test is content with an answer, which it gets with numbers of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            test(answer)
        except Exception:
            return False
    return True


def page() -> str:
    """Build the page: for each exercise the sources, the totals, and a table of wrong answers and tests."""
    parts = []
    for name in dict.fromkeys(each.exercise for each in PUBLISHED):
        exercise = find_exercise(name)
        given = [(each, test) for each in PUBLISHED if each.exercise == name for test in each.tests]
        wrong = {mistake.id: own(mistake.function) for mistake in exercise.mistakes}
        marks = {
            key: [*(not content(test, answer) for _, test in given), examine(exercise, answer).status == "failed"]
            for key, answer in wrong.items()
        }
        right = [own(exercise.answer), *map(own, exercise.variants)]
        refused = [test.__name__ for _, test in given if not all(content(test, answer) for answer in right)]
        if refused:
            raise AssertionError(f"{name}: {', '.join(refused)} rejects a right answer")
        parts.append(f"## {name} (lesson {exercise.lesson})\n")
        for i, (each, test) in enumerate(given):
            many = sum(row[i] for row in marks.values())
            parts.append(f"- **{_words(test)}** rejects {many} of {len(wrong)}. {test.__doc__} Source: {each.source}.")
        parts.append(f"\n| wrong answer | {' | '.join(_words(test) for _, test in given)} | the check of this course |")
        parts.append("| --- |" + " :-: |" * (len(given) + 1))
        parts += [f"| {key} | {' | '.join('×' if killed else '' for killed in row)} |" for key, row in marks.items()]
        parts.append("")
    return HEAD + "\n".join(parts)


def _words(test: Callable) -> str:
    return test.__name__.replace("_", " ")


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    torch.set_num_threads(1)
    keep_in_step(args, ROOT, {PAGE: page()}, "the tests", "published_tests.py", __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
