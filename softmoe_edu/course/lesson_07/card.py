"""The instructor's card for lesson 07."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="07",
    purpose="Everybody can turn a sentence about a layer (“it is smooth”, “it does not depend on the batch”) into a "
    "function that measures it, and knows what that function cannot see.",
    hunt={
        "M08": "“Softly sparse: most weights are practically 0.” How many are 0? Change one token and count.",
        "M11": "“Slot 3 reads patch 3.” Shuffle the patches, and look for the answer of the third.",
        "M29": "“MoE is not reproducible.” Which layer, and how many images share its slots?",
        "M12": "“More experts, more work.” Keep the slots, split them, and count again.",
        "M13": "“So experts are free.” What does the memory bar do while the MACs stay where they are?",
    },
    vote=Vote(
        question="A layer passes gradcheck at 100 random inputs. Does its answer jump anywhere?",
        choices=("no: it is differentiable", "yes: gradcheck looks for that", "it may: gradcheck looks at points"),
        right="it may: gradcheck looks at points",
        because="the places where a choice changes have no width, so that a random input is never on one; a walk "
        "crosses them",
        expected="Many may choose the first. Draw the step function of section 5 and ask for its slope at 0.3 and 0.7, "
        "then vote again.",
    ),
    parts=(
        Part("1 · ★ Why, and what you still know"),
        Part("2 · ★ Order, on paper"),
        Part("3 · ★ Exercise: does the order matter?"),
        Part("4 · ★ Who moves whom"),
        Part("5 · ★ A jump, by hand"),
        Part("6 · Would gradcheck have told you?"),
        Part("7 · Exercise: does the answer jump?", cut_first=True),
        Part("8 · ★ The rest of the batch"),
        Part("9 · Exercise: measure it", cut_first=True),
        Part("10 · ★ What it costs"),
        Part("11 · ★ Exercise: count it"),
        Part("12 · From 1 to 4,096 experts"),
        Part("13 · Clinic: which property is missing?"),
        Part("14 · ★ The claims"),
        Part("15 · Five questions"),
    ),
    stuck={
        "“Which side gets the order?”": "Write the property as an equation with two sides. What stands on each?",
        "“My test says False for the MLP.”": "How large is the difference, and how large are the answers?",
        "“My probe gives the same number for 10 and 1,000 steps.”": "Is it the largest step, or the whole way?",
        "“The batch makes no difference.”": "Who stands in front in your batch, and who is served first?",
        "“The patient has every property.”": "Which of the seven instruments have you not used yet?",
    },
    asked={
        "Do jumps harm training?": "This lesson does not tell. Sparse models are trained successfully; lesson 08 "
        "compares.",
        "Where does a ViT with Soft MoE know places from?": "From the position embedding that is added to the patches.",
        "Is a model with Soft MoE reproducible to the last bit?": "No layer is when the batch changes: sums are "
        "taken in another order. That is rounding, about a millionth.",
        "Why is the time not flat when the MACs are?": "Each expert's weights have to be read, and products of few "
        "rows run at a lower rate. Section 14 prints what was measured.",
    },
)
