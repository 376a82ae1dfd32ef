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
# You compute a Soft MoE layer on paper, write it in code, write a test that catches wrong layers, and find the mistakes
# in a layer that trains well all the same.
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
# **Core path:** sections 1 to 8, marked ★; about 60 minutes, with a place to rest after section 4. The later sections
# are optional, and you can do them on other days. A student needed 135 minutes for the whole of an earlier version, 70
# of them for its core path; this version is shorter. The minutes in the headings are estimates.

# %%
from softmoe_edu.teaching import course_map

course_map("05")

# %% [markdown]
# ## 1 · ★ Why, and what you still know (4 min)
#
# A sparse router makes a hard choice: a token goes to an expert or it does not. With finite buffers it drops tokens,
# and its output jumps when a small change in a score changes the choice. Soft MoE makes no choice. Each slot is an
# average of all tokens, each answer is an average of all slots' answers, and what is learned is *how much* of each. The
# layer is a few lines long. It is also easy to write a wrong version that runs, trains and raises no error.
#
# Three questions from earlier lessons. Answer first, then click the question.
#
# <details><summary>Lesson 02: An expert's buffer has 8 slots, and 10 tokens choose this expert and no other. What does
# the layer return for the two that get no slot?</summary>
# Zeros: no expert computed them, and a sum of nothing is 0. The block adds the layer's answer to the token, so these
# two tokens pass the layer unchanged.</details>
#
# <details><summary>Lesson 01: Each token goes to one expert (k = 1). Why is the softmax taken before the selection, and
# not after it?</summary>
# After the selection only one score is left, and the softmax of one number is always 1: no gradient would reach the
# router.</details>
#
# <details><summary>Lesson 00: Six steps describe every router. Name them in order. In which of them does Soft MoE do
# nothing?</summary>Score, normalise, select, dispatch, compute, combine. In *select*: it selects nothing.</details>
#
# The next cell imports what the lesson needs. Its last line brings back a question that you once got wrong although you
# were sure; if there is none, it shows nothing.

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
# ## 2 · ★ Three predictions (7 min)
#
# Some words first. A *slot* is one row of an expert's buffer, as in lesson 02; here it holds a mix of tokens instead of
# a single one. *Dispatch* weights say how much of each token goes into each slot. *Combine* weights say how much of
# each slot's answer goes to each token. *Algorithm 1* is the paper's listing of the layer; section 4 goes
# through it.
#
# You are not expected to know the answers yet. What you guessed wrong you will remember best.

# %%
predict("m06-expert-rows")

# %%
predict("m04-one-matrix")

# %% [markdown]
# When you lock your answer to the third one, a figure appears: a real layer with its sums and its dispatch weights.


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
    caption = "Figure 1. The dispatch weights of a layer, with their sums."
    display(figures.described(figures.dispatch_map(routing), caption))


predict("m05-token-sums", reveal=both_sums)

# %% [markdown]
# ## 3 · ★ On paper (11 min)
#
# There are two tokens of two numbers each, and three experts with one slot each. A *score* says how well a token fits a
# slot. Here you are given exp(score), so that you need no calculator:
#
# | exp(score) | its numbers | slot 0 | slot 1 | slot 2 |
# | --- | --- | --- | --- | --- |
# | **token 0** | [1, 0] | 3 | 1 | 2 |
# | **token 1** | [0, 2] | 1 | 2 | 1 |
#
# Expert 0 multiplies what it gets by 4; experts 1 and 2 multiply by 3. The figure shows, from left to right, how the
# numbers flow:

# %%
caption = "Figure 2. What stands for each question mark? Token 1 is optional."
figures.described(flow(), caption)

# %% [markdown]
# Work in fractions:
#
# 1. **score**: done; that is the table.
# 2. **normalise**: take the softmax, which is exp(score) / sum of exp(score). For dispatch, divide each *column* of the
#    table by its sum: that is the softmax over tokens. For combine, divide each *row* by its sum: the softmax over slots.
# 3. **select**: nothing happens here. That is the whole idea of the paper.
# 4. **dispatch**: a slot is the sum of the tokens, each multiplied by its dispatch weight.
# 5. **compute**: each expert runs on its own slot.
# 6. **combine**: a token's answer is the sum of the slots' answers, each multiplied by its combine weight.
#
# Slot 0 is done for you: its column is 3 and 1, so its weights are 3/4 and 1/4, and the slot holds 3/4 · [1, 0] + 1/4 ·
# [0, 2] = [3/4, 1/2]. Expert 0 turns that into [3, 2]. Now do slots 1 and 2, with what their experts make of them, and
# then the answer for token 0. (Token 1 works in the same way; do it if you like.) No denominator is larger than 12.
# Type what a slot *holds*, before its expert has multiplied it:

# %%
my_slot_1 = "?"  # what slot 1 holds, two numbers such as "1/2, 3/4"
my_slot_2 = "?"
my_token_0 = "?"  # the answer for token 0
my_token_1 = "?"  # if you like

# %% [markdown]
# Here is the same in code, with exact fractions; the six steps come in the same order as on your paper. You may run the
# next cell without reading it, and come back to it if your numbers turn out to be different.

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
    caption = "Figure 3. A thick line is a large weight."
    display(figures.described(flow(numbers=True), caption))

# %% [markdown]
# Once you have filled in token 0, the figure comes back with all its numbers. In it, add up the dispatch weights that
# *arrive* at each slot, and then those that *leave* each token.
#
# <details><summary>Added up? Then read on here.</summary>
#
# At every slot they sum to 1. The tokens give away 3/4 + 1/3 + 2/3 = 7/4 and 1/4 + 2/3 + 1/3 = 5/4. So every column of
# dispatch sums to 1; the rows do not, and need not. Tokens compete for the slots, and one may win more than another.
#
# </details>

# %% [markdown]
# ## 4 · ★ Algorithm 1 (8 min)
#
# What you have just done by hand is Algorithm 1 of the paper. Here it is in our words, with the paper's equation
# numbers. The rows of $X$ are the $m$ tokens. $\Phi$ (phi) is learned: it has one column for each of the $n \cdot p$
# slots, $p$ of them for each of the $n$ experts $f_0$ to $f_{n-1}$.
#
# 1. **score**: $L = X\Phi$. $L_{ij}$ is the dot product of token $i$ and the vector of slot $j$; it is large where they
#    fit.
# 2. **normalise**, for dispatch: $D_{ij} = e^{L_{ij}} \,/\, \sum_{i'} e^{L_{i'j}}$, a softmax down each column, over
#    tokens (Eq. 1).
# 3. **normalise**, for combine: $C_{ij} = e^{L_{ij}} \,/\, \sum_{j'} e^{L_{ij'}}$, a softmax along each row, over all
#    slots of all experts (Eq. 2). Then comes **select**, in which nothing happens.
# 4. **dispatch**: $\tilde X = D^{\top} X$. Each slot is an average of tokens (Eq. 1).
# 5. **compute**: $\tilde Y_i = f_{\lfloor i/p \rfloor}(\tilde X_i)$. Slots are counted expert by expert: expert 0 has
#    the first $p$ of them, expert 1 the next $p$.
# 6. **combine**: $Y = C\,\tilde Y$. Each answer is an average of slots' answers (Eq. 2).
#
# **Two words with a strict meaning in this lesson.** A *score* is the plain dot product in step 1; the code calls the
# scores `logits`. To *normalise* is to take a softmax. (Lesson 06 computes scores differently, from vectors divided by
# their length; nothing here is divided by its length.)
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
# The figure shows the three matrix products for one example, in our letters. Sides with the same colour and letter have
# the same length. Where two matrices meet, the letters agree, and that letter disappears from the result:

# %%
caption = "Figure 4. Which axis is summed over in each of the three products?"
figures.described(shapes(), caption)

# %% [markdown]
# `torch.einsum` writes such products with the letters themselves. **It has three rules:** every axis gets a letter;
# axes with the same letter are multiplied together; a letter that is missing after the arrow is summed over.

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
# > **A good place to rest.** You have done half of the core path. Next you write code. When you come back: *Run >
# > All Above Selected Cell*.

