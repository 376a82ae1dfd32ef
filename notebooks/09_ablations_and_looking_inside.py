# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · Ablations and looking inside
#
# An *ablation* takes one part of a method away, trains again, and looks at what is lost. You predict the paper's most
# telling table, build its rows yourself, and read what this project measured of it. Then you look inside trained
# layers: what a slot mixes, which tokens count, and whether experts are specialists.
#
# **The core path (60 minutes), marked ★:** sections 1 to 5 (about 45 minutes), a resting point, then sections 6 and
# 14 (about 15). Everything takes about 124 minutes. These minutes are estimates; nobody has been timed yet. One cell
# trains a model, for about 15 seconds on two free cores.
#
# You need lessons 01, 02 and 05. It helps to know how a comparison is judged (lesson 08) and what experts choice does
# (lesson 04).
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - say what each row of the paper's Table 2 takes away, and how much of the gain is left,
# - write identity and uniform routing, and say what each does to the tokens,
# - measure what a slot mixes, which tokens count, and whether an expert's slots are alike,
# - test a claim about specialists, and name what a map of experts and topics does not show.

# %%
from softmoe_edu.teaching import course_map

course_map("09")

# %% [markdown]
# ## 1 · ★ Why, and what you still know (5 min)
#
# Soft MoE has three parts that could explain why it does well: many experts, mixing of tokens, and weights that are
# learned. A good result does not say which of them matters. You find out by taking them away one by one, if you train
# each remaining model again from the start, with the same care.
#
# Three questions from earlier lessons. Answer first, then open.
#
# <details><summary>Lesson 08: Two models were trained once each, and one is a point better. What do you
# know?</summary>Very little: another seed moves such results by about as much. It takes several paired seeds, and an
# interval or a test, to say which one is better.</details>
#
# <details><summary>Lesson 07: You shuffle the tokens of an image. What happens to the answers of a Soft MoE
# layer?</summary>They are shuffled in the same way and otherwise stay as they were: the layer does not know
# positions.</details>
#
# <details><summary>Lesson 05: Which weights sum to 1, and over what?</summary>Dispatch weights over the tokens of each
# slot, combine weights over all slots of each token.</details>

# %%
import textwrap

import torch

from softmoe_edu import (
    ROUTERS,
    Experts,
    IdentityRouter,
    MoE,
    SoftRouter,
    SoftRouting,
    ViT,
    evidence,
    figures,
    metrics,
    paper,
    record,
)
from softmoe_edu.data import languages
from softmoe_edu.teaching import check, clinic, hint, predict, returning, use
from softmoe_edu.training import train

returning("09")

# %% [markdown]
# ## 2 · ★ Predict the table (11 min)
#
# Table 2 of the paper (Puigcerver et al., *From Sparse to Soft Mixtures of Experts*, ICLR 2024, Section 3.5 and
# Appendix A) has six rows. Here they are in alphabetical order, with the model without experts last. The other five
# are a ViT S/14 with 256 experts of one slot each; all six were trained for 300,000 steps. In a name with two parts,
# dispatch comes first and combine second.
#
# | row | experts | dispatch | combine |
# | --- | --- | --- | --- |
# | **identity** | 256 | token *i* goes alone to expert *i* | the expert's answer comes back alone |
# | **soft** | 256 | learned | learned |
# | **soft / uniform** | 256 | learned | all weights equal |
# | **uniform** | 256 | all weights equal | all weights equal |
# | **uniform / soft** | 256 | all weights equal | learned |
# | **dense** | none: a plain ViT | no slots | no slots |
#
# Put the six in order in the next cell, best first, and lock your answer to the question below it. (*JFT-4B* is
# Google's own set of four billion images. *10-shot accuracy*: the trained network is kept as it is, and classes are
# learned from ten images each.)

# %%
my_order = []  # six names in quotes, with commas between them, the best first

# %%
SHORT = {"soft moe": "soft", "vit": "dense"}
rows = {row["method"].lower(): row for row in paper.published("table2")}
rows = {SHORT.get(method, method): row for method, row in rows.items()}


def show_table():
    print(f"{'Table 2, % right':18s}{'JFT-4B':>8s}{'ImageNet 10-shot':>19s}")
    for name, row in rows.items():
        print(f"{name:18s}{row['jft']:8.1f}{row['imagenet_10shot']:19.1f}")
    if sorted(my_order) != sorted(rows):
        print("\nmy_order does not hold the six names, so it cannot be compared")
        return
    pairs = [(a, b) for i, a in enumerate(my_order) for b in my_order[i + 1 :]]
    score = {name: row["imagenet_10shot"] for name, row in rows.items()}
    right = sum(score[a] > score[b] for a, b in pairs)
    print(f"\nyour order: {right} of {len(pairs)} pairs as in the paper")


