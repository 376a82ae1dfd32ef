"""What learners worked out on paper in section 3 of lesson 10, compared with the exact numbers."""

from softmoe_edu.course.lesson_10.all_to_all_bytes.exercise import all_to_all_bytes
from softmoe_edu.course.lesson_10.memory_per_device.exercise import memory_per_device

SHARED, PER_EXPERT, EXPERTS, STATES, DIM, BYTES_PER = 100, 10, 4, 2, 3, 4
"""The worked example: a layer of 4 experts with one slot each, trained with Adam."""


def four_devices(held: object, sent: object) -> str:
    """Return two lines that say whether the bytes that one of four devices holds, and those that travel, are right.

    Args:
        held: a whole number, as a number or as text such as "1,760"; "?" for none yet.
        sent: the same.
    """
    parameters, row, travelling = SHARED + PER_EXPERT, DIM * BYTES_PER, 4 * EXPERTS * 3 // 4
    for_held = {
        memory_per_device(SHARED, PER_EXPERT, EXPERTS, 1, STATES): "a device holds one expert now, and not all four",
        memory_per_device(SHARED, PER_EXPERT, EXPERTS, 2, STATES): "a device holds one expert now, and not two",
        4 * memory_per_device(SHARED, PER_EXPERT, EXPERTS, 4, STATES): "that is what all four devices hold together",
        parameters: "these are parameters; how many numbers come with each, of how many bytes?",
        parameters * (2 + STATES): "these are numbers; of how many bytes is each?",
        parameters * BYTES_PER: "that is the parameters alone; what else is kept for each when it is trained?",
    }
    for_sent = {
        all_to_all_bytes(EXPERTS, EXPERTS, DIM, BYTES_PER, 4) / 2: "that is the way there; the answers come back, too",
        all_to_all_bytes(2, EXPERTS, DIM, BYTES_PER, 2): "that is what travels between two devices",
        2 * 4 * EXPERTS * row: "that counts every slot; some stay on their device",
        2 * travelling: "these are rows; of how many bytes is each?",
        all_to_all_bytes(EXPERTS, EXPERTS, DIM, BYTES_PER, 4) / 4: "that is the share of one device; there are four",
    }
    return "\n".join(
        (
            "held: " + _compared(held, memory_per_device(SHARED, PER_EXPERT, EXPERTS, 4, STATES), for_held),
            "sent: " + _compared(sent, all_to_all_bytes(EXPERTS, EXPERTS, DIM, BYTES_PER, 4), for_sent),
        )
    )


def _compared(typed: object, exact: float, known: dict[float, str]) -> str:
    """Return what to say of a number; known maps wrong ones to what they are."""
    if str(typed).strip() in ("?", ""):
        return "not filled in"
    try:
        number = float(str(typed).replace(",", "").replace("bytes", ""))
    except ValueError:
        return f"{typed!r} cannot be read: write a whole number, such as 96"
    if number == exact:
        return f"{exact:,.0f} is right"
    return f"{number:,.0f} is not right: {known.get(number, 'work it out for one device, as in the example above')}"
