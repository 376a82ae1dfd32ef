"""What a run is made of beside its numbers: the settings of the model's parts and of the auxiliary loss.

Two runs of the same shapes can differ in a router's top_k or in the function that makes the auxiliary loss. What is
known of both is kept with a history as plain text, so that a run goes on with what it began with.
"""

import dis
import functools
import hashlib
import inspect
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from softmoe_edu.names import plain_name

Identity = dict[str, dict[str, Any]]

# Values whose text says all of them.
PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, np.generic)


def identity_of(model: nn.Module, auxiliary: object = None) -> Identity:
    """Describe what a run of this model and this auxiliary loss is made of, in plain containers and text.

    Args:
        model: Its modules count with their type and with the arguments of their constructors that they keep under the
            arguments' names; where there are none, with what they show when printed. Devices and modes do not count.
        auxiliary: A function counts by what it computes: its code, its defaults, and the numbers, texts and functions
            that it takes from around it, those of its own module with what they take in turn. Its name, docstring, file
            and lines do not count, so that a function that is defined again from the same source is the same; nor do
            lists, dicts and tensors, which are no settings but change. An object counts by its class's `__call__` and
            its attributes of these kinds.

    Returns:
        {"model": {module: {setting: text}}, "trained": {"names": [parameter]}, "auxiliary": {name: text}}.
    """
    found: dict[str, str] = {}
    if auxiliary is not None:
        _describe(auxiliary, "", found, set())
    names = [plain_name(model, name) for name, parameter in model.named_parameters() if parameter.requires_grad]
    modules = {plain_name(model, name): _settings(module) for name, module in model.named_modules()}
    return {"model": modules, "trained": {"names": names}, "auxiliary": found}


def check_same(now: Identity, known: Sequence[Identity]) -> None:
    """Raise an error that names the first difference unless `now` is, part by part, what one of `known` says.

    Args:
        now: What is there now.
        known: What the run was made of when it began and when it was last left: a schedule that counts its own steps
            may have changed since then.

    Raises:
        ValueError: If a module, a setting, a trained parameter or the auxiliary loss is another one.
    """
    for name in _keys(now["model"], *(each["model"] for each in known)):
        _check_module(name, now["model"].get(name), [each["model"].get(name) for each in known])
    names = [each["trained"]["names"] for each in known]
    if now["trained"]["names"] not in names:
        odd = sorted(set(now["trained"]["names"]) ^ set(names[0])) or ["the order of the parameters"]
        raise ValueError(
            "a run must be resumed with the parameters to train that it began with, got a difference in "
            f"{', '.join(odd[:3])}: freeze the same parameters, or start a new run"
        )
    for name in _keys(now["auxiliary"], *(each["auxiliary"] for each in known)):
        ours, values = now["auxiliary"].get(name), [each["auxiliary"].get(name) for each in known]
        if any(_alike(ours, value) for value in values):
            continue
        got = f"{name}={ours}, and it began with {values[0]}"
        if not name or any(str(value).startswith("code ") for value in (ours, *values)):
            got = f"another {name or 'function'}"
        raise ValueError(
            f"a run must be resumed with the auxiliary loss that it began with, got {got}: "
            "pass the same function, or start a new run"
        )


def _check_module(name: str, ours: dict[str, str] | None, theirs: list[dict[str, str] | None]) -> None:
    """Raise an error that names the first setting in which a module differs from each time that it is known from."""
    began = "a run must be resumed with the model that it began with, got {}, and it began with {}: {}"
    build = "build the model with the same arguments, or start a new run"
    there = [each for each in theirs if each is not None]
    if ours is None and len(there) == len(theirs):
        raise ValueError(began.format(f"no module {name!r}", f"one of type {there[0]['type']}", build))
    if ours is not None and not there:
        raise ValueError(began.format(f"a module {name!r} of type {ours['type']}", "none", build))
    for setting, value in (ours or {}).items():
        # A setting that a later version of the library added is not known from before.
        values = [each[setting] for each in there if setting in each]
        if values and value not in values:
            where = repr(name) if name else "the model"
            raise ValueError(began.format(f"{setting}={value} in {where}", values[0], build))


def _keys(*tables: Mapping[str, object]) -> Iterator[str]:
    """Yield the keys of all tables, in order."""
    return iter(dict.fromkeys(key for table in tables for key in table))


def _alike(first: str | None, second: str | None) -> bool:
    """Return whether two descriptions agree; the code of two versions of Python cannot be compared, and agrees."""
    if first and second and first.startswith("code ") and second.startswith("code "):
        return first == second or first.split()[1] != second.split()[1]
    return first == second


