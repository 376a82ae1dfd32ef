"""What a right `expert_bank` does."""

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property


def case(b: int, e: int, p: int, d: int, f: int):
    """Return a function that draws slots and the parameters of e experts."""
    return lambda draw: (
        draw.normal(b, e, p, d),
        draw.normal(e, d, f),
        draw.normal(e, f),
        draw.normal(e, f, d) / f**0.5,
        draw.normal(e, d),
    )


def hand(draw: Draw) -> tuple:
    """Return two experts on two slots of one number each, far from 0, where GELU returns its input or 0."""
    slots = draw.tensor([[[[10], [20]], [[10], [-30]]]])
    return (
        slots,
        draw.tensor([[[1]], [[-1]]]),
        draw.tensor([[2], [0]]),
        draw.tensor([[[3]], [[1]]]),
        draw.tensor([[1], [5]]),
    )


def _show(args, output):
    return f"expert 0 {brief(output[0, 0, :, 0])}, expert 1 {brief(output[0, 1, :, 0])}"


def _relabelled(args, draw):
    order = draw.permutation(args[0].shape[1])
    slots, *parameters = args
    return (slots[:, order], *(each[order] for each in parameters)), order


def _other_slots(args, draw):
    slots, *rest = args
    others = draw.normal(*slots.shape)
    others[:1, :, :1] = slots[:1, :, :1]
    return (others, *rest), None


def _tanh_form(answer, draw):
    slots = draw.tensor([[[[-1.8], [-2.2], [-2.6]]]])
    one, none = draw.tensor([[[1]]]), draw.tensor([[0]])
    expected, got = answer.beside(slots, one, none, one, none)
    if close(expected, got):
        return None
    numbers = (brief(each.flatten(), 5) for each in (expected, got))
    return Finding("the activation is GELU in its tanh form, as in the official code", "-1.8, -2.2 and -2.6", *numbers)


PROPERTIES = (
    by_hand(
        hand,
        "expert i computes its own slots: gelu(slot · w_in[i] + b_in[i]) · w_out[i] + b_out[i]",
        "slots of expert 0: 10 and 20, of expert 1: 10 and -30; w_in 1, -1; b_in 2, 0; w_out 3, 1; b_out 1, 5",
        show=_show,
    ),
    changed(
        "experts in another order, each with its slots and its parameters, give the same answers in that order",
        case(3, 4, 2, 5, 6),
        _relabelled,
        lambda before, words: before[:, words[0]],
        name="order of experts",
    ),
    changed(
        "a slot's answer does not change with the other slots, nor with the other examples",
        case(3, 4, 2, 5, 6),
        _other_slots,
        lambda before, words: before,
        name="slots apart",
        view=lambda answers: answers[:1, :, :1],
    ),
    gradients(
        "slots and all four parameters get a gradient",
        case(2, 3, 2, 4, 5),
        ("slots", "w_in", "b_in", "w_out", "b_out"),
    ),
    as_defined(
        "answers = gelu(slots · w_in + b_in) · w_out + b_out, expert by expert, whatever the sizes",
        case(3, 4, 2, 5, 6),
        case(1, 3, 1, 4, 2),
        case(2, 1, 4, 3, 5),
        case(3, 2, 3, 1, 1),
        case(4, 4, 4, 4, 4),
    ),
    Property("GELU's form", _tanh_form, 'look up the argument "approximate" of torch.nn.functional.gelu'),
)
