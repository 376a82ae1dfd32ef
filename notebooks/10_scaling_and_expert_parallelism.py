# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Scaling and expert parallelism
#
# With its slots fixed, a Soft MoE layer computes as much with 4,096 experts as with one. So why not have millions? You
# work out what experts cost in memory, put them on several devices, and watch two real processes send each other rows.
#
# You need lessons 00 to 02 and 05 (experts, parameters and MACs, capacity, slots). Everything runs on a laptop's CPU in
# about a minute of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - compute how many bytes a device holds in training, and how many bytes a layer sends between devices,
# - read what processes exchange, in a sparse layer and in Soft MoE, and name the traps,
# - say for which experts and which network the sending takes longer than the computing,
# - place experts of unequal load on devices, and decide which of them to copy.
#
# **The core path**, marked ★, takes about 58 minutes (estimated; no reader has been timed yet). You can rest after
# section 5. The other sections take about 30 minutes more.

# %% [markdown]
# ## 1 · ★ Why (5 min)
#
# Work and memory are two prices, and experts separate them. The work of a Soft MoE layer goes by its slots. Its memory
# goes by its experts, all of which have to be somewhere while the model runs. The paper names this as a limit of its
# method (Section 6): many experts with one slot each take a lot of memory.
#
# When the experts no longer fit on one device, each device keeps some of them. This is called *expert parallelism*.
# Every device works on its own sequences, as far as the router; then each slot travels to the device where its expert
# stands, and the answer travels back. A call in which each device gives a piece of its data to every device, and gets a
# piece from each, is an *all-to-all*. Two things can go wrong: a device may have too much to hold, and all of them may
# wait for the network.
#
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 07) A layer has 16 experts with 4 slots each. You make it 64 experts with 1 slot each.
# What becomes of the MACs?</summary>
# They stay the same: both have 64 slots, each of which one expert computes.</details>
#
# <details><summary>2. (Lesson 05) How many slots does a Soft MoE layer fill for one example of 50 tokens, and for one
# of 200?</summary>
# As many: e · p, whatever the number of tokens.</details>
#
# <details><summary>3. (Lesson 02) How many tokens does one expert of a sparse layer get, if there is no limit?</summary>
# That depends on the tokens: from none up to all of them.</details>

# %%
import functools
import math

import matplotlib.pyplot as plt
import torch

from softmoe_edu import cost, figures, paper
from softmoe_edu.course.lesson_10 import two_processes
from softmoe_edu.evidence import RECORDS, find_claim, judged, read_record, record_path
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, MARKERS, categories
from softmoe_edu.teaching import calibration, check, clinic, course_map, hint, predict, returning, use
from softmoe_edu.widgets import CostExplorer

course_map("10")

# %% [markdown]
# If a prediction of an earlier lesson returns here, the next cell shows it, and says why.

# %%
returning("10")

# %% [markdown]
# ## 2 · ★ Predict: the price (6 min)
#
# A model that computes less than another one: is it also smaller?


# %%
def show_models():
    print("model                parameters  over the ViT   GFLOP/image  over the ViT   GB to train  share of experts")
    for size, experts in (("s16", (128,)), ("b16", (128,)), ("l16", (128,)), ("h14", (128, 256))):
        plain = cost.vit_cost(paper.MODELS[f"vit_{size}"].sizes)
        for name in (f"vit_{size}", *(f"soft_moe_{size}_{e}e" for e in experts)):
            each = cost.vit_cost(paper.MODELS[name].sizes)
            over = each.parameters / plain.parameters, each.flops / plain.flops
            print(
                f"{name:20s} {each.parameters / 1e6:8,.0f} M {over[0]:12.1f}x {each.flops / 1e9:13.1f} {over[1]:12.2f}x"
                f" {16 * each.parameters / 1e9:13.1f} {100 * each['experts'].parameters / each.parameters:15.0f} %"
            )


predict("m13-price", reveal=show_models)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# The columns of GFLOP stay together, and those of parameters do not: work follows the slots, parameters follow the
# experts. Look at H/14 with 128 experts: the paper's Table 8 has 8.8 ms for an image, where the plain H/14 takes 8.6.
# That is 2 % more time for 41 times the parameters, all of which have to be kept somewhere.
#
# *GB to train* counts 16 bytes for each parameter: the parameter, its gradient, and the two numbers that the optimizer
# Adam keeps for it, with 4 bytes each. What the layers keep for the backward pass comes on top.
#
# </details>