predict("m33-without-learning", reveal=show_table)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Go down the table and ask what each step takes away. From soft to uniform, learning: 74.8 to 70.0. From uniform to
# identity, mixing: 70.0 to 69.1. From identity to dense, the experts: 69.1 to 62.3. The last step is the largest: 256
# experts that are chosen by position alone beat the dense ViT of about the same cost by 6.8 points. Each of them is
# an MLP for one place of the image. So Soft MoE's lead has several sources: the experts' parameters above all, then
# the learned weights. Whoever reports only the total cannot tell them apart. (In another order, the steps would share
# the lead out a little differently.)
#
# The paper trained each row once. The order is the same on both data sets; single runs cannot say more.
#
# </details>
#
# **The same on a small scale.** This project trains all six rows on two tasks, with ten seeds each: digits in scripts
# with their 16 tokens in order, and the same with the tokens shuffled in every image. Then a token's place in the
# sequence says nothing; where it belongs in the image is written on the token itself. Which row do you expect to
# suffer from the shuffling? (The cell reads the record of these runs.)


# %%
found = evidence.entry("ablations")
print(textwrap.fill(f"Done here: {found.claim.did}", 88), f"\n\n{found}")
ours = {each.name: each for each in found.finding.measured} if found.finding else {}
for task in ("scripts", "scripts, shuffled") if ours else ():
    print(f"\n{task}: % of test images right, mean and interval")
    for name in rows:
        mean = ours[f"{task}: {name}"]
        print(f"  {name:15s} {mean.value:5.1f}  ({mean.low:.1f} to {mean.high:.1f})")

# %% [markdown]
# Two things limit this result, whatever it is: the models are thousands of times smaller than the paper's, and the
# tasks are others. “Contradicted at this scale” would not mean that the paper is wrong, nor “reproduced” that it is
# right at every scale.

# %% [markdown]
# ## 3 · ★ Exercise: experts by position (10 min)
#
# **Write `identity_routing(tokens, experts, slots)`.** It deals tokens out like cards. Token 0 goes to expert 0, token
# 1 to expert 1, and so on; when every expert has one, the next round begins with expert 0 again, and fills the next
# slot. A token is alone in its slot, with weight 1, and gets that slot's answer back whole.
#
# - *In:* three whole numbers: how many tokens and experts there are, and how many slots each expert has. There are
#   always enough slots: `tokens <= experts * slots`.
# - *Out:* two tensors, `(dispatch, combine)`, both of shape `(tokens, experts, slots)` and dtype float32. There is no
#   batch axis, because all examples are dealt out alike.
# - *Empty slots:* if slots are left over, they hold nothing: all their weights are 0.
# - *Tiny example:* 5 tokens, 3 experts of 2 slots. Tokens 0, 1, 2 are in slot 0 of experts 0, 1, 2; tokens 3 and 4 are
#   in slot 1 of experts 0 and 1; slot 1 of expert 2 is empty.


# %% tags=["exercise:identity-routing"]
def identity_routing(tokens, experts, slots):
    """Deal tokens out to experts by position, one token in a slot.

    tokens, experts: how many there are. slots: slots of one expert.

    Returns (dispatch, combine), each (tokens, experts, slots) of float32.
    """
    raise NotImplementedError


# %% tags=["check:identity-routing"]
check("identity-routing", identity_routing)

# %% [markdown]
# Stuck? Call `hint("identity-routing")`.
#
# Now use it on an image of 4 x 4 patches. *Before you run the cell:* which patches share expert 1? And what happens
# to the layer's answers if the patches come in another order?

# %%
deal = use("identity-routing", identity_routing)
dispatch, combine = deal(16, 4, 4)
grid = dispatch.sum(2).argmax(1).view(4, 4)
print("the expert of each patch:", *grid.tolist(), sep="\n  ")

layer = MoE(IdentityRouter(dim=8, num_experts=4), Experts(8, 4, 16))
soft = MoE(SoftRouter(8, 4, 4, scale_init=8.0), Experts(8, 4, 16))
x, order = torch.randn(3, 16, 8), torch.randperm(16)
with torch.no_grad():
    slots = torch.einsum("nep,bnd->bepd", dispatch, x)
    answers = torch.einsum("nep,bepd->bnd", combine, layer.experts(slots))
    print(f"gap from the library's layer: {(answers - layer(x)).abs().max():.0e}")
    for name, each in (("identity", layer), ("soft", soft)):
        gap = (each(x[:, order]) - each(x)[:, order]).abs().max()
        print(f"{name}: shuffled tokens, answers differ by up to {gap:.0e}")

