"""Processes that play ranks over gloo: started once, they work through all cases of a file and leave the results."""

import faulthandler
import multiprocessing
import os
import sys
import time
import traceback
import warnings
from datetime import timedelta
from multiprocessing.connection import wait

import torch
import torch.distributed as dist

PATIENCE = 150
"""Seconds until all ranks are stopped; before that, each notes where it is."""


def enlist(work, ranks, folder, backend="gloo"):
    """Run work(folder) on so many ranks at once and return what each returned.

    Args:
        work: a function of a module that another process can import.
        ranks: how many processes.
        folder: an empty folder, where ranks meet.
        backend: what carries the rows; with nccl every rank has a GPU of its own.

    Returns:
        What work returned on each rank, in order, read back from files.
    """
    # One process loads PyTorch, and the ranks are forked from it; where there is no fork, each loads it.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["softmoe_edu.parallel.train", work.__module__])
    processes = [
        context.Process(target=_serve, args=(work, rank, ranks, folder, backend), daemon=True) for rank in range(ranks)
    ]
    for process in processes:
        process.start()
    deadline = time.monotonic() + PATIENCE
    while any(process.is_alive() for process in processes):
        wait([process.sentinel for process in processes if process.is_alive()], timeout=1)
        # A rank that has failed leaves others waiting for it.
        if time.monotonic() > deadline or any(process.exitcode for process in processes):
            break
    for process in processes:
        process.kill()
        process.join()
    # The rank that failed first comes first: the others lost contact with it.
    told = [file.read_text() for file in sorted(folder.glob("*.txt"), key=lambda file: file.stat().st_mtime)]
    ended = [process.exitcode for process in processes]
    if any(ended):
        raise AssertionError("\n".join([f"ranks ended with {ended}", *told]))
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(ranks)]


def _serve(work, rank, ranks, folder, backend):
    torch.set_num_threads(1)
    for kind in (FutureWarning, DeprecationWarning):  # a rank's warnings are seen by nobody
        warnings.simplefilter("error", kind)
    sys.stderr = open(os.devnull, "w")  # gloo's own words about neighbours that have left
    stuck = (folder / f"{rank}.stuck.txt").open("w")
    faulthandler.dump_traceback_later(0.9 * PATIENCE, file=stuck)
    try:
        patience = timedelta(seconds=2 * PATIENCE)
        meeting = (folder / "meeting").as_uri()
        if backend == "nccl":
            torch.cuda.set_device(rank)
        dist.init_process_group(backend, init_method=meeting, rank=rank, world_size=ranks, timeout=patience)
        torch.save(work(folder), folder / f"{rank}.pt")
        dist.barrier()
        dist.destroy_process_group()
    except BaseException:
        (folder / f"{rank}.txt").write_text(f"rank {rank}: {traceback.format_exc()}")
        os._exit(1)
