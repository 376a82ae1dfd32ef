"""Accounts of this machine for a class: one for everybody who has none, with a first password."""

import os
import pwd
import secrets
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.hub.classroom import Classroom
from softmoe_edu.hub.rights import run

PASSWORDS = "passwords.csv"
# Without letters and digits that look alike: passwords are read off paper.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def missing(classroom: Classroom) -> list[str]:
    """Return the teachers and students without an account here."""
    return [name for name in (*classroom.teachers, *classroom.accounts) if not _known(name)]


def make(folder: Path, classroom: Classroom) -> list[str]:
    """Make the missing accounts, write their first passwords into a file that root alone can read, and say so.

    Raises:
        PermissionError: If this process is not root's.
        OSError: If an account cannot be made; those made before keep their passwords in the file.
    """
    if os.geteuid() != 0:
        raise PermissionError("only root can make accounts: run the same command with sudo")
    new = missing(classroom)
    if not new:
        return ["Everybody in the class has an account."]
    path = folder / PASSWORDS
    for name in new:
        password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
        # Written before the account exists: a password that nobody knows is worse than one of nobody.
        _note(path, name, password)
        run("useradd", "--create-home", "--user-group", "--shell", "/bin/bash", name)
        try:
            run("chpasswd", given=f"{name}:{password}\n")
        except OSError:
            run("userdel", "--remove", name)  # an account without its password would count as made
            raise
        # Some systems let everybody look into a new home.
        Path(pwd.getpwnam(name).pw_dir).chmod(0o700)
    return [f"Accounts made: {len(new)}. Their first passwords are in {path}, which only root can read."]


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _note(path: Path, name: str, password: str) -> None:
    known = path.read_text(encoding="utf-8").splitlines() if path.exists() else ["id,password"]
    # Of an account that could not be made, an earlier run left a line.
    lines = [line for line in known if not line.startswith(f"{name},")]
    lines.append(f"{name},{password}")
    old = os.umask(0o077)
    try:
        write_atomically(path, ("\n".join(lines) + "\n").encode())
    finally:
        os.umask(old)
