# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Soft MoE by hand
#
# You compute a Soft MoE layer on paper, write it in code, write a test that catches wrong layers, and find out what is
# wrong with a layer that trains.
#
# You need lessons 00 to 02, softmax, and pen and paper.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - compute dispatch weights, slots, combine weights and answers by hand, and say which sums must be 1,
# - write the whole layer from Algorithm 1 of the paper (Puigcerver et al., *From Sparse to Soft Mixtures of Experts*,
#   ICLR 2024),
# - say what the experts compute, how often, and what that costs,
# - write a check that rejects wrong layers and accepts every right one.
#
# **Core path:** sections 1 to 8, marked ★; about 60 minutes, with a resting point after section 4. The sections after
# it are optional, and you can take them on other days. A student needed 135 minutes for all of an earlier version, 70
# of them for its core path; this one is shorter. The minutes in the headings are estimates.

# %%
from softmoe_edu.teaching import course_map

course_map("05")

# %% [markdown]
# ## 1 · ★ Why, and what you still know (4 min)
#
# A sparse router makes a hard choice: a token goes to this expert or it does not. With finite buffers it drops tokens,
# and its answer jumps when a small change of a score changes the choice. Soft MoE makes no choice. Each slot is an
# average of all tokens, each answer an average of all slots' answers, and what is learned is *how much* of each. The
# layer is a few lines long. It is also easy to get wrong in ways that run, train and show no error.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 02: An expert's buffer has 8 slots, and 10 tokens want this expert and no other. What does
# the layer return for the two that get no slot?</summary>Zeros: no expert computed them, and a sum of nothing is 0. The
# block adds the layer's answer to the token itself, so the layer leaves these two as they were.</details>
#
# <details><summary>Lesson 01: A token goes to one expert (k = 1). Why is the softmax taken before the selection, and
# not after?</summary>After the selection only one score is left, and the softmax of one number is always 1: no gradient
# would reach the router.</details>
#
# <details><summary>Lesson 00: Six steps describe every router. Name them in order. In which of them does Soft MoE do
# nothing?</summary>Score, normalise, select, dispatch, compute, combine. In *select*: it selects nothing.</details>
#
# The next cell imports what the lesson needs. Its last line asks again what you once missed although you were sure of
# it; if there is no such question, it shows nothing.

# %%
import torch
from IPython.display import display

from softmoe_edu import Experts, MoE, SoftRouter, ViT, cost, figures, paper, record
from softmoe_edu.course.lesson_05.on_paper import compared
from softmoe_edu.course.lesson_05.pictures import flow, shapes
from softmoe_edu.data import digits
from softmoe_edu.teaching import check, clinic, hint, predict, returning, use
from softmoe_edu.training import train
from softmoe_edu.widgets import CostExplorer, RoutingLens

returning("05")

# %% [markdown]
# ## 2 · ★ Three predictions (10 min)
#
# Some words first. A *slot* is one row of an expert's buffer, as in lesson 02; here it holds a mix of tokens instead of
# one of them. *Dispatch* weights say how much of each token goes into each slot. *Combine* weights say how much of each
# slot's answer goes to each token.
#
# You are not expected to know the answers yet. A guess that turns out wrong is remembered best.

# %%
predict("m06-expert-rows")

# %%
predict("m04-one-matrix")

# %% [markdown]
# The third one comes with a figure, which appears when you lock your answer: a real layer, its sums and its dispatch
# weights.


# %%
def both_sums():
    router = SoftRouter(dim=8, num_experts=3, slots_per_expert=2, scale_init=4.0)
    routing = router(torch.randn(1, 5, 8)).detach()
    print("5 tokens, 3 experts with 2 slots each; sums from smallest to largest:")
    for name, weights in (("dispatch", routing.dispatch), ("combine", routing.combine)):
        over = {"each slot over tokens": weights.sum(1)}
        over["each token over slots"] = weights.sum((2, 3))
        for words, sums in over.items():
            print(f"  {name}, {words}: {sums.min():.2f} to {sums.max():.2f}")
    display(figures.described(figures.dispatch_map(routing)))


predict("m05-token-sums", reveal=both_sums)

