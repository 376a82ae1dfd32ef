"""Routers: each reads tokens and returns a Routing; one router per file."""

from softmoe_edu.routers.ablations import IdentityRouter, SoftUniformRouter, UniformRouter, UniformSoftRouter
from softmoe_edu.routers.experts_choice import ExpertsChoiceRouter, assign_experts
from softmoe_edu.routers.registry import ROUTERS
from softmoe_edu.routers.router import Router
from softmoe_edu.routers.soft import SoftRouter
from softmoe_edu.routers.soft_attention import AttentionRouting
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, assign_tokens, choose_experts
from softmoe_edu.routers.weights import combine_weights, dispatch_weights, soft_weights

__all__ = [
    "ROUTERS",
    "AttentionRouting",
    "ExpertsChoiceRouter",
    "IdentityRouter",
    "Router",
    "SoftRouter",
    "SoftUniformRouter",
    "TokensChoiceRouter",
    "UniformRouter",
    "UniformSoftRouter",
    "assign_experts",
    "assign_tokens",
    "choose_experts",
    "combine_weights",
    "dispatch_weights",
    "soft_weights",
]
