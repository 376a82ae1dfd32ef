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
# work out what experts cost in memory, spread them over several devices, and watch two real processes send each other
# rows.
#
# You need lessons 00 to 02, 05 and 07 (experts, parameters and MACs, capacity, slots, what a layer costs). Everything
# runs on a laptop's CPU in about a minute of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - compute how many bytes a device holds in training, and how many bytes a layer sends between devices,
# - read a log of what processes exchange, in a sparse layer and in Soft MoE, and name the traps,
# - say for which experts and which network sending takes longer than computing,
# - place experts of unequal load on devices, and decide which of them to copy.
#
# **The core path**, marked ★, takes about 60 minutes (estimated; no reader has been timed yet). You can rest after
# section 5. The other sections take about 40 minutes more.

# %% [markdown]
# ## 1 · ★ Why (5 min)
#
# A layer has two prices, work and memory, and experts pull them apart. The work of a Soft MoE layer depends on its
# slots. Its memory depends on its experts: all of them have to be in memory while the model runs. The paper names this
# as a limit of its method (Section 6): many experts with one slot each take a lot of memory.
#
# When the experts no longer fit on one *device* (a GPU, for instance), each device keeps some of them. This is called
# *expert parallelism*. Every device has sequences of its own. It runs attention and the router on them and fills their
# slots. Then each slot travels to the device that holds its expert, and the answer travels back. A call in which every
# device sends a piece of its data to every device, and receives a piece from each, is an *all-to-all*. Two things can
# go wrong: a device may have too much to hold, and all devices may have to wait for the network.
#
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 07) A layer has 16 experts with 4 slots each. You make it 64 experts with 1 slot each.
# What happens to the MACs?</summary>
# They stay the same: both layers have 64 slots, and each slot is computed by one expert.</details>
#
# <details><summary>2. (Lesson 05) How many slots does a Soft MoE layer fill for one example of 50 tokens, and for one
# of 200?</summary>
# The same number for both: e · p, however many tokens there are.</details>
#
# <details><summary>3. (Lesson 02) How many tokens does one expert of a sparse layer get if there is no
# capacity?</summary>
# That depends on the tokens: anything from none to all of them.</details>

# %%
import functools
import math

import matplotlib.pyplot as plt
import torch

from softmoe_edu import cost, figures, paper
from softmoe_edu.course.lesson_10 import on_paper, two_processes
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
# ## 2 · ★ Predict: the price (5 min)
#
# If one model computes less than another, is it also smaller?


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
# Compare each Soft MoE with the ViT of its size. Their GFLOP are nearly the same, their parameters are far apart: work
# follows the slots, parameters follow the experts. Look at H/14 with 128 experts: in the paper's Table 8 it takes 8.8
# ms for an image, and the plain H/14 takes 8.6. That is 2 % more time for 41 times the parameters, and every parameter
# needs memory.
#
# *GB to train* counts 16 bytes for each parameter: the parameter itself, its gradient, and the two numbers that the
# optimizer Adam keeps for it (its *states*), at 4 bytes each. The activations that the layers keep for the backward
# pass come on top.
#
# </details>

# %% [markdown]
# ## 3 · ★ Worked example: two devices on paper (7 min)
#
# A small layer: 100 parameters that are **shared** (attention, router), and 4 experts with 10 parameters each. It is
# trained with Adam: **4 numbers** for each parameter (itself, gradient, two states), each of **4 bytes**.
#
# | | one device | two devices |
# | --- | --- | --- |
# | shared parameters, on each device | 100 | 100 |
# | parameters of experts, on each device | 4 · 10 | 2 · 10 |
# | bytes on each device | 140 · 4 · 4 = 2,240 | 120 · 4 · 4 = 1,920 |
#
# Each device holds half of the experts, but not half of the bytes: it needs all shared parameters for its own
# sequences.
#
# Now count what travels. What a slot holds is one *row*, here 3 numbers of 4 bytes, so 12 bytes. For each sequence the
# layer has 4 slots, one for each expert. There are 2 sequences, one on each device. Device 0 fills the 4 slots of its
# sequence: 2 belong to its own experts and stay, 2 travel. The same happens on device 1. So 4 rows travel, and 4
# answers of the same size travel back: 8 rows of 12 bytes, **96 bytes** in all.
#
# Your turn: the same layer on **four** devices, with one expert and one sequence on each (so there are 4 sequences).

