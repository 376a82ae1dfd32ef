# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · A finite buffer
#
# You give every expert a buffer of finite size, decide which tokens get a slot in it, and find out what becomes of
# those that do not.
#
# You need lessons 00 and 01 (a router scores, normalises and selects the k best experts of each token). Everything runs
# on a laptop's CPU in under a minute of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - compute an expert's capacity, and say how many tokens even a fair router drops,
# - fill the buffers of a sparse router on paper and in code, by position and by gate,
# - say what a dropped token is after the layer, after the block and in the next block,
# - measure what a token's answer depends on: its position in the image, later tokens, other images.
#
# **Core path:** the sections marked ★; about 60 minutes, with a place to rest after section 5. The others are optional,
# and you can do them on other days. A student needed 130 minutes for the whole of an earlier version. The minutes in
# the headings are estimates.

# %%
from softmoe_edu.teaching import course_map

course_map("02")

# %% [markdown]
# ## 1 · ★ Why, and the ninth token (6 min)
#
# In lesson 01 every token went to the experts that it chose. On real hardware that is awkward: an expert's work is a
# matrix product, and its number of rows has to be known in advance. So every expert gets a **buffer** with a fixed
# number of **slots**, its **capacity**. A slot is one row of the buffer and takes one token. Now something has to
# decide which tokens get one.
#
# > Eight tokens already sit in the buffer of expert 3, which has **eight slots**. A **ninth** token arrives and wants
# > expert 3 as well. Two other experts have free slots. What should happen?
#
# Invent a rule before you read on; there is no wrong answer here. Two minutes of your own thinking make the rest of the
# lesson easier. If you are in a group, vote.

# %%
my_rule = "?"  # in one sentence
my_worry = "?"  # what could be unfair, slow or surprising about it?
print("My rule for the ninth token:", my_rule)
print("My worry about it:", my_worry)

# %% [markdown]
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 01) A token's gates are the softmax of its scores over experts. What does k = 2 do with
# them?</summary>
# It keeps the two largest, for the token's first and second choice. Whether these two are then divided by their sum
# differs from router to router.</details>
#
# <details><summary>2. (Lesson 01) You change one score a little. When does the layer's output jump?</summary>
# When another expert enters the k best. In between, the output moves smoothly, with the gate.</details>
#
# <details><summary>3. (Lesson 00) Which of the six steps copies a token into a slot, and which brings an answer
# back?</summary>
# Dispatch and combine. Compute comes between them.</details>

# %%
import math

import matplotlib.pyplot as plt
import torch
from IPython.display import display

from softmoe_edu import (
    Experts,
    MoE,
    SoftRouter,
    SparseRouting,
    TokensChoiceRouter,
    ViT,
    figures,
    metrics,
    record,
)
from softmoe_edu.data import digits
from softmoe_edu.losses import load_balancing_loss
from softmoe_edu.paper import published
from softmoe_edu.teaching import check, clinic, hint, predict, returning, use
from softmoe_edu.training import train
from softmoe_edu.widgets import CapacityExplorer, RoutingLens

returning("02")  # asks again what you once missed although you were sure; often nothing

# %% [markdown]
# ## 2 · ★ Worked example: two slots each (8 min)
#
# There are four tokens and three experts with **two slots each**, and every token chooses two experts. The first steps
# are those of lesson 01.

# %%
# score: given here. normalise: softmax, already taken.
gates = torch.tensor(
    [
        [0.5, 0.3, 0.2],
        [0.6, 0.15, 0.25],
        [0.7, 0.2, 0.1],
        [0.1, 0.85, 0.05],
    ]
)
# select: the two best experts of each token
weights, indices = gates.topk(2)
for token in range(4):
    (first, second), (p, q) = indices[token].tolist(), weights[token].tolist()
    print(f"token {token}: first choice expert {first} ({p:.2f})", end=", ")
    print(f"second choice expert {second} ({q:.2f})")

