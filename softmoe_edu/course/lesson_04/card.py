"""The instructor's card for lesson 04, Expert choice."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="04",
    purpose="Students read the table of gates by columns: experts are full by construction, tokens get several experts "
    "or none, and what an earlier token gets depends on later ones, which they can measure in any layer.",
    hunt={
        "M24": '"Every expert has eight tokens, so every token has one expert." Let them colour the slots of two '
        "experts that want the same token.",
        "M25": '"Full experts, so nothing is dropped." Full slots are counted along one side of the table, tokens '
        "along the other.",
        "M26a": '"A token only needs its own scores." Ask whom it has to beat.',
    },
    vote=Vote(
        question="64 tokens, 8 experts of 8 slots, random scores; each expert takes the 8 tokens with its largest "
        "gates. What share of the tokens is in no slot?",
        choices=("none: 64 slots for 64 tokens", "about 2 %", "about 16 %", "about 50 %"),
        right="about 16 %",
        because="experts choose independently, so about as many tokens have two or more; with random choices "
        "it would be (7/8)^8, 34 %, and the softmax over experts makes them agree less than that",
        expected="Many choose none. Then let eight people each write down, unseen, two of sixteen names on a list, "
        "count the names that nobody wrote, and vote again.",
    ),
    parts=(
        Part("1 · ★ Why"),
        Part("2 · ★ Predict: who is left out"),
        Part("3 · ★ One table, read twice"),
        Part("4 · ★ Exercise: each expert chooses"),
        Part("5 · ★ Exercise: how many experts a token has"),
        Part("6 · Balanced by construction, measured", cut_first=True),
        Part("7 · ★ Predict: the last token"),
        Part("8 · ★ Exercise: who sees the last token"),
        Part("9 · Word by word", cut_first=True),
        Part("10 · Clinic"),
        Part("11 · ★ What is settled"),
    ),
    stuck={
        "My weights do not sum to 1.": "Along which axis did you add? What is promised to sum to 1, and before or "
        "after the choice?",
        "I get the shape (b, capacity, e).": "Along which axis does topk look? Which two axes do you want swapped, and "
        "does reshape swap anything?",
        "My histogram has too few tokens.": "Which tokens does your first count never see?",
        "bincount raises an error.": "What does a slot hold in which no token sits?",
        "My leak of an MLP is not 0.": "Which outputs may change when the last token does?",
        "I get 0 for Soft MoE.": "What do your two calls differ in? Print x and the changed tokens after both.",
    },
    asked={
        "Which tokens get no expert?": "Those that no expert rates high: tokens with flat gates, or tokens for which "
        "others are always better. The residual connection carries them on.",
        "Why is the softmax over experts if experts choose?": "So it is defined (Zhou et al., section 3.2); a token "
        "then weighs experts against each other, which is why they agree less on the same tokens.",
        "Do language models use it?": "In encoders, and in decoders during training; for writing word by word some "
        "later work replaces the comparison with a threshold for each expert, which needs no other token.",
        "Is a leak bad if the loss gets better?": "In training the model sees the future through it; when it writes, "
        "there is no future to see, and its loss was not what it seemed.",
    },
)