# %%
my_bytes_held = "?"  # bytes that each of the four devices holds, a whole number
my_bytes_sent = "?"  # bytes that travel between all four devices, there and back

print(on_paper.four_devices(my_bytes_held, my_bytes_sent))

# %% [markdown]
# ## 4 · ★ Exercise: what a device holds (10 min)
#
# Write the first of the two sums as a function: the bytes that the device with the *most* experts holds in training.
#
# - `shared`: the parameters that every device has. `per_expert`: the parameters of one expert.
# - `experts` experts are spread over `devices` devices as evenly as possible, without cutting an expert in two. The
#   numbers may not divide evenly, and there may be fewer experts than devices.
# - For each parameter a device holds the parameter itself, its gradient, and `states` more numbers (Adam has 2, plain
#   gradient descent 0). A number has `bytes_per` bytes.
# - **Returns** a whole number of bytes. Activations are left out.
#
# For example, 100 shared parameters, 8 experts of 10, 4 devices and Adam: (100 + 2 · 10) · 4 · 4 = 1,920 bytes.


# %% tags=["exercise:memory-per-device"]
def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):
    """Return the bytes that the fullest device holds in training.

    Every device has all shared parameters; each expert is on one device only.
    Each parameter has a gradient and `states` numbers of the optimizer.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("memory-per-device")`.

# %% tags=["check:memory-per-device"]
check("memory-per-device", memory_per_device)

# %% [markdown]
# Now the paper's largest model: 16 of its layers have 256 experts each. We put expert 0 of all 16 layers on one device,
# expert 1 of all layers on one device, and so on; `per_expert` therefore counts 16 experts. If a device has 80 GB, how
# many devices do you need at least? Change the list of devices to find out.

# %%
held = use("memory-per-device", memory_per_device)
h14 = cost.vit_cost(paper.MODELS["soft_moe_h14_256e"].sizes)
of_experts = h14["experts"].parameters
for devices in (1, 8, 16, 64, 256, 1024):
    size = held(h14.parameters - of_experts, of_experts // 256, 256, devices, 2)
    print(f"{devices:5d} devices: {size / 1e9:6.1f} GB on the fullest, {'fits' if size <= 80e9 else 'does not fit'}")

# %% [markdown]
# With more than 256 devices the bytes no longer shrink. Why not? And what would you have to divide next?
#
# <details><summary>Found the number, and the reason? Then read on here.</summary>
#
# Thirteen devices: the fullest then holds 20 of the 256 experts of each layer, 74.6 GB. (With twelve it holds 22, and
# 81.3 GB do not fit.) With 256 devices each holds one expert of every layer; that and the shared parameters, which
# every device holds in full, are the 10.8 GB that stay. Next you would divide the shared parameters, or only the
# numbers that the optimizer keeps for them. There are other kinds of parallelism for that.
#
# </details>

# %% [markdown]
# ## 5 · ★ Exercise: what travels (10 min)
#
# The second sum: the bytes that a Soft MoE layer sends between devices in one forward pass.
#
# - `seqs`: the number of sequences, on all devices together; each device has equally many. `slots`: the slots that one
#   sequence fills, in all experts together; each device holds the experts of equally many. Both are multiples of
#   `devices`, and `devices` may be 1.
# - A row is `dim` numbers of `bytes_per` bytes.
# - **Returns** all bytes that leave one device for another: the slots on their way to the experts, and the answers on
#   their way back. Forward pass only.
#
# For example, 4 sequences, 6 slots, rows of 5 numbers of 4 bytes, on 2 devices: 12 rows go there and 12 come back, of
# 20 bytes each. That makes 480 bytes.


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
# Before you run the cell, say what happens to the bytes with 16 devices instead of 2. And what happens with 1,024
# experts instead of 256, if the slots stay as they are?

# %%
sent = use("all-to-all-bytes", all_to_all_bytes)
for devices in (1, 2, 4, 16, 64, 256):
    whole = sent(256, 256, 1280, 2, devices)
    print(f"{devices:4d} devices: {whole / 1e6:6.1f} MB in all, {whole / devices / 1e6:6.1f} MB from each device")

# %% [markdown]
# The number of experts is not even an argument of your function: only slots travel. With more devices, a larger share
# of the rows has to leave (in the end nearly all of them), but each single device sends less.
#
# *A good place to rest.* Next you will see the same thing happen for real.

# %% [markdown]
# ## 6 · ★ Two real processes (8 min)
#
# Two processes on your machine now play two devices. They share no memory; each holds two of four experts and two of
# four sequences. They talk through `torch.distributed` with *gloo*, a library that carries tensors between processes on
# CPUs. They run two layers, a sparse one and Soft MoE, forward and backward, in float64.
#
# The functions are not in this notebook but in a module of this course,
# `softmoe_edu/course/lesson_10/two_processes.py`: a new process starts from nothing and imports what it runs, and it
# cannot import a notebook. Starting two Pythons that load PyTorch takes 5 to 15 seconds.

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
# the routers have chosen, so the devices first tell each other. The counts themselves are tiny, but they cost a call in
# which everybody waits for everybody. And something worse: Python needs them as plain numbers (`.tolist()`), so in
# every sparse layer the CPU has to wait until the GPU has computed them. Soft MoE sends the same number of slots for
# every sequence. All devices know that number from the layer's sizes, and nobody has to ask.
#
# </details>

# %% [markdown]
# ### What the devices sent
#
# The next cell lists each call of the forward pass: how many pieces a device passed to the call, and how many bytes of
# them left it for the other device. Pieces that it keeps are counted too, but their bytes are not. A piece is one
# count in *counts*, one token or its answer in the sparse layer, and in Soft MoE all slots of one expert. In the
# third case, *one idle*, every token chose an expert of device 0.

# %%
result = run()
print(result.missing or f"two processes, {result.seconds:.0f} seconds")
for name, case in result.cases.items():
    print(f"\n{name}: differs by at most {case.error:.0e} from the same layer in one process, gradients included")
    for call, per_device in enumerate(zip(*case.log, strict=True)):
        given = "; ".join(
            f"device {d}: {pieces:2d} pieces, {size:5,d} bytes left it"
            for d, (_, pieces, size) in enumerate(per_device)
        )
        print(f"   call {call + 1}, {per_device[0][0]:8s} {given}")

# %% [markdown]
# Compare with your formula. It knows the sizes and not the tokens: for which of the three cases can it be right? (The
# cell counts the bytes of rows and leaves out *counts*.)

# %%
sizes = two_processes.SEQUENCES, two_processes.EXPERTS * two_processes.SLOTS, two_processes.DIM, 8, 2
print(f"your formula for 4 sequences of 12 slots: {sent(*sizes):,.0f} bytes")
for name, case in result.cases.items():
    print(f"   counted, {name:8s} {case.bytes:6,d} bytes")

# %% [markdown]
# Only for Soft MoE: there the sizes decide everything. In the sparse layer the bytes depend on what the tokens choose.
#
# The module avoids three traps:
#
# - **An idle device stays.** In the third case device 1 has no row to answer, and it still takes part in every call,
#   also in the backward pass. If it left, the other device would wait until the time-out.
# - **Gradients have to travel back.** Autograd does not know `all_to_all_single`. Here a small `autograd.Function`
#   sends the gradients the other way.
# - **Gradients of experts are not averaged.** `DistributedDataParallel` averages every gradient over the devices. But
#   an expert's gradient is already complete: tokens of all devices were sent to it. So experts are kept out of it.
#
# *If you have five minutes more:* find the lines of the module that do this. And `two_processes.run(4)` plays four
# devices (half a minute): what should your formula say?

# %%
# print(two_processes.run(4).cases["soft"].bytes, sent(4, 12, 6, 8, 4))

# %% [markdown]
# ## 7 · ★ Predict: how long they wait (8 min)
#
# So rows travel. Does that take long? It depends on how fast a device computes and how fast it sends. Both rates in
# this card are made up, but of a realistic size. A MAC is 2 FLOP, and an expert needs 2 · width · hidden width MACs for
# a slot.


# %%
def waiting(hidden, dim, slots=256, devices=16, computing=100e12, sending=50e9):
    """Return seconds of travelling and of the experts' computing, for as many sequences as devices."""
    return sent(devices, slots, dim, 2, devices) / devices / sending, 4 * slots * dim * hidden / computing


