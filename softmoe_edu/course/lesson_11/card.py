"""The instructor's card for lesson 11."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="11",
    purpose="Students can test any layer for leaks, know what each causal Soft MoE costs and gives up, and can judge a "
    "new idea without an answer key.",
    hunt={
        "M27": "“We mask it, as in attention.” What do the slots hold that are left?",
        "M28": "“Mixing is not causal.” Which tokens meet in a slot: those of one text, or those of several?",
        "M26a": "“Expert choice is just a router, take it.” Change the last token, and look at the first outputs.",
    },
    vote=Vote(
        question="A layer's leak is 0. May it be used in a decoder?",
        choices=("yes", "not before its batch effect is known", "no: Soft MoE never may"),
        right="not before its batch effect is known",
        because="a layer can be causal within a text and still answer with a share of the other texts in the batch",
        expected="Many may choose the first. Show the row of “same position” in section 9, then vote again.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Exercise: an exact leak test"),
        Part("3 · ★ A mask for combine"),
        Part("4 · ★ Exercise: explain it by a measurement"),
        Part("5 · ★ Masks for both"),
        Part("6 · ★ The exact answer, and its price"),
        Part("7 · Exercise: slots for every prefix", cut_first=True),
        Part("8 · Exercise: count it", cut_first=True),
        Part("9 · ★ Two cheaper ways"),
        Part("10 · ★ A leak shows in the loss"),
        Part("11 · What they lose"),
        Part("12 · Clinic: it learns too well"),
        Part("13 · ★ The contest, and five questions"),
        Part("14 · Three shipped decoders under the test", cut_first=True),
    ),
    stuck={
        "“My matrix is the mirror image.”": "Which axis is the token that you changed?",
        "“Everything is True, even for one MLP.”": "Do you start from a fresh copy of x for each column?",
        "“My prefix layer leaks a little.”": "What do you divide by: who is in that sum?",
        "“My last row is wrong.”": "Does the last prefix hold the last token?",
        "“The patient leaks nothing.”": "Which instrument looks at something other than leaks?",
    },
    asked={
        "Is there really no answer?": "Not one that this course knows: section 6 of the paper leaves it open, and "
        "later work changes the method (segments, other texts, other routers).",
        "Why not train with the leak and mask afterwards?": "The model learns to read the future, and has nothing "
        "when it is gone. Section 10 shows how readily it does.",
        "Does attention in the model change any of this?": "Attention carries tokens forward by itself, so "
        "section 11 may turn out differently; a leak is still a leak.",
        "Is the order of section 11 general?": "No: small models, a made-up text, five seeds.",
    },
)
