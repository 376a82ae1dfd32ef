"""The instructor's card for lesson 02."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="02",
    purpose="Everybody can fill a finite buffer in code, and knows that a dropped token loses one expert's answer and "
    "nothing else, and that the order of tokens and the other tokens of the group decide which ones are dropped.",
    hunt={
        "M15": '"If the router is balanced, nothing is dropped." Balanced on average or in every group?',
        "M16b": '"The layer gives a dropped token back." Who adds x: the layer, or the block?',
        "M14": '"Capacity 2 means two experts per token." Let them point at the two slots.',
        "M17": '"Some tokens get dropped, so what." Show the heat map before you argue.',
        "M26b": '"Token choice is causal, every token decides alone." It decides alone, but it is served in a queue.',
    },
    vote=Vote(
        question="A router sends 49 tokens to 32 experts at random, all equally likely; every expert has 2 slots. "
        "How many tokens are dropped on average?",
        choices=("none: 64 slots are more than enough", "about 2 %", "about 19 %", "about 50 %"),
        right="about 19 %",
        because="the number of tokens at an expert is binomial; whatever exceeds two is dropped, and free slots "
        "elsewhere do not help (metrics.expected_drop_fraction(49, 32, 2) is 0.187)",
        expected="Many may choose none or 2 %. Then let 12 people choose one of 6 corners of the room without talking, "
        "keep two in each, count who stands outside, and vote again.",
    ),
    parts=(
        Part("1 · ★ Why, and the ninth token"),
        Part("2 · ★ Worked example: two slots each"),
        Part("3 · ★ Exercise: how large a buffer is"),
        Part("4 · Predict: what chance drops"),
        Part("5 · ★ Who gets a slot, from numbered lines"),
        Part("6 · Exercise: write it yourself", cut_first=True),
        Part("7 · ★ A whole router on one screen"),
        Part("8 · ★ Exercise: what comes back"),
        Part("9 · ★ Who is dropped"),
        Part("10 · Does it matter who is dropped?", cut_first=True),
        Part("11 · Does an earlier token depend on a later one?"),
        Part("12 · Does an image depend on the others?"),
        Part("13 · Exercise: write the check", cut_first=True),
        Part("14 · What your check lets through", cut_first=True),
        Part("15 · Clinic"),
        Part("16 · What is settled"),
        Part("17 · Five questions"),
    ),
    stuck={
        "I do not know how to get the slot number.": "How many ahead of you in the queue chose the same expert?",
        "My kept is right, my positions are not.": "Which index of your result belongs to token 2: its position in the "
        "queue, or its own?",
        "Padding confuses me.": "What does count[-1] mean in Python?",
        "Two tokens sit in one slot.": "When your second round of choices begins, what does your counter say?",
        "My check rejects a right function.": "Which of your assertions requires something that the docstring does not "
        "promise?",
        "Everything passes my check.": "Show me an input on which two orders of service give different results.",
    },
    asked={
        "Why not send the dropped token to its next best expert?": "Some systems do; then an expert's load depends on "
        "all dropped tokens, and the order matters even more.",
        "Why not simply make the buffers large enough?": "One crowded expert would set the size of all; without a "
        "limit the work of a step varies, which is what fixed buffers avoid.",
        "Does priority drop fewer tokens?": "With k = 1 exactly as many, but different ones; with k = 2 as many "
        "choices, and the number of tokens that lose both may rise or fall.",
        "Is a dropped token's gradient lost?": "Its expert and gate get none from it in this layer; the residual "
        "connection carries the gradient past it.",
        "Do modern language models drop tokens?": "Many run without a capacity in inference; then no token is dropped "
        "and the experts' work varies instead (capacity_factor=None here).",
    },
)