# %% [markdown]
# Now fill the buffers on paper. The rule of GShard and of the paper's own code has two parts:
#
# 1. **All first choices are served before any second choice.** So there are two rounds.
# 2. Within each round, tokens come in order of their **priority**: by *position* (token 0 first), or by *gate* (the
#    token with the largest gate first; this is called **batch priority routing**). The order by gate is determined
#    once, from each token's largest gate, and is the same in both rounds.
#
# A choice that finds its expert full is **dropped**; the token does not try another expert instead. Fill in both
# tables, with the number of a token in each slot:
#
# | by position | slot 0 | slot 1 | | by gate | slot 0 | slot 1 |
# | --- | --- | --- | --- | --- | --- | --- |
# | expert 0 | | | | expert 0 | | |
# | expert 1 | | | | expert 1 | | |
# | expert 2 | | | | expert 2 | | |
#
# <details><summary>Filled in? Compare here.</summary>
#
# By position, first choices: token 0 → expert 0, slot 0; token 1 → expert 0, slot 1; token 2 finds expert 0 full; token
# 3 → expert 1, slot 0. Second choices: token 0 → expert 1, slot 1; token 1 → expert 2, slot 0; tokens 2 and 3 find
# theirs full. **Token 2 has nothing at all**, although its largest gate beats those of tokens 0 and 1.
#
# By gate the order is 3, 2, 1, 0 (largest gates 0.85, 0.7, 0.6, 0.5), in both rounds: token 3 → expert 1, slot 0; token
# 2 → expert 0, slot 0; token 1 → expert 0, slot 1; token 0 finds it full. Second choices: token 3 finds expert 0 full;
# token 2 → expert 1, slot 1; token 1 → expert 2, slot 0; token 0 finds expert 1 full. **Now it is token 0 that has
# nothing.**
#
# </details>
#
# Either way, five of eight choices are kept. Priority decides *which* choices are dropped, not how many: an expert
# keeps as many as it has slots.

# %% [markdown]
# ## 3 · ★ Exercise: how large a buffer is (7 min)
#
# Capacity is often mistaken for the number of experts that a token may use (that is k), or for the number of all slots
# of the layer. It is **the number of slots in the buffer of one expert**:
#
# $$\text{capacity} = \left\lceil \frac{\text{tokens} \cdot k \cdot \text{factor}}{\text{experts}} \right\rceil$$
#
# A *capacity factor* of 1 gives as many slots in total as there are choices; 1.25 gives a quarter more. Hardware works
# best with some numbers, such as multiples of 8, so the result may be rounded up to a multiple. Python's `math.ceil`
# rounds up:

# %%
print("1.53125 slots become", math.ceil(1.53125), "slots;", "2.0 stay", math.ceil(2.0))

# %% [markdown]
# - **In:** the number of `tokens`, the number of `experts`, the number `k` of experts that each token chooses, the
#   capacity `factor`, and `multiple_of`: the result must be a multiple of it.
# - **Out:** the number of slots of one expert, an int: the formula above, rounded up, and then rounded up again to the
#   next multiple.
# - **Take care:** compute in floating point, and round whatever comes out. 100 tokens with k = 1 and factor 1.1 on 2
#   experts give a little over 55, and so 56, as in the official code.
# - **Example:** 50 tokens, 4 experts, k = 2, factor 1.25: 31.25, so 32 slots; as a multiple of 5, 35.


