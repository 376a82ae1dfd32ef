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
# **In 30 minutes** you train four small Vision Transformers on real handwritten digits, three of them with a
# mixture-of-experts (MoE) layer, and then look at what each router did with each patch of each image.
#
# You need: Python, and to know what a transformer block is. All of it runs on a laptop's CPU in under two minutes of
# computing; where there is a GPU it is used. Nothing is downloaded.
#
# At the end you can
# - name the six steps of every router,
# - read a dispatch map (which token goes into which slot) and a combine map (which slot answers which token), and say
#   which sums must be 1,
# - say why a token can be dropped, and which router never drops one.

# %% [markdown]
# ## 1 · What a mixture of experts is, on one page
#
# A transformer block has two parts: attention, where tokens look at each other, and an MLP, which transforms each
# token alone. A **mixture of experts** replaces that one MLP by many, the *experts*, and adds a **router** which
# decides how tokens reach them. The model gets many more parameters, and the work stays about the same, as long as the
# experts together have about as many places to fill as there are tokens.
#
# These places are the **slots**: the input rows of an expert, a fixed number each, which for a sparse router is also
# called its *capacity*. A router answers two questions: how do tokens fill slots (**dispatch**), and how do slots answer
# tokens (**combine**)? A token that no slot takes is **dropped**: the layer has no answer for it.
#
# ```
# tokens --router--> Routing --to_slots--> slots --experts--> slots --to_tokens--> tokens
# ```
#
# Six steps describe every router of this course. A *gate* is the softmax score of a token and an expert; every expert (or
# slot) owns a learned vector for scoring; *top-k* is the k best, here with k = 1.
#
# | step | Tokens Choice | Experts Choice | Soft MoE |
# | --- | --- | --- | --- |
# | **score** | token · expert | token · expert | cosine of token and slot, times a scale |
# | **normalise** | softmax over experts | softmax over experts | two softmaxes: over tokens, and over slots |
# | **select** | each token takes its top-k experts | each expert takes its best tokens | *nothing is selected* |
# | **dispatch** | copy the token into a slot, if one is free | copy the token into the slot | every slot is a mix of all tokens |
# | **compute** | each expert runs on its slots | the same | the same |
# | **combine** | gate × answer | sum of gates × answers | every token gets a mix of all slots |
#
# The row *select* is the whole idea of Soft MoE (Puigcerver et al., *From Sparse to Soft Mixtures of Experts*, ICLR
# 2024): without a selection nothing is dropped, and every step has a gradient.

# %% [markdown]
# ## 2 · The data: digits cut into tokens
#
# scikit-learn ships 1,797 real handwritten digits of 8 × 8 pixels, white ink on black. Cut into patches of 2 × 2 pixels,
# each is 16 tokens: a token is the model's vector of a patch.

# %%
import matplotlib.pyplot as plt
import torch

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
figures.described(panels[0])

# %% [markdown]
# ## 3 · Four models
#
# All four have 3 blocks and 32 numbers per token. In three of them the MLPs of blocks 1 and 2 (counted from 0) become
# MoE layers with 16 experts. Each expert is as large as the MLP it replaces.
#
# The two sparse routers let 8 images of the batch, a *group*, compete for the same slots, as their papers do; Soft MoE
# routes each image alone. `noise_std` shakes the scores of tokens choice in training, so that it tries other experts.
# `scale_init=8` is not the paper's 1: Soft MoE's scores are cosines between -1 and 1, whose softmax is flat, and in a run
# this short the scale does not grow enough by itself.

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
# ### Predict before you look
#
# The MoE models have several times the parameters of the dense one. Write down your guesses here, as numbers; a guess
# that turns out wrong teaches more than none.

# %%
my_best = "?"  # which of the four will be best on test digits?
my_gap = "?"  # by how many percentage points will it beat the dense model?
my_dropped = "?"  # what percentage of tokens will tokens choice drop? (16 experts, slots for exactly all tokens)

# %% [markdown]
# ## 4 · Train
#
# Each model sees 300 batches of 64 digits. Tokens choice also gets a loss that pulls its experts towards balance; the
# other two need none. You can stop a run with the ■ button: training hands back what it has.


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
        threads=1,  # steps this small lose more to waiting threads than they gain
    )

# %%
curves = figures.training_curves({name: [history.test_columns] for name, history in histories.items()})
curves.set_title("Accuracy on test digits")
figures.described(curves)

