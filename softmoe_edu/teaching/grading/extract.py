"""Find a learner's function in a notebook, and what it needs, by reading the code; nothing is run here."""

import ast
import re
import symtable
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from softmoe_edu.text import plural

FROM_THE_START = {"torch", "math"}
LONGEST = 400_000  # characters of a cell
SKIPPED = re.compile(r"^%%(?!time\b|timeit\b|capture\b|python3?\b)")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Statement:
    """One statement at the top level of a notebook.

    cell: the number of its cell, from 1. binds: the names that it defines. changes: those whose value it changes.
    needs: names of the notebook that it uses.
    """

    node: ast.stmt
    text: str
    cell: int
    binds: frozenset[str]
    changes: frozenset[str]
    needs: frozenset[str]

    @property
    def is_stub(self) -> bool:
        """Whether this is a function that only says that it is not written."""
        if not isinstance(self.node, ast.FunctionDef):
            return False
        body = self.node.body[1:] if ast.get_docstring(self.node) is not None else self.node.body
        match body:
            case [ast.Raise(exc=ast.Name(id) | ast.Call(func=ast.Name(id)))]:
                return id == "NotImplementedError"
        return False


@dataclass
class Code:
    """The statements of a notebook, and what was found while they were read.

    joined: numbers of the cells that were read as one, the last of which is that of their statements.
    """

    statements: list[Statement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    joined: list[tuple[int, ...]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)  # texts that are no Python, and why

    def defines(self, name: str) -> bool:
        """Whether a statement defines this name."""
        return any(name in each.binds for each in self.statements)


@dataclass(frozen=True)
class Found:
    """A function of a notebook: the statements to run for it, in order; none where it is missing.

    stub: whether it is as it was handed out. error: why its text is no Python.
    """

    statements: tuple[str, ...] = ()
    stub: bool = False
    error: str = ""
    notes: tuple[str, ...] = ()


def code_of(cells: Sequence[str]) -> Code:
    """Read the cells of a notebook; a cell that was split is read together with its other half."""
    code, waiting, halves = Code(), "", ()
    blocks: list[tuple[tuple[int, ...], str, list[Statement]]] = []
    for number, source in enumerate(cells, 1):
        source = plain(source)
        if source is None:
            continue
        starts_inside = source.lstrip("\n")[:1] in (" ", "\t")
        before = waiting or (blocks[-1][1] if blocks and starts_inside else "")
        own = None if starts_inside and before else statements_of(textwrap.dedent(source), number)
        joined = f"{before}\n{source}" if before else ""
        both = statements_of(joined, number) if joined and own is None else None
        if both is not None:
            if not waiting:
                halves = blocks.pop()[0]
            code.notes.append(f"cells {halves[-1]} and {number} were read as one: a function was split between them")
            blocks.append(((*halves, number), joined, both))
            waiting = ""
            continue
        if waiting:
            _give_up(code, blocks, waiting, halves)
            waiting = ""
        if own is None:
            own = statements_of(textwrap.dedent(source), number)
        if own is None:
            waiting, halves = source, (number,)
        else:
            blocks.append(((number,), source, own))
    if waiting:
        _give_up(code, blocks, waiting, halves)
    code.statements = [each for _, _, statements in blocks for each in statements]
    code.joined = [numbers for numbers, _, _ in blocks if len(numbers) > 1]
    return code


def _give_up(code: Code, blocks: list, text: str, numbers: tuple[int, ...]) -> None:
    """Keep of a text that is no Python the parts that are."""
    parts = re.split(r"\n(?=[^\s#)\]}])", text)
    kept = []
    for part in parts:
        found = statements_of(part, numbers[-1])
        if found is None:
            code.broken.append((part, _why(part)))
        else:
            kept += found
    if kept:
        blocks.append((numbers, text, kept))


def _why(text: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError as error:
        line = (error.text or "").strip()[:70]
        return f"{type(error).__name__}: {error.msg}{f' (in the line: {line})' if line else ''}"
    except (ValueError, RecursionError, MemoryError) as error:
        return type(error).__name__
    return "it cannot be read"


def plain(source: str) -> str | None:
    """Return a cell's text as Python, without IPython's own commands; None where all of it is one."""
    if SKIPPED.match(source):
        return None
    if source.startswith("%%"):
        source = source.partition("\n")[2]
    if _tree(textwrap.dedent(source)) is None:
        source = "\n".join(map(_without_magic, source.split("\n")))
    return source


def _without_magic(line: str) -> str:
    """Return a line with `pass` in place of a command of IPython, and None in place of one whose result is kept."""
    words = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if words[:1] in ("%", "!", "?") or (words.endswith("?") and words.rstrip("?").replace(".", "").isidentifier()):
        return f"{indent}pass"
    name, _, value = words.partition("=")
    return f"{indent}{name}= None" if value.lstrip()[:1] in ("%", "!") and name.strip().isidentifier() else line


def _tree(text: str) -> ast.Module | None:
    if len(text) > LONGEST:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statements_of(text: str, cell: int) -> list[Statement] | None:
    """Return the statements of a text; None where it is no Python, such as a return outside a function."""
    tree = _tree(text)
    try:
        return None if tree is None else _statements(tree, text, cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(tree: ast.Module, text: str, cell: int) -> list[Statement]:
    lines = text.splitlines(keepends=True)
    found = []
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        own = "".join(lines[first - 1 : node.end_lineno])
        if node.col_offset or sum(first <= other.lineno <= node.end_lineno for other in tree.body) > 1:
            own = ast.unparse(node)  # several statements share a line
        found.append(Statement(node, own.rstrip(), cell, _binds(node), _changes(node), _needs(own)))
    return found


def _needs(text: str) -> frozenset[str]:
    """Return the names that a statement takes from what stands around it."""
    top = symtable.symtable(text, "<cell>", "exec")
    found = {each.get_name() for each in top.get_symbols() if each.is_referenced()}
    waiting = list(top.get_children())
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        found.update(each.get_name() for each in table.get_symbols() if each.is_global())
    return frozenset(found)


def _binds(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement defines at the top level."""
    if isinstance(node, Definition):
        return frozenset({node.name})
    if isinstance(node, ast.Import | ast.ImportFrom):
        return frozenset((each.asname or each.name).partition(".")[0] for each in node.names)
    return frozenset(
        each.id
        for each in _outside_functions(node)
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)
    ) | frozenset(name for each in _outside_functions(node) for name in _defined_in(each))


def _defined_in(node: ast.AST) -> frozenset[str]:
    if isinstance(node, Definition):
        return frozenset({node.name})
    return _binds(node) if isinstance(node, ast.Import | ast.ImportFrom) else frozenset()


def _outside_functions(node: ast.AST) -> Iterable[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(
            child, Definition | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            yield from _outside_functions(child)


def _changes(node: ast.stmt) -> frozenset[str]:
    """Return the names whose values a statement writes into, by an attribute, an element or a method."""
    if isinstance(node, ast.Expr):
        match node.value:
            case ast.Call(func=ast.Attribute(value=owner)):
                return frozenset({name} if (name := _root(owner)) else ())
        return frozenset()
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if isinstance(node, ast.Delete):
        targets = node.targets
    return frozenset(
        name for each in targets if isinstance(each, ast.Attribute | ast.Subscript) and (name := _root(each))
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def find(code: Code, name: str, given: Code | None = None) -> Found:
    """Return what has to be run so that a notebook's function of this name is defined.

    Of several definitions the last one counts that is more than the stub; of other names, the last. What only stands
    beside them is not run.

    Args:
        code: The learner's notebook.
        name: The function.
        given: The lesson as it was handed out: names that the learner's notebook lost are taken from it.
    """
    own = [code.statements[place] for place in _places(code, name, given)]
    for text, why in code.broken:
        if re.search(rf"^def\s+{re.escape(name)}\b", text, re.MULTILINE) and all(each.is_stub for each in own):
            return Found(error=why)
    if not own:
        return Found()
    written = [each for each in own if not each.is_stub]
    if not written:
        return Found((own[-1].text,), stub=True)
    notes = []
    if len(written) > 1:
        notes.append(
            f"{name} is defined {plural(len(written), 'time')}; the last one, in cell {written[-1].cell}, counts"
        )
    chosen: dict[int, Statement] = {}
    from_lesson: dict[int, Statement] = {}
    waiting, seen = [name], set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        source, kept = code, chosen
        if not code.defines(wanted):
            if wanted in FROM_THE_START or given is None or not given.defines(wanted):
                continue
            source, kept = given, from_lesson
        for place, statement in _defining(source, wanted, given):
            if place not in kept:
                kept[place] = statement
                waiting += sorted(statement.needs)
    ordered = [from_lesson[place] for place in sorted(from_lesson)] + [chosen[place] for place in sorted(chosen)]
    return Found(tuple(each.text for each in ordered), notes=tuple(notes))


def _places(code: Code, name: str, given: Code | None) -> list[int]:
    """Return where a name is defined; what the lesson itself says of it counts only where nothing else does.

    A lesson may go on with `name = use("...", name)`, which takes the library's where the learner's is wrong.
    """
    found = [place for place, each in enumerate(code.statements) if name in each.binds]
    handed_out = {each.text for each in given.statements if name in each.binds} if given else set()
    own = [place for place in found if code.statements[place].text not in handed_out or code.statements[place].is_stub]
    return own or found


def _defining(code: Code, name: str, given: Code | None = None) -> list[tuple[int, Statement]]:
    """Return the statements that make a name what it is at the end of the notebook, with their places."""
    binding = _places(code, name, given)
    written = [place for place in binding if not code.statements[place].is_stub] or binding
    last = written[-1]
    first = last
    while name in code.statements[first].needs and not isinstance(code.statements[first].node, Definition):
        earlier = [place for place in written if place < first]
        if not earlier:
            break
        first = earlier[-1]
    places = {place for place in written if first <= place <= last}
    places |= {place for place, each in enumerate(code.statements) if name in each.changes and place > first}
    if all(isinstance(code.statements[place].node, ast.Import | ast.ImportFrom) for place in written):
        places = {last}  # calls such as torch.manual_seed(0) are no part of torch
    return [(place, code.statements[place]) for place in sorted(places)]