# %% [markdown]
# **Is identity the same as having no experts?** No: it learns nothing about routing, but it has all the experts. It
# is a layer with an MLP for each position. That is why the order of the tokens matters to it, and not to Soft MoE.
# Where a position always means the same thing, as in centred photographs, that alone may help a lot.

# %% [markdown]
# ## 4 · ★ Uniform mixing: predict, then compute (9 min)

# %%
predict("m43-uniform-answers")

# %% [markdown]
# ### The example of lesson 05, with one side uniform
#
# Tokens [1, 0] and [0, 2], and three experts of one slot. Expert 0 multiplies by 4, experts 1 and 2 by 3. The scores,
# as exp(score):
#
# | token | its numbers | slot 0 | slot 1 | slot 2 |
# | --- | --- | --- | --- | --- |
# | **token 0** | [1, 0] | 3 | 1 | 2 |
# | **token 1** | [0, 2] | 1 | 2 | 1 |
#
# *Uniform / soft:* dispatch does not look at the table, so each token has weight 1/2 in each slot. Combine is as in
# lesson 05: the rows, divided by their sums. On paper, in fractions:
#
# 1. **dispatch**: every slot holds 1/2 · [1, 0] + 1/2 · [0, 2] = [1/2, 1].
# 2. **compute**: expert 0 answers 4 · [1/2, 1] = [2, 4], experts 1 and 2 answer 3 · [1/2, 1] = [3/2, 3].
# 3. **combine**: token 0 has the weights 3/6, 1/6, 2/6. What is its answer? And that of token 1, with 1/4, 2/4, 1/4?

# %%
my_token_0 = "?"  # two numbers, such as "1/2, 3/4"
my_token_1 = "?"

# %%
from fractions import Fraction

said = ([2, 4], [Fraction(3, 2), 3], [Fraction(3, 2), 3])  # what the experts answer
for powers, mine in (([3, 1, 2], my_token_0), ([1, 2, 1], my_token_1)):
    share = [Fraction(power, sum(powers)) for power in powers]
    pairs = list(zip(share, said, strict=True))
    exact = [sum(c * answer[i] for c, answer in pairs) for i in (0, 1)]
    if mine == "?":
        print("not filled in; whether it is right appears here once it is")
        continue
    try:
        parts = str(mine).strip("[] ").split(",")
        right = [Fraction(part.replace(" ", "")) for part in parts] == exact
    except (ValueError, ZeroDivisionError):
        print(f'{mine!r} cannot be read: write two numbers such as "1/2, 3/4"')
        continue
    print(mine, "is right" if right else "is not it: add up weight times answer again")

# %% [markdown]
# ## 5 · ★ Exercise: three rows of the table (10 min)
#
# **Write `uniform_routing(logits, uniform)`.** It returns the weights of a Soft MoE layer in which one side, or both,
# is not learned.
#
# - *In:* `logits` (b, n, e, p), the scores of n tokens with e experts of p slots in b examples; `uniform`, one of
#   `"dispatch"`, `"combine"` and `"both"`: the side whose weights are all equal.
# - *Out:* `(dispatch, combine)`, both of the shape and dtype of `logits`. A uniform side is still an average: its
#   weights sum to 1, dispatch over the tokens of each slot, combine over all slots of all experts of each token. The
#   other side is Soft MoE's own (Eq. 1 or Eq. 2 of the paper), and passes a gradient to the scores.
# - *Tiny example:* 2 tokens, 3 experts of one slot, `uniform="dispatch"`, the table above: all dispatch weights are
#   1/2, and the combine weights are (3, 1, 2)/6 and (1, 2, 1)/4.
#
# In the names of Table 2, `uniform="dispatch"` is *uniform / soft* and `uniform="combine"` is *soft / uniform*.


# %% tags=["exercise:uniform-routing"]
def uniform_routing(logits, uniform):
    """Return Soft MoE's weights with one side, or both, not learned (Table 2).

    logits (b, n, e, p): the scores. uniform: "dispatch", "combine" or "both", the side
        whose weights are all equal.

    Returns (dispatch, combine), each of the shape and dtype of logits.
    """
    raise NotImplementedError


# %% tags=["check:uniform-routing"]
check("uniform-routing", uniform_routing)

# %% [markdown]
# Stuck? Call `hint("uniform-routing")`.
#
# Now count, with your weights. A layer with 8 experts of one slot gets 16 different tokens. For each of the three
# settings: how many different slots are filled, and how many different answers come back? *Say the six numbers
# first.*