# %% [markdown]
# ## 3 · ★ On paper (9 min)
#
# Two tokens of two numbers each, three experts with one slot each. A *score* says how well a token fits a slot. Here
# the scores are given as exp(score), so that you need no calculator:
#
# | exp(score) | its numbers | slot 0 | slot 1 | slot 2 |
# | --- | --- | --- | --- | --- |
# | **token 0** | [1, 0] | 3 | 1 | 2 |
# | **token 1** | [0, 2] | 1 | 2 | 1 |
#
# Expert 0 multiplies what it gets by 4; experts 1 and 2 multiply by 3. This is the way of the numbers, from left to
# right:

# %%
figures.described(flow(), "What stands for each question mark? Token 1 is optional.")

# %% [markdown]
# Work in fractions:
#
# 1. **score**: done; that is the table.
# 2. **normalise**: take the softmax, which is exp(score) / sum of exp(score). For dispatch, divide each *column* of the
#    table by its sum: that is the softmax over tokens. For combine, divide each *row* by its sum: the softmax over slots.
# 3. **select**: nothing happens here. This line is the whole idea of the paper.
# 4. **dispatch**: a slot is the sum of the tokens, each times its dispatch weight.
# 5. **compute**: each expert runs on its own slot.
# 6. **combine**: a token's answer is the sum of the slots' answers, each times its combine weight.
#
# Slot 0, to begin with: its column is 3 and 1, so its weights are 3/4 and 1/4, and the slot holds 3/4 · [1, 0] + 1/4 ·
# [0, 2] = [3/4, 1/2]. Expert 0 turns that into [3, 2]. Go on with slots 1 and 2, then with token 0. (Token 1 goes the
# same way; do it if you like.) No denominator is larger than 12.

# %%
my_slot_1 = "?"  # what slot 1 holds, two numbers such as "1/2, 3/4"
my_slot_2 = "?"
my_token_0 = "?"  # the answer for token 0
my_token_1 = "?"  # if you like

# %% [markdown]
# The same in code, with exact fractions; the six steps come in the same order as on your paper. You may run the next
# cell unread, and come back to it if your paper and the cell after it differ.

# %%
from fractions import Fraction

tokens = [[1, 0], [0, 2]]
powers = [[3, 1, 2], [1, 2, 1]]  # score: exp(score), tokens down, slots across
factor = [4, 3, 3]  # what the experts multiply by


def run_slot(slot):
    column = [row[slot] for row in powers]
    dispatch = [Fraction(power, sum(column)) for power in column]  # normalise
    # select: nothing
    # dispatch: the tokens, each times its weight
    holds = [sum(dispatch[t] * tokens[t][i] for t in (0, 1)) for i in (0, 1)]
    answer = [factor[slot] * number for number in holds]  # compute
    return dispatch, holds, answer


def answer_token(token):
    row = powers[token]
    combine = [Fraction(power, sum(row)) for power in row]  # normalise
    answers = [run_slot(slot)[2] for slot in range(3)]
    # combine: the answers, each times its weight
    return [sum(combine[s] * answers[s][i] for s in range(3)) for i in (0, 1)]


# %%
print("slot 1: ", compared(my_slot_1, run_slot(1)[1]))
print("slot 2: ", compared(my_slot_2, run_slot(2)[1]))
print("token 0:", compared(my_token_0, answer_token(0)))
print("token 1:", compared(my_token_1, answer_token(1)))
if my_token_0 != "?":
    display(figures.described(flow(numbers=True), "A thick line is a large weight."))

# %% [markdown]
# Once token 0 is filled in, the picture returns with all numbers. In it, add up the dispatch weights that *arrive* at
# each slot, and then those that *leave* each token.
#
# <details><summary>Added up? Then read on here.</summary>
#
# At every slot they sum to 1. The tokens give away 3/4 + 1/3 + 2/3 = 7/4 and 1/4 + 2/3 + 1/3 = 5/4: every column of
# dispatch sums to 1, the rows do not, and need not. Tokens compete for the slots, and one may win more than another.
#
# </details>

