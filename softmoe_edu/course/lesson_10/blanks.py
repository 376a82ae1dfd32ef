"""What belongs into the blanks of lesson 10, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="10",
    answers=(
        Blank(
            name="my_bytes_held",
            fill="1760",
            why="100 shared parameters and 10 of its one expert, 4 numbers for each, 4 bytes for each number.",
            shows="held: 1,760 is right",
        ),
        Blank(
            name="my_bytes_sent",
            fill="288",
            why="each device sends 3 of its 4 slots: 12 rows there and 12 answers back, of 12 bytes each.",
            shows="sent: 288 is right",
        ),
        Blank(
            name="my_sentence",
            fill='"Ten more devices hold more experts, but each still holds all shared parameters, and more rows '
            'travel."',
            why="counts if it names a sum of this lesson and what it says about the ten devices: memory for each "
            "device, bytes that travel, or time.",
        ),
    ),
)