# %%
mix = use("uniform-routing", uniform_routing)
experts = Experts(12, 8, 16)
x, scores = torch.randn(1, 16, 12), torch.randn(1, 16, 8, 1)


def different(vectors):
    return len({tuple(each) for each in (1e4 * vectors).round().int().tolist()})


for uniform in ("dispatch", "combine", "both"):
    routing = SoftRouting(*mix(scores, uniform))
    with torch.no_grad():
        slots = different(routing.to_slots(x)[0].flatten(0, 1))
        answers = different(routing.through(x, experts)[0])
    print(f"uniform {uniform:9s} {slots:2d} different slots, {answers:2d} answers")

# %% [markdown]
# With uniform dispatch, experts differ only by their parameters, since all of them read the mean token. With uniform
# combine, the layer adds one and the same vector to every token, and only the residual connection keeps tokens apart.
# It is remarkable how well a model can do like this.
#
# **Resting point.** You have the table in code. Next you look inside a trained model. The core path goes on with
# section 6 and ends with section 14; the sections between them are optional.

# %% [markdown]
# ## 6 · ★ Are experts specialists? (10 min)
#
# Sparse or soft, experts are modules, and modules can be inspected. Does each take on a topic? In one of this
# project's records, models read letters in many scripts, or names of countries in forty languages. No label says
# which script (Latin, Greek, Cyrillic, ...) a token is in.


# %%
def show_tests():
    path = evidence.record_path(evidence.RECORDS, "specialisation")
    results = evidence.read_record(path, "specialisation").results
    for when in ("untrained", "trained"):
        column = f"chance_images_{when}"
        chances = [p for each in results for p in each.figures[column]]
        yes = sum(p < 0.05 for p in chances)
        share = 100 * yes / len(chances)
        print(f"{when:10s} yes in {yes} of {len(chances)} layers, {share:.0f} %")


predict("m31-before-training", reveal=show_tests)

# %% [markdown]
# ### See it happen
#
# A small ViT reads names of countries, one character per token, and learns which of 40 languages a name is in. Its
# MoE layers have 8 experts of 3 slots each. We keep a copy from before training.

# %%
import copy

train_names, test_names = languages()
chosen = torch.randperm(len(test_names), generator=torch.Generator().manual_seed(2))
test_names = test_names[chosen[:800]]


def soft_layer(dim):
    return MoE(SoftRouter(dim, 8, 3, scale_init=8.0), Experts(dim, 8, 64))


torch.manual_seed(0)
sizes = {"image_size": 5, "patch_size": 1, "channels": 22, "num_classes": 40}
reader = ViT(**sizes, moe_layers=(1, 2), moe=soft_layer)
untrained = copy.deepcopy(reader)
settings = {"steps": 240, "learning_rate": 4e-3, "threads": 1}
history = train(reader, train_names, test_names, **settings)
print(f"accuracy on new names: {100 * history.test_accuracy:.0f} %, by chance 2.5 %")

# %%
from softmoe_edu.course.lesson_09 import topics

names, kinds = topics.script_names(test_names, most=8)
tables = {}
for when, each in (("untrained", untrained), ("trained", reader)):
    with torch.no_grad(), record(each.eval()) as seen:
        each(test_names.images)
    shares = topics.expert_shares(seen["blocks.2.mlp.router"]).flatten(0, 1)
    tables[when] = topics.topic_table(shares[kinds >= 0], kinds[kinds >= 0])
caption = "Figure 1. Which experts answer which scripts, before training and after it."
figures.described(topics.topic_map(tables, names, "Experts and scripts"), caption)

# %% [markdown]
# Each cell says how much of a script's answers comes from an expert, divided by that expert's mean over the eight
# scripts. Had you met the first map in a paper, alone, under the title “experts specialise”, would you have believed
# it?
#
# A fair comparison has three models: the trained one, the same one before training, and the trained one with *new
# random routers*. It asks how much the expert *tells* you about the script: 0 % is nothing, 100 % gives the script
# away. (This is their mutual information, as a share of the script's entropy.) And it shuffles twice: scripts among
# names, and scripts among whole languages, because names in one language belong together.

# %%
from softmoe_edu.evidence.claims.specialisation import redraw, told

redrawn = copy.deepcopy(reader)
torch.manual_seed(7)
redraw(redrawn)
models = {"untrained": untrained, "trained": reader, "new routers": redrawn}
print("last layer     tells   by chance   p, names   p, languages")
for name, each in models.items():
    layers = told(each, test_names, shuffles=99)
    tells, by_chance, _, p_names, p_languages = (column[-1] for column in layers)
    print(f"{name:12s}{100 * tells:6.1f} %{100 * by_chance:10.1f} %", end="")
    print(f"{p_names:11.2f}{p_languages:14.2f}")

