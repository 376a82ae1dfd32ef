"""The instructor's card for lesson 10."""

from softmoe_edu.teaching.card import Card, Part, Vote

CARD = Card(
    lesson="10",
    purpose="Students can compute what a device has to hold and what devices send each other, see both in real "
    "processes, and say at which sizes the network decides.",
    hunt={
        "M13": '"Slots set the cost, so experts are free." Free of work. Ask where the 4,096 experts are kept while '
        "one of them computes.",
        "M38": '"Each expert on its own device, and we are done." How do the rows get there, and who knows how many '
        "there will be?",
        "M37": '"Fewer FLOPs, so it is faster and smaller." Put the two models side by side: which of the numbers '
        "moved together?",
    },
    vote=Vote(
        question="The layer's slots are fixed. You double the number of experts and the number of devices. What grows: "
        "the work in all, the memory of a device, the bytes between devices?",
        choices=("all three", "the memory of a device", "the bytes, and only a little", "none of them"),
        right="the bytes, and only a little",
        because="work depends on slots; each device holds as many experts as before; and a share of 1 - 1/devices "
        "of the rows travels, which comes closer to 1",
        expected="Many may choose the memory. Let them write down what one device holds before and after, and vote "
        "again.",
    ),
    parts=(
        Part("1 · ★ Why"),
        Part("2 · ★ Predict: the price"),
        Part("3 · ★ Worked example: two devices on paper"),
        Part("4 · ★ Exercise: what a device holds"),
        Part("5 · ★ Exercise: what travels"),
        Part("6 · ★ Two real processes"),
        Part("7 · ★ Predict: how long they wait"),
        Part("8 · Out to thousands of devices, on paper", cut_first=True),
        Part("9 · Exercise: which expert stands where", cut_first=True),
        Part("10 · Exercise: copies of the busy ones", cut_first=True),
        Part("11 · Clinic: the same layer on two devices"),
        Part("12 · ★ What is settled"),
    ),
    stuck={
        "My memory is a fraction.": "Can a device hold half an expert? Which device runs out of memory first?",
        "I get half of what the check expects.": "What happens to a row after its expert has answered?",
        "My placement has 5 experts here and 3 there.": "Do idle experts take less memory than busy ones?",
        "The processes do not start.": "Which sentence was printed instead? The rest of the lesson works without them.",
        "Everything in the clinic looks right.": "You compared answers. Did you compare gradients too?",
    },
    asked={
        "Why not wrap the experts in DistributedDataParallel?": "It averages gradients over devices as if all had the "
        "same parameters; each expert is on one device only, and its gradient is complete there.",
        "Does a device without tokens skip the layer?": "No: it takes part in every call, with no rows, also "
        "in the backward pass; otherwise the others wait for ever.",
        "Could sending and computing overlap?": "Partly, and good engines do that: rows in pieces, or a dense branch "
        "beside the experts. The times of section 7 are without it.",
        "And fully sharded training?": "FSDP spreads every parameter, and fetches it when it is needed; then weights "
        "travel instead of tokens. Large models combine both.",
    },
)