def show_waiting():
    for name, dim, hidden in (("S", 384, 1536), ("B", 768, 3072), ("L", 1024, 4096), ("H", 1280, 5120)):
        travel, compute = waiting(hidden, dim)
        print(f"{name}: rows travel {1e6 * travel:5.1f} µs, experts compute {1e6 * compute:5.1f} µs", end="")
        print(f": {travel / compute:.2f} times as long")


predict("m38-wait", reveal=show_waiting)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Divide the two times and nearly everything cancels. Take one sequence of s slots of width d, experts of hidden width
# h, w bytes a number, and a device that computes F FLOP and sends B bytes in a second:
#
# $$\frac{\text{travelling}}{\text{computing}} = \frac{2\, s\, d\, w\, (1 - 1/\text{devices}) / B}{4\, s\, d\, h / F} =
# \frac{w\,(1 - 1/\text{devices})}{2h} \cdot \frac{F}{B}$$
#
# Slots and width are gone. What is left is the hidden width h of an expert and the ratio of the two rates. Narrow
# experts on fast devices wait for the network. A new device that computes twice as fast makes that worse, not better.
# (Good software sends one part while it computes another, and so hides some of the waiting.)
#
# </details>

# %% [markdown]
# ### Find the crossing
#
# How fast a network does S need for its rows to travel exactly as long as its experts compute? Change `my_sending`
# until the two times meet, or solve the formula for B.

