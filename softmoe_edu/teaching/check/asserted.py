"""What a failed assert was about: its line, and the values in it, in words."""

import ast
import linecache
import textwrap
from collections.abc import Iterator
from types import CodeType, TracebackType

import torch

from softmoe_edu.teaching.check.elsewhere import Elsewhere
from softmoe_edu.teaching.check.properties import brief

FEW = 8  # numbers; of more only the shape is shown
MOST = 60  # characters of a value
PLAIN = (bool, int, float, str, tuple, list, torch.Size, torch.dtype)


def failed_assert(error: AssertionError) -> str:
    """Return the line that failed and the values of the names in it; "" where the line is not known."""
    if isinstance(error, Elsewhere):
        return error.asserted
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next:
        trace = trace.tb_next
    text = _statement(trace)
    if not text.startswith("assert"):
        return ""
    told = list(dict.fromkeys(_values(text, trace.tb_frame.f_globals | trace.tb_frame.f_locals)))
    return f"{text}, where {'; '.join(told)}" if told else text


def _statement(trace: TracebackType) -> str:
    """Return the whole statement that raised, in one line."""
    first, last = _rows(trace.tb_frame.f_code, trace.tb_lasti, trace.tb_lineno)
    name = trace.tb_frame.f_code.co_filename
    lines = [linecache.getline(name, row) for row in range(first, last + 1)]
    text = textwrap.dedent("".join(lines)).strip()
    try:
        return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError):
        return " ".join(text.split())


def _rows(code: CodeType, at: int, row: int) -> tuple[int, int]:
    places = list(code.co_positions())
    first, last, *_ = places[at // 2] if at // 2 < len(places) else (row, row)
    return first or row, max(last or row, first or row)


def _values(statement: str, names: dict[str, object]) -> Iterator[str]:
    """Yield "name is value" for what stands in a condition and can be looked at without calling anything."""
    try:
        (tree,) = ast.parse(statement).body
    except (SyntaxError, ValueError):
        return
    if not isinstance(tree, ast.Assert):
        return
    tensors: list[torch.Tensor] = []
    for node in _looked_at(tree.test):
        words = ast.unparse(node)
        try:
            # Names, attributes and elements only: nothing that a learner wrote runs a second time.
            value = eval(compile(ast.Expression(node), "<assert>", "eval"), {"__builtins__": {}}, names)
        except Exception:
            continue
        if isinstance(value, torch.Tensor):
            small = value.numel() <= FEW
            shown = brief(value) if small else f"a tensor of shape {tuple(value.shape)}"
            tensors.append(value)
        elif isinstance(value, PLAIN):
            plain = tuple(value) if isinstance(value, torch.Size) else value
            shown = brief(plain) if isinstance(plain, float) else str(plain)
        else:
            continue
        yield f"{words} is {shown if len(shown) <= MOST else f'{shown[:MOST]} ...'}"
    if len(tensors) == 2 and tensors[0].shape == tensors[1].shape and tensors[0].numel() > FEW:
        apart = (tensors[0].detach().double() - tensors[1].detach().double()).abs().max()
        yield f"their largest difference is {brief(float(apart), 6)}"


def _looked_at(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the largest parts of an expression that are names, their attributes, and elements of them."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not _calls(node):
        if not isinstance(node, ast.Name) or not isinstance(getattr(node, "ctx", None), ast.Store):
            yield node
        return
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.Call):  # of a function what it is given; of a method, what it belongs to
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        children = iter([*owner, *node.args, *(keyword.value for keyword in node.keywords)])
    for child in children:
        yield from _looked_at(child)


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call | ast.Lambda | ast.GeneratorExp | ast.ListComp) for part in ast.walk(node))
