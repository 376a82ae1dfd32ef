# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 · Training comparisons that mean something
#
# “Ours is better by two points.” At what cost, on how many seeds, tuned by whom, tested on what? In this lesson you
# match the cost of two models, test a difference against chance, and find out what is wrong with somebody else's
# comparison. **Estimated: 60 minutes for the core path, 105 for everything;** nobody has been timed yet. The computer
# trains for one to two minutes in all.
#
# You need lessons 00 to 07. You need no statistics: all that is used is explained here.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - give two models the same cost, and say what their comparison is worth if you cannot,
# - say how often chance alone makes a difference as one-sided as yours, and why fewer than five seeds are too few,
# - tell apart “reproduced”, “same direction” and “cannot be told from chance”,
# - name the faults that make a comparison worthless, and how each one shows.
#
# **The core path (60 minutes):** sections 1 to 7 and 12, marked ★, with a resting point after section 4.

# %%
from softmoe_edu.teaching import course_map

course_map("08")

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# The paper's main result is a comparison: at the same cost Soft MoE is better than sparse routers and dense models
# (Section 3.3, Figure 3). You know how all of these layers work, and why Soft MoE could be better. Whether it *is*
# cannot be derived, only measured. A measurement like that is an experiment, and there are many ways to get it wrong:
# the models cost differently, one was tuned longer, the seed was a lucky one, the test set was used to choose. Two
# faults of this kind were found in this project's own records; you will meet both.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 07: A Soft MoE layer keeps its slots and gets twice as many experts. What happens to its work,
# and what to its parameters?</summary>The work stays the same, because the number of slots does. The
# experts' parameters double.</details>
#
# <details><summary>Lesson 06: The real layer normalises tokens and slot vectors. Which tokens does it mix into the
# slots, and how are they scaled?</summary>The tokens as they are. The normalised ones are used for the scores
# only.</details>
#
# <details><summary>Lesson 04: In expert choice every slot is filled. Is every token in one?</summary>No: several
# experts may choose the same token, and others are chosen by none.</details>

# %%
import itertools
import math
import statistics
from dataclasses import replace

import torch
from IPython.display import display
from tqdm.auto import tqdm

from softmoe_edu import Experts, MoE, SoftRouter, cost, evidence, figures, paper
from softmoe_edu.course.lesson_08.runs import best_rate, counted, gaps, percent
from softmoe_edu.evidence import RunBrowser, holm, mean_of, toy
from softmoe_edu.evidence.claims.stability import spikes
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.training import evaluate

torch.set_num_threads(1)  # as in the runs of the record; small models gain nothing from more
returning("08")

# %% [markdown]
# ## 2 · ★ Predict, then open the records (9 min)
#
# This package repeats the paper's comparison on a small scale, and keeps a record of every run. First your prediction;
# the records open when it is locked.


# %%
def open_records():
    display(RunBrowser(claim="accuracy", figure="accuracy", where="scripts, budget 64"))


predict("m45-first-place", reveal=open_records)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Each model has a small dot for every seed and a large mark for their mean, with an interval: the mean of many more
# seeds would probably lie in it. Below, two models are compared seed by seed. Find out:
#
# 1. Which model scatters most from seed to seed? How many points lie between its best and its worst seed?
# 2. Compare soft with dense below the picture. In how many seeds is soft ahead?
# 3. Change the task to letters (<i>Where</i>). Who is ahead there, and do you believe it?
# 4. Choose <i>Runs: tuning</i>. These runs chose the learning rates. They are tested on a tenth of the
#    <i>training</i> data, with seeds of their own.
#
# </details>
#
# How such a run is made:
#
# | | |
# | --- | --- |
# | **the same cost** | within 1 % of the MACs of the dense model; the *budget* is that model's hidden width |
# | **the same tuning** | the same learning rates to choose from, on training data alone, with seeds of their own |
# | **the same seeds** | 0, 1, 2, ... for all models, so that runs come in *pairs*: the same seed, the same order of batches |
# | **one test** | each run that counts is tested once, at the end |

