# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Keeping experts busy
#
# Left to itself, a sparse router sends most tokens to a few experts. You will watch that happen, write the loss that is
# meant to prevent it, and find out what the value of this loss tells you and what it does not.
#
# You need lessons 00 to 02 (the six steps, gates, top-k, groups, padding) and PyTorch's `backward()`. Everything runs
# on a laptop's CPU in about a minute and a half of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - write the balance loss of the Switch Transformer, and say which of its two factors teaches the router,
# - give two reasons why a balance loss of 1.00 does not prove that the load is even,
# - choose a weight for the loss from measurements over several seeds,
# - say what an even load is good for, and what it cannot do.
#
# **Core path:** the sections marked ★, about 60 minutes, with a resting point after section 5. The other sections take
# about 45 minutes more, in any order. All minutes are estimated; no reader has been timed yet.

# %%
from softmoe_edu.teaching import course_map

course_map("03")

# %% [markdown]
# ## 1 · ★ Why (4 min)
#
# An expert that gets few tokens learns little. An expert that has learned little gives poor answers, so the router
# trusts it less and sends it fewer tokens still. An expert that got a small lead in the first steps pulls away from the
# others. In the end a layer with eight experts, all of them paid for in memory, works like one with two or three.
#
# With buffers of finite size (lesson 02) it gets worse: tokens that the favourite expert cannot take are dropped.
#
# The *load* of an expert is the share of the tokens that it gets. The usual remedy is an **auxiliary loss**: a number
# that measures how uneven the load is, added with a small weight to the loss of the task. Whether it works depends on
# details, and widely used code has got some of them wrong.
#
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 02) All eight experts are equally popular, on average over many batches. Are their loads
# equal in each batch?</summary>
# No. Chance alone makes them differ, and the fewer tokens a group has, the more they differ.</details>
#
# <details><summary>2. (Lesson 01) A router takes the softmax of a token's scores and sends the token to the best
# expert. By what number is this expert's answer multiplied?</summary>
# By the token's gate for it: the entry of the softmax that belongs to the chosen expert.</details>
#
# <details><summary>3. (Lesson 00) What is the difference between the number of experts that a layer has and the number
# that a token uses?</summary>
# All experts take memory; a token uses k of them, and the work grows with k.</details>

# %%
from textwrap import fill

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from torch.nn.functional import mse_loss, one_hot

from softmoe_edu import Experts, MoE, SparseRouting, TokensChoiceRouter, figures, record
from softmoe_edu.evidence import entry
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, categories
from softmoe_edu.losses import load_balancing_loss
from softmoe_edu.palette import OVER_DARK, OVER_LIGHT
from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.widgets import RoutingLens

returning("03")

# %% [markdown]
# ## 2 · ★ A router without supervision (8 min)
#
# Here is a small task that eight experts can divide among themselves. There are **eight kinds** of tokens. The tokens
# of a kind lie around one point, and each kind has its own matrix: the layer has to learn to multiply a token (minus
# the mean of the eight points) by the matrix of its kind. Nobody tells the layer which kind a token is.

# %%
torch.set_num_threads(1)  # for steps this small, one thread is faster than several
DIM, EXPERTS, TOKENS, SEEDS = 8, 8, 64, range(6)


def make_task(seed):
    """Return a function that draws groups of tokens (b, 64, 8), their targets, and their kinds."""
    generator = torch.Generator().manual_seed(100 + seed)
    places = torch.randn(8, DIM, generator=generator) + torch.randn(DIM, generator=generator)
    matrices = torch.randn(8, DIM, DIM, generator=generator) / DIM**0.5

    def draw(groups, generator):
        kind = torch.randint(8, (groups, TOKENS), generator=generator)
        noise = 0.5 * torch.randn(groups, TOKENS, DIM, generator=generator)
        x = places[kind] + noise
        return x, torch.einsum("bnd,bnde->bne", x - places.mean(0), matrices[kind]), kind

    return draw


# %% [markdown]
# `train_toy` trains one layer for 300 steps and then measures it on new tokens. It is an ordinary training loop: skim
# it, and note where `auxiliary`, which you will need in section 7, is added to the loss. *Error* is the squared error
# divided by the variance of the targets: 0 is perfect, and 1 is no better than always answering the mean. An even load
# would be 1/8 for each expert.


