"""What the explorers share: numbers with bounds as traits."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

import traitlets

from softmoe_edu.shapes import check_at_least, check_choice
from softmoe_edu.widgets.inputs import plain

Number = int | float


class Whole(traitlets.TraitType[Any, Any]):
    """A trait for a whole number from `least` to `most`; another value raises an error."""

    def __init__(self, default: Number, least: Number, most: Number, **options: Any) -> None:
        super().__init__(default_value=default, **options)
        self.least, self.most = least, most

    def validate(self, obj: traitlets.HasTraits, value: Any) -> Number:
        name = str(self.name)
        return inside(name, check_at_least(name, plain(value), int(self.least)), self.least, self.most)


class Real(Whole):
    """A trait for a number from `least` to `most`, whole or not."""

    def validate(self, obj: traitlets.HasTraits, value: Any) -> float:
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise TypeError(f"{self.name} must be a finite number, got {value!r} ({type(value).__name__})")
        return float(inside(str(self.name), value, self.least, self.most))


def inside(name: str, value: Number, least: Number, most: Number) -> Number:
    """Return the value, or raise an error unless it is within its bounds."""
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, got {value}")
    return value


def check_in_browser(name: str, router: str, computed: tuple[str, ...], instead: str) -> None:
    """Raise a ValueError unless the browser computes this router, which it must implement itself.

    Args:
        name: what the value is called.
        router: the name of a router.
        computed: the routers that the widget's script implements.
        instead: what shows the others.
    """
    if router not in computed:
        listed = ", ".join(map(repr, computed))
        raise ValueError(f"{name} must be one of {listed}, got {router!r}: the browser computes these alone, {instead}")


def focused(focus: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    """Return the controls that are to be shown, [] for all.

    Raises:
        ValueError: If there is no such control.
    """
    names = [focus] if isinstance(focus, str) else list(focus or ())
    for name in names:
        check_choice("a name in focus", name, tuple(known))
    return names


def limits_of(widget: type[traitlets.HasTraits]) -> dict[str, list[Any]]:
    """Return the bounds of a widget's numbers: {trait: [least, most, whether whole, whether it may be none]}."""
    declared = {name: trait for base in reversed(widget.__mro__) for name, trait in vars(base).items()}
    bounded = {name: trait for name, trait in declared.items() if isinstance(trait, Whole)}
    return {
        name: [trait.least, trait.most, not isinstance(trait, Real), trait.allow_none]
        for name, trait in bounded.items()
    }
