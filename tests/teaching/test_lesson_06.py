"""Lesson 06: the patients of the clinic, the official arrays, the card, and where the exercises meet the library."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from softmoe_edu import Experts, MoE, SoftRouter, figures
from softmoe_edu.course.lesson_06 import questions
from softmoe_edu.course.lesson_06.card import CARD
from softmoe_edu.course.lesson_06.clinic import CASES, CLINIC, DIM, NUM_EXPERTS, SLOTS, build, make
from softmoe_edu.course.lesson_06.official import FILE, PLAIN, official
from softmoe_edu.course.lesson_06.soft_moe_layer.properties import PARAMETERS
from softmoe_edu.figures.description import describe
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.kill_matrix import from_text

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SCORE, WEIGH, BANK, BUILD = (
    find_exercise(id).answer for id in ("routing-logits", "masked-weights", "expert-bank", "soft-moe-layer")
)
X = torch.randn(5, 7, DIM, generator=torch.Generator().manual_seed(0))
MASK = torch.arange(7) < torch.tensor([[7], [4], [2], [5], [1]])


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def masked(b, n, least=0):
    """Return a mask whose examples have from `least` to n real tokens."""
    return torch.arange(n) < (least + torch.arange(b) % (n - least + 1))[:, None]


def test_official_arrays_are_those_of_the_tests():
    """Every array that the lesson ships is, bit for bit, one of tests/data/golden."""
    with np.load(FILE) as shipped:
        for name in shipped.files:
            case, _, key = name.partition("/")
            with np.load(GOLDEN / f"{case}.npz") as golden:
                assert np.array_equal(shipped[name], golden[key]), name
    with pytest.raises(KeyError, match="no official arrays are called 'soft_99'"):
        official("soft_99")
    assert official(PLAIN)["inputs"].shape == (2, 7, 8)


def test_scores_are_the_librarys():
    """routing_logits is the score of SoftRouter."""
    torch.manual_seed(0)
    router = SoftRouter(5, 4, 2, scale_init=3.0).double()
    x = drawn(3, 7, 5)

    torch.testing.assert_close(SCORE(x, router.phi, router.scale), router.score(x))


def test_weights_beside_padding_are_the_librarys():
    """masked_weights is soft_weights, in an example of padding too."""
    logits, mask = drawn(4, 6, 3, 2), masked(4, 6)

    assert not mask[0].any()
    for mine, theirs in zip(WEIGH(logits, mask), soft_weights(logits, mask), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_bank_is_the_librarys():
    """expert_bank is Experts."""
    torch.manual_seed(0)
    experts = Experts(5, 4, 6).double()
    slots = drawn(3, 4, 2, 5)

    answers = BANK(slots, experts.w_in, experts.b_in, experts.w_out, experts.b_out)
    torch.testing.assert_close(answers, experts(slots))


def test_the_layer_is_the_librarys():
    """soft_moe_layer takes the library's parameters and gives its answers, with a mask and without one."""
    torch.manual_seed(0)
    layer, library = BUILD(5, 4, 2, 6).double(), MoE(SoftRouter(5, 4, 2), Experts(5, 4, 6)).double()
    layer.load_state_dict({name.partition(".")[2]: value for name, value in library.state_dict().items()})
    x, mask = drawn(3, 7, 5), masked(3, 7)

    assert list(layer.state_dict()) == list(PARAMETERS)
    torch.testing.assert_close(layer(x), library(x))
    torch.testing.assert_close(layer(x, mask), library(x, mask))


HALF = """
def soft_moe_layer(dim, num_experts, slots_per_expert, hidden_dim):
    d, e, p, f = dim, num_experts, slots_per_expert, hidden_dim

    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            shapes = dict(phi=(d, e, p), scale=(1,), w_in=(e, d, f), b_in=(e, f), w_out=(e, f, d), b_out=(e, d))
            for name, shape in shapes.items():
                self.register_parameter(name, torch.nn.Parameter(torch.ones(shape)))

    return Layer()
"""


def test_a_layer_without_forward_has_its_parameters():
    """With `__init__` alone, as section 8 asks first, signature and parameters hold, and the report names forward."""
    report = examine(find_exercise("soft-moe-layer"), from_text(find_exercise("soft-moe-layer"), HALF))

    assert (report.status, report.failed, report.holds) == ("failed", "forward", ("signature", "parameters"))
    assert "none is written yet" in str(report)


def test_a_forward_without_a_mask_is_named():
    """A forward that takes tokens alone fails there, and not with an error of Python's."""
    body = "        def forward(self, x):\n            return x\n\n    return Layer()"
    source = HALF.replace("    return Layer()", body)
    report = examine(find_exercise("soft-moe-layer"), from_text(find_exercise("soft-moe-layer"), source))

    assert report.failed == "forward" and "layer(x, mask)" in str(report)


@pytest.mark.parametrize("returned", ["None", "torch.nn.Linear", "5", "torch.nn.Linear(dim, dim)"])
def test_what_is_no_such_layer_is_refused_in_words(returned):
    """None, a class, a number and another module fail at the parameters, without an error in between."""
    exercise = find_exercise("soft-moe-layer")
    source = f"def soft_moe_layer(dim, num_experts, slots_per_expert, hidden_dim):\n    return {returned}"
    report = examine(exercise, from_text(exercise, source))

    assert (report.status, report.failed) == ("failed", "parameters")


def layer_of(*ids):
    return build(ids, Draw("test"))


