# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · Look inside
#
# **In about 45 minutes** you watch three routers at work, train four small Vision Transformers on real handwritten
# digits, three of them with mixture-of-experts (MoE) layers, and look at what each router did with every patch of every
# image. A *router* is the part of such a layer that brings tokens to experts; section 1 shows it.
#
# You need Python, and to know what a transformer block is. Everything runs on a laptop's CPU in under two minutes of
# computing time, or on a GPU if there is one. Nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - name the six steps of every router,
# - read a dispatch map (which token goes into which slot) and a combine map (which slot answers which token), and say
#   which sums must be 1,
# - explain why a token can be dropped, and which router never drops one.
#
# **The core path**, marked ★, is sections 1 to 6 and 8, about 45 minutes: a first-time reader took that long over an
# earlier, longer version. There is a place to rest after section 4.

# %% [markdown]
# ## 1 · ★ Watch three routers (10 min)
#
# Run the next cell and watch 16 tokens, the patches of a handwritten seven, pass through three routers. One loop takes
# 12 seconds; if your system is set to reduce motion, you see six still pictures instead. You need not understand all of
# it yet: the text below explains what it shows.

# %%
from softmoe_edu.widgets import RoutingFlow

RoutingFlow(focus=("capacity_factor", "top_k", "slots_per_expert"))

# %% [markdown]
# A transformer block has two parts: attention, in which tokens look at each other, and an MLP, which transforms each
# token on its own. A **mixture of experts** replaces that one MLP with many, the *experts*. A **router** decides how
# tokens reach them.
#
# - Each expert has a fixed number of **slots**, and computes one answer for each slot. The work depends on the number
#   of slots, not on the number of experts: 4 experts with 4 slots each do as much work as 16 experts with one slot
#   each, and have a quarter of the parameters. With as many slots as tokens, all experts together do as much work as
#   the one MLP did.
# - Filling the slots with tokens is called **dispatch**; bringing the answers back to the tokens is called **combine**.
# - In a **sparse** router, such as the first two (tokens choice and experts choice), a slot holds a single token or
#   none. A token that is in no slot is **dropped**: the layer has no answer for it.
#
# **Look again** at the picture, and use its three controls. The *capacity factor* of a sparse router is its number of
# slots divided by the number of tokens: 1 means 16 slots for 16 tokens. (*top_k*, how many experts a token may choose,
# stays at 1 in this lesson.)
#
# <details><summary>1. Why does tokens choice drop token 10, although two of its slots stay empty?</summary>
# Tokens 2, 5, 6, 9 and 10 all choose expert 0, which has four slots. They are served in order, and token 10 comes last.
# The empty slots belong to experts that fewer tokens chose.</details>
#
# <details><summary>2. What happens with a capacity factor of 1.25, and what does it cost?</summary>
# Each expert has five slots, and no token is dropped. But all 20 slots are computed, and four of them are
# empty.</details>
#
# <details><summary>3. What does a slot hold in Soft MoE?</summary>
# A mix of all 16 tokens, with more of some and less of others. So no token can be left out.</details>

# %% [markdown]
# ### Six steps
#
# Six steps describe every router in this course. They are the chapters of the picture.
#
# A **score** says how well a token and an expert fit, before any softmax; it is also called a *logit*. Every expert (in
# Soft MoE, every slot) has a learned vector, and a token's score is its dot product with that vector. Soft MoE first
# scales both to length 1, so that the product is their cosine, and then multiplies it by a learned scale. A **gate** is
# what the softmax makes of a score: a number between 0 and 1. *Top-k* means the k best, here with k = 1.
#
# | step | tokens choice | experts choice | Soft MoE |
# | --- | --- | --- | --- |
# | **score** | token · expert's vector | token · expert's vector | cosine of token and slot's vector, times a scale |
# | **normalise** | softmax over experts | softmax over experts | two softmaxes, one for dispatch and one for combine |
# | **select** | each token takes its top-k experts | each expert takes its best tokens | *nothing is selected* |
# | **dispatch** | copy the token into a slot, if one is free | copy the token into the slot | every slot is a mix of all tokens |
# | **compute** | each expert runs on its slots | the same | the same |
# | **combine** | gate × answer | sum of gates × answers | every token gets a mix of all slots |
#
# The *select* row is the whole idea of Soft MoE (Puigcerver et al., *From Sparse to Soft Mixtures of Experts*, ICLR
# 2024): without a selection, nothing is dropped, and every step has a gradient.
#
# The next cell shows where this lesson stands in the course. A lesson is *done* when you have passed its essential
# exercises. This one has no exercises: it is done when you have locked its three predictions.

