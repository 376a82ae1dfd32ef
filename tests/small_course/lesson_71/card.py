"""The instructor's card of lesson 71, A small lesson."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="71",
    purpose="Students count choices, and do not forget the second ones.",
    hunt={"M15": '"Chance is fair, so every expert has the same."'},
    vote=Vote(
        question="Four tokens, two experts, one coin each. Which is more likely: two and two, or three and one?",
        choices=("two and two", "three and one"),
        right="three and one",
        because="8 of 16 cases are three and one, 6 are two and two",
        expected="Most say two and two. Let them list the cases.",
    ),
    parts=(
        Part("1 · ★ Predict"),
        Part("2 · ★ Exercise: count the choices"),
        Part("3 · Clinic", cut_first=True),
    ),
    stuck={"My counts are too short.": "Which expert did no token choose?"},
    asked={"Does the order of tokens matter?": "Not for a count."},
)