# %% [markdown]
# ## 3 · ★ Equal cost, on paper (5 min)
#
# A dense MLP of hidden width $h$ takes $n$ tokens of width $d$ through two matrices: $2 \cdot n \cdot d \cdot h$ MACs.
# A Soft MoE layer with $s$ slots in all pays for
#
# | step | MACs |
# | --- | --- |
# | **score**, **dispatch**, **combine** | $n \cdot s \cdot d$ each: three products of the same size |
# | **compute** | $2 \cdot s \cdot d \cdot w$, with experts of hidden width $w$ |
#
# Take $n = 16$ tokens, $d = 32$, $h = 64$, and 8 experts with 2 slots each. There are as many slots as tokens, so the
# experts work on as many rows as the MLP does. How wide may each expert be, if the layer is to cost what the MLP
# costs?
#
# On paper: write down both costs, set them equal, and divide by what all terms have in common.

# %%
my_width = "?"  # the hidden width of each expert

# %%
n, d, h, s = 16, 32, 64, 16
if my_width != "?":
    dense, routing, experts = 2 * n * d * h, 3 * n * s * d, 2 * s * d * float(my_width)
    soft = routing + experts
    print(f"dense MLP: {dense:,} MACs")
    print(f"Soft MoE:  {routing:,} for routing + {experts:,.0f} for experts = {soft:,.0f}")
    print("equal" if dense == soft else f"{100 * soft / dense - 100:+.1f} %: not equal yet")
else:
    print("Fill in my_width above: then both costs appear here.")

# %% [markdown]
# ## 4 · ★ Exercise: the width at equal cost (11 min)
#
# Now for any sizes. `matched_hidden(tokens, dim, hidden, experts, slots_per_expert)` returns the hidden width of each
# expert, an int, with which a Soft MoE layer costs as much as a dense MLP of width `hidden`.
#
# - Count MACs as in the table above. Leave out biases, softmax and activations.
# - Widths are whole numbers: return the **nearest** one. (An exact half may go either way.)
# - “About” the same cost is not enough. If no width of 1 or more comes within **1 %** of the dense MLP's MACs, return
#   **0**.
# - Example: 20 tokens, width 8, hidden 75, 5 experts of 2 slots: 120.


# %% tags=["exercise:matched-hidden"]
def matched_hidden(tokens, dim, hidden, experts, slots_per_expert):
    """Return the hidden width of the experts, an int, that matches a dense MLP's MACs.

    tokens, dim, hidden: of the dense MLP. experts, slots_per_expert: of the Soft MoE.
    Nearest whole number; 0 if none from 1 on comes within 1 % of the dense MLP's MACs.
    """
    raise NotImplementedError


# %% tags=["check:matched-hidden"]
check("matched-hidden", matched_hidden)

# %% [markdown]
# Stuck? Call `hint("matched-hidden")`.
#
# The library counts the same way, layer by layer. Try other sizes: which arguments change the width, and which do not?

# %%
match = use("matched-hidden", matched_hidden)
for experts, per in ((16, 1), (8, 2), (4, 4), (4, 1), (4, 8)):
    w = match(16, 32, 64, experts, per)
    layer = MoE(SoftRouter(32, experts, per), Experts(32, experts, max(1, w)))
    macs = int(cost.cost_of(layer, tokens=16).macs)
    weights = sum(parameter.numel() for parameter in layer.parameters())
    print(f"{experts:2d} experts of {per}: width {w:3d}, {macs:,} MACs, {weights:,} parameters")
print(f"the dense MLP:            {2 * 16 * 32 * 64:,} MACs\n")
print("width in the record, where the first block's MLP changes too:", end=" ")
print(toy.matched_hidden({"task": "scripts", "router": "soft", "budget": 64}))

# %% [markdown]
# In the record all three blocks share one width: the first has a plain MLP, the other two have experts. That MLP is
# made narrower as well, which pays for part of the routing; so the width lies between yours and 64.
#
# **A resting point.** Everything so far was arithmetic. From here on chance comes in.

# %% [markdown]
# ## 5 · ★ One run is one throw of the dice (7 min)
#
# Train a model yourself, exactly as the record's runs were trained, but with a seed that none of them has. It takes
# about ten seconds on an idle computer.


# %%
def train_on(task, router, seed, steps, progress=False):
    asked = {"task": task, "router": router, "budget": 64, "rate": best_rate(task, 64, router)}
    return toy.train_one({**asked, "steps": steps, "seed": seed, "tuning": False}, "cpu", progress)