# %% [markdown]
# **Say in a sentence** what the p-values tell, and what the column "tells" adds.
#
# <details><summary>Compare</summary>
#
# A small p-value answers a small question: is there *any* link between experts and scripts? There is one before
# training, because characters of one script have similar codes, and so similar scores. What training changes is the
# *strength* of the link. New random routers show how much of it belongs to the router: the part that they keep comes
# from the tokens, which training has set apart.
#
# </details>

# %% [markdown]
# ## 7 · Exchange the router of a trained model (10 min)
#
# There is a cheaper experiment than training six models: keep the trained reader (the model of section 6) as it is,
# and let another router read the scores of one of its layers. Six others are at hand, and by now you know all of
# them:
#
# | router | what it does with the scores | from lesson |
# | --- | --- | --- |
# | tokens choice | each token goes to its best expert, as long as that has a free slot | 01, 02 |
# | experts choice | each expert takes its best tokens | 04 |
# | uniform | ignores them | 09 |
# | identity | ignores them: experts by position | 09 |
# | uniform / soft | uses them in combine alone | 09 |
# | soft / uniform | uses them in dispatch alone | 09 |
#
# *Write your guess down before you run the cell below it:* which of the six moves the model's output least, and which
# changes the most answers?

# %%
my_guess = {"moves least": "?", "changes most": "?"}  # names from the table

# %%
from softmoe_edu.rerouting import Rerouted
from softmoe_edu.widgets import RouterExplorer

first = kinds.view(len(test_names), -1)[:, 0]  # the script of the first character
latin, cyrillic = ((first == script).nonzero()[:, 0] for script in (0, 1))
few = test_names[torch.cat([latin[:16], cyrillic[:8]])]
text = topics.characters(few)
layer = Rerouted(reader, few.images, "blocks.1.mlp")
given = {"words": text, "labels": ["".join(row).strip("·") for row in text]}
sizes = {"dim": 32, "hidden_dim": 64, "model_output": layer}
explorer = RouterExplorer(layer.logits, **sizes, **given, **layer.settings)
own = layer(None)
for router in ROUTERS:
    output = layer(explorer.settings | {"router": router})
    moved = 100 * ((output - own).norm(dim=1) / own.norm(dim=1)).mean()
    others = int((output.argmax(1) != own.argmax(1)).sum())
    print(f"{router:15s} moves the output by {moved:5.1f} %,", end=" ")
    print(f"changes {others:2d} of {len(own)} answers")
print("your guess:", my_guess)

# %% [markdown]
# The cell gave the scores of block 1 to each router in turn and ran the rest of the model as it was. The explorer
# shows the same, step by step. Open *Side by side* for one name, and change scale and capacity: Python then works out
# again how far each router moves the output.

# %%
explorer

# %% [markdown]
# **What does this model rely on?** Note which of the six hardly changes it; the next section says why.
#
# **Is this Table 2 in a minute?** No, it answers another question. The table's rows were *trained* with their
# routers, and could make up for what was taken away; here the rest of the model expects Soft MoE. An exchange shows
# what this model relies on. Only training shows what a router is worth.

# %% [markdown]
# ## 8 · The slot atlas (9 min)
#
# What does a slot do? It *reads*: dispatch says which tokens it mixes. And it *answers*: combine says which tokens
# its answer goes to. The table has a line for each of the 24 slots of the last layer, over 800 names:
#
# - *reads 90 % in*: how many of a name's 25 tokens make up 90 % of the slot (23 if all weights were equal),
# - *says*: the slot's share of all answers,
# - *answers most*: the script that gets most of it, and how many times the mean of the eight scripts that is,
# - *says most to*: the characters that get most of it. (Short names end in padding. It counts as tokens here, and is
#   left out of this column.)

# %%
with torch.no_grad(), record(reader.eval()) as seen:
    reader(test_names.images)
routing = seen["blocks.2.mlp.router"]
answers = routing.combine.flatten(2).flatten(0, 1)  # (tokens of all names, slots)
usage = metrics.slot_usage(routing).float().mean(0).flatten()
table = topics.topic_table(answers[kinds >= 0], kinds[kinds >= 0])
letters = [letter for row in topics.characters(test_names) for letter in row]
known = sorted({*letters} - {"·"})
place = torch.tensor([known.index(c) if c != "·" else len(known) for c in letters])
said = torch.zeros(len(known) + 1, 24).index_add(0, place, answers)[:-1]
print("expert slot  reads 90 % in   says    answers most           says most to")
for slot in range(24):
    first = int(table[:, slot].argmax())
    times = table[first, slot] / table[:, slot].mean()
    top = " ".join(known[i].replace(" ", "␣") for i in said[:, slot].topk(5).indices)
    print(f"{slot // 3:4d}{slot % 3:6d}{usage[slot]:10.1f} tokens", end="")
    print(f"{100 * answers[:, slot].mean():6.1f} %", end="")
    print(f"    {names[first]:11s}{times:4.1f} times    {top}")

