"""The instructor's card for lesson 06."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="06",
    purpose="Everybody can turn Algorithm 2 into a module for batches and padding, and say what green tests leave out.",
    hunt={
        "M34": "“First normalise x, then go on with it.” Which line of the paper still needs the length?",
        "M40": "“Padding is zeros, and zeros do nothing.” What is exp(0)?",
        "M02": "“The paper says axis 0.” How many axes does the paper's X have, and how many has yours?",
        "M35": "“Wide layers collapse at once.” Draw phi with 1/√d and look; then ask what training does.",
    },
    vote=Vote(
        question="20 tokens of zeros stand behind 29 real ones, and the layer has no mask. What do the slots lose?",
        choices=("nothing: zeros add nothing", "about 40 % of their weights", "about 1 %: zeros have low scores"),
        right="about 40 % of their weights",
        because="a score of 0 is an average score where cosines lie between -1 and 1, and 20 of 49 tokens have it",
        expected="Many may choose the first. Under a third right: let them write down exp(0) and the sum of a column "
        "with 49 rows before the second vote. Over two thirds right: ask what changes with a scale of 8.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Scores that length cannot move"),
        Part("3 · ★ Exercise: the scores"),
        Part("4 · What width does to a softmax", cut_first=True),
        Part("5 · ★ What padding takes"),
        Part("6 · ★ Exercise: weights beside padding"),
        Part("7 · All experts at once"),
        Part("8 · ★ What the layer learns"),
        Part("9 · ★ The way through it"),
        Part("10 · Your layer in a model"),
        Part("11 · Clinic: all tests are green"),
        Part("12 · What was measured, and five questions"),
    ),
    stuck={
        "“My scores are right but for some tokens.”": "How long are those tokens? What does your length do with zeros?",
        "“phi cannot be normalised like x.”": "Where do the numbers of one slot's vector lie in (d, e, p)?",
        "“I get NaN.”": "In which example? How many real tokens does it have, and what is the sum of its column?",
        "“The mask does not broadcast.”": "The scores have four axes, the mask two. Where are the other two?",
        "“The check says a parameter is missing.”": "Print layer.named_parameters(). What is the class of the one that "
        "is not there?",
        "“Nothing is wrong with the patient.”": "Every test of its author uses eight examples at once. What would a "
        "single one show?",
    },
    asked={
        "Is the scale a temperature?": "It is one over a temperature: larger is sharper. It is learned, one for the "
        "whole layer.",
        "Does the paper's code have a mask?": "No. Its images all have the same number of tokens. The mask is an "
        "extension, tested here against cutting the padding off.",
        "Why does every expert start different?": "So that experts can be told apart. The released configurations "
        "start all of them equal; then only the slots' vectors differ.",
        "Is normalisation worth it in a small model?": "The record of this project shows sharper weights without it, "
        "and no difference in accuracy at widths up to 192.",
    },
)
