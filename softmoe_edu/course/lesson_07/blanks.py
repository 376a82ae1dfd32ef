"""What belongs into the blanks of lesson 07, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="07",
    answers=(
        Blank(
            name="my_a",
            fill='"6, 4, 8"',
            why="the mean of 3, 1, 5 is 3, whatever their order.",
            shows="A: right",
        ),
        Blank(
            name="my_b",
            fill='"3, 4, 6"',
            why="3 has nothing before it; then 1 + 3 and 5 + 1.",
            shows="B: right",
        ),
        Blank(
            name="my_ratio",
            fill="0.5",
            why="a guess; the cell prints what was measured. Large means that every token has a similar say.",
            shows="in the soft layer from",
        ),
        Blank(
            name="my_left",
            fill='"0"',
            why="expert 1 has the larger score, and it answers 0.",
            shows="tokens choice, x = 0.4999: you 0, the layer 0.000: right",
        ),
        Blank(
            name="my_right",
            fill='"2"',
            why="expert 0 has the larger score; its answer is 4 and its gate a hair over 1/2.",
            shows="tokens choice, x = 0.5001: you 2, the layer 2.000: right",
        ),
        Blank(
            name="my_soft",
            fill='"2"',
            why="4 times a combine weight of 1/2, and 0 times the other; nothing happens at 1/2.",
            shows="Soft MoE, x = 0.5001:      you 2, the layer 2.000: right",
        ),
        Blank(
            name="my_passes",
            fill="200",
            why="gradcheck looks a hair to both sides of one input; no random input lies that close to 1/2.",
            shows="tokens choice  passes at 200 of 200 inputs",
        ),
        Blank(
            name="my_front",
            fill="0",
            why="tokens are served in order of position: who stands in front finds all slots free.",
            shows="x in front: 0 % of its tokens change (you: 0)",
        ),
        Blank(
            name="my_percent",
            fill="200",
            why="3 · n · s · d over 2 · s · d · h is 1.5 · n / h: 1.5 · 4096 / 3072 = 2.",
            shows=" 4096 tokens: routing is  200.0 %",
        ),
        Blank(
            name="my_measurements",
            fill="[smoothness_probe(patient.layer, x, way, steps) for steps in (100, 1000)]",
            why="ten times the steps should make the largest step a tenth; here it stays: the layer jumps.",
        ),
        Blank(
            name="my_doubts",
            fill='["soft-balance"]',
            why="for yourself: the claims that you doubted before you read the verdicts.",
        ),
    ),
)
