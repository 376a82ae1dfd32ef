"""The runs behind the claim on accuracy, as the record that comes with the package has them."""

import functools
from collections.abc import Mapping

from softmoe_edu.evidence import RECORDS, Result, read_record, record_path


@functools.cache
def counted() -> Mapping[tuple[str, int, str], dict[int, Result]]:
    """Return {(task, budget, router): {seed: run}} of the runs that count, those of tuning left out."""
    found: dict[tuple[str, int, str], dict[int, Result]] = {}
    for each in read_record(record_path(RECORDS, "accuracy"), "accuracy").results:
        s = each.settings
        if not s["tuning"]:
            found.setdefault((str(s["task"]), int(s["budget"]), str(s["router"])), {})[int(s["seed"])] = each
    return found


def percent(task: str, budget: int, router: str) -> list[float]:
    """Return the accuracy of each seed in %, in the order of the seeds."""
    runs = counted()[task, budget, router]
    return [100 * runs[seed].figures["accuracy"] for seed in sorted(runs)]


def best_rate(task: str, budget: int, router: str) -> float:
    """Return the learning rate that tuning chose."""
    return float(next(iter(counted()[task, budget, router].values())).settings["rate"])


def ranking(task: str, budget: int) -> list[str]:
    """Return the routers from best to worst by their mean."""
    routers = [router for place, cost, router in counted() if (place, cost) == (task, budget)]
    means = {router: sum(percent(task, budget, router)) / len(percent(task, budget, router)) for router in routers}
    return sorted(routers, key=lambda router: -means[router])


def gaps(task: str, budget: int, rival: str, router: str = "soft") -> list[float]:
    """Return by how many points a router is ahead of a rival, for each of their paired seeds."""
    pairs = zip(percent(task, budget, router), percent(task, budget, rival), strict=True)
    return [one - other for one, other in pairs]
