"""What belongs into the blanks of lesson 06, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="06",
    answers=(
        Blank(
            name="my_scores",
            fill='"5, 0, 4"',
            why="5 · 25 / (5 · 5), 5 · 0 / (2 · 2) and 5 · 8 / (2 · 5): the scale times the dot product, divided "
            "by both lengths.",
            shows="scores: '5, 0, 4' is right",
        ),
        Blank(
            name="my_slot_1",
            fill='"2, 10/3"',
            why="the column is 2⁵ and 2⁴, so its weights are 2/3 and 1/3; the tokens are mixed as they came: 2/3 "
            "· [3, 4] + 1/3 · [0, 2].",
            shows="slot 1: '2, 10/3' is right",
        ),
        Blank(
            name="my_count",
            fill="325",
            why="phi 5 · 4 · 2 = 40, the scale 1, and for each of 4 experts 5 · 6 + 6 + 6 · 5 + 5 = 71.",
            shows="together: 325; you: 325",
        ),
        Blank(
            name="my_measurements",
            fill="alone[0].unique(), together[0].sum(1), together[0][:1] - alone[0]",
            why="an example alone has weights of 1 only, sums over its tokens are not 1, and its weights change "
            "with the other examples: the softmax runs over the batch.",
        ),
        Blank(
            name="my_test",
            fill="def my_test(layer):\n    return torch.allclose(layer(X)[:1], layer(X[:1]), atol=1e-5)",
            why="an example alone gets the answers that it gets beside others. Any line counts that fails for the"
            " patient, holds for the right layer, and would do so with other numbers.",
            shows="the patient: FAILS\nthe layer of section 9: holds",
        ),
    ),
)
