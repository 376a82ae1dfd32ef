"""Who may read and write what in a hub's folder: set anew each time that the hub starts, which is as root."""

import grp
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from softmoe_edu.hub.classroom import COURSE, Classroom

# nbgrader asks for an exchange that everybody can write to. Its sticky bit keeps others from renaming what is in it,
# and since the course's own folders exist, nobody can put others in their place.
EXCHANGE = {
    "exchange": 0o1777,
    f"exchange/{COURSE}": 0o2775,
    f"exchange/{COURSE}/outbound": 0o2775,
    # Students put their work in, and cannot list what others put there: a random part of each name hides it, and the
    # sticky bit keeps it from those who learn the name.
    f"exchange/{COURSE}/inbound": 0o3773,
    f"exchange/{COURSE}/feedback": 0o2771,
}


def give(folder: Path, classroom: Classroom) -> None:
    """Set who may read and write: the course is for teachers, the exchange for everybody, the hub's state for root.

    Raises:
        PermissionError: If this process is not root's.
        ValueError: If students could not reach the folder, or Python.
        OSError: If a command that makes a group fails.
    """
    if os.geteuid() != 0:
        raise PermissionError(
            "a class hub is started by root, since each student's server runs as the student's own user: "
            'sudo env PATH="$PATH" jupyterhub'
        )
    for path in (folder, Path(sys.executable), Path(sys.prefix) / "lib", Path(__file__)):
        if closed := closed_above(path):
            raise ValueError(
                f"students cannot reach {path}, since {closed} is closed to them: put it below /opt or /srv, or run "
                f"chmod o+x {closed}"
            )
    # What root runs and reads is root's, whoever wrote it.
    own = (folder, folder / "jupyterhub_config.py", *(folder / "settings").rglob("*"), folder / "settings")
    for path in own:
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
    group = _group(classroom)
    for name, mode in EXCHANGE.items():
        _give(folder / name, group, mode)
    _give(folder / "state", 0, 0o700)
    # Files in it may be open to all, as feedback has to be when it is copied out: the folder is not.
    _give(folder / "course", group, 0o2770)
    share_below(folder / "course", group)
    os.chown(folder / "class.toml", 0, group)
    os.chmod(folder / "class.toml", 0o640)


def closed_above(path: Path) -> Path | None:
    """Return the first folder on the way to a path that others cannot pass through; None if they can reach it."""
    path = path.resolve()
    for each in reversed(path.parents):
        if not each.stat().st_mode & stat.S_IXOTH:
            return each
    return None


def share_below(folder: Path, group: int) -> None:
    """Let a group read and write everything in a folder.

    Who may write there may change it meanwhile: nothing is opened through a link, and what is open is changed.
    """
    for _, _, files, at in os.fwalk(folder, follow_symlinks=False):
        _share(at, group, 0o2770)
        for name in files:
            try:
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
            except OSError:
                continue
            if stat.S_ISREG(os.fstat(file).st_mode):
                _share(file, group, 0o660)
            os.close(file)


def _share(opened: int, group: int, mode: int) -> None:
    os.fchown(opened, -1, group)
    os.fchmod(opened, stat.S_IMODE(os.fstat(opened).st_mode) | mode)


def _give(path: Path, group: int, mode: int) -> None:
    path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise ValueError(f"{path} is a link: a hub needs a real folder there")
    os.chown(path, 0, group)
    os.chmod(path, mode)


def _group(classroom: Classroom) -> int:
    """Make the teachers' group where it is missing, and put the teachers and nobody else into it."""
    run("groupadd", "--force", classroom.group)
    run("gpasswd", "--members", ",".join(classroom.teachers), classroom.group)
    return grp.getgrnam(classroom.group).gr_gid


def run(*words: str, given: str | None = None) -> None:
    """Run a command of the system.

    Raises:
        OSError: If it fails, with what it said.
    """
    program = shutil.which(words[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise OSError(f"{words[0]} is missing on this machine: install the package passwd or shadow-utils")
    done = subprocess.run([program, *words[1:]], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
