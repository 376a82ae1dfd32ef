# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Properties, measured
#
# The paper says in plain sentences what a Soft MoE layer is and what it is not. In this lesson you turn such sentences
# into functions that measure them, for any layer, and find out what such a function cannot see.
#
# **The core path takes about 60 minutes, with a resting point halfway; everything takes about 110 (estimated: no reader
# has been timed yet).** You need lessons 00 to 06.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - test whether a layer follows the order of its tokens, whether its answers jump, and whether they depend on the rest
#   of the batch,
# - say which tokens move which outputs, in five kinds of layer,
# - count what routing and experts cost, and say when routing is the larger part,
# - find the one property that a layer lacks, and name what your test is blind to.
#
# **The core path:** sections 1 to 5, 8, 10, 11 and 14, marked ★.

# %%
from softmoe_edu.teaching import course_map

course_map("07")

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# "This layer is deterministic" is a sentence; nobody can run it. "I sent an image through it twice, beside other images
# the second time, and counted the tokens whose answer changed" is a measurement: it gives a number, it could come out
# otherwise, and it can be repeated for any layer. Measurements like this find faults that accuracy does not show. The
# patient of lesson 05 trained well, too.
#
# Here every layer is a box: a function from tokens (b, n, d) to answers (b, n, d). As before, b counts examples, n
# tokens, d the numbers in a token, e experts, and p the slots of one expert.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 06: Scores are made from tokens of length 1. Which tokens do the slots mix, these or the ones
# that came in?</summary>The ones that came in. They are normalised for the scores only.</details>
#
# <details><summary>Lesson 05: 196 tokens, 32 experts of 4 slots. How many rows do all experts together
# compute?</summary>128: one row for each slot, however many tokens there are.</details>
#
# <details><summary>Lesson 03: What does a sparse router need an auxiliary loss for, and why has Soft MoE
# none?</summary>To keep tokens from crowding into a few experts. In Soft MoE every expert computes its own slots and
# nothing else, so the load is equal by construction.</details>

# %%

import matplotlib.pyplot as plt
import torch
from torch import nn

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter, cost, figures
from softmoe_edu.evidence import entry
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, categories
from softmoe_edu.influence import influence, moves
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.widgets import CausalityExplorer, CostExplorer

torch.set_num_threads(1)  # in layers as small as these, threads only wait for each other
returning("07")

# %% [markdown]
# ## 2 · ★ Order, on paper (5 min)
#
# Shuffle the patches of an image. A layer that looks at each token alone gives the same answers, shuffled in the same
# way. We say that it *follows* the order of its tokens; the technical term is **permutation equivariant**:
#
# $$\text{layer}(x[\text{order}]) = \text{layer}(x)[\text{order}] \quad \text{for every order}$$
#
# On paper first. There are three tokens of one number each, x = (1, 5, 3), and the order is (2, 0, 1), counted from 0:
# the shuffled tokens are (3, 1, 5). Layer A adds to each token the mean of all three. Layer B adds to each token the
# one before it, and nothing to the first. Compute what each layer answers to the shuffled tokens. Then compute its
# answers to x, and shuffle those.

# %%
my_a = "?"  # what A answers to the shuffled tokens, three numbers such as "1, 2, 3"
my_b = "?"  # what B answers to them


# %%
def judge(mine, layer):
    x, order = torch.tensor([1.0, 5.0, 3.0]), [2, 0, 1]
    right, shuffled = layer(x[order]), layer(x)[order]
    if mine == "?":
        return "not filled in; the numbers appear here once it is"
    try:
        numbers = torch.tensor([float(part) for part in mine.strip(" ()[]").split(",")])
    except ValueError:
        return f"{mine!r} cannot be read: write three numbers such as '1, 2, 3'"
    verdict = "right" if numbers.equal(right) else f"not right, it is {right.tolist()}"
    follows = "it follows" if right.equal(shuffled) else "it does not follow"
    return f"{verdict}. Shuffled afterwards: {shuffled.tolist()}, so {follows} this order"