# %%
def train_toy(seed, make_router=None, auxiliary=None, steps=300):
    """Train a layer of 8 small experts; return its error, its loads step by step, and its last routing."""
    draw, batches = make_task(seed), torch.Generator().manual_seed(1000 + seed)
    torch.manual_seed(seed)
    make_router = make_router or (lambda: TokensChoiceRouter(DIM, EXPERTS, capacity_factor=None))
    layer = MoE(make_router(), Experts(DIM, EXPERTS, 8))
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-2)
    loads = []
    for step in range(steps + 1):
        layer.train(step < steps)  # the last pass only measures
        x, y, _ = draw(4 if step < steps else 16, batches)
        with record(layer) as seen, torch.set_grad_enabled(step < steps):
            answer = layer(x)
        (routing,) = seen.values()
        loads.append(routing.dispatch.detach().sum((0, 1, 3)) / routing.dispatch.sum())
        loss = mse_loss(answer, y)
        if step < steps:
            optimizer.zero_grad()
            (loss + (auxiliary(routing) if auxiliary else 0)).backward()
            optimizer.step()
    return float(loss / y.var()), torch.stack(loads), routing


# %% [markdown]
# Before you run the next cell (about ten seconds): how many of the eight experts will still get at least 1 % of the
# tokens at the end? Write your guess into the cell.

# %%
my_guess = None  # a number from 1 to 8
alone = [train_toy(seed) for seed in SEEDS]


def in_use(loads):
    """Return how many experts get at least 1 % of the tokens of the last batch."""
    return int((loads[-1] >= 0.01).sum())


print("my guess:", my_guess)
for seed, (error, loads, _) in enumerate(alone):
    shares = "  ".join(f"{100 * share:3.0f}" for share in loads[-1].sort(descending=True).values)
    print(f"seed {seed}: load in %, largest first {shares}    {in_use(loads)} experts in use, error {error:.3f}")


# %%
def draw_loads(runs, title):
    """Draw the load of each expert during training, one panel for each of three seeds."""
    figure, panels = plt.subplots(1, 3, figsize=(8.4, 3.3), sharey=True, layout="constrained")
    figure.suptitle(title)
    for panel, (seed, (_, loads, _)) in zip(panels, list(enumerate(runs))[:3], strict=True):
        smooth = torch.stack([part.mean(0) for part in loads[:-1].split(15)])
        for expert in range(EXPERTS):
            colour, dash = categories()[expert % len(categories())], DASHES[expert % len(DASHES)]
            line = {"color": colour, "linestyle": dash, "label": f"{expert}"}
            panel.plot(range(8, 8 + 15 * len(smooth), 15), 100 * smooth[:, expert], **line)
        panel.axhline(100 / EXPERTS, color="grey", linewidth=0.8)
        panel.set(title=f"seed {seed}", xlabel="step", ylim=(0, 100))
        panel.grid(True, linewidth=0.6)
    panels[0].set_ylabel("tokens of an expert (%)")
    lines = panels[0].get_legend_handles_labels()
    figure.legend(*lines, title="expert", loc="outside right center", frameon=False)
    used = ", ".join(f"{in_use(run[1])} (seed {seed})" for seed, run in list(enumerate(runs))[:3])
    most = ", ".join(f"{100 * run[1][-1].max():.0f}" for run in runs[:3])
    describe(
        panels,
        f"{title}: load of eight experts during 300 steps. Experts in use at the end: {used}; the busiest "
        f"of each has {most} % of the tokens. The line at 12.5 % is an even load.",
    )
    return panels


figures.described(draw_loads(alone, "Without a balance loss"))

# %% [markdown]
# **Figure 1.** Each line is an expert. *When during a run is it decided which experts are left behind? Can an expert at
# 0 come back?* Write down what you see, in one line.
#
# <details><summary>Compare.</summary>
#
# If your run is like ours, two to five of the eight experts are still in use at the end. Some of the others never had
# 1 % of the tokens, some lost theirs within fifty steps, and some only after one or two hundred. An expert at 0
# computes nothing, so it learns nothing. Its scores still move a little, because the softmax ties them to the scores of
# the others, but nothing pulls them up.
#
# How we chose the settings: we tried experts with 8 and with 16 hidden numbers. All tokens share an offset (the second
# `randn` in `make_task`); we tried none, this one, and one three times as large. Experts were left idle in every case,
# and the present one trains fastest. The learning rate and the number of steps are the first that we tried.
#
# </details>