# %% tags=["exercise:expert-capacity"]
def expert_capacity(tokens, experts, k, factor, multiple_of=1):
    """Return the number of slots of one expert, an int, rounded up to a multiple."""
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("expert-capacity")` for a first hint; call it again for the next one.

# %% tags=["check:expert-capacity"]
check("expert-capacity", expert_capacity)

# %% [markdown]
# `use` returns your function if it has passed its check, and the library's otherwise, so that you are never stuck:

# %%
capacity_of = use("expert-capacity", expert_capacity)

# %% [markdown]
# ## 4 · Predict: what chance drops (8 min)
#
# Take the fairest router there is: every token chooses one expert at random, all equally likely. On average every
# expert gets exactly its share. How many tokens are dropped?

# %%
TOKENS, EXPERTS = 49, 32


def draw_uniform(tokens, experts, factor, samples=200):
    """Measure the dropped fraction of random routers: what exceeds the capacity."""
    capacity = capacity_of(tokens, experts, 1, factor)
    generator = torch.Generator().manual_seed(2)
    lost = []
    for _ in range(samples):
        chosen = torch.randint(experts, (tokens,), generator=generator)
        asked = chosen.bincount(minlength=experts)
        lost.append(float((asked - capacity).clamp(min=0).sum() / tokens))
    return lost


# %%
def show_chance():
    factors = (0.5, 1.0, 1.5, 2.0, 2.5)
    measured = {factor: draw_uniform(TOKENS, EXPERTS, factor) for factor in factors}
    curve = figures.capacity_curve(TOKENS, EXPERTS, measured)
    caption = "Figure 1. Dropped tokens over the capacity factor: computed, and drawn."
    display(figures.described(curve, caption))
    exact = {}
    for tokens in (TOKENS, 196, 784, 3136):
        capacity = capacity_of(tokens, EXPERTS, 1, 1.0)
        exact[tokens] = 100 * metrics.expected_drop_fraction(tokens, EXPERTS, capacity)
        print(f"{tokens:4d} tokens, {EXPERTS} experts of {capacity:2d} slots", end=", ")
        print(f"factor 1: {exact[tokens]:4.1f} % dropped")
    return exact[TOKENS]


predict("m15-drop-rate", reveal=show_chance)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# Fair on average does not mean even in each batch: some experts get more tokens than they have slots, others leave
# slots empty, and an empty slot of one expert is no help to another. The number of tokens that choose an expert is
# binomial: the more tokens there are, the less that number varies relative to its mean, as the last lines above show.
# (With 49 tokens a fifth is dropped, although rounding up gives them 64 slots. The curve has steps because slots are
# whole numbers.) This is one reason why sparse routers let many images share their buffers. Section 12 comes back to
# it.
#
# </details>

# %% [markdown]
# Now try it. With 64 tokens and 8 experts, from which factor on is less than 1 % dropped? Then move *skew* to 1, so
# that some experts are more in demand than others: which factor do you need now, and how many slots stay empty?

# %%
CapacityExplorer(num_experts=8, tokens=64)

# %% [markdown]
# ## 5 · ★ Who gets a slot, from numbered lines (12 min)
#
# Now the worked example becomes a function, for one *group*: the tokens that share the experts' buffers. A batch may be
# padded with tokens that mean nothing, so that all its examples have the same length; such *padding* chooses no expert.
#
# - **In:** `indices`, (n, k): the experts that each of n tokens chooses, best first. -1 means no choice: padding has
#   only -1, and a token with fewer than k choices has -1 after them. `weights`, (n, k): the gates of these choices,
#   largest first. `capacity`: the number of slots of each expert, at least 1. `priority`: "position" or "gate".
# - **Out:** `positions`, (n, k), whole numbers: the slot that each choice takes, 0 for the first to arrive at an
#   expert, 1 for the next, and so on. `kept`, (n, k), bool: whether the choice got a slot. Where it got none, any
#   position will do.
# - **The rule:** all first choices are served before any second one. Within each round, "position" serves the tokens in
#   their order, and "gate" by their largest weight, the largest first (of equal ones, either may be first). The order
#   by gate is determined once: second choices are not sorted again by their own weights.
# - **Take care:** padding must not take a slot.
# - **Example:** that of section 2, whose result you have on paper.
#
# Put the function together from given lines before you write it. Of the 20 lines below, 15 make it up, and they are
# already indented; the other five are common mistakes. Type the numbers of the right lines into `order`, from top to
# bottom, such as `[3, 1, 2]`, and run that cell. The check says what your lines do.

# %%
from softmoe_edu.course.lesson_02.assign_with_capacity import exercise as lines

print(lines.numbered())

# %%
order = []  # numbers of lines, from top to bottom
if order:
    display(check("assign-with-capacity", lines.in_order(order)))

# %% [markdown]
# Stuck? Lines that name what the others need come first: n and k, the order of tokens, the two results, the counts.
# Then come two loops, one inside the other. Which is the outer one?
#
# > **A good place to rest.** You have done half of the core path. When you come back: *Run > Run All Above Selected
# > Cell*. The core path goes on with section 7; run the cells of section 6 on the way, without writing anything.

# %% [markdown]
# ## 6 · Exercise: write it yourself (10 min)
#
# Write the same function without the lines. It need not look like them: any function that does what section 5 asks for
# will pass.


# %% tags=["exercise:assign-with-capacity"]
def assign_with_capacity(indices, weights, capacity, priority):
    """Return positions (n, k) and kept (n, k): the slot of each choice, if it got one.

    indices (n, k): experts, best first, -1: no choice. weights (n, k): their gates.
    """
    raise NotImplementedError


# %% tags=["check:assign-with-capacity"]
check("assign-with-capacity", assign_with_capacity)

# %% [markdown]
# Stuck? Call `hint("assign-with-capacity")`.

# %% [markdown]
# ## 7 · ★ A whole router on one screen (5 min)
#
# The next cell takes the function that you wrote in section 6. If you wrote none, it takes the one made of your lines,
# and if that does not pass its check, the library's.

# %%
mine = assign_with_capacity
if order:
    mine = lines.in_order(order, instead_of=assign_with_capacity)
assign = use("assign-with-capacity", mine)

# %% [markdown]
# With it, a whole router fits on one screen. From a router's scores and your two functions it makes a `Routing`, the
# object that all figures, all metrics and the lens understand. Read it from score to combine.


# %%
def route(logits, k=1, factor=1.0, priority="position"):
    """Route groups of tokens by their scores (groups, tokens, experts)."""
    groups, tokens, experts = logits.shape  # score: done by the caller
    gates = logits.softmax(-1)  # normalise
    weights, indices = gates.topk(k)  # select: what each token wants ...
    capacity = capacity_of(tokens, experts, k, factor)
    token = torch.full((groups, experts, capacity), -1)  # who is in each slot, -1: none
    gate = torch.zeros(groups, experts, capacity)
    for g in range(groups):
        # ... and what it gets
        positions, kept = assign(indices[g], weights[g], capacity, priority)
        slots = g, indices[g][kept], positions[kept]
        token[slots] = kept.nonzero()[:, 0]  # dispatch: token t is in this slot
        gate[slots] = weights[g][kept]  # combine: what its answer is multiplied by
    return SparseRouting(token, gate, tokens, logits, gates)


example = {}
for priority in ("position", "gate"):
    example[priority] = route(gates.log()[None], 2, 0.75, priority)
    slots = example[priority].token[0].tolist()
    print(f"{priority:8s} tokens in the slots of three experts, -1: empty: {slots}")

# %% [markdown]
# Compare these with your tables from section 2. (Why a factor of 0.75? With 1, each of the three experts would get
# three slots for the eight choices, not two.)

# %% [markdown]
# ## 8 · ★ Exercise: what comes back (12 min)
#
# Some tokens got a slot, and others did not. What happens to those that got none?


# %%
def show_dropped():
    torch.manual_seed(1)
    layer = MoE(TokensChoiceRouter(4, 2, capacity_factor=0.5), Experts(4, 2, 8))
    x = torch.randn(1, 6, 4)
    with torch.no_grad(), record(layer) as seen:
        answer = layer(x)
    lost = metrics.dropped(seen["router"])[0]
    moved = (x + answer - x)[0].abs()
    print(f"{x.shape[1]} tokens, {int(lost.sum())} of them dropped", end="; ")
    print(f"the block returns {(x + answer).shape[1]} tokens")
    answers = answer[0, lost].abs()
    print(f"largest number in answers to dropped tokens:    {answers.max():.3f}")
    print(f"largest change of a dropped token in the block: {moved[lost].max():.3f}")
    print(f"largest change of another token:                {moved[~lost].max():.3f}")


predict("m16a-dropped-token", reveal=show_dropped)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# "Dropped" sounds like "deleted". Nothing is deleted: with no choice kept, the sum is 0, the residual connection
# carries the token past the layer unchanged, and in the next block attention reads it like any other token. It has only
# missed its expert.
#
# </details>


# %% [markdown]
# Write a function that returns what the layer and the block return.
#
# - **In:** `x`, (n, d): the tokens that came in. `expert_out`, (n, k, d): the answers of each token's k experts.
#   `weights`, (n, k): the gates. `kept`, (n, k), bool: which choices got a slot.
# - **Out:** two tensors, (n, d). `layer`: for each token the sum of weight times answer over the choices that were kept.
#   `block`: the tokens plus layer, which is the residual connection.
# - **Take care:** where `kept` is False there is no answer, and `expert_out` may hold any numbers there, even inf or
#   NaN (0 times NaN is NaN). Gradients must flow through both results, so use torch.
# - **Example:** a token [1, 1] with gates 0.5 and 0.3 and answers [2, 0] and [9, 9], of which only the first was kept:
#   layer [1, 0], block [2, 1].


# %% tags=["exercise:combine-with-residual"]
def combine_with_residual(x, expert_out, weights, kept):
    """Return layer (n, d), the weighted answers of kept choices, and block, x + layer.

    x (n, d), expert_out (n, k, d), weights (n, k), kept (n, k), bool.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("combine-with-residual")`.