# %% [markdown]
# **Find in the table:** a slot that says a lot, and nearly all of it to one script; and a slot that says almost
# nothing, to no script in particular. Now compare what slots read. Does any slot pick out some of the tokens when it
# *reads*?
#
# <details><summary>Compare</summary>
#
# If your run is like ours, no: all slots read nearly everything, for it takes about 22 of 25 tokens to make up 90 %
# of each. This model's experts specialise in whom they *answer*. The exchange of routers in section 7 shows that,
# too: with uniform dispatch and its own combine (uniform / soft) the model hardly changes. Within one name nearly all
# letters are of one script, so there is little to pick out. And sharp slots are not better in themselves: in the
# paper's largest model the last two layers dispatch almost uniformly (Appendix H).
#
# </details>
#
# In the lens, one name at a time: point at a slot in *dispatch*, then in *combine*.

# %%
from softmoe_edu.widgets import RoutingLens

with torch.no_grad(), record(reader) as seen:
    reader(few.images)
RoutingLens(dict(seen), **given)

# %% [markdown]
# One model, one layer, one seed. What does this project's record say about specialists?

# %%
print(evidence.entry("specialisation"))

# %% [markdown]
# ## 9 · Exercise: which tokens count (10 min)
#
# Soft MoE drops no token. So do all tokens count alike? **Write `token_importance(dispatch)`.**
#
# - *In:* `dispatch` (b, n, e, p), whose sums over the tokens of each slot are 1.
# - *Out:* three things. `importance` (b, n): each token's weights, summed over all slots of all experts, times
#   n / (e · p), so that the mean is 1. `much`: the share of all b · n tokens with importance over 2. `little`: the
#   share with 0.25 or less. Shares are numbers from 0 to 1.
# - *Edge:* exactly 2 is not over 2; exactly 0.25 counts as little.
# - *Tiny example:* 4 tokens, 2 slots. Token 0 has weights 0.875 and 0.375, so its importance is 1.25 · 4 / 2 = 2.5.


# %% tags=["exercise:token-importance"]
def token_importance(dispatch):
    """Measure how much each token counts in the slots, with a mean of 1 (Appendix G).

    dispatch (b, n, e, p): weights of n tokens in e experts of p slots.

    Returns (importance, much, little): a tensor (b, n), and two shares from 0 to 1.
    """
    raise NotImplementedError


# %% tags=["check:token-importance"]
check("token-importance", token_importance)

# %% [markdown]
# Stuck? Call `hint("token-importance")`.
#
# In our reader, slots read nearly everything, so tokens should count nearly alike. What if its scores were larger?
# *Guess first:* if they are four times as large, what share of tokens counts over 2?

# %%
measure = use("token-importance", token_importance)
with torch.no_grad(), record(reader) as seen:
    reader(test_names.images)
routing = seen["blocks.2.mlp.router"]
for factor in (1, 2, 4, 8, 16):
    sharper = torch.softmax(factor * routing.logits, 1)
    importance, much, little = measure(sharper)
    print(f"scores times {factor:2d}: {100 * float(much):4.1f} % over 2,", end=" ")
    print(f"{100 * float(little):4.1f} % at 0.25 or less, most {importance.max():.1f}")
weight = metrics.expert_importance(routing).sum(0)
times = weight.max() / weight.min()
print(f"the leading expert says {times:.0f} times as much as the least\n")
print(evidence.entry("soft-balance"))

# %% [markdown]
# “No token is dropped” is true by construction. “All tokens and experts count alike” is another claim, and a false
# one: nothing fixes how much a token gives to all slots together, or how much an expert says to all tokens.

# %% [markdown]
# ## 10 · Exercise: are an expert's slots alike? (12 min)
#
# With several slots for each expert, the paper finds that slots of the same expert come to resemble each other
# (Appendix I). Do they resemble each other more than by chance? A permutation test deals the slots out to the experts
# again and again, and counts how often that makes an expert's slots at least as alike.
#
# First by hand: slots [1, 0] and [2, 0] of expert 0, [0, 1] and [0, 3] of expert 1. What do the two tables below say?

