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
# A language model writes one token after another, so the answer to a token must not depend on later tokens. Soft MoE
# mixes all tokens. In this lesson you build a test that shows where a layer leaks, try out five ways to stop the leak,
# and see what each of them costs and what it gives up. At the end there is a contest to which nobody has the answer.
#
# You need lessons 04 (expert choice leaks), 05 (Soft MoE by hand) and 07 (what a layer costs). Everything runs on a
# laptop's CPU, in about a minute of computing time.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - find out, for any layer, which outputs move when a given token changes,
# - show by measurement which masks close a leak, and which do not,
# - write a causal Soft MoE, and count what it costs,
# - recognise a model that looks ahead by its loss, where the best possible loss is known,
# - judge a new idea by five criteria, one of which is what is wrong with it.
#
# **The core path**, marked ★, is sections 1 to 6, 9, 10 and 13: about 60 minutes, with a place to rest after section 4.
# Everything takes about 103, and the contest as long as you like (estimated: no reader has been timed yet).

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# Section 6 of the paper names a limit of the method: since Soft MoE merges all tokens, it is hard to use in an
# *autoregressive* model, which predicts each token from those before it. The authors leave that to future work.
#
# You have seen the problem in numbers. In the hand example of lesson 05, token 0 is [1, 0] and token 1 is [0, 2]. The
# answer to token 0 was [7/3, 7/3]. *Before you read on: where does its second number come from?*
#
# <details><summary>Answer</summary>Token 0 has a 0 there, and the experts only multiply by a number. So it comes from
# token 1: the answer to token 0 depends on a token that has not been written yet.</details>
#
# An output *moves* if it is different after a token has changed. A layer is **causal** if no output moves when a later
# token changes. An output that moves with a later token is a **leak**.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 10: Why do more experts cost memory, and not work?</summary>All experts' weights have to be
# in memory. The work depends on the number of slots, and that can stay the same.</details>
#
# <details><summary>Lesson 09: What is a control, in a comparison?</summary>The same model without the one thing that
# you believe makes the difference. If the control does just as well, it was not that thing.</details>
#
# <details><summary>Lesson 07: An example's answer changes with the rest of its batch. What do you look at
# first?</summary>Which examples share slots. The examples of one group do.</details>

# %%
import inspect
import textwrap

import matplotlib.pyplot as plt
import torch

from softmoe_edu import figures
from softmoe_edu.course.lesson_11 import causal, contest, next_token, on_paper
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
# ## 2 · ★ Exercise: an exact leak test (11 min)
#
# In lesson 04, `causal_leak` changed the last token and counted the earlier outputs that moved. To see *how* a layer
# leaks, change each token in turn, and note which outputs move.
#
# **Write `leak_matrix(layer, x)`.** `layer` is any function from (b, n, d) to (b, n, d); x holds tokens (b, n, d). The
# result is a tensor (n, n) of `True` and `False`: row i, column j says whether **output i** moves when **token j**
# becomes -2 times itself.
#
# - Token j changes in all examples at once; all other tokens stay as they are, and so does x itself: change a copy.
# - Why -2? The sign changes, so hard choices flip; and the size changes too, for layers that look only at sizes.
# - Output i has moved if any of its d numbers, in any example, changed by more than 1e-5 times the largest number of
#   `layer(x)` (both in absolute value). Smaller changes are rounding.
# - Call the layer once for x and once for each changed x. Do not put them into one batch: a layer may mix its examples.
#
# A tiny example: three tokens, and a layer whose output is the token before (and 0 for the first token). The rows of
# the matrix are 000, 100 and 010, with 1 for `True`. A causal layer has only `False` above the diagonal.


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
# <details><summary>Why not gradients, and how exact is "exact"?</summary>
#
# Why not ask autograd? A hard choice, such as top-k, may flip when a token changes, and no gradient shows that. And
# "exact" holds in one direction: a `True` above the diagonal *is* a leak. A `False` only says that this change of these
# tokens moved nothing. An example: in lesson 04 the last token became its own negative. A layer that divides by the
# mean square of all tokens passes that test, although all later tokens affect every output.
#
# </details>

