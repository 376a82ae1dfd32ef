"""A small report that knows everything."""

import torch
from capture.tracekit import drawn, trace_of

from softmoe_edu.capture.served import Chosen
from softmoe_edu.report import routing_report


def report_of(names=("code", "<b>law</b> & more")):
    """Return a report on six groups of three layers, with two domains, tokens and a checkpoint."""
    ids = torch.randint(0, 4, (6, 9), generator=torch.Generator().manual_seed(0))
    trace = trace_of(*(Chosen(drawn(9, seed=i), ids[i]) for i in range(6)))
    early = trace_of(*(Chosen(drawn(9, seed=i + 1), ids[i]) for i in range(6)))
    return routing_report(trace, domains=list(names) * 3, names={0: "<i>"}, checkpoints={100: early})