# %%
my_sending = 50e9  # bytes that a device sends in a second: change this
travel, compute = waiting(1536, 384, sending=my_sending)
print(f"S: rows travel {1e6 * travel:.2f} µs, experts compute {1e6 * compute:.2f} µs")

# %% [markdown]
# <details><summary>Found it? Then read on here.</summary>
#
# 61 GB/s: 50 · 7.37 / 6.04.
#
# </details>
#
# *If you have three minutes more:* the explorer shows the other side, the work, the parameters and the bytes of a layer
# of H/14, and the time that 16 devices need for it. The pin (the thin bars) is the same layer on one device. The
# explorer takes all work to be shared evenly by devices that *send each other nothing*. So its time is a lower bound,
# and the travelling that you computed comes on top. Set it to 64 experts with 4 slots each: which bars shrink, and
# which stay? Then go back to 256 experts with 1 slot. Open *Sizes and device* and raise *GB/s*, the speed of a device's
# own memory: what happens to the time?
#
# <details><summary>Looked? Then read on here.</summary>
#
# With 64 experts, parameters, bytes and time shrink to about a quarter, and the MACs stay. With 256 experts the time is
# spent on reading weights from memory: it falls as *GB/s* rises, down to 72 µs at 6,400 GB/s, and from there on
# computing sets it.
#
# </details>

# %%
h14_layer = {"num_experts": 256, "slots_per_expert": 1, "dim": 1280, "hidden_dim": 5120, "tokens": 256, "batch": 16}
CostExplorer("soft", devices=16, **h14_layer, pinned={"devices": 1})

# %% [markdown]
# ## 8 · Out to thousands of devices, on paper (10 min)
#
# Two processes fit on your machine; a thousand do not. `cost.Spread` does the sums for any number of devices: give it
# the rows that each device sends to each expert, and it says what every device computes, sends, holds and waits for.
# First, does it agree with what your two processes sent?

# %%
here = cost.Network(2, 2, cost.Link(50e9))  # two devices with one link: 50 GB/s
for name, case in result.cases.items():
    x, router, experts = two_processes.make(name)
    layer = {"dim": x.shape[-1], "hidden_dim": experts.hidden_dim, "bytes_per_number": 8}
    one = cost.Spread(rows=cost.rows_of(router(x), 2), network=here, operations_per_second=100e12, **layer)
    counted = [sum(size for what, _, size in log if what != "counts") for log in case.log]
    print(f"{name:8s} bytes that leave each device: on paper {one.sent.int().tolist()}, counted {counted}")

# %% [markdown]
# Now a layer of H/14 with one sequence of 256 slots on each device, and always as many experts as there are slots. A
# node holds eight devices. A device sends 450 GB/s within its node and 50 GB/s to other nodes. Every message also takes
# 2 µs to start within a node, and 5 µs between nodes. All of these numbers are made up, but realistic.
#
# With 4,096 devices instead of 8, a device sends about as many bytes as before (7/8 of its rows left it then, nearly
# all leave it now), but in 4,095 messages instead of 7. There are ways to send fewer messages:
#
# - **pairwise**: every device sends every other device its piece.
# - **ring**: every device passes pieces on to its neighbour, until each is where it belongs.
# - **tree**: in step *i*, a piece moves 2^i devices further if the binary form of its whole distance contains 2^i. Each
#   device sends only log2(devices) messages, but most pieces travel several times.
# - **hierarchical**: number the devices of each node alike. A piece first moves within its node, to the device with the
#   same number as its destination. Then only devices with the same number send to each other, from node to node.
#
# Before you run the cell, guess: with 4,096 devices, which way is the fastest? And does any of them take less time than
# the experts need to compute?