# %% [markdown]
# ## 3 · ★ A mask for combine (5 min)
#
# A mask makes attention causal: token i reads only tokens 0 to i. Soft MoE has two sets of weights, and an obvious
# first idea is to mask the second one, *combine*. For that the layer needs as many slots as there are tokens: then
# token i may read slots 0 to i, and slot k belongs to *place* k of the text. In code, with the scores (b, n, e, p) of
# lesson 05:

# %%
for function in (causal.places, causal.masked_weights, causal.masked_combine):
    print(inspect.getsource(function))

# %%
predict("m27-masked-combine")

# %% [markdown]
# ### Look at it
#
# Each row is an output, each column a token. A 1 says that the output moves when the token changes.

# %%
leaks = use("leak-matrix", leak_matrix)
x = contest.tokens(2, 1)  # 2 examples of 12 tokens; 4 experts of 3 slots, with random weights
for name in ("full", "masked_combine"):
    matrix = leaks(contest.made(getattr(causal, name)), x)
    print(f"{name}: {int(matrix.triu(1).sum())} of {12 * 11 // 2} pairs with a later token")
    print("\n".join("    " + "".join(map(str, row)) for row in matrix.int().tolist()), "\n")

# %% [markdown]
# ## 4 · ★ Exercise: explain it by a measurement (9 min)
#
# Why does the mask not help? A token reaches an output through a slot: the slot has to *hold* the token (the token's
# dispatch weight there is not 0), and the output has to *read* the slot (its combine weight is not 0). Count these
# paths.
#
# **Write `slot_paths(dispatch, combine)`.** Both are weights (b, n, e, p). The result is (b, n, n), whole numbers: row
# i, column j is the number of slots, of all e · p, that hold token j and that output i reads.
#
# - A weight counts if it is not exactly 0, however small it is.
# - Each example has its own matrix.
#
# A tiny example: two tokens and one slot that holds both; only output 1 reads it. The rows are 0 0 and 1 1.


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
# Stuck? Call `hint("slot-paths")`.
#
# Now use it. The next cell counts the paths from the *last* token to each of the twelve outputs. Run it once to see the
# numbers without a mask. Then fill in the twelve numbers that you expect with the mask on combine, and run it again.

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
# but the future came *into* the slots before that.
#
# </details>
#
# **A good place to rest.** If you stop here, save the notebook: your predictions and your functions are kept.

# %% [markdown]
# ## 5 · ★ Masks for both (5 min)
#
# So dispatch needs a mask, too: slot k may hold only tokens 0 to k. How many paths are left from token 2 to output 5,
# and from token 5 to output 2? Work it out, fill in both numbers, and run the cell.

# %%
my_paths = "?"  # two numbers, such as "12 7"
both = paths(*causal.masked_weights(scores, mask_dispatch=True))[0]
if my_paths != "?":
    print("token 2 to output 5, token 5 to output 2:", int(both[5, 2]), int(both[2, 5]), " you:", my_paths)
    print("share of pairs that leak:", contest.properties(causal.masked_both, leaks)["leak"])

# %% [markdown]
# <details><summary>Filled in? Then read on here.</summary>
#
# Slots 2, 3, 4 and 5 hold token 2, and output 5 reads them: four paths. From token 5 to output 2 there is none, and the
# leak is 0. This costs nothing: equally many slots are computed. But look at what it gives up. Slot k now belongs to
# place k, and so does its expert: token 0 can only ever read slot 0, which is expert 0's. And a text cannot be longer
# than the number of slots. The paper warns of exactly this: a causal mask should not tie the index of a slot to that of
# a token (section 6).
#
# </details>

# %% [markdown]
# ## 6 · ★ The exact answer, and its price (6 min)
#
# What should a causal Soft MoE compute in the first place? Here is a definition that gives nothing up: **the answer to
# token i is the last answer of Soft MoE on tokens 0 to i.** Tokens 0 to i are called a *prefix* of the text.

