"""What belongs into the blanks of lesson 02, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="02",
    answers=(
        Blank(
            name="my_rule",
            fill='"The expert keeps its eight, and the ninth token goes to another expert with a free slot."',
            why="any rule is fine. Ask what all rules have to answer: does it depend on the token's position, on "
            "later tokens, on other images, and does the expert's work stay the same size? This one keeps the"
            " size, and depends on the order.",
        ),
        Blank(
            name="my_worry",
            fill='"The other expert was never meant for this token, and who comes ninth is an accident of the order."',
            why="any worry is fine that names who loses: the token, the expert, or the time.",
        ),
    ),
)
