"""The instructor's card for lesson 01, Token choice."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="01",
    purpose="Students write a top-k router and the sparse layer around it, and can show by measurement what it learns "
    "from: the gates of the chosen experts, never the choice itself.",
    hunt={
        "M21": '"Softmax and then top-k, or top-k and then softmax: you get the same experts, so it is the same." '
        "The experts are the same, but the weights differ, and with k = 1 the second order has no gradient.",
        "M22": '"Top-k is not differentiable, so the router cannot learn." Or the opposite: "autograd handles it, so '
        'the choice is learned too."',
        "M23": '"The noise is part of the router", from those who have read training code only.',
    },
    vote=Vote(
        question="One choice per token. Router A takes the softmax over all experts and then the best gate; router B "
        "takes the best logit and then the softmax over its choice. After a hundred steps of training, which "
        "router's matrix has moved?",
        choices=("both", "A's only", "B's only", "neither: top-k blocks the gradient"),
        right="A's only",
        because="B's gate is a softmax over one number, which is 1 whatever the number is; a constant has slope 0. "
        "(Weight decay aside, which would shrink both.)",
        expected="Many say both, some neither. Let those who said neither write the output of A for one token as "
        "a formula and find the factor that depends on the scores, then vote again.",
    ),
    parts=(
        Part("1 · ★ Why"),
        Part("2 · ★ Worked example: a whole router"),
        Part("3 · ★ Exercise: choose k experts"),
        Part("4 · ★ Predict: which comes first?"),
        Part("5 · Exercise: measure what a router is taught", cut_first=True),
        Part("6 · ★ Exercise: the whole layer"),
        Part("7 · ★ Predict: what moves, and what jumps"),
        Part("8 · Predict: noise", cut_first=True),
        Part("9 · Clinic"),
        Part("10 · ★ What is settled"),
    ),
    stuck={
        "My weights sum to 1 and the check says they should not.": "Over which experts does your softmax run? What do "
        "the gates of all experts sum to, and what is left when only k of them count?",
        "I have the weights, but they belong to the wrong experts.": "What is in column j of your indices, and "
        "what is in column j of your weights? Print both for one token.",
        "With k = 2 my layer is right for some tokens only.": "A token with two experts is visited twice. What was "
        "in its row of the output when the second visit began?",
        "My layer is right but computes too many rows.": "Which tokens did you hand to expert 0? Who chose it?",
        "autograd says that the loss does not require grad.": "Which function did your scores go through last that "
        "returns whole numbers, or a copy without a graph? What should the answer be if there is no path at all?",
    },
    asked={
        "Which order is the right one?": "Both are in use; a model has to be run with the one it was trained with. "
        "With k = 1 only softmax first lets the router learn.",
        "How does an expert that is never chosen come back?": "Hardly by itself: its logit only falls or "
        "rises through the softmax of tokens that chose others. Noise in training and balance losses (lesson 03) are "
        "there for that.",
        "Why not a straight-through or sampled gradient for the choice?": "Such estimators exist; the routers of the "
        "paper do not use them, and Soft MoE needs none.",
    },
)
