"""softmoe_edu: learn how mixture-of-experts routing works, from sparse to Soft MoE.

tokens --router--> Routing --to_slots--> slots --experts--> slots --to_tokens--> tokens

Submodules load when they are first asked for: `import softmoe_edu as se; se.losses.importance_loss(gates)`.
"""

import importlib
import pkgutil
from types import ModuleType

from softmoe_edu.shadowing import explained

# A learner's own torch.py beside a lesson would be imported by what follows.
with explained():
    from softmoe_edu.capacity import capacity_for
    from softmoe_edu.experts import Experts
    from softmoe_edu.moe import MoE
    from softmoe_edu.routers import (
        ROUTERS,
        ExpertsChoiceRouter,
        IdentityRouter,
        SoftRouter,
        SoftUniformRouter,
        TokensChoiceRouter,
        UniformRouter,
        UniformSoftRouter,
    )
    from softmoe_edu.routing import Routing, SoftRouting, SparseRouting, record
    from softmoe_edu.vit import ViT

# Found when it is first asked for: git takes a moment.
__version__: str

__all__ = [
    "ROUTERS",
    "Experts",
    "ExpertsChoiceRouter",
    "IdentityRouter",
    "MoE",
    "Routing",
    "SoftRouter",
    "SoftRouting",
    "SoftUniformRouter",
    "SparseRouting",
    "TokensChoiceRouter",
    "UniformRouter",
    "UniformSoftRouter",
    "ViT",
    "capacity_for",
    "record",
]


def __getattr__(name: str) -> ModuleType | str:
    """Import the submodule of that name, or find the version; both then stay as an attribute."""
    if name == "__version__":
        from softmoe_edu.version import version

        globals()[name] = version()
        return str(globals()[name])
    if name in _submodules():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the package's public names and its submodules, loaded or not."""
    return sorted({*__all__, "__version__", *(name for name in globals() if name.startswith("__")), *_submodules()})


def _submodules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__)]