# %%
pair_cosines = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
for places in ([0, 1, 2, 3], [0, 2, 1, 3]):
    print(f"slots {places[:2]} in expert 0, {places[2:]} in expert 1, all cosines:")
    print(pair_cosines[places][:, places])

# %% [markdown]
# In the first table, pairs inside an expert have cosine 1, and pairs of different experts 0: the *gap* is 1. In the
# second, pairs inside an expert have cosine 0, and of the pairs of different experts half have 1: the gap is -1/2. The
# diagonal is no pair.
#
# **Write `slot_similarity(phi, deals)`.**
#
# - *In:* `phi` (d, e, p), a learned vector for each of p slots of e experts, e and p at least 2. `deals` (r, e · p):
#   each row holds the numbers of all slots in another order. In deal *i*, slot `deals[i, j]` takes place *j*: places 0
#   to p - 1 belong to expert 0, the next p to expert 1, and so on.
# - *Out:* two numbers, `(gap, chance)`. `gap`: the mean cosine of two different slots of the same expert, less the
#   mean cosine of two slots of different experts. `chance`: of all deals and the true one, the share whose gap is at
#   least the true gap: (1 + such deals) / (1 + r).
# - *Tiny example:* the slots above, with deals 2, 3, 0, 1 (which swaps the experts: gap 1) and 0, 2, 1, 3 (gap -1/2).
#   The gap is 1, and the chance (1 + 1) / (1 + 2).


# %% tags=["exercise:slot-similarity"]
def slot_similarity(phi, deals):
    """Test whether slots of one expert are more alike than slots of different ones.

    phi (d, e, p): a vector for each of p slots of e experts, e and p at least 2.
    deals (r, e * p): in deal i, slot number deals[i, j] takes the place of slot j.

    Returns (gap, chance), two numbers.
    """
    raise NotImplementedError


# %% tags=["check:slot-similarity"]
check("slot-similarity", slot_similarity)

# %% [markdown]
# Stuck? Call `hint("slot-similarity")`.

# %% [markdown]
# ## 11 · Slots before and after training (5 min)
#
# *Say first:* before training, the slots' vectors are independent random numbers. What gap do you expect, and what
# p-value?

# %%
alike = use("slot-similarity", slot_similarity)
generator = torch.Generator().manual_seed(0)
deals = torch.stack([torch.randperm(24, generator=generator) for _ in range(199)])
for name, each in models.items():
    for block in (1, 2):
        phi = each.blocks[block].mlp.router.phi.detach()
        gap, chance = (float(value) for value in alike(phi, deals))
        print(f"{name:12s} block {block}: gap {gap:6.3f}, p = {chance:.3f}")

# %% [markdown]
# Here the untrained network is a fair control: no slot knows its expert, so the test finds something only by
# accident. After training, an expert's slots point in similar directions, so they read similar mixtures of tokens. An
# expert with many slots thus does some of its work twice. What if you have more experts with fewer slots each?

# %%
print(evidence.entry("experts-and-slots"))

# %% [markdown]
# ## 12 · A shipped architecture, at random (9 min)
#
# Mixtral (2024) is a language model whose layers send each token to two of eight experts. Its weights are a large
# download, but its architecture comes with the package `transformers` and can be built small, with random weights.
# Below, one with two layers reads the names of section 6, one character per token. It has learned nothing.
#
# `capture` puts a model of Hugging Face under this project's lens: it listens to the routers and gives the same
# `Routing` values that `record` gives for our own layers.
#
# How loyal is a character to an expert? For each character, take the expert that gives most of its answers, and ask
# how much of them it gives. If every character had an expert of its own, this would be 100 %.
#
# **Before you run it:** which is the most loyal, the random Mixtral, our trained reader, or our untrained one?

# %%
my_guess = "?"  # "Mixtral", "trained" or "untrained"

# %%
from softmoe_edu.course.lesson_09 import shipped

letters, ids = shipped.numbered(topics.characters(test_names))
real = ids != letters.index("·")
views = shipped.random_mixtral(ids, real)
for when, each in (("untrained", untrained), ("trained", reader)):
    with torch.no_grad(), record(each.eval()) as seen:
        each(test_names.images)
    views |= {f"{when} {layer[:8]}": routing for layer, routing in seen.items()}
generator = torch.Generator().manual_seed(1)
deal = ids[real][torch.randperm(int(real.sum()), generator=generator)]
print(f"{'layer':28s}loyal  characters dealt anew")
for layer, routing in views.items():
    shares = topics.expert_shares(routing)[real]
    loyal, dealt = (100 * shipped.loyal(shares, each) for each in (ids[real], deal))
    print(f"{layer:28s}{loyal:4.0f} %{dealt:8.0f} %")
