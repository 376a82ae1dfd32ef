"""What belongs into the blanks of lesson 11, and why."""

from softmoe_edu.teaching.blank import Blank, Blanks

BLANKS = Blanks(
    lesson="11",
    answers=(
        Blank(
            name="my_counts",
            fill='"1 2 3 4 5 6 7 8 9 10 11 12"',
            why="output i reads slots 0 to i, and every one of them holds the last token: i + 1 paths.",
            shows="mask on combine: 1 2 3 4 5 6 7 8 9 10 11 12\n",
        ),
        Blank(
            name="my_paths",
            fill='"4 0"',
            why="token 2 is in slots 2 to 11, and output 5 reads slots 0 to 5: 2, 3, 4 and 5. Token 5 is in slots"
            " 5 and later, and output 2 reads none of them.",
            shows="token 2 to output 5, token 5 to output 2: 4 0  you: 4 0",
        ),
        Blank(
            name="my_first_answer",
            fill='"7/2, 0"',
            why="every slot holds token 0, [1, 0]; the experts answer [4, 0], [3, 0] and [3, 0]; 3/6 · 4 + 1/6 · "
            "3 + 2/6 · 3 = 7/2.",
            shows="right, [7/2, 0]",
        ),
        Blank(
            name="my_guess",
            fill='"prefix, masked both, previous segment"',
            why="a guess; section 11 measures it, and there the ranges over seeds overlap.",
        ),
        Blank(
            name="my_measurements",
            fill="leak_matrix(patient.layer, x).int()",
            why="there are ones just above the diagonal and none further up: output i moves with token i + 1.",
        ),
        Blank(
            name="my_layer",
            fill="causal.previous_segment",
            why="an entry of one's own goes here; this one is in the list already, and shows what an entry reports.",
            shows="leak                     0.0 %     ok",
        ),
        Blank(
            name="my_limitation",
            fill='"Its slots hold only the segment before, so a token knows nothing of its own segment or of what '
            'came earlier."',
            why="counts if it names what the layer cannot do, and whom that costs.",
            shows="limitation                21 words   ok",
        ),
        Blank(
            name="my_guess",
            fill='{"mixtral": [], "doge": ["later tokens", "other examples"], "nllb-moe": ["later tokens", "other '
            'examples"]}',
            why="no expert of mixtral is ever full. The reshape of doge mixes all tokens of the batch; the slots "
            "of nllb-moe are shared by it, and all first choices come before all second ones.",
        ),
    ),
)
