# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · The open problem: autoregressive Soft MoE
#
# A language model writes one token after the other, so that no token may know a later one. Soft MoE mixes all tokens.
# In this lesson you build a test that finds every leak, try out five ways to close it, and see what each of them costs
# and loses. At the end stands a contest to which nobody has the answer.
#
# You need lessons 04, 05 and 07. Everything runs on a laptop's CPU, in about a minute of computing time.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - find out for any layer which output moves with which token, exactly,
# - say by measurement which masks close a leak, and which do not,
# - write a causal Soft MoE, and count what it costs,
# - tell from a loss alone that a model looks ahead,
# - judge a new idea by five criteria, one of which is what is wrong with it.
#
# **The core path**, marked ★, is sections 1 to 6, 9, 10 and 13: about 60 minutes, with a place to rest after section 4.
# Everything takes about 90, and the contest as long as you like (estimated: no reader has been timed yet).

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# Section 6 of the paper names its own limit: since Soft MoE merges all tokens, it is hard to use in an *autoregressive*
# model, which predicts each token from those before it. The authors leave the answer to future work.
#
# You have seen the problem in numbers. In the hand example of lesson 05, token 0 is [1, 0] and token 1 is [0, 2]. The
# answer to token 0 was [7/3, 7/3]. *Before you read on: where does its second number come from?*
#
# <details><summary>Answer</summary>Token 0 has a 0 there, and the experts only multiply. It comes from token 1: token 0
# knows of a token that has not been written yet.</details>
#
# A layer is **causal** if no output moves when a later token changes. What moves although it should not is a **leak**.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 10: Why is memory, and not work, the price of more experts?</summary>All weights of all experts
# have to be kept. The work is counted by slots, and these can stay as many as they are.</details>
#
# <details><summary>Lesson 09: What is a control, in a comparison?</summary>The same model without the one thing that you
# believe in. If the control is as good, it was not this thing.</details>
#
# <details><summary>Lesson 07: An example's answer changes with the rest of its batch. What do you look at first?</summary>
# Who shares slots. A group of several examples has common slots.</details>

# %%
import inspect
import textwrap

import matplotlib.pyplot as plt
import torch

from softmoe_edu import figures
from softmoe_edu.course.lesson_11 import causal, contest, next_token
from softmoe_edu.evidence import RECORDS, find_claim, judged, read_record, record_path
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import categories
from softmoe_edu.teaching import calibration, check, clinic, course_map, hint, predict, returning, use
from softmoe_edu.widgets import CausalityExplorer

torch.set_num_threads(1)  # in layers as small as these, threads only wait for each other
course_map("11")

# %% [markdown]
# If a prediction of an earlier lesson returns here, the next cell shows it, and says why.

# %%
returning("11")

# %% [markdown]
# ## 2 · ★ Exercise: an exact leak test (12 min)
#
# In lesson 04, `causal_leak` changed the last token and counted the earlier outputs that moved. To see *how* a layer
# leaks, change every token, and keep all pairs.
#
# **Write `leak_matrix(layer, x)`.** `layer` is any function from (b, n, d) to (b, n, d); x holds tokens (b, n, d). The
# result is a tensor (n, n) of `True` and `False`: row i, column j says whether **output i** moves when **token j**
# becomes -2 times itself.
#
# - Token j changes in all examples at once; all other tokens stay. x itself is left as it is.
# - Why -2? The sign turns, so that hard choices flip, and the size changes, for layers that look at sizes only.
# - Output i has moved if any of its d numbers, in any example, moved by more than 1e-5 of the largest answer (in
#   absolute value). Less is rounding.
# - x and each changed x go through the layer in calls of their own: a layer may mix the examples of a batch.
#
# A tiny example: three tokens, and a layer that gives each output the token before it (the first one gets 0). The rows
# are 000, 100 and 010. A causal layer has only `False` above the diagonal.


# %% tags=["exercise:leak-matrix"]
def leak_matrix(layer, x):
    """Find out which outputs move when each token changes: row i, column j.

    layer: any function from (b, n, d) to (b, n, d). x (b, n, d): tokens.
    Returns (n, n), True where output i moves when token j becomes -2 times itself.
    """
    raise NotImplementedError