# %% [markdown]
# ## 5 · ★ Exercise: dispatch (7 min)
#
# On paper you had one example, and one slot for each expert. A layer gets the scores of a whole batch, with four axes.
# Write a function that normalises them for dispatch (Eq. 1).
#
# - **In:** `logits`, (b, n, e, p): the score of each token with each slot; b examples, n tokens, e experts, p slots for
#   each expert.
# - **Out:** the dispatch weights, of the same shape and dtype. Every slot is an average of the tokens of its own
#   example.
# - **Take care:** gradients must flow through, so use torch functions only. Scores may be as large as several thousand.
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
# Stuck? Call `hint("dispatch-weights")` for a first hint, and again for the next one. If your numbers come from a
# common mistake, the check says which one.

# %% [markdown]
# ## 6 · ★ Exercise: combine (7 min)
#
# Now normalise the same scores in the other direction, for combine (Eq. 2).
#
# - **In:** `logits`, (b, n, e, p), as before.
# - **Out:** the combine weights, of the same shape and dtype. Every token's answer is an average of *all* slots of *all*
#   experts.
# - **Take care:** these slots lie along two axes, and `torch.softmax` takes only one. Merge the two (`flatten`), and
#   restore the shape afterwards (`view_as`).
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
# ## 7 · ★ The whole layer, from numbered lines (7 min)
#
# Before you write the layer, put it together from given lines. The next cell shows twelve numbered lines: open them.
# Six of them, in the right order, make up Algorithm 1 for a batch; the other six are common mistakes. Let
# `soft_moe_lines` return the six numbers from top to bottom, such as `[3, 1, 4, 2, 6, 5]`. More than one order is
# right.

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
# ## 8 · ★ Exercise: the whole layer (9 min)
#
# Now fold the lines away, and write the whole of Algorithm 1 from the figure of shapes in section 4.
#
# - **In:** `x`, (b, n, d): the tokens. `phi`, (d, e, p): one learned vector for each slot. `experts`: a list of e
#   functions, each of which maps (..., d) to (..., d).
# - **Out:** the tokens' answers, (b, n, d). Expert i computes its own p slots and no others.
# - **Take care:** each example of the batch is routed alone. A score is the dot product of a token and a slot's vector,
#   and neither is divided by its length. Do not change `x`, and do not add it to the answer: the block does that.
# - **Example:** the one that you did on paper. The check uses it too.
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
# **The core path ends here.** The rest shows what such a layer does, and how to recognise a wrong one. Good next steps
# are the clinic in section 13 and the five questions in section 15. If you skip sections, choose **Run > Run All Above
# Selected Cell** first: later sections use what earlier ones define.

# %% [markdown]
# ## 9 · Your layer beside the library's, and under the lens (12 min)
#
# A layer from the library with the same phi and the same experts must give the same answers. `use` returns your
# function if it has passed its check, and the library's otherwise, so that you are never stuck. (The library keeps the
# weights of all its experts in one tensor; `expert(i)` picks out those of one. With `normalize=False` it computes
# scores as Algorithm 1 does.)

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
# Now look at your example from section 3 under the lens, through *your* two functions. The lens draws what they return,
# right or wrong, and says which sums are off; if you have not written one of them yet, it says so. Point at a weight,
# or press <kbd>Tab</kbd> and use the arrow keys; switch between *logits*, *dispatch* and *combine*. (A logit of 1.0986
# is log 3.)

# %%
table = torch.tensor(powers, dtype=torch.float32)
scores = table.log()[None, :, :, None]  # (b, n, e, p) = (1, 2, 3, 1)


def own(logits):
    return dispatch_weights(logits), combine_weights(logits)


RoutingLens.of(own, scores, token=0, expert=0, slot=0)

# %% [markdown]
# Now for real scores: a small Vision Transformer (ViT) with a Soft MoE layer learns to read digits. (It computes scores
# as lesson 06 does, times 8; what happens to the scores afterwards is the same.) In the lens, *own* is yours and
# *reference* is the library's.

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
# want, whose dispatch weights sum to more than 1. In *combine*: is any weight exactly 0? The next figure counts, for
# all eight images, how many patches it takes to make up 90 % of a slot.

# %%
caption = "Figure 5. How many patches make up 90 % of a slot."
display(figures.described(figures.slot_usage(routing), caption))
gives = routing.dispatch.sum((2, 3))
zeros = int((routing.combine == 0).sum())
print(f"a patch fills {gives.min():.2f} to {gives.max():.2f} slots in total")
print(f"combine weights that are exactly 0: {zeros} of {routing.combine.numel()}")

