"""What belongs into the blanks of lesson 05, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="05",
    answers=(
        Blank(
            name="my_slot_1",
            fill='"1/3, 4/3"',
            why="column 1 is 1 and 2, so its weights are 1/3 and 2/3: 1/3 · [1, 0] + 2/3 · [0, 2] = [1/3, 4/3].",
            shows="slot 1:  right",
        ),
        Blank(
            name="my_slot_2",
            fill='"2/3, 2/3"',
            why="column 2 is 2 and 1, so its weights are 2/3 and 1/3: 2/3 · [1, 0] + 1/3 · [0, 2] = [2/3, 2/3].",
            shows="slot 2:  right",
        ),
        Blank(
            name="my_token_0",
            fill='"7/3, 7/3"',
            why="the answers of the slots are [3, 2], [1, 4] and [2, 2]; row 0 is 3, 1, 2, so their weights are "
            "1/2, 1/6 and 1/3.",
            shows="token 0: right",
        ),
        Blank(
            name="my_token_1",
            fill='"7/4, 3"',
            why="the same answers; row 1 is 1, 2, 1, so their weights are 1/4, 1/2 and 1/4.",
            shows="token 1: right",
        ),
        Blank(
            name="my_measurements",
            fill="together.dispatch.sum(1), together.combine.sum((2, 3))",
            why="both should be 1 everywhere, and neither is. The next two to look at are "
            "`together.dispatch.sum((2, 3))` and `together.combine.sum(1)`: these are 1, so each softmax runs"
            " over the other's axes.",
        ),
    ),
)