# %% tags=["check:combine-with-residual"]
check("combine-with-residual", combine_with_residual)

# %% [markdown]
# Now the worked example runs through a whole layer, with four random tokens and the library's experts. Look at
# `expert_out` in the code: a dropped choice has no slot, so its position is clamped to a slot that exists, and that
# slot holds *another token's answer*. That is what `kept` protects you from.

# %%
combine = use("combine-with-residual", combine_with_residual)
torch.manual_seed(0)
x, experts = torch.randn(4, 5), Experts(5, 3, 8)
positions, kept = assign(indices, weights, 2, "position")
with torch.no_grad():
    # compute: (experts, slots, numbers)
    answers = experts(example["position"].to_slots(x[None]))[0]
    # combine: fetch each choice's answer, weigh, add, and add the token
    expert_out = answers[indices, positions.clamp(0, 1)]
    layer, block = combine(x, expert_out, weights, kept)
    theirs = example["position"].through(x[None], experts)[0]
print("choices that found a slot:", kept.tolist())
print("numbers of each token that the block changed:", (block != x).sum(1).tolist())
print("the layer's output equals the library's:", torch.allclose(layer, theirs))

# %% [markdown]
# Here is a tempting mistake: "the layer could do nothing for this token, so it returns the token, times its gate". What
# does the block then make of a token of 1.0 with a gate of 0.6?