# %% [markdown]
# ## 4 · ★ Algorithm 1 (7 min)
#
# What you did on paper is Algorithm 1 of the paper. Here it is in our words, with the paper's equation numbers. The
# rows of $X$ are the $m$ tokens. $\Phi$ is learned: it has one column for each of the $n \cdot p$ slots, $p$ of them
# for each of the $n$ experts $f_0$ to $f_{n-1}$.
#
# 1. **score**: $L = X\Phi$. Each token is multiplied with each slot's vector; $L_{ij}$ is large where they fit.
# 2. **normalise**, for dispatch: $D_{ij} = e^{L_{ij}} \,/\, \sum_{i'} e^{L_{i'j}}$, a softmax down each column, over
#    tokens (Eq. 1).
# 3. **normalise**, for combine: $C_{ij} = e^{L_{ij}} \,/\, \sum_{j'} e^{L_{ij'}}$, a softmax along each row, over all
#    slots of all experts (Eq. 2). Then comes **select**, in which nothing happens.
# 4. **dispatch**: $\tilde X = D^{\top} X$. Each slot is an average of tokens (Eq. 1).
# 5. **compute**: $\tilde Y_i = f_{\lfloor i/p \rfloor}(\tilde X_i)$. Slots are counted expert by expert: expert 0 has
#    the first $p$ of them.
# 6. **combine**: $Y = C\,\tilde Y$. Each answer is an average of slots' answers (Eq. 2).
#
# **Two words, used strictly in this lesson.** A *score* is the plain product in step 1; the code calls the scores
# `logits`. To *normalise* is to take a softmax. (Lesson 06 scores in another way, with vectors divided by their
# length; nothing here is divided by its length.)
#
# The paper's letters are not the library's. From here on we use the library's:
#
# | | paper | here |
# | --- | --- | --- |
# | examples in a batch | (one at a time) | **b** |
# | tokens in an example | m | **n** |
# | numbers in a token | d | **d** |
# | experts | n | **e** |
# | slots of one expert | p | **p** |
# | the slots' vectors | $\Phi$, (d, n·p) | **phi**, (d, e, p) |
#
# Watch out: *n* counts experts in the paper and tokens here. Algorithm 1 has no batch axis: its axis 0 is our axis 1.
#
# The three matrix products of one example, in our letters. Sides of one colour and letter have the same length; where
# two matrices touch, the letters agree, and that letter is gone in the result:

# %%
figures.described(shapes(), "Which axis is summed over in each of the three products?")

# %% [markdown]
# `torch.einsum` writes such products with the letters themselves. **In three lines:** every axis gets a letter; axes of
# one letter are multiplied with each other; a letter that is missing after the arrow is summed over.

# %%
a, w = torch.randn(3, 7, 5), torch.randn(5, 2)
product = torch.einsum("bnd,dk->bnk", a, w)  # d is missing on the right: summed over
same = torch.allclose(product, a @ w, atol=1e-6)
print(f"{tuple(product.shape)}, the same as a @ w: {same}")

# %% [markdown]
# <details><summary>If you also read the official code</summary>
# It writes g for the examples, m for tokens, n for experts, and mu, (d, n, p), for the slots' vectors. Slots are
# counted expert by expert, there and here, as in step 5, although the caption of the paper's Figure 2 says
# round-robin.</details>
#
# > **A good place to rest.** You have done about half of the core path. Next you write code. When you come back: *Run
# > All Above Selected Cell*.

# %% [markdown]
# ## 5 · ★ Exercise: dispatch (8 min)
#
# On paper you had one example and one slot for each expert. A layer gets the scores of a whole batch, with four axes.
# Write a function that normalises them for dispatch (Eq. 1).
#
# - **In:** `logits`, (b, n, e, p): the score of each token with each slot; b examples, n tokens, e experts, p slots for
#   each expert.
# - **Out:** the dispatch weights, of the same shape and dtype. Every slot is an average of the tokens of its own
#   example.
# - **Mind:** gradients must flow through, so stay in torch. Scores may be as large as some thousands.
# - **Example:** exp(scores) of 3 and 1, for two tokens with one slot, become 3/4 and 1/4.
#
# Over which of the four axes does a slot average?


# %% tags=["exercise:dispatch-weights"]
def dispatch_weights(logits):
    """Return the dispatch weights (Eq. 1) of scores (b, n, e, p), in the same shape."""
    raise NotImplementedError


# %% tags=["check:dispatch-weights"]
check("dispatch-weights", dispatch_weights)