print("A:", judge(my_a, lambda x: x + x.mean()))
print("B:", judge(my_b, lambda x: x + torch.cat([x.new_zeros(1), x[:-1]])))

# %% [markdown]
# ## 3 · ★ Exercise: does the order matter? (12 min)
#
# **Write `is_permutation_equivariant(layer, x)`.** `layer` is any function from (b, n, d) to (b, n, d), and x holds
# tokens (b, n, d). The function returns `True` if the layer follows the order of its tokens, and `False` if not.
#
# - Reorder the *tokens*, axis 1, in the same way in all examples. `torch.randperm(n)` draws an order.
# - One order proves little: it may leave in place the very token that is special. Try ten or more.
# - All examples and all numbers have to agree.
# - Sums taken in another order round differently. A difference of up to 1e-4 times the largest answer (in absolute
#   value) counts as rounding, whether the answers are in the millions or in the millionths.
#
# For layer A above the result would be `True`, for layer B `False`. A layer that always answers 0 follows any order.


# %% tags=["exercise:is-permutation-equivariant"]
def is_permutation_equivariant(layer, x):
    """Find out whether tokens in another order get the same answers, in that order.

    layer: a function from (b, n, d) to (b, n, d). x (b, n, d): tokens.
    Returns True or False: a Python bool.
    """
    raise NotImplementedError


# %% tags=["check:is-permutation-equivariant"]
check("is-permutation-equivariant", is_permutation_equivariant)

# %% [markdown]
# Stuck? Call `hint("is-permutation-equivariant")` for a first hint; call it again for the next one.
#
# Now put the question to five layers. In *tokens choice, 1 slot* each expert has a single slot, and turns later tokens
# away; in *tokens choice* no token is turned away. Guess the five results before you run the cell. (If your function is
# not finished, the library's is used.)

# %%
follows_order = use("is-permutation-equivariant", is_permutation_equivariant)
torch.manual_seed(0)
DIM = 8
x = torch.randn(2, 6, DIM)  # 2 examples of 6 tokens
one_slot, no_limit = TokensChoiceRouter(DIM, 3, capacity_factor=0.5), TokensChoiceRouter(DIM, 3, capacity_factor=None)
layers = {
    "one MLP": nn.Sequential(nn.Linear(DIM, 16), nn.GELU(), nn.Linear(16, DIM)),
    "tokens choice": MoE(no_limit, Experts(DIM, 3, 16)),
    "tokens choice, 1 slot": MoE(one_slot, Experts(DIM, 3, 16)),
    "experts choice": MoE(ExpertsChoiceRouter(DIM, 3), Experts(DIM, 3, 16)),
    "soft": MoE(SoftRouter(DIM, 3, 2), Experts(DIM, 3, 16)),
}
for name, layer in layers.items():
    print(f"{name:22s} follows the order of its tokens: {follows_order(layer, x)}")

# %% [markdown]
# The third one is the odd one out: the slot of an expert goes to the token that comes first (lesson 02). Soft MoE does
# not know where a token stands, and slot 3 does not belong to token 3. A ViT knows places from the position embedding,
# which is added to the patches before the first block.

# %% [markdown]
# ## 4 · ★ Who moves whom (8 min)
#
# Change one token and watch all outputs. Then change the next one. For n tokens this gives n × n pairs of a changed
# token and an output; in each of them the output moves, or it does not. In lesson 04 your `causal_leak` looked at the
# pairs in which the output comes before the token. Now all of them count.


# %%
def count_pairs(x=x):  # these tokens, also when the clinic has taken others
    for name, layer in layers.items():
        moved = moves(influence(layer, x))
        print(f"{name:22s} {int(moved.sum()):3d} of {moved.numel()} pairs")


predict("m08-influence", reveal=count_pairs)