# %% [markdown]
# Soft MoE is *soft*: no weight is 0 (unless it is rounded to 0), and every answer draws on every slot.
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
# Experts never see a token. They see slots, and you decide how many slots there are.
#
# **Must there be as many slots as tokens?** Keep the tokens and change the number of slots. Work is counted in MACs;
# one MAC is a multiplication and an addition. Before you run the cell: what will happen to the shape of the output?

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
# Below is a Soft MoE layer with 128 experts for ViT B/16, a Vision Transformer of the *base* size on patches of 16 × 16
# pixels: 196 tokens of 768 numbers. The thin bars, *the pin*, are the *dense* MLP that it replaces, through which every
# token of an ordinary ViT goes. Move *slots per expert* and watch which bars follow and which do not. (The routing has
# one parameter more than d · e · p: a scale, which lesson 06 explains.)

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
# **Does this average the experts' parameters?** Other methods do that; Soft MoE does not. Take two experts, relu(x) and
# relu(-x), two tokens, 3 and -1, and all weights 1/2. Compute the three numbers in your head before you run the cell:

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
# You have seen what a check says about a layer. Now write one yourself. Tests of such layers often look only at shapes,
# and at whether a gradient arrives. A softmax along the wrong axis changes neither, so such tests still pass.
#
# - **In:** `layer`, a function with the arguments of `soft_moe`: x (b, n, d), phi (d, e, p), and a list of e experts,
#   each a function that returns the shape (..., d) that it gets.
# - **Out:** nothing for a right layer; for a wrong one `my_check` raises `AssertionError` (an `assert` does).
# - **Take care:** accept every right layer, however it is written. Two right layers may differ by rounding, so compare
#   with `torch.allclose`, not with `==`.
#
# Your check is tried on right layers written in different styles, and on wrong ones:

# %%
from softmoe_edu.course.lesson_05.check_soft_moe.properties import NEEDED
from softmoe_edu.teaching.discovery import find_exercise

exercise = find_exercise("soft-moe")
right, wrong = (exercise.answer, *exercise.variants), exercise.mistakes
print(f"{len(right)} right layers: accept all of them")
print(f"{len(wrong)} wrong layers: reject {NEEDED} of them or more")

# %% [markdown]
# These ideas catch a lot:
#
# - Your example from section 3. For it you need a phi whose products with the two tokens are the scores of the table.
#   Token 0 is [1, 0], so the first row of phi is the log of the table's first row. Token 1 is [0, 2]: it takes the
#   second row of phi twice, so that row is *half* the log of the table's second row. And phi needs a last axis, with p
#   = 1.
# - Experts that all answer 1. The same tokens in another order. The experts in another order, each with its part of
#   phi. One example alone, and the same example together with others.
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
# Your check may pass and still let some wrong layers through. Which ones? The next cell tries *your* check, even if it
# has not passed yet. Choose one survivor, think of an input on which it goes wrong, add that to your check, and run
# both cells again.

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
# A *patient* is a layer with one or two mistakes. First see for yourself that nothing seems to be wrong with it:

# %%
patient = clinic("05")
print("mistakes in this patient:", patient.how_many)
patient

# %%
ward, sick = trained(lambda: patient.layer)
print(f"accuracy on test digits after 100 steps: {sick:.0f} %")
print(f"the right layer of section 9 had         {accuracy:.0f} %")

# %% [markdown]
# Its accuracy does not give it away. Is that the luck of one run? Train both with two other seeds (this takes a few
# seconds):

# %%
makers = {"right layer": right_layer, "patient": lambda: clinic("05").layer}
for seed in (1, 2):
    for name, make in makers.items():
        print(f"seed {seed}, {name:11s}: {trained(make, seed)[1]:.0f} %")

# %% [markdown]
# If your runs are like ours, you cannot tell from these numbers which layer is the wrong one. A wrong layer can learn
# too, and at this scale accuracy does not show the mistake. So look at what the layer computes.
#
# **Examine it.** `alone` and `together` are its routings of the same image, by itself and with others. Which sums are
# off? Do the weights of an image change with the other images? Does `patient.layer(X)` equal `together.through(X,
# patient.layer.experts)`, which does exactly what the weights say?

# %%
X = torch.randn(3, 16, 32)  # three made-up images of 16 tokens
with torch.no_grad():
    alone, together = patient.layer.router(X[:1]), patient.layer.router(X)

