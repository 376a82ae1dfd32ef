"""What answers in the process of a submission: it defines the learner's function and is called over a link."""

import ast
import linecache
import os
import sys
from collections.abc import Callable
from io import RawIOBase

from softmoe_edu.teaching.check.attempt import told_of
from softmoe_edu.teaching.check.isolation.borrowed import Traps, UsedReference
from softmoe_edu.teaching.check.isolation.isolated import Gone, TimeUp, isolated
from softmoe_edu.teaching.check.isolation.kept_state import plain_again
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.grading.link import Link

FILE = "<your notebook>"
BEGINS = "import math\nimport torch\n"
# What an answer has no reason to do, as Python itself reports it (sys.addaudithook).
WATCHED = (
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "subprocess.Popen",
    "os.kill",
)
WATCHED += ("socket.connect", "socket.bind", "gc.get_objects", "gc.get_referrers")
MOST_ACTS = 20


def serve(reader: RawIOBase, writer: RawIOBase) -> None:
    """Answer for one exercise after the other, until the other side closes."""
    acts: list[str] = []
    watch(acts)
    link = Link(reader, writer)
    while True:
        try:
            message, _ = link.receive()
        except Gone:
            os._exit(0)
        link.forget()
        acts.clear()
        said, ended = "", {}
        try:
            with isolated(message["seconds"]) as printed:
                began(link, message)
                until_end(link)
        except TimeUp:
            ended = {"ends": "time", "text": ""}
        except UsedReference as error:
            ended = {"ends": "borrowed", "text": str(error)}
        except SystemExit:
            ended = {"ends": "exit", "text": ""}
        except Gone:
            os._exit(0)
        said = printed.text
        if ended:
            refuse(link, ended)
        link.send({"do": "ended", "printed": said[:20_000], "acts": acts[:MOST_ACTS]})


def began(link: Link, message: dict) -> None:
    """Define what the message brings, and name the function to the other side, or say what went wrong."""
    exercise = find_exercise(message["exercise"])
    functions = (exercise.answer, *exercise.variants, *exercise.library)
    traps = Traps([*functions, *(mistake.function for mistake in exercise.mistakes)])
    namespace, errors = defined(message["statements"])
    link.around = traps_of(traps)
    answer = namespace.get(message["name"])
    found = {"do": "ready", "errors": errors, "function": None}
    if message["name"] in namespace:
        found["function"] = link._out(answer, [], [])
    link.send(found)


def traps_of(traps: Traps) -> Callable[[], Traps]:
    """Return what each call runs in: plain defaults, and the reference out of reach."""

    def around() -> Traps:
        plain_again()
        return traps

    return around


def defined(statements: list[str]) -> tuple[dict[str, object], list[dict]]:
    """Run statements of a notebook one by one; one that fails is told, and the rest runs nevertheless."""
    text, errors = BEGINS + "\n".join(statements) + "\n", []
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    namespace: dict[str, object] = {"__name__": "__main__", "__builtins__": __builtins__}
    for statement in ast.parse(text, FILE).body:
        code = compile(ast.Module([statement], []), FILE, "exec")
        try:
            exec(code, namespace)
        except (TimeUp, SystemExit, UsedReference, Gone):
            raise
        except BaseException as error:
            line, _, unwritten = told_of(error, eval(compile("lambda: 0", FILE, "eval")))
            name = type(error).__name__
            errors.append({"name": name, "text": str(error)[:400], "line": line, "unwritten": unwritten})
    return namespace, errors


def until_end(link: Link) -> None:
    """Serve calls until the exercise is over."""
    while True:
        message, numbers = link.receive()
        if message["do"] == "end":
            return
        link.serve(message, numbers)


def refuse(link: Link, ended: dict) -> None:
    """Answer the call that waits, if one does, and every further one of the exercise with what ended it."""
    if link.owes:
        link.send({"do": "raise", **ended})
    while True:
        message, _ = link.receive()
        if message["do"] == "end":
            return
        if message["do"] in ("call", "vjp"):  # and not the result of a call of ours that was left
            link.send({"do": "raise", **ended})


def watch(acts: list[str]) -> None:
    """Note what is done that an answer has no reason to do."""
    libraries = (sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

    def hook(event: str, args: tuple) -> None:
        if len(acts) >= MOST_ACTS:
            return
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            path, flags = os.fspath(args[0]), args[2] if isinstance(args[2], int) else 0
            path = os.path.abspath(os.fsdecode(path))
            known = path.startswith((*libraries, "/proc/self", "/dev/null", os.getcwd(), "/usr", "/etc", "<"))
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or not known:
                if not path.startswith((os.getcwd(), os.devnull, "/proc/self")):
                    acts.append(f"opens {path[:80]}")
        elif event in WATCHED and event not in acts:
            acts.append(event)

    sys.addaudithook(hook)
