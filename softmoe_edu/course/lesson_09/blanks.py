"""What belongs into the blanks of lesson 09, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="09",
    answers=(
        Blank(
            name="my_order",
            fill='["soft", "soft / uniform", "uniform / soft", "uniform", "identity", "dense"]',
            why="the order of Table 2 by ImageNet 10-shot; JFT-4B has the same. Even uniform weights are far "
            "ahead of no experts.",
            shows="your order: 15 of 15 pairs as in the paper",
        ),
        Blank(
            name="my_token_0",
            fill='"7/4, 7/2"',
            why="3/6 · [2, 4] + (1/6 + 2/6) · [3/2, 3].",
            shows="7/4, 7/2 is right",
        ),
        Blank(
            name="my_token_1",
            fill='"13/8, 13/4"',
            why="1/4 · [2, 4] + (2/4 + 1/4) · [3/2, 3].",
            shows="13/8, 13/4 is right",
        ),
        Blank(
            name="my_guess",
            fill='{"moves least": "uniform / soft", "changes most": "identity"}',
            why="a guess; the cell prints what each router did.",
            shows="your guess:",
        ),
        Blank(
            name="my_guess",
            fill='"Mixtral"',
            why="its first layer scores equal characters equally, so that they go to the same experts before "
            "anything is learned.",
            shows="your guess: Mixtral",
        ),
        Blank(
            name="my_measurements",
            fill="(study.router.phi - study.at_start.phi).abs().max()",
            why="0: training never moved this router.",
        ),
    ),
)