# %% [markdown]
# ### Watch it
#
# The same five layers, side by side. A row is an output, a column the token that changes; a coloured cell has moved.
# Point at a column, or press <kbd>Tab</kbd> and use the arrow keys. **Find these:** a layer in which every token moves
# its own output and no other; in *tokens choice, 1 slot*, a token that moves the output of another one (how can it?);
# in *experts choice*, a cell above the diagonal.

# %%
CausalityExplorer(layers, x)

# %% [markdown]
# Two of the five as a figure. How much does a token move *other* outputs in the soft layer, and is it about the same
# for all of them? Guess the smallest change over the largest one, a number from 0 to 1, before you run the second cell.

# %%
maps = {name: influence(layers[name], x) for name in ("tokens choice, 1 slot", "soft")}
figures.described(figures.causality_map(maps), "Figure 1. Which outputs move when one token changes.")

# %%
my_ratio = "?"  # your guess: smallest over largest
others_only = maps["soft"][~torch.eye(6, dtype=torch.bool)]
least, most = float(others_only.min()), float(others_only.max())
if my_ratio != "?":
    print(f"in the soft layer from {least:.3f} to {most:.3f}: {least / most:.2f} (you: {my_ratio})")

# %% [markdown]
# <details><summary>Done? Then read on here.</summary>
#
# In Soft MoE the output moves in every pair, and the changes are of similar size: in an untrained layer the weights are
# nearly equal, so every token has a say in every slot, and every slot in every answer. That is what section 2.2 of the
# paper means by "not technically sparse". It is also why a decoder cannot use the layer as it is: outputs move when
# *later* tokens change.
#
# In tokens choice without a limit, each token moves its own output and no other. With one slot for each expert, a token
# that changes can go to another expert and take a later token's slot. So it moves an output to which no weight connects
# it.
#
# </details>

# %% [markdown]
# **A resting point.** Half of the core path is behind you. If you stop here, save the notebook: your predictions and
# your functions are kept.

# %% [markdown]
# ## 5 · ★ A jump, by hand (5 min)
#
# The paper says of Soft MoE that all its operations are continuous and fully differentiable (section 2.2). What does a
# layer look like whose answers jump? Take one token with one number, x, and two experts with the scores x and 1 - x.
# Expert 0 always answers 4, expert 1 always answers 0. The gates are the softmax of the two scores, as in lesson 01.
#
# - **Tokens choice**, k = 1: the token goes to the expert with the larger score, and gets its answer times its gate.
# - **Soft MoE**: there is only one token, so every slot holds it. The token gets both answers, each times its combine
#   weight, and the combine weights are the gates here.
#
# At x = 1/2 the scores are equal, and so are the gates. What are the answers a hair to the left of 1/2, and a hair to
# the right?

# %%
my_left = "?"  # tokens choice, x a hair under 1/2: a number such as 1.5
my_right = "?"  # tokens choice, x a hair over 1/2
my_soft = "?"  # Soft MoE, on either side


# %%
def one_choice(x):
    gate, expert = torch.cat([x, 1 - x], -1).softmax(-1).max(-1, keepdim=True)
    return gate * torch.tensor([4.0, 0.0]).to(x)[expert]


def both_answers(x):
    return torch.cat([x, 1 - x], -1).softmax(-1) @ torch.tensor([[4.0], [0.0]]).to(x)


def told(mine, layer, at):
    exact = float(layer(torch.tensor([[[at]]])))
    if mine == "?":
        return "not filled in; the number appears here once it is"
    try:
        near = abs(float(mine) - exact) < 0.01
    except ValueError:
        return f"{mine!r} cannot be read: write a number such as 1.5"
    return f"you {mine}, the layer {exact:.3f}: {'right' if near else 'look again'}"


print("tokens choice, x = 0.4999:", told(my_left, one_choice, 0.4999))
print("tokens choice, x = 0.5001:", told(my_right, one_choice, 0.5001))
print("Soft MoE, x = 0.5001:     ", told(my_soft, both_answers, 0.5001))

