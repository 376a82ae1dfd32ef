# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 71 · A small lesson

# %%
import torch

from softmoe_edu.teaching import check, clinic, predict

indices = torch.tensor([[0, 1], [0, 2]])
print("the experts that two tokens chose:", indices.tolist())

# %% [markdown]
# ## 1 · ★ Predict (5 min)

# %%
predict("m15-small")

# %% [markdown]
# ## 2 · ★ Exercise: count the choices (5 min)


# %% tags=["exercise:tokens-per-expert"]
def tokens_per_expert(indices, experts):
    """Count for each expert the tokens that chose it.

    indices (n, k): the experts that each of n tokens chose. experts: how many there are.
    Returns (experts,), int64.
    """
    raise NotImplementedError


# %% tags=["check:tokens-per-expert"]
check("tokens-per-expert", tokens_per_expert)

# %% [markdown]
# ## 3 · Clinic (5 min)

# %%
clinic("71")