# %% [markdown]
# Stuck? Call `hint("dispatch-weights")` for a first hint; call it again for the next one. If your numbers are those of
# a classic mistake, the check says which one.

# %% [markdown]
# ## 6 · ★ Exercise: combine (7 min)
#
# Now read the same scores the other way, for combine (Eq. 2).
#
# - **In:** `logits`, (b, n, e, p), as before.
# - **Out:** the combine weights, of the same shape and dtype. Every token's answer is an average of *all* slots of *all*
#   experts.
# - **Mind:** these slots lie along two axes, and `torch.softmax` takes only one. Merge the two (`flatten`), and restore
#   the shape afterwards (`view_as`).
# - **Example:** exp(scores) of 3, 1 and 2, for one token with three slots, become 1/2, 1/6 and 1/3, whether these are
#   three experts with one slot or one expert with three.


# %% tags=["exercise:combine-weights"]
def combine_weights(logits):
    """Return the combine weights (Eq. 2) of scores (b, n, e, p), in the same shape."""
    raise NotImplementedError


# %% tags=["check:combine-weights"]
check("combine-weights", combine_weights)

# %% [markdown]
# Stuck? Call `hint("combine-weights")`.

# %% [markdown]
# ## 7 · ★ The whole layer, from numbered lines (6 min)
#
# Before you write the layer, put it together. The next cell has twelve numbered lines: open them. Six, in the right
# order, make up Algorithm 1 for a batch; the other six are common mistakes. Let `soft_moe_lines` return the six numbers
# from top to bottom, such as `[3, 1, 4, 2, 6, 5]`. More than one order is right.

# %%
from softmoe_edu.course.lesson_05.sort_soft_moe.exercise import listing

listing()


# %% tags=["exercise:sort-soft-moe"]
def soft_moe_lines():
    """Return the numbers of the six lines of soft_moe, in an order that runs."""
    raise NotImplementedError


# %% tags=["check:sort-soft-moe"]
check("sort-soft-moe", soft_moe_lines)

# %% [markdown]
# Stuck? Call `hint("sort-soft-moe")`. In `einsum`, `bnep` is one word for four axes: b, n, e and p.

# %% [markdown]
# ## 8 · ★ Exercise: the whole layer (8 min)
#
# Now without the lines: fold them away, and write all of Algorithm 1 from the picture of shapes.
#
# - **In:** `x`, (b, n, d): the tokens. `phi`, (d, e, p): one learned vector for each slot. `experts`: a list of e
#   functions, each of which maps (..., d) to (..., d).
# - **Out:** the tokens' answers, (b, n, d). Expert i computes its own p slots and no others.
# - **Mind:** each example of the batch is routed alone. A score is the product of a token and a slot's vector, and
#   neither is divided by its length. Leave `x` as it is; the block adds it to the answer, not the layer.
# - **Example:** your paper. The check uses it too.
#
# You may call your own two functions.


# %% tags=["exercise:soft-moe"]
def soft_moe(x, phi, experts):
    """Return the answers (b, n, d) of a Soft MoE layer, Algorithm 1.

    x (b, n, d), phi (d, e, p), experts: a list of e functions (..., d) -> (..., d).
    """
    raise NotImplementedError


# %% tags=["check:soft-moe"]
check("soft-moe", soft_moe)

# %% [markdown]
# Stuck? Call `hint("soft-moe")`.
#
# **Here the core path ends.** What follows shows what such a layer does, and how to tell a wrong one. Good next steps are
# section 13, the clinic, and the five questions of section 15. If you skip sections, choose **Run > Run All Above
# Selected Cell** first: later ones use what earlier ones made.

# %% [markdown]
# ## 9 · Your layer beside the library's, and under the lens (10 min)
#
# A layer from the library with the same phi and the same experts must give the same answers. `use` returns your
# function if it passed its check, and otherwise the library's, so that you are never stuck. (The library stacks the
# weights of its experts; `expert(i)` picks one out. With `normalize=False` it scores as Algorithm 1 does.)

# %%
layer_fn = use("soft-moe", soft_moe)
router = SoftRouter(dim=5, num_experts=4, slots_per_expert=2, normalize=False)
experts = Experts(5, 4, 16)
x = torch.randn(3, 7, 5)


