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
# You compute a Soft MoE layer on paper, write it in code, write a test that catches wrong ones, and find out what is
# wrong with a layer that trains. **Planned for 75 minutes;** nobody has been timed yet.
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
# **The 40-minute path:** sections 1 to 5 and 8, marked ★.

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# A sparse router makes a hard choice: a token goes to this expert or it does not. With finite buffers it drops tokens,
# and its answer jumps when a small change of a score changes the choice. Soft MoE makes no choice. Each slot is an
# average of all tokens, each answer an average of all slots' answers, and what is learned is *how much* of each. The
# layer is a few lines long. It is also easy to get wrong in ways that run, train and show no error. So you will first
# do it by hand, and then test it hard.
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

# %%
import torch
from IPython.display import display

from softmoe_edu import Experts, MoE, SoftRouter, ViT, cost, figures, paper, record
from softmoe_edu.data import digits
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.training import train
from softmoe_edu.widgets import CostExplorer, RouterExplorer, RoutingLens

returning("05")

# %% [markdown]
# ## 2 · ★ Predict, then compute on paper (10 min)
#
# *Dispatch* weights say how much of each token goes into each slot; *combine* weights say how much of each slot's
# answer goes to each token. Both are made from the same scores (in code: `logits`), one for each pair of token and
# slot.


# %%
def both_sums():
    routing = SoftRouter(dim=8, num_experts=3, slots_per_expert=2, scale_init=4.0)(torch.randn(1, 5, 8)).detach()
    print("5 tokens, 3 experts with 2 slots each; sums from smallest to largest:")
    for name, weights in (("dispatch", routing.dispatch), ("combine", routing.combine)):
        over = {"over the tokens of each slot": weights.sum(1), "over the slots of each token": weights.sum((2, 3))}
        for words, sums in over.items():
            print(f"  {name:8s} {words}: {sums.min():.2f} to {sums.max():.2f}")
    display(figures.described(figures.dispatch_map(routing)))


predict("m05-token-sums", reveal=both_sums)

# %% [markdown]
# **Now on paper.** Two tokens of two numbers each, three experts with one slot each. The scores are given as
# exp(score), so that you need no calculator:
#
# | token | its numbers | slot 0 | slot 1 | slot 2 |
# | --- | --- | --- | --- | --- |
# | **token 0** | [1, 0] | 3 | 1 | 2 |
# | **token 1** | [0, 2] | 1 | 2 | 1 |
#
# Expert 0 multiplies what it gets by 4; experts 1 and 2 multiply by 3. Work in fractions:
#
# 1. **score**: already done; that is the table.
# 2. **normalise**: softmax = exp(score) / sum of exp(score). The exponentials are given, so only the division is left.
#    For dispatch, divide each *column* by its sum: that is the softmax over tokens. For combine, divide each *row* of
#    the table by its sum: that is the softmax over slots.
# 3. **select**: nothing happens here. This line is the whole idea of the paper.
# 4. **dispatch**: a slot is the sum of the tokens, each times its dispatch weight.
# 5. **compute**: each expert runs on its own slot.
# 6. **combine**: a token's answer is the sum of the experts' answers, each times its combine weight.
#
# Slot 0, to begin with: its column is 3 and 1, so its weights are 3/4 and 1/4, and the slot holds 3/4 · [1, 0] + 1/4 ·
# [0, 2] = [3/4, 1/2]. Expert 0 turns that into [3, 2]. Go on with slots 1 and 2, then with both tokens. No denominator
# is larger than 12.

# %%
my_slot_1 = "?"  # what slot 1 holds, two numbers such as "1/2, 3/4"
my_token_0 = "?"  # the answer of token 0
my_token_1 = "?"  # the answer of token 1

# %% [markdown]
# ## 3 · ★ Worked example, in fractions (5 min)
#
# The same in code, with exact fractions. Read it beside your paper: the six steps come in the same order. Below its own
# numbers it prints yours, and says which are right.

# %%
from fractions import Fraction

tokens = [[1, 0], [0, 2]]
powers = [[3, 1, 2], [1, 2, 1]]  # score: exp(score) of each token (down) with each slot (across)
factor = [4, 3, 3]  # what the experts do