# %%
predict("m27-price")

# %% [markdown]
# ### By hand
#
# Take the tokens and the table of exp(score) from lesson 05. Token 0 is [1, 0], and its exp(score) with the three slots
# is 3, 1, 2; token 1 is [0, 2] with 1, 2, 1. Expert 0 multiplies by 4, experts 1 and 2 by 3; each has one slot.
#
# Token 1 sees both tokens, so its answer stays as it was: [7/4, 3]. Token 0 sees only itself. What do its three slots
# hold, what do the experts answer, and what do the combine weights of token 0 (3/6, 1/6 and 2/6) make of these answers?

# %%
my_first_answer = "?"  # two numbers, such as "7/3, 7/3"
print(on_paper.first_answer(my_first_answer))

# %% [markdown]
# <details><summary>Filled in? Then read on here.</summary>
#
# A softmax over a single token is 1, so all three slots hold [1, 0]. The experts answer [4, 0], [3, 0] and [3, 0], and
# the combined answer is [(12 + 3 + 6) / 6, 0] = [7/2, 0]. The second number is 0 now: the leak is gone. But the slots
# of token 0 and those of token 1 hold different mixtures. Every position needs a set of slots of its own, and the
# experts compute all of them.
#
# </details>

# %% [markdown]
# ## 7 · Exercise: slots for every prefix (12 min)
#
# **Write `prefix_soft_moe(x, phi, experts)`**, which computes the definition of section 6. x is (b, n, d), phi (d, e,
# p), and experts a list of e functions (..., d) -> (..., d), as in lesson 05. Scores are plain products, without
# normalisation. The result is (b, n, d).
#
# - The slots of position i hold tokens 0 to i, with dispatch weights that are a softmax over these tokens. The combine
#   weights of token i are a softmax of its own scores, over all slots of all experts.
# - No output moves with a later token; the last row is that of full Soft MoE; and the first k answers are the answers
#   to the first k tokens alone. The check tests all three.
# - A loop over positions is fine. Without a loop it is faster: section 11 trains ten models with it.


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
# Stuck? Call `hint("prefix-soft-moe")`. This is the hardest exercise of the course. Nothing below depends on it: the
# library's answer takes its place until yours passes.

# %% [markdown]
# ## 8 · Exercise: count it (8 min)
#
# In lesson 07 you counted the MACs of a layer: each token needs `slots · dim` for its scores, the same again for
# dispatch and the same again for combine; the experts need `2 · slots · dim · hidden` for all slots together. Now a
# text is written, token by token.
#
# **Write `generation_macs(tokens, dim, hidden, slots)`** for a text of `tokens` tokens; `slots` counts the slots of all
# experts together. It returns three whole numbers:
#
# 1. **at once**: full Soft MoE on the whole text (it leaks; this is the number to compare with),
# 2. **every prefix**: full Soft MoE on the first token, on the first two, ..., on all of them, each time from scratch,
# 3. **running**: the same answers as 2, but each slot keeps two sums: of its tokens times exp(score), and of
#    exp(score). A new token is routed once and added to both sums; then the experts compute all slots.
#
# Example: 2 tokens of 1 number, hidden width 1, 1 slot: 8, 13 and 10.


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
# Stuck? Call `hint("generation-macs")`.
#
# Here is a layer with the widths of a ViT S, and as many slots as the text has tokens:

# %%
macs = use("generation-macs", generation_macs)
for n in (16, 128, 1024):
    at_once, every_prefix, running = macs(n, 384, 1536, n)
    times = f"every prefix {every_prefix / at_once:6.1f} times, running {running / at_once:6.1f} times"
    print(f"{n:5d} tokens and slots: at once {at_once / 1e9:5.2f} billion MACs, {times}")

# %% [markdown]
# Running sums save routing, but the experts are the larger part. As long as the slots hold a new mixture after every
# token, the experts have to compute them after every token.