# %% [markdown]
# ## 3 · ★ Worked example: two devices on paper (6 min)
#
# A small layer: 100 parameters that are **shared** (attention, router), and 4 experts with 10 parameters each. It is
# trained with Adam: **4 numbers** for each parameter (itself, gradient, two states), each of **4 bytes**.
#
# | | one device | two devices |
# | --- | --- | --- |
# | shared parameters, on each device | 100 | 100 |
# | experts on each device | 4 · 10 | 2 · 10 |
# | bytes on each device | 140 · 4 · 4 = 2,240 | 120 · 4 · 4 = 1,920 |
#
# Half of the experts, but not half of the bytes: every device needs the shared parameters, for its own sequences.
#
# Now what travels. The layer has 4 slots, one for each expert, and a row is 3 numbers of 4 bytes. There are 2
# sequences, one on each device. Device 0 fills the 4 slots of its sequence: 2 belong to its own experts and stay, 2
# travel. The same on device 1. So 4 rows travel, and 4 answers travel back: 8 rows of 12 bytes, **96 bytes** in all.
#
# Your turn: **four** devices, with one expert and one sequence on each (so 4 sequences).

# %%
my_bytes_held = "?"  # bytes on each of four devices
my_bytes_sent = "?"  # bytes that travel between them, there and back


def judged_number(typed, right):
    if typed == "?":
        return "not filled in"
    return f"{typed} is right" if typed == right else f"{typed} is not right: count the rows of one device first"


print("held:", judged_number(my_bytes_held, (100 + 10) * 16))
print("sent:", judged_number(my_bytes_sent, (4 * 3 + 4 * 3) * 12))

# %% [markdown]
# ## 4 · ★ Exercise: what a device holds (10 min)
#
# Write the first of the two sums as a function: the bytes that the device with *most* experts holds in training.
#
# - `shared`: parameters that every device has. `per_expert`: those of one expert.
# - `experts` of them are spread over `devices` as evenly as whole experts can be. There may be a remainder, and there
#   may be fewer experts than devices.
# - For each parameter there are: the parameter, its gradient, and `states` more numbers (Adam has 2, plain
#   gradient descent 0). A number has `bytes_per` bytes.
# - **Returns** a whole number of bytes. What layers keep for the backward pass is left out.
#
# For example, 100 shared parameters, 8 experts of 10, 4 devices and Adam: (100 + 2 · 10) · 4 · 4 = 1,920 bytes.