def expert(i):
    stacks = experts.w_in, experts.b_in, experts.w_out, experts.b_out
    w_in, b_in, w_out, b_out = (stack[i] for stack in stacks)

    def run(slots):
        hidden = torch.nn.functional.gelu(slots @ w_in + b_in, approximate="tanh")
        return hidden @ w_out + b_out

    return run


with torch.no_grad():
    mine = layer_fn(x, router.phi, [expert(i) for i in range(4)])
    gap = (mine - MoE(router, experts)(x)).abs().max()
print(f"largest difference from the library's layer: {gap:.0e}")

# %% [markdown]
# Now the hand example under the lens, through *your* two functions. It draws what they return, right or wrong, and says
# which sums are off; if one of them is not written yet, it says so. Point at a weight, or press <kbd>Tab</kbd> and use
# the arrow keys; switch between *logits*, *dispatch* and *combine*. (A logit of 1.0986 is log 3.)

# %%
table = torch.tensor(powers, dtype=torch.float32)
scores = table.log()[None, :, :, None]  # (b, n, e, p) = (1, 2, 3, 1)


def own(logits):
    return dispatch_weights(logits), combine_weights(logits)


RoutingLens.of(own, scores, token=0, expert=0, slot=0)

# %% [markdown]
# Now real scores: a small ViT with a Soft MoE layer learns to read digits. (It scores in the way of lesson 06, times 8;
# what happens to the scores afterwards is the same.) "own" is yours, "reference" is the library's.

# %%
train_digits, test_digits = digits()


def trained(make, seed=0):
    torch.manual_seed(seed)
    model = ViT(moe_layers=(1,), moe=lambda dim: make())
    history = train(
        model,
        train_digits,
        test_digits,
        steps=100,
        threads=1,
        progress=False,
    )
    return model, 100 * history.test_accuracy


def right_layer():
    return MoE(SoftRouter(32, 4, 3, scale_init=8.0), Experts(32, 4, 64))


model, accuracy = trained(right_layer)
print(f"accuracy on test digits after 100 steps: {accuracy:.0f} %")

# %%
images = test_digits[:8]
with torch.no_grad(), record(model.eval()) as seen:
    model(images.images)
routing = seen["blocks.1.mlp.router"]
labels = [f"digit {label}" for label in images.labels]


def reference(logits):
    return routing.dispatch, routing.combine


RoutingLens.of(own, routing.logits, images.images, reference, labels=labels)

# %% [markdown]
# **Find these:** a slot that mixes few patches, and one that mixes nearly all of them; and a patch that many slots
# want, whose sum over slots is above 1. In *combine*: is any weight exactly 0? The figure counts the patches in each
# slot, for all eight images.

# %%
display(figures.described(figures.slot_usage(routing)))
gives = routing.dispatch.sum((2, 3))
zeros = int((routing.combine == 0).sum())
print(f"a patch fills {gives.min():.2f} to {gives.max():.2f} slots in total")
print(f"combine weights that are exactly 0: {zeros} of {routing.combine.numel()}")

# %% [markdown]
# Soft MoE is *soft*: no weight is 0 (except by rounding), and every answer draws on every slot.
#
# **Change one score.** Which weights of dispatch move, and which of combine? Say it, then run the cell.

# %%
logits = routing.logits[:1]
raised = logits.clone()
raised[0, 5, 2, 1] += 1  # token 5 and slot 1 of expert 2
weighers = {
    "dispatch": use("dispatch-weights", dispatch_weights),
    "combine": use("combine-weights", combine_weights),
}
for name, weigh in weighers.items():
    moved = (weigh(raised) - weigh(logits)).abs()[0].flatten(1) > 1e-6
    rows, columns = int(moved.any(1).sum()), int(moved.any(0).sum())
    print(f"{name}: weights move in {rows} of {moved.shape[0]} tokens", end=", ")
    print(f"{columns} of {moved.shape[1]} slots")

# %% [markdown]
# <details><summary>Said it? Then read on here.</summary>
#
# One score moved, and both matrices changed: dispatch in that slot's whole column, combine in that token's whole row.
# There is one set of scores and one learned matrix, phi, with d · e · p numbers.
#
# </details>

