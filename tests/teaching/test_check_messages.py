"""What a failed check says: true, visibly different numbers, and a next step that fits."""

import re

import pytest
import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.exercise import in_order
from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve
from softmoe_edu.course.lesson_02.assign_with_capacity.properties import where_they_differ
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.properties import brief, farthest, span_of_sums, telling_apart
from softmoe_edu.teaching.check.report import MOST_LINES
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.kill_matrix import from_text, own


def right(name):
    return from_text(find_exercise(name), find_exercise(name).solution)


def lines(name, answer, **options):
    """Return {label: text} of a report on a wrong answer."""
    report = examine(find_exercise(name), answer, **options)
    assert report.status == "failed" and len(str(report).splitlines()) <= MOST_LINES, str(report)
    return dict(report.lines)


def test_numbers_get_digits_until_they_differ():
    """A float16 softmax differs from the right one in the fourth digit, which is written."""
    said = lines("dispatch-weights", lambda logits: logits.half().softmax(1).to(logits.dtype))

    assert "0.6667" in said["Expected"] and "0.6665" in said["Got"]
    assert telling_apart(lambda: (brief(1.0), brief(1.00001))) == ("1", "1.00001")
    assert telling_apart(lambda: (brief(1.5), brief(2.5))) == ("1.5", "2.5")
    tiny = torch.tensor([0.5, 1.0], dtype=torch.float64) * 1e-20
    assert farthest(tiny, 3 * tiny) == ("9.9999999999999995e-21 at [1]", "2.9999999999999997e-20 at [1]")


def test_sums_that_are_nearly_one_are_seen_not_to_be():
    """A range of sums has as many digits as it takes to differ from 1."""
    assert span_of_sums(torch.tensor([1.0, 1.0004])) == "from 1 to 1.0004"
    assert span_of_sums(torch.tensor([0.5, 2.0])) == "from 0.5 to 2"

    def answer(logits):
        if logits.shape[0] == 1:  # the example by hand
            return logits.flatten(2).softmax(-1).view_as(logits)
        return logits.half().flatten(2).softmax(-1).view_as(logits).to(logits.dtype)

    said = lines("combine-weights", answer)
    assert said["Expected"] == "every sum over slots 1"
    assert re.fullmatch(r"sums over slots from (0\.99\d+|1) to (1|1\.00\d+)", said["Got"])


@pytest.mark.slow
def test_no_report_on_a_listed_mistake_expects_what_it_got():
    """In every report on a known mistake the lines Expected and Got differ."""
    for exercise in exercises().values():
        for mistake in exercise.mistakes:
            said = lines(exercise.id, own(mistake.function))
            assert "Expected" not in said or said["Expected"] != said["Got"], mistake.id


def test_a_gradient_in_another_direction_is_shown_where_it_differs():
    """Where two norms agree, the report shows the numbers that differ most."""

    def answer(logits, k):
        weights, indices = logits.topk(k)
        return (weights - logits.logsumexp(-1, keepdim=True).detach()).exp(), indices

    said = lines("top-k-route", answer)
    assert said["Input"].endswith("gradient of logits")
    assert re.fullmatch(r"-?[\d.]+ at \[\d, \d, \d\]", said["Expected"]) and "norm" not in said["Got"]


@pytest.mark.parametrize("kind", ["uniform", "rolled", "normalised"])
def test_sums_of_one_are_not_what_is_missing_where_they_are_there(kind):
    """A layer whose weights sum to 1 and are others is told what they are, not that sums are 1."""

    def soft_moe(x, phi, experts):
        scores = x @ phi.flatten(1)
        if kind == "uniform":
            scores = 0 * scores
        if kind == "normalised":
            scores = torch.nn.functional.normalize(scores, dim=-1)
        slots = (scores.softmax(1).mT @ x).unflatten(1, phi.shape[1:])
        functions = experts[1:] + experts[:1] if kind == "rolled" else experts
        return scores.softmax(2) @ torch.cat([f(s) for f, s in zip(functions, slots.unbind(1), strict=True)], 1)

    said = lines("soft-moe", soft_moe)
    assert said["Should be"].startswith("sums of 1 are not enough: dispatch is the softmax of the scores x · phi")
    assert "dispatch sums over tokens [1, 1, 1]; combine sums over slots [1, 1]" in said["Got"]


