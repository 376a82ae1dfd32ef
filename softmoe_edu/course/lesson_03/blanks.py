"""What belongs into the blanks of lesson 03, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="03",
    answers=(
        Blank(
            name="my_guess",
            fill="4",
            why="a guess, made before the measurement; the cell prints how many experts are in use for each seed.",
            shows="my guess: 4",
        ),
        Blank(
            name="my_sentence",
            fill='"I would have denied that the balance loss can be below 1: section 8 finds 0.875, off balance."',
            why="a sentence of one's own counts if it names a belief and the measurement of this lesson that "
            "changed it.",
        ),
    ),
)