# %% [markdown]
# ## 3 · ★ Worked example: two numbers for each expert (6 min)
#
# The loss of GShard (2020) and the Switch Transformer (2021, its Eq. 4 to 6) is built from two numbers for each of e
# experts. For expert i they are:
#
# - $f_i$, the **share of choices** that go to it: a count, divided by the number of all choices,
# - $P_i$, its **mean gate**: the average of its gates over all tokens, whether they choose it or not.
#
# $$\text{loss} = e \cdot \sum_{i=1}^{e} f_i \, P_i$$
#
# The table holds the gates of four tokens for three experts, known from lesson 02; each token makes one choice. On
# paper, fill in the last two rows, and then work out the loss.
#
# | | expert 0 | expert 1 | expert 2 | choice |
# | --- | --- | --- | --- | --- |
# | token 0 | 0.5 | 0.3 | 0.2 | 0 |
# | token 1 | 0.6 | 0.15 | 0.25 | 0 |
# | token 2 | 0.7 | 0.2 | 0.1 | 0 |
# | token 3 | 0.1 | 0.85 | 0.05 | 1 |
# | $f$ | | | | |
# | $P$ | | | | |
#
# <details><summary>Compare.</summary>
#
# f = (3/4, 1/4, 0). P = (1.9, 1.5, 0.6) / 4 = (0.475, 0.375, 0.15). The loss is 3 · (0.75 · 0.475 + 0.25 · 0.375 + 0) =
# 1.35. Both f and P sum to 1; if both were (1/3, 1/3, 1/3), the loss would be 3 · 3/9 = 1.
#
# </details>
#
# The next cell computes the same loss with the library's function. In the copy, change *one* row so that the loss
# falls, and run the cell again. (The numbers of a row should sum to 1.)

# %%
gates = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.15, 0.25], [0.7, 0.2, 0.1], [0.1, 0.85, 0.05]])
changed = gates.clone()
changed[3] = torch.tensor([0.1, 0.85, 0.05])  # choose a row, and other numbers
print(f"loss {load_balancing_loss(gates[None]):.4f}, with your row {load_balancing_loss(changed[None]):.4f}")

# %% [markdown]
# ## 4 · ★ Exercise: the load of each expert (10 min)
#
# First comes f, for a batch of groups and any k. `load_fraction(indices, num_experts, mask=None)` returns, for each
# group, the share of its choices that goes to each expert.
#
# - `indices` (b, n, k): the experts that each of n tokens chooses, in each of b groups, counted from 0.
# - `mask` (b, n): True for real tokens, False for padding. `None`: all tokens are real.
# - **Returns** (b, num_experts), float32. The shares of a group sum to 1, also with k = 2: they are shares of *choices*.
# - Padding counts neither in the numerator nor in the denominator. Its choices may be any whole numbers, such as -1.
# - In a group that is all padding, every share is 0. An expert that no token chooses has a share of 0.
#
# For example, four tokens with the choices [0, 1], [0, 2], [0, 1] and [1, 0] of three experts make eight choices:
# 4/8, 3/8 and 1/8.