# %%
from softmoe_edu.teaching import calibration, course_map, predict

course_map("00")

# %% [markdown]
# ## 2 · ★ The data: digits cut into tokens (3 min)
#
# scikit-learn comes with 1,797 real handwritten digits of 8 × 8 pixels, white ink on black. Cut into patches of 2 × 2
# pixels, each digit becomes 16 **tokens**: a token is the vector that stands for one patch inside the model.
#
# In the figure below, find the patches that are all black. Nearly every digit has some, and you would expect a router
# to treat them differently from ink. Remember them: section 6 checks whether it does.

# %%
import matplotlib.pyplot as plt
import torch
from IPython.display import display

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter, ViT, figures, metrics, record
from softmoe_edu.data import digits
from softmoe_edu.losses import load_balancing_loss
from softmoe_edu.training import train

device = "cuda" if torch.cuda.is_available() else "cpu"
train_digits, test_digits = digits()
print(train_digits, test_digits, sep="\n")
print("device:", device)

# %%
fig, panels = plt.subplots(1, 6, figsize=(9, 1.9), layout="constrained")
for panel, image, label in zip(panels, test_digits.images, test_digits.labels, strict=False):
    panel.imshow(image[0], cmap="gray", extent=(0, 8, 8, 0))
    panel.set(title=f"digit {label}", xticks=range(0, 9, 2), yticks=range(0, 9, 2))
    panel.grid(color="tab:blue", linewidth=0.8)
    panel.tick_params(labelbottom=False, labelleft=False, length=0)
panels[0].set_label(
    f"The first {len(panels)} test digits with the grid that cuts each into {test_digits.num_tokens} patches."
)
figures.described(panels[0], "Figure 1. Six digits, each cut into 16 patches. A patch becomes a token.")

# %% [markdown]
# ## 3 · ★ Four models (3 min)
#
# All four have 3 blocks, and 32 numbers for each token. In three of them, MoE layers with 16 experts take the place of
# the MLPs of blocks 1 and 2 (counted from 0); the fourth keeps its MLPs and is called *dense*. Each expert is as large
# as the MLP that it replaces.
#
# - In the two sparse routers, the tokens of 8 images form a *group* and compete for the same slots, as in the papers
#   that introduced these routers. Soft MoE routes each image by itself.
# - `noise_std` adds noise to the scores of tokens choice during training, so that now and then a token tries another
#   expert.
# - `scale_init` is the first value of Soft MoE's learned scale. The paper starts at 1; this run is too short for the
#   scale to grow, so we start at 8.
#
# Before you run the cell: two of the three MLPs become 16 experts each. Roughly how many times as many parameters as
# the dense model will an MoE model have? The cell prints the numbers.

# %%
DIM, EXPERTS, HIDDEN, TOGETHER = 32, 16, 64, 8


def experts():
    return Experts(DIM, EXPERTS, HIDDEN)


layers = {
    "dense": None,
    "tokens choice": lambda dim: MoE(
        TokensChoiceRouter(dim, EXPERTS, noise_std=1.0), experts(), examples_per_group=TOGETHER
    ),
    "experts choice": lambda dim: MoE(ExpertsChoiceRouter(dim, EXPERTS), experts(), examples_per_group=TOGETHER),
    "soft": lambda dim: MoE(SoftRouter(dim, EXPERTS, scale_init=8.0), experts()),
}
models = {}
for name, moe in layers.items():
    torch.manual_seed(0)
    models[name] = ViT(dim=DIM, hidden_dim=HIDDEN, moe_layers=(1, 2) if moe else (), moe=moe).to(device)
    print(f"{name:15s} {sum(p.numel() for p in models[name].parameters()):8,} parameters")

