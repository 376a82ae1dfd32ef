"""Mistakes in how many bytes an all-to-all sends."""

from softmoe_edu.teaching.exercise import mistake, mistakes_in


@mistake(
    "M38",
    does="counts the way to the experts alone",
    belief="Rows are sent to their experts.",
    refuted="answers have to come back to the device whose tokens they are for: twice as much",
    seen="one arrow in the picture",
)
def one_way(seqs, slots, dim, bytes_per, devices):
    """Half."""
    return seqs * slots * dim * bytes_per * (devices - 1) / devices


@mistake(
    does="counts rows that never leave their device",
    belief="An all-to-all sends everything.",
    refuted="of a sequence's slots 1 in `devices` belongs to an expert on the same device, and stays",
    seen="2 * slots * dim * bytes",
)
def nothing_stays(seqs, slots, dim, bytes_per, devices):
    """No 1 - 1/devices."""
    return 2 * seqs * slots * dim * bytes_per


@mistake(
    does="counts the rows that stay on their device, instead of those that leave it",
    belief="The share of one device is 1 / devices.",
    refuted="1 / devices is what stays; the rest leaves",
    seen="1 / devices instead of 1 - 1 / devices",
)
def what_stays(seqs, slots, dim, bytes_per, devices):
    """1 / devices."""
    return 2 * seqs * slots * dim * bytes_per / devices


@mistake(
    does="returns the bytes of one device instead of all",
    belief="Each device counts for itself.",
    refuted="the task asks for all bytes between devices, of all sequences together",
    seen="a formula per device",
)
def of_one_device(seqs, slots, dim, bytes_per, devices):
    """Divided by devices."""
    return 2 * seqs * slots * dim * bytes_per * (devices - 1) / devices / devices


@mistake(
    does="returns the bytes between two of the devices",
    belief="Two devices exchange.",
    refuted="the task asks for all devices: each of them sends to every other one",
    seen="a picture with two boxes",
)
def of_one_pair(seqs, slots, dim, bytes_per, devices):
    """Over all ordered pairs."""
    return 2 * seqs * slots * dim * bytes_per * (devices - 1) / devices / max(1, devices * (devices - 1))


@mistake(
    does="sends every row to every other device",
    belief="All-to-all means that everybody gets everything.",
    refuted="that would be an all-gather; in an all-to-all a row goes to the one device that has its expert",
    seen="the name, read alone",
)
def to_every_device(seqs, slots, dim, bytes_per, devices):
    """Times devices - 1."""
    return 2 * seqs * slots * dim * bytes_per * (devices - 1)


@mistake(
    does="counts rows, whatever their width",
    belief="A slot is one thing to send.",
    refuted="a row is dim numbers",
    seen="dim left out",
)
def rows_without_width(seqs, slots, dim, bytes_per, devices):
    """No dim."""
    return 2 * seqs * slots * bytes_per * (devices - 1) / devices


@mistake(
    does="returns numbers, not bytes",
    belief="A number is a unit.",
    refuted="a number in 16 bits takes 2 bytes, in 32 bits 4",
    seen="bytes_per left out",
)
def numbers_not_bytes(seqs, slots, dim, bytes_per, devices):
    """No bytes_per."""
    return 2 * seqs * slots * dim * (devices - 1) / devices


@mistake(
    does="returns bits",
    belief="Networks are rated in bits.",
    refuted="networks are rated in bits, memory in bytes; the task asks for bytes",
    seen="Gbit/s",
)
def bits(seqs, slots, dim, bytes_per, devices):
    """Times 8."""
    return 16 * seqs * slots * dim * bytes_per * (devices - 1) / devices


@mistake(
    does="counts the backward pass as well",
    belief="Training runs both ways.",
    refuted="the task asks for the forward pass alone; the backward pass sends the same amount again",
    seen="4 instead of 2",
)
def backward_too(seqs, slots, dim, bytes_per, devices):
    """Times 4."""
    return 4 * seqs * slots * dim * bytes_per * (devices - 1) / devices


@mistake(
    does="counts one sequence, whatever their number",
    belief="Cost is given per sequence.",
    refuted="the task asks for all sequences of the batch",
    seen="seqs left out",
)
def one_sequence(seqs, slots, dim, bytes_per, devices):
    """No seqs."""
    return 2 * slots * dim * bytes_per * (devices - 1) / devices


@mistake(
    does="takes devices / (devices + 1) for the share that leaves",
    belief="There is one more device, my own.",
    refuted="`devices` counts all of them: devices - 1 of devices",
    seen="an index that is off by one",
)
def all_but_one(seqs, slots, dim, bytes_per, devices):
    """One device too many on both sides."""
    return 2 * seqs * slots * dim * bytes_per * devices / (devices + 1)


MISTAKES = mistakes_in(globals())
