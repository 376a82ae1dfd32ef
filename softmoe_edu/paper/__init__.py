"""The Soft MoE paper's models as configurations, with the published numbers beside them.

Source: Puigcerver et al., From Sparse to Soft Mixtures of Experts (2308.00951v2); sizes from google-research/vmoe
projects/soft_moe configs.
"""

from softmoe_edu.paper.models import CONTRADICTIONS, MODELS, build
from softmoe_edu.paper.record import Model, Run
from softmoe_edu.paper.tables import TABLES, published

__all__ = ["CONTRADICTIONS", "MODELS", "TABLES", "Model", "Run", "build", "published"]
