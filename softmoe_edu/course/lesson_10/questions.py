"""Lesson 10, scaling: what experts cost in memory, what has to be exchanged, and how long that takes."""

import torch

from softmoe_edu.course.lesson_10 import two_processes
from softmoe_edu.course.lesson_10.all_to_all_bytes.exercise import all_to_all_bytes
from softmoe_edu.course.lesson_10.memory_per_device.exercise import memory_per_device
from softmoe_edu.paper import MODELS
from softmoe_edu.teaching.predict.question import Question

M13 = "a model that costs the same to compute takes the same memory"
M38 = "rows can be sent off as soon as it is known where they go"
COMPUTING, SENDING, WIDTH, DEVICES = 100e12, 50e9, 2, 16
"""Rates of a made-up device: operations per second, bytes per second to others; bytes of a number; devices."""


def _times_the_parameters() -> str:
    """Count the parameters of both models, built without memory."""
    soft, plain = (MODELS[name].sizes for name in ("soft_moe_s16_128e", "vit_s16"))
    from softmoe_edu.cost import vit_cost

    ratio = vit_cost(soft).parameters / vit_cost(plain).parameters
    return TIMES[min(range(len(TIMES)), key=lambda i: abs((1, 4, 28, 128)[i] / ratio - 1))]


def _experts_on_a_device() -> str:
    dense, spread = memory_per_device(0, 1, 1, 1, 2), memory_per_device(0, 1, 64, 8, 2)
    return SPREAD[{1: 0, 8: 1, 64: 2}[spread // dense]]


def _both_doubled() -> str:
    once, twice = memory_per_device(100, 10, 32, 8, 2), memory_per_device(100, 10, 64, 16, 2)
    return DOUBLED[1 if once == twice else 2 if twice > once else 0]


def _exchanges() -> str:
    """Run both layers on a single device, which sends to itself, and count what it sends."""
    return in_words({case: len(two_processes.work(case, two_processes.Wire())["log"]) for case in ("soft", "sparse")})


def in_words(exchanges: dict[str, int] | None) -> str:
    """Return the choice that fits the all-to-alls of each layer; without processes, those of one device alone."""
    if not exchanges:
        return _exchanges()
    return EXCHANGES[{(2, 2): 0, (2, 3): 1, (3, 2): 2, (1, 1): 3}[exchanges["soft"], exchanges["sparse"]]]


def _what_varies() -> str:
    """Draw two batches, and look at the rows that the second of two devices gets."""
    generator = torch.Generator().manual_seed(0)
    w_gate = torch.randn(6, 4, generator=generator)
    got = [((torch.randn(4, 24, 6, generator=generator) @ w_gate).argmax(-1) // 2).sum().item() for _ in range(2)]
    return VARIES[1] if got[0] != got[1] else VARIES[3]


def _counts_sent() -> str:
    log = two_processes.work("soft", two_processes.Wire())["log"]
    return COUNTS[0] if all(what != "counts" for what, _, _ in log) else COUNTS[2]


def sending_over_computing(
    hidden: int, slots: int = 256, dim: int = 384, computing: float = COMPUTING, sending: float = SENDING
) -> float:
    """Return the time that rows of a Soft MoE layer travel, over the time that its experts compute.

    computing and sending are the rates of one device: operations and bytes to others, each per second.
    """
    travel = all_to_all_bytes(DEVICES, slots, dim, WIDTH, DEVICES) / DEVICES / sending
    return travel / (4 * slots * dim * hidden / computing)


def _how_long() -> str:
    share = sending_over_computing(1536)
    return WAIT[0 if share < 0.1 else 1 if share < 0.5 else 2]


def _with_more_slots() -> str:
    return _compared(sending_over_computing(1536, slots=512) / sending_over_computing(1536))


def _with_faster_devices() -> str:
    return _compared(sending_over_computing(1536, computing=2 * COMPUTING) / sending_over_computing(1536))


def _compared(ratio: float) -> str:
    return SHARE[0 if ratio < 0.9 else 2 if ratio > 1.1 else 1]


TIMES = ("about as many", "about 4 times as many", "about 28 times as many", "about 128 times as many")
SPREAD = ("as much as one dense MLP", "8 times as much", "64 times as much")
DOUBLED = ("it is halved", "it stays the same", "it grows")
EXCHANGES = (
    "two in each: the rows go there, and the answers come back",
    "three in the sparse layer, two in Soft MoE",
    "two in the sparse layer, three in Soft MoE",
    "one in each: the answer to a row comes back in the same call",
)
VARIES = ("in both layers", "in the sparse layer only", "in Soft MoE only", "in neither of them")
COUNTS = ("none", "one for each other device", "one for each expert on another device")
WAIT = ("under a tenth of that time", "about a third of that time", "longer than the experts compute")
SHARE = ("it is halved", "it stays the same", "it doubles")

QUESTIONS = (
    Question(
        id="m13-price",
        misconception="M13",
        lesson="10",
        text="In the paper's Table 8, a Soft MoE S/16 with 128 experts takes 8.6 GFLOP for an image, and a plain ViT "
        "S/16 takes 9.2. In the second half of the Soft MoE's blocks, experts replace the MLP. How many parameters "
        "does it have, compared with the ViT?",
        choices=TIMES,
        belief=M13,
        predicts=TIMES[0],
        because="work follows the slots and parameters follow the experts: six MLPs became 128 each, and all the rest "
        "stayed as it was",
        replies={
            TIMES[1]: "An MLP has two thirds of a block's parameters, and half of the blocks have 128 of them: that is "
            "far more than four times.",
            TIMES[3]: "Only the MLPs of half of the blocks are multiplied; attention, the other blocks and the head "
            "are not.",
        },
        giveaways=(
            r"28(\.\d)? (times|×|x)",
            r"933",
            r"0\.93 ?B",
            r"parameters follow the experts",
            r"six MLPs became",
            r"memory follows the experts",
        ),
        truth=_times_the_parameters,
        again=(
            Question(
                id="m13-price-2",
                text="A layer has 64 experts and is spread over 8 devices, for training with Adam. How much memory do "
                "the experts take on one device, compared with a single dense MLP of an expert's size?",
                choices=SPREAD,
                belief="a token passes through no more than one expert's worth, so that is what a device needs",
                predicts=SPREAD[0],
                because="each device holds 8 experts, with their gradients and the optimizer's numbers",
                replies={SPREAD[2]: "That would be so if every device held all experts."},
                truth=_experts_on_a_device,
            ),
            Question(
                id="m13-price-3",
                text="You double the number of experts and also the number of devices. What happens to the memory "
                "that one device needs?",
                choices=DOUBLED,
                belief="more experts need more memory on every device",
                predicts=DOUBLED[2],
                because="each device holds as many experts as before, and the same shared parameters",
                replies={DOUBLED[0]: "Only with twice the devices and the same experts would a device hold fewer."},
                truth=_both_doubled,
            ),
        ),
    ),
    Question(
        id="m38-exchanges",
        misconception="M38",
        lesson="10",
        text="Two devices, each with half of the sequences and half of the experts. An all-to-all is a call in which "
        "each device gives one piece of a tensor to every device and gets one from each. How many such calls does the "
        "forward pass of a sparse layer need, and how many that of Soft MoE?",
        choices=EXCHANGES,
        belief=M38,
        predicts=EXCHANGES[0],
        because="whoever receives has to know how much memory to keep ready: in a sparse layer that depends on the "
        "tokens, and is told in a call of its own; a Soft MoE layer has the same number of slots for every sequence, "
        "so all devices know it beforehand",
        replies={
            EXCHANGES[2]: "It is the other way round: which of the two layers sends the same number of rows, "
            "whatever the tokens are?",
            EXCHANGES[3]: "Between going and coming back the experts compute, and all devices wait for their rows: "
            "that takes two calls.",
        },
        giveaways=(
            r"exchange of counts",
            r"counts (first|are exchanged|travel)",
            r"keep ready",
            r"needs? no counts",
            r"even splits",
            r"three all-to-alls",
            r"told in a call of its own",
        ),
        measured=in_words,
        truth=_exchanges,
        again=(
            Question(
                id="m38-exchanges-2",
                text="Two batches of the same shape go through a sparse layer without capacity and through a Soft MoE "
                "layer, each on two devices. Where can the number of rows that device 1 receives differ between the "
                "batches?",
                choices=VARIES,
                belief="batches of the same shape always send equally many rows",
                predicts=VARIES[3],
                because="in a sparse layer the tokens decide how many of them go to device 1; in Soft MoE each "
                "sequence fills all slots",
                replies={
                    VARIES[0]: "In one of the two layers every sequence fills every slot.",
                    VARIES[2]: "Soft MoE fills all slots for each sequence, whatever is in it.",
                },
                truth=_what_varies,
            ),
            Question(
                id="m38-exchanges-3",
                text="A Soft MoE layer with 256 experts runs on 16 devices. How many counts of rows does a device send "
                "before the slots themselves?",
                choices=COUNTS,
                belief="every device has to announce what it sends",
                predicts=COUNTS[1],
                because="slots are fixed by the layer's sizes, which all devices know",
                replies={COUNTS[2]: "A sparse layer would do that; here each expert gets its p slots per sequence."},
                truth=_counts_sent,
            ),
        ),
    ),
    Question(
        id="m38-wait",
        misconception="M38",
        lesson="10",
        text="A Soft MoE layer of S/14 (width 384, hidden width 1,536, 256 slots) on 16 devices, with 2 bytes a "
        "number. Say a device computes 100 TFLOP/s and sends 50 GB/s to the others. How long do a layer's rows travel, "
        "compared with the time that its experts compute?",
        choices=WAIT,
        belief="sending a few rows takes no time beside all the products of an expert",
        predicts=WAIT[0],
        because="for each number that travels there and back, an expert computes with one row and one column of its "
        "matrices, 4 · 1,536 FLOP; at these rates the number takes more time to send than those FLOP to compute",
        replies={
            WAIT[1]: "That would be so with a hidden width of about 5,000, as in H/14: more operations for each number "
            "that travels."
        },
        giveaways=(
            r"longer than (the|its) experts",
            r"1\.2\d* times",
            r"4 · 1,536",
            r"travel longer",
            r"more time to send",
        ),
        truth=_how_long,
        again=(
            Question(
                id="m38-wait-2",
                text="The slots of a Soft MoE layer on 16 devices are doubled, with the same experts. What happens to "
                "the time that rows travel, divided by the time in which experts compute?",
                choices=SHARE,
                belief="more rows make sending more expensive, compared with computing",
                predicts=SHARE[2],
                because="each row brings its own work along: both times double",
                replies={SHARE[0]: "More rows mean more work, and more to send in the same proportion."},
                truth=_with_more_slots,
            ),
            Question(
                id="m38-wait-3",
                text="All devices are replaced by ones that compute twice as fast; the network stays. What happens to "
                "the time that rows travel, divided by the time in which experts compute?",
                choices=SHARE,
                belief="faster devices make everything faster",
                predicts=SHARE[1],
                because="the rows travel as long as before, while the computing takes half of its time",
                replies={SHARE[0]: "The time in which rows travel has not changed; what is it divided by?"},
                truth=_with_faster_devices,
            ),
        ),
    ),
)