# %% [markdown]
# ## 9 · ★ Two cheaper ways (8 min)
#
# **The previous segment.** Cut the text into segments of four tokens. All tokens of a segment read the same slots, and
# these hold the tokens of the segment before. The experts run once for each segment. (Lory, arXiv 2405.03133, routes by
# segments, too, but merges the experts' parameters.)
#
# **The same position.** Do not mix the tokens of a text at all; mix the *examples of a batch* instead. The third tokens
# of all texts meet in one set of slots, the fourth tokens in another. (Mixture of Tokens, arXiv 2310.15961, mixes
# tokens of different texts.)

# %%
for function in (causal.previous_segment, causal.same_position):
    print(inspect.getsource(function))

# %%
predict("m28-same-position")

# %% [markdown]
# ### See all six
#
# Point at a column, or press <kbd>Tab</kbd> and use the arrow keys: the column is the token that changes, and coloured
# rows are outputs that move. Outputs before that token are above the black stairs. **Find these:** two layers that
# colour the whole square; two that colour all of the lower left and nothing above the stairs; one with blocks; one in
# which no token of a text meets another.

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
# The same in numbers. *leak*: of all pairs of an output and a later token, the share that moves. *batch*: the share of
# tokens whose answer changes with the other examples. *rows*: how many rows all experts together compute for each token
# of a text of 12.

# %%
for name, layer in layers.items():
    found = contest.properties(layer, leaks)
    both = f"leak {found['leak']:4.0%}   batch {found['batch']:4.0%}"
    print(f"{name:17s} {both}   rows {found['rows']:5.1f}")

# %% [markdown]
# *Same position* has 6 rows here because the batch has two examples, which share 12 slots at each position. In use, a
# model often writes one text alone. Then all twelve slots hold the same token, and the experts compute twelve rows for
# it. Masks cost nothing and segments cost little, but what can a token no longer see? Three layers have neither a leak
# nor a batch effect. Which of them do you expect to learn best? Write it down before section 11 measures it.

# %%
my_guess = "?"  # from best to worst: masked both, prefix, previous segment

# %% [markdown]
# ## 10 · ★ A leak shows in the loss (5 min)
#
# A model that looks ahead has a lower loss, and that looks like success. Here is a text in which the next token
# *cannot* be predicted: each token is one of eight, drawn at random. No model that plays fair gets below ln 8 = 2.08
# nats (a *nat* is the unit of a loss with the natural logarithm). The model here has no attention, so only the layer
# can carry anything from one token to another. The training takes a few seconds.

# %%
stream_losses = {}
for name in ("full", "masked combine", "prefix", "previous segment"):
    told = next_token.train(layers[name], stream=next_token.RandomStream, steps=300)
    stream_losses[name] = told["loss"]
    print(f"{name:17s} loss {told['loss']:5.2f} nats; the best possible without looking ahead: {told['best']:.2f}")


# %%
def draw_stream():
    ax = plt.subplots(figsize=(5.6, 2.2), layout="constrained")[1]
    bars = ax.barh(list(stream_losses), list(stream_losses.values()), color=categories()[0])
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.axvline(2.079, color=categories()[1], linestyle="--", label="best possible")
    ax.legend(loc="upper right", bbox_to_anchor=(0.8, 1))
    ax.set(title="Random tokens: left of the line is foresight", xlabel="loss (nats)", xlim=(0, 2.5))
    ax.invert_yaxis()
    told = ", ".join(f"{name} {value:.2f}" for name, value in stream_losses.items())
    describe(ax, f"Loss on random tokens, beside the best possible 2.08 nats: {told}.")
    return ax


figures.described(draw_stream())

# %% [markdown]
# **Figure 1.** The loss of each layer on random tokens. The dashed line is the best loss that is possible without
# looking ahead.
#
# With the masked combine, the model simply reads the next token in its slots. A loss that is better than possible is no
# success. In a real text nobody knows what is possible, and that is why leaks are dangerous there.
#
# ### The claim
#
# This project has measured the same for the library's routers, with eight seeds each. Two of them you know: *experts
# choice* from lesson 04, and *tokens choice by gate* from lesson 02, where full experts drop the tokens with the
# smallest gates, so that a later token can push out an earlier one. The next cell reads the record and prints the
# verdict. *Before you run it:* does the leak of these two show in the loss?

