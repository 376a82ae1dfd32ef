"""What belongs into the blanks of lesson 08, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="08",
    answers=(
        Blank(
            name="my_width",
            fill="40",
            why="2 · 16 · 32 · 64 = 3 · 16 · 16 · 32 + 2 · 16 · 32 · w; divided by 16 · 32: 128 = 48 + 2 w.",
            shows="equal",
        ),
        Blank(
            name="my_four_of_five",
            fill="12",
            why="five alike: 2 rows. Four alike: the odd one stands in one of five places, for either model: 10 rows.",
            shows="12 rows: as you say",
        ),
        Blank(
            name="my_measurements",
            fill='study.each("macs"), study.labels[: study.group]',
            why="the MACs of the two models differ by far more than 1 %, and a group of the test holds a single class.",
        ),
    ),
)
