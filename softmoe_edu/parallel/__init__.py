"""Expert and data parallelism on torch.distributed: experts live on the ranks of a device mesh, as does the batch.

`layer.py` has the layer and the conversion of a model's layers, `data.py` what data parallelism needs beside it;
`python -m softmoe_edu.parallel.train` trains a model of the lessons on one process or many. See docs/parallel.md.
"""

from softmoe_edu.parallel.data import data_parallel, shares
from softmoe_edu.parallel.layer import ExpertParallel, examples_per_rank, gather_experts, spread_experts

__all__ = [
    "ExpertParallel",
    "data_parallel",
    "examples_per_rank",
    "gather_experts",
    "shares",
    "spread_experts",
]