# %% tags=["check:leak-matrix"]
check("leak-matrix", leak_matrix)

# %% [markdown]
# Stuck? Call `hint("leak-matrix")` for a first hint; call it again for the next one.
#
# Why not ask autograd for the slopes? A hard choice, such as top-k, moves when a token becomes another one, and its
# slope does not show it. And why "exact"? What the test finds is certain: a `True` above the diagonal *is* a leak. A
# `False` only says that this change of these tokens found none. With the negative of a token, as in lesson 04, a layer
# that divides by the mean square of all tokens passes, although every later token counts.

# %% [markdown]
# ## 3 · ★ A mask for combine (4 min)
#
# Attention becomes causal by a mask: token i reads places 0 to i only. Soft MoE has two sets of weights. The first idea
# of nearly everybody is to mask the second, *combine*. It takes as many slots as tokens, so that slot k can stand for
# place k. In code, on top of the scores (b, n, e, p) of lesson 05:

# %%
for function in (causal.places, causal.masked_weights, causal.masked_combine):
    print(inspect.getsource(function))

# %%
predict("m27-masked-combine")

# %% [markdown]
# ### Look at it
#
# A row is an output, a column a token; a digit 1 is a pair that moves.

# %%
leaks = use("leak-matrix", leak_matrix)
x = contest.tokens(2, 1)  # 2 examples of 12 tokens; 4 experts of 3 slots, with random weights
for name in ("full", "masked_combine"):
    matrix = leaks(contest.made(getattr(causal, name)), x)
    print(f"{name}: {int(matrix.triu(1).sum())} of {12 * 11 // 2} pairs with a later token")
    print("\n".join("    " + "".join(map(str, row)) for row in matrix.int().tolist()), "\n")

# %% [markdown]
# ## 4 · ★ Exercise: explain it by a measurement (10 min)
#
# A token reaches an output through slots: it has to be *in* the slot (its dispatch weight there is not 0), and the
# output has to *read* the slot (its combine weight is not 0). Count these paths.
#
# **Write `slot_paths(dispatch, combine)`.** Both are weights (b, n, e, p). The result is (b, n, n), whole numbers: row
# i, column j is the number of slots, of all e · p, that hold token j and that output i reads.
#
# - Compare with 0 itself: however small a weight is, it is a path.
# - Each example has its own matrix.
#
# A tiny example: two tokens and one slot that holds both; only token 1 reads it. The rows are 0 0 and 1 1.


# %% tags=["exercise:slot-paths"]
def slot_paths(dispatch, combine):
    """Count the slots through which token j reaches output i.

    dispatch, combine (b, n, e, p): the weights of a layer of e experts with p slots.
    Returns (b, n, n), row i, column j: slots that hold token j and that output i reads.
    """
    raise NotImplementedError


# %% tags=["check:slot-paths"]
check("slot-paths", slot_paths)

# %% [markdown]
# Stuck? Call `hint("slot-paths")`. Now use it. The next cell counts the paths from the *last* token to each of the
# twelve outputs. Fill in what you expect in the second row of numbers, with the mask on combine:

# %%
my_counts = "?"  # for outputs 0 to 11, such as "12 12 12 ..."
paths, scores = use("slot-paths", slot_paths), torch.randn(1, 12, 4, 3)
plain = scores.softmax(1), causal.over_slots(scores)
print("no mask:        ", *paths(*plain)[0, :, -1].tolist())
if my_counts != "?":
    masked = causal.masked_weights(scores, mask_dispatch=False)
    print("mask on combine:", *paths(*masked)[0, :, -1].tolist())
    print("you:            ", my_counts)

# %% [markdown]
# <details><summary>Filled in? Then read on here.</summary>
#
# The mask leaves i + 1 paths to output i, and one is enough. A mask on combine closes paths that lead *out of* slots;
# the future has come *into* them before.
#
# </details>
#
# **A resting point.** If you stop here, save the notebook: your predictions and your functions are kept.

