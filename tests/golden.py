"""Arrays from the official JAX code (google-research/vmoe 942a78b), and layers built from them."""

import json
from pathlib import Path

import numpy as np
import torch

from softmoe_edu import Experts

FOLDER = Path(__file__).parent / "data" / "golden"


class Case(dict):
    """One file's arrays as tensors by name, and its settings in `.meta`."""

    def __init__(self, name):
        with np.load(FOLDER / f"{name}.npz") as arrays:
            self.meta = json.loads(str(arrays["meta_json"]))
            super().__init__({k: torch.from_numpy(arrays[k].copy()) for k in arrays.files if k != "meta_json"})

    def experts(self):
        """The project's experts with this case's parameters."""
        experts = Experts(self.meta["dim"], self.meta["experts"], self.meta["mlp_dim"])
        names = {"w_in": "kernel1", "b_in": "bias1", "w_out": "kernel2", "b_out": "bias2"}
        experts.load_state_dict({ours: self[theirs] for ours, theirs in names.items()})
        return experts


def assert_equal_to_official(actual, expected, relative=2e-5):
    """Equal within `relative` of the array's largest magnitude."""
    expected = expected.to(actual.dtype)
    worst = (actual - expected).abs().max().item()
    allowed = relative * expected.abs().max().item()
    assert actual.shape == expected.shape
    assert worst <= allowed, f"worst difference {worst:.3g}, allowed {allowed:.3g}"