my_router = "tokens choice"  # or "dense", "experts choice", "soft"
my_seed = 100
mine = train_on("scripts", my_router, my_seed, steps=1000, progress=True)
print(f"{my_router}, seed {my_seed}: {100 * mine.history.test_accuracy:.1f} % of the test")

# %%
RunBrowser(claim="accuracy", figure="curve", where="scripts, budget 64", own=mine.history)

# %% [markdown]
# The dashed line is your run. (The curves show accuracy on the batches of training, not on the test.) Find out:
#
# 1. Does your line end inside the interval of its model? It need not: the interval says where the *mean* of many
#    seeds lies, and single runs scatter more widely. (Choose the figure *accuracy* to see the single seeds.)
# 2. Change `my_seed` and run both cells again. How far does the end of the line move?
# 3. Is there a step at which two models are in a different order than at the end?
#
# What if everybody ran a single seed? Here are the record's runs on letters, seed by seed:

# %%
for router in ("dense", "soft"):
    print(f"{router:6s}" + "".join(f"{value:6.1f}" for value in percent("letters", 64, router)))
apart = gaps("letters", 64, "dense")
print("soft -" + "".join(f"{value:+6.1f}" for value in apart))
print(f"with one seed, soft is ahead by {min(apart):+.1f} to {max(apart):+.1f} points,", end=" ")
print(f"and above 0 in {sum(value > 0 for value in apart)} of {len(apart)} seeds")
for one, other in (("dense", "soft"), ("soft", "dense")):
    best, mean = max(percent("letters", 64, one)), statistics.mean(percent("letters", 64, other))
    print(f"best seed of {one} against the mean of {other}: {best - mean:+.1f} points")

# %% [markdown]
# With one seed you can report what you like; and with your best seed against the others' mean you win, whoever you
# are.
#
# ### If you have time: five seeds, short runs (3 min, not on the core path)
#
# Each model with five seeds, but for 100 steps only. While they train: in how many of the five do you expect soft to
# be ahead?

# %%
live = {"dense": [], "soft": []}
for seed, router in tqdm([(seed, router) for seed in range(5) for router in live], unit="run"):
    live[router].append(train_on("scripts", router, seed, steps=100).history)
pairs = zip(live["soft"], live["dense"], strict=True)
apart = [100 * (soft.test_accuracy - dense.test_accuracy) for soft, dense in pairs]
print("soft - dense after 100 steps, in points:", *(f"{value:+.1f}" for value in apart))
whole = gaps("scripts", 64, "dense")
print("the record, after 1,000 steps:          ", *(f"{value:+.1f}" for value in whole))

# %%
columns = {name: [run.columns for run in runs] for name, runs in live.items()}
figures.described(figures.training_curves(columns, y="loss"), "Figure 1. The loss in training, over five seeds.")

# %% [markdown]
# Compare the two printed lines, and the bands of the figure. Whatever these five seeds say, they say it about 100
# steps: a comparison holds for the length of training at which it was made.

# %% [markdown]
# ## 6 · ★ Five of five (6 min)
#
# So run several seeds, the same ones for both models, and compare them pair by pair. How many pairs have to agree?

# %%
predict("m45-five-of-five")

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Toss five coins and write down how they fall, in a row: there are 32 such rows. Two of them are all alike, and you
# would have reported either. Now work out the chance for six seeds, for seven, for twelve.
#
# </details>

# %% [markdown]
# ### Four of five
#
# Now on paper: two equally good models, five seeds. In how many of the 32 rows does one of the two, whichever it is,
# win at least four seeds?

# %%
my_four_of_five = "?"  # how many of the 32 rows of five coins have at least four alike?

# %%
if my_four_of_five != "?":
    alike = [max(row.count(0), row.count(1)) for row in itertools.product((0, 1), repeat=5)]
    found = sum(most >= 4 for most in alike)
    right = str(my_four_of_five).strip() == str(found)
    print(f"{found} rows:", "as you say" if right else "compare them with yours")
else:
    print("Fill in my_four_of_five above: then the rows are counted here.")