def run_slot(slot):
    column = [row[slot] for row in powers]
    dispatch = [Fraction(power, sum(column)) for power in column]  # normalise
    # select: nothing
    holds = [sum(dispatch[t] * tokens[t][i] for t in (0, 1)) for i in (0, 1)]  # dispatch
    answer = [factor[slot] * number for number in holds]  # compute
    return dispatch, holds, answer


def text(numbers):
    return ", ".join(map(str, numbers))


def judged(typed, exact):  # compares what was typed with the exact numbers
    try:
        numbers = [Fraction(part.replace(" ", "")) for part in str(typed).strip(" []").split(",")]
    except (ValueError, ZeroDivisionError):
        if typed == "?":
            return "not filled in; the exact numbers appear here once it is"
        return f"{typed!r} cannot be read: write two numbers such as '1/2, 3/4'"
    return f"[{text(numbers)}] is {'right' if numbers == exact else 'not what stands above: where does your paper differ?'}"


for slot in range(3 if my_slot_1 != "?" else 1):
    dispatch, holds, answer = run_slot(slot)
    print(f"slot {slot}: dispatch {text(dispatch)}; holds [{text(holds)}]; expert {slot} answers [{text(answer)}]")
print("you, slot 1:", judged(my_slot_1, run_slot(1)[1]))

# %%
for token, (row, mine) in enumerate(zip(powers, (my_token_0, my_token_1), strict=True)):
    combine = [Fraction(power, sum(row)) for power in row]  # normalise
    answer = [sum(combine[slot] * run_slot(slot)[2][i] for slot in range(3)) for i in (0, 1)]  # combine
    if mine != "?":
        print(f"token {token}: combine {text(combine)}; answer [{text(answer)}]")
    print(f"you, token {token}: {judged(mine, answer)}")

# %% [markdown]
# As matrices, in the paper's letters: the rows of $X$ are the $m$ tokens, and $\Phi$ has one learned column for each of
# the $n \cdot p$ slots.
#
# | step | paper | in words |
# | --- | --- | --- |
# | **score** | $X\Phi$ | each token · each slot's vector |
# | **normalise** | $D_{ij} = \dfrac{e^{(X\Phi)_{ij}}}{\sum_{i'} e^{(X\Phi)_{i'j}}}$ (Eq. 1), $C_{ij} = \dfrac{e^{(X\Phi)_{ij}}}{\sum_{j'} e^{(X\Phi)_{ij'}}}$ (Eq. 2) | once down the columns, once along the rows |
# | **select** | *nothing* | *nothing* |
# | **dispatch** | $\tilde X = D^{\top} X$ | slots are averages of tokens |
# | **compute** | $\tilde Y_i = f_{\lfloor i/p \rfloor}(\tilde X_i)$ | slot $i$ belongs to expert $\lfloor i/p \rfloor$ |
# | **combine** | $Y = C\tilde Y$ | answers are averages of slots |
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
# <details><summary>If you also read the official code</summary>
# It writes g for the examples, m for tokens, n for experts, and mu, (d, n, p), for the slots' vectors. Slots are
# counted expert by expert, there and here, as in the formula above, although the caption of the paper's Figure 2 says
# round-robin.</details>
#
# Now the hand example once more, in a widget. Go through the six steps; point at a weight, or press <kbd>Tab</kbd> and
# use the arrow keys. Equation, line of code and number are shown together; the sums stand beside and below the map.

# %%
scores = torch.tensor(powers, dtype=torch.float32).log()[None, :, :, None]  # (b=1, n=2, e=3, p=1)
RouterExplorer(scores, dim=2, hidden_dim=1, step="normalise", token=0, expert=0, slot=0)

# %%
for token in (0, 1):
    given = [run_slot(slot)[0][token] for slot in range(3)]
    print(f"token {token} gives {text(given)} of itself to the slots, {sum(given)} in total")

# %% [markdown]
# Every column sums to 1. The rows do not, and need not: how much a token gives away in total is *free*. Tokens compete
# for the slots, and one may win more than another.