# %% tags=["exercise:memory-per-device"]
def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):
    """Return the bytes that the fullest device holds in training.

    Every device has all shared parameters; each expert stands on one device.
    Each parameter has a gradient and `states` numbers of the optimizer.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("memory-per-device")`.

# %% tags=["check:memory-per-device"]
check("memory-per-device", memory_per_device)

# %% [markdown]
# Now the paper's largest model, whose 256 experts stand in 16 layers. Expert 0 of every layer stands on the same
# device, so `per_expert` counts it 16 times. What is the least number of devices with 80 GB each? Change the list.

# %%
held = use("memory-per-device", memory_per_device)
h14 = cost.vit_cost(paper.MODELS["soft_moe_h14_256e"].sizes)
of_experts = h14["experts"].parameters
for devices in (1, 8, 16, 64, 256, 1024):
    size = held(h14.parameters - of_experts, of_experts // 256, 256, devices, 2)
    print(f"{devices:5d} devices: {size / 1e9:6.1f} GB on the fullest, {'fits' if size <= 80e9 else 'does not fit'}")

# %% [markdown]
# After 256 devices nothing gets smaller. Why? What would have to be divided next?

# %% [markdown]
# ## 5 · ★ Exercise: what travels (10 min)
#
# The second sum: the bytes that a Soft MoE layer sends between devices in one forward pass.
#
# - `seqs` sequences in all, an equal number of them on each device. `slots`: those of one sequence, all experts
#   together; each device keeps the experts of an equal share of them. Both are multiples of `devices`.
# - A row is `dim` numbers of `bytes_per` bytes. `devices` may be 1.
# - **Returns** the bytes that travel between two different devices, added up over all devices: the slots on their way
#   to the experts, and the answers on their way back. Forward pass only.
#
# For example, 4 sequences, 6 slots, rows of 5 numbers with 4 bytes, on 2 devices: 12 rows there, 12 back, 20 bytes
# each: 480 bytes.


# %% tags=["exercise:all-to-all-bytes"]
def all_to_all_bytes(seqs, slots, dim, bytes_per, devices):
    """Return the bytes that a Soft MoE layer sends between devices in a forward pass.

    seqs, slots: of all devices together; both are shared evenly among them.
    dim: width of a row. bytes_per: bytes of a number.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("all-to-all-bytes")`.

# %% tags=["check:all-to-all-bytes"]
check("all-to-all-bytes", all_to_all_bytes)

# %% [markdown]
# Say before you run the cell: what becomes of the bytes if there are 16 devices in place of 2? And if there are 1,024
# experts in place of 256, with as many slots?

# %%
sent = use("all-to-all-bytes", all_to_all_bytes)
for devices in (1, 2, 4, 16, 64, 256):
    whole = sent(256, 256, 1280, 2, devices)
    print(f"{devices:4d} devices: {whole / 1e6:6.1f} MB in all, {whole / devices / 1e6:6.1f} MB from each device")

# %% [markdown]
# The number of experts is no argument of your function: only slots travel. With more devices a larger share of the rows
# has to leave, at most all of them, while each device sends fewer.
#
# *A good place to rest.* What comes next is the same thing, happening.

# %% [markdown]
# ## 6 · ★ Two real processes (8 min)
#
# Two processes on your machine now play two devices. They share no memory; each holds two of four experts and two of
# four sequences, and they talk through `torch.distributed` with *gloo*, a library that carries tensors between
# processes on CPUs. Both layers run forward and backward, in float64.
#
# The functions stand in a module of this course, `softmoe_edu/course/lesson_10/two_processes.py`, and not in this
# notebook: a new process starts from nothing and imports what it runs, and a notebook cannot be imported. Two fresh
# Pythons that load PyTorch need 5 to 15 seconds.

# %%
run = functools.cache(two_processes.run)  # started once, however often it is asked


def show_exchanges():
    result = run()
    if result.missing:
        print(result.missing)
        return None
    for case in ("soft", "sparse"):
        print(f"{case:6s}: {', then '.join(what for what, _, _ in result.cases[case].log[0])}")
    return {case: result.cases[case].exchanges for case in ("soft", "sparse")}


predict("m38-exchanges", reveal=show_exchanges)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# PyTorch has to set memory aside before it can receive. In the sparse layer nobody knows how many rows will come until
# the routers have chosen, so the devices first tell each other. The counts are tiny, and they cost a round trip and
# something worse: Python needs them as plain numbers (`.tolist()`), so that the processor waits for the accelerator, in
# every sparse layer. Soft MoE sends the same number of slots for every sequence. All devices know it from the layer's
# sizes, and nobody has to ask.
#
# </details>

# %% [markdown]
# ### What the devices sent
#
# The next cell lists each call of the forward pass: how many pieces a device gave away, and how many bytes left it. For
# Soft MoE a piece is all slots of one expert. In the third case every token chose an expert of device 0.

# %%
result = run()
print(result.missing or f"two processes, {result.seconds:.0f} seconds")
for name, case in result.cases.items():
    print(f"\n{name}: differs by at most {case.error:.0e} from the same layer in one process, gradients included")
    for call, per_device in enumerate(zip(*case.log, strict=True)):
        given = ", ".join(
            f"device {d} gave {rows:2d}, {size:5,d} bytes left it" for d, (_, rows, size) in enumerate(per_device)
        )
        print(f"   call {call + 1}, {per_device[0][0]:8s} {given}")

# %% [markdown]
# Compare with your formula. It takes the sizes and no data: which of the cases can it predict?

# %%
sizes = two_processes.SEQUENCES, two_processes.EXPERTS * two_processes.SLOTS, two_processes.DIM, 8, 2
print(f"your formula for 4 sequences of 12 slots: {sent(*sizes):,.0f} bytes")
for name, case in result.cases.items():
    print(f"   counted, {name:8s} {case.bytes:6,d} bytes")

# %% [markdown]
# Three traps, all of which the module avoids; find the line in it for each:
#
# - **An idle device stays.** In the third case device 1 answers no row, and takes part in every call all the same, also
#   in the backward pass. If it left, the other one would wait until the time-out.
# - **Gradients have to travel back.** `all_to_all_single` by itself is unknown to autograd. Here a small
#   `autograd.Function` sends the gradients the other way.
# - **Experts are not averaged.** `DistributedDataParallel` divides every gradient by the number of devices. An expert's
#   gradient already adds up what all devices' tokens say; so experts are kept out of it.
#
# *Try it (half a minute):* `two_processes.run(4)` plays four devices. What should your formula say?

# %%
# print(two_processes.run(4).cases["soft"].bytes, sent(4, 12, 6, 8, 4))

# %% [markdown]
# ## 7 · ★ Predict: how long they wait (8 min)
#
# So rows travel. Is that much, or little? It depends on how fast a device computes and how fast it sends. Both numbers
# in this card are made up, and of a common size.


# %%
def waiting(hidden, dim, slots=256, devices=16, computing=100e12, sending=50e9):
    """Return seconds of travelling and of the experts' computing, for as many sequences as devices."""
    return sent(devices, slots, dim, 2, devices) / devices / sending, 4 * slots * dim * hidden / computing


def show_waiting():
    for name, dim, hidden in (("S", 384, 1536), ("B", 768, 3072), ("L", 1024, 4096), ("H", 1280, 5120)):
        travel, compute = waiting(hidden, dim)
        print(f"{name}: rows travel {1e6 * travel:5.1f} µs, experts compute {1e6 * compute:5.1f} µs", end="")
        print(f", {travel / compute:.2f} of it")


predict("m38-wait", reveal=show_waiting)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Divide the two times and nearly everything cancels: slots, width, sequences. With w bytes a number, F operations and B
# bytes a second,
#
# $$\frac{\text{travelling}}{\text{computing}} = \frac{2\, s\, d\, w\, (1 - 1/\text{devices}) / B}{4\, s\, d\, h / F} =
# \frac{w\,(1 - 1/\text{devices})}{2h} \cdot \frac{F}{B}$$
#
# What is left is the hidden width h of an expert and the ratio of the two rates. Narrow experts on fast devices wait
# for the network. A new device that computes twice as fast makes that worse, not better. (Good engines send one part
# while they compute another, and hide some of the waiting.)
#
# </details>

# %% [markdown]
# ### Find the crossing
#
# Which network would S need, so that its rows travel exactly as long as its experts compute? Change `my_sending` until
# the two times meet.

# %%
my_sending = 50e9  # bytes that a device sends in a second
travel, compute = waiting(1536, 384, sending=my_sending)
print(f"S: rows travel {1e6 * travel:.2f} µs, experts compute {1e6 * compute:.2f} µs")

# %% [markdown]
# The explorer shows the other side: what one device and what 16 compute, hold and move, for a layer of H/14. It says
# itself what it leaves out: devices share all work evenly and *send each other nothing*. So its time is a lower bound,
# and what you computed comes on top. Set it to 64 experts with 4 slots each: which bars shrink, and which stay? Then
# go back, and lower *GB/s*, the speed of a device's own memory, until the time of the experts grows.

# %%
h14_layer = {"num_experts": 256, "slots_per_expert": 1, "dim": 1280, "hidden_dim": 5120, "tokens": 256, "batch": 16}
CostExplorer("soft", devices=16, **h14_layer, pinned={"devices": 1})

# %% [markdown]
# ## 8 · Exercise: which expert stands where (10 min)
#
# In Soft MoE every expert has as many rows, so that it does not matter which experts share a device. In a sparse layer
# it does: the device with the busiest experts makes all others wait. Every device has places for equally many experts
# (they take the same memory, busy or idle), and their loads should add up to nearly the same.
#
# A simple rule is good: **take the experts from the busiest to the idlest, and give each to the device with the least
# load so far that has a place left.**
#
# - `loads` (e,): the load of each expert, 0 or more. `devices` divides e.
# - **Returns** whole numbers (e,): for each expert its device, from 0 to `devices` - 1. It does not matter which device
#   is called 0. A placement whose busiest device has *less* load than by the rule is right too.
#
# For example, loads [9, 8, 7, 3, 2, 1] on 2 devices: 9 goes to device 0, 8 and 7 to device 1, 3 and 2 to device 0,
# which is full then, and 1 to device 1. Result: [0, 1, 1, 0, 0, 1], with loads 14 and 16.


# %% tags=["exercise:place-experts"]
def place_experts(loads, devices):
    """Return the device of each expert, (e,): as many experts on each, loads as even.

    loads (e,): the load of each expert. e is a multiple of devices.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("place-experts")`.

