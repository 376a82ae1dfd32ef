# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Expert choice
#
# Turn the table around: tokens no longer choose experts, **experts choose tokens**. You will write this router, find
# out which tokens are left out, and build an instrument that shows whether a layer looks into the future.
#
# You need lessons 00 to 02 (the six steps, gates, capacity, dropped tokens); lesson 03 is mentioned, and one question
# looks back at it. Everything runs on a laptop's CPU in about a minute of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - write an experts choice router and say why it needs no loss for balance,
# - count how many experts each token gets, and say what decides that,
# - measure, for any layer, how many earlier outputs change with the last token,
# - say why experts choice suits encoders and not models that write word by word.
#
# **The core path** is marked ★: sections 1 to 5, 7, 8 and 11, about 60 minutes, with a resting point after section 4.
# Sections 6, 9 and 10 take about 25 minutes more. All minutes are estimated; no reader has been timed yet.

# %%
from softmoe_edu.teaching import course_map

course_map("04")

# %% [markdown]
# ## 1 · ★ Why (4 min)
#
# In lesson 02 some experts were full while others had empty slots, and tokens were dropped although there was room. In
# lesson 03 a loss asked the router for balance, but it could do no more than ask.
#
# Experts choice gets balance for free. Each expert looks at all tokens and **takes as many as it has slots**: the ones
# with the largest gates. Every expert is exactly full, in every batch, from the first step of training on. No expert
# can be overrun, none can be left idle, and no loss is needed.
#
# But this raises two new questions. How many experts does a *token* get now? And which other tokens does it have to
# beat? Sections 2 and 7 ask you before they answer.
#
# *Where this lesson stands:* tokens choose (01, 02, 03) → **experts choose (04)** → nobody chooses (Soft MoE, 05).
#
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 03) A router's loads are uneven. What does the Switch loss change, the choice or the
# gates?</summary>
# The gates: its gradient flows through the mean gates only. The choice follows as the gates move.</details>
#
# <details><summary>2. (Lesson 02) With k = 1, an expert has 8 slots and 20 tokens choose it. How many are dropped, and
# what does the layer return for them?</summary>
# 12, and it returns zeros for them. The block adds the residual, so they leave the block as they came in.</details>
#
# <details><summary>3. (Lesson 00) A router scores, normalises and selects. Which three steps follow?</summary>
# Dispatch, compute, combine.</details>

# %%
import matplotlib.pyplot as plt
import torch
from IPython.display import display

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter, ViT, figures, metrics, record
from softmoe_edu.data import digits
from softmoe_edu.evidence import entry
from softmoe_edu.figures.description import describe
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.training import train
from softmoe_edu.widgets import CausalityExplorer, RoutingLens

returning("04")

# %% [markdown]
# ## 2 · ★ Predict: who is left out (4 min)
#
# Take 64 tokens and 8 experts with 8 slots each. Every expert takes the 8 tokens with the largest gates for it. A
# token's gates are a softmax over the experts, as in lesson 01.


# %%
def draw_counts(shares, title):
    """Draw the shares of tokens with 0, 1, 2, ... experts."""
    ax = plt.subplots(figsize=(5.2, 2.6), layout="constrained")[1]
    in_percent = [100 * share for share in shares]
    bars = ax.bar(range(len(shares)), in_percent, color="#3b6fb6")
    ax.bar_label(bars, fmt="%.1f %%")
    ax.set(title=title, xlabel="experts that took the token", ylabel="tokens (%)")
    ax.set_xticks(range(len(shares)))
    ax.margins(y=0.15)
    words = ", ".join(f"{i}: {share:.1f} %" for i, share in enumerate(in_percent))
    describe(ax, f"{title}. Tokens by the number of experts that took them, {words}.")
    return ax


def show_left_out():
    scores = torch.randn(400, 64, 8, generator=torch.Generator().manual_seed(0))
    taken = metrics.experts_per_token(ExpertsChoiceRouter(4, 8).decide(scores))
    shares = [float((taken == number).double().mean()) for number in range(5)]
    title = "Experts choice, 64 tokens, 8 experts of 8 slots"
    caption = "Figure 1. How many experts take a token when scores are random."
    display(figures.described(draw_counts(shares, title), caption))
    return 100 * shares[0]