# %%
print(f"{'model':15s} {'test accuracy':>17s} {'dropped':>9s} {'time':>8s}")
for name, history in histories.items():
    accuracy = history.test_accuracy
    error = (accuracy * (1 - accuracy) / len(test_digits)) ** 0.5
    dropped, seconds = history.tests_log["dropped"][-1], sum(history.steps_log["seconds"])
    lost = "no router" if name == "dense" else f"{100 * dropped:.0f} %"
    print(f"{name:15s} {100 * accuracy:8.1f} ± {100 * error:.1f} % {lost:>11s} {seconds:6.1f} s")
print(f"\nYou guessed: best {my_best}, ahead by {my_gap} points; tokens choice drops {my_dropped} %.")

# %% [markdown]
# Read the table with its ±: that is the standard error from having only 500 test digits, and another seed moves the
# result as well. **One run of each on a task this easy does not show that one router is better than another**, nor
# that experts help at all: the dense model is not short of parameters here. Comparisons that
# can show something need more runs and a harder task. What this lesson is about does not depend on the ranking: the routers do *different things*.
#
# And how many tokens does chance alone drop? With slots for exactly all tokens, a router that picks experts at random
# would lose this share, since some experts get more than they have room for:

# %%
tokens = TOGETHER * test_digits.num_tokens
capacity = models["tokens choice"].blocks[1].mlp.router.capacity(tokens)
by_chance = metrics.expected_drop_fraction(tokens, EXPERTS, capacity)
print(f"{tokens} tokens, {EXPERTS} experts x {capacity} slots: chance drops {100 * by_chance:.1f} %")
print(
    f"the trained router drops {100 * histories['tokens choice'].tests_log['dropped'][-1]:.1f} % (mean of both layers)"
)

# %% [markdown]
# If your run is like ours, the trained router drops *more* than chance: similar patches want the same expert, and the
# balance loss, at weight 0.01, only pulls against that. Experts choice drops tokens for another reason: no expert is ever
# over-full, but a token that is among no expert's best gets no slot.

# %% [markdown]
# ## 5 · Record what the routers decide
#
# `record(model)` collects the `Routing` of every router that runs inside the block. A `Routing` is a value: you can
# print it, draw it, measure it.

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
# Here `groups` are the sets of tokens that compete: 3 groups of 8 images for the sparse routers, 24 groups of one image
# for Soft MoE. Each image has 16 tokens and on average 16 slots, whoever routes.
#
# ### Which sums are 1?
#
# *Predict:* a dispatch weight says how much of a token goes into a slot; a combine weight, how much of a slot's answer
# goes to a token. For each router: does dispatch sum to 1 over tokens? Does combine sum to 1 over slots?

# %%
print(f"{'router':15s} {'dispatch over tokens':>22s} {'combine over slots':>22s}")
for name, by_layer in routings.items():
    routing = by_layer["blocks.1"]
    into_slots, to_tokens = routing.dispatch.sum(1), routing.combine.sum((2, 3))
    spans = [f"{sums.min():.2f} to {sums.max():.2f}" for sums in (into_slots, to_tokens)]
    print(f"{name:15s} {spans[0]:>22s} {spans[1]:>22s}")

# %% [markdown]
# Soft MoE: both are 1, always. Every slot is an average of tokens, and every token's answer an average of slots.
# A sparse router's slot holds one token or none, so its dispatch sums to 1 or 0. Its combine sums to the gates of the
# experts that had room, and to exactly **0 for a dropped token**: attention still changes that token, the MoE layer adds
# nothing. In experts choice the gates of several experts add up; they are of one softmax, so the sum stays below 1.

# %% [markdown]
# ## 6 · Look inside
#
# Point at a patch, a weight, a slot or an expert: the others answer. Click to pin, <kbd>Esc</kbd> to free. All of it
# works from the keyboard too: <kbd>Tab</kbd> to the image or the map, then the arrow keys.

# %%
from softmoe_edu.widgets import RoutingLens

lens = RoutingLens(routings, batch.images, labels=[f"digit {digit}" for digit in batch.labels])
lens

# %% [markdown]
# **Find these three things** (each takes a minute):
#
# 1. *Tokens choice.* Hatching marks dropped patches. Images 0 to 7 are one group: move through them. Which images lose
#    most? And within an image, are ink and background dropped alike?
# 2. *Experts choice.* Find a patch that several experts took, and one that none took.
# 3. *Soft.* Point at a slot in `blocks.1`: how many patches get more than 0.05 of it? Then at the same slot in `blocks.2`.
#    Change *dispatch* to *combine*: is any patch without an answer?
#
# Now count over more than you can look at. First tokens choice, over 400 digits:

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
# Where a patch stands decides much of its fate: this router serves tokens **in order of position**, so the first image of
# a group finds mostly empty experts and the last finds full ones, and in an image the upper rows come before the lower.
# Whose picture comes last is an accident of the batch.
# *Batch priority routing* (`TokensChoiceRouter(..., priority="gate")`) serves the surest tokens first.
#
# Then the other two, over the 24 digits of the lens:

# %%
for layer, routing in routings["experts choice"].items():
    times = metrics.experts_per_token(routing).flatten().bincount()
    print(f"experts choice, {layer}: patches taken by 0, 1, 2, ... experts: {times.tolist()}")
for layer, routing in routings["soft"].items():
    sees = (routing.dispatch > 0.05).sum(1).flatten().float()
    print(
        f"soft, {layer}: patches with over 0.05 of a slot: {sees.min():.0f} to {sees.max():.0f}, mean {sees.mean():.1f}"
    )

# %% [markdown]
# ### Exchange the router
#
# Keep the trained Soft MoE as it is and let another router read the scores of its layer in block 1. *Predict:* which of
# the six others moves the model's output least, and which changes most answers?

# %%
from softmoe_edu import ROUTERS
from softmoe_edu.rerouting import Rerouted
from softmoe_edu.widgets import RouterExplorer

layer = Rerouted(models["soft"], batch.images.to(device), "blocks.1.mlp")
explorer = RouterExplorer(
    layer.logits, batch.images, labels=batch.labels.tolist(), dim=DIM, hidden_dim=HIDDEN, model_output=layer,
    **layer.settings,
)  # fmt: skip
own = layer(None)
for router in ROUTERS:
    output = layer(explorer.settings | {"router": router})
    moved = ((output - own).norm(dim=1) / own.norm(dim=1)).mean()
    others = int((output.argmax(1) != own.argmax(1)).sum())
    print(f"{router:15s} moves the output by {100 * moved:5.1f} %, changes {others:2d} of {len(own)} answers")

# %%
explorer

# %% [markdown]
# Open *Side by side* for one digit at a time, and turn the scale, the capacity or the experts: Python works out anew how far
# each router moves the output. This model was trained with Soft MoE; the numbers say what it relies on, not which router
# would have trained better.

# %% [markdown]
# ## 7 · The same on paper
#
# What the lens shows can be drawn without it. First the three routers on the first image, one row each: where its tokens
# go, what comes back, and how full the experts are with the tokens of all images. (Drop rates here are those of one layer
# and 24 digits, so they differ from the table's.)

# %%
figures.described(figures.compare_routers({name: by_layer["blocks.1"] for name, by_layer in routings.items()}))

# %%
figures.described(
    figures.dropped_tokens(routings["tokens choice"]["blocks.1"], batch.images, examples_per_group=TOGETHER)
)

# %%
figures.described(figures.slot_views(routings["soft"]["blocks.2"], batch.images[0], slots=8))

# %% [markdown]
# ## 8 · What is settled, and what is not
#
# *Settled, by what you ran:* Soft MoE dropped nothing; its dispatch sums to 1 over tokens and its combine over slots.
# The sparse routers left tokens without an expert although there were slots for all.
#
# *Not settled:* whether any of this makes a better model. On these digits a small dense model and three that are several times
# larger come close.
# The paper's claim is about models a thousand times larger, trained on billions of images.
#
# ### Five questions
#
# Answer first, then click the question.
#
# <details><summary>1. A token is dropped by tokens choice. What does the MoE layer return for it?</summary>
# Exactly 0. The block adds that to the token; only attention has changed it in this block.</details>
#
# <details><summary>2. Which softmax of Soft MoE runs over tokens, dispatch or combine?</summary>
# Dispatch: every slot is an average of tokens. Combine runs over all slots of all experts.</details>
#
# <details><summary>3. Tokens choice has slots for exactly all tokens. Why does it drop any?</summary>
# Tokens choose freely. Some experts are wanted by more tokens than they have slots, while others stay half empty.</details>
#
# <details><summary>4. You exchange the other 7 images of the group. Whose result for your image can change?</summary>
# That of tokens choice and experts choice: they compete for slots inside a group. Soft MoE routes each image alone.</details>
#
# <details><summary>5. Twice as many experts, the same number of slots in all: how do parameters and work change?</summary>
# The experts' parameters double. The work does not: each slot still passes through one expert.</details>