# %% tags=["check:place-experts"]
check("place-experts", place_experts)

# %% [markdown]
# How good is the rule? For eight experts on two devices there are only 35 placements, so that one can try them all. The
# next cell does, for 200 random loads. Say first: in how many of them does the rule find the best one?

# %%
from softmoe_edu.course.lesson_10.place_experts.properties import least_possible, loads_of

place, generator = use("place-experts", place_experts), torch.Generator().manual_seed(0)
gaps = []
for _ in range(200):
    loads = torch.randn(8, generator=generator, dtype=torch.float64).exp()
    gaps.append(loads_of(place(loads, 2), loads, 2).max().item() / least_possible(loads, 2) - 1)
best = sum(gap < 1e-9 for gap in gaps)
print(f"the best placement in {best} of 200 cases; {100 * max(gaps):.1f} % above it in the worst case")

# %% [markdown]
# ## 9 · Exercise: copies of the busy ones (10 min)
#
# No placement helps if one expert alone has more load than a device should have. Then one **copies** it: two devices
# hold the same expert and share its tokens. Copies cost memory, so there are only so many places.
#
# - `loads` (e,): the load of each expert. `places`: how many copies there are in all, at least e.
# - **Returns** whole numbers (e,) that sum to `places`, each at least 1. A copy has the load of its expert, divided by
#   the number of copies. The busiest copy should have as little as possible.
#
# A rule that does it: begin with one copy each; then give each further place to the expert whose copies are the
# busiest *now*. For example, loads [12, 5, 3] and 5 places: [3, 1, 1], and the busiest copy has 5.