# %% [markdown]
# ## 7 · ★ Exercise: the sign test (11 min)
#
# Suppose that two models are equally good. Then each paired seed is a toss of a coin: either model may have the
# better run. The **sign test** asks how likely coins are to fall as one-sidedly as your seeds, or more so. That
# probability is the *p-value*; if it is small, chance is a poor explanation.
#
# `sign_test(differences)` takes the differences of the pairs, a tensor (s,), and returns the p-value, a float.
#
# - Only signs count. With `up` differences above 0 and `down` below, there are $2^{up + down}$ equally likely rows of
#   coins.
# - Count the rows that are **at least as one-sided** as yours, in **both** directions, and divide by all of them.
# - A difference of exactly 0 favours neither model: leave it out. If nothing is left, return 1.0.
# - Example: [2, 1, -1, 3, 0.5] has 4 up and 1 down. Of 32 rows, 5 + 1 have four heads or more, and as many have four
#   tails or more: 12/32 = 0.375.
#
# `math.comb(n, k)` counts the rows of n coins with exactly k heads.


# %% tags=["exercise:sign-test"]
def sign_test(differences):
    """Return how likely signs this one-sided, or more so, are by chance: a float.

    differences (s,): one for each paired seed, s >= 1. Zeros are left out; if nothing
    else is there, the answer is 1.0. Count both directions.
    """
    raise NotImplementedError


# %% tags=["check:sign-test"]
check("sign-test", sign_test)

# %% [markdown]
# Stuck? Call `hint("sign-test")`.
#
# What can a study find at best? If all its seeds agree, p is as small as it gets:

# %%
test = use("sign-test", sign_test)
for seeds in (3, 4, 5, 6, 8, 10, 12):
    p = float(test(torch.ones(seeds)))
    print(f"{seeds:2d} of {seeds:2d} seeds: p = {p:.4f};", end=" ")
    print(f"as the smallest of 18, by Holm: {min(1, 18 * p):.3f}")

# %% [markdown]
# **The rule of this course: no comparison with fewer than five seeds.** Even five that agree are no proof: you have
# just seen their p. And it is usual to call a difference real if its p is below a *level* of 5 %; whoever does that
# in 18 comparisons of equal models finds about one difference by chance. *Holm's method* makes up for it: the
# smallest p is multiplied by the number of tests, the next one by one less, and so on. The last number in each line
# is what Holm's method makes of the best possible result. How many seeds does a study of 18 comparisons need to find
# anything?
#
# Now the record, with your test. Holm's method is applied to all 18 comparisons; these are the ones on images.

# %%
places = sorted({(task, budget) for task, budget, _ in counted()}, reverse=True)
rivals = ("dense", "tokens choice", "experts choice")
rows = [(rival, *place) for place in places for rival in rivals]
apart = [torch.tensor(gaps(task, budget, rival)) for rival, task, budget in rows]
chances = [float(test(each)) for each in apart]


def comparisons(*tasks):
    print("soft against                       seeds ahead    mean       p    by Holm")
    table = zip(rows, apart, chances, holm(chances), strict=True)
    for (rival, task, budget), each, p, corrected in table:
        if task in tasks:
            told = "" if corrected >= 0.05 else "beyond chance"
            ahead = f"{int((each > 0).sum())} of {len(each)}"
            print(f"{rival}, {task} at {budget}".ljust(36), end="")
            print(f"{ahead:>10s}{each.mean():+8.1f}{p:8.4f}{corrected:11.3f}  {told}")


comparisons("scripts", "letters")

# %% [markdown]
# Read the lines without a verdict in the last column. In some, soft is ahead in most seeds: *the same direction* as
# in the paper. That is not *reproduced*: coins fall like that, too. Nor does a large p prove that two models are
# equal: it says that these seeds cannot tell them apart.

# %% [markdown]
# ## 8 · On text (10 min)
#
# The paper tests Soft MoE on images, and on text beside images. The layer itself takes any tokens: as an *encoder* of
# text, which sees a whole sequence at once, it works as it does on patches. Here a sequence is the name of a country,
# and a token is one of its characters.