print("your guess:", my_guess)

# %% [markdown]
# <details><summary>How can a model be loyal that has learned nothing?</summary>
#
# A router scores vectors. Equal characters begin as equal vectors, so in the first layer they get nearly equal scores
# and go to the same experts; a residual connection carries much of that to the second. Our reader looks at the
# characters' codes and mixes its tokens in attention before its first router, and Soft MoE gives every token
# something of all experts. Loyalty to a token is what a router does *before* it learns. “Expert 3 handles the letter
# e” is no finding until the same table has been made with random weights.
#
# </details>
#
# Is it a specialist in scripts as well? Here is its map beside that of the trained reader, as in section 6.

# %%
maps = {}
for layer in [*views][:1] + [*views][-1:]:
    shares = topics.expert_shares(views[layer]).flatten(0, 1)
    maps[layer] = topics.topic_table(shares[kinds >= 0], kinds[kinds >= 0])
caption = "Figure 2. The same map of a random Mixtral and of the trained reader."
both = topics.topic_map(maps, names, "Experts and scripts: random and trained")
figures.described(both, caption)

# %% [markdown]
# Both maps have bright cells. A map of a random model is what a map of a trained one has to be compared with; the
# exact comparison is the one of section 6, with its two kinds of shuffling.
#
# Look at some names in the lens, and change between the random and the trained layer: Mixtral's router chooses two
# experts for a token, Soft MoE mixes. Which characters share an expert in the random model, and do they have anything
# in common?

# %%
some = slice(0, 6)
shown = {layer: views[layer].map(lambda tensor: tensor[some]) for layer in maps}
RoutingLens(shown, words=topics.characters(test_names[:6]))

# %% [markdown]
# ## 13 · Clinic: the beautiful map (10 min)
#
# This time the patient is not a layer but a study, with one or two faults.

# %%
patient = clinic("09")
print("faults in this study:", patient.how_many)
patient

# %%
caption = "Figure 3. The map that the study publishes."
figures.described(patient.layer.picture(), caption)

# %% [markdown]
# `study`, in the next cell, has everything behind the map: the tokens, the kinds of images, the router and the same
# router before its training, the numbers of the images shown, the table and the p-value. The list above names
# instruments; one of them uses `made_up`, which deals the kinds out at random.

# %%
study = patient.layer
made_up = torch.randn(len(study.kinds)).argsort()  # study.kinds[made_up]: at random

my_measurements = "?"  # measure what you need here

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("09", 2)`, and so on.
#
# <details><summary>Seen elsewhere (open it after your diagnosis)</summary>
# All of these are common: no control from before training, colours scaled column by column, examples chosen because
# they fit, and observations counted as independent that come from one image.</details>

# %% [markdown]
# ## 14 · ★ What is settled, and five questions (5 min)
#
# *Settled, by what you ran:* identity routing is a set of MLPs by position; uniform mixing on both sides leaves one
# answer for all tokens; a random router already links experts with kinds of tokens, and a small p-value does not tell
# it from a trained one.
#
# *Not settled here:* which row of Table 2 wins at what scale. The record's verdict (section 2) is what this project can
# say, for small models on two tasks.
#
# *A rule to keep:* whoever looks inside a network should look inside an untrained one too, and inside one with a random
# router.
#
# ### Five questions
#
# <details><summary>1. Identity routing has no learned router and beats a dense ViT in Table 2. Why is that no
# miracle?</summary>It has 256 MLPs in each MoE layer where the dense model has one, at the same cost for a token: one
# for each position.</details>
#
# <details><summary>2. In which rows do all experts read the same input, and in which do all tokens get the same
# answer?</summary>The same input with uniform dispatch (uniform / soft, and uniform); the same answer with uniform
# combine (soft / uniform, and uniform).</details>
#
# <details><summary>3. You exchange the router of a trained model, and its accuracy falls to 20 %. Is the new router
# bad?</summary>You cannot say: the rest of the model was trained for another one. It shows that this model relies on
# its own router. To compare, train with the new one.</details>
#
# <details><summary>4. “A token's experts depend on its topic, p = 0.01.” Name two controls that you want to see
# before you believe in specialists.</summary>The same network before training, and the trained one with new random
# routers. (And shuffle whole images or classes, not tokens.)</details>
#
# <details><summary>5. A slot's dispatch weights are nearly equal. Is it useless?</summary>Not by that alone: it hands
# its expert the mean token, and combine can still use the answer. In Table 2, uniform / soft keeps most of the
# lead.</details>

# %%
from softmoe_edu.teaching import calibration

calibration("09")