# %% tags=["exercise:copies-of-experts"]
def copies_of_experts(loads, places):
    """Return how many copies of each expert to keep, (e,): as many as places in all.

    loads (e,): the load of each expert, shared evenly among its copies.
    places: at least e; each expert has a copy, the busiest copy as little as can be.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("copies-of-experts")`.

# %% tags=["check:copies-of-experts"]
check("copies-of-experts", copies_of_experts)

# %% [markdown]
# All three ways for 64 experts on 8 devices, with made-up loads: experts by their numbers, packed by your rule, and
# packed with 16 copies.

# %%
copy = use("copies-of-experts", copies_of_experts)
loads = torch.randn(64, generator=torch.Generator().manual_seed(4)).exp()
copies = copy(loads, 80)
shared = (loads / copies).repeat_interleave(copies)  # the load of each copy
ways = {
    "by number": loads_of(torch.arange(64) // 8, loads, 8),
    "packed": loads_of(place(loads, 8), loads, 8),
    "with 16 copies": loads_of(place(shared, 8), shared, 8),
}


def draw_ways():
    panels = plt.subplots(1, 3, figsize=(8.4, 2.6), sharey=True, layout="constrained")[1]
    for panel, (name, each) in zip(panels, ways.items(), strict=True):
        panel.bar(range(8), each / each.mean(), color=categories()[0])
        panel.axhline(1, color="grey", linewidth=0.8)
        panel.set(title=f"{name}: busiest {each.max() / each.mean():.2f}", xlabel="device")
    panels[0].set_ylabel("load over the mean")
    found = ", ".join(f"{each.max() / each.mean():.2f} {name}" for name, each in ways.items())
    describe(panels, f"Load of eight devices over their mean. The busiest has {found} times the mean.")
    return panels


figures.described(draw_ways())

# %% [markdown]
# **Figure 1.** Load of each device over the mean, for the three ways; the titles name the busiest.
#
# These loads are made up. Those of a real model: the authors of OLMoE published how often each of its 64 experts was
# chosen, in three layers, on six kinds of text (allenai/OLMoE). Computed from these counts for eight devices, the
# busiest device has 1.09 to 2.14 times the mean load by number, 1.00 to 1.27 times when packed, and at most 1.03 times
# with 16 copies. DeepSeek's engine places its experts in this manner (deepseek-ai/EPLB), and does so again when the
# loads change.

# %% [markdown]
# ## 10 · Clinic: the same layer on two devices (10 min)
#
# A layer was moved from one device to two. It runs, it trains, and it is not the same layer any more. Here one process
# plays both devices, so that you can look at everything.

# %%
patient = clinic("10")
patient

# %%
x = torch.randn(4, 12, 6, generator=torch.Generator().manual_seed(0))
wrong = (patient.layer(x) - patient.layer.alone(x)).abs().amax(-1) > 1e-9
print("tokens whose answer is not what it was on one device, by sequence:", wrong.sum(1).tolist())
print("rows from device i (down) to device j (across):", patient.layer.rows_between(x).tolist())

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("10", 2)`, and so on. If all answers are right, look at what the layer *learns*.
#
# A test that would have found every one of them: run the layer on one device and on two, with the same parameters and
# tokens, and compare outputs, the tokens' gradients and the experts' gradients. That is what the column *differs by* of
# section 6 is.

# %% [markdown]
# ## 11 · ★ What is settled (5 min)
#
# First the paper's own figures for its claim that slots set the cost and experts do not: how many images a second a
# model trains with, and its accuracy, for more and more experts at the same slots (its Figure 6). Beside it, the time
# of one layer of this library, from the record of this project's runs.


# %%
def draw_times():
    rows = [row for row in paper.published("figure6") if row["router"] == "Soft MoE" and row["slots_per_token"] == 1]
    speed = [rows[0]["train_images_per_second"] / row["train_images_per_second"] for row in rows]
    results = read_record(record_path(RECORDS, "slots-not-experts"), "slots-not-experts").results
    first = {r.settings["repeat"]: r.figures["seconds"] for r in results if r.settings["experts"] == 1}
    by = {}
    for r in results:
        by.setdefault(r.settings["experts"], []).append(r.figures["seconds"] / first[r.settings["repeat"]])
    lines = ([row["experts"] for row in rows], speed), (sorted(by), [sum(by[e]) / len(by[e]) for e in sorted(by)])
    panels = plt.subplots(1, 2, figsize=(8.4, 3.0), layout="constrained")[1]
    for i, (panel, (e, t), title) in enumerate(zip(panels, lines, ("paper, training", "here, one layer"), strict=True)):
        panel.plot(e, t, color=categories()[i], linestyle=DASHES[i], marker=MARKERS[i])
        panel.set(xscale="log", ylim=(0, 1.7), title=f"{title}: {t[-1]:.2f} at {e[-1]:,}", xlabel="experts")
        panel.set_xticks(e[::2], [f"{each:,}" for each in e[::2]], minor=False)
        panel.minorticks_off()
    panels[0].set_ylabel("time, fewest experts = 1")
    said = f"{speed[-1]:.2f} times with {rows[-1]['experts']} in place of {rows[0]['experts']} in the paper"
    describe(panels, f"Time over the number of experts, slots fixed: {said}; {lines[1][1][-1]:.2f} times here.")
    return panels


figures.described(draw_times())

# %% [markdown]
# **Figure 2.** The time of a training step (paper, 8 to 256 experts) and of one layer's forward pass (here, 1 to 4,096,
# on one thread), over that with the fewest experts; the titles have the last value. And the verdicts, read from the
# records of the runs:

# %%
for name in ("slots-not-experts", "model-sizes", "large-scale"):
    path = record_path(RECORDS, name)
    print(f"{name}: {find_claim(name).says}")
    if not path.exists():
        print("   not measured yet\n")
        continue
    finding = judged(name, read_record(path, name))
    print(f"   {finding.verdict}. {finding.reason}\n")

# %% [markdown]
# *Settled, by what you ran:* experts spread over processes compute the same layer, gradients included; Soft MoE's
# exchange is known from its sizes, a sparse layer's is not; memory grows with the experts; bytes between devices grow
# with the slots. *Not settled here:* how fast any of this is on real accelerators with a real network. That takes the
# machines; the rates of section 7 are assumptions.
#
# Which of your sums would you show to somebody who wants to buy ten devices more? Write one sentence.

# %%
my_sentence = "?"
print(my_sentence)

# %% [markdown]
# ### Five questions
#
# <details><summary>1. 12 experts stand on 8 devices. How many does the fullest device hold, and on how many devices
# would it be one?</summary>
# Two; on 12 devices or more.</details>
#
# <details><summary>2. A Soft MoE layer goes from 4 to 8 devices, with the same slots and sequences. By what factor do
# the bytes between devices grow?</summary>
# (7/8) / (3/4) = 7/6.</details>
#
# <details><summary>3. Why does a sparse layer exchange numbers of rows before the rows, and Soft MoE does not?</summary>
# The receiver needs to know how much is coming. In a sparse layer the tokens decide that; in Soft MoE every sequence
# fills all slots.</details>
#
# <details><summary>4. No token of a batch chose an expert of device 3. May device 3 go on to the next layer at
# once?</summary>
# No: it has to take part in every exchange, with no rows, also in the backward pass. The others wait for it.</details>
#
# <details><summary>5. With a hidden width of 1,000, rows travel as long as experts compute. You make it 4,000. How do
# the two times compare now?</summary>
# The same rows travel, and each is worth four times the work: a quarter.</details>

# %%
calibration("10")