# %% tags=["exercise:load-fraction"]
def load_fraction(indices, num_experts, mask=None):
    """Return the share of each group's choices that goes to each expert.

    indices (b, n, k): the experts that each token chooses. mask (b, n): True for real
    tokens; None if all are real. The result is (b, num_experts).
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("load-fraction")` for a first hint; call it again for the next one.

# %% tags=["check:load-fraction"]
check("load-fraction", load_fraction)

# %%
shares_of = use("load-fraction", load_fraction)
chosen = gates.topk(2).indices[None]
print("k = 2, the gates of section 3:", shares_of(chosen, 3)[0].tolist())
print("tokens 2 and 3 are padding:   ", shares_of(chosen, 3, torch.tensor([[True, True, False, False]]))[0].tolist())

# %% [markdown]
# ## 5 · ★ Predict: what the router hears (5 min)
#
# Each term of the loss is a product of f and P. Gradient descent can use only what has a slope.


# %%
def show_paths():
    start = torch.tensor([[[0.0, -0.5, -0.9], [0.2, -1.2, -0.7], [0.4, -0.9, -1.6], [-1.2, 0.9, -1.9]]])
    scores = start.requires_grad_()
    P = scores.softmax(-1).mean(1)
    f = shares_of(scores.topk(1).indices, 3)
    print("f", f.tolist(), " has a path back to the scores:", f.requires_grad)
    print("P", [round(p, 3) for p in P[0].tolist()], " has a path back to the scores:", P.requires_grad)
    (slopes,) = torch.autograd.grad(3 * (f * P).sum(), scores)
    print("slopes of the loss, one row for each token, one column for each expert:")
    for row in slopes[0]:
        print("  ", "  ".join(f"{slope:+.3f}" for slope in row))


predict("m20-counts", reveal=show_paths)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# So f has no slope, and the loss is a trick: f acts as a *price* for each expert, and the gradient of P says "pay
# less". Look at the columns: for **every** token, the score of the busy expert 0 should fall (its slope is positive),
# and the score of the idle expert 2 should rise. The price is the same for every token. How far a token gives way is
# not: token 3, which is nearly sure of its choice, has the smallest slopes.
#
# </details>
#
# **A good place to rest.** Next, you write the loss and train with it.

# %% [markdown]
# ## 6 · ★ Exercise: the loss (12 min)
#
# `switch_aux_loss(probs, indices, mask=None)` returns the loss of section 3 for a batch of groups.
#
# - `probs` (b, n, e): each token's gates, a softmax over all e experts. `indices` (b, n, k): the experts it chooses.
# - `mask` (b, n): True for real tokens, as before.
# - **Returns** one number, a tensor without axes, in the dtype of `probs`: $e \sum_i f_i P_i$ for each group, then the
#   mean over the b groups. f is the share of choices from section 4 (you may call `shares_of`), and P is the mean gate
#   over real tokens, whether they choose the expert or not.
# - A group that is all padding counts as 0, and it is still one of the b groups. The gates of padding may be anything,
#   even inf or NaN (lesson 02: 0 times NaN is NaN).
# - Gradients must flow, so use torch, and do not write into `probs`.
#
# For example, the gates of section 3 give 1.35. If all gates are equal, the result is 1, whatever the choices.


# %% tags=["exercise:switch-aux-loss"]
def switch_aux_loss(probs, indices, mask=None):
    """Return e · Σ f_i · P_i, summed over experts, averaged over groups: one number.

    probs (b, n, e): each token's gates. indices (b, n, k): the experts it chooses.
    mask (b, n): True for real tokens; None if all are real.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("switch-aux-loss")`.

# %% tags=["check:switch-aux-loss"]
check("switch-aux-loss", switch_aux_loss)

# %%
balance_loss = use("switch-aux-loss", switch_aux_loss)
print(f"section 3: {balance_loss(gates[None], gates.topk(1).indices[None]):.4f}")

# %% [markdown]
# ## 7 · ★ Train again, with the loss (7 min)
#
# Train the same layers on the same tokens, with the same seeds as in section 2. Now your loss is added, with three
# different weights. (About 20 seconds; each dot is one run.)

# %%
WEIGHTS = (0.01, 0.1, 10.0)


def weighted(weight):
    """Return an auxiliary loss: weight times the balance loss of a routing."""
    return lambda routing: weight * balance_loss(routing.gates, routing.gates.topk(1).indices)


def train_all(**settings):
    """Train with every seed, and print a dot for each run."""
    runs = []
    for seed in SEEDS:
        runs.append(train_toy(seed, **settings))
        print(".", end="", flush=True)
    return runs


results = {0.0: alone} | {weight: train_all(auxiliary=weighted(weight)) for weight in WEIGHTS}

# %%
print("\nweight   experts in use, by seed    busiest (%)   balance loss   error, mean of the seeds")
for weight, runs in results.items():
    used = " ".join(str(in_use(loads)) for _, loads, _ in runs)
    busiest = sum(100 * float(loads[-1].max()) for _, loads, _ in runs) / len(runs)
    value = sum(float(load_balancing_loss(routing.gates)) for *_, routing in runs) / len(runs)
    error = sum(error for error, *_ in runs) / len(runs)
    print(f"{weight:6g}   {used:24s} {busiest:10.0f} {value:14.3f} {error:12.3f}")
better = sum(with_it[0] < without[0] for with_it, without in zip(results[0.1], alone, strict=True))
print(f"with a weight of 0.1 the error is lower than without a loss in {better} of {len(SEEDS)} seeds")

# %%
figures.described(draw_loads(results[0.1], "With a balance loss of weight 0.1"))

# %% [markdown]
# **Figure 2.** The loads with a weight of 0.1. Compare it with figure 1. Then read the table row by row. *Which weight
# would you choose, and why?* Write one line.
#
# <details><summary>Compare.</summary>
#
# If your run is like ours, a weight of 0.01 brings a few experts back, and a weight of 0.1 brings all of them back, in
# every seed. With 0.1 the error is lower by a fifth on average, but only in four of six seeds, which could be chance.
# With 10 the load is as even as it gets, and the error is *higher* than without a loss: the router no longer listens to
# the tokens. The balance loss itself does not tell you this: it falls from row to row, and the error does not.
#
# Six seeds of one small task cannot choose the weight for another model. Switch used 0.01, for another task and far
# larger models. What carries over is the method: try several weights, each with several seeds, and look at the error.
#
# </details>
#
# *Optional, 2 minutes:* here are three routers of seed 1 in the lens. Rows are the tokens of one group, and the bars
# under the map are the experts' loads, as numbers of tokens. Switch the *router* and watch the bars.

# %%
shown = {f"weight {weight:g}": {"layer": results[weight][1][2]} for weight in (0.0, 0.1, 10.0)}
RoutingLens(shown, image_index=0)

# %% [markdown]
# ## 8 · Predict: what the number says (7 min)
#
# For a balanced router the loss is 1. Is that the smallest value that it can have?


# %%
def draw_surface():
    """Draw the loss of two experts over the share and the mean gate of the first, where such a router exists."""
    places = torch.linspace(0, 1, 129)
    f, P = torch.meshgrid(places, places, indexing="xy")
    loss = 2 * (f * P + (1 - f) * (1 - P))
    ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")[1]
    drawn = ax.contourf(f, P, loss, levels=[0.8, 0.9, 1, 1.2, 1.4, 1.6, 1.8, 2.0])
    possible = (f / 2 <= P) & (P <= (1 + f) / 2)  # who chooses expert 0 has a gate of 1/2 to 1 for it
    drawn.set_clip_path(plt.Polygon([(0, 0), (1, 0.5), (1, 1), (0, 0.5)], transform=ax.transData))
    ax.plot([0, 1], [0.5, 0.5], [0.5, 0.5], [0.25, 0.75], color=OVER_DARK, linewidth=2)
    ax.set(xlabel="f, share of expert 0", ylabel="P, mean gate of expert 0", title="2 · Σ f P; white lines: exactly 1")
    plt.colorbar(drawn, ax=ax, label="balance loss")
    at = divmod(int(loss.where(possible, 9).argmin()), len(places))
    ax.plot([f[at], 1 - f[at]], [P[at], 1 - P[at]], "o", color=OVER_LIGHT, markeredgecolor=OVER_DARK, clip_on=False)
    loss = loss[possible]
    where = f"{loss.min():.3f} at a share of {f[at]:.3f} and a mean gate of {P[at]:.3f}"
    describe(
        ax,
        f"The loss of two experts, where a router can be: its least value is {where} (and at the mirror "
        "image), its largest 2. It is exactly 1 on two lines, f = 1/2 and P = 1/2.",
    )
    return ax


def show_surface():
    display(figures.described(draw_surface()))


predict("m19-minimum", reveal=show_surface)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# **Figure 3.** The loss of two experts. In the blank corners there is no router: a token that chooses expert 0 has a
# gate of at least 1/2 for it. The least value (black dots) is 0.875, for example where three tokens of four choose
# expert 0 by a hair (gates of 1/2) and the fourth chooses expert 1 with certainty: f = (3/4, 1/4), P = (3/8, 5/8). And
# the loss is exactly 1 on two whole lines, so also wherever the mean gates are even, whatever the load. So 1.00 does
# not mean balance, and a lower value does not mean more of it.
#
# Why does the loss work all the same? Its *gradient* lowers the scores of busy experts (section 5). Where f and P
# agree, as they do when tokens are sure of their choices, the least value is at balance.
#
# Now find a router with a loss below 1 yourself: change the gates in the next cell. If all gates are near 1 or 0, you
# will not find one. Why? (Then P is nearly f, and the sum of the squares of two shares is at least 1/2.)
#
# </details>

# %%
mine = torch.tensor([[0.55, 0.45], [0.55, 0.45], [0.55, 0.45], [0.4, 0.6]])  # four tokens, two experts
f, P = shares_of(mine.topk(1).indices[None], 2)[0], mine.mean(0)
print(f"shares {f[0]:.2f} and {f[1]:.2f}, mean gates {P[0]:.3f} and {P[1]:.3f}")
print(f"loss {balance_loss(mine[None], mine.topk(1).indices[None]):.4f}")

# %% [markdown]
# ## 9 · Predict: even, and good? (5 min)
#
# If balance is the aim, why learn to route at all? Here is a router that is perfectly balanced from the first step to
# the last.


# %%
class ByPosition(TokensChoiceRouter):
    """Token i goes to expert i mod e, with a gate of nearly 1, whatever is in it."""

    def decide(self, logits, mask=None):
        expert = torch.arange(logits.shape[1]) % logits.shape[-1]
        return super().decide(0 * logits + 20 * one_hot(expert, logits.shape[-1]), mask)


def show_position():
    runs = train_all(make_router=lambda: ByPosition(DIM, EXPERTS, capacity_factor=None))
    print("\nerror by seed    by position   trained, no loss   trained, weight 0.1")
    for seed, row in enumerate(zip(runs, alone, results[0.1], strict=True)):
        print(f"seed {seed}      {row[0][0]:13.3f} {row[1][0]:18.3f} {row[2][0]:21.3f}")
    means = [sum(error for error, *_ in group) / len(group) for group in (runs, alone)]
    print(f"mean        {means[0]:13.3f} {means[1]:18.3f}")
    print(f"balance loss of the router by position: {load_balancing_loss(runs[0][2].gates):.3f}")
    return tuple(means)


predict("m18-balanced", reveal=show_position)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Balance says *how many* tokens an expert gets, never *which*. By position every expert gets a bit of everything, and
# learns an average of everything. Go back to the last row of the table in section 7: with a weight of 10 the trained
# router was on its way there. The balance loss pulls towards an even load, the loss of the task pulls tokens towards
# the experts that serve them best, and the weight decides between the two.
#
# </details>

# %% [markdown]
# ## 10 · Exercise: keep the scores small (8 min)
#
# Another auxiliary loss does not look at balance at all. Scores that grow without limit make the softmax all-or-nothing
# and lose precision in 16-bit numbers. ST-MoE (2022, its Eq. 5) adds the **router z-loss**: for each token the
# logarithm of the sum of exp(score) over experts, squared; then the mean over tokens.
#
# $$\text{z-loss} = \frac{1}{n} \sum_{\text{tokens } t} \Big( \log \sum_{i=1}^{e} e^{\,s_{t,i}} \Big)^2$$
#
# - `logits` (b, n, e): the scores. **Returns** one number, a tensor without axes, in the dtype of `logits`.
# - Scores of a few thousand give a finite result. There is no mask here.
#
# For example, one token with exp(scores) of 3 and 1 gives (log 4)² = 1.92.


# %% tags=["exercise:router-z-loss"]
def router_z_loss(logits):
    """Return the mean over tokens of the squared log-sum-exp of a token's scores.

    logits (b, n, e): the score of each token with each expert.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("router-z-loss")`.