# %% [markdown]
# ## 6 · Would gradcheck have told you? (4 min)
#
# PyTorch's `torch.autograd.gradcheck` compares gradients with small differences of the answer, at one input. At how
# many of 200 random inputs does the layer that jumps pass? Fill in your guess, and run the next cell. The one after it
# draws both layers, which agree to the right of 1/2.

# %%
my_passes = "?"  # of 200
torch.manual_seed(0)
for name, layer in () if my_passes == "?" else (("tokens choice", one_choice), ("Soft MoE", both_answers)):
    inputs = [at.requires_grad_() for at in torch.rand(200, 1, 1, 1, dtype=torch.float64)]
    passed = [torch.autograd.gradcheck(layer, (at,), raise_exception=False) for at in inputs]
    print(f"{name:14s} passes at {sum(passed)} of {len(passed)} inputs")


# %%
def draw_both():
    at = torch.linspace(0, 1, 400)[:, None, None]  # 400 examples of one token
    ax = plt.subplots(figsize=(5.6, 3.0), layout="constrained")[1]
    chosen, soft = one_choice(at).squeeze(), both_answers(at).squeeze()
    colours = categories()
    ax.plot(at.squeeze(), soft, color=colours[1], linewidth=6, alpha=0.5, label="Soft MoE")
    ax.plot(at.squeeze(), chosen, ".", color=colours[0], markersize=3, label="tokens choice")
    ax.set(title="One token, two experts", xlabel="x, the token's one number", ylabel="answer")
    ax.legend(markerscale=4)
    jump = float(chosen.diff().abs().max())
    words = f"The answer while x goes from 0 to 1. Soft MoE: smooth, from {soft[0]:.2f} to {soft[-1]:.2f}."
    describe(ax, f"{words} Tokens choice: 0 up to x = 1/2, a jump of {jump:.2f}, then as Soft MoE.")
    return ax


figures.described(draw_both(), "Figure 2. A smooth answer, and one that jumps.")

# %% [markdown]
# A jump has no width. At almost every input this layer has a slope, and the slope is right; a test at single inputs
# does not see what lies between them. To find a jump you have to *walk across it*.

# %% [markdown]
# ## 7 · Exercise: does the answer jump? (12 min)
#
# Walk from x to x + direction in equal steps, and note the largest change of the answer in a single step. Then walk the
# same way in ten times as many steps. Where a layer is smooth, the largest change becomes about ten times smaller. A
# jump stays as large as it is: one of the steps, however short, goes across it.
#
# **Write `smoothness_probe(layer, x, direction, steps)`.** It returns one number: the largest change (in absolute
# value) of any output number, in any example, from one point of the walk to the next.
#
# - x and direction are (b, n, d). A walk of `steps` steps has `steps + 1` points; the first is x, the last is x +
#   direction.
# - Each point goes through the layer by itself, with the shape of x. (Why not all points as one large batch? Section 8
#   has a reason.)
# - With `steps = 1` the result is the difference between the two ends.
#
# Example: a layer that multiplies by 3, x = [1, 0], direction = [1, -2], 4 steps. In each step the answer changes by
# [0.75, -1.5], so the result is 1.5.


# %% tags=["exercise:smoothness-probe"]
def smoothness_probe(layer, x, direction, steps):
    """Walk from x to x + direction, and measure the largest change in one step.

    layer: a function from (b, n, d) to (b, n, d). x, direction (b, n, d).
    steps: how many equal steps the walk has, a whole number from 1 on.
    Returns the largest change of any output number from one point to the next.
    """
    raise NotImplementedError


# %% tags=["check:smoothness-probe"]
check("smoothness-probe", smoothness_probe)

# %% [markdown]
# Stuck? Call `hint("smoothness-probe")`. Now walk through four layers, each time along the same way:

# %%
probe = use("smoothness-probe", smoothness_probe)