predict("m25-no-expert", reveal=show_left_out)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# All slots are filled, and still about a sixth of the tokens are in no slot at all: the slots that they would have
# needed are held by tokens with two experts, or three. In a table of gates with a row for each token, every *column* is
# sure to have its eight tokens, but no *row* is sure to have an expert.
#
# If every expert drew its tokens at random, it would be worse: one expert misses a token with probability 7/8, and all
# eight miss it with probability (7/8)⁸ = 34 %. The softmax over experts helps: a token with a large gate for one expert
# has little left for the others, so that experts want different tokens.
#
# </details>

# %% [markdown]
# ## 3 · ★ One table, read twice (6 min)
#
# Now take six tokens and three experts with two slots each. These are the gates; each row sums to 1.

# %%
gates = torch.tensor(
    [
        [0.70, 0.20, 0.10],
        [0.50, 0.40, 0.10],
        [0.60, 0.05, 0.35],
        [0.20, 0.50, 0.30],
        [0.10, 0.30, 0.60],
        [0.40, 0.35, 0.25],
    ]
)
print("          expert 0  expert 1  expert 2")
for token, row in enumerate(gates):
    print(f"token {token} " + "".join(f"{gate:10.2f}" for gate in row))

# %% [markdown]
# **On paper.** Read the table by *rows* first, as in lesson 02: each token in turn, from token 0 on, goes to its best
# expert, and is dropped if that expert is full. Then read it by *columns*: each expert takes the two tokens with the
# largest gates in its column.
#
# | | expert 0 | expert 1 | expert 2 | tokens in no slot | empty slots |
# | --- | --- | --- | --- | --- | --- |
# | by rows | | | | | |
# | by columns | | | | | |
#
# <details><summary>Filled in? Compare here.</summary>
#
# | | expert 0 | expert 1 | expert 2 | tokens in no slot | empty slots |
# | --- | --- | --- | --- | --- | --- |
# | by rows | 0, 1 | 3 | 4 | 2 and 5 | 2 |
# | by columns | 0, 2 | 3, 1 | 4, 2 | 5 | 0 |
#
# By columns, token 2 has **two** experts, and token 5 has **none**: its gates are 0.40, 0.35 and 0.25, and each expert
# has found two tokens with larger ones. Token 1 gets expert 1, although its gate for expert 0 is larger. No token is
# served before another, so position does not count.
#
# </details>


# %%
six = {
    "by rows: tokens choose": TokensChoiceRouter(4, 3).decide(gates.log()[None]),
    "by columns: experts choose": ExpertsChoiceRouter(4, 3).decide(gates.log()[None]),
}