# %% [markdown]
# ## 10 · What is computed, and what is not (10 min)
#
# Experts never see a token. They see slots, and you decide how many of those there are.
#
# **Must there be as many slots as tokens?** Keep the tokens and change the slots. Work is counted in MACs; one MAC is a
# multiplication and an addition. Before you run the cell: what happens to the shape of the output?

# %%
x = torch.randn(2, 196, 32)
for slots_per_expert in (1, 8, 24, 49, 100):
    layer = MoE(SoftRouter(32, 4, slots_per_expert), Experts(32, 4, 128))
    millions = cost.cost_of(layer, tokens=196).macs / 1e6
    print(f"{4 * slots_per_expert:3d} slots: {tuple(x.shape)} ->", end=" ")
    print(f"{tuple(layer(x).shape)}, {millions:5.1f} million MACs")

# %% [markdown]
# The shape of the output never changes; the cost does.
#
# Below is a layer of ViT B/16 (a Vision Transformer of the *base* size on patches of 16 × 16 pixels: 196 tokens of 768
# numbers) with 128 experts, beside the *dense* MLP that it replaces, the one through which every token of an ordinary
# ViT goes. Move *slots per expert* and watch which bars follow and which do not. (Its routing has one parameter more
# than d · e · p: a scale, from lesson 06.)

# %%
CostExplorer(
    "soft",
    num_experts=128,
    slots_per_expert=1,
    dim=768,
    hidden_dim=3072,
    pinned={"router": "dense"},
)

# %% [markdown]
# **Does this average the experts' parameters?** Other methods do; Soft MoE does something else. Take two experts,
# relu(x) and relu(-x), two tokens, 3 and -1, and all weights 1/2. Compute the three numbers in your head before you run
# the cell:

# %%
both = torch.tensor([3.0, -1.0])
slopes = torch.tensor([1.0, -1.0])  # expert i is relu(slope · x)
of_parameters = torch.relu(slopes.mean() * both[0])
of_answers = torch.relu(slopes * both[0]).mean()
of_tokens = torch.relu(slopes * both.mean()).mean()
print("average of parameters, for token 3:        ", float(of_parameters))
print("average of the experts' answers to token 3:", float(of_answers))
print("Soft MoE, answers to the average token:    ", float(of_tokens))

# %% [markdown]
# Three numbers, three methods. Soft MoE mixes *inputs* and *outputs*; each expert keeps its own parameters.

# %% [markdown]
# ## 11 · Write the check (12 min)
#
# You have seen what a check said about your layer. Now write one. Tests of such layers often look only at shapes, and
# at whether a gradient arrives. A softmax along the wrong axis changes neither, so such tests stay green.
#
# - **In:** `layer`, a function with the arguments of `soft_moe`: x (b, n, d), phi (d, e, p), and a list of e experts,
#   each a function that keeps the shape (..., d).
# - **Out:** nothing for a right layer; for a wrong one `my_check` raises `AssertionError` (an `assert` does).
# - **Mind:** accept every right layer, however it is written. Two of them may differ by rounding, so compare with
#   `torch.allclose`, not with `==`.
#
# It is tried on right layers written in different styles, and on wrong ones:

# %%
from softmoe_edu.course.lesson_05.check_soft_moe.properties import NEEDED
from softmoe_edu.teaching.discovery import find_exercise

exercise = find_exercise("soft-moe")
right, wrong = (exercise.answer, *exercise.variants), exercise.mistakes
print(f"{len(right)} right layers: accept all of them")
print(f"{len(wrong)} wrong layers: reject {NEEDED} of them or more")

# %% [markdown]
# Ideas that catch a lot:
#
# - Your hand example. You have to build a phi whose products with the two tokens are the scores of the table. Token 0
#   is [1, 0], so the first row of phi is the log of the table's first row. Token 1 is [0, 2]: it takes the second row
#   of phi twice, so that row is *half* the log of the table's second row. And phi needs a last axis, with p = 1.
# - Experts that all answer 1. The same tokens in another order. The experts in another order, each with its phi. One
#   example alone, and the same one beside others.
# - Sizes that are all different: a size of 1, or two equal sizes, can hide mistakes.


# %% tags=["exercise:check-soft-moe"]
def my_check(layer):
    """Raise AssertionError unless layer(x, phi, experts) is a right Soft MoE layer."""
    raise NotImplementedError


# %% tags=["check:check-soft-moe"]
check("check-soft-moe", my_check)

