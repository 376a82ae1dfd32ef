"""The instructor's card for lesson 08."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="08",
    purpose="Everybody can give two models the same cost, test their difference against chance, and find the fault in "
    "a comparison.",
    hunt={
        "M45": "“Both were trained for the same number of steps, so it is fair.” What did a step of each cost?",
        "M37": "“It has the same number of parameters.” How many of them does one token meet?",
        "M44": "“Soft MoE replaces every MLP.” In which blocks do the paper's models, and ours, have experts?",
    },
    vote=Vote(
        question="Your model beats its rival in 5 of 5 paired seeds. If both were equally good, how often would one of "
        "the two win all five?",
        choices=("in about 3 % of such studies", "in about 6 % of such studies", "practically never"),
        right="in about 6 % of such studies",
        because="of 32 rows of five coins one is all heads and one all tails, and either would have been reported",
        expected="Many may choose the last; those who calculate may choose the first. Under a third right: let "
        "everybody toss a coin five times and count the rows that are all alike in the room. Over two thirds right: "
        "ask how many seeds it takes for 18 comparisons, then go on.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Predict, then open the records"),
        Part("3 · ★ Equal cost, on paper"),
        Part("4 · ★ Exercise: the width at equal cost"),
        Part("5 · ★ One run is one throw of the dice"),
        Part("6 · ★ Five of five"),
        Part("7 · ★ Exercise: the sign test"),
        Part("8 · On text"),
        Part("9 · Exercise: the interval of a difference"),
        Part("10 · Exercise: cost has more than one axis", cut_first=True),
        Part("11 · Clinic: a headline"),
        Part("12 · ★ The claims it settles, and five questions"),
    ),
    stuck={
        "“My width is off by a constant.”": "How many matrix products are there between tokens and slots, there and "
        "back? Which of them did you count?",
        "“My p is half of what is expected.”": "Had your model lost all of them, what would you have written?",
        "“My p is above 1.”": "Write down the rows for two coins, one up and one down. Which rows did you count twice?",
        "“The curves differ, so why is it not significant?”": "How far apart are two seeds of the same model?",
        "“The study looks fine.”": "Go through the table of section 2 line by line: cost, tuning, seeds, test. Which "
        "instrument shows each?",
    },
    asked={
        "Why not a t-test?": "It takes differences to be normal; a run that fails altogether moves its mean and its "
        "spread, and only one sign.",
        "Why not more seeds?": "Each costs a training. Twelve are enough for 18 corrected sign tests, five are not.",
        "The paper has one run each. Is it worthless?": "No: many models along a front are evidence, too. A single "
        "pair of them is one throw.",
        "Why pair the seeds?": "A pair shares the order of its batches, so that some of the luck cancels.",
    },
)