# %% tags=["check:router-z-loss"]
check("router-z-loss", router_z_loss)

# %% [markdown]
# Add 5 to all scores: what happens to the gates, to the balance loss, and to the z-loss? Say it first, then run the
# cell. (Its scores are the logarithms of section 3's gates.)

# %%
z = use("router-z-loss", router_z_loss)
scores = gates.log()[None]
for shift in (0.0, 5.0):
    moved = scores + shift
    even = balance_loss(moved.softmax(-1), moved.topk(1).indices)
    first = "  ".join(f"{gate:.2f}" for gate in moved.softmax(-1)[0, 0])
    print(f"scores {shift:+.0f}: gates of token 0 {first}, balance loss {even:.3f}, z-loss {z(moved):.3f}")

# %% [markdown]
# <details><summary>Compare.</summary>
#
# A softmax does not see a number that is added to all scores, so the gates and the balance loss stay the same. The
# z-loss rises from 0 to 5² = 25. It begins at 0 because these scores are logarithms of gates: their exponentials sum
# to 1, and log 1 = 0.
#
# </details>

# %% [markdown]
# ## 11 · Exercise: an older way to ask for balance (8 min)
#
# The first large sparse layer (Shazeer et al., 2017, its Eq. 6 and 7) measured balance in another way, which is still
# in the code of the Soft MoE paper's authors. An expert's **importance** is the sum of its gates over the tokens of a
# group. The loss is the squared *coefficient of variation* of the importances: their variance, divided by the square of
# their mean.
#
# - `probs` (b, n, e): the gates. **Returns** one number: the mean of the loss over the b groups.
# - The variance divides by e, not by e - 1. At exact balance the loss is 0, and so is its gradient.
#
# For example, two tokens with the gates (3/4, 1/4, 0) and (1/4, 0, 3/4) have the importances 1, 1/4 and 3/4. Their mean
# is 2/3, their variance 7/72; divided by 4/9 that is 7/32.