# %%
token, p = 1.0, 0.6
print(f"right, x + 0: {token + 0:.1f}; with the slip, x + p x: {token + p * token:.1f}")

# %% [markdown]
# Part of the token is counted twice, and nothing crashes. Experienced people have written this, and their tests passed:
# Hugging Face's Switch Transformers did it until pull request 37123 fixed it.

# %% [markdown]
# ## 9 · ★ Who is dropped (10 min)
#
# Train a small Vision Transformer on real digits, with one MoE layer of 8 experts whose buffers are shared by the 4
# images of a group. It takes about ten seconds.

# %%
DIM, TOGETHER, NUM_EXPERTS = 32, 4, 8
train_digits, test_digits = digits()
torch.manual_seed(0)
model = ViT(
    dim=DIM,
    depth=2,
    moe_layers=(1,),
    moe=lambda dim: MoE(
        TokensChoiceRouter(dim, NUM_EXPERTS, noise_std=1.0),
        Experts(dim, NUM_EXPERTS, 64),
        examples_per_group=TOGETHER,
    ),
)


# %%
def even_loads(routings):
    """Return a loss that asks for even loads: the subject of lesson 03."""
    return 0.01 * sum(load_balancing_loss(each.gates) for each in routings.values())


history = train(
    model,
    train_digits,
    test_digits,
    steps=200,
    evaluate_every=100,
    auxiliary=even_loads,
    threads=1,  # steps this small lose more to waiting threads than they gain
)
print(f"accuracy on test digits: {100 * history.test_accuracy:.0f} %")

# %% [markdown]
# Now route 480 test digits twice, with the same scores: by position and by gate. This is your own function at work, on
# groups of 4 images × 16 patches = 64 tokens; the last line compares the result with that of the library's router.

# %%
images = test_digits[:480].images
with torch.no_grad(), record(model.eval()) as seen:
    model(images)
(library,) = seen.values()
logits = library.logits
routings = {each: route(logits, priority=each) for each in ("position", "gate")}
for priority, routing in routings.items():
    shares = metrics.dropped_per_example(routing, TOGETHER).view(-1, TOGETHER).mean(0)
    lost = 100 * metrics.dropped_fraction(routing)
    print(f"{priority:8s} {lost:.1f} % of patches dropped", end="; ")
    told = "  ".join(f"{100 * share:.0f} %" for share in shares)
    print("first to last image of a group:", told)
capacity = capacity_of(TOGETHER * 16, NUM_EXPERTS, 1, 1.0)
fair = metrics.expected_drop_fraction(TOGETHER * 16, NUM_EXPERTS, capacity)
print(f"a fair router would drop {100 * fair:.1f} %")
same = torch.equal(routings["position"].token, library.token)
print("the same slots as in the library's own router:", same)

# %%
heat, told = {}, "In what share of digits a patch is dropped, in %, row by row: "
for priority, routing in routings.items():
    heat[priority] = metrics.dropped_per_position(routing, TOGETHER).view(4, 4)
    rows = [round(100 * float(share)) for share in heat[priority].mean(1)]
    told += f"{priority} {', '.join(map(str, rows))}; "
