"""The instructor's card for lesson 03."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="03",
    purpose="Students can write the balance loss, show that it teaches through the mean gates alone, and judge it by "
    "the load and the error instead of by its value.",
    hunt={
        "M20": '"The loss lowers the load." Which of its two factors can gradient descent move? Let them print '
        "requires_grad of both.",
        "M19": '"Our balance loss is 1.00, so we are balanced." Ask for the load itself.',
        "M18": '"Balanced routing is good routing." Send tokens to experts by their position, and look at the error.',
        "M39": '"The z-loss is another balance loss." Shift all scores by 5: which of the two losses notices?',
        "M40": '"Padding does no harm." To which expert does padding go, and what does the loss make of that?',
    },
    vote=Vote(
        question="The balance loss e · Σ f · P is 1.000 in every step of a training run. What do you conclude?",
        choices=(
            "the load is even",
            "the gates are even",
            "the code is wrong",
            "nothing yet: each of these can be the reason",
        ),
        right="nothing yet: each of these can be the reason",
        because="it is 1 at even load, at even gates whatever the load, and in code that multiplies two sums of 1; "
        "only the load and the gradient tell",
        expected="Most may choose the first, some who have debugged such code the third. Show f = (1, 0, 0, 0) with "
        "P = (1/4, 1/4, 1/4, 1/4), let them compute 4 · Σ f · P, and vote again.",
    ),
    parts=(
        Part("1 · ★ Why"),
        Part("2 · ★ A router without supervision"),
        Part("3 · ★ Worked example: two numbers for each expert"),
        Part("4 · ★ Exercise: the load of each expert"),
        Part("5 · ★ Predict: what the router hears"),
        Part("6 · ★ Exercise: the loss"),
        Part("7 · ★ Train again, with the loss"),
        Part("8 · Predict: what the number says"),
        Part("9 · Predict: even, and good?"),
        Part("10 · Exercise: keep the scores small", cut_first=True),
        Part("11 · Exercise: an older way to ask for balance", cut_first=True),
        Part("12 · Balance without a loss", cut_first=True),
        Part("13 · Clinic: a loss that does nothing"),
        Part("14 · ★ What is settled"),
    ),
    stuck={
        "My shares sum to 2.": "How many choices does a group make? By what did you divide?",
        "one_hot complains about -1.": "Whose choice is that, and does it count?",
        "My loss is always 1.": "Over which axis is your mean gate a mean? Print it: should all numbers be equal?",
        "I get NaN with a mask.": "What is 0 times NaN? What stands in the gates of padding?",
        "The check wants a gradient that I do not have.": "Which of your two factors has requires_grad? Did you detach "
        "it, or go through .item()?",
    },
    asked={
        "Which weight is right?": "None for all: Switch used 0.01, V-MoE 0.005 for each of two losses. Sweep it, and "
        "judge by the error, not by the loss.",
        "Why not differentiate the counts in some other way?": "One can: V-MoE's load loss uses the probability that "
        "an expert is among the best if the noise is drawn again; that is smooth.",
        "Does Soft MoE need any of this?": "No: every slot is filled by construction. How much each expert then "
        "matters is another question, and is measured in a later lesson.",
        "Balance in each group or over the whole batch?": "Both are in use. Over larger sets an expert may specialise "
        "more, because each single group need not be even.",
    },
)