# %%
def on_devices(devices):
    """Return the network and the bytes from each device to each, for one of the two exchanges."""
    network = cost.Network(devices, 8, cost.Link(450e9, 2e-6), cost.Link(50e9, 5e-6))
    return network, torch.full((devices, devices), 256 * 1280 * 2 / devices)


def draw_ways_to_send():
    sizes = (8, 64, 512, 4096)
    times = {
        way: [1e6 * network.seconds(sent_to, way) for network, sent_to in map(on_devices, sizes)] for way in cost.WAYS
    }
    computing = 1e6 * 4 * 256 * 1280 * 5120 / 100e12
    panel = plt.subplots(figsize=(6.6, 3.4), layout="constrained")[1]
    for i, (way, each) in enumerate(times.items()):
        panel.plot(sizes, each, color=categories()[i], linestyle=DASHES[i], marker=MARKERS[i], label=way)
    panel.axhline(computing, color="grey", linewidth=0.8, label="experts compute")
    panel.set(xscale="log", yscale="log", xlabel="devices", ylabel="time of one exchange (µs)")
    panel.set(title="Many small messages take longer than few large ones")
    panel.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
    panel.minorticks_off()
    panel.legend(fontsize="small")
    last = ", ".join(f"{way} {each[-1]:,.0f}" for way, each in times.items())
    describe(
        panel, f"Microseconds of one exchange over 8 to 4,096 devices. With 4,096: {last}; computing {computing:.0f}."
    )
    return panel


figures.described(draw_ways_to_send())

# %% [markdown]
# **Figure 1.** The time that one exchange of a layer of H/14 takes on paper, for four ways to send it, and the time
# that the experts of a device take to compute (grey line).
#
# <details><summary>Guessed, and run it? Then read on here.</summary>
#
# With 8 devices, everything stays in one node, and sending takes less time than computing. With 4,096 devices, pairwise
# takes 20 ms, nearly all of it to start 4,095 messages; the tree needs twelve messages and wins, although its pieces
# travel six times on average. None of the four is as fast as computing. That is one reason why experts are rarely
# spread over more than a few tens of devices, and why some routers let a token choose only among the experts of a few
# nodes (DeepSeek-V3, 2412.19437, allows four).
#
# The sums assume that devices send one message at a time, no other traffic uses the links, switches are never too slow,
# and nothing is computed meanwhile. Real networks break each of these. Good software overlaps sending with computing
# and does better; a busy switch makes it worse.
#
# </details>
#
# And a sparse layer? Its rows are uneven. The next cell gives 64 devices four experts each and as many rows as Soft MoE
# has. In the sparse layer, some experts are more popular than others.

# %%
network, generator = on_devices(64)[0], torch.Generator().manual_seed(0)
popular = torch.randn(256, generator=generator).exp()
choices = torch.multinomial(popular.expand(64, -1), 256, replacement=True, generator=generator)
rows = {"soft": torch.ones(64, 256, dtype=torch.long)}
rows["sparse"] = torch.stack([each.bincount(minlength=256) for each in choices])
print("        experts compute, µs       a device waits   exchanges    a device holds, MB")
print("          busiest      mean     for the busiest      in all       most      least")
for name, each in rows.items():
    sizes = {"dim": 1280, "hidden_dim": 5120, "network": network, "operations_per_second": 100e12}
    one = cost.Spread(rows=each, how="hierarchical", counts=name == "sparse", **sizes)
    compute, waits, held = 1e6 * one.compute, 1e6 * one.waits.mean(), one.memory / 1e6
    print(
        f"{name:6s} {compute.max():10.0f} {compute.mean():9.0f} {waits:16.0f} µs {1e6 * one.travel:8.0f} µs"
        f" {held.max():10.1f} {held.min():10.1f}"
    )