# %% [markdown]
# ## 5 · ★ Masks for both (5 min)
#
# So dispatch needs a mask, too: slot k may hold tokens 0 to k. How many paths from token j to output i are left then?
# Work it out for i = 5 and j = 2, and for i = 2 and j = 5. Then run the cell.

# %%
my_paths = "?"  # two numbers, such as "12 0"
both = paths(*causal.masked_weights(scores, mask_dispatch=True))[0]
if my_paths != "?":
    print("2 to 5, and 5 to 2:", int(both[5, 2]), int(both[2, 5]), " you:", my_paths)
    print("leak:", contest.properties(causal.masked_both, leaks)["leak"])

# %% [markdown]
# <details><summary>Filled in? Then read on here.</summary>
#
# Slots 2, 3, 4 and 5 hold token 2 and are read by output 5: four paths. Backwards there is none, and the leak is 0.
# It costs nothing: as many slots are computed as before. But look at what it gives up. Slot k now belongs to place k,
# and so does its expert: token 0 can only ever read slot 0, which is expert 0. A text longer than the number of slots
# has nowhere to go. The paper warns of just this: a causal mask should not tie the index of a slot to that of a token
# (section 6).
#
# </details>

# %% [markdown]
# ## 6 · ★ The exact answer, and its price (5 min)
#
# What should a causal Soft MoE compute at all? Here is a definition that gives nothing up: **the answer to token i is
# the last answer that Soft MoE gives on tokens 0 to i.**

# %%
predict("m27-price")

# %% [markdown]
# ### By hand
#
# The tokens and the table of exp(score) of lesson 05: token 0 is [1, 0] with the row 3, 1, 2; token 1 is [0, 2] with
# the row 1, 2, 1. Expert 0 multiplies by 4, experts 1 and 2 by 3; each has one slot.
#
# Token 1 sees both tokens, so that its answer stays as it was: [7/4, 3]. Token 0 sees itself only. What do its three
# slots hold, what do the experts answer, and what do its combine weights 3/6, 1/6 and 2/6 make of that?

# %%
my_first_answer = "?"  # two numbers, such as "7/3, 7/3"
told = "right" if my_first_answer.replace(" ", "") in ("7/2,0", "3.5,0", "[7/2,0]") else "not yet"
print("not filled in" if my_first_answer == "?" else f"{my_first_answer}: {told}")

# %% [markdown]
# <details><summary>Filled in? Then read on here.</summary>
#
# A softmax over one token is 1: all three slots hold [1, 0]. The experts answer [4, 0], [3, 0] and [3, 0], and the
# answer is [(12 + 3 + 6) / 6, 0] = [7/2, 0]. The second number is 0 now, and the leak is gone. But the slots of token 0
# and those of token 1 hold different mixtures. Every position has slots of its own, and the experts compute all of
# them.
#
# </details>

# %% [markdown]
# ## 7 · Exercise: slots for every prefix (12 min)
#
# **Write `prefix_soft_moe(x, phi, experts)`**, the definition of section 6. x is (b, n, d), phi (d, e, p), and experts
# a list of e functions (..., d) -> (..., d), as in lesson 05; scores are plain products, without normalisation. The
# result is (b, n, d).
#
# - The slots of position i hold tokens 0 to i, with a softmax over these. The combine weights of token i are a softmax
#   over all slots of its own scores.
# - No output moves with a later token; the last row is that of full Soft MoE; and the first k answers are those to the
#   first k tokens alone. The check tests all three.
# - A loop over positions is right. Without a loop it is faster: section 11 trains ten models with it.


# %% tags=["exercise:prefix-soft-moe"]
def prefix_soft_moe(x, phi, experts):
    """Compute Soft MoE with slots for each position, filled from the tokens up to it.

    x (b, n, d); phi (d, e, p); experts: a list of e functions (..., d) -> (..., d).
    Returns (b, n, d). Answer i is the last one of Soft MoE on tokens 0 to i.
    """
    raise NotImplementedError