# %% tags=["exercise:importance-cv2"]
def importance_cv2(probs):
    """Return the variance of the experts' summed gates over their squared mean.

    probs (b, n, e): each token's gates. The mean over the b groups is returned.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("importance-cv2")`.

# %% tags=["check:importance-cv2"]
check("importance-cv2", importance_cv2)

# %% [markdown]
# This loss looks at gates and not at counts. Here is a router that it considers perfect: half of the tokens lean a
# little towards expert 0, and the other half are sure of expert 1, 2 or 3. What are its loads? Answer first, then run
# the cell.

# %%
cv2 = use("importance-cv2", importance_cv2)
lean = torch.tensor([0.28, 0.24, 0.24, 0.24])
sure = torch.tensor([[0.22, 0.74, 0.02, 0.02], [0.22, 0.02, 0.74, 0.02], [0.22, 0.02, 0.02, 0.74]])
both = torch.cat([lean.expand(3, 4), sure])[None]
print(f"importances {[round(v, 2) for v in both.sum(1)[0].tolist()]}: importance loss {cv2(both):.4f}")
print("shares", [round(share, 3) for share in shares_of(both.topk(1).indices, 4)[0].tolist()])

# %% [markdown]
# ## 12 · Balance without a loss (8 min)
#
# A balance loss with too large a weight works against the task. DeepSeek-V3 (2024) leaves the loss out, or nearly so.
# Instead it adds a **bias** to each expert's gate, *for the choice only* (its gates are sigmoids; here they are our
# softmax). After every step the bias of an expert with too many tokens is lowered a little, and the bias of one with
# too few is raised. The expert's answer is still multiplied by the gate *without* the bias. No gradient is involved.


# %%
class WithBias(TokensChoiceRouter):
    """One choice per token, by gate plus bias; in training the bias follows the load."""

    def __init__(self, *sizes, rate=0.01):
        super().__init__(*sizes, capacity_factor=None)
        self.rate = rate
        self.register_buffer("bias", torch.zeros(EXPERTS))

    def decide(self, logits, mask=None):
        gates = logits.softmax(-1)  # normalise
        chosen = (gates + self.bias).argmax(-1, keepdim=True)  # select: with the bias
        weight = gates.gather(-1, chosen)  # combine: without it
        if self.training:
            load = one_hot(chosen, EXPERTS).double().mean((0, 1, 2))
            self.bias += self.rate * torch.sign(1 / EXPERTS - load)
        token, gate = assign_tokens(chosen, weight, EXPERTS, None, mask=mask)
        return SparseRouting(token, gate, logits.shape[1], logits, gates, mask=mask, dropless=True)


biased = train_all(make_router=lambda: WithBias(DIM, EXPERTS))
for name, runs in (("no loss", alone), ("weight 0.1", results[0.1]), ("bias", biased)):
    used = " ".join(str(in_use(loads)) for _, loads, _ in runs)
    print(f"\n{name:10s} experts in use {used}   error {sum(run[0] for run in runs) / len(runs):.3f}", end="")

# %% [markdown]
# *Try it:* what happens with `rate=0.001`, and with `rate=0.1`? Change the line that begins with `biased =`.
#
# <details><summary>Compare.</summary>
#
# If your run is like ours, the bias keeps all eight experts in use, and the error is a little lower on average than
# with a loss of weight 0.1. But the rate has to be chosen, just like the weight. We tried four rates (0.001, 0.003,
# 0.01, 0.03) and four weights: that is no fair contest, and six seeds would not settle one. A slow rate comes too late
# for some experts; a fast one makes the choice jump back and forth.
#
# </details>

# %% [markdown]
# ## 13 · Clinic: a loss that does nothing (10 min)
#
# Three layers have been admitted with the same note: *"The auxiliary loss is 1.000 in every step of training. Why?"*
# Begin with patient 1 (10 minutes), who has one fault. Patients 3 and 5 (5 minutes each) have two: another one that
# explains the note, and one more.

# %%
patient = clinic("03")  # then clinic("03", 3) and clinic("03", 5)
patient

# %% [markdown]
# One measurement has been made for you. Which of the instruments above can tell the suspects apart? (Run these cells
# again for the next patient.)

# %%
torch.manual_seed(0)
x = torch.randn(6, 16, 8)
mask = torch.arange(16).expand(6, 16) < torch.tensor([16, 12, 16, 9, 16, 14])[:, None]  # the rest is padding
with record(patient.layer) as seen:
    y = patient.layer(x, mask)
routing = seen["router"]
values = [patient.layer.auxiliary(patient.layer.router(x[i : i + 1], mask[i : i + 1])) for i in range(6)]
print("the balance loss of six examples, one at a time:", "  ".join(f"{value:.3f}" for value in values))

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("03", 2)`, and so on. In some of them the loss is not 1, and something else is wrong.
#
# Several of these faults were found in code that people used. A loss that is added but does nothing is hard to notice:
# nothing crashes, the loss of the task falls, and the log has a column that looks reasonable. Two questions would have
# caught every such loss: is its *gradient* at the router 0? And does it rise when you send all tokens to one expert?

# %% [markdown]
# ## 14 · ★ What is settled (8 min)
#
# The Soft MoE paper says that sparse routers suffer from dropped tokens, uneven experts and unstable training, and that
# Soft MoE is free of all three (Sections 1 and 2.2). The next cell shows these claims, and the verdict that the records
# of our own runs give on each: *direction only* means that the effect goes the way that the paper says but differs in
# size; *not at this scale*, that our small models show no difference beyond chance. You can skip the statistics in
# brackets until lesson 08.

# %%
for name in ("dropping", "soft-balance", "stability"):
    found = entry(name)
    print(fill(f"The claim: {found.claim.says}", 92), f"\n{found}\n")

# %% [markdown]
# *Settled by what you ran:* on this task a router without supervision leaves experts idle in every seed; the balance
# loss teaches through the mean gates alone; with a well-chosen weight it brings all experts back. From sections 8 and
# 9: a value of 1.00 does not show that it did, and an even load alone does not make a good model. *Not settled:* how
# much of the error in large models is due to idle experts, where tasks do not come in eight neat kinds.
#
# Which sentence of this lesson would you have denied an hour ago? Write it down, with the measurement that changed your
# mind.

# %%
my_sentence = "?"
print(my_sentence)

# %% [markdown]
# ### Five questions
#
# <details><summary>1. Four experts, k = 1. f = (1/2, 1/2, 0, 0) and P = (0.4, 0.4, 0.1, 0.1). What is the
# loss?</summary>
# 4 · (1/2 · 0.4 + 1/2 · 0.4) = 1.6.</details>
#
# <details><summary>2. A colleague detaches P "since it is only a statistic" and keeps f. What happens in
# training?</summary>
# The loss has the same value, and no gradient. The router never hears of it.</details>
#
# <details><summary>3. Your batches are half padding, and you forgot the mask. What does the loss do?</summary>
# All padding looks alike, so most of it goes to one expert. To the loss that expert is busy, and it drives real tokens
# away from it.</details>
#
# <details><summary>4. The balance loss is 1.000 from the first step on. Name two things to look at.</summary>
# The load itself (the share of tokens of each expert), and the gradient of the loss with respect to the router's
# matrix. If all gates are even, or if the code multiplies two sums that are always 1, the value is 1 whatever the
# load.</details>
#
# <details><summary>5. Model A has perfectly even loads, model B has an expert with 30 % of the tokens. Which is
# better?</summary>
# You cannot tell. Even loads waste nothing, but a router that looks at nothing has them too. Compare the errors, over
# several seeds.</details>

# %%
calibration("03")