def draw_twice():
    panels = plt.subplots(1, 2, figsize=(6.6, 3.4), layout="constrained")[1]
    for panel, (name, routing) in zip(panels, six.items(), strict=True):
        panel.imshow(gates, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
        taken = routing.dispatch[0].sum(-1) > 0
        for token in range(6):
            for expert in range(3):
                gate, bold = f"{gates[token, expert]:.2f}", bool(taken[token, expert])
                words, weight = (f"[ {gate} ]", "bold") if bold else (gate, "normal")
                panel.text(expert, token, words, ha="center", va="center", weight=weight)
        panel.set(title=name, xlabel="expert", xticks=range(3), yticks=range(6))
    panels[0].set_ylabel("token")
    told = "; ".join(f"{name}: {routing.token[0].tolist()}" for name, routing in six.items())
    what = "One table of gates, read twice; brackets mark what is taken. Tokens in the slots of"
    describe(panels, f"{what} the three experts (-1: empty), {told}.")
    return panels


display(figures.described(draw_twice(), "Figure 2. One table of gates, read by rows and by columns."))

# %% [markdown]
# Brackets mark what is taken: by rows at most one in each row, by columns exactly two in each column. *Optional, 2
# minutes:* the lens shows the same two routings. Switch the *router* to turn the table around, and point at token 2 and
# token 5.

# %%
RoutingLens({name: {"six tokens": routing} for name, routing in six.items()})

# %% [markdown]
# ## 4 · ★ Exercise: each expert chooses (11 min)
#
# Write the two steps *normalise* and *select* for a batch.
#
# **In:** `logits (b, n, e)`, the score of each of n tokens with each of e experts, for b examples; and `capacity`, the
# number of slots of one expert, at most n.
#
# **Out:** `weights (b, e, capacity)`, in the dtype of `logits`, and `token_idx (b, e, capacity)`, int64: `token_idx[g,
# i, j]` is the token of example g in slot j of expert i, and `weights[g, i, j]` is its gate for that expert.
#
# - Normalise: the gates are a softmax over the **experts** of each token, as in lesson 01.
# - Select: each expert takes the `capacity` tokens of an example with the largest **gates** in its column. The gates
#   stay as they are; they are not divided by their sum afterwards.
# - Each example is a group of its own. An expert never takes a token twice.
# - An expert's slots may be in any order, and where gates are equal, either token may be taken. Gradients flow through
#   the weights.
#
# **Example:** with the table above and capacity 2, `token_idx` is `[[[0, 2], [3, 1], [4, 2]]]` and `weights` is
# `[[[0.7, 0.6], [0.5, 0.4], [0.6, 0.35]]]`.


# %% tags=["exercise:expert-choice-route"]
def expert_choice_route(logits, capacity):
    """Let each expert choose `capacity` tokens of an example, and weigh its answers.

    logits (b, n, e): the score of each token with each expert. capacity: at most n.
    Returns weights (b, e, capacity), the gates, and token_idx (b, e, capacity), int64.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("expert-choice-route")` for a first hint; call it again for the next one.

# %% tags=["check:expert-choice-route"]
check("expert-choice-route", expert_choice_route)

# %% [markdown]
# Later cells use your function if it is right, and otherwise the library's. How many slots should an expert have? With
# n tokens and e experts, `capacity = factor · n / e`: the factor is the number of experts that a token has **on
# average** (the paper tries 0.5, 1 and 2).

# %%
route = use("expert-choice-route", expert_choice_route)
some_scores = torch.randn(2, 64, 8, generator=torch.Generator().manual_seed(1))
for factor in (0.5, 1, 2):
    weights, token_idx = route(some_scores, int(factor * 8))
    each = token_idx[0].numel() / 64
    shape = tuple(weights.shape)
    print(f"factor {factor}: weights {shape}, {each} experts per token on average")

# %% [markdown]
# ---
# **Resting point.** You have written the router. The rest of the lesson is about what it does to tokens: how many
# experts they get (section 5), and how they depend on one another (sections 7 and 8).

# %% [markdown]
# ## 5 · ★ Exercise: how many experts a token has (12 min)
#
# An average says little about a single token. So count the experts of every token, for any routing that fills slots.
#
# **In:** `token_idx (b, e, capacity)`, the token in each slot of b examples, or **-1 for an empty slot** (your router
# leaves none, but tokens choice does); and `tokens`, the number of tokens of each example.
#
# **Out:** `(e + 1,)` whole numbers, in any integer type. Entry j is the number of tokens that exactly j experts took,
# over all examples together. Entry 0 counts the tokens in no slot, so the entries sum to b times `tokens`.
#
# - Token 3 of one example and token 3 of another are two tokens. No expert holds a token twice.
# - The last tokens may be in no slot, and all slots may be empty.
#
# **Example:** `[[[0, 2], [3, 1], [4, 2]]]` with 6 tokens gives `[1, 4, 1, 0]`: token 5 has no expert, tokens 0, 1, 3 and
# 4 have one, token 2 has two, and none has three.


# %% tags=["exercise:coverage-histogram"]
def coverage_histogram(token_idx, tokens):
    """Count the tokens that no expert took, that one took, two took, up to all e.

    token_idx (b, e, capacity): the token in each slot, -1 if it is empty.
    tokens: the number of tokens of each example. Returns (e + 1,) whole numbers.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("coverage-histogram")`.

# %% tags=["check:coverage-histogram"]
check("coverage-histogram", coverage_histogram)

# %% [markdown]
# Now measure both ways of choosing, on random scores. In the first three lines the factor doubles from line to line.
# *Before you run the cell:* does the share of tokens without an expert halve?

# %%
coverage = use("coverage-histogram", coverage_histogram)
scores = torch.randn(200, 64, 8, generator=torch.Generator().manual_seed(2))


def in_percent(token_idx):
    counts = coverage(token_idx, 64).double()
    shares = (100 * counts / counts.sum()).tolist()
    return "".join(f"{share:7.1f}" for share in [*shares[:4], sum(shares[4:])])


print("tokens in % with         0      1      2      3   more experts")
for factor in (0.5, 1, 2):
    _, token_idx = route(scores, int(8 * factor))
    print(f"experts choose, {factor:3}  {in_percent(token_idx)}")
for k in (1, 2):
    token_idx = TokensChoiceRouter(4, 8, k).decide(scores).token
    print(f"tokens choose, k = {k}  {in_percent(token_idx)}")

# %% [markdown]
# <details><summary>Compare.</summary>
#
# No: from 0.5 to 1 it falls to a third, and from 1 to 2 to almost nothing. Now compare the two lines with one slot per
# token, factor 1 and k = 1. Experts choice fills *every slot* and leaves a sixth of the tokens out. Tokens choice
# leaves fewer out here, but as many of its slots stay empty as tokens are left out. Neither fills all slots *and*
# serves all tokens.
#
# </details>
#
# A token's number of experts varies, and that can be useful: a hard token may get three, an easy one none. Zhou et al.
# (2022) report 23 % of tokens with three or four experts in their models, and about 3 % with more.
#
# With *more experts* that have fewer slots each, experts agree more often on the same tokens, and leave more of them
# out:

# %%
for experts in (8, 32, 128):
    many = torch.randn(50, 256, experts, generator=torch.Generator().manual_seed(3))
    slots = 256 // experts
    without = 100 * coverage(route(many, slots)[1], 256)[0] / (50 * 256)
    print(f"{experts:3d} experts of {slots:2d} slots: {without:.0f} % of 256 tokens in no slot")

# %% [markdown]
# These are random scores. In trained models it can be more: the Soft MoE paper (Appendix B) reports over 40 to 50 % in
# some layers with hundreds of experts.

# %% [markdown]
# ## 6 · Balanced by construction, measured (8 min)
#
# Does training change the picture? The next cell trains two small Vision Transformers on digits. Each has one MoE layer
# of 8 experts, with groups of 64 tokens (four images), and neither has a balance loss. (About ten seconds each.)

# %%
train_digits, test_digits = digits()
images = test_digits[:480].images
trained = {}


def layer_of(router):
    return lambda dim: MoE(router(dim, 8), Experts(dim, 8, 64), examples_per_group=4)


both = {"tokens choose": TokensChoiceRouter, "experts choose": ExpertsChoiceRouter}
for name, router in both.items():
    torch.manual_seed(0)
    model = ViT(dim=32, depth=2, moe_layers=(1,), moe=layer_of(router))
    data = train_digits, test_digits
    history = train(model, *data, steps=200, evaluate_every=100, threads=1)
    with torch.no_grad(), record(model.eval()) as seen:
        model(images)
    (trained[name],) = seen.values()
    print(f"{name}: {100 * history.test_accuracy:.0f} % of test digits right")

# %%
for name, routing in trained.items():
    load = metrics.expert_load(routing)  # tokens of each expert, in each group
    counts = coverage(routing.token, 64)
    lost = 100 * metrics.dropped_fraction(routing)
    filled = "  ".join(f"{each:.1f}" for each in load.mean(0))
    fewest, most = int(load.min()), int(load.max())
    print(f"{name}: {lost:.0f} % of patches in no slot")
    print(f"  filled slots of each expert, of 8, on average: {filled}")
    print(f"  fewest and most of them in any of {len(load)} groups: {fewest} and {most}")
    print("  patches with 0, 1, 2, ... experts:", counts.tolist())
caption = "Figure 3. The load of each expert when tokens choose."
display(figures.described(figures.expert_load(trained["tokens choose"]), caption))

# %% [markdown]
# Say what you saw, in one line.
#
# <details><summary>Compare.</summary>
#
# When tokens choose, some experts are hardly used, and slots stay empty while patches are dropped. When experts choose,
# each load is 8, in every group, because it cannot be anything else. If your run is like ours, both models are about
# equally good: on digits, losing half of the patches hurts little. Balance is not an end in itself.
#
# </details>
#
# Which patches have two experts, and which none? Choose an image, switch the router, and look at the hatched patches.

# %%
shown = {name: {"block 1": trained[name]} for name in trained}
labels = [f"digit {digit}" for digit in test_digits[:480].labels]
RoutingLens(shown, images, labels=labels)

# %% [markdown]
# ## 7 · ★ Predict: the last token (4 min)
#
# Back to the second question of section 1. An expert compares each token with all others of the group: those before it
# and those after it.


# %%
def show_last_token():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(400, 32, 8, generator=generator)
    other = scores.clone()
    other[:, -1] = torch.randn(400, 8, generator=generator)
    router = ExpertsChoiceRouter(4, 8)
    # who has whom, of the earlier tokens: (sequences, tokens, experts)
    before, after = (router.decide(s).dispatch.sum(-1)[:, :-1] for s in (scores, other))
    changed = (before != after).any(-1)
    print(f"earlier tokens with other experts: {100 * changed.double().mean():.1f} %")
    return 100 * float(changed.any(1).double().mean())


predict("m26a-last-token", reveal=show_last_token)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Few tokens change, but in nearly every sequence some do. An expert has a fixed number of slots, so where the new last
# token wins a slot, an earlier token loses it; and where the old one held a slot that the new one does not get, an
# earlier token gets it. In an image that does no harm. In a text it is a leak: what an early word becomes depends on a
# word that has not been written yet.
#
# </details>

# %% [markdown]
# ## 8 · ★ Exercise: who sees the last token (12 min)
#
# Section 7 looked inside one router. Now build an instrument for *any* layer, even one whose code you have never seen.
# You will use it here, and again in lessons 07 and 11.
#
# **In:** `layer`, any function from `(b, n, d)` to `(b, n, d)`; and `x (b, n, d)`, b examples of n tokens, n at least 2.
#
# **Measure:** call the layer on `x`, and on the same tokens with the **last token of every example replaced by its
# negative**, `-x[:, -1]`. An output is one token's row of d numbers. It has changed if any of these has moved by more
# than 1e-6; anything smaller counts as rounding.
#
# **Out:** the share of the b · (n - 1) outputs *before* the last one that have changed: a number from 0 to 1.
#
# - Leave `x` as it is. No gradient is needed. If the layer is a module, the caller has put it into evaluation mode.
#
# **Examples:** a layer that treats each token alone gives 0; one that adds the mean of all tokens to each gives 1.


# %% tags=["exercise:causal-leak"]
def causal_leak(layer, x):
    """Measure the share of earlier outputs that change with the last token.

    layer: any function from (b, n, d) to (b, n, d). x (b, n, d): tokens, n at least 2.
    Returns a number from 0 to 1.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("causal-leak")`.

# %% tags=["check:causal-leak"]
check("causal-leak", causal_leak)

# %% [markdown]
# Use it. *Before you run the cell,* put its six layers in order, from no leak to the largest.

# %%
leak = use("causal-leak", causal_leak)
torch.manual_seed(0)
x = torch.randn(100, 32, 16)
routers = {
    "tokens choose, k = 1": TokensChoiceRouter(16, 8),
    "tokens choose, k = 2": TokensChoiceRouter(16, 8, 2),
    "experts choose, factor 1": ExpertsChoiceRouter(16, 8),
    "experts choose, factor 2": ExpertsChoiceRouter(16, 8, capacity_factor=2.0),
    "Soft MoE": SoftRouter(16, 8),
}
linear = torch.nn.Linear
mlp = torch.nn.Sequential(linear(16, 32), torch.nn.GELU(), linear(32, 16))
layers = {"one MLP for every token": mlp}
for name, router in routers.items():
    layers[name] = MoE(router, Experts(16, 8, 32)).eval()
for name, layer in layers.items():
    print(f"{name:26s} {100 * leak(layer, x):5.1f} % of earlier outputs change")

# %% [markdown]
# <details><summary>Compare.</summary>
#
# There are three kinds of layers. Some leak nothing: a layer without routing, and tokens choice with one choice, by
# position, where a later token is served later. Some leak a little: tokens choice with two choices (lesson 02 said
# why), and experts choice, where an output changes only if its token wins or loses a slot. In Soft MoE every slot holds
# a share of every token, so *every* output moves; the paper names that as its open problem (lesson 11).
#
# </details>
#
# *Optional, 3 minutes:* `causal_leak` changes one token, the last. The explorer changes each token in turn. A column is
# the token that changed, a row is an output, and a coloured square above the stairs is an earlier output that moved.
# (The explorer tries four changes of each token on four examples, and colours a pair if *any* of them moved the output.
# So its shares are larger than yours.)

# %%
three = ("tokens choose, k = 1", "experts choose, factor 1", "Soft MoE")
CausalityExplorer({name: layers[name] for name in three}, x[:4, :16])

# %% [markdown]
# ## 9 · Word by word (5 min)
#
# What does that mean for a model that writes? In training it sees whole texts of 32 tokens. When it writes, it has only
# the tokens so far. The next cell routes the first 1, 2, 4, ... tokens alone, and compares the experts of the last of
# them with those that it has in the whole text.

# %%
texts = torch.randn(200, 32, 8, generator=torch.Generator().manual_seed(4))


def experts_of(scores, token):
    """Return whether each expert took this token, (b, e)."""
    capacity = max(1, round(scores.shape[1] / 8))
    return (route(scores, capacity)[1] == token).any(-1)


whole = {length: experts_of(texts, length - 1) for length in (1, 2, 4, 8, 16, 24, 32)}
print("tokens so far   experts of the last one   same experts as in the whole text")
for length, trained_with in whole.items():
    now = experts_of(texts[:, :length], length - 1)
    same = (now == trained_with).all(-1).double().mean()
    print(f"{length:8d} {now.sum(-1).double().mean():20.1f} {100 * same:26.0f} %")

# %% [markdown]
# The first token is alone, so every expert takes it: eight times the work, and a situation that never occurs in
# training. With longer beginnings the two come closer, but in the middle of the text a third of the tokens still have
# other experts than in the whole text, because there they compete with words that do not exist yet. So experts choice
# suits encoders, which have the whole text, and its authors name decoders as a limit (Zhou et al., section 6). Later
# work compares each gate with a *threshold*, a running average that each expert keeps during training, and so needs no
# other token.

# %% [markdown]
# ## 10 · Clinic (12 min)
#
# A patient has been admitted: a layer with experts choice. It trains, and every expert is exactly full.

# %%
patient = clinic("04")
patient

# %% [markdown]
# One measurement has been made for you. Which of the instruments above can tell the suspects apart? Your own
# `coverage(routing.token, routing.sizes[1])` works here too.

# %%
torch.manual_seed(0)
x = torch.randn(100, 20, 8)
with record(patient.layer) as seen:
    y = patient.layer(x)
routing = seen["router"]
print("input", tuple(x.shape), "output", tuple(y.shape), routing)
print(f"tokens in no slot: {100 * metrics.dropped_fraction(routing):.0f} %")

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("04", 2)`, `clinic("04", 3)` and so on. Run the measurement again for each.

# %% [markdown]
# ## 11 · ★ What is settled (7 min)
#
# Zhou et al. (2022) report that experts choice trains **over twice as fast** as tokens choice: it needs less than half
# the steps to reach the same quality. The next cell reads from the records of our own runs what they say about this
# claim and two others of this lesson. (*Direction only* means that an effect goes the way that the paper says but
# differs in size. You can skip the statistics in brackets until lesson 08.) *Before you run it:* what would you bet on?

# %%
for name in ("experts-choice-speed", "dropping", "causality"):
    print(entry(name), "\n")

# %% [markdown]
# If the first verdict is not the paper's: name three differences between their runs and ours that could matter.
#
# <details><summary>Compare.</summary>
# Their models are thousands of times larger, train far longer, and learn language where ours learn letters. A result on
# small models is a result about small models, whichever way it points.</details>
#
# They also report that a step takes **20 % less time** than in GLaM, a model whose tokens choose. That is *not testable
# here*: time is saved where many devices wait for the busiest one, and our experts share a single processor. So we cite
# it and claim nothing.
#
# *Settled:* experts choice is balanced by construction; the number of experts per token varies, and can be zero;
# earlier outputs depend on later tokens. *Not settled:* whether experts choice makes the better model. One run of each,
# as in section 6, does not show that.
#
# ### Five questions
#
# <details><summary>1. There are 128 tokens and 16 experts; the factor is 2. How many slots does an expert have, and how
# many experts does a token have?</summary>
# 2 · 128 / 16 = 16 slots. A token has two experts on average; a single token may have none, one, two or more.</details>
#
# <details><summary>2. Why does experts choice need no loss for balance?</summary>
# Every expert fills all of its slots, whatever the scores are. Nothing is left to balance.</details>
#
# <details><summary>3. All slots are filled. Is any token dropped?</summary>
# Most likely, yes: where a token has two experts, it holds a slot that another token would have needed.</details>
#
# <details><summary>4. You shuffle the tokens of an image. Who gets which expert now?</summary>
# The same tokens as before, under their new numbers: only gates count, not positions. In tokens choice with finite
# buffers, served by position, that is not so.</details>
#
# <details><summary>5. A colleague trains a model that writes text, with experts choice. Its loss is excellent, but its
# texts are poor. Give a reason from this lesson.</summary>
# In training its early words saw later ones, through the competition for slots. When it writes, there are no later
# words, and its tokens get other experts than in training.</details>

# %%
calibration("04")