def walk(seed):
    torch.manual_seed(seed)
    start, way = torch.randn(2, 1, 6, DIM)
    print(f"{'largest change with':22s}" + "".join(f"{n:>9,d}" for n in (10, 100, 1000)) + "  steps")
    for name in ("tokens choice", "tokens choice, 1 slot", "experts choice", "soft"):
        with torch.no_grad():
            changes = [float(probe(layers[name], start, way, n)) for n in (10, 100, 1000)]
        print(f"{name:22s}" + "".join(f"{change:9.4f}" for change in changes))


walk(seed=1)

# %% [markdown]
# **Read the table:** in which rows is each number about a tenth of the one before it? From the first column alone,
# could you have told a jump from a steep slope? A test that walks with a single number of steps cannot tell them apart.
#
# *Tokens choice, 1 slot* looks as smooth as Soft MoE, but you know better: its experts turn tokens away. This walk just
# happens not to cross a place where that changes an answer. Before you believe the table, walk another way:

# %%
walk(seed=4)

# %% [markdown]
# ## 8 · ★ The rest of the batch (6 min)
#
# A model is sent the same image twice, and gives two answers. People have blamed this on mixture-of-experts layers.
# When are they right?


# %%
def moved_share(router, group):
    """Compute how many tokens of the last of 4 images change with the company of the others."""
    torch.manual_seed(0)
    layer = MoE(router, Experts(DIM, 3, 16), examples_per_group=group).eval()
    mine = torch.randn(1, 6, DIM)
    with torch.no_grad():
        first, second = (layer(torch.cat([torch.randn(3, 6, DIM), mine]))[-1] for _ in range(2))
    return 100 * float(((first - second).abs().amax(-1) > 1e-4).float().mean())


def show_shares():
    soft = SoftRouter(DIM, 3, 2)
    print(f"A: {moved_share(ExpertsChoiceRouter(DIM, 3), 1):.0f} % of the image's tokens change")
    print(f"B: {moved_share(ExpertsChoiceRouter(DIM, 3), 4):.0f} %")
    print(f"C: {moved_share(soft, 1):.0f} %")
    print(f"and Soft MoE, with the four images as one group: {moved_share(soft, 4):.0f} %")


predict("m29-batch", reveal=show_shares)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# The group decides. Whatever shares slots competes for them: tokens of one image always do, images only if they are
# routed together. Sparse routers are often given groups of several images, because a larger group drops less (lesson
# 02). Soft MoE can afford groups of one, and it loses the property too where images share its slots.
#
# </details>
#
# One more effect changes answers in *every* layer, with experts or without: in a batch of another size, a product may
# be summed in another order. The next cell measures this in an ordinary MLP. How large is it, compared with the
# answers?

# %%
torch.manual_seed(0)
mlp = nn.Sequential(nn.Linear(256, 1024), nn.GELU(), nn.Linear(1024, 256))
images = torch.randn(64, 256)
with torch.no_grad():
    alone, together = mlp(images[:1]), mlp(images)[:1]
gap, size = float((alone - together).abs().max()), float(together.abs().max())
print(f"an MLP, one row alone and among 64: they differ by {gap:.0e}, the largest answer is {size:.1f}")

# %% [markdown]
# ## 9 · Exercise: measure it (12 min)
#
# **Write `batch_effect(layer, x, others)`.** x (b, n, d) holds the examples that are watched. `others` is a list of two
# or more tensors (m, n, d), and each of them is the company of x in one batch. The function returns the share of the b
# · n tokens of x whose answer changes with the company, a number from 0 to 1.
#
# - In each batch the company comes first and x behind it: `torch.cat([company, x])`. (Slots are filled in the order of
#   the batch: whoever stands in front is served first, and notices nothing.)
# - The answers in the first batch are what all others are compared with. A token has changed if in *any* of the other
#   batches *any* of its d numbers differs by more than 1e-4 of the largest answer to x in the first batch (in absolute
#   value).
#
# For instance, let x be one example of 4 tokens, with 3 companies. In the second batch token 0 differs from the first,
# in the third batch tokens 0 and 2 do. Two of four tokens have changed: 0.5.