# %% [markdown]
# Stuck? Call `hint("check-soft-moe")`.

# %% [markdown]
# ## 12 · What your check lets through (10 min)
#
# Your check may pass and still let some wrong layers through. Which ones? The next cell asks *your* check, even while
# it still fails. Choose one survivor, think of an input on which it goes wrong, add that to your check, and run both
# cells again.

# %%
from softmoe_edu.teaching.check.attempt import NotStarted
from softmoe_edu.teaching.check.write_the_check import refusal

try:
    accepted = [layer for layer in right if not refusal(my_check, layer)]
    survivors = [each for each in wrong if not refusal(my_check, each.function)]
    print(f"right layers: {len(accepted)} of {len(right)} accepted")
    rejected, through = len(wrong) - len(survivors), len(survivors)
    print(f"wrong layers: {rejected} of {len(wrong)} rejected, {through} let through")
    print(*(f"  one that {mistake.does}" for mistake in survivors), sep="\n")
except NotStarted:
    print("Write my_check first and run its cell: then you see what it lets through.")

# %% [markdown]
# ## 13 · Clinic: it trains, and it is wrong (12 min)
#
# A patient is a layer with one or two mistakes. First see for yourself that nothing seems to be wrong with it:

# %%
patient = clinic("05")
print("mistakes in this patient:", patient.how_many)
patient

# %%
ward, sick = trained(lambda: patient.layer)
print(f"accuracy on test digits after 100 steps: {sick:.0f} %")
print(f"the right layer of section 9 had         {accuracy:.0f} %")

# %% [markdown]
# Its accuracy does not give it away. Is that the luck of one run? Train both with two other seeds (it takes some
# seconds):

# %%
makers = {"right layer": right_layer, "patient": lambda: clinic("05").layer}
for seed in (1, 2):
    for name, make in makers.items():
        print(f"seed {seed}, {name:11s}: {trained(make, seed)[1]:.0f} %")

# %% [markdown]
# If your runs are like ours, you cannot tell from these which layer is the wrong one. A wrong layer that learns is
# still a layer that learns, and at this scale its accuracy cannot find the mistake. So look at what it computes.
#
# **Examine it.** `alone` and `together` are its routings of the same image, by itself and with others. Which sums are
# off? Do the weights of an image change with the other images? Is `patient.layer(X)` equal to
# `together.through(X, patient.layer.experts)`, which does what the weights say?

# %%
X = torch.randn(3, 16, 32)  # three made-up images of 16 tokens
with torch.no_grad():
    alone, together = patient.layer.router(X[:1]), patient.layer.router(X)

my_measurements = "?"  # alone.dispatch, together.combine and so on are (b, n, e, p)

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# The lens tells a lot about some patients, so it comes last: to confirm a diagnosis, or when you are stuck.

# %%
with torch.no_grad(), record(ward.eval()) as found:
    ward(images.images)
RoutingLens(found["blocks.1.mlp.router"], images.images, labels=labels)

# %% [markdown]
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# Two of these suspects stood in published code. One repository had both softmaxes swapped, as patient 1 has: the
# dispatch weights normalised over slots, the combine weights over tokens. You saw that such a layer learns about as well
# as the right one: accuracy cannot find it, a look at the sums does. In another,
# <a href="https://github.com/fkodom/soft-mixture-of-experts/pull/1">the dispatch softmax ran over the batch</a>: the
# paper's Algorithm 1 says axis 0 and has no batch axis; code has one.</details>
#
# More patients: `clinic("05", 2)`, `clinic("05", 3)` and so on.

# %% [markdown]
# ## 14 · The claim it settles (8 min)
#
# *The paper's claim (Section 3.4):* Soft MoE B/16 is about as good as ViT H/14 but, once trained, costs only a fraction
# of it per image; and Soft MoE H/14 has many times the parameters of ViT H/14 but takes almost the same time. (H/14 is
# the *huge* size, on patches of 14 × 14 pixels.) First the quality, which no lesson can test, as printed in Table 1.
# *10-shot*: how often a linear classifier is right that saw ten labelled images of each class. *Fine-tuned*: how often
# the model itself is right after further training on ImageNet. A *TPU-day*: what one TPU, a chip for training, does in
# a day.