# %%
claim, path = find_claim("causality"), record_path(RECORDS, "causality")
finding = judged("causality", read_record(path, "causality")) if path.exists() else None
said = f"{finding.verdict}. {finding.reason}" if finding else "not measured yet"
print(textwrap.fill(f"{claim.title} ({claim.source}): {said}", 96))
for each in finding.measured if finding else ():
    print(f"    {each.name}: {each.value:.3g} ({each.low:.3g} to {each.high:.3g}) {each.unit}")

# %% [markdown]
# So a router may leak although the loss does not show it. If you want to know, you have to test the layer.

# %% [markdown]
# ## 11 · What they lose (5 min)
#
# Now take texts in which there is something to learn from the past. Each text has one of six topics, and in each topic
# every token is mostly followed by one certain token. After a few tokens you can tell the topic. An ideal reader, who
# knows which token follows which in all six topics, has the lowest possible loss. The cell measures how far above this
# loss each layer stays, for five seeds.
#
# Each layer is trained twice: with four experts of three slots each, and with **one expert of twelve slots**, the
# control. The control has the same slots and does the same work. Without it you could not say whether several *experts*
# help here, or only the slots. *own token* is a layer in which no token reaches another. The cell takes up to a minute.

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
# Compare with `my_guess`. Then answer: for which of the three layers do you *know* that four experts help?
#
# <details><summary>Answered? Then read on here.</summary>
#
# For none. Even if experts made no difference, all five seeds would point in the same direction in 6 of 100
# comparisons, and there are three comparisons here. And these are tiny models on a made-up text: elsewhere the order
# may be different.
#
# </details>

# %% [markdown]
# ## 12 · Clinic: it learns too well (10 min)
#
# This patient was meant to be Soft MoE by prefixes. It has one fault or two.

# %%
patient = clinic("11")
print("faults in this patient:", patient.how_many)
patient

# %% [markdown]
# The next cell prepares what the instruments need: tokens `x`, other examples, and `soft`, the answers of full Soft MoE
# with the patient's parameters. `leak_matrix` is yours if it passes its check. Call instruments at its end.

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
# More patients: write `clinic("11", 2)`, `clinic("11", 3)` and so on where the patient is made, and run that cell and
# the ones below it again.
#
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# The published code of a causal language model, Steel-LLM, offers Soft MoE layers that mix the whole sequence without
# any mask. (We read its code for this course; we do not know which layer its released model used.)</details>

# %% [markdown]
# ## 13 · ★ The contest, and five questions (6 min)
#
# There is no answer key: as far as we know, nobody has a causal Soft MoE that is exact, cheap and just as good. You
# could start from one of these ideas: slots with the previous segment *and* a running sum; sums that fade; a few slots
# that are computed anew for each token, and many that are not; a predictor of what the whole text would choose. Or from
# an idea of your own.
#
# Write `my_layer(x, phi, experts)`, and say in a sentence or two what is wrong with it. An entry gets no mark, but a
# list of five results:
#
# | criterion | what counts |
# | --- | --- |
# | leak | 0 |
# | batch effect | 0 |
# | cost | expert rows for each token; *prefix* has 12, *full* has 1 |
# | loss | how far above the ideal, over five seeds, beside the same layer with one expert |
# | limitation | what it cannot do, in your own words |

# %%
my_layer = None  # for instance: def my_layer(x, phi, experts): ...
my_limitation = "?"
contest.enter(my_layer, my_limitation, leaks)

