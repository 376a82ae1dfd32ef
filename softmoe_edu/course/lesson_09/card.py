"""The instructor's card for lesson 09."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="09",
    purpose="Everybody can say what each row of the paper's ablation takes away, build it, and test a claim about "
    "specialists against an untrained network and a random router.",
    hunt={
        "M33": "“Soft MoE wins because it learns where to send tokens.” How much of the lead does a model have that "
        "sends them nowhere in particular?",
        "M43": "“Each token has its own answer, of course.” Which symbol in the formula still depends on the token?",
        "M41": "“Identity means no experts.” Let them count its parameters.",
        "M31": "“Expert 3 is the Greek expert, look at the map.” Show them the map from before the training.",
        "M30": "“Nothing is dropped, so all tokens count alike.” What does one token give to all slots together?",
        "M36": "“Sharp weights are good weights.” Which row of Table 2 has no sharp weight at all?",
    },
    vote=Vote(
        question="Soft MoE scores 74.8 % in Table 2 (ImageNet 10-shot), a dense ViT 62.3 %. What does Soft MoE score "
        "with both dispatch and combine uniform?",
        choices=("about 62 %", "about 66 %", "about 70 %", "about 74 %"),
        right="about 70 %",
        because="the experts' parameters bring most of the lead even if no token is sent anywhere in particular",
        expected="Many choose 62 or 66. Let them say what a uniform layer still has and a dense one lacks, and vote "
        "again.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Predict the table"),
        Part("3 · ★ Exercise: experts by position"),
        Part("4 · ★ Uniform mixing: predict, then compute"),
        Part("5 · ★ Exercise: three rows of the table"),
        Part("6 · ★ Are experts specialists?"),
        Part("7 · Exchange the router of a trained model", cut_first=True),
        Part("8 · The slot atlas", cut_first=True),
        Part("9 · Exercise: which tokens count"),
        Part("10 · Exercise: are an expert's slots alike?"),
        Part("11 · Slots before and after training"),
        Part("12 · A shipped architecture, at random", cut_first=True),
        Part("13 · Clinic: the beautiful map"),
        Part("14 · ★ What is settled, and five questions"),
    ),
    stuck={
        "“My identity is right for 5 tokens and wrong for 12.”": "Which expert gets token 3, and in which round? Write "
        "the places of 12 tokens down as a table.",
        "“Uniform is just a constant, but which?”": "Which weights sum to 1, and how many of them are there?",
        "“My shares are right and the importance is not.”": "What is the mean of your importance? With as many slots "
        "as tokens, and with half as many?",
        "“My gap is too large.”": "Is a slot a pair with itself? Print the diagonal of your table.",
        "“The study looks honest to me.”": "Which of its numbers can you compute anew? Do that with each, and compare.",
    },
    asked={
        "Why does identity beat ViT without learning to route?": "It has an MLP for each position, 256 times the "
        "parameters at the same cost; in photographs positions mean something.",
        "Is uniform mixing not the same as average pooling?": "Almost: each expert transforms the mean token, and the "
        "mean of their answers is added to every token. The residual keeps tokens apart.",
        "Why are the verdicts not the paper's?": "The models are thousands of times smaller and the tasks are others; "
        "the record says what was measured, with its intervals.",
        "Is a specialist useful?": "That is another question. Remove an expert and see which kinds suffer; a map of "
        "who answers whom does not tell.",
    },
)
