"""Train any image classifier, watch it on the way, keep the run in a file, and resume it.

`train` and its recipe are in `recipe.py`; the other files are its parts, one idea each.
"""

from softmoe_edu.training.checkpoint import load_checkpoint, save_checkpoint
from softmoe_edu.training.evaluation import Evaluation, evaluate, take_snapshot
from softmoe_edu.training.guard import NotFiniteError
from softmoe_edu.training.history import History
from softmoe_edu.training.loop import learning_rate_at
from softmoe_edu.training.recipe import parameter_groups, train

__all__ = [
    "Evaluation",
    "History",
    "NotFiniteError",
    "evaluate",
    "learning_rate_at",
    "load_checkpoint",
    "parameter_groups",
    "save_checkpoint",
    "take_snapshot",
    "train",
]