# %% tags=["check:prefix-soft-moe"]
check("prefix-soft-moe", prefix_soft_moe)

# %% [markdown]
# Stuck? Call `hint("prefix-soft-moe")`. It is the hardest exercise of the course; nothing below depends on it, since
# the library's answer takes its place until yours passes.

# %% [markdown]
# ## 8 · Exercise: count it (7 min)
#
# In lesson 07 you counted the MACs of a layer: for each token `slots · dim` for its scores, as much for dispatch and as
# much for combine; for the experts `2 · slots · dim · hidden`, once. Now a text of n tokens is written.
#
# **Write `generation_macs(tokens, dim, hidden, slots)`**, where `slots` are those of all experts together. It returns
# three whole numbers:
#
# 1. **at once**: full Soft MoE on the whole text (it leaks; this is the number to compare with),
# 2. **every prefix**: full Soft MoE on the first token, on the first two, ..., on all n, each from scratch,
# 3. **running**: the same answers, but for each slot the sum of its tokens times exp(score) and the sum of exp(score)
#    are kept. A new token is routed once and added to both; then the experts compute all slots.
#
# Example: 2 tokens of 1 number, hidden 1, 1 slot: 8, 13 and 10.


# %% tags=["exercise:generation-macs"]
def generation_macs(tokens, dim, hidden, slots):
    """Count the MACs of a Soft MoE layer for a text of so many tokens, in three ways.

    tokens; dim (of a token); hidden (of an expert); slots (of all experts).
    Returns three whole numbers: at once, every prefix, running.
    """
    raise NotImplementedError


# %% tags=["check:generation-macs"]
check("generation-macs", generation_macs)

# %% [markdown]
# Stuck? Call `hint("generation-macs")`. For a layer of the size of ViT S, with as many slots as the text has tokens:

# %%
macs = use("generation-macs", generation_macs)
for n in (16, 128, 1024):
    at_once, every_prefix, running = macs(n, 384, 1536, n)
    times = f"every prefix {every_prefix / at_once:6.1f} times, running {running / at_once:6.1f} times"
    print(f"{n:5d} tokens and slots: at once {at_once / 1e9:5.2f} billion MACs, {times}")

# %% [markdown]
# Running sums save the routing, and the experts are the larger part. As long as slots hold another mixture for every
# token, experts have to compute them for every token.

# %% [markdown]
# ## 9 · ★ Two cheaper ways (8 min)
#
# **The segment before.** Cut the text into segments of four tokens. The slots hold the segment before, and every token
# of a segment reads the same slots. The experts run once for each segment. (Lory, arXiv 2405.03133, routes by segments,
# too, but merges the experts' parameters.)
#
# **The same position.** Leave the text alone, and mix the *examples of a batch*: the third tokens of all texts meet in
# one set of slots, the fourth tokens in another. (Mixture of Tokens, arXiv 2310.15961, mixes tokens of different
# texts.)

# %%
for function in (causal.previous_segment, causal.same_position):
    print(inspect.getsource(function))

# %%
predict("m28-same-position")

# %% [markdown]
# ### See all six
#
# Point at a column, or press <kbd>Tab</kbd> and use the arrow keys: the column is the token that changes, coloured rows
# are outputs that move. **Find these:** two layers with the same full square; a triangle with steps; a layer in which
# no token meets another.

# %%
prefix = use("prefix-soft-moe", prefix_soft_moe)
layers = {
    "full": causal.full,
    "masked combine": causal.masked_combine,
    "masked both": causal.masked_both,
    "prefix": prefix,
    "previous segment": causal.previous_segment,
    "same position": causal.same_position,
}
explorer = CausalityExplorer({name: contest.made(layer) for name, layer in layers.items()}, x)
explorer

# %% [markdown]
# The same in numbers. *leak*: the share of pairs with a later token that move. *batch*: the share of tokens whose
# answer changes with the other examples. *rows*: what all experts compute together, for each token of a text of 12.

# %%
for name, layer in layers.items():
    found = contest.properties(layer, leaks)
    both = f"leak {found['leak']:4.0%}   batch {found['batch']:4.0%}"
    print(f"{name:17s} {both}   rows {found['rows']:5.1f}")

