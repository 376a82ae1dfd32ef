"""softmoe_edu: learn how mixture-of-experts routing works, from sparse to Soft MoE.

tokens --router--> Routing --to_slots--> slots --experts--> slots --to_tokens--> tokens
"""

from softmoe_edu.shadowing import explained

# A learner's own torch.py beside a lesson would be imported by what follows.
with explained():
    from softmoe_edu.capacity import capacity_for
    from softmoe_edu.experts import Experts
    from softmoe_edu.moe import MoE
    from softmoe_edu.routers import (
        ROUTERS,
        ExpertsChoiceRouter,
        IdentityRouter,
        SoftRouter,
        SoftUniformRouter,
        TokensChoiceRouter,
        UniformRouter,
        UniformSoftRouter,
    )
    from softmoe_edu.routing import Routing, SoftRouting, SparseRouting, record
    from softmoe_edu.vit import ViT

__version__ = "0.1.0"

__all__ = [
    "ROUTERS",
    "Experts",
    "ExpertsChoiceRouter",
    "IdentityRouter",
    "MoE",
    "Routing",
    "SoftRouter",
    "SoftRouting",
    "SoftUniformRouter",
    "SparseRouting",
    "TokensChoiceRouter",
    "UniformRouter",
    "UniformSoftRouter",
    "ViT",
    "capacity_for",
    "record",
]
