"""What a right `all_to_all_bytes` does."""

from softmoe_edu.teaching.check.properties import as_defined, by_hand, each_of

DEFINITION = "rows that leave their device: seqs · slots · (1 - 1/devices); there and back; dim numbers each"


def sizes(draw):
    """Draw sizes that the devices share evenly."""
    devices, a, b, dim = (int(draw.integers(low, high, 1)) for low, high in ((1, 17), (1, 9), (1, 30), (1, 200)))
    return devices * a, devices * b, dim, (1, 2, 4, 8)[int(draw.integers(0, 4, 1))], devices


def _example(name, should, *args):
    seqs, slots, dim, width, devices = args
    given = f"{seqs} sequences, {slots} slots, width {dim}, {width} bytes a number, {devices} devices"
    return by_hand(lambda draw: args, should, given, name=name)


PROPERTIES = (
    _example(
        "the example by hand",
        "of 6 slots 3 belong to the other device: 4 · 3 = 12 rows leave, 12 answers return, each 5 numbers of 4 bytes",
        *(4, 6, 5, 4, 2),
    ),
    _example("four devices", "of 8 slots 6 belong to other devices, for each of 4 sequences", 4, 8, 10, 2, 4),
    each_of(
        "each size counts",
        _example("sequences", "three times the sequences send three times as much", 12, 6, 5, 4, 2),
        _example("width", "rows of 7 numbers", 4, 6, 7, 4, 2),
        _example("bytes", "numbers of 2 bytes", 4, 6, 5, 2, 2),
    ),
    _example("one device", "on one device nothing travels", 4, 6, 5, 4, 1),
    _example("many devices", "of 16 rows 15 travel, and on 2 devices 8: not even twice as many", 16, 32, 3, 2, 16),
    as_defined(DEFINITION, sizes, repeats=30, show_output=True),
)
