"""What layers and models cost: parameters, MACs, bytes, the time a device needs at least, and what many devices send.

A MAC is one multiplication with its addition: 2 FLOPs, as in the Soft MoE paper's GFLOP/img.
"""

from softmoe_edu.cost.built import cost_of
from softmoe_edu.cost.layers import MoESizes, ViTSizes, attention_cost, mlp_cost, moe_cost, vit_cost
from softmoe_edu.cost.network import WAYS, Link, Network
from softmoe_edu.cost.parts import Cost, Device, Part
from softmoe_edu.cost.spread import Spread, rows_of
from softmoe_edu.cost.tables import comparison, table

__all__ = [
    "WAYS",
    "Cost",
    "Device",
    "Link",
    "MoESizes",
    "Network",
    "Part",
    "Spread",
    "ViTSizes",
    "attention_cost",
    "comparison",
    "cost_of",
    "mlp_cost",
    "moe_cost",
    "rows_of",
    "table",
    "vit_cost",
]