# %%
names, _ = toy.task_of("languages", False)
codes = names.images[:, 1:].flatten(2).transpose(1, 2).long() @ (2 ** torch.arange(20, -1, -1))
for i in range(0, len(names), len(names) // 6):
    name = "".join(chr(code) for code in codes[i].tolist() if code)
    print(f"language {int(names.labels[i]):2d}: {name}")
padding = 100 * (codes == 0).double().mean()
print(f"{names.num_classes} languages, {codes.shape[1]} tokens, {padding:.0f} % of them padding")

# %%
predict("m45-other-task")

# %% [markdown]
# ### Text, trained here and in the record
#
# All four as encoders of text, five seeds each, 40 steps (about 20 seconds):

# %%
text, models = {}, ("dense", "tokens choice", "experts choice", "soft")
for seed, router in tqdm([(seed, router) for seed in range(5) for router in models], unit="run"):
    text[router, seed] = train_on("languages", router, seed, steps=40)


def with_interval(values):
    mean = mean_of("", values)
    return f"{mean.value:.1f} % ({mean.low:.1f} to {mean.high:.1f})"


for router in models:
    here = [100 * text[router, seed].history.test_accuracy for seed in range(5)]
    print(f"{router:15s} 40 steps: {with_interval(here)}", end="   ")
    print(f"the record, 1,000 steps: {with_interval(percent('languages', 64, router))}")

# %% [markdown]
# And seed by seed, with your test:

# %%
comparisons("languages")

# %% [markdown]
# What is best on digits need not be best on names. Before you say that soft is better or worse on text: what does the
# last column say?
#
# **Now break the test.** In these sparse models, groups of 8 examples share the experts' slots. Many test sets come
# sorted by class; left like that, a group holds examples of a single class, which never happened in training. Below
# are the same trained models and the same tests, in two orders:

# %%
trained = {f"{router} on names": text[router, 0] for router in models[1:]}
trained[f"your {my_router} on digits"] = mine
for name, run in trained.items():
    mixed, by_class = run.test_data, run.test_data[run.test_data.labels.argsort(stable=True)]
    one, two = (evaluate(run.model, each, 256) for each in (mixed, by_class))
    print(f"{name:30s} mixed {100 * one.accuracy:.1f} %,", end=" ")
    print(f"class by class {100 * two.accuracy:.1f} %;", end=" ")
    print(f"tokens dropped: {100 * one.dropped:.0f} % and {100 * two.dropped:.0f} %")

# %% [markdown]
# Examples of one class want the same experts, which do not have enough slots for all of them. What that does to the
# accuracy depends on how far a model has specialised. Soft MoE routes each example alone, so the order cannot matter
# to it. The first record of this package was made with tests in class order; mixing them moved sparse routers by up
# to four points, and the record was made again.

# %% [markdown]
# ## 9 · Exercise: the interval of a difference (11 min)
#
# A test says whether there is a difference; an interval says *how large* it may be. The **bootstrap** asks: with
# other seeds, where would the mean have been? It draws new samples from the pairs at hand, with repetition, and looks
# at how their means scatter.
#
# `paired_bootstrap(a, b, draws)` returns `(mean, low, high)`, three floats.
#
# - `a`, `b` (s,): the results of two models. `a[i]` and `b[i]` share a seed, and stay together.
# - `draws` (r, s): each row is one resample, the indices of s pairs, such as [2, 0, 0, 1]. They are drawn for you.
# - `mean` is that of a - b. `low` and `high` are the quantiles 0.025 and 0.975 (`torch.quantile`) of the r resampled
#   means.
# - Example: differences [1, 3, 2] and rows [0, 0, 0] and [0, 1, 2] have the resampled means 1 and 2.


# %% tags=["exercise:paired-bootstrap"]
def paired_bootstrap(a, b, draws):
    """Return (mean, low, high): the mean of a - b, and its bootstrap interval at 95 %.

    a, b (s,): results of two models; a[i] and b[i] had the same seed.
    draws (r, s): each row is a resample, the indices of s pairs, drawn with repetition.
    low, high: the quantiles 0.025 and 0.975 (torch.quantile) of the r resampled means.
    """
    raise NotImplementedError


# %% tags=["check:paired-bootstrap"]
check("paired-bootstrap", paired_bootstrap)

# %% [markdown]
# Stuck? Call `hint("paired-bootstrap")`.
#
# Three comparisons of the record, with your interval:

# %%
interval = use("paired-bootstrap", paired_bootstrap)
choice = "tokens choice"
for task, rival in (("scripts", choice), ("letters", "dense"), ("languages", choice)):
    a, b = (torch.tensor(percent(task, 64, router)) for router in ("soft", rival))
    draws = torch.randint(len(a), (4000, len(a)), generator=torch.Generator().manual_seed(0))
    mean, low, high = interval(a, b, draws)
    print(f"{task}: soft - {rival} {mean:+.1f} points ({low:+.1f} to {high:+.1f})")

# %% [markdown]
# An interval that contains 0 leaves the sign open. Where does the interval agree with the column *by Holm* of
# sections 7 and 8, and where is it bolder? With a dozen seeds a bootstrap interval is a little too narrow, and it
# does not allow for the other comparisons. The records judge by the corrected sign test, and show intervals beside
# it.

# %% [markdown]
# ## 10 · Exercise: cost has more than one axis (12 min)
#
# The paper draws quality over *two* costs: training FLOPs and TPU-days (Figure 3). Which models are worth having?
# Those that no other model beats: the **Pareto front**.
#
# `pareto_front(cost, quality)` takes two tensors (m,) and returns a bool tensor (m,): True for models on the front.
#
# - Lower cost is better, higher quality is better. Models come in any order.
# - A model is off the front if another one costs no more **and** is no worse **and** is better in at least one of the
#   two. So of two models at one cost, the worse one is off.
# - Two *equal* models do not beat each other.
# - Example: costs [1, 2, 3, 4], qualities [60, 75, 70, 80]: the third is beaten by the second; the others stay.


# %% tags=["exercise:pareto-front"]
def pareto_front(cost, quality):
    """Return which models are on the Pareto front, a bool tensor (m,).

    cost (m,): lower is better. quality (m,): higher is better.
    A model is on it unless another one costs no more, is no worse, and is better in
    one of the two. Equal models are on it together, or not at all.
    """
    raise NotImplementedError


# %% tags=["check:pareto-front"]
check("pareto-front", pareto_front)

# %% [markdown]
# Stuck? Call `hint("pareto-front")`.
#
# The models of the paper's Table 9, all trained for 300,000 steps, with your front over both costs. The quality is
# precision on JFT-4B, Google's own four billion images, in percent. A name such as `soft_moe_s16_128e`
# says size S, patches of 16 x 16 pixels, 128 experts; `c` is the capacity factor, and `g` how
# many images share the slots.

# %%
front = use("pareto-front", pareto_front)
table9 = [(n, run) for n, m in paper.MODELS.items() for run in m.runs if run.table == "table9"]
quality = torch.tensor([run.jft for _, run in table9])
by_flops = front(torch.tensor([run.train_exaflop for _, run in table9]), quality)
by_days = front(torch.tensor([run.train_days for _, run in table9]), quality)
table = zip(by_flops.tolist(), by_days.tolist(), table9, strict=True)
for flops, days, (name, run) in sorted(table, key=lambda row: row[2][1].train_exaflop):
    if flops or days:
        print(f"{name:30s} {run.jft:.1f} %", end="   ")
        print(f"exaFLOP {'on ' if flops else 'off'} {run.train_exaflop:6.1f}", end="   ")
        print(f"TPU-days {'on ' if days else 'off'} {run.train_days:6.1f}")

# %% [markdown]
# Which kinds of models are on a front, and which are not? Does any model move on or off it when you pay by the day?
# **Equal steps are not equal cost**, and equal FLOPs are not equal days.
#
# **Which blocks get experts?** Not all of them: the paper's models replace the MLPs of the second half. Table 4 tries
# other places for 512 experts of ViT S/16, with one slot each. All rows have the same number of experts and of steps, and
# nearly the same parameters. Which rows may you compare, and what does the best one cost?

# %%
small = paper.MODELS["soft_moe_s16_128e"].sizes
for row in paper.published("table4"):
    where, each = str(row["sparse_layers"]), row["experts_per_layer"]
    ends = [[int(end) for end in part.split(":")] for part in where.split(",")]
    blocks = tuple(i for both in ends for i in range(both[0], both[-1] + 1))
    sizes = replace(small, moe_layers=blocks, moe=replace(small.moe, num_experts=each))
    counts = cost.vit_cost(sizes)
    print(f"blocks {where:9s} {each:4d} experts in each", end="   ")
    print(f"{counts.parameters / 1e6:.0f} M parameters, {counts.macs / 1e9:.2f} GMACs", end="   ")
    print(f"JFT {row['jft']} %")

# %% [markdown]
# Rows with the same number of blocks cost the same. Between other rows, cost and place change together, and here the
# cheaper ones are not worse.
#
# *If you have time,* look at our own runs again: set *Over* to steps, then to MACs, then to seconds. Does the order
# of the models change? (Seconds depend on how busy the machine was.)

# %%
RunBrowser(claim="accuracy", figure="curve", x="macs", where="scripts, budget 64")

# %% [markdown]
# ## 11 · Clinic: a headline (10 min)
#
# The patient of this lesson is a study. Its runs are real, from the record, but they were not put together as they
# should be.

# %%
patient = clinic("08")
print(patient.layer.headline)
print("mistakes in this study:", patient.how_many)
patient

# %% [markdown]
# Would you publish it? Examine it with the instruments, one suspect at a time. (The record's own models differ by less
# than 1 % in their MACs; that is allowed.)

# %%
study = patient.layer

my_measurements = "?"  # put an instrument here; add others of your own
my_measurements

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# `clinic("08", 2)`, `clinic("08", 3)` and so on are other studies.
#
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# <code>class-by-class</code> was in the first record of this package; section 8 shows what it does. In the same
# record, a model's best learning rate lay at the end of those tried. It might have done better at one beyond, so more
# rates were added. And <a href="https://arxiv.org/abs/2003.08505">Musgrave et al. (2020)</a> trained a decade of
# losses for metric learning again, with equal tuning and without looking at the test: most of the published progress
# was gone.</details>

# %% [markdown]
# ## 12 · ★ The claims it settles, and five questions (6 min)
#
# What this package's records say, worked out as the cell runs. A verdict is *reproduced* only if every comparison
# goes the paper's way beyond chance; *direction only* if some do and none goes the other way beyond chance.


# %%
for name in ("accuracy", "fine-tuning", "stability", "large-scale"):
    print(evidence.entry(name), "\n")
losses = [float(loss) for loss in mine.history.columns["loss"]]
print(f"your own run of section 5: {spikes(losses)} loss spikes in {len(losses):,} steps")

# %% [markdown]
# *Fine-tuning and stability.* The paper's abstract names two more troubles of sparse mixtures: training that becomes
# unstable (the loss of a batch suddenly jumps: a *spike*; its size is given in *nats*, the unit of the
# cross-entropy), and fine-tuning that does not work. Both are comparisons, too, and follow the same rules: equal
# cost, equal tuning, paired seeds, a count that is fixed before the runs. A model that never fails in ten short runs
# has not been shown to be stable.
#
# *Settled:* what is printed above, for these tasks, this size, and this length of training. *Not settled here:* what
# holds at the paper's scale, where models are thousands of times larger, and where most numbers come from one run each.
# One run may be all that anybody can pay for; it then remains one run.
#
# ### Five questions
#
# <details><summary>1. A paper replaces every MLP of a ViT by 128 experts of the same hidden width, one slot each, on 196
# tokens, and calls the cost equal. What do you ask?</summary>Whether the routing was counted: for each slot, scores,
# dispatch and combine cost as much as 1.5 · 196 = 294 more hidden units of its expert. And the paper itself replaces
# only the second half of the blocks.</details>
#
# <details><summary>2. Ours wins in 5 of 5 seeds. Proven?</summary>Equal models do this in 1 of 16 cases, counting
# both directions. It is the minimum worth reporting, not a proof.</details>
#
# <details><summary>3. Our best seed beats their mean by two points. What does that show?</summary>How far seeds scatter.
# The best of ten equal runs lies about one and a half standard deviations above their mean.</details>
#
# <details><summary>4. We tried five learning rates for each model and report the one with the best test accuracy. Every
# model was treated alike. Where is the fault?</summary>The test was used to choose, so it is no test any more: all
# numbers are too high, and the model that scatters most gains most. Choose on training data that was held
# out.</details>
#
# <details><summary>5. Two models differ by 0.3 points, p = 0.4. Are they equal?</summary>Nobody knows. These seeds
# cannot tell them apart; the interval says how large a difference is still possible.</details>

# %%
calibration("08")
