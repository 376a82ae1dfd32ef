# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Token choice: score, select, weigh
#
# You write the router that most mixtures of experts use: every token chooses its k best experts. Then you measure what
# such a router can learn, and what it cannot.
#
# You need lesson 00 (tokens, experts, gates, the six steps), and PyTorch's tensors and `backward()`. Everything runs on
# a laptop's CPU in under a minute of computing time, and nothing is downloaded.
#
# *After a restart of the kernel, or on another day:* click into the cell where you were, and choose **Run > Run All
# Above Selected Cell**. Your locked predictions are kept.
#
# At the end you can
# - write a top-k router and the sparse layer around it, and count the rows that its experts compute,
# - say in which order a router applies softmax and top-k, and what that order changes,
# - measure the gradient that reaches a router, and say what it can learn from it,
# - say when noise on the scores is useful, and detect it where it does not belong.
#
# **The core path**, marked ★, is sections 1 to 4, 6, 7 and 10: about 60 minutes, with a place to rest after section 4.
# The whole lesson takes about 90. A first-time reader needed 95 for an earlier version; the minutes in the headings are
# estimated from that.

# %% [markdown]
# ## 1 · ★ Why (5 min)
#
# Many experts give a model many parameters. But if every token visits every expert, the work grows with the number of
# experts: that is a *dense* mixture. The oldest remedy is to let **each token choose** a few experts, k of them, and
# skip the others. Then the work grows with k and not with the number of experts, which can be as large as memory
# allows.
#
# The choice is made by a small learned matrix, the router. Its task is a strange one: *choosing* is yes or no, and a
# yes or no has no slope for gradient descent to follow. How can a router learn to choose? Keep that question in mind;
# section 7 answers it.
#
# ### Three questions from before
#
# Answer first, then click the question.
#
# <details><summary>1. (Lesson 00) Name the six steps of every router.</summary>
# Score, normalise, select, dispatch, compute, combine.</details>
#
# <details><summary>2. (Lesson 00) In tokens choice, a softmax turns scores into gates. What does it run over?</summary>
# Over experts: a token compares the experts, and all its gates sum to 1.</details>
#
# <details><summary>3. (Lesson 00) In a sparse layer with one choice per token, what do a token's combine weights sum
# to?</summary>
# To the gate of the expert that it chose, which is below 1, or to 0 if the token was dropped. In Soft MoE they sum to 1.</details>

# %%
import matplotlib.pyplot as plt
import torch
from IPython.display import display

from softmoe_edu import Experts, MoE, SoftRouter, TokensChoiceRouter, ViT, figures, metrics, record
from softmoe_edu.data import digits
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, categories
from softmoe_edu.losses import load_balancing_loss
from softmoe_edu.teaching import calibration, check, clinic, course_map, hint, predict, returning, use
from softmoe_edu.training import train
from softmoe_edu.widgets import RouterExplorer, RoutingLens

course_map("01")

# %% [markdown]
# If a question from an earlier lesson comes back here, the next cell shows it and says why; often it shows nothing.

# %%
returning("01")

# %% [markdown]
# ## 2 · ★ Worked example: a whole router (9 min)
#
# There are three tokens of two numbers each and three experts, and every token chooses **one** expert. Read the cell
# from top to bottom before you run it. This is all there is to a sparse layer; real ones are only larger and faster.
# The experts here are as small as they can be: they multiply by 10, 20 and 30.
#
# Three words from lesson 00. A **score** is the dot product of a token and an expert's column of `w_router`. Since a
# softmax comes next, it is also called a *logit*, and code mostly says `logits`. To **normalise** is to take the
# softmax of the scores; a **gate** is what comes out.

# %%
x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
w_router = torch.tensor([[5.0, 3.0, 2.0], [1.0, 3.0, 6.0]]).log()  # one column per expert
multiply = [lambda row: 10 * row, lambda row: 20 * row, lambda row: 30 * row]

scores = x @ w_router  # score: (3 tokens, 3 experts)
gates = torch.softmax(scores, dim=1)  # normalise: over experts
gate, chosen = gates.max(dim=1)  # select: the best one
y = torch.zeros(3, 2)
for token in range(3):
    row = x[token]  # dispatch: the token goes to its expert
    answer = multiply[int(chosen[token])](row)  # compute
    y[token] = gate[token] * answer  # combine: the answer counts as much as the gate says