def weights(layer, x=X, mask=None):
    with torch.no_grad():
        return layer.weights(x, mask)


def are(sums, value=1.0):
    return torch.allclose(sums, torch.full_like(sums, value), atol=1e-5)


def same(a, b):
    return torch.allclose(a, b, atol=1e-5)


def mixed(layer, x):
    return torch.einsum("bnep,bnd->bepd", weights(layer)[0], x)


def through(layer, call, *args):
    with torch.no_grad():
        return call(layer, *args)


PADDED = ~MASK
SEEN = {
    "dispatch-over-batch": lambda p: are(weights(p, X[:1])[0]),
    "batch-is-one-group": lambda p: are(weights(p)[0].sum((0, 1))) and bool((weights(p)[0].sum(1) < 1 - 1e-4).all()),
    "dispatch-softmax-twice": lambda p: (
        are(weights(p)[0].sum(1))
        and same(weights(p, X[:1])[0], weights(p)[0][:1])
        and not same(weights(p)[0], through(p, type(p).score, X).softmax(1))
    ),
    "ignores-mask": lambda p: same(weights(p)[0], weights(p, X, MASK)[0]),
    "zeroes-padding": lambda p: (
        bool((weights(p, X, MASK)[0][PADDED] > 1e-6).all()) and not same(weights(p)[0], weights(p, X, MASK)[0])
    ),
    "mask-after-softmax": lambda p: (
        are(weights(p, X, MASK)[0][PADDED], 0.0)
        and are(weights(p)[0].sum(1))
        and bool((weights(p, X, MASK)[0].sum(1)[1:] < 1 - 1e-4).all())
    ),
    "mixes-normalised-tokens": lambda p: (
        not same(through(p, type(p).slots, X), mixed(p, X))
        and same(through(p, type(p).slots, X), mixed(p, X / X.norm(dim=-1, keepdim=True)))
    ),
    "bank-reshaped": lambda p: (
        not same(
            through(p, type(p).compute, mixed(p, X))[:1],
            through(p, type(p).compute, mixed(p, X)[:1]),
        )
    ),
    "scale-is-a-buffer": lambda p: "scale" not in dict(p.named_parameters()),
}


@pytest.mark.parametrize("id", CLINIC.findings)
def test_a_finding_is_seen_where_it_is_and_nowhere_else(id):
    """What a finding tells can be measured in a patient that has it, and in neither the right layer nor another."""
    others = [other for other in CLINIC.findings if other != id]

    assert SEEN[id](layer_of(id))
    assert not SEEN[id](layer_of())
    assert [other for other in others if SEEN[id](layer_of(other))] == []


def test_without_an_illness_the_patient_is_the_layer_of_the_exercise():
    """The patient's own layer is right: its weights and answers are those of the reference."""
    healthy = layer_of()
    layer = BUILD(DIM, NUM_EXPERTS, SLOTS, healthy.w_in.shape[2])
    layer.load_state_dict(healthy.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(healthy(X, MASK), layer(X, MASK))
        torch.testing.assert_close(healthy(X), layer(X))


def test_every_case_has_suspects_and_findings_and_no_case_is_another():
    """Mistakes are suspects with findings, false suspects have none, and cases differ in answers or in what learns."""
    named = {id for case in CASES for id in case}
    seen = []
    with torch.no_grad():
        for case in CASES:
            layer = layer_of(*case)
            seen.append((layer(X, MASK), len(list(layer.parameters()))))
    for i, (a, count) in enumerate(seen):
        for b, other in seen[:i]:
            assert count != other or (a - b).abs().max() > 1e-3

    assert named == set(CLINIC.findings) < set(CLINIC.suspects)


def test_the_first_patient_has_its_softmax_over_the_batch():
    """Patient 1 is the fault of published code; the next ones are other cases, some with two mistakes."""
    first, *others = (make(Draw("clinic", "06", number))[1] for number in range(1, 7))

    assert first == ("dispatch-over-batch",)
    assert first not in others and {len(each) for each in others} == {1, 2}


def test_the_tests_of_the_author_are_green_for_every_patient():
    """The cell of the lesson that holds the author's tests raises for no patient."""
    source = (Path(__file__).parents[2] / "notebooks" / "06_the_real_layer.py").read_text("utf-8")
    start = source.index("def their_tests(layer):")
    scope = {"torch": torch}
    exec(source[start : source.index("\n\n\n", start)], scope)
    for case in CASES:
        scope["their_tests"](layer_of(*case))


def test_what_a_card_reveals_is_the_answer_of_its_question():
    """Each reveal of the lesson runs, and what it measures is the truth of its question."""
    source = (Path(__file__).parents[2] / "notebooks" / "06_the_real_layer.py").read_text("utf-8")
    names = "largest_weight", "padding_share", "scores_at"
    shown = []
    scope = {name: getattr(questions, name) for name in names}
    scope |= {"torch": torch, "SoftRouter": SoftRouter, "figures": figures, "describe": describe, "plt": plt}
    scope["display"] = shown.append
    for question in questions.QUESTIONS:
        (name,) = re.findall(rf'predict\("{question.id}", reveal=(\w+)\)', source)
        start = source.index(f"def {name}(")
        exec(source[start : source.index("\n\n\n", start)], scope)
        seen = scope[name]()
        answer = question.measured(seen) if question.measured else seen

        assert question.is_right(answer, question.truth()), question.id
    assert len(shown) == 1 and "0.05" in shown[0].alt
    plt.close("all")


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