# %% tags=["exercise:batch-effect"]
def batch_effect(layer, x, others):
    """Measure the share of x's tokens whose answer changes with the rest of the batch.

    layer: a function from (b, n, d) to (b, n, d), for any b. x (b, n, d).
    others: a list of two or more tensors (m, n, d), each of them the company of x once.
    Returns a share from 0 to 1 of the b * n tokens.
    """
    raise NotImplementedError


# %% tags=["check:batch-effect"]
check("batch-effect", batch_effect)

# %% [markdown]
# Stuck? Call `hint("batch-effect")`. Now measure eight images of 24 tokens, in groups of 1, 2 and 8:

# %%
effect = use("batch-effect", batch_effect)
torch.manual_seed(0)
mine, companies = torch.randn(1, 24, DIM), [torch.randn(7, 24, DIM) for _ in range(12)]
routers = {
    "tokens choice": TokensChoiceRouter(DIM, 6),
    "experts choice": ExpertsChoiceRouter(DIM, 6),
    "soft": SoftRouter(DIM, 6, 4),
}
experts = Experts(DIM, 6, 16)
print(f"{'images in a group':18s}" + "".join(f"{group:>8d}" for group in (1, 2, 8)))
with torch.no_grad():
    for name, router in routers.items():
        grouped = [MoE(router, experts, examples_per_group=group).eval() for group in (1, 2, 8)]
        shares = [100 * float(effect(layer, mine, companies)) for layer in grouped]
        print(f"{name:18s}" + "".join(f"{share:6.0f} %" for share in shares))

# %% [markdown]
# Now tokens choice with groups of eight again, but with x *in front* of its company. How many of its tokens change?

# %%
my_front = "?"  # your guess, in percent
first_in_line = MoE(routers["tokens choice"], experts, examples_per_group=8).eval()
if my_front != "?":
    with torch.no_grad():
        found = torch.cat([first_in_line(torch.cat([mine, company]))[:1] for company in companies])
    moved = ((found - found[:1]).abs().amax((0, 2)) > 1e-4).float().mean()
    print(f"x in front: {100 * float(moved):.0f} % of its tokens change (you: {my_front})")

# %% [markdown]
# Whether an image notices that others share its slots depends on its place in the batch. With tokens choice, a test
# that puts x in front cannot fail.

# %% [markdown]
# ## 10 · ★ What it costs (3 min)
#
# Section 2.3 of the paper counts the work of the layer. Here it is counted in MACs, as in lesson 05: one MAC is a
# multiplication and an addition. Predict first:

# %%
predict("m12-experts")

# %% [markdown]
# ## 11 · ★ Exercise: count it (11 min)
#
# **Write `soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert)`.** All five are whole numbers, and so
# are the two that it returns, `(routing, experts)`: the FLOPs for one example.
#
# - Count matrix products only, as the paper does: no softmax, no bias, no activation function.
# - The product of (r, k) and (k, c) takes r · k · c MACs. One MAC is two FLOPs.
# - Routing has three products: scores, dispatch and combine. The experts have two: from the width d to the hidden width
#   h, and back.
#
# Write s for the slots of all experts together. Fill the table on paper; the first row is done:
#
# | product | shapes | MACs |
# | --- | --- | --- |
# | scores | (n, d) · (d, s) | n · d · s |
# | dispatch | (s, n) · (n, d) | ? |
# | combine | ? | ? |
# | experts, first layer | (s, d) · (d, h) | ? |
# | experts, second layer | ? | ? |
#
# Example: 3 tokens of width 2, hidden width 5, 2 experts of 1 slot. Then s = 2, the scores take 3 · 2 · 2 = 12 MACs or
# 24 FLOPs, and the result is `(72, 80)`.