# %% [markdown]
# Two examples were in this batch, so that the last layer computes 12 slots at each position for the two of them. Think
# of the model in use, where it writes one text: all twelve slots hold the same token then, and the experts compute
# twelve rows for it, as in a dense mixture. Masks cost nothing, and segments little; what do they forget? Write down
# which of the three without leak and batch effect you expect to learn best, before section 11 measures it.

# %%
my_guess = "?"  # from best to worst: masked both, prefix, previous segment

# %% [markdown]
# ## 10 · ★ A leak shows in the loss (5 min)
#
# A model that looks ahead has a lower loss, and that looks like success. Here is a text in which the next token *cannot*
# be predicted: each is one of eight, by lot. No model that plays fair gets below ln 8 = 2.08 nats. The model has no
# attention, so that only the layer can carry a token to another place.

# %%
stream_losses = {}
for name in ("full", "masked combine", "prefix", "previous segment"):
    told = next_token.train(layers[name], stream=next_token.RandomStream, steps=300)
    stream_losses[name] = told["loss"]
    print(f"{name:17s} loss {told['loss']:5.2f} nats; the best that is possible: {told['best']:.2f}")


# %%
def draw_stream():
    ax = plt.subplots(figsize=(5.6, 2.2), layout="constrained")[1]
    bars = ax.barh(list(stream_losses), list(stream_losses.values()), color=categories()[0])
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.axvline(2.079, color=categories()[1], linestyle="--")
    ax.set(title="Random tokens: below the line is foresight", xlabel="loss in nats", xlim=(0, 2.5))
    ax.invert_yaxis()
    told = ", ".join(f"{name} {value:.2f}" for name, value in stream_losses.items())
    describe(ax, f"Loss on random tokens, beside the best possible 2.08 nats: {told}.")
    return ax


figures.described(draw_stream())

# %% [markdown]
# The loss of the masked combine is that of a model which reads the next token off its slots. A loss that is better than
# possible is no success; in a real text nobody knows what is possible, and that makes leaks dangerous there.
#
# ### The claim
#
# This project has measured the same for the library's routers, with eight seeds each. The next cell reads the record
# and works out the verdict. *Before you run it:* for experts choice and for tokens choice by gate, does the leak show
# in the loss?

# %%
claim, path = find_claim("causality"), record_path(RECORDS, "causality")
finding = judged("causality", read_record(path, "causality")) if path.exists() else None
said = f"{finding.verdict}. {finding.reason}" if finding else "not measured yet"
print(textwrap.fill(f"{claim.title} ({claim.source}): {said}", 96))
for each in finding.measured if finding else ():
    print(f"    {each.name}: {each.value:.3g} ({each.low:.3g} to {each.high:.3g}) {each.unit}")

# %% [markdown]
# A router may leak, and the loss may not show it: who wants to know has to test the layer.

# %% [markdown]
# ## 11 · What they lose (4 min)
#
# Now a text in which there is something to learn from the past. Each text has one of six topics, and in each topic a
# token is mostly followed by a certain other one. Who has read a few tokens can tell the topic. The ideal reader, who
# knows all six tables, sets the mark; the cell measures how far above it each layer stays, for five seeds.
#
# Each layer is trained twice, with four experts of three slots and with **one expert of twelve**: that is the control.
# It has the same slots and does the same work. Without it one could not say whether *experts* are any good here, or
# only slots. *own token* has no way to another token at all. The cell takes up to a minute.

# %%
tried = {name: layers[name] for name in ("masked both", "prefix", "previous segment")}
above = contest.losses(tried) | contest.losses({"own token": causal.own_token}, experts=(4,))
for (name, experts), values in above.items():
    mean, span = sum(values) / len(values), f"{min(values):.3f} to {max(values):.3f}"
    print(f"{name:17s} experts: {experts}   {mean:.3f} nats above the ideal, {span}")
