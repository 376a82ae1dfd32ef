"""Parameters and GFLOP per image of every model whose figures the paper prints."""

from collections.abc import Sequence

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.paper import CONTRADICTIONS, MODELS, build


def runs() -> list[Settings]:
    """Return one run for each model with a printed figure."""
    return [{"model": name} for name, model in MODELS.items() if _printed(name)]


def measure(settings: Settings, device: str) -> Figures:
    """Build a model without memory, count its parameters, and compute its FLOPs from its sizes."""
    name = str(settings["model"])
    counted = sum(each.numel() for each in build(name).parameters())
    return {"parameters": counted, "gflops_per_image": MODELS[name].gflops_per_image}


def judge(results: Sequence[Result]) -> Finding:
    """Compare with what is printed: parameters to their last digit, GFLOP per image to 1 %."""
    within, worst_parameters, worst_gflops, off = 0, 0.0, 0.0, []
    for result in results:
        name = str(result.settings["model"])
        gaps = []
        printed = _printed(name)
        if "parameters" in printed:
            value, digit = _count(str(printed["parameters"]))
            worst_parameters = max(worst_parameters, abs(result.figures["parameters"] / value - 1))
            gaps.append(abs(result.figures["parameters"] - value) < digit)
        if "gflops_per_image" in printed:
            gap = abs(result.figures["gflops_per_image"] / float(printed["gflops_per_image"]) - 1)
            worst_gflops = max(worst_gflops, gap)
            gaps.append(gap <= 0.01)
        within += all(gaps)
        off += [name] * (not all(gaps))
    measured = (
        Measured("models compared", len(results)),
        Measured("models whose figures agree", within),
        Measured("largest difference in parameters", 100 * worst_parameters, unit="%"),
        Measured("largest difference in GFLOP per image", 100 * worst_gflops, unit="%"),
        Measured("slips of the paper that are noted", len(CONTRADICTIONS)),
    )
    if not off:
        return Finding(
            Verdict.REPRODUCED,
            "Every printed count of parameters follows from the sizes to its last digit, and every GFLOP per image to "
            "1 %. What the paper's own tables say in two ways is listed in `softmoe_edu.paper.CONTRADICTIONS`.",
            measured,
        )
    return Finding(Verdict.CONTRADICTED, f"These do not follow from the sizes: {', '.join(off)}.", measured)


def _printed(name: str) -> dict[str, str | float]:
    figures = {each: MODELS[name].printed(each) for each in ("parameters", "gflops_per_image")}
    return {each: value for each, value in figures.items() if value is not None}


def _count(printed: str) -> tuple[float, float]:
    """Read a printed count such as 54.1B, and the size of its last digit."""
    number, unit = printed[:-1], {"M": 1e6, "B": 1e9}[printed[-1]]
    return float(number) * unit, unit / 10 ** len(number.partition(".")[2])


CLAIM = Claim(
    title="The paper's models have the printed parameters and cost",
    says="Each model of the paper's tables has as many parameters and takes as many GFLOP per image as are printed.",
    source="Puigcerver et al. 2024, Tables 1 and 8",
    did="Each model is built without memory and its parameters are counted; its FLOPs are computed part by part.",
    runs=runs,
    smoke=lambda: runs()[:2],
    measure=measure,
    judge=judge,
    least_seeds=0,
)
