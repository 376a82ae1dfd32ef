"""The instructor's card for lesson 00, Look inside."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="00",
    purpose="Students name the six steps of every router, read a dispatch map and a combine map, and can explain why "
    "tokens choice drops tokens although there are as many slots as tokens, and why Soft MoE drops none.",
    hunt={
        "M37": '"Several times the parameters: of course it is better." The four models score about alike here. Ask '
        "what the dense model lacks on a task this easy.",
        "M15": '"128 slots for 128 tokens: nobody can be dropped." Nobody tells the tokens where the free slots are.',
        "M01": '"Both softmaxes sum to 1, so it does not matter which is which." Ask over which axis each one sums.',
    },
    vote=Vote(
        question="Four experts with one slot each, and four tokens. The scores (rows are tokens) say that tokens 1, 2 "
        "and 3 like expert A best, and token 4 likes expert B best. Tokens choice, one expert for each token: how many "
        "tokens leave the layer without an answer?",
        choices=("none: four slots, four tokens", "one", "two", "three"),
        right="two",
        because="A has one slot, so two of the three tokens that chose it are dropped; the slots of the other two "
        "experts stay empty, since nobody chose them",
        expected="Many say none and count slots; some say one. Let four students play the tokens: they write down "
        "their choice before anyone speaks, then walk to the expert. Two find no chair, and two chairs stay empty.",
    ),
    parts=(
        Part("1 · ★ Watch three routers"),
        Part("2 · ★ The data: digits cut into tokens"),
        Part("3 · ★ Four models"),
        Part("4 · ★ Train"),
        Part("5 · ★ Record what the routers decide"),
        Part("6 · ★ Look inside"),
        Part("7 · The same on paper", cut_first=True),
        Part("8 · ★ What is settled, and what is not"),
    ),
    stuck={
        "I don't see what the picture wants to tell me.": "Follow one token only: click it. Which expert does it ask "
        "for, in which slot does it end, and what comes back?",
        "The maps look like noise.": "Choose one row. What does a row stand for, what does a column stand for, and "
        "what must the row add up to?",
        "My numbers differ from my neighbour's.": "Which of them come from training, and which follow from a "
        "definition? Which should agree on any computer?",
        "Training stopped, or I pressed ■.": "What did `train` return? Which later cells need the model, and which "
        "need only its routings?",
    },
    asked={
        "Which router is the best?": "This lesson cannot say: one seed, one easy task. Lesson 08 compares properly.",
        "Why not simply give every expert more slots?": "That works, and every slot is computed, full or not. "
        "Lesson 02 puts a price on it.",
        "Does a dropped token disappear from the model?": "No. The residual connection carries it past the layer; only "
        "this layer adds nothing to it.",
        "Is Soft MoE still sparse?": "Every token reaches every slot with some weight, so the mixing is dense. What "
        "is saved is work: experts see slots, and there are as many of those as you choose.",
    },
)