for name in tried:
    pairs = list(zip(above[name, 4], above[name, 1], strict=True))
    better = sum(several < one for several, one in pairs)
    print(f"{name}: four experts are better than one in {better} of {len(pairs)} seeds")

# %% [markdown]
# Compare with `my_guess`. Then answer: for which of the three do you *know* that four experts help? Five of five seeds
# in one direction happen by luck in 6 of 100 comparisons (in either direction), and there are three comparisons here.
# And these are tiny models on a made-up text: the order may be another one elsewhere.

# %% [markdown]
# ## 12 · Clinic: it learns too well (8 min)
#
# This patient was to be Soft MoE by prefixes. It has one fault or two.

# %%
patient = clinic("11")
print("mistakes in this patient:", patient.how_many)
patient

# %% [markdown]
# The next cell makes what the instruments need; `leak_matrix` is yours if it passes its check.

# %%
from softmoe_edu.course.lesson_11.causal import batch_effect, full

leak_matrix = use("leak-matrix", leak_matrix)
torch.manual_seed(0)
x, others = torch.randn(1, 8, 8), torch.randn(2, 3, 8, 8)  # 1 example; twice 3 others beside it
with torch.no_grad():
    soft = full(x, patient.layer.phi, patient.layer.experts)


def rows_apart(first, second):
    """Return how far each row of the first example is from that of another answer."""
    return (first - second)[0].detach().abs().amax(-1)


my_measurements = "?"  # measure what you need here

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("11", 2)`, `clinic("11", 3)` and so on; run the cells below that line again.
#
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# The published code of a causal language model, Steel-LLM, offers Soft MoE layers that mix over the whole sequence
# without any mask. (Its code was read for this course; which layer its released model used, we do not know.)</details>

# %% [markdown]
# ## 13 · ★ The contest, and five questions (5 min)
#
# There is no answer key: nobody is known to have a causal Soft MoE that is exact, cheap and as good. Ideas that others
# have started from: slots of the segment before *and* a running sum; sums that fade; a few slots that are renewed with
# each token, and many that are not; a predictor of what the whole text would choose. Or something of your own.
#
# Write `my_layer(x, phi, experts)`, and say in a sentence or two what is wrong with it. An entry is judged by five
# things, and a list of five is what it gets, not a mark:
#
# | criterion | what counts |
# | --- | --- |
# | leak | 0 |
# | batch effect | 0 |
# | cost | expert rows for each token; *prefix* has 12, *full* has 1 |
# | loss | above the ideal, over five seeds, beside the same layer with one expert |
# | limitation | what it cannot do, in your own words |

# %%
my_layer = None  # for instance: def my_layer(x, phi, experts): ...
my_limitation = "?"
contest.enter(my_layer, my_limitation, leaks)

# %% [markdown]
# *Settled:* full Soft MoE leaks in every pair, and a mask on combine changes nothing; slots for every prefix are exact
# and cost all slots for each token. *Not settled:* whether something cheaper is as good, and whether Soft MoE is worth
# it in a decoder at all. No experiment of this lesson is large enough to say so.
#
# ### Five questions
#
# <details><summary>1. Somebody masks combine and finds the loss much better than before. What do you say?</summary>
# Measure the leak first. A loss that falls when nothing can be predicted comes from the future.</details>
#
# <details><summary>2. A layer's mask sets dispatch weights of later tokens to 0 after the softmax. Which outputs still
# move with later tokens, and why?</summary>
# All: the sum that the weights were divided by counts every token. The mask belongs before the softmax.</details>
#
# <details><summary>3. Running sums make every prefix cheap to route. Why does the layer not become cheap?</summary>
# The slots hold another mixture after each token, and the experts compute all slots again.</details>
#
# <details><summary>4. A layer has leak 0. Name two things that may still be wrong with it.</summary>
# Its answers may depend on the batch, as when examples share slots. Or it forgets: its slots may hold only the segment
# before, or be tied to places.</details>
#
# <details><summary>5. Four experts beat the layer without routing. Why is that no proof that experts help?</summary>
# The slots may have done it. The control has the same slots and one expert.</details>

# %%
calibration("11")