def layer(tokens=lambda x: x, scores=torch.matmul, answers=lambda y, x: y):
    """Return a soft_moe that mixes changed tokens, scores otherwise, or returns changed answers."""

    def soft_moe(x, phi, experts):
        logits = scores(x, phi.flatten(1))
        slots = (logits.softmax(1).mT @ tokens(x)).unflatten(1, phi.shape[1:])
        return answers(
            logits.softmax(2) @ torch.cat([f(s) for f, s in zip(experts, slots.unbind(1), strict=True)], 1), x
        )

    return soft_moe


def of_length_one(x):
    return torch.nn.functional.normalize(x, dim=-1)


def cosine(x, phi):
    return of_length_one(x) @ torch.nn.functional.normalize(phi, dim=0)


UNSEEN = {
    "mixes-normalised-tokens": (layer(of_length_one), "[0.642, 0.534, 0.62] in the slots"),
    "normalises-tokens-first": (
        layer(of_length_one, lambda x, phi: of_length_one(x) @ phi),
        "[0.625, 0.557, 0.608] in the slots",
    ),
    "cosine-scores-and-normalised-tokens": (layer(of_length_one, cosine), "[0.621, 0.523, 0.621] in the slots"),
    "cosine-scores": (layer(scores=cosine), "dispatch sums over tokens [1, 1, 1]; combine sums over slots [1, 1]"),
    "adds-residual": (layer(answers=lambda y, x: x + y), "if every expert answers 1, the layer answers [2, 1]"),
    "tokens over the root of d": (layer(lambda x: x / x.shape[-1] ** 0.5), "[0.577, 0.577, 0.577] in the slots"),
    "tokens about their mean": (layer(lambda x: x - x.mean(1, keepdim=True)), "[0, 0, 0] in the slots"),
    "tokens over their maximum": (layer(lambda x: x / x.abs().amax(-1, keepdim=True)), "[0.875, 0.667, 0.833] in the"),
    "half of the answers": (
        layer(answers=lambda y, x: y / 2),
        "if every expert answers 1, the layer answers [0.5, 0.5]",
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_sums_are_those_of_the_weights_or_are_told_as_what_was_measured(name):
    """Both softmaxes of these layers are right, so that no report says of either that its sums are not 1."""
    answer, got = UNSEEN[name]
    report = examine(find_exercise("soft-moe"), answer)
    said = dict(report.lines)

    assert got in said["Got"]
    assert report.mistake == (name if "-" in name else None)
    for sums in re.findall(r"sums over \w+ (\[.*?\])", said["Got"]):
        assert set(sums.strip("[]").split(", ")) == {"1"}
    assert said["Expected"].count("; ") == said["Got"].count("; ") == 2
    if "cosine-scores" != name:
        assert said["Should be"].startswith("every slot is an average of the tokens as they came")


def test_sums_of_a_layer_that_hides_its_slots_are_told_by_a_measurement():
    """The property on sums tells of tokens and answers where it cannot know of weights, and of weights where it can."""
    from softmoe_edu.teaching.check.attempt import Attempt
    from softmoe_edu.teaching.draw import Draw

    (sums,) = [each for each in find_exercise("soft-moe").properties if each.name == "sums of the weights"]

    def found(answer):
        return sums.test(Attempt(find_exercise("soft-moe"), answer), Draw("sums"))

    assert found(layer(of_length_one)).got.startswith("a number that is 1 in every token is, in the slots, from 0.")
    assert found(layer(answers=lambda y, x: y + x)).got.startswith("if every expert answers 1, the layer answers from")
    assert found(layer()) is None and found(layer(scores=cosine)) is None
    swapped = found(own(find_exercise("soft-moe").mistakes[0].function))
    assert swapped.should.startswith("for each token, combine sums to 1") and swapped.got.startswith("sums from")
    assert found(lambda x, phi, experts: x).got == "no expert was called"
    assert "no expert was called" in lines("soft-moe", lambda x, phi, experts: x)["Got"]


def test_rows_that_nobody_computed_are_counted_where_they_come_through():
    """inf and NaN are counted in both outputs; an answer that changes without them is shown where it does."""

    def by_product(x, expert_out, weights, kept):
        layer = (weights.unsqueeze(-1) * expert_out * kept.unsqueeze(-1)).sum(1)
        return layer, x + layer

    def looks(x, expert_out, weights, kept):
        layer, block = right("combine-with-residual")(x, expert_out, weights, kept)
        return (layer, block) if expert_out.isfinite().all() else (layer + 1, block)

    assert re.search(r"layer has \d+, block has \d+", lines("combine-with-residual", by_product)["Got"])
    said = lines("combine-with-residual", looks)
    assert said["Got"].startswith("layer, ") and "inf" not in said["Got"]


def test_an_answer_that_writes_over_what_backward_needs_is_told_so():
    """A message on an overwritten tensor cuts no word of torch's text and does not mention shapes."""

    def dispatch_weights(logits):
        powers = (logits - logits.amax(1, keepdim=True)).exp()
        powers /= powers.sum(1, keepdim=True)
        return powers

    said = lines("dispatch-weights", dispatch_weights)
    assert said["Should be"] == "the scores get a gradient"
    assert said["Got"] == "autograd cannot compute one: a tensor that it needs was overwritten, as /= and sub_ do"
    assert said["Next"].startswith("make a new tensor instead of writing into one;")


def test_a_long_error_ends_with_a_whole_word():
    """A long error message is cut at a space."""

    def soft_moe(x, phi, experts):
        raise ValueError("shapes " * 60)

    assert re.search(r"shapes \.\.\. \(in the line", lines("soft-moe", soft_moe)["Got"])


NEXT = {
    "none": ("dispatch-weights", None, "begin with the line def dispatch_weights(logits):"),
    "arguments": ("dispatch-weights", lambda a, b: a, "begin with the line def dispatch_weights(logits):"),
    "no return": ("dispatch-weights", lambda logits: None, "look where your function returns"),
    "shape": ("dispatch-weights", lambda logits: logits[0], "print the shapes along the way"),
    "dtype": ("dispatch-weights", lambda logits: logits.softmax(1).int(), "print the dtypes along the way"),
    "error in shapes": ("dispatch-weights", lambda logits: logits @ logits, "print the shapes just before that line"),
    "other error": ("dispatch-weights", lambda logits: {}["a"], "print the values that it uses just before that line"),
    "a name": ("dispatch-weights", lambda logits: logits + shift, "look above that line for the one that defines"),  # noqa: F821
    "in place": ("dispatch-weights", lambda logits: logits.sub_(1).softmax(1), "make a new tensor or list instead"),
    "type": ("expert-capacity", lambda *a: 3.0, "call expert_capacity on a small input and look at what it returns"),
    "five lines": ("sort-soft-moe", lambda: [5, 10, 8, 2, 7], "choose one line for each step, six in all"),
    "no list": ("sort-soft-moe", lambda: None, "look where your function returns"),
    "indent": ("assign-with-capacity", in_order([8, 1, 14]), "move that line"),
    "clamped": ("dispatch-weights", lambda x: x.clamp(-50, 50).softmax(1), "try your function on scores such as"),
}


@pytest.mark.parametrize("case", NEXT)
def test_the_next_step_fits_what_was_found(case):
    """Shapes are to be printed where shapes are the matter, a line is spoken of where one was named."""
    name, answer, start = NEXT[case]
    said = lines(name, answer)

    assert said["Next"].startswith(start), said
    assert "that line" not in said["Next"] or "line" in said["Got"]


def test_an_argument_that_was_not_given_is_not_shown():
    """expert_capacity is called with four arguments or five: no None stands for the fifth."""

    def expert_capacity(tokens, experts, k, factor, multiple_of):
        return right("expert-capacity")(tokens, experts, k, factor, multiple_of)

    assert lines("expert-capacity", expert_capacity)["Input"] == "tokens 10, experts 4, k 1, factor 1.0"


def test_lines_are_not_numbers():
    """A mistake in the order of lines is reported as one of lines; a set of lines matches no mistake."""
    said = lines("sort-soft-moe", lambda: [10, 5, 8, 2, 7, 4])
    assert said["Suspicion"].startswith("your lines make a function that uses a name before the line that defines it.")

    report = examine(find_exercise("sort-soft-moe"), lambda: {5, 10, 8, 2, 7, 4})
    assert (report.failed, report.mistake) == ("six lines", None)


def test_no_sentence_begins_with_a_name_of_code():
    """What refutes a mistake begins with a word that may have a capital."""
    code = re.compile(r"[A-Za-z_.]+\(|exp\b|argsort\b|vmoe\b|topk\b|torch\.|softmax\(|einsum\b|one_hot\b")
    begins = {m.id: m.refuted for e in exercises().values() for m in e.mistakes if code.match(m.refuted)}

    assert begins == {}


def test_slots_are_told_in_words():
    """A choice with another result is named by its token and rank, with both results."""
    right = torch.tensor([[0, 1], [1, 0], [2, -1]]), torch.tensor([[1, 1], [1, 1], [1, 0]]).bool()
    got = right[0].clone(), right[1].clone()
    got[0][2, 0], got[1][2, 0] = -1, False

    token = "token 2 (counted from 0), first choice: "
    assert where_they_differ(right, got) == (f"{token}slot 2", f"{token}dropped")

    def two_rounds(indices, weights, capacity, priority):
        pairs = queue(indices, weights, priority)
        return serve(indices, [(token, choice) for token, choice in pairs if choice < 2], capacity)

    said = lines("assign-with-capacity", two_rounds)
    third = r"token \d \(counted from 0\), third choice: "
    assert re.fullmatch(third + r"slot \d", said["Expected"]) and re.fullmatch(third + "dropped", said["Got"])


def test_parts_of_an_answer_have_their_names():
    """positions, kept, layer and block are called so; any whole number type will do, and a quantized one will not."""

    def floats(*args):
        positions, kept = right("assign-with-capacity")(*args)
        return positions.float(), kept

    said = lines("assign-with-capacity", floats)
    assert said["Should be"] == "positions holds whole numbers"
    assert (said["Expected"], said["Got"]) == ("int64 or another whole number type", "float32")

    def odd(logits):
        return torch.quantize_per_tensor(logits.softmax(1).float(), 0.1, 0, torch.quint8)

    said = lines("dispatch-weights", odd)
    assert (said["Expected"], said["Got"]) == ("a dense tensor", "a quantized tensor")


@pytest.mark.parametrize("name", ["dispatch-weights", "combine-weights", "soft-moe"])
def test_an_example_that_leaks_into_the_others_is_told_as_that(name):
    """What example 0 does to the others is seen by the property on examples, for each exercise in batches."""

    def answer(x, *rest):
        y = right(name)(x, *rest)
        return torch.cat([y[:1], y[1:] + 1e-2 * (y[:1] - y[:1].mean((1, 2), keepdim=True))])

    def kept_sums(logits):
        axes = {"dispatch-weights": 1, "combine-weights": (2, 3)}[name]
        y = right(name)(logits + 0.3 * logits[:1])
        return y / y.sum(axes, keepdim=True)

    report = examine(find_exercise(name), answer if name == "soft-moe" else kept_sums)
    assert "examples apart" in report.fails


@pytest.mark.slow
def test_rows_of_zeros_and_whole_examples_are_no_dense_mixture():
    """An expert run on rows of zeros, or on all tokens of an example that has one of its own, is not "every token"."""

    def padded(x, w_router, experts, k):
        gates, choice = (x @ w_router).softmax(-1).topk(k)
        answers = torch.zeros_like(x)
        for number, expert in enumerate(experts):
            here = choice == number
            rows = torch.where(here.any(-1, keepdim=True), x, 0.0)
            answers = answers + (gates * here).sum(-1, keepdim=True) * expert(rows)
        return answers

    def whole(x, w_router, experts, k):
        gates, choice = (x @ w_router).softmax(-1).topk(k)
        answers = []
        for tokens, gate, chosen in zip(x, gates, choice, strict=True):
            used = [i for i in range(len(experts)) if bool((chosen == i).any())]
            answers.append(sum((gate * (chosen == i)).sum(-1, keepdim=True) * experts[i](tokens) for i in used))
        return torch.stack(answers)

    for answer in (padded, whole):
        for seed in range(3):
            report = examine(find_exercise("token-choice-moe"), answer, seed=seed)
            assert (report.failed, report.mistake) == ("rows computed", None)