# %% [markdown]
# On average, both layers compute for the same time. But in the sparse layer every device waits for the one with the
# popular experts, and that one holds more rows, too. (The sparse layer has three exchanges, with the counts; Soft MoE
# has two.) The next two sections are about the waiting.

# %% [markdown]
# ## 9 · Exercise: which expert stands where (10 min)
#
# In Soft MoE all experts have equally many rows, so it does not matter which of them share a device. In a sparse layer
# it does: all devices wait for the one with the busiest experts. Every device has places for equally many experts (an
# expert takes the same memory, busy or idle), and the loads of the devices should be as even as possible.
#
# A simple rule works well: **go through the experts from the busiest to the idlest, and give each to the device that
# has the least load so far, among those with a place left.**
#
# - `loads` (e,): the load of each expert, 0 or more. `devices` divides e.
# - **Returns** whole numbers (e,): the device of each expert, from 0 to `devices` - 1. It does not matter which device
#   is called 0. A placement whose busiest device has *less* load than under this rule is right too.
#
# For example, loads [9, 8, 7, 3, 2, 1] on 2 devices: 9 goes to device 0, 8 and 7 go to device 1, 3 and 2 to device 0,
# which is then full, and 1 to device 1. The result is [0, 1, 1, 0, 0, 1]; the devices have loads 14 and 16.


# %% tags=["exercise:place-experts"]
def place_experts(loads, devices):
    """Return the device of each expert, (e,): equally many on each, loads nearly even.

    loads (e,): the load of each expert. e is a multiple of devices.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("place-experts")`.

# %% tags=["check:place-experts"]
check("place-experts", place_experts)

# %% [markdown]
# How good is the rule? For eight experts on two devices there are only 35 placements, so we can try them all. The next
# cell does that for 200 random sets of loads. Say first: how often does the rule find the best placement?

# %%
from softmoe_edu.course.lesson_10.place_experts.properties import least_possible, loads_of

place, generator = use("place-experts", place_experts), torch.Generator().manual_seed(0)
gaps = []
for _ in range(200):
    loads = torch.randn(8, generator=generator, dtype=torch.float64).exp()
    gaps.append(loads_of(place(loads, 2), loads, 2).max().item() / least_possible(loads, 2) - 1)
best = sum(gap < 1e-9 for gap in gaps)
print(f"the best placement in {best} of 200 cases; in the worst, the busiest device has {100 * max(gaps):.1f} % more")

# %% [markdown]
# ## 10 · Exercise: copies of the busy ones (10 min)
#
# No placement helps if a single expert has more load than a device should have. Then the expert is **copied**: two
# devices hold the same expert and share its tokens. Copies take memory, so the number of places is limited.
#
# - `loads` (e,): the load of each expert. `places`: how many copies there are in all, the first one of each expert
#   included; at least e.
# - **Returns** whole numbers (e,) that sum to `places`, each at least 1. A copy has the load of its expert, divided by
#   the number of copies. The busiest copy should have as little load as possible.
#
# A rule that achieves this: begin with one copy of each expert. Then give the remaining places one by one, each to the
# expert whose copies are the busiest *now*. For example, loads [12, 5, 3] and 5 places: [3, 1, 1]; the busiest copy has
# load 5.


# %% tags=["exercise:copies-of-experts"]
def copies_of_experts(loads, places):
    """Return how many copies of each expert to keep, (e,): they sum to places.

    loads (e,): the load of each expert, shared evenly among its copies.
    places: at least e. Each expert has a copy; the busiest copy has least load.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("copies-of-experts")`.

# %% tags=["check:copies-of-experts"]
check("copies-of-experts", copies_of_experts)

# %% [markdown]
# Here are three ways to put 64 experts on 8 devices, with made-up loads: by number (experts 0 to 7 on device 0, and so
# on), *packed* by `place_experts`, and packed after `copies_of_experts` has used 16 more places.

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
        panel.set(title=f"{name}: busiest {each.max() / each.mean():.2f}", xlabel="device", xticks=range(8))
    panels[0].set_ylabel("load, times the mean")
    found = ", ".join(f"{each.max() / each.mean():.2f} {name}" for name, each in ways.items())
    describe(panels, f"Load of eight devices over their mean. The busiest has {found} times the mean.")
    return panels


figures.described(draw_ways())

# %% [markdown]
# **Figure 2.** The load of each device, divided by the mean load; each title names the busiest device's.
#
# What about a real model? The authors of OLMoE published how often each of its 64 experts was chosen, in three layers,
# on six kinds of text (allenai/OLMoE). Computed from these counts for eight devices, the busiest device has 1.09 to
# 2.14 times the mean load by number, 1.00 to 1.27 times when packed, and at most 1.03 times with 16 copies. DeepSeek's
# software places its experts in much the same way (deepseek-ai/EPLB), and again whenever the loads change.

# %% [markdown]
# ## 11 · Clinic: the same layer on two devices (10 min)
#
# A layer was moved from one device to two. It runs and it trains, but it is no longer the same layer. Here one process
# plays both devices, so you can look at everything. Device 0 has sequences 0 and 1 and experts 0 and 1; device 1 has
# the others.

# %%
patient = clinic("10")
patient

# %%
x = torch.randn(4, 12, 6, generator=torch.Generator().manual_seed(0))
wrong = (patient.layer(x) - patient.layer.alone(x)).abs().amax(-1) > 1e-9
print("tokens with another answer than on one device, by sequence:", wrong.sum(1).tolist())
print("rows from device i (down) to device j (across):", patient.layer.rows_between(x).tolist())

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("10", 2)`, and so on. If all answers are right, look at what the layer *learns*.
#
# One test would have caught them all: run the layer on one device and on two, with the same parameters and tokens, and
# compare the outputs, the tokens' gradients and the experts' gradients. That is what *differs by at most* reports in
# section 6.

