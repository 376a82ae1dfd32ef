"""Who is in the class, and what each student may take: the settings of a hub, in its file class.toml."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from softmoe_edu import lessons
from softmoe_edu.text import plural

FILE = "class.toml"
COURSE = "softmoe"
"""nbgrader's name of the course."""
WORKSPACE = "softmoe_lab"
"""The folder in each home that a server opens."""
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}
EVERYBODY = "*"

COMMENTS = {
    "teachers": "They see the course, release it and grade it. Each name is an account of this machine.",
    "students": 'Accounts, or a rule: "@GROUP" lets in a group of this machine, "*" everybody with an account.',
    "ip": "The address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for all its networks.",
    "port": "The port; the hub itself also uses the next two ports, on this machine only.",
    "certificate": "Files of a TLS certificate and its key; without them, passwords cross the network unencrypted.",
    "key": "",
    "memory": "The limits of each person: memory of all programs together, cores, and processes with their threads.",
    "cpus": "",
    "processes": "",
    "idle": "Minutes without activity after which a kernel ends, and then the server; what was saved is kept.",
    "group": "The group of this machine that owns the course; the hub puts the teachers into it.",
}


@dataclass(frozen=True)
class Classroom:
    """The settings of one hub.

    Args:
        teachers: Accounts that see the course.
        students: Accounts, "@GROUP" or "*".
        ip: Address to listen on.
        port: Port to listen on.
        certificate: File of a TLS certificate, or "".
        key: File of its key, or "".
        memory: What all programs of a person may take, such as "2G".
        cpus: Cores of a person.
        processes: Processes and threads of a person.
        idle: Minutes without activity after which a server ends.
        group: The Unix group of the teachers.

    Raises:
        ValueError: If a setting is none, with what was expected.
    """

    teachers: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    ip: str = "127.0.0.1"
    port: int = 8000
    certificate: str = ""
    key: str = ""
    memory: str = "2G"
    cpus: int = 2
    processes: int = 512
    idle: int = 60
    group: str = "softmoe-teachers"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kind = type(field.default)
            if type(value) is not kind or (isinstance(value, tuple) and any(type(each) is not str for each in value)):
                what = {tuple: "a list of names", str: "a text", int: "a whole number"}[kind]
                raise ValueError(f"{field.name} must be {what}, got {value!r}")
        if not self.teachers:
            raise ValueError("a class needs a teacher: name one, --teachers NAME")
        if not self.students:
            raise ValueError("a class needs students: name them, or a file, --students FILE, or a group, @GROUP")
        for name in (*self.teachers, *self.accounts, self.group, *self.groups):
            if not ACCOUNT.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be an account: expected at most 32 of a-z, 0-9, _ and -, and a letter first"
                )
        if both := sorted(set(self.teachers) & set(self.students)):
            raise ValueError(f"{both[0]} is both a teacher and a student: remove one of the two")
        if bool(self.certificate) != bool(self.key):
            raise ValueError("a certificate needs its key, and a key its certificate: name both or neither")
        if not 1 <= self.port <= 65533:
            raise ValueError(f"port must be a number from 1 to 65533, since the next two are used too; got {self.port}")
        for name, least in (("cpus", 1), ("processes", 128), ("idle", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.memory_bytes < 1 << 30:
            raise ValueError(f"memory must be at least 1G, which a server and one lesson take, got {self.memory}")

    @property
    def accounts(self) -> tuple[str, ...]:
        """The students that are named one by one."""
        return tuple(name for name in self.students if name != EVERYBODY and not name.startswith("@"))

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of this machine whose members are students."""
        return tuple(name[1:] for name in self.students if name.startswith("@"))

    @property
    def everybody(self) -> bool:
        """Whether everybody with an account of this machine is let in."""
        return EVERYBODY in self.students

    @property
    def workspace(self) -> str:
        """The folder in each home that a server opens."""
        return WORKSPACE

    @property
    def first_lesson(self) -> str:
        """The file that a server opens first."""
        return min(path.name for path in lessons.folder().glob("*.ipynb"))

    @property
    def memory_bytes(self) -> int:
        """The limit of memory, in bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT])", self.memory)
        if match is None:
            raise ValueError(f"memory must be a number and K, M, G or T, such as 2G, got {self.memory!r}")
        return int(float(match[1]) * 2 ** UNITS[match[2]])


def read(path: Path) -> Classroom:
    """Read a class.toml.

    Raises:
        ValueError: If it is no such file, with the place or the setting.
        OSError: If it cannot be read.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    known = {field.name for field in fields(Classroom)}
    if unknown := sorted(found.keys() - known):
        raise ValueError(f"{path} has an unknown setting, {unknown[0]}; the settings are {', '.join(sorted(known))}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    try:
        return Classroom(**values)  # type: ignore[arg-type]  # it checks itself
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def written(classroom: Classroom) -> str:
    """Return the text of its class.toml; always the same for the same class."""
    lines = ["# The class. After a change, stop the hub and start it again."]
    for name, value in asdict(classroom).items():
        if COMMENTS[name]:
            lines += ["", f"# {COMMENTS[name]}"]
        lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def names(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names in a list of words, in which a word may be a file of names: a roster, or one name in each line.

    Raises:
        ValueError: If a file holds no names.
        OSError: If it cannot be read.
    """
    found: list[str] = []
    for word in words:
        path = Path(word)
        if word == EVERYBODY or not (path.suffix or path.is_file()):
            found += [each for each in word.split(",") if each]
            continue
        listed = _roster(path) if path.suffix.lower() == ".csv" else path.read_text(encoding="utf-8-sig").split("\n")
        listed = [name for each in listed if (name := each.strip()) and not name.startswith("#")]
        if not listed:
            raise ValueError(f"{path} has no names in it: expected one in each line, or a roster with a column id")
        found += listed
    return tuple(dict.fromkeys(found))


def _roster(path: Path) -> list[str]:
    from softmoe_edu.teaching.grading.roster import read

    return [each.id for each in read(path)]


def said(classroom: Classroom) -> str:
    """Return who is let in, in words."""
    who = [plural(len(classroom.accounts), "student")] if classroom.accounts else []
    who += [f"the group {name}" for name in classroom.groups]
    who += ["everybody with an account"] if classroom.everybody else []
    return f"{plural(len(classroom.teachers), 'teacher')} and {' and '.join(who)}"
