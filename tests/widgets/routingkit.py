"""Cases for the browser's routing arithmetic: the same logits go to the library and, in one process, to Node."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import torch
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.routers import ROUTERS, Router
from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.widgets import base

HERE = Path(base.__file__).parent
FILES = ("routing.js", "routing_facts.js")
SOFT = ("soft", "uniform", "uniform / soft", "soft / uniform")
SIZES = [(3, 7, 4, 2), (4, 57, 3, 1), (2, 1, 5, 3), (4, 9, 1, 2)]

DRIVER = """
import { readFileSync } from "node:fs";
import * as routing from "./routing.mjs";
import * as facts from "./routing_facts.mjs";
const floats = list => list && Float32Array.from(list);
function answer({ logits, noise, sizes, images, settings, cost }) {
  const options = { ...settings, noise: floats(noise) }, groups = facts.grouped(sizes, images);
  const it = routing.route(floats(logits), groups, options);
  const dense = Object.fromEntries(["dispatch", "combine"].map(view => [view, facts.denseWeights(it, view)]));
  return { it, dense, loads: facts.loads(it), macs: cost && facts.macsOf(it, { ...cost, images }) };
}
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
const answers = JSON.parse(readFileSync("cases.json")).map(({ call, ...given }) => {
  try {
    return call ? { routing, facts }[call[0]][call[1]](...given.arguments) : answer(given);
  } catch (error) {
    return { error: error.message };
  }
});
console.log(JSON.stringify(answers, plain));
"""


def ask(cases: list[dict], joined: Path | None = None) -> list:
    """Route cases in one Node process and give its answers; a refusal is {"error": sentence}.

    Both modules are imported as they are, or from one file into which they were joined.
    """
    modules = {Path(file).stem: (joined or HERE / file).read_text("utf-8") for file in FILES}
    return run_node(modules, DRIVER, cases)


def run_node(modules: dict[str, str], driver: str, cases: list[dict]) -> list:
    """Run a script beside modules {name: text} and the file cases.json; give what it prints as JSON."""
    program = shutil.which("node")
    if program is None:
        reason = "no node: install Node.js to hold the browser's arithmetic against the library"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}. CI=true makes this an error")
        pytest.skip(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for module, text in {**modules, "driver": driver}.items():
            (folder / f"{module}.mjs").write_text(text, "utf-8")
        (folder / "cases.json").write_text(json.dumps(cases), "utf-8")
        done = subprocess.run([program, "driver.mjs"], cwd=folder, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def logits_for(seed: int, b: int, n: int, e: int, p: int, *, coarse: bool = False) -> Tensor:
    """Float32 logits with ties: rows that are repeated, or (coarse) quarters, of which many are equal."""
    generator = torch.Generator().manual_seed(seed)
    if coarse:
        return torch.randint(-3, 4, (b, n, e, p), generator=generator) / 4
    logits = 2 * torch.randn(b, n, e, p, generator=generator)
    copies = torch.randint(0, n, (n,), generator=generator)
    return torch.where(torch.arange(n)[:, None, None] % 3 == 1, logits[:, copies], logits)


def mask_for(seed: int, b: int, n: int) -> Tensor:
    """Some padding in every group, and the last group all padding."""
    mask = torch.rand(b, n, generator=torch.Generator().manual_seed(seed)) > 0.3
    mask[-1] = False
    return mask


def library(name: str, logits: Tensor, settings: dict) -> Router:
    """The library's router whose logits are exactly these times scale: its parameters are the identity matrix."""
    _, _, e, p = logits.shape
    scale, noise = settings.get("scale", 1.0), {"noise_std": settings.get("noise_std", 0.0)}
    if name in ("soft", "uniform / soft", "soft / uniform"):
        router = ROUTERS[name](e * p, e, p, normalize=False, scale_init=scale, **noise)
        router.phi.data = torch.eye(e * p).view(e * p, e, p)
    elif name == "uniform":
        router = ROUTERS[name](e * p, e, p)
    else:
        own = {key: value for key, value in settings.items() if key not in ("scale", "noise_std")}
        router = ROUTERS[name](e, e, **own, **({} if name == "identity" else noise))
        if name != "identity":
            router.w_gate.data = scale * torch.eye(e)
    return router.train()


JS_NAMES = {
    "top_k": "topK",
    "capacity_factor": "capacityFactor",
    "multiple_of": "multipleOf",
    "slots_per_expert": "slots",
    "noise_std": "noiseStd",
}


def case_of(name: str, logits: Tensor, settings: dict, noise: Tensor | None, mask: Tensor | None, images: int) -> dict:
    """One case as the browser reads it."""
    options = {JS_NAMES.get(key, key): value for key, value in settings.items()} | {"router": name}
    if mask is not None:
        options["mask"] = mask.int().flatten().tolist()
    given = {"logits": logits.flatten().tolist(), "noise": None if noise is None else noise.flatten().tolist()}
    return given | {"sizes": dict(zip("bnep", logits.shape, strict=True)), "images": images, "settings": options}


def routed(name: str, logits: Tensor, settings: dict, mask: Tensor | None, images: int) -> tuple[Routing, Tensor]:
    """The library's routing of the batch in groups of images, and the noise that it drew."""
    b, n, e, p = logits.shape
    x = logits.flatten(2) if name in SOFT else logits[..., 0]
    x = x.reshape(b // images, images * n, -1)
    grouped = None if mask is None else mask.view(b // images, images * n)
    router = library(name, logits, settings)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(n)
        routing = router(x, grouped)
    drawn = torch.randn(b, n, e, p if name in SOFT else 1, generator=torch.Generator().manual_seed(n))
    noise = drawn if name in SOFT else drawn.expand(b, n, e, p)
    return routing, noise


def hold(name: str, cases: list[tuple[Tensor, dict, Tensor | None, int]]) -> None:
    """Dispatch, combine, gates and load agree to 1e-6, and what fills each slot exactly."""
    pairs = []
    for logits, settings, mask, images in cases:
        routing, noise = routed(name, logits, settings, mask, images)
        noise = noise if settings.get("noise_std") else None
        pairs.append((routing, case_of(name, logits, settings, noise, mask, images)))
    for (routing, case), answer in zip(pairs, ask([case for _, case in pairs]), strict=True):
        assert "error" not in answer, (case["settings"], answer["error"])
        assert [answer["it"][letter] for letter in "bnep"] == list(routing.sizes), case["settings"]
        if isinstance(routing, SparseRouting):
            assert answer["it"]["token"] == routing.token.flatten().tolist(), case["settings"]
            near(answer["it"]["gate"], routing.gate)
            if routing.gates is not None:
                near(answer["it"]["gates"], routing.gates)
        near(answer["dense"]["dispatch"], routing.dispatch)
        near(answer["dense"]["combine"], routing.combine)
        near(answer["loads"]["expert"], metrics.expert_load(routing), 1e-5)  # a sum over tokens
        near(answer["loads"]["slot"], routing.slot_load(), 1e-5)
        near(answer["loads"]["token"], routing.token_load(), 1e-5)
        assert answer["loads"]["dropped"] == metrics.dropped(routing).int().flatten().tolist()
        near([answer["loads"]["droppedFraction"]], metrics.dropped_fraction(routing))


def near(actual: list[float], expected: Tensor, most: float = 1e-6) -> None:
    """Equal to within an absolute difference."""
    actual = torch.tensor(actual, dtype=torch.float64)
    torch.testing.assert_close(actual, expected.double().flatten(), atol=most, rtol=0)
