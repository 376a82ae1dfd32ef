"""Write a file at once: a reader, a crash or a killed process sees the old file or the new one, never a part of it."""

import contextlib
import errno
import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where no open file can be deleted
    fcntl = None  # type: ignore[assignment]

StrPath = str | os.PathLike[str]

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# What a file system says of fsync where it does not know it, and not that it failed.
UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def write_atomically(path: StrPath, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Put content at path at once, and make the folders that path needs.

    The content goes into a new file beside path first, which then takes its name. A process that is killed in between
    leaves that file, named `.NAME.XXXXXXXX.part`; the next write to the same path removes it, and never the file of a
    process that is still writing. The new file has the permissions that the umask gives to any new file. A symbolic
    link stays one, and what it points to is replaced; other hard links keep the old content.

    Args:
        path: The file to write or replace.
        content: The bytes, or a function that writes them to the open binary file that it is given.

    Raises:
        OSError: If path is no file or cannot be written; the error says why, in one sentence. What was at path before
            is still there then, and nothing else is.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if target.exists() and not target.is_file():
            raise OSError(errno.EINVAL, "it is no ordinary file")
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        _write(target, content)
    except OSError as error:
        hint = "free some space there" if error.errno in FULL else "name a file in a folder that you can write to"
        kind = type(OSError(error.errno, ""))  # PermissionError and the like
        told = kind(f"{str(path)!r} cannot be written ({error.strerror or error}): {hint}")
        told.errno = error.errno
        raise told from error


def why_not_written(folder: Path) -> str | None:
    """Return in a word or two why no file can be written in a folder; None if one can."""
    try:
        # A full disk takes empty files.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"something")
    except OSError as error:
        return error.strerror or str(error)
    return None


def _write(target: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    part, lock = _new_part(target)
    try:
        # Where files can be locked, closing this one keeps the lock, so that no writer takes it for abandoned until it
        # has its name. Windows renames no open file.
        with _Writer(io.FileIO(lock if fcntl is None else os.dup(lock), "wb")) as file:
            file.fill(content)
            file.flush()
            with _where_known():
                os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    finally:
        if fcntl is not None:
            os.close(lock)


class _Writer(io.BufferedWriter):
    """A file that remembers what went wrong: torch.save reports a full disk in words of its own."""

    failure: OSError | None = None

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]  # Buffer has no name before 3.12
        """Write data, and keep the error if that fails."""
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise

    def fill(self, content: bytes | Callable[[BinaryIO], object]) -> None:
        """Write the content, or let it write itself."""
        if not callable(content):
            self.write(content)
            return
        try:
            content(self)
        except Exception as error:
            if self.failure is None or isinstance(error, OSError):
                raise
            raise OSError(self.failure.errno, self.failure.strerror) from error


def _new_part(target: Path) -> tuple[Path, int]:
    """Open a new file beside target under the umask, and lock it."""
    while True:
        part = target.with_name(f"{_prefix(target)}{secrets.token_hex(4)}.part")
        try:
            handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            continue
        if _lock(handle) is not False and part.exists():
            return part, handle
        os.close(handle)  # between opening and locking, another writer took it for abandoned


def _remove_abandoned(target: Path) -> None:
    """Remove what killed processes left beside target: files without a lock."""
    with contextlib.suppress(OSError):
        for part in target.parent.iterdir():
            if _is_part(part.name, _prefix(target)):
                with contextlib.suppress(OSError):
                    _remove_unlocked(part)


def _remove_unlocked(part: Path) -> None:
    if fcntl is None:
        part.unlink()  # fails while its writer has it open
        return
    handle = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
    try:
        # Where a file system has no locks, an abandoned file cannot be recognised.
        if _lock(handle):
            part.unlink()
    finally:
        os.close(handle)


def _prefix(target: Path) -> str:
    """Return how the names of target's parts begin; a long name is shortened, since names have an end."""
    name = target.name
    if len(os.fsencode(name)) > 200:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f".{name}."


def _is_part(name: str, prefix: str) -> bool:
    token = name.removeprefix(prefix).removesuffix(".part")
    return name == f"{prefix}{token}.part" and len(token) == 8 and set(token) <= set("0123456789abcdef")


def _lock(handle: int) -> bool | None:
    """Lock an open file for this process's life with it; False if another one has it, None if there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextlib.contextmanager
def _where_known() -> Iterator[None]:
    """Ignore a call that the file system does not support; a failure is raised."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNKNOWN:
            raise
