"""How a hub's course collects: a submission is its owner's, whatever name stands on it, and holds their own files only.

Collecting runs as the teacher, who can read everything of the course, on folders in which students may put anything.
"""

import os
import pwd
import shutil
import stat
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect

OLDEST = datetime(1970, 1, 1)  # nbgrader compares dates without a zone
OPENED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class OwnersCollect(ExchangeCollect):  # type: ignore[misc]  # an extra: its type is unknown
    """nbgrader's collector, which takes the student from the owner of a submission and follows no links.

    Its name is what the student's own process wrote, and `nbgrader submit --student=SOMEBODY` writes another: nbgrader
    warns of that and collects it as somebody's newest attempt. A link in it would be followed with the teacher's
    rights, into others' submissions or the solutions.
    """

    def init_src(self) -> None:
        """Find the submissions; nbgrader's own look at their owners would follow links."""
        self.check_owner = False
        super().init_src()

    def _path_to_record(self, path: str) -> dict[str, Any]:
        status = os.lstat(path)
        try:
            owner = pwd.getpwuid(status.st_uid).pw_name
        except KeyError:
            owner = f"user {status.st_uid}"  # the account is gone
        try:
            if not stat.S_ISDIR(status.st_mode):
                raise ValueError("it is no folder")
            record: dict[str, Any] = super()._path_to_record(path)
        except (ValueError, OverflowError, SystemExit) as error:
            # What cannot be one counts as their oldest attempt, and stops nobody's collection.
            self.log.warning("%s is no submission (%s)", path, error)
            return {"username": owner, "filename": os.path.basename(path), "timestamp": OLDEST}
        if owner != record["username"]:
            self.log.warning("%s names %s but belongs to %s: it counts as the owner's", path, record["username"], owner)
            record["username"] = owner
        return record

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission's own files; what is too large is left out, and the others are collected."""
        with tempfile.TemporaryDirectory() as folder:
            taken = Path(folder, "taken")
            for skipped in take(Path(src), taken, 1000 * self.coursedir.max_dir_size):
                self.log.warning("%s is no file of its owner's, or too large: it is left out", skipped)
            try:
                super().do_copy(str(taken), dest, log)
            except RuntimeError as error:
                self.log.error("%s is left out: %s", src, error)


def take(source: Path, target: Path, most: int) -> list[str]:
    """Copy the regular files of a folder that its owner owns, and return what was left out.

    Args:
        source: A folder that may change while it is read; a link in its place is an empty folder.
        target: The new folder.
        most: Bytes of all files together; reading stops there.
    """
    target.mkdir()
    owner, skipped = os.lstat(source).st_uid, []
    for place, folders, files, at in os.fwalk(source, follow_symlinks=False):
        inside = target / os.path.relpath(place, source)
        inside.mkdir(exist_ok=True)
        skipped += [
            os.path.join(place, name)
            for name in folders
            if stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
        ]
        for name in files:
            try:
                file = os.fdopen(os.open(name, OPENED, dir_fd=at), "rb")
            except OSError:
                skipped.append(os.path.join(place, name))
                continue
            with file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_uid != owner or status.st_size > most:
                    skipped.append(os.path.join(place, name))
                    continue
                most -= status.st_size
                with (inside / name).open("wb") as copy:
                    shutil.copyfileobj(file, copy)
    return skipped