# %%
MODELS = paper.MODELS
small, large = MODELS["soft_moe_b16_128e"], MODELS["vit_h14"]
larger = MODELS["soft_moe_h14_128e"]
for name, each in (("Soft MoE B/16", small), ("ViT H/14", large)):
    for run in (run for run in each.runs if run.table == "table1"):
        print(f"{name}, {run.steps:,} steps: 10-shot {run.imagenet_10shot} %", end=", ")
        print(f"fine-tuned {run.imagenet_finetune} %", end="; ")
        print(f"{run.train_days:,.0f} TPU-days, {run.ms_per_image} ms per image")

# %% [markdown]
# Look at the TPU-days: training Soft MoE B/16 took about as many as the shorter run of ViT H/14. It is the trained
# model that is cheap.
#
# Now the arithmetic of the cost, which this lesson can test. One *GFLOP* is a thousand million operations; a MAC is two
# of them. In the "ratio" columns, `x 2.00` means that the second model has twice as much as the first, `/ 2.00` that it
# has half as much, `=` that neither has any, and `-` that only one of them has any.

# %%
print(cost.comparison(("Soft B/16", small.cost), ("ViT H/14", large.cost)))
names = ("gflops_per_image", "ms_per_image")
flops, ms = ([each.printed(name) for each in (large, small)] for name in names)
print("\nViT H/14 over Soft MoE B/16, per image:")
print(f"    GFLOP: computed {large.cost.flops / small.cost.flops:.1f},", end=" ")
print(f"from the printed {flops[0]} and {flops[1]}: {flops[0] / flops[1]:.1f}")
print(f"    time, from the printed {ms[0]} ms and {ms[1]} ms: {ms[0] / ms[1]:.1f}")
times = larger.printed("ms_per_image") / large.printed("ms_per_image")
size = larger.parameters / large.parameters
print("Soft MoE H/14 with 128 experts over ViT H/14:", end=" ")
print(f"parameters {size:.1f}, printed time {times:.2f}")

# %% [markdown]
# The same was done for every model of the paper's tables, and small models were trained to ask whether Soft MoE learns
# better at the same cost. These verdicts are read from the records of those runs:

# %%
from softmoe_edu.evidence import RECORDS, find_claim, judged, read_record, record_path

for name in ("model-sizes", "accuracy"):
    finding = judged(name, read_record(record_path(RECORDS, name), name))
    print(f"{find_claim(name).title}: {finding.verdict}.\n    {finding.reason}\n")

# %% [markdown]
# *Settled:* the weights are two softmaxes of the same scores; experts run on e · p slots, however many tokens there
# are. The printed GFLOPs follow from that; the milliseconds do not: they were measured, and their ratio is a different
# one. The library's own layer, with which section 9 compares yours, is tested against arrays from the authors' code:
# scores, both sets of weights, slots, outputs and gradients.
#
# *Not settled here:* whether it learns better on large tasks. Lesson 08 shows what such a comparison takes.

# %% [markdown]
# ## 15 · Five questions (5 min)
#
# <details><summary>1. A layer's dispatch weights sum to 1 for every token. What does that tell you?</summary>
# They were normalised over slots: either this is the combine softmax, or another mistake. In Soft MoE, what a token
# gives to all slots together is free.</details>
#
# <details><summary>2. All experts answer 1 and the layer's output is 4, the number of experts. Where is the
# mistake?</summary>In combine: the softmax was taken inside each expert, so a token's weights sum to 1 for each of
# them.</details>
#
# <details><summary>3. An image's answer changes with the other images of its batch. Name two mistakes that cause
# this.</summary>A softmax over the batch axis (with a single image every such weight is 1), and routing the tokens of
# all images as one group.</details>
#
# <details><summary>4. Twice as many tokens, the same slots. What happens to the work of the experts, and to that of
# dispatch and combine?</summary>The experts' work stays the same; that of dispatch and combine doubles.</details>
#
# <details><summary>5. How can a layer be wrong although its sums are right?</summary>It may give every expert the same
# share, order the slots wrongly, or use uniform weights, for example. Right sums are necessary, not sufficient: test
# values by hand as well.</details>
#
# The last cell shows how sure you were and how often you were right.

# %%
from softmoe_edu.teaching import calibration

calibration("05")
