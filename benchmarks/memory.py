"""The most that live tensors take during a call, over what was there before it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile


def peak(run: Callable[[], object], device: str) -> int:
    """Return the peak in bytes; parameters and input, which exist before, are not in it, gradients are.

    On a CPU it is the running sum of the profiler's allocations and releases, so a C allocator that keeps freed
    memory does not change it.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        run()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        trace.export_chrome_trace(str(file))
        events = json.loads(file.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted(((e["ts"], e["args"]["Bytes"]) for e in events if e["name"] == "[memory]"), key=lambda one: one[0])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