# %% [markdown]
# ## 4 · ★ Exercise: dispatch (5 min)
#
# The hand example was a single example, with one slot for each expert. A layer gets scores of shape (b, n, e, p): b
# examples, n tokens, e experts, p slots for each expert. Over which of the four axes does a slot average?


# %% tags=["exercise:dispatch-weights"]
def dispatch_weights(logits):
    """Compute the weights that mix the tokens into slots (Eq. 1 of the paper).

    logits (b, n, e, p): the score of each token with each slot: b examples, n tokens,
        e experts of p slots.

    Returns the dispatch weights, of the same shape and dtype. Every slot is an average
    of the tokens of its own example. Gradients must flow through, so use torch.
    """
    raise NotImplementedError


# %% tags=["check:dispatch-weights"]
check("dispatch-weights", dispatch_weights)

# %% [markdown]
# Stuck? Call `hint("dispatch-weights")` for a first hint; call it again for the next one. If your numbers are those of
# a classic mistake, the check says which one.

# %% [markdown]
# ## 5 · ★ Exercise: combine (5 min)
#
# Now read the same scores the other way. A token's answer draws on *all* slots of *all* experts. Those are two axes of
# the tensor, and `torch.softmax` takes only one: merge the two into one axis (`flatten`), and restore the shape
# afterwards (`view_as`).


# %% tags=["exercise:combine-weights"]
def combine_weights(logits):
    """Compute the weights that mix the slots' answers into tokens (Eq. 2).

    logits (b, n, e, p): the score of each token with each slot: b examples, n tokens,
        e experts of p slots.

    Returns the combine weights, of the same shape and dtype. Every token's answer is an
    average of all slots of all experts. Gradients must flow through, so use torch.
    """
    raise NotImplementedError


# %% tags=["check:combine-weights"]
check("combine-weights", combine_weights)

# %% [markdown]
# Stuck? Call `hint("combine-weights")`.

# %% [markdown]
# ## 6 · Your weights under the lens (5 min)
#
# First the hand example, through *your* two functions. The lens draws what they return, right or wrong, and says which
# sums are off; if one of them is not written yet, it says so.


# %%
def own(logits):
    return dispatch_weights(logits), combine_weights(logits)


RoutingLens.of(own, scores)

# %% [markdown]
# Now real scores: a small ViT with a Soft MoE layer learns to read digits. (How this layer computes its scores, with a
# scale, is left to a later lesson.) "own" is yours, "reference" is the library's.

# %%
train_digits, test_digits = digits()
torch.manual_seed(0)
model = ViT(moe_layers=(1,), moe=lambda dim: MoE(SoftRouter(dim, 4, 3, scale_init=8.0), Experts(dim, 4, 64)))
history = train(model, train_digits, test_digits, steps=100, threads=1, progress=False)
print(f"accuracy on test digits after 100 steps: {100 * history.test_accuracy:.0f} %")

# %%
images = test_digits[:8]
with torch.no_grad(), record(model.eval()) as seen:
    model(images.images)
routing = seen["blocks.1.mlp.router"]
labels = [f"digit {label}" for label in images.labels]
RoutingLens.of(own, routing.logits, images.images, lambda logits: (routing.dispatch, routing.combine), labels=labels)

# %% [markdown]
# **Find these:** a slot that mixes few patches, and one that mixes nearly all of them; and a patch that many slots
# want, whose sum over slots is above 1. In *combine*: is any weight exactly 0? The figure counts the patches in each
# slot, for all eight images.

# %%
figures.described(figures.slot_usage(routing))

# %%
gives = routing.dispatch.sum((2, 3))
print(f"a patch fills {gives.min():.2f} to {gives.max():.2f} slots in total; these sums are free")
print(f"combine weights that are exactly 0: {int((routing.combine == 0).sum())} of {routing.combine.numel()}")

# %% [markdown]
# Soft MoE is *soft*: no weight is 0 (except by rounding), and every answer draws on every slot. How much of this is
# learned?

# %%
predict("m04-one-matrix")