# %% [markdown]
# *Settled:* full Soft MoE leaks in every pair, and a mask on combine changes nothing about that; slots for every prefix
# are exact, and the experts compute all slots for each token. *Not settled:* whether something cheaper is just as good,
# and whether Soft MoE pays off in a *decoder* (a model that writes) at all. No experiment of this lesson is large
# enough to tell.
#
# ### Five questions
#
# <details><summary>1. Somebody masks combine in a language model and finds a surprisingly low loss. What do you
# say?</summary>
# Measure the leak first. The model may be reading the next token in its slots.</details>
#
# <details><summary>2. A layer's mask sets dispatch weights of later tokens to 0 after the softmax. Which outputs still
# move with later tokens, and why?</summary>
# All of them: the weights were divided by a sum over all tokens. The mask belongs before the softmax.</details>
#
# <details><summary>3. Running sums make every prefix cheap to route. Why does the layer not become cheap?</summary>
# After each token the slots hold a new mixture, and the experts compute all slots again.</details>
#
# <details><summary>4. A layer has leak 0. Name two things that may still be wrong with it.</summary>
# Its answers may depend on the batch, if examples share slots. And it may see too little: its slots may hold only the
# previous segment, or be tied to places.</details>
#
# <details><summary>5. A layer with four experts beats a layer without slots. Why does that not prove that several
# experts help?</summary>
# The slots alone may have made the difference. The control has the same slots and one expert.</details>

# %% [markdown]
# ## 14 · Three shipped decoders under the test (8 min)
#
# Leaks are not a beginner's mistake only. The library's `find_leaks` puts a whole model to your test of section 2: it
# replaces one token id after the other, then all other texts of the batch, and measures which answers move. Three
# architectures of the package `transformers` follow, built small and with random weights (a leak is in the
# architecture; no training removes it):
#
# - **mixtral**: each token takes its two best experts, and no expert is ever full;
# - **doge**: a router makes two lists of scores for each token and adds them in pairs. It makes both lists for all tokens
#   at once, and then splits the numbers into two halves;
# - **nllb-moe**, the decoder of a translation model: two experts for each token, with slots for a quarter of all tokens
#   each. First choices of the whole batch are served before any second choice.
#
# **Before you run it:** which of them leak, and what? Put `[]` for nothing, or a list with `"later tokens"` or
# `"other examples"` or both.

# %%
my_guess = {"mixtral": "?", "doge": "?", "nllb-moe": "?"}

# %%
from softmoe_edu.course.lesson_11 import shipped
from softmoe_edu.leaks import find_leaks

ids = shipped.texts(2, 12)
found = {name: find_leaks(model, ids, vocabulary=shipped.VOCABULARY) for name, model in shipped.models().items()}
shipped.compare(my_guess, found)

# %%
leaking = {name: leaks.later for name, leaks in found.items()}
figures.described(figures.causality_map(leaking, tolerance=found["doge"].tolerance)) if found else None

# %% [markdown]
# <details><summary>What happens in doge and in nllb-moe?</summary>
#
# *doge.* The scores of all tokens lie one after the other in memory, and a reshape cuts them in the middle of the *batch*
# instead of the middle of each token's list. The first half of one token's scores then meets the second half of
# another's. A comment in the code of `transformers` says so, and that it stays, because shipped checkpoints were trained
# with it. Writing token by token is unaffected: with one token there is nothing to mix up. So the model computes
# something else when it writes than when it was trained.
#
# *nllb-moe.* Its experts are shared by the whole batch, so other texts can take a token's slot. And because all first
# choices come before all second ones, a *later* token's first choice can push out an earlier token's second choice. With
# slots for every token (`shipped.nllb(1.0)`) the same weights leak nothing. Try it.
#
# (The leak is in the weights that experts get. In version 5.24 of `transformers` this layer has another fault: it hands
# its experts a mask where they expect numbers of experts, so that experts 0 and 1 answer every token.)
#
# </details>
#
# **Figure 2.** How far each answer (row) of the three decoders moves when one token (column) changes; above the stairs
# are answers that come before that token. A leak across examples does not show here: `print(found["nllb-moe"])`.

# %%
calibration("11")
