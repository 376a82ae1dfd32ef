"""Cases for the browser's routing arithmetic: the same logits go to the library and, in one process, to Node."""

import torch
from nodekit import run_node
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.routers import ROUTERS, Router
from softmoe_edu.routing import Routing, SparseRouting

SOFT = ("soft", "uniform", "uniform / soft", "soft / uniform")
SIZES = [(3, 7, 4, 2), (4, 57, 3, 1), (2, 1, 5, 3), (4, 9, 1, 2)]

MODULES = ("arithmetic/routing.js", "arithmetic/facts.js")
ANSWERS = """(() => {
    const functions = { capacityFor, topInOrder, expertsOf, normalNoise };
    const floats = list => list && Float32Array.from(list);
    function answer({ logits, noise, sizes, images, settings, cost }) {
        const it = route(floats(logits), grouped(sizes, images), { ...settings, noise: floats(noise) });
        const dense = Object.fromEntries(["dispatch", "combine"].map(view => [view, denseWeights(it, view)]));
        return { it, dense, loads: loads(it), macs: cost && macsOf(it, { ...cost, images }) };
    }
    return given.map(({ call, ...each }) => {
        try {
            return call ? functions[call](...each.arguments) : answer(each);
        } catch (error) {
            return { error: error.message };
        }
    });
})()"""


def ask(cases: list[dict]) -> list:
    """Route cases in one Node process and give its answers; a refusal is {"error": sentence}."""
    return run_node(MODULES, ANSWERS, cases)


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