# %%
my_dispatch, my_combine = use("dispatch-weights", dispatch_weights), use("combine-weights", combine_weights)
logits = routing.logits[:1]
raised = logits.clone()
raised[0, 5, 2, 1] += 1  # token 5 and slot 1 of expert 2
for name, weigh in (("dispatch", my_dispatch), ("combine", my_combine)):
    moved = (weigh(raised) - weigh(logits)).abs()[0].flatten(1) > 1e-6
    where = f"{int(moved.any(1).sum())} of {moved.shape[0]} tokens, {int(moved.any(0).sum())} of {moved.shape[1]} slots"
    print(f"{name}: weights move in {where}")

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# One score moved, and both matrices changed: dispatch in that slot's whole column, combine in that token's whole row.
# There is one set of scores and one learned matrix, phi, with d · e · p numbers.
#
# </details>

# %% [markdown]
# ## 7 · What is computed, and what is not (5 min)

# %%
predict("m06-expert-rows")

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Experts never see a token. They see slots, and you decide how many of those there are.
#
# </details>

# %% [markdown]
# **Must there be as many slots as tokens?** Keep the tokens and change the slots. Work is counted in MACs; one MAC is a
# multiplication and an addition.

# %%
x = torch.randn(2, 196, 32)
for slots_per_expert in (1, 8, 24, 49, 100):
    layer = MoE(SoftRouter(32, 4, slots_per_expert), Experts(32, 4, 128))
    millions = cost.cost_of(layer, tokens=196).macs / 1e6
    print(f"{4 * slots_per_expert:3d} slots: {tuple(x.shape)} -> {tuple(layer(x).shape)}, {millions:5.1f} million MACs")

# %% [markdown]
# The shape of the output never changes; the cost does. Below is a layer of ViT B/16 with 128 experts, beside the
# *dense* MLP that it replaces, the one through which every token of an ordinary ViT goes. Move *slots per expert* and
# watch which bars follow and which do not.

# %%
CostExplorer("soft", num_experts=128, slots_per_expert=1, dim=768, hidden_dim=3072, pinned={"router": "dense"})

# %% [markdown]
# **Does this average the experts' parameters?** Other methods do; Soft MoE does something else. Take two experts,
# relu(x) and relu(-x), two tokens, 3 and -1, and all weights 1/2:

# %%
both = torch.tensor([3.0, -1.0])
slopes = torch.tensor([1.0, -1.0])  # expert i is relu(slope · x)
print("average of parameters, for token 3:        ", float(torch.relu(slopes.mean() * both[0])))
print("average of the experts' answers to token 3:", float(torch.relu(slopes * both[0]).mean()))
print("Soft MoE, answers to the average token:    ", float(torch.relu(slopes * both.mean()).mean()))

# %% [markdown]
# Three numbers, three methods. Soft MoE mixes *inputs* and *outputs*; each expert keeps its own parameters.

# %% [markdown]
# ## 8 · ★ Exercise: the whole layer (10 min)
#
# Now all of Algorithm 1, from tokens and phi to answers. Six steps: score, normalise, (select), dispatch, compute,
# combine. The experts are a list of functions; expert i gets its own p slots. You may call your own two functions.


# %% tags=["exercise:soft-moe"]
def soft_moe(x, phi, experts):
    """Compute a Soft MoE layer: Algorithm 1 of the paper, scores as they are.

    x (b, n, d): tokens. phi (d, e, p): one learned vector for each slot.
    experts: a list of e functions, each of which maps (..., d) to (..., d).

    A score is the product of token and slot vector; neither is divided by its length.
    Returns the tokens' answers, (b, n, d). Each example of the batch is routed alone.
    """
    raise NotImplementedError


# %% tags=["check:soft-moe"]
check("soft-moe", soft_moe)

# %% [markdown]
# Stuck? Call `hint("soft-moe")`. Or **begin by sorting lines**: the next cell shows numbered lines. Half of them, in
# the right order, make up the layer; the others are common mistakes. Note down the numbers, check them, and then write
# the function above yourself.

# %%
from softmoe_edu.course.lesson_05.sort_soft_moe.exercise import listing

listing()