# %% [markdown]
# ## 4 · ★ Train (9 min)
#
# Each model sees 300 batches of 64 digits. Tokens choice also gets a *balance loss*, which pushes it to use its experts
# evenly; the other two routers need none (lesson 03 is about such losses). All four together take one to two minutes.
# You can stop a run with the ■ button: `train` then returns what it has so far.


# %%
def balance(routings):
    return 0.01 * sum(load_balancing_loss(routing.gates) for routing in routings.values())


histories = {}
for name, model in models.items():
    print(name)
    histories[name] = train(
        model,
        train_digits,
        test_digits,
        steps=300,
        evaluate_every=50,
        auxiliary=balance if name == "tokens choice" else None,
        threads=1,  # in steps this small, more threads wait longer than they compute
    )

# %% [markdown]
# ### Predict before you look
#
# Choose an answer, say how sure you are, and lock it: only then do the results appear. A wrong guess teaches you more
# than no guess at all.


# %%
def show_accuracy():
    curves = figures.training_curves({name: [history.test_columns] for name, history in histories.items()})
    curves.set_title("Accuracy on test digits")
    caption = "Figure 2. The share of test digits that each model gets right, as it learns."
    display(figures.described(curves, caption))
    best = {}
    for name, history in histories.items():
        best[name] = accuracy = history.test_accuracy
        error = (accuracy * (1 - accuracy) / len(test_digits)) ** 0.5
        seconds = sum(history.steps_log["seconds"])
        print(f"{name:15s} {100 * accuracy:5.1f} ± {100 * error:.1f} % right on test digits, {seconds:6.1f} s")
    dense = best.pop("dense")
    return max(best.values()) - dense


predict("m37-more-parameters", reveal=show_accuracy)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Read the table with its ±: that is the standard error from having only 500 test digits. Another seed would move the
# results as well. **One run of each on a task this easy does not show that one router is better than another**, nor
# that experts help at all: the dense model is not short of parameters here. A comparison that can show something needs
# more runs and a harder task. But this lesson does not depend on the ranking. Its subject is that the routers do
# *different things*.
#
# </details>

# %% [markdown]
# And how many tokens find no slot?


# %%
def show_dropped():
    tokens = TOGETHER * test_digits.num_tokens
    capacity = models["tokens choice"].blocks[1].mlp.router.capacity(tokens)
    by_chance = metrics.expected_drop_fraction(tokens, EXPERTS, capacity)
    print(f"{tokens} tokens, {EXPERTS} experts with {capacity} slots each; mean of both layers:")
    print(f"  experts chosen at random would drop {100 * by_chance:.1f} % of tokens")
    for name, history in histories.items():
        if name != "dense":
            print(f"  {name:15s} {100 * history.tests_log['dropped'][-1]:.1f} %")
    return histories["tokens choice"].tests_log["dropped"][-1]


predict("m15-as-many-slots", reveal=show_dropped)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# If your run is like ours, the trained router drops *more* than chance: similar patches want the same expert, and the
# balance loss, with its weight of 0.01, pulls against that but does not prevent it. Experts choice drops tokens for
# another reason: no expert is ever overfull, but a token that no expert counts among its best gets no slot.
#
# </details>

# %% [markdown]
# *A good place to rest.* What follows needs the four trained models: if the kernel has stopped in the meantime, do what
# the top of this lesson says about restarts.

# %% [markdown]
# ## 5 · ★ Record what the routers decide (6 min)
#
# What a router decides for a batch is an object, a `Routing`. It holds the scores and two sets of weights, `dispatch`
# and `combine`. `record(model)` collects the `Routing` of every router that runs inside the `with` block, so that you
# can print it, draw it and measure it.

# %%
batch = test_digits[:24]
routings = {}
for name, model in models.items():
    with torch.no_grad(), record(model.eval()) as seen:
        model(batch.images.to(device))
    if seen:
        routings[name] = {
            layer.removesuffix(".mlp.router"): routing.map(torch.Tensor.cpu) for layer, routing in seen.items()
        }
        print(f"{name:15s}", routings[name]["blocks.1"])