for token in range(3):
    shares = ", ".join(f"{share:.2f}" for share in gates[token])
    weighed = f"{gate[token]:.2f} x its answer = [{y[token, 0]:.2f}, {y[token, 1]:.2f}]"
    print(f"token {token}: gates {shares} -> expert {int(chosen[token])} -> {weighed}")

# %% [markdown]
# Why are the scores logarithms? So that you can check the gates in your head: exp of token 0's scores is 5, 3 and 2, so
# its gates are 5/10, 3/10 and 2/10.
#
# **On paper:** with *two* choices per token, what are the layer's answers to tokens 0 and 1? Multiply each expert's
# answer by its gate, then add.
#
# <details><summary>Compare.</summary>
#
# Token 0 chooses experts 0 and 1 with gates 0.5 and 0.3: 0.5 · 10 + 0.3 · 20 = 11, so the answer is [11, 0]. Token 1
# chooses experts 2 and 1 with gates 0.6 and 0.3: 0.6 · 30 + 0.3 · 20 = 24, so the answer is [0, 24]. The third gate is
# left out, and the other two are not divided by their sum: they add up to 0.8 for token 0 and 0.9 for token 1.
#
# </details>

# %% [markdown]
# ## 3 · ★ Exercise: choose k experts (10 min)
#
# Now write two of the six steps, *normalise* and *select*, for any k and for a whole batch. A router returns pairs: the
# index of an expert, and the weight that its answer will have. Keep the two halves of a pair together.
#
# **Write `top_k_route(logits, k)`.**
#
# - **In:** `logits` of shape `(b, n, e)`: for each of b examples, the scores of n tokens with e experts. `k` is how many
#   experts a token chooses, from 1 to e.
# - **Out:** two tensors of shape `(b, n, k)`. `weights` has the dtype of `logits`; `indices` is `int64`, as `topk` and
#   `argsort` return it. `weights[..., j]` belongs to the expert `indices[..., j]`.
# - **Weights:** the weight of an answer is the gate of its expert. Take the softmax over *all* e experts and keep the k
#   largest gates as they are. They are not divided by their sum, so a token's weights add up to less than 1 if k is
#   less than e.
# - **Order:** the k pairs may come in any order, and of experts with equal scores you may take either.
# - **Gradients** must flow through the weights, so use torch.
#
# *Example:* a token with the gates 0.4, 0.1, 0.2, 0.3 and k = 2 gets the weights 0.4 and 0.3 and the indices 0 and 3.