# %% [markdown]
# ## 12 · ★ What is settled (7 min)
#
# The paper claims that slots set the cost, and experts do not. On the left are its own numbers (from its Figure 6): the
# time of a training step with more and more experts and always the same number of slots. On the right is the time of
# one layer of this library, from the record of this project's runs.


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
        shown = e if len(e) < 8 else e[::2]
        panel.set_xticks(shown, [f"{each:,}" for each in shown], minor=False)
        panel.minorticks_off()
    panels[0].set_ylabel("time, times that of the fewest")
    said = f"{speed[-1]:.2f} times with {rows[-1]['experts']} in place of {rows[0]['experts']} in the paper"
    describe(panels, f"Time over the number of experts, slots fixed: {said}; {lines[1][1][-1]:.2f} times here.")
    return panels


figures.described(draw_times())

# %% [markdown]
# **Figure 3.** The time of a training step (paper, 8 to 256 experts) and of one layer's forward pass (here, 1 to 4,096
# experts, on one thread), divided by the time with the fewest experts; each title has the last value.
#
# And here are the verdicts on three claims, read from the records of the runs:

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
# *Settled by what you ran:* experts spread over processes compute the same layer, gradients included; what Soft MoE
# exchanges is known from its sizes, what a sparse layer exchanges is not; memory grows with the experts; bytes between
# devices grow with the slots. *Not settled here:* how fast any of this is on real GPUs with a real network. You would
# need the machines to find out; the rates in sections 7 and 8 are assumptions.
#
# Somebody wants to buy ten more devices. Which of your sums would you show them? Write one sentence.

# %%
my_sentence = "?"
print(my_sentence)

# %% [markdown]
# ### Five questions
#
# <details><summary>1. 12 experts are spread over 8 devices. How many does the fullest device hold? From how many
# devices on is it only one?</summary>
# Two; from 12 devices on.</details>
#
# <details><summary>2. A Soft MoE layer goes from 4 to 8 devices, with the same slots and sequences. By what factor do
# the bytes between devices grow?</summary>
# (7/8) / (3/4) = 7/6.</details>
#
# <details><summary>3. Why do devices exchange numbers of rows before the rows in a sparse layer, but not in Soft
# MoE?</summary>
# The receiver needs to know how much is coming. In a sparse layer the tokens decide that; in Soft MoE every sequence
# fills all slots.</details>
#
# <details><summary>4. No token of a batch chose an expert of device 3. May device 3 go on to the next layer at
# once?</summary>
# No: it has to take part in every exchange, with no rows, also in the backward pass. The others wait for it.</details>
#
# <details><summary>5. With a hidden width of 1,000, rows travel as long as experts compute. You make it 4,000. How do
# the two times compare now?</summary>
# Rows travel for a quarter of the time that experts compute: the same rows travel, and each means four times the
# work.</details>

# %%
calibration("10")
