"""What a right `memory_per_device` does."""

from softmoe_edu.teaching.check.properties import as_defined, by_hand, each_of

DEFINITION = "(shared + experts on the fullest device · an expert's) · (parameter + gradient + states) · bytes"


def sizes(draw):
    """Draw sizes, with more experts than devices or fewer, and a remainder or none."""
    low = ((0, 5000), (1, 900), (1, 40), (1, 12), (0, 4))
    drawn = [int(draw.integers(start, end, 1)) for start, end in low]
    return *drawn, (1, 2, 4, 8)[int(draw.integers(0, 4, 1))]


def _example(name, should, *args):
    shared, expert, experts, devices, states = args[:5]
    given = f"{shared} shared, {expert} an expert, {experts} experts, {devices} devices, {states} states"
    given += f", {args[5]} bytes" if args[5:] else ""
    return by_hand(lambda draw: args, should, given, name=name)


PROPERTIES = (
    _example(
        "the example by hand",
        "100 + 2 · 10 = 120 parameters; times 4 numbers each (parameter, gradient, 2 states), times 4 bytes",
        *(100, 10, 8, 4, 2),
    ),
    each_of(
        "numbers of a parameter",
        _example("sgd", "without states a parameter still has a gradient, which makes 2 numbers", 100, 10, 8, 4, 0),
        _example("one", "with one state, as momentum has, there are 3 numbers", 60, 7, 8, 4, 1),
    ),
    _example("one device", "a single device holds everything", 100, 10, 8, 1, 2),
    each_of(
        "a remainder",
        _example("ten", "10 experts on 4 devices: two of the devices hold 3", 100, 10, 10, 4, 2),
        _example("seven", "7 experts on 2 devices: one of them holds 4", 0, 3, 7, 2, 2),
    ),
    _example("bytes", "16-bit numbers have 2 bytes", 100, 10, 8, 4, 2, 2),
    _example("fewer experts than devices", "3 experts on 8 devices: the fullest device holds one", 100, 10, 3, 8, 2),
    as_defined(DEFINITION, sizes, repeats=30, show_output=True),
)