# %% tags=["exercise:sort-soft-moe"]
def soft_moe_lines():
    """Return the numbers of the six lines of soft_moe, in an order that runs.

    The result is a list such as [3, 1, 4, 2, 6, 5]. Six of the numbered lines make up a
    right soft_moe; the other six are common mistakes.
    """
    raise NotImplementedError


# %% tags=["check:sort-soft-moe"]
check("sort-soft-moe", soft_moe_lines)

# %% [markdown]
# Stuck? Call `hint("sort-soft-moe")`.
#
# A layer from the library with the same phi and the same experts must give the same answers. (The library stacks the
# weights of its experts; `expert(i)` picks one out.)

# %%
layer_fn = use("soft-moe", soft_moe)
router = SoftRouter(dim=5, num_experts=4, slots_per_expert=2, normalize=False)  # the plain product of Algorithm 1
experts = Experts(5, 4, 16)
x = torch.randn(3, 7, 5)


def expert(i):
    w_in, b_in, w_out, b_out = (stack[i] for stack in (experts.w_in, experts.b_in, experts.w_out, experts.b_out))
    return lambda slots: torch.nn.functional.gelu(slots @ w_in + b_in, approximate="tanh") @ w_out + b_out


with torch.no_grad():
    gap = (layer_fn(x, router.phi, [expert(i) for i in range(4)]) - MoE(router, experts)(x)).abs().max()
print(f"largest difference from the library's layer: {gap:.0e}")

# %% [markdown]
# ## 9 · Write the check (10 min)
#
# You have seen what a check said about your layer. Now write one. Tests of such layers often look only at shapes, and
# at whether a gradient arrives. A softmax along the wrong axis changes neither, so such tests stay green.
#
# `my_check(layer)` raises `AssertionError` for a wrong layer and accepts every right one. It is tried on right layers
# written in different styles, and on wrong ones:

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
# - Your hand example. Token 0 is [1, 0], so the first row of phi is the log of the table's first row. Token 1, [0, 2],
#   counts its row of phi twice, so the second row of phi is half the log of the table's second row. And phi needs a
#   last axis, with p = 1.
# - Experts that all answer 1. The same tokens in another order. The experts in another order, each with its phi. One
#   example alone, and the same one beside others.
# - Sizes that are all different: a size of 1, or two equal sizes, can hide mistakes.


# %% tags=["exercise:check-soft-moe"]
def my_check(layer):
    """Raise AssertionError unless layer(x, phi, experts) is a right Soft MoE layer.

    layer: a function with the arguments of soft_moe: x (b, n, d), phi (d, e, p), a list
        of e experts, each a function that keeps the shape (..., d).

    Accept every right layer, however it is written: two may differ by rounding.
    """
    raise NotImplementedError


# %% tags=["check:check-soft-moe"]
check("check-soft-moe", my_check)

# %% [markdown]
# Stuck? Call `hint("check-soft-moe")`. Your check may pass and still let some wrong layers through. Which ones? The
# next cell asks *your* check, even while it still fails:

# %%
from softmoe_edu.teaching.check.attempt import NotStarted
from softmoe_edu.teaching.check.write_the_check import refusal

try:
    accepted = [layer for layer in right if not refusal(my_check, layer)]
    survivors = [mistake for mistake in wrong if not refusal(my_check, mistake.function)]
    print(f"right layers: {len(accepted)} of {len(right)} accepted")
    print(f"wrong layers: {len(wrong) - len(survivors)} of {len(wrong)} rejected, {len(survivors)} let through")
    print(*(f"  one that {mistake.does}" for mistake in survivors), sep="\n")
except NotStarted:
    print("Write my_check first, and run its cell; then this one shows what it lets through.")

# %% [markdown]
# ## 10 · Clinic: it trains, and it is wrong (10 min)
#
# A patient is a layer with one or two mistakes. First see for yourself that nothing seems to be wrong with it:

# %%
patient = clinic("05")
print("mistakes in this patient:", patient.how_many)
patient

# %%
torch.manual_seed(0)
ward = ViT(moe_layers=(1,), moe=lambda dim: patient.layer)
treated = train(ward, train_digits, test_digits, steps=100, threads=1, progress=False)
print(f"accuracy on test digits after 100 steps: {100 * treated.test_accuracy:.0f} %")
print(f"the right layer of section 6 had         {100 * history.test_accuracy:.0f} %")

