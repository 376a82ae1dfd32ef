"""The folder of a hub: what is written into it, and what is never written over."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.hub import classroom, needs
from softmoe_edu.hub.classroom import Classroom

FILES = Path(__file__).parent / "files"
MANIFEST = ".written.json"


def write(folder: Path, wanted: Mapping[str, object]) -> list[str]:
    """Write a hub into a folder, or bring one up to date, and return sentences on what is there.

    The same class gives the same files. The course's folder is written once and then belongs to the teachers.

    Args:
        folder: Where to.
        wanted: Settings of `Classroom` by name; the others stay as they are there, or are the usual ones.

    Raises:
        ValueError: If a setting is none.
        FileExistsError: If a file that would change was changed by hand; then nothing is written.
        OSError: If the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder")
    settings = folder / classroom.FILE
    known = classroom.read(settings) if settings.exists() else None
    new = replace(known, **wanted) if known else Classroom(**wanted)  # type: ignore[arg-type]  # it checks itself
    texts = {path.relative_to(FILES).as_posix(): path.read_bytes() for path in sorted(_files())}
    if known is None or new != known:
        texts[classroom.FILE] = classroom.written(new).encode()
    manifest = _manifest(folder)
    changed = [name for name, content in texts.items() if _changed(folder / name, content, manifest.get(name))]
    if changed:
        raise FileExistsError(
            f"{', '.join(changed)} in {folder} {'was' if len(changed) == 1 else 'were'} changed by hand and would be "
            "overwritten: move your copy elsewhere, run this again, and put your lines into the new one. Nothing was "
            "written."
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, content in texts.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
        for each in (path, *path.parents[: name.count("/")]):
            each.chmod(0o755 if each.is_dir() else 0o644)
        manifest[name] = _digest(content)
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n")
    return [f"A hub for {classroom.said(new)} is in {folder}.", *_course(folder / "course")]


def _files() -> list[Path]:
    return [path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _manifest(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, ValueError):
        return {}


def _changed(path: Path, content: bytes, known: str | None) -> bool:
    """Return whether a file differs both from what is to be written and from what was written last."""
    if not path.exists():
        return False
    found = path.read_bytes()
    return found != content and _digest(found) != known


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _course(course: Path) -> list[str]:
    """Write nbgrader's course where there is none."""
    if (course / "nbgrader_config.py").exists():
        return [f"{course} was kept. For newer lessons, run softmoe-edu export nbgrader FOLDER and copy from there."]
    from softmoe_edu.teaching.exports import export

    course.mkdir(mode=0o700, exist_ok=True)
    export("nbgrader", course)
    return [f"{course} holds the assignments, with their solutions."]


def main(folder: Path, wanted: Mapping[str, object], *, make_accounts: bool) -> None:
    """Run the command: write the hub, make accounts if asked to, and say what to do next; exit where that fails."""
    folder = folder.expanduser().resolve()
    try:
        if lacking := needs.missing():
            sys.exit("\n".join(lacking))
        from softmoe_edu.hub import accounts  # which no other system has

        print(*write(folder, wanted), sep="\n")
        found = classroom.read(folder / classroom.FILE)
        if make_accounts:
            print(*accounts.make(folder, found), sep="\n")
        elif without := accounts.missing(found):
            names = ", ".join(without[:5]) + (" and others" if len(without) > 5 else "")
            print(f"No account on this machine: {names}. To make them: sudo softmoe-edu hub {folder} --accounts")
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f'Next: read {folder / "README.md"}, then in {folder}: sudo env PATH="$PATH" jupyterhub')