my_measurements = "?"  # alone.dispatch, together.combine and so on are (b, n, e, p)

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# The lens gives some patients away, so it comes last: use it to confirm a diagnosis, or when you are stuck.

# %%
with torch.no_grad(), record(ward.eval()) as found:
    ward(images.images)
RoutingLens(found["blocks.1.mlp.router"], images.images, labels=labels)

# %% [markdown]
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# Two of these mistakes were in published code. One repository had the two softmaxes swapped, like patient 1: the
# dispatch weights were normalised over slots, the combine weights over tokens. You saw that such a layer learns about
# as well as the right one: accuracy does not reveal it, a look at the sums does. In another, <a
# href="https://github.com/fkodom/soft-mixture-of-experts/pull/1">the dispatch softmax ran over the batch</a>: the
# paper's Algorithm 1 says axis 0 and has no batch axis, but code has one.</details>
#
# More patients: `clinic("05", 2)`, `clinic("05", 3)` and so on.

# %% [markdown]
# ## 14 · The claim it settles (8 min)
#
# *The paper's claim (Section 3.4):* Soft MoE B/16 is about as good as ViT H/14 but, once trained, costs only a fraction
# of it per image; and Soft MoE H/14 has many times the parameters of ViT H/14 but takes almost the same time. (H/14 is
# the *huge* size, on patches of 14 × 14 pixels.) First the quality, which no lesson can test, as printed in Table 1.
# *10-shot* is the accuracy of a linear classifier that has seen ten labelled images of each class; *fine-tuned* is the
# accuracy of the model itself after further training on ImageNet. A *TPU-day* is the work of one TPU, a chip for
# training, in one day.

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
# Look at the TPU-days: training Soft MoE B/16 cost about as much as the shorter run of ViT H/14. Only the trained
# model is cheap.
#
# Now the arithmetic of the cost, which this lesson can check. One *GFLOP* is a thousand million operations; a MAC is
# two of them. In the "ratio" columns, `x 2.00` means that the second model has twice as much as the first, `/ 2.00`
# that it has half as much, `=` that neither has any, and `-` that only one of them has any.

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
# The same was done for every model in the paper's tables, and small models were trained to find out whether Soft MoE
# learns better at the same cost. These verdicts are read from the records of those runs:

# %%
from softmoe_edu.evidence import entry

for name in ("model-sizes", "accuracy"):
    print(entry(name), "\n")

# %% [markdown]
# *Settled:* the weights are two softmaxes of the same scores; experts run on e · p slots, however many tokens there
# are. The printed GFLOPs follow from that. The milliseconds do not: they were measured, and their ratio is different.
# The library's own layer, which section 9 compares with yours, is tested against arrays from the authors' code: scores,
# both sets of weights, slots, outputs and gradients.
#
# *Not settled here:* whether it learns better on large tasks. Lesson 08 shows what such a comparison takes.

# %% [markdown]
# ## 15 · Five questions (5 min)
#
# <details><summary>1. A layer's dispatch weights sum to 1 for every token. What does that tell you?</summary>
# They were normalised over slots, either by the combine softmax or by another mistake. In Soft MoE, what a token gives
# to all slots together is free.</details>
#
# <details><summary>2. All experts answer 1 and the layer's output is 4, the number of experts. Where is the
# mistake?</summary>In combine: the softmax was taken inside each expert, so a token's weights sum to 1 for each of
# them.</details>
#
# <details><summary>3. An image's answer changes with the other images of its batch. Name two mistakes that cause
# this.</summary>A softmax over the batch axis (with a single image every such weight is 1), and routing the tokens of
# all images as one group.</details>
#
# <details><summary>4. Twice as many tokens, but the same slots. What happens to the work of the experts, and to that of
# dispatch and combine?</summary>
# The experts' work stays the same; that of dispatch and combine doubles.</details>
#
# <details><summary>5. How can a layer be wrong although its sums are right?</summary>
# For example, it may give every expert the same share, put the slots in the wrong order, or use uniform weights. Right
# sums are necessary but not sufficient: test values that you computed by hand as well.</details>
#
# The last cell shows how sure you were and how often you were right.

# %%
from softmoe_edu.teaching import calibration

calibration("05")