fig, panels = plt.subplots(1, 2, figsize=(7.4, 3.4), layout="constrained")
for panel, (priority, shares) in zip(panels, heat.items(), strict=True):
    drawn = panel.imshow(100 * shares, cmap="viridis", vmin=0, vmax=100)
    for i, share in enumerate(shares.flatten().tolist()):
        ink = "black" if share > 0.5 else "white"
        percent = panel.text(i % 4, i // 4, f"{100 * share:.0f}", color=ink)
        percent.set(ha="center", va="center")
    panel.set(title=f"priority: {priority}", xticks=range(4), yticks=range(4))
    panel.set_xlabel("column of patches")
panels[0].set_ylabel("row of patches")
fig.colorbar(drawn, ax=panels, label="dropped (% of images)")
panels[0].set_label(told.removesuffix("; ") + ".")
caption = "Figure 2. How often each patch is dropped, by position and by gate."
figures.described(panels[0], caption)

# %% [markdown]
# Here are the same shares for each image of a group, and two more numbers that help to explain them:

# %%
for priority, routing in routings.items():
    print(f"dropped by {priority}, in %:  patch rows from top to bottom")
    lost = metrics.dropped(routing).view(-1, TOGETHER, 4, 4).float().mean((0, 3))
    for i, shares in enumerate(lost):
        told = "  ".join(f"{100 * share:3.0f}" for share in shares)
        print(f"  image {i} of its group     ", told)
chosen = logits.argmax(-1).view(-1, 16)  # (images, patches)
wanted = torch.nn.functional.one_hot(chosen, NUM_EXPERTS).sum(1).amax(1).float().mean()
print(f"of the 16 patches of an image, {wanted:.1f} choose the same expert, on average")
print("slots of one expert:", routings["position"].sizes[-1])

# %% [markdown]
# *Say what you saw, in one line, before you read on.*
#
# By position, the bottom of every image loses most, and the last image of a group loses more than the first: these
# tokens are no less important, they only come last. The table shows why: the first two patch rows of the first image
# are 8 tokens, so they always fit into 8 slots. If most patches of an image want the same expert, the upper ones fill
# the buffer and the lower ones find it full; a later image may find it full from the start. By gate, the drops are
# spread over image and group. (If your run is like ours, nearly half of the patches are dropped, far more than by
# chance: this router prefers some experts too much. Lesson 03 is about that.)
#
# The number of dropped patches is the same in both: with k = 1, an expert with 8 slots that is chosen by 20 tokens
# drops 12 of them, whichever they are.
#
# **The core path ends here.** Good next steps are sections 11 and 12, and the five questions in section 17. If you skip
# sections, choose **Run > Run All Above Selected Cell** first: later sections use what earlier ones define.

# %% [markdown]
# ## 10 · Does it matter who is dropped? (10 min)
#
# The authors of batch priority routing (Riquelme et al., 2021) show large models in which it drops mostly background.
# Does it do that in our model, after 200 steps? Look for yourself.

# %%
some = 8 * TOGETHER
shown = {}
for priority in ("position", "gate"):
    shown[priority] = {"block 1": route(logits[:8], priority=priority)}
labels = [f"digit {digit}" for digit in test_digits[:some].labels]
lens = RoutingLens(shown, images[:some], labels=labels, image_index=3)
lens

# %% [markdown]
# Hatched patches are dropped. The lens opens on image 3, the last of its group. Switch the router between *position* and
# *gate*, then do the same with other images. From the keyboard: <kbd>Tab</kbd> to a control, arrow keys to move.
#
# Which patches are dropped more often under each priority, black ones or those with ink? Guess, then let the computer
# count, over all 480 digits:

# %%
brightness = images.unfold(2, 2, 2).unfold(3, 2, 2).mean((1, 4, 5)).flatten(1)
black = brightness < 0.05  # (images, patches)
for priority, routing in routings.items():
    lost = 100 * metrics.dropped(routing).view(-1, 16).float()
    print(f"by {priority:8s}: {lost[black].mean():.0f} % of black patches", end=" and ")
    print(f"{lost[~black].mean():.0f} % of the others are dropped")

# %% [markdown]
# If your run is like ours, priority by gate drops somewhat more background than ink, but far from only background.
#
# Now the accuracy. First our model, with the same weights under both priorities; which will be better, and by how much?

# %%
moe = model.blocks[1].mlp
for moe.router.priority in ("gate", "position"):
    with torch.no_grad():
        right = (model(images).argmax(1) == test_digits[:480].labels).float()
    mean, error = 100 * right.mean(), 100 * right.std() / 480**0.5
    print(f"by {moe.router.priority:8s}: {mean:.1f} ± {error:.1f} % correct")

# %% [markdown]
# If your run is like ours, the difference is smaller than its ±: on a task this easy, it hardly matters that a patch
# misses its expert. Large models on hard tasks are another matter. The paper tried V-MoE S/16, a small Vision
# Transformer on patches of 16 × 16 pixels with tokens choice, without and with batch priority (its Table 7). K is our
# k. The accuracy is that of a linear classifier that has seen ten labelled images of each class.

# %%
print("Table 7: ImageNet accuracy (%) with 10 examples per class")
rows = published("table7")
for without, with_priority in zip(rows[::2], rows[1::2], strict=True):
    before, after = without["imagenet_10shot"], with_priority["imagenet_10shot"]
    print(f"{without['model']}, {without['experts']} experts", end=", ")
    print(f"K = {without['top_k']}: {before:.1f} without", end=", ")
    print(f"{after:.1f} with batch priority ({after - before:+.1f})")

# %% [markdown]
# With one choice the gain is large. With two it is small; one likely reason is that a token that loses its first expert
# often still has its second.

# %% [markdown]
# ## 11 · Does an earlier token depend on a later one? (8 min)
#
# Tokens choose for themselves, but they share slots. So a token's answer may depend on other tokens. On which?


# %%
def changed_by_last(k, priority="position", one_by_one=False):
    """Measure in what share of sequences a new last token changes an earlier one."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(200, 32, 8, generator=generator)
    other = logits.clone()
    other[:, -1] = torch.randn(200, 8, generator=generator)
    capacity = capacity_of(32, 8, k, 1.0)

    def kept(scores):
        weights, indices = scores.softmax(-1).topk(k)
        if one_by_one:  # as if each choice were a token of its own, one after the other
            indices, weights = indices.view(-1, 1), weights.reshape(-1, 1)
        return assign(indices, weights, capacity, priority)[1].view(-1, k)

    pairs = zip(logits, other, strict=True)
    changed = [bool((kept(a)[:-1] != kept(b)[:-1]).any()) for a, b in pairs]
    return sum(changed) / len(changed)


# %%
def show_causality():
    usual = "k = 2, by position, first choices first"
    rules = {
        "k = 1, by position": changed_by_last(1),
        "k = 2, by position, token by token": changed_by_last(2, one_by_one=True),
        usual: changed_by_last(2),
        "k = 1, by gate": changed_by_last(1, "gate"),
    }
    print("sequences in which the last token changes an earlier one:")
    for rule, share in rules.items():
        print(f"  {rule:40s} {100 * share:5.1f} %")
    return 100 * rules[usual]


predict("m26b-causal", reveal=show_causality)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# An image is there all at once, so for images this does no harm. In a text model it is a leak: an earlier word is
# computed with knowledge of a later one, which does not exist yet when the model writes. The usual order, first choices
# first, leaks, and so does priority by gate; priority by position with one choice does not. That each token chooses for
# itself is not enough: what counts is the order in which they are served.
#
# </details>

# %% [markdown]
# ## 12 · Does an image depend on the others? (6 min)
#
# Keep the last image of each group, and replace the three that come before it. How many of its patches *change fate*,
# that is, are dropped now but were not before, or the other way round? Guess a share before you run the cell.


# %%
def mates_change(image, groups_of, priority):
    """Measure what share of an image's patches change fate when the others change."""
    company = logits.view(-1, TOGETHER, 16, NUM_EXPERTS)
    other = company.roll(1, 0)
    other[:, image] = company[:, image]  # the image itself stays
    lost = []
    for scores in (company, other):
        groups = scores.reshape(-1, groups_of * 16, NUM_EXPERTS)
        routing = route(groups, priority=priority)
        lost.append(metrics.dropped(routing).view(-1, TOGETHER, 16)[:, image])
    return 100 * float((lost[0] != lost[1]).float().mean())


for groups_of in (4, 1):
    for priority in ("position", "gate"):
        share = mates_change(TOGETHER - 1, groups_of, priority)
        print(f"groups of {groups_of}, by {priority:8s}: {share:4.1f} % change fate")

# %% [markdown]
# The image is the same, the weights are the same, and yet the result differs, because the *other images* differ. How a
# batch is divided into groups is no formality: it decides who competes. With groups of one image nothing leaks between
# images, but section 4 shows the price: small groups drop more.
#
# And what about the *first* image of a group, when the three after it are replaced? Make a guess for both priorities,
# then run the cell.

# %%
for priority in ("position", "gate"):
    share = mates_change(0, TOGETHER, priority)
    print(f"first image of {TOGETHER}, by {priority:8s}: {share:4.1f} % change fate")

# %% [markdown]
# <details><summary>Why?</summary>
# By position, with one choice, the first image is served before all others, so no other token can take its slots. By
# gate no token is safe: a token with a larger gate goes first, whichever image it comes from.</details>

# %% [markdown]
# ## 13 · Exercise: write the check (12 min)
#
# You have used many checks; now write one.
#
# - **In:** `assign`, a candidate for the function of section 5: it takes indices, weights, capacity and priority, and
#   returns positions and kept.
# - **Out:** nothing for a right candidate; an error for a wrong one, by `assert` or otherwise.
# - **Take care:** accept every right candidate. It may put anything into positions where kept is False, may use any
#   integer type for positions, and may serve either of two tokens with equal weights first.
#
# Your check is tried on right functions in several styles, all of which it must accept, and on wrong ones. Most of the
# wrong ones return the right shapes.

# %%
from softmoe_edu.course.lesson_02.check_assign.properties import NEEDED
from softmoe_edu.teaching.discovery import find_exercise

exercise = find_exercise("assign-with-capacity")
right, wrong = (exercise.answer, *exercise.variants), exercise.mistakes
print(f"{len(right)} right functions: accept all of them")
print(f"{len(wrong)} wrong functions: reject {NEEDED} of them or more")


# %% tags=["exercise:check-assign"]
def check_assign(assign):
    """Raise an error if assign is a wrong assign_with_capacity, none if it is right."""
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("check-assign")`. The example from section 2 is a good start. It does not catch mistakes with
# padding, nor mistakes in the slot numbers unless you compare them.

# %% tags=["check:check-assign"]
check("check-assign", check_assign)

# %% [markdown]
# ## 14 · What your check lets through (10 min)
#
# Your check may pass and still let some wrong functions through. Which ones? The next cell tries *your* check, even if
# it has not passed yet. Choose one survivor, think of an input on which it goes wrong, add that to your check, and run
# both cells again.

# %%
from softmoe_edu.teaching.check.attempt import NotStarted
from softmoe_edu.teaching.check.write_the_check import refusal

try:
    accepted = [each for each in right if not refusal(check_assign, each)]
    survivors = [each for each in wrong if not refusal(check_assign, each.function)]
    rejected, through = len(wrong) - len(survivors), len(survivors)
    print(f"right functions: {len(accepted)} of {len(right)} accepted")
    print(f"wrong functions: {rejected} of {len(wrong)} rejected", end=", ")
    print(f"{through} let through")
    print(*(f"  one that {mistake.does}" for mistake in survivors), sep="\n")
except NotStarted:
    print("Write check_assign first, and run its cell: then this one has an answer.")

# %% [markdown]
# ## 15 · Clinic (10 min)
#
# A patient has been admitted: a layer that runs, whose loss falls and whose shapes are right, and that is wrong all the
# same. Find out what is wrong with it.

# %%
patient = clinic("02")
patient

# %% [markdown]
# One measurement has been made for you. Which of the instruments above can tell the suspects apart? Use them in a cell
# of your own, then name what you found.

# %%
torch.manual_seed(0)
x = torch.randn(200, 16, 8)
with record(patient.layer) as seen:
    y = patient.layer(x)
routing = seen["router"]
print("input", tuple(x.shape), "output", tuple(y.shape))
print(routing)
print(f"dropped: {100 * metrics.dropped_fraction(routing):.0f} % of tokens")

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("02", 2)`, `clinic("02", 3)` and so on.

# %% [markdown]
# ## 16 · What is settled (6 min)
#
# The paper's Section 2.2 makes two claims that this lesson can test. *No token dropping*: in Soft MoE every slot is a
# weighted average of **all** tokens. *Per-sequence determinism*: where sequences compete for slots, a result depends on
# the whole batch, not on its own sequence alone. You saw the second in section 12. For the first, give both routers the
# same 64 tokens and only 8 slots:

# %%
torch.manual_seed(0)
tokens = torch.randn(20, 64, DIM)
crowded = {
    "tokens choice": TokensChoiceRouter(DIM, 8, capacity_factor=0.125),
    "soft": SoftRouter(DIM, 8, slots_per_expert=1),
}
for name, router in crowded.items():
    with torch.no_grad():
        routing = router(tokens)
    _, n, e, p = routing.sizes
    lost = metrics.dropped_fraction(routing)
    print(f"{name:14s} {n} tokens, {e * p} slots", end=": ")
    print(f"{100 * lost:.1f} % of tokens in no slot")

# %% [markdown]
# Both were also tested on more models and seeds. These verdicts are read from the records of those runs:

# %%
from softmoe_edu.evidence import entry

for name in ("dropping", "determinism"):
    print(entry(name), "\n")

# %% [markdown]
# *Settled:* a sparse router with finite buffers drops tokens even if it is perfectly fair; order and the other images
# decide which ones; Soft MoE drops none, however few slots it has. *Not settled:* whether that makes a better model.
# And being in a slot may not mean much: how much of each token the slots of Soft MoE really take is a question for
# later lessons.
#
# Back to your rule from section 1. Four questions that every rule for the ninth token has to answer: does it depend on
# the token's position? On later tokens? On other images? And does the expert's work stay the same size?

# %%
print("My rule for the ninth token:", my_rule)

# %% [markdown]
# ## 17 · Five questions (5 min)
#
# <details><summary>1. 64 tokens, 16 experts, k = 2, factor 1.25. How many slots does one expert have?</summary>
# 64 · 2 · 1.25 / 16 = 10. That is per expert; a token still uses at most two experts.</details>
#
# <details><summary>2. A router's loads are perfectly even on average, and the capacity factor is 1. Does it drop
# tokens?</summary>
# Yes. Even on average is not even in every group; what exceeds an expert's capacity is dropped. Only a router that is
# even in every group drops none.</details>
#
# <details><summary>3. A token of 1.0 has a gate of 0.6 and is dropped. What do layer and block return?</summary>
# 0 and 1.0. If the block returns 1.6, its layer returned the token times its gate.</details>
#
# <details><summary>4. With k = 1 you switch from position to gate priority. How many tokens are dropped now?</summary>
# As many as before, but different ones. Each expert keeps as many as it has slots.</details>
#
# <details><summary>5. Your colleague evaluates with batch size 1 and you with 64, on the same weights. Your accuracies
# differ. Name a reason from this lesson.</summary>
# If the images of a batch share buffers, the other images decide which tokens are dropped. In groups of one, each image
# is alone.</details>

# %%
from softmoe_edu.teaching import calibration

calibration("02")