# %% tags=["exercise:top-k-route"]
def top_k_route(logits, k):
    """Choose k experts for each token, and return the weights of their answers.

    logits (b, n, e) -> weights (b, n, k) and indices (b, n, k), int64. Softmax over
    all e experts, then the k largest, not divided again.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("top-k-route")` for a first hint; call it again for the next one.

# %% tags=["check:top-k-route"]
check("top-k-route", top_k_route)

# %% [markdown]
# ## 4 · ★ Predict: which comes first? (9 min)
#
# There is another way to get weights: choose by the scores first, then take the softmax over the *chosen* scores only.
# It looks like a matter of taste, and the weights then sum to a tidy 1.
#
# For the first order, the next cell takes your function: `use` returns it if it has passed its check, and the library's
# version otherwise. So you can go on even if an exercise is not finished.

# %%
route = use("top-k-route", top_k_route)


def top_k_then_softmax(logits, k):
    """Return the weights of the other order, which sum to 1."""
    best, indices = logits.topk(k)
    return best.softmax(-1), indices


def slope(router, k=1, nudge=1e-4):
    """Measure how much the best gate of one token moves when its own score moves: rise over run."""
    scores = torch.tensor([[[2.0, 1.0, 0.0, 0.0]]], dtype=torch.float64)
    step = torch.tensor([nudge, 0, 0, 0])
    higher, lower = (router(scores + sign * step, k)[0].amax() for sign in (1, -1))
    return float((higher - lower) / (2 * nudge))


# %%
def draw_orders():
    best = torch.linspace(1.1, 5, 79)
    scores = torch.stack([best, *(torch.tensor([1.0, 0.0, 0.0])[:, None].expand(3, 79))], -1)[None]
    ax = plt.subplots(figsize=(5.6, 3.2), layout="constrained")[1]
    routers = {"A: softmax, then top-k": route, "B: top-k, then softmax": top_k_then_softmax}
    ends = []
    for (name, router), colour, dash in zip(routers.items(), categories(), DASHES, strict=False):
        best_gate = router(scores, 1)[0][0, :, 0]
        ax.plot(best, best_gate, color=colour, linestyle=dash, label=name)
        ends.append(f"router {name[0]}'s goes from {best_gate[0]:.2f} to {best_gate[-1]:.2f}")
    ax.set(title="One choice per token", xlabel="logit of expert 0 (the others: 1, 0, 0)", ylabel="gate of the choice")
    ax.set_ylim(0, 1.08)
    ax.grid(True, linewidth=0.6)
    ax.legend()
    describe(ax, f"The gate of the choice while the logit of expert 0 goes from 1.1 to 5: {'; '.join(ends)}.")
    return ax


# %%
def show_orders():
    display(figures.described(draw_orders(), "Figure 1. The gate of the chosen expert, as its logit grows."))
    a, b = slope(route), slope(top_k_then_softmax)
    print(f"slope of the gate at a logit of 2: router A {a:.4f}, router B {b:.4f}")
    print("weights of a token with the logits 2, 1, 0, 0.5, and their sum:")
    scores = torch.tensor([[[2.0, 1.0, 0.0, 0.5]]])
    for k in (1, 2, 3, 4):
        for name, router in (("A", route), ("B", top_k_then_softmax)):
            weights = router(scores, k)[0][0, 0].sort(descending=True).values
            shown = "  ".join(f"{weight:.3f}" for weight in weights)
            print(f"  k = {k}, router {name}: {shown:28s} sum {weights.sum():.3f}")
    return a, b


# %%
predict("m21-order", reveal=show_orders)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# The softmax of a single number is 1, whatever the number. In router B the layer runs and the experts learn, but the
# router learns nothing from the loss: weight decay or a balance loss may still move it, but never towards better
# answers. With more than one choice, router B does learn. Its weights then differ from router A's: they are the same
# gates, divided by their sum.
#
# </details>

# %% [markdown]
# Both orders are in use. The paper's own code (V-MoE) and the Switch Transformer apply the softmax first; Mixtral
# applies it last, with k = 2. In the library this setting is called `gating`. Neither order is wrong, but mixing them
# up is: a model trained with one gives different answers with the other.
#
# *A good place to rest.* Section 5 is optional; the core path goes on with section 6.

# %% [markdown]
# ## 5 · Exercise: measure what a router is taught (10 min)
#
# You will often hear that "top-k is not differentiable, so no gradient reaches the router". You need not take anybody's
# word for it: you can measure it. Write the instrument.
#
# On paper first: a token's gates for two experts are 3/4 and 1/4, and the experts would answer 16 and 4. With k = 1 the
# output is 3/4 · 16. The slope of a softmax gate $g_0$ is $g_0 (1 - g_0)$ with respect to its own score and $-g_0 g_1$
# with respect to the other. So the two slopes of the output are 3 and -3, and their norm is
# $\sqrt{3^2 + 3^2} = 3\sqrt2$.
#
# **Write `router_gradient(route, logits, answers, k)`.** It says in one number how strongly a training step would pull
# at the scores.
#
# - **In:** `route`, a function `(logits, k) -> (weights, indices)` such as `top_k_route`; `logits (b, n, e)`, the
#   scores; `answers (b, n, e)`, the answer of each expert to each token, here a single number; and `k`.
# - **Loss:** a token's output is the sum, over its k choices, of weight times the chosen expert's answer. The loss is
#   the sum of all outputs.
# - **Out:** the norm of the gradient: the square root of the sum of the squares of all b · n · e slopes of the loss
#   with respect to the scores. A float, or a tensor without axes.
# - **Edge case:** if no path leads from the loss back to the scores, the answer is 0.0.
#
# *Example:* the one on paper, with `logits = log([3, 1])`, `answers = [16, 4]` and k = 1, gives 4.243.


# %% tags=["exercise:router-gradient"]
def router_gradient(route, logits, answers, k):
    """Measure how strongly training pulls at a router's scores: a gradient's norm.

    route: (logits, k) -> (weights, indices); logits (b, n, e); answers (b, n, e).
    Returns the root of the sum of squares of all slopes, 0.0 if there is no path.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("router-gradient")`.

# %% tags=["check:router-gradient"]
check("router-gradient", router_gradient)

# %% [markdown]
# Now apply it to both orders, with random scores and answers for 64 tokens and 8 experts.

# %%
measure = use("router-gradient", router_gradient)
generator = torch.Generator().manual_seed(0)
logits, answers = (torch.randn(1, 64, 8, generator=generator) for _ in range(2))
print("norm of the gradient that reaches the scores")
for k in (1, 2, 4, 8):
    taught = [float(measure(router, logits, answers, k)) for router in (route, top_k_then_softmax)]
    print(f"k = {k}: softmax, then top-k {taught[0]:6.3f}     top-k, then softmax {taught[1]:6.3f}")

# %% [markdown]
# One number in this table is 0, as you saw in section 4. Why are the two numbers in the last row equal?
#
# <details><summary>Compare.</summary>
# With k = 8 every expert is chosen, so both orders take the softmax over all eight.</details>

# %% [markdown]
# ## 6 · ★ Exercise: the whole layer (12 min)
#
# This is section 2 again, from tokens to answers, but for a batch and for any k. You may call `route`, which is your
# `top_k_route` if it is right, and the library's otherwise. Two things make it a sparse layer and not a sketch of one:
#
# - a token with k choices gets **k answers**, which are added up;
# - an expert **sees only the tokens that chose it**, all of them in one call if you like. Running every expert on every
#   token and multiplying by 0 afterwards gives the same numbers and saves nothing.
#
# **Write `token_choice_moe(x, w_router, experts, k)`.** First write the six steps as six comments, and fill them in.
#
# - **In:** `x (b, n, d)`, the tokens; `w_router (d, e)`, one column for each expert; `experts`, a list of e functions,
#   each of which takes rows `(..., d)` and returns rows of the same shape; `k`, how many experts a token chooses.
# - **Scores and gates:** a score is the dot product of a token and a column of `w_router`; the gates are the softmax
#   over all e experts; the k largest are kept as they are.
# - **Out:** `(b, n, d)`, the answers alone, without the tokens themselves.
# - **Work:** an expert is given only the tokens that chose it, each of them once: b · n · k rows in all, not b · n · e.
#   Experts have no limit on their tokens, and there is no noise.
#
# *Example:* the tokens of section 2 with k = 2 give [11, 0], [0, 24] and, for the last one, [20.77, 20.77].


# %% tags=["exercise:token-choice-moe"]
def token_choice_moe(x, w_router, experts, k):
    """Send each token through k experts; sum their answers, weighted by its gates.

    x (b, n, d); w_router (d, e); experts: a list of e functions (..., d) -> (..., d).
    Returns (b, n, d). An expert receives only tokens that chose it: b * n * k rows.
    """
    raise NotImplementedError


# %% [markdown]
# Stuck? Call `hint("token-choice-moe")`.

# %% tags=["check:token-choice-moe"]
check("token-choice-moe", token_choice_moe)

# %% [markdown]
# How much does that save? Let the experts count the rows that they are given:

# %%
layer = use("token-choice-moe", token_choice_moe)
NUM_EXPERTS, DIM = 16, 8


def counting(rows):
    """Return experts that add the number of their tokens to `rows`."""

    def make(number):
        def expert(tokens):
            rows[number] += tokens.numel() // DIM
            return torch.tanh((number + 1) * tokens)

        return expert

    return [make(number) for number in range(NUM_EXPERTS)]


tokens, columns = torch.randn(4, 32, DIM, generator=generator), torch.randn(DIM, NUM_EXPERTS, generator=generator)
for k in (1, 2, 4, NUM_EXPERTS):
    rows = [0] * NUM_EXPERTS
    layer(tokens, columns, counting(rows), k)
    words = f"{sum(rows):5d} rows for {4 * 32} tokens; the busiest expert {max(rows):3d}, the idlest {min(rows):3d}"
    print(f"{NUM_EXPERTS} experts, k = {k:2d}: {words}")

# %% [markdown]
# The work is the number of tokens times k, however many experts there are. The last line is the dense mixture. And
# compare the busiest expert with the idlest: nothing makes the tokens spread out. On real hardware every expert has a
# fixed number of slots, and then the busiest expert is a problem; that is lesson 02.

# %% [markdown]
# ## 7 · ★ Predict: what moves, and what jumps (6 min)
#
# Back to the question from section 1: choosing has no slope. So what does the router learn from?

# %%
SWEPT = torch.linspace(-1, 5, 601, dtype=torch.float64)  # the logit of expert 1; the others are 2, 0, 0
ANSWERS = torch.tensor([1.0, -1.0, 0.0, 0.0], dtype=torch.float64)  # of the four experts


def draw_sweep():
    logits = torch.tensor([2.0, 0.0, 0.0, 0.0], dtype=torch.float64).repeat(601, 1)
    logits[:, 1] = SWEPT
    weights, indices = (part[0, :, 0] for part in route(logits[None], 1))
    rows = {"chosen expert": indices.double(), "its gate": weights, "output": weights * ANSWERS[indices.long()]}
    axes = plt.subplots(3, 1, figsize=(5.6, 5.2), sharex=True, layout="constrained")[1]
    for ax, (name, values), colour in zip(axes, rows.items(), categories(), strict=False):
        for part in (indices == 0, indices == 1):  # a gap where the choice jumps
            ax.plot(SWEPT[part], values[part], color=colour)
        ax.set_ylabel(name)
        ax.grid(True, linewidth=0.6)
    axes[0].set(title="One logit rises past another (experts 0 and 1 answer 1 and -1)", yticks=(0, 1))
    axes[2].set_xlabel("logit of expert 1 (the others: 2, 0, 0)")
    steps = rows["output"].diff().abs()
    where, jump, rest = SWEPT[int(steps.argmax())], steps.max(), steps.sort().values[-2]
    text = (
        f"At a logit of {where:.2f} the choice goes from expert 0 to 1; there the output changes by {jump:.3f} in a "
        f"single step of 0.01, and by at most {rest:.4f} in any other."
    )
    describe(axes, text)
    return axes


# %%
def show_slopes():
    display(figures.described(draw_sweep(), "Figure 2. Choice, gate and output, as one logit passes another."))
    start = torch.tensor([[[2.0, 1.0, 0.0, 0.0]]], requires_grad=True)
    (slopes,) = torch.autograd.grad(route(start, 1)[0].sum(), start)
    print("slopes of the gate with respect to the logits 2, 1, 0, 0:", [f"{s:+.3f}" for s in slopes.flatten().tolist()])


# %%
predict("m22-gradient", reveal=show_slopes)

# %% [markdown]
# <details><summary>Locked? Say what you saw, in one line, then read on here.</summary>
#
# **The selection jumps, and the gate moves smoothly.** Between jumps the gate is a smooth function of *all* logits, and
# its gradient says: trust this expert more, or less. If its answers are bad, its logit sinks until another expert
# overtakes it. That is all the router ever learns from. It never finds out what the *other* expert would have answered:
# no gradient says "expert 1 would have been better here".
#
# </details>

# %% [markdown]
# *Optional, 5 minutes:* you can walk through the same sweep. Each *group* in this lens is one state of the sweep: three
# tokens, of which only token 1 changes. Drag *Group* and watch where token 1 goes; then switch from *dispatch* to
# *combine* and drag again. (With the keyboard: <kbd>Tab</kbd> to the slider, then the arrow keys.)

# %%
states = torch.linspace(-1, 5, 13)
three = torch.tensor([[0.0, 2.0, 1.0, 0.0], [2.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 3.0]]).repeat(len(states), 1, 1)
three[:, 1, 1] = states
router = TokensChoiceRouter(4, 4, capacity_factor=4.0)  # slots for all, so that no token is in another's way
with torch.no_grad():
    router.w_gate.copy_(torch.eye(4))  # each token is its own row of scores
    swept = router(three)
RoutingLens(swept, labels=[f"token 1's logit for expert 1 is {state:.1f}" for state in states], image_index=5, token=1)

# %% [markdown]
# The same as a list: which expert token 1 gets in each state, and with which gate.

# %%
for state, row in zip(states, swept.combine[:, 1].sum(-1), strict=True):
    print(f"logit {state:4.1f}: expert {int(row.argmax())} with gate {row.max():.3f}")

# %% [markdown]
# ## 8 · Predict: noise (10 min)
#
# A router learns nothing about experts that it does not choose. So during training many routers add **noise** to the
# scores: now and then a token tries another expert. Train one on real digits, with two choices per token (this takes a
# few seconds):

# %%
train_digits, test_digits = digits()
WIDTH, MANY = 32, 8
torch.manual_seed(0)
model = ViT(
    dim=WIDTH,
    hidden_dim=64,
    moe_layers=(1,),
    moe=lambda dim: MoE(
        TokensChoiceRouter(dim, MANY, top_k=2, capacity_factor=None, noise_std=1.0), Experts(dim, MANY, 64)
    ),
)
history = train(
    model,
    train_digits,
    test_digits,
    steps=120,
    evaluate_every=120,
    auxiliary=lambda routings: 0.01 * sum(load_balancing_loss(routing.gates) for routing in routings.values()),
    threads=1,
    progress=False,
)
print(f"right on {100 * history.test_accuracy:.1f} % of {len(test_digits)} test digits")


# %%
def experts_of(model, images):
    """Return which experts each token is sent to: (images, tokens, experts), True or False."""
    with torch.no_grad(), record(model) as seen:
        model(images)
    (routing,) = seen.values()
    return routing.dispatch.sum(-1) > 0


def show_noise():
    images = test_digits.images[:4]
    moved = {}
    for mode in ("training", "evaluation"):
        model.train(mode == "training")
        torch.manual_seed(0)
        first, second = experts_of(model, images), experts_of(model, images)
        moved[mode] = (first != second).any(-1).float().mean().item()
        print(f"{mode:10s}: {100 * moved[mode]:.0f} % of {first[..., 0].numel()} tokens go elsewhere the second time")
    model.eval()
    return moved["evaluation"]


# %%
predict("m23-noise", reveal=show_noise)

# %% [markdown]
# <details><summary>Locked? Then read on here.</summary>
#
# Noise belongs to *training*, as dropout does, and `model.eval()` turns it off. A router that stays noisy in use gives
# a different answer to the same image each time, and its results get worse for no benefit. Code with this fault has
# been published, and all its tests passed: who runs a test twice on the same input?
#
# </details>

# %% [markdown]
# Now look at the trained router, one digit at a time. Three things to try, a minute each:
#
# 1. At the step *select*: which experts take ink, and which take background? Point at a patch and read its arithmetic.
# 2. Switch *Gating* from `vmoe` (softmax first) to `top_k_then_softmax`: which sums change, and to what? Does any patch
#    go to another expert?
# 3. Raise *Noise* slowly: which patches move first, those with one large gate or those with many similar ones?

# %%
batch = test_digits[:12]
with torch.no_grad(), record(model.eval()) as seen:
    model(batch.images)
(routing,) = seen.values()
RouterExplorer(
    routing.logits,
    batch.images,
    labels=[f"digit {digit}" for digit in batch.labels],
    router="tokens choice",
    step="select",
    top_k=2,
    capacity_factor=MANY,  # slots for all
    dim=WIDTH,
    hidden_dim=64,
    focus=("image_index", "gating", "noise"),
)

# %% [markdown]
# The same as a plain figure, for the first digit: one row for each patch, with two answers in each row.

# %%
figures.described(figures.combine_map(routing), "Figure 3. Two answers for each patch, weighted by their gates.")

# %%
best, second = routing.gates.topk(2).values.mean((0, 1)).tolist()
sums = routing.combine.sum((2, 3))
print(f"mean gate of the first choice {best:.2f}, of the second {second:.2f}")
print(f"a token's two weights sum to {sums.min():.2f} to {sums.max():.2f}: the softmax came first")
print("patches per expert, over all twelve digits:", metrics.expert_load(routing).sum(0).int().tolist())

# %% [markdown]
# ## 9 · Clinic (10 min)
#
# A patient has been admitted: a layer that runs, whose loss falls and whose shapes are right, and that is wrong all the
# same. Find out what is wrong with it.

# %%
patient = clinic("01")
patient

# %% [markdown]
# One measurement has been made for you. Which of the instruments above can tell the suspects apart? Use them in a cell
# of your own, then name what you found.

# %%
torch.manual_seed(0)
x = torch.randn(4, 16, 8)
with record(patient.layer) as seen:
    y = patient.layer(x)
routing = seen["router"]
print("training mode:", patient.layer.training, "  input", tuple(x.shape), "  output", tuple(y.shape))
print("experts per token:", metrics.experts_per_token(routing).unique().tolist())

# %%
my_diagnosis = []  # names of suspects in quotes, with commas between them
patient.diagnose(*my_diagnosis)

# %% [markdown]
# More patients: `clinic("01", 2)`, `clinic("01", 3)` and so on.

# %% [markdown]
# ## 10 · ★ What is settled (9 min)
#
# The paper criticises sparse routers because their choice is discrete, and says that all operations of Soft MoE are
# continuous (Section 2.2). Both can be measured: walk from one batch of tokens to another in small steps, and find the
# largest change of the output in a single step. If a function is continuous and reasonably smooth, ten times as many
# steps make the largest change about ten times smaller.

# %%
torch.manual_seed(3)
layers = {
    "tokens choice": MoE(TokensChoiceRouter(8, 4, capacity_factor=None), Experts(8, 4, 16)),
    "soft": MoE(SoftRouter(8, 4, 2), Experts(8, 4, 16)),
}
start, end = torch.randn(2, 1, 6, 8)
print(f"{'steps':>6s}" + "".join(f"{name:>16s}" for name in layers) + "    largest change in one step")
for count in (100, 1000, 10000):
    way = start + torch.linspace(0, 1, count + 1)[:, None, None] * (end - start)
    with torch.no_grad():
        largest = [layer(way).diff(dim=0).abs().max().item() for layer in layers.values()]
    print(f"{count:6d}" + "".join(f"{change:16.5f}" for change in largest))

# %% [markdown]
# *Settled, by what you ran:* the output of tokens choice jumps, however small the steps; that of Soft MoE does not. A
# gradient still reaches a sparse router, but only through its gates; it is exactly 0 if the softmax comes after top-k
# and k = 1. *Not settled:* whether the jumps do any harm in training. Sparse models like these are trained
# successfully.

# %% [markdown]
# ### Five questions
#
# <details><summary>1. A token's gates for four experts are 0.4, 0.3, 0.2, 0.1. What are its weights with k = 2, in each
# order?</summary>
# Softmax first: 0.4 and 0.3. Top-k first: 0.4/0.7 = 0.57 and 0.3/0.7 = 0.43, since a softmax over the chosen scores is
# the same as dividing the gates by their sum.</details>
#
# <details><summary>2. You double the number of experts and keep k. How many rows do the experts compute?</summary>
# As many as before: tokens times k. The router's matrix product grows, and so does memory.</details>
#
# <details><summary>3. Somebody writes "top-k is not differentiable, so the router is trained by chance". What do you
# answer?</summary>
# The choice has no slope, but each chosen answer is multiplied by its gate, and the gate does have a slope with respect
# to every score. Measure it: it is not 0, unless the softmax comes last and k = 1.</details>
#
# <details><summary>4. A layer multiplies all e answers by gates, e - k of which are 0. Its numbers are right. What is
# wrong?</summary>
# It computes e rows for each token: that is the work of a dense mixture, and nothing is saved.</details>
#
# <details><summary>5. A test passes the same image twice through a model in evaluation mode and compares the results.
# Which kind of fault in a router would it find, and which would it miss?</summary>
# It finds noise that was left on, and anything else that differs from call to call. It misses whatever is wrong in the
# same way every time, such as the wrong order of softmax and top-k.</details>

# %%
calibration("01")