# %% [markdown]
# For the sparse routers, the 24 digits are 3 groups of 8 images, that is, of 128 tokens; for Soft MoE they are 24
# groups of one image. With every router there are as many slots as tokens.
#
# ### Which sums are 1?
#
# A dispatch weight says how much of a token goes into a slot; a combine weight says how much of a slot's answer goes to
# a token.


# %%
def show_sums():
    print(" " * 15 + f"{'sums of dispatch over':>30s}" + f"{'sums of combine over':>30s}")
    print(" " * 15 + f"{'tokens':>15s}{'slots':>15s}" * 2)
    for name, by_layer in routings.items():
        routing = by_layer["blocks.1"]
        sums = [weights.sum(axes) for weights in (routing.dispatch, routing.combine) for axes in (1, (2, 3))]
        spans = [f"{each.min():.2f} to {each.max():.2f}" for each in sums]
        print(f"{name:15s}" + "".join(f"{span:>15s}" for span in spans))


predict("m01-sums", reveal=show_sums)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Read the first and the last column of the row *soft*. Both are always 1: every slot is an average of tokens, and every
# token's answer is an average of the slots' answers. The two sums in between are free to vary.
#
# In a sparse router, a slot holds one token or none, so its dispatch weights sum to 1 or 0 over the tokens. A token's
# combine weights sum to the gate of the expert that took it, and to exactly **0 for a dropped token**: attention still
# changes that token, but the MoE layer adds nothing. In experts choice several experts may take the same token. Their
# gates add up, but they come from one softmax, so the sum stays below 1.
#
# </details>

# %% [markdown]
# ## 6 · ★ Look inside (9 min)
#
# The next view opens on a dropped patch of image 7 and says why it was dropped: which expert the patch asked for, and
# who holds the slots of that expert. Point at a patch, a weight, a slot or an expert, and the other panels show what
# belongs to it. Click to pin it; press <kbd>Esc</kbd> to release it. All of this works from the keyboard too:
# <kbd>Tab</kbd> to the image or the map, then the arrow keys.
#
# The bars below the map show the **load** of each expert: the number of tokens that it was given. In Soft MoE an expert
# is given parts of tokens; together they make one token's worth for each of its slots. There are 16 experts and eight
# colours: experts 0 and 8 share one, for example, and the hatched one is expert 8.

# %%
from softmoe_edu.widgets import RoutingLens

lens = RoutingLens(routings, batch.images, labels=[f"digit {digit}" for digit in batch.labels], image_index=7)
lens

# %% [markdown]
# **Find these three things** (each takes a minute):
#
# 1. *Tokens choice.* Hatched patches are dropped. Images 0 to 7 are one group: go through them. Which images lose the
#    most patches? And within an image, is background dropped more often than ink?
# 2. *Experts choice.* Find a patch that several experts took, and one that no expert took.
# 3. *Soft.* Point at a slot in `blocks.1`: how many patches have a weight over 0.05 in it? Then look at the same slot
#    in `blocks.2`. Switch from *dispatch* to *combine*: is any patch left without an answer?
#
# Now let the computer count, over more images than you could look at. First tokens choice, over 400 digits:

# %%
many = test_digits[:400]
with torch.no_grad(), record(models["tokens choice"]) as seen:
    models["tokens choice"](many.images.to(device))
blank = many.images.unfold(2, 2, 2).unfold(3, 2, 2).mean((1, 4, 5)).flatten(1) < 0.05  # (images, tokens)
for layer, routing in seen.items():
    lost = metrics.dropped(routing).cpu().view(-1, TOGETHER, test_digits.num_tokens).float()
    places = "  ".join(f"{100 * share:2.0f}" for share in lost.mean((0, 2)))
    by_image = lost.flatten(0, 1)
    print(f"{layer}: % of patches dropped")
    print(f"    first to last image of a group: {places}")
    rows = "  ".join(f"{100 * share:2.0f}" for share in by_image.mean(0).view(4, 4).mean(1))
    print(f"    top to bottom row of an image: {rows}")
    print(f"    blank patches {100 * by_image[blank].mean():.0f}, others {100 * by_image[~blank].mean():.0f}")