# %% [markdown]
# Its accuracy (from one run) does not give it away. Examine it: `record` collects its `Routing`, the lens draws it, and
# the layer has a `router` and `experts` that you can call. Which sums are off? Do the weights of an image change with
# the other images of the batch? Is `patient.layer(X)` equal to `together.through(X, patient.layer.experts)`? The first
# cell below shows the lens; the second makes X and its routings.

# %%
with torch.no_grad(), record(ward.eval()) as found:
    ward(images.images)
sick = found["blocks.1.mlp.router"]
RoutingLens(sick, images.images, labels=labels)

# %%
X = torch.randn(3, 16, 32)  # three made-up images of 16 tokens
with torch.no_grad():
    alone, together = patient.layer.router(X[:1]), patient.layer.router(X)  # one image by itself, and with the others

my_measurements = "?"  # measure what you need here: alone.dispatch, together.combine and so on are (b, n, e, p)

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# One of these suspects was found and fixed in published code:
# <a href="https://github.com/fkodom/soft-mixture-of-experts/pull/1">the dispatch softmax over the batch</a>. The
# paper's Algorithm 1 says axis 0 and has no batch axis; code has one.</details>

# %% [markdown]
# ## 11 · The claim it settles, and five questions (5 min)
#
# *The paper's claim (Section 3.4):* Soft MoE B/16 is about as good as ViT H/14 but, once trained, costs only a fraction
# of it per image; and Soft MoE H/14 has many times the parameters of ViT H/14 but takes almost the same time. First the
# quality, which no lesson can test, as printed in Table 1:

# %%
MODELS = paper.MODELS
small, large, larger = MODELS["soft_moe_b16_128e"], MODELS["vit_h14"], MODELS["soft_moe_h14_128e"]
for name, model in (("Soft MoE B/16", small), ("ViT H/14", large)):
    for run in model.runs:
        if run.table == "table1":
            quality = f"ImageNet 10-shot {run.imagenet_10shot} %, fine-tuned {run.imagenet_finetune} %"
            price = f"{run.train_days:,.0f} TPU-days to train, {run.ms_per_image} ms per image"
            print(f"{name:13s} {run.steps:9,} steps: {quality}, {price}")

# %% [markdown]
# Look at the TPU-days: training Soft MoE B/16 took about as many as the shorter run of ViT H/14. It is the trained
# model that is cheap.
#
# Now the arithmetic of the cost, which this lesson can test. In the "ratio" columns, `x 2.00` means that the second
# model has twice as much as the first, `/ 2.00` that it has half as much, `=` that neither has any, and `-` that only
# one of them has any.

# %%
print(cost.comparison(("Soft B/16", small.cost), ("ViT H/14", large.cost)))
flops, ms = ([m.printed(what) for m in (large, small)] for what in ("gflops_per_image", "ms_per_image"))
print("\nViT H/14 over Soft MoE B/16, per image:")
print(f"    GFLOP: computed {large.cost.flops / small.cost.flops:.1f},", end=" ")
print(f"from the printed {flops[0]} and {flops[1]}: {flops[0] / flops[1]:.1f}")
print(f"    time, from the printed {ms[0]} ms and {ms[1]} ms: {ms[0] / ms[1]:.1f}")
print(f"Soft MoE H/14 with 128 experts over ViT H/14, parameters: {larger.parameters / large.parameters:.1f}")
print(f"    and in time, as printed: {larger.printed('ms_per_image') / large.printed('ms_per_image'):.2f}")

# %% [markdown]
# *Settled:* the weights are two softmaxes of the same scores; experts run on e · p slots, however many tokens there
# are. The printed GFLOPs follow from that; the milliseconds do not: they were measured, and their ratio is a different
# one. The library's own layer, with which section 8 compares yours, is tested against arrays from the authors' code:
# scores, both sets of weights, slots, outputs and gradients.
#
# *Not settled here:* whether it learns better. That takes the comparisons of a later lesson.
#
# ### Five questions
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

# %%
calibration("05")
