"""What a lens replays: routings by step, router and layer, the outputs beside them, and evaluations."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, cast

from torch import Tensor

from softmoe_edu.widgets.inputs import plain
from softmoe_edu.widgets.packing import VIEWS, Entry, Named, name_routings


def check_snapshots(snapshots: object) -> None:
    """Raise an error unless snapshots are a mapping from steps, with at least one."""
    if not isinstance(snapshots, Mapping) or not all(isinstance(plain(step), int) for step in snapshots):
        got = type(snapshots).__name__ if not isinstance(snapshots, Mapping) else list(snapshots)
        raise TypeError(f"snapshots must be {{steps done: {{layer: Routing}}}}, got {got}: give history.snapshots")
    if not snapshots:
        raise ValueError("snapshots must hold at least one step, got none: train with snapshot_at=(0, ..., -1)")


def name_steps(routings: object) -> dict[int, Named]:
    """Return {step: {router: {layer: Routing}}} in the order of the steps; 0 stands for routings without steps."""
    if isinstance(routings, dict):
        routings = {plain(name): inner for name, inner in routings.items()}
    if not (isinstance(routings, dict) and any(isinstance(step, int) for step in routings)):
        return {0: name_routings(routings)}
    if odd := [step for step in routings if not isinstance(step, int) or isinstance(step, bool)]:
        raise TypeError(f"steps must all be whole numbers, got {odd[0]!r}: give {{steps done: {{layer: Routing}}}}")
    steps = {step: name_routings(routings[step]) for step in sorted(routings)}
    names = {step: {router: list(layers) for router, layers in named.items()} for step, named in steps.items()}
    first = next(iter(names))
    for step in names:
        if names[step] != names[first]:
            raise ValueError(
                f"every step must have the same routers and layers, got {names[first]} at step {first} "
                f"and {names[step]} at step {step}: record the same modules at each"
            )
    return steps


def name_outputs(outputs: object, steps: dict[int, Named]) -> dict[tuple[int, str, str], Tensor]:
    """Return {(step, router, layer): tensor} for outputs nested as the routings are; not every routing needs one."""
    expected = "outputs must be nested as routings are"
    found: dict[tuple[int, str, str], Tensor] = {}

    def walk(value: Any, known: Any, path: tuple[Any, ...]) -> None:
        if len(path) == 3:
            if not isinstance(value, Tensor) or value.ndim != 3:
                got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise ValueError(f"{expected}, with tensors (groups, tokens, width), got {got}")
            found[path] = value
        elif list(known) in ([""], [0]) and not (isinstance(value, dict) and next(iter(known)) in value):
            walk(value, next(iter(known.values())), (*path, next(iter(known))))
        elif not isinstance(value, dict):
            raise ValueError(f"{expected}, with the names {list(known)}, got {type(value).__name__}")
        else:
            for name, inner in value.items():
                if name not in known:
                    raise ValueError(f"{expected}, with the names {list(known)}, got {name!r}")
                walk(inner, known[name] if len(path) < 2 else {}, (*path, name))

    if outputs is not None:
        walk(outputs, steps, ())
    return found


def share_scale(entries: list[Entry]) -> None:
    """Let all steps of a router and layer have one colour scale, so that a colour means the same at each."""
    for name, pick in (("least", min), ("most", max)):
        for view in VIEWS:
            found: dict[tuple[str, str], list[dict[str, Any]]] = {}
            for entry in entries:
                if f"{view}_{name}" in entry:
                    found.setdefault((entry["router"], entry["layer"]), []).append(cast("dict[str, Any]", entry))
            for alike in found.values():
                value = pick(fields[f"{view}_{name}"] for fields in alike)
                for fields in alike:
                    fields[f"{view}_{name}"] = value


TestsLog = Mapping[str, Sequence[float | int]]


def evaluations_of(tests_log: TestsLog | Mapping[str, TestsLog] | None, routers: Sequence[str]) -> dict[str, list[Any]]:
    """Return the evaluations of each router's model; one log alone is that of the only router.

    Raises:
        ValueError: there is one log for several routers, whose accuracies would be shown for the wrong model.
    """
    if not tests_log:
        return {}
    if isinstance(tests_log, Mapping) and set(tests_log) <= set(routers):
        return {router: evaluations(cast(TestsLog, log)) for router, log in tests_log.items()}
    found = evaluations(cast(TestsLog, tests_log))
    if len(routers) > 1:
        raise ValueError(
            f"tests_log must have a log for each router, {{router: log}} of {', '.join(routers)}, got one log: "
            "say whose it is"
        )
    return {routers[0]: found}


def evaluations(tests_log: TestsLog) -> list[list[float | int]]:
    """Return step and accuracy of each evaluation that has one, in order."""
    if not isinstance(tests_log, Mapping) or not {"step", "accuracy"} <= set(tests_log):
        got = list(tests_log) if isinstance(tests_log, Mapping) else type(tests_log).__name__
        raise ValueError(f"tests_log must have lists 'step' and 'accuracy', got {got}: give history.tests_log")
    if len(tests_log["step"]) != len(tests_log["accuracy"]):
        sizes = f"{len(tests_log['step'])} and {len(tests_log['accuracy'])}"
        raise ValueError(f"tests_log must have as many steps as accuracies, got {sizes}")
    pairs = zip(tests_log["step"], tests_log["accuracy"], strict=True)
    return sorted([int(step), float(accuracy)] for step, accuracy in pairs if isfinite(accuracy))