# %% [markdown]
# A patch's position decides much of its fate: this router serves tokens **in order of position**. The first image of a
# group finds the slots mostly free, and the last one finds many of them taken; within an image, the upper rows come
# before the lower ones. Which image comes last is an accident of the batch. Whether a patch is blank hardly matters, if
# your run is like ours: black patches were dropped about as often as the others. *Batch priority routing*
# (`TokensChoiceRouter(..., priority="gate")`) serves the tokens with the largest gates first; lesson 02 tries it.
#
# Now the other two routers, over the 24 digits in the lens:

# %%
for layer, routing in routings["experts choice"].items():
    times = metrics.experts_per_token(routing).flatten().bincount()
    print(f"experts choice, {layer}: patches taken by 0, 1, 2, ... experts: {times.tolist()}")
for layer, routing in routings["soft"].items():
    sees = (routing.dispatch > 0.05).sum(1).flatten().float()
    print(
        f"soft, {layer}: patches with a weight over 0.05 in a slot: {sees.min():.0f} to {sees.max():.0f}, "
        f"mean {sees.mean():.1f}"
    )

# %% [markdown]
# In experts choice, nothing makes the experts share out the patches: some patches are taken by two or three of them, and
# many by none. In Soft MoE a slot usually holds some of many patches.

# %% [markdown]
# ## 7 · The same on paper (3 min)
#
# What the lens shows can also be drawn as plain figures. Here are the three routers on the first image, one row each:
# where its tokens go, what comes back, and how full the experts are with the tokens of all images. Each map has its own
# colour scale, so compare patterns, not colours. A dropped token is a row that is empty in both maps: look for one.

# %%
by_router = {name: by_layer["blocks.1"] for name, by_layer in routings.items()}
caption = "Figure 3. Where tokens go, what comes back, and how full the experts are."
figures.described(figures.compare_routers(by_router), caption)

# %% [markdown]
# And here is what eight slots of Soft MoE see of the first image: the brighter a patch, the more of it is in the slot.

# %%
caption = "Figure 4. What eight slots of Soft MoE see of the first image."
figures.described(figures.slot_views(routings["soft"]["blocks.2"], batch.images[0], slots=8), caption)

# %% [markdown]
# ## 8 · ★ What is settled, and what is not (5 min)
#
# *Settled, by what you ran:* Soft MoE dropped nothing; its dispatch sums to 1 over tokens and its combine over slots.
# The sparse routers left tokens without an expert although there were enough slots for all of them.
#
# *Not settled:* whether any of this makes a better model. On these digits, a small dense model and three models with
# several times its parameters do about equally well. The paper's claim is about models a thousand times larger, trained
# on billions of images.
#
# ### Five questions
#
# Answer first, then click the question.
#
# <details><summary>1. A token is dropped by tokens choice. What does the MoE layer return for it?</summary>
# Exactly 0. The block adds that 0 to the token, so in this block only attention has changed it.</details>
#
# <details><summary>2. Which softmax of Soft MoE runs over tokens, dispatch or combine?</summary>
# Dispatch: every slot is an average of tokens. Combine runs over all slots of all experts.</details>
#
# <details><summary>3. Tokens choice has exactly as many slots as there are tokens. Why does it drop any?</summary>
# Each token chooses for itself. Some experts are chosen by more tokens than they have slots, while others stay half
# empty.</details>
#
# <details><summary>4. You replace the other 7 images of a group. With which routers can the result for your image
# change?</summary>
# With tokens choice and experts choice: their tokens compete for slots within a group. Soft MoE routes each image
# alone.</details>
#
# <details><summary>5. Twice as many experts, the same total number of slots: how do parameters and work
# change?</summary>
# The experts' parameters double. The work does not: each slot still passes through one expert.</details>

# %%
calibration("00")
