"""Lesson 71: how even chance is."""

from softmoe_edu.teaching.predict.question import Question

QUESTIONS = (
    Question(
        id="m15-small",
        misconception="M15",
        lesson="71",
        text="Two tokens choose one of two experts by a coin. In what share of the cases do both choose the same?",
        unit="%",
        tolerance=5.0,
        belief="chance fills all experts evenly",
        predicts=0.0,
        because="the second coin knows nothing of the first",
        truth=lambda: 50.0,
        again=(
            Question(
                id="m15-small-2",
                text="Two tokens choose one of three experts at random. How often do they choose different ones?",
                choices=("always", "in two of three cases"),
                belief="chance fills all experts evenly",
                predicts="always",
                because="one of the three that the second may choose is the first one's",
                truth=lambda: "in two of three cases",
            ),
        ),
    ),
)
