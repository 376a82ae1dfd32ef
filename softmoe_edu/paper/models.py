"""All models of Tables 1, 2, 8 and 9 by name, and how to build one."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import Any

import torch

from softmoe_edu.cost import MoESizes, ViTSizes
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.paper.record import Model, Run
from softmoe_edu.paper.tables import published
from softmoe_edu.routers.registry import settings_taken
from softmoe_edu.vit import ViT

BACKBONES = {
    "S": {"dim": 384, "depth": 12, "hidden_dim": 1536, "num_heads": 6},
    "B": {"dim": 768, "depth": 12, "hidden_dim": 3072, "num_heads": 12},
    "L": {"dim": 1024, "depth": 24, "hidden_dim": 4096, "num_heads": 16},
    "H": {"dim": 1280, "depth": 32, "hidden_dim": 5120, "num_heads": 16},
}
IMAGES = {"image_size": 224, "channels": 3, "num_classes": 29593}
SHORT = {"steps": 300_000, "cooldown": 50_000}  # the runs of Tables 2 and 9

# Where the paper contradicts itself or the arithmetic, by a pattern of model names; "" is the paper as a whole.
CONTRADICTIONS = (
    ("", "Section 3.3 speaks of 106 models; Table 9 has 107 rows."),
    ("", "The text of section 3.4 trains for up to 4M steps and once 9M; Tables 1 and 8 have runs of 10M."),
    ("", "Figure 6's text says that most experts are best in every row; with 8 slots 1024 experts are, not 2048."),
    ("", "Table 8's caption says 752 tokens for patch 14 at 384 pixels; floor(384 / 14) squared is 729."),
    ("", "Appendix E's schedule has warmup 10^5 and cooldown 5 x 10^5 in 3 x 10^5 steps."),
    ("soft_moe_s14_256e", "The run of 10M steps: Table 1 says cooldown 50k and 60.1 / 80.6 / 87.5, Table 8 500k "
     "and 60.9 / 80.7 / 87.7."),
    ("soft_moe_h14_256e", "Section 3.4 speaks of 128 experts and up to 54B parameters; 54B takes 256 experts."),
    ("*_h14*", "Table 9's train exaFLOP is 10 to 15 % over the arithmetic, which Table 8 follows; reason unknown."),
    ("*_s8_*_g8", "Table 9's train exaFLOP of S/8 with groups of 8 images is up to 7 % off the arithmetic."),
    ("vit_h14", "669M parameters is rounded; 33M to 333M, 933M and 54.1B are cut off."),
)  # fmt: skip


class Models(dict[str, Model]):
    """Models by name; the error for an unknown name lists the nearest ones."""

    def __missing__(self, name: str) -> Model:
        plain = re.sub(r"[ -]", "_", str(name).lower().replace("/", ""))
        near = difflib.get_close_matches(plain, self, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`softmoe-edu cost` lists the names"
        raise KeyError(f"expected the name of a model of the paper, got {name!r}: {hint}")


def build(name: str, device: str | torch.device = "meta") -> ViT:
    """Build a model; on the meta device it has shapes and no memory, which H/14 with 256 experts needs 217 GB of.

    The paper's tokens choice serves tokens by their gate (batch priority). Its printed costs fit a capacity rounded
    to the nearest number, which is what is built.

    Args:
        name: a name in `MODELS`.
        device: where the parameters are.

    Raises:
        KeyError: no model has this name.
    """
    sizes = MODELS[name].sizes
    arguments = {one.name: getattr(sizes, one.name) for one in fields(ViTSizes) if one.name != "moe"}
    with torch.device(device):
        return ViT(**arguments, moe=lambda dim: _layer(sizes))


def _layer(sizes: ViTSizes) -> MoE:
    moe = sizes.moe
    assert moe
    experts = Experts(sizes.dim, moe.num_experts, sizes.hidden_dim)
    return MoE(moe.build(sizes.dim, priority="gate"), experts, examples_per_group=moe.examples_per_group)


def _sizes(variant: str, moe: MoESizes | None) -> ViTSizes:
    """Return the sizes of a variant such as "S/16"; experts stand in every block of the second half."""
    letter, patch = variant.split("/")
    depth = BACKBONES[letter]["depth"]
    layers = tuple(range(depth // 2, depth)) if moe else ()
    return ViTSizes(**IMAGES, **BACKBONES[letter], patch_size=int(patch), moe_layers=layers, moe=moe)


def _name(label: str, variant: str, moe: MoESizes | None) -> str:
    """Name a model, such as tokens_choice_s16_32e_k1_c1_g8: k choices, capacity factor c, groups of g images."""
    size = variant.lower().replace("/", "")
    if moe is None:
        return f"vit_{size}"
    kind = re.sub(r"\W+", "_", label.lower())
    name = f"{kind}_{size}_{moe.num_experts}e"
    taken = settings_taken(moe.router)
    if "top_k" in taken:
        name += f"_k{moe.top_k}"
    return f"{name}_c{moe.capacity_factor:g}_g{moe.examples_per_group}" if "capacity_factor" in taken else name


def _routing(label: str, experts: int | None, **rest: Any) -> MoESizes | None:
    """Read a table's name of a routing; one slot per expert where slots are fixed."""
    if label in ("ViT", "Dense"):
        return None
    assert experts is not None  # every other row has some
    router = {"Soft MoE": "soft"}.get(label, label.lower())
    slots = 1 if "slots_per_expert" in settings_taken(router) else None
    return MoESizes(router=router, num_experts=experts, slots_per_expert=slots, **rest)


def _rows(table: str) -> list[dict[str, Any]]:
    """Return the rows of a table, whose columns are each of one type."""
    return published(table)


def _printed() -> Iterator[tuple[str, str, MoESizes | None, dict[str, Any]]]:
    """Yield the table's name of the routing, variant, MoE layer and figures of each row."""
    for table in ("table8", "table1"):
        for row in _rows(table):
            name = re.fullmatch(r"(ViT|Soft MoE) (\S+)(?: (\d+)E)?", row["model"])
            assert name
            label, variant, experts = name.groups()
            yield label, variant, _routing(label, int(experts) if experts else None), {"table": table, **row}
    for row in _rows("table2"):
        yield row["method"], "S/14", _routing(row["method"], 256), {"table": "table2", **SHORT, **row}
    for row in _rows("table9"):
        tokens = (224 // int(row["model"].split("/")[1])) ** 2
        rest = {"examples_per_group": row["group_tokens"] // tokens} if row["experts"] else {}
        if row["capacity_factor"]:
            rest |= {"top_k": row["top_k"] or 1, "capacity_factor": row["capacity_factor"], "rounding": "round"}
        moe = _routing(row["routing"], row["experts"], **rest)
        yield row["routing"], row["model"], moe, {"table": "table9", **SHORT, **row}


def _models() -> Models:
    """Gather runs of the same configuration into one model."""
    known = {one.name for one in fields(Run)}
    sizes: dict[str, ViTSizes] = {}
    runs: dict[str, list[Run]] = {}
    for label, variant, moe, row in _printed():
        name = _name(label, variant, moe)
        sizes[name] = _sizes(variant, moe)
        runs.setdefault(name, []).append(Run(**{key: value for key, value in row.items() if key in known}))
    notes = {name: tuple(text for pattern, text in CONTRADICTIONS if fnmatchcase(name, pattern)) for name in sizes}
    return Models({name: Model(name, sizes[name], tuple(runs[name]), notes[name]) for name in sizes})


MODELS = _models()
