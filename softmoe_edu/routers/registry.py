"""The routers by name, and how one is built from settings that are meant for any of them."""

import inspect
from collections.abc import Callable, Mapping

from softmoe_edu.routers.ablations import IdentityRouter, SoftUniformRouter, UniformRouter, UniformSoftRouter
from softmoe_edu.routers.experts_choice import ExpertsChoiceRouter
from softmoe_edu.routers.router import Router
from softmoe_edu.routers.soft import SoftRouter
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter
from softmoe_edu.shapes import check_choice

ROUTERS: dict[str, type[Router]] = {
    "soft": SoftRouter,
    "tokens choice": TokensChoiceRouter,
    "experts choice": ExpertsChoiceRouter,
    "uniform": UniformRouter,
    "identity": IdentityRouter,
    "uniform / soft": UniformSoftRouter,
    "soft / uniform": SoftUniformRouter,
}
"""Every router by its name; one that is added here can be built, costed and exchanged as these."""


def registered(name: str) -> Callable[..., Router]:
    """Return what builds the router of this name.

    Raises:
        ValueError: no router has this name; the error lists the names.
    """
    check_choice("router", name, tuple(ROUTERS))
    return ROUTERS[name]


def name_of(router: object) -> str | None:
    """Return the name under which a router's own class is registered, None where it is not."""
    return next((name for name, kind in ROUTERS.items() if type(router) is kind), None)


def settings_taken(name: str) -> tuple[str, ...]:
    """Return the arguments that a registered router takes beside dim and num_experts.

    A class that passes **keywords on takes those of its base too.
    """
    found: dict[str, None] = {}
    kind = registered(name)
    owners = [vars(cls)["__init__"] for cls in kind.__mro__ if "__init__" in vars(cls)] if inspect.isclass(kind) else []
    for function in owners or [kind]:
        parameters = inspect.signature(function).parameters.values()
        named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        found |= dict.fromkeys(named)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return tuple(name for name in found if name not in ("self", "dim", "num_experts"))


def build(name: str, dim: int, num_experts: int, settings: Mapping[str, object]) -> Router:
    """Build a registered router with those of the settings that it takes.

    Args:
        name: a name in `ROUTERS`.
        dim: width d of a token.
        num_experts: number e of experts.
        settings: arguments by name, of which a router may take some or none.

    Raises:
        ValueError: no router has this name, or an argument is out of range.
        TypeError: the router cannot be built from these.
    """
    kind, taken = registered(name), settings_taken(name)
    arguments = {key: value for key, value in settings.items() if key in taken}
    try:
        inspect.signature(kind).bind(dim, num_experts, **arguments)
    except TypeError as error:
        raise TypeError(
            f"router {name!r} must be built from dim, num_experts and {', '.join(arguments) or 'nothing else'}, "
            f"which fails ({error}): let __init__ take dim and num_experts first, and give its other arguments defaults"
        ) from None
    router = kind(dim, num_experts, **arguments)
    if not isinstance(router, Router):
        raise TypeError(
            f"router {name!r} must be a softmoe_edu.routers.Router, got {type(router).__name__}: subclass it"
        )
    return router