def _settings(module: nn.Module) -> dict[str, str]:
    """Return a module's type, and its settings as text."""
    found = {"type": type(module).__name__}
    for cls in reversed(type(module).__mro__):
        if issubclass(cls, nn.Module) and cls is not nn.Module and "__init__" in vars(cls):
            for name in _parameters(cls.__init__):
                if name in vars(module) and (text := _text(vars(module)[name])) is not None:
                    found[name] = text
    if len(found) == 1 and (shown := module.extra_repr()):
        found["extra_repr"] = re.sub(r" at 0x[0-9a-fA-F]+", "", shown)
    return found


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """Return a callable's parameters by name; none where Python knows no signature."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _text(value: object) -> str | None:
    """Return the text of a plain value or of containers of such; None for anything else."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)  # a weight of 1 is one of 1.0
    if isinstance(value, PLAIN):
        text = repr(value)
        return text if len(text) <= 200 else f"{text[:60]}... ({len(text)} letters, {_digest(text)})"
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, set | frozenset):
        texts = _texts(value)
        return None if texts is None else f"{{{', '.join(sorted(texts))}}}"
    if isinstance(value, list | tuple):
        texts = _texts(value)
        return None if texts is None else f"({', '.join(texts)})"
    if callable(value) and not isinstance(value, nn.Module) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return None


def _texts(values: Iterable[object]) -> list[str] | None:
    """Return the text of each value; None if there is one without."""
    texts = []
    for value in values:
        if (text := _text(value)) is None:
            return None
        texts.append(text)
    return texts


def _describe(value: object, path: str, found: dict[str, str], seen: set[int]) -> None:
    """Add what counts of a function, or of a value that one takes from around it, under its path to found."""
    within = f"{path}." if path else ""
    value = getattr(value, "_torchdynamo_orig_callable", value)  # what torch.compile was given
    if id(value) in seen:
        return
    if isinstance(value, functools.partial):
        seen.add(id(value))
        _describe(value.func, path, found, seen)
        for name, given in [*enumerate(value.args), *value.keywords.items()]:
            _describe(given, f"{within}{name}", found, seen)
    elif isinstance(value, types.MethodType):
        seen.add(id(value))
        _describe(value.__func__, path, found, seen)
        _describe_attributes(value.__self__, within, found, seen)
    elif isinstance(value, types.FunctionType):
        seen.add(id(value))
        _describe_function(value, path, found, seen)
    elif isinstance(value, nn.Module):
        for name, module in value.named_modules():
            name = plain_name(value, name)
            found |= {f"{within}{name}.{setting}": text for setting, text in _settings(module).items()}
    elif path and isinstance(value, (*PLAIN, tuple, frozenset)):
        if (text := _text(value)) is not None:
            found[path] = text
    elif isinstance(value, type | types.BuiltinFunctionType):
        found[path] = f"{value.__module__}.{value.__qualname__}"
    elif callable(value) and isinstance(inspect.getattr_static(type(value), "__call__"), types.FunctionType):
        seen.add(id(value))
        _describe(type(value).__call__, path, found, seen)
        _describe_attributes(value, within, found, seen)
    elif callable(value):
        found[path] = f"{type(value).__module__}.{type(value).__qualname__}"


def _describe_attributes(owner: object, within: str, found: dict[str, str], seen: set[int]) -> None:
    if not isinstance(owner, nn.Module | type):
        for name, attribute in getattr(owner, "__dict__", {}).items():
            _describe(attribute, f"{within}{name}", found, seen)


def _describe_function(function: types.FunctionType, path: str, found: dict[str, str], seen: set[int]) -> None:
    within = f"{path}." if path else ""
    around = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
    if hasattr(function, "__wrapped__"):
        # A decorator's own code may be made again in every process; what it was given counts.
        _describe(function.__wrapped__, path, found, seen)
    else:
        found[path] = _code(function.__code__, function.__doc__)
        wanted = set(_globals(function.__code__))
        around = {name: value for name, value in function.__globals__.items() if name in wanted} | around
        parameters = _parameters(function).values()
        around |= {p.name: p.default for p in parameters if p.default is not p.empty}
    for name, value in around.items():
        if isinstance(value, types.FunctionType) and value.__module__ != function.__module__:
            found[f"{within}{name}"] = f"{value.__module__}.{value.__qualname__}"
        else:
            _describe(value, f"{within}{name}", found, seen)


def _content(cell: types.CellType) -> object:
    """Return what a closure's cell holds; None while it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _globals(code: types.CodeType) -> Iterator[str]:
    """Yield the names of globals that a function's code, or code inside it, reads."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals(constant)


def _code(code: types.CodeType, doc: str | None) -> str:
    """Return a fingerprint of what code does, with the version of Python that compiled it."""
    return f"code {sys.implementation.cache_tag} {_digest(repr(_plain_code(code, doc)))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _plain_code(code: types.CodeType, doc: str | None = None) -> tuple[object, ...]:
    constants = [_plain_code(c) if isinstance(c, types.CodeType) else _constant(c) for c in code.co_consts]
    if doc and constants[:1] == [repr(doc)]:
        constants[0] = "None"
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    return code.co_code, constants, code.co_names, code.co_freevars, counts


def _constant(value: object) -> str:
    """Return a constant's text; a set's order is another one in every process."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    return f"({', '.join(map(_constant, value))})" if isinstance(value, tuple) else repr(value)