# %% tags=["exercise:soft-moe-flops"]
def soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Count the FLOPs of a Soft MoE layer for one example, two for each MAC.

    All arguments are whole numbers. Returns (routing, experts), two whole numbers:
    the products of routing (scores, dispatch, combine), and those of the experts.
    """
    raise NotImplementedError


# %% tags=["check:soft-moe-flops"]
check("soft-moe-flops", soft_moe_flops)

# %% [markdown]
# Stuck? Call `hint("soft-moe-flops")`.
#
# **How large a part is routing?** Divide your two sums, routing by experts. Most letters cancel. Which remain? ViT B
# has d = 768 and h = 3072. At 196 tokens, routing costs about a tenth of what the experts cost. And at 4,096 tokens,
# from an image of 1024 × 1024 pixels in patches of 16 × 16? Work it out before you run the next cells.

# %%
my_percent = "?"  # routing at 4,096 tokens, in percent of the experts

# %%
flops = use("soft-moe-flops", soft_moe_flops)
sizes = cost.MoESizes(router="soft", num_experts=128, slots_per_expert=1)
for n in (196, 576) if my_percent == "?" else (196, 576, 4096):
    routing, of_experts = flops(n, 768, 3072, 128, 1)
    agrees = routing + of_experts == cost.moe_cost(n, 768, 3072, sizes).flops
    share = f"{100 * routing / of_experts:6.1f} % of the experts' work"
    print(f"{n:5d} tokens: routing is {share}; the library counts the same: {agrees}")
print("you, for 4,096 tokens:", my_percent)

# %% [markdown]
# <details><summary>Done? Then read on here.</summary>
#
# 6 · n · s · d divided by 4 · s · d · h is 1.5 · n / h. The number of slots cancels; that of tokens does not. For short
# sequences routing costs little; for long ones it costs more than all experts together.
#
# </details>

# %% [markdown]
# ## 12 · From 1 to 4,096 experts (6 min)
#
# Below, a layer with 4,096 experts of one slot each stands beside one (the pin) with 4 experts of 1,024 slots each.
# **Which bars are equal, which are not, and by what factor?** Then set *Experts* to 64, and find the *Slots per expert*
# that make 4,096 slots again.

# %%
CostExplorer("soft", num_experts=4096, slots_per_expert=1, pinned={"num_experts": 4, "slots_per_expert": 1024})


# %%
def draw_costs():
    counts = [2**i for i in range(13)]
    splits = [cost.MoESizes(router="soft", num_experts=e, slots_per_expert=4096 // e) for e in counts]
    costs = [cost.moe_cost(196, 384, 1536, split) for split in splits]
    ax = plt.subplots(figsize=(5.6, 3.0), layout="constrained")[1]
    macs = [each.macs / costs[0].macs for each in costs]
    held = [each.parameters / costs[0].parameters for each in costs]
    for name, ys, colour, dash in zip(("MACs", "parameters"), (macs, held), categories(), DASHES, strict=False):
        ax.loglog(counts, ys, marker="o", markersize=3, color=colour, linestyle=dash, label=name)
    ax.set(title="4,096 slots, split among more experts", xlabel="experts", ylabel="times that of 1 expert")
    ax.legend()
    words = f"From 1 to 4,096 experts with 4,096 slots in all. At 4,096 experts: {macs[-1]:.2f} times the MACs"
    describe(ax, f"{words} with one expert, and {held[-1]:,.0f} times the parameters.")
    return ax


figures.described(draw_costs(), "Figure 3. Work and parameters of the same slots, split among more experts.")

# %% [markdown]
# The work stays the same; the memory does not. The weights of all experts have to be stored, and read. (Lesson 10
# counts the bytes for each device.)

# %% [markdown]
# ## 13 · Clinic: which property is missing? (12 min)
#
# This patient is a Soft MoE layer that lacks one or two of the properties that you can now measure, and has all the
# others.

# %%
patient = clinic("07")
print("properties that it lacks:", patient.how_many)
patient

# %% [markdown]
# The next cell prepares what the instruments need. The three functions are yours if they pass their checks; `rows`
# counts the rows that the experts compute.

# %%
is_permutation_equivariant = use("is-permutation-equivariant", is_permutation_equivariant)
smoothness_probe = use("smoothness-probe", smoothness_probe)
batch_effect = use("batch-effect", batch_effect)
patient.layer.double().requires_grad_(False)  # gradcheck needs float64; only x gets a gradient
torch.manual_seed(0)
x, way = torch.randn(2, 1, 6, 8, dtype=torch.float64)  # one example of 6 tokens, and a walk
others = [torch.randn(2, 6, 8, dtype=torch.float64) for _ in range(3)]


def rows(layer, tokens):
    """Count the rows that all experts together compute."""
    seen = []
    hook = layer.experts.register_forward_hook(lambda _, given, answers: seen.append(answers[..., 0].numel()))
    layer(tokens)
    hook.remove()
    return sum(seen)


# %%
my_measurements = "?"  # measure what you need here

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# For more patients, write `clinic("07", 2)` and so on in the first cell of this section, and run the cells below it
# again.
#
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary> Flattening the tokens of several examples
# into one group before they are routed is discussed in <a href="https://github.com/microsoft/Tutel/issues/230">an issue
# of Tutel</a>: every shape fits. And several published descriptions of Soft MoE let every expert run on every token;
# such a layer has all the other properties, and costs as much as a dense mixture.</details>

# %% [markdown]
# ## 14 · ★ The claims (5 min)
#
# What you measured on single layers, this project has measured and recorded with several seeds. The next cell works out
# the verdict on each of six claims from its record:
#
# - *differentiability*: Soft MoE is differentiable, sparse routers jump;
# - *determinism*: Soft MoE is deterministic for each sequence;
# - *soft-balance*: Soft MoE drops no token and leaves no expert idle;
# - *causality*: Soft MoE and experts choice are not causal;
# - *slots-not-experts*: cost depends on slots, not on experts;
# - *model-sizes*: the paper's models have the printed parameters and cost.
#
# **Before you run it:** for which of them do you expect something other than "reproduced", and why?

# %%
my_doubts = []  # for yourself, such as ["causality"]

for name in ("differentiability", "determinism", "soft-balance", "causality", "slots-not-experts", "model-sizes"):
    print(entry(name), "\n")

# %% [markdown]
# *Settled by what you ran:* these Soft MoE layers follow the order of their tokens, and every token moves every output;
# their answers did not change with the batch as long as each image was a group of its own; and their work is counted by
# slots. None of this says that such a layer learns better; lesson 08 is about that.
#
# *Not settled:* a test that finds nothing has looked in some places only. Orders, walks and companies were drawn at
# random, and a fault that shows in one input in a million would have passed them all.
#
# ## 15 · Five questions (5 min)
#
# <details><summary>1. A test shuffles the tokens and demands the same output as before, in the same order. Which right
# layers fail it, and which wrong ones pass?</summary> It tests invariance. A layer that looks at each token alone fails
# it, and so does Soft MoE. A layer that gives every token the same average passes, and so does one that sorts its
# tokens.</details>
#
# <details><summary>2. A layer passes gradcheck at every input that you try. Name something that gradcheck cannot have
# seen.</summary>
# Jumps, where a choice changes. It looks at single inputs, and a random input is never exactly on a jump.</details>
#
# <details><summary>3. With 100 steps the largest change is 0.30, with 10,000 steps it is 0.29. What do you
# conclude?</summary> The answer jumps by about 0.29 somewhere on the way. On a smooth path the change would have become
# about a hundred times smaller.</details>
#
# <details><summary>4. A colleague flattens (b, n, d) into one sequence of b · n tokens and runs Soft MoE on it. Every
# shape is right. Which of your functions notices?</summary> batch_effect: all examples now share the slots. Order and
# smoothness are as before.</details>
#
# <details><summary>5. Images grow from 196 to 784 tokens; the slots stay. What happens to the work of the experts, to
# that of routing, and to the ratio of the two?</summary> The experts' work stays the same. Routing's work becomes four
# times as much, and so does its ratio to the experts' work, 1.5 · n / h.</details>

# %%
calibration("07")
