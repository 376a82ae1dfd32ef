"""The instructor's card for lesson 05."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="05",
    purpose="Everybody can compute a Soft MoE layer by hand, write it, and tell a wrong one from a right one.",
    hunt={
        "M01": "“Each token hands out exactly 1.” “Which softmax is which does not matter, both sum to 1.”",
        "M06": "“So every expert looks at every token, with a weight.” How many rows does one expert get?",
        "M03": "“I took combine's softmax over the last axis.” Over the slots of one expert, or of all?",
        "M04": "“Where is the second matrix, the one for combine?” Move one score in the lens and look at both maps.",
        "M08": "“It sends each token to few experts, softly.” Let them look for a 0.",
    },
    vote=Vote(
        question="A layer has 5 tokens and 3 slots. Sum one token's dispatch weights over all slots. What do you get?",
        choices=("1 for every token", "at most 1", "it depends on the token; all tokens together give 3"),
        right="it depends on the token; all tokens together give 3",
        because="each of the 3 slots is an average of tokens: its weights sum to 1, and the tokens compete for them",
        expected="Many may choose the first. Under a third right: sum the rows of the hand example on the board "
        "(7/4 and 5/4, together 3) before the second vote. Over two thirds right: let a wrong pair defend their "
        "choice, then go on.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Three predictions"),
        Part("3 · ★ On paper"),
        Part("4 · ★ Algorithm 1"),
        Part("5 · ★ Exercise: dispatch"),
        Part("6 · ★ Exercise: combine"),
        Part("7 · ★ The whole layer, from numbered lines"),
        Part("8 · ★ Exercise: the whole layer"),
        Part("9 · Your layer beside the library's, and under the lens"),
        Part("10 · What is computed, and what is not", cut_first=True),
        Part("11 · Write the check"),
        Part("12 · What your check lets through", cut_first=True),
        Part("13 · Clinic: it trains, and it is wrong"),
        Part("14 · The claim it settles", cut_first=True),
        Part("15 · Five questions"),
    ),
    stuck={
        "“I do not know which axis.”": "What is a slot an average of? How many of those are there, and which axis has "
        "that length?",
        "“My sums are right and the check still says no.”": "Which weight of the hand example differs from your paper? "
        "Would equal weights have these sums too?",
        "“Softmax takes only one axis.”": "On paper, with three experts of two slots: how many numbers are in a row?",
        "“My check rejects a right layer.”": "What did you compare with ==? What did you assume about how the experts "
        "are called?",
        "“The patient looks fine.”": "Which four sums can you take of two tensors, and which of them must be 1? If "
        "those are right: does the layer do with its weights what Algorithm 1 does?",
    },
    asked={
        "Why does one phi serve both?": "A score says how well a token and a slot fit; dispatch and combine read it "
        "from two sides. The paper's ablations (Table 2) remove one side at a time.",
        "Is it not attention?": "Dispatch is cross-attention with learned queries and without maps for keys and "
        "values, combine is the way back; between them are different MLPs.",
        "Why not as many slots as tokens?": "You can; the cost grows with the slots. The paper's long runs use one "
        "slot for each expert.",
        "Can a language model use it?": "Not as it is: every slot sees all tokens, even later ones.",
    },
)
