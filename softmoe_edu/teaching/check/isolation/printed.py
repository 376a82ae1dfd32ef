"""Keep what an answer writes, wherever it writes it, in a few kilobytes: the beginning, the end, how much there was."""

import contextlib
import ctypes
import io
import os
import secrets
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

from softmoe_edu.teaching.check.isolation.replaced import replaced
from softmoe_edu.teaching.say import encodable
from softmoe_edu.teaching.shell import current_shell

KEPT = 4096  # characters at each end of what is printed, bytes at each end of what comes from below Python
WARNINGS = 20  # different ones
CHUNK = 1 << 16
READER_S = 10.0  # for a reader whose pipe an answer took away; any other one ends at once
PIPE = 1 << 20  # what C code can write without waiting for us


class Ends:
    """The first and the last part of a text, or of bytes, and how long it was."""

    def __init__(self, empty: str | bytes = "", kept: int = KEPT) -> None:
        self._head = self._tail = empty
        self._newline = "\n" if isinstance(empty, str) else b"\n"
        self._kept = kept
        self.length = self.newlines = 0

    def write(self, more: str | bytes) -> None:
        """Add more at the end."""
        self.length += len(more)
        self.newlines += more.count(self._newline)
        room = self._kept - len(self._head)
        if room > 0:
            self._head += more[:room]
            more = more[room:]
        if more:
            self._tail = (self._tail + more[-self._kept :])[-self._kept :]

    @property
    def text(self) -> str:
        """What was kept; a line between the two parts says how much was left out."""
        left_out = self.length - len(self._head) - len(self._tail)
        if not left_out:
            return _as_text(self._head + self._tail)
        return f"{_as_text(self._head)}\n[{left_out} characters are left out here]\n{_as_text(self._tail)}"


def _as_text(part: str | bytes) -> str:
    return part if isinstance(part, str) else part.decode(errors="replace")


class Stream(io.TextIOBase):
    """What replaces sys.stdout and sys.stderr; it stays open whatever an answer does."""

    encoding, errors, closed = "utf-8", "backslashreplace", False

    def __init__(self, into: Ends) -> None:
        self._into = into
        self.buffer = _Buffer(self)

    def write(self, text: str) -> int:
        """Keep the text; raises TypeError for anything else, as every text stream does."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._into.write(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Do nothing: no text is waiting to be written."""

    def close(self) -> None:
        """Stay open: what an answer prints after it closed sys.stdout is to be read as well."""

    def reconfigure(self, **_options: object) -> None:
        """Stay as it is: every character can be written."""


class _Buffer(io.RawIOBase):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        self._stream.write(bytes(data).decode(errors="replace"))
        return len(data)

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Stay open, as the stream does."""


class Printed:
    """What an answer wrote while it was guarded: prints, warnings, anything on the descriptors below them."""

    def __init__(self) -> None:
        self._written, self._below, self._told = Ends(), Ends(b""), Ends()
        self.stream = Stream(self._written)
        self.say_now: Callable[[str], object] = self.tell

    def tell(self, line: str) -> None:
        """Add a line of our own about what the answer did."""
        self._told.write(f"{line}\n")

    @property
    def text(self) -> str:
        """All that was kept, encodable and without surrounding space."""
        return encodable("\n".join(part.text.strip("\n") for part in self._all if part.length)).strip()

    @property
    def lines(self) -> int:
        """How many lines were written, including those that were not kept."""
        left_out = sum(part.newlines - part.text.count("\n") for part in self._all)
        return len(self.text.splitlines()) + max(0, left_out)

    @property
    def _all(self) -> tuple[Ends, ...]:
        return self._written, self._below, self._told


@contextlib.contextmanager
def output_in(printed: Printed) -> Iterator[None]:
    """Collect what the block writes: by print, warnings, displays of a notebook, C code, processes that it starts.

    Memory and disk are bounded however much it is, and streams that were closed or missing are so afterwards.
    """
    # A grader gives 0 for any byte on stderr, torch's own C++ warnings included: the descriptors are turned away too.
    before = sys.stdout, sys.stderr
    with _descriptors_in(printed._below) as kept, _warnings_in(printed), contextlib.ExitStack() as turned:
        printed.say_now = _outside(sys.stdout, kept)
        for stream in dict.fromkeys((*before, sys.__stdout__, sys.__stderr__)):
            # Handlers of logging and others hold the stream itself.
            turned.enter_context(replaced(stream, "write", printed.stream.write))
        turned.enter_context(_displays_in(printed))
        sys.stdout = sys.stderr = printed.stream
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _outside(stream: object, kept: dict[int, int | None]) -> Callable[[str], object]:
    """Return a function that writes a line where the learner reads, while everything else is collected."""
    write, flush = getattr(stream, "write", None), getattr(stream, "flush", None)
    try:
        fd = stream.fileno()
    except (AttributeError, OSError, ValueError):
        fd = None

    def line(text: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            if fd in kept:
                os.write(kept[fd], f"{text}\n".encode())
            else:
                write(f"{text}\n")
                flush()

    return line


@contextlib.contextmanager
def _displays_in(printed: Printed) -> Iterator[None]:
    shell = current_shell()
    publisher = getattr(shell, "display_pub", None)

    def publish(data: dict, *_args: object, **_options: object) -> None:
        printed.stream.write(f"{data.get('text/plain', '')}\n")

    with replaced(publisher, "publish", publish):
        yield


@contextlib.contextmanager
def _warnings_in(printed: Printed) -> Iterator[None]:
    texts: dict[str, None] = {}

    def note(message: object, category: type, *_where: object, **_options: object) -> None:
        if len(texts) < WARNINGS:
            texts[f"{category.__name__}: {message}"[:KEPT]] = None

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note
        try:
            yield
        finally:
            for text in texts:
                printed.tell(text)


@contextlib.contextmanager
def _descriptors_in(below: Ends) -> Iterator[dict[int, int | None]]:
    read_end, write_end = (_above_the_streams(end) for end in os.pipe())
    _enlarge(write_end)
    # Processes that an answer leaves behind may keep the pipe open: a word that nothing else writes marks its end.
    end = secrets.token_bytes(16)

    def drain() -> None:
        last = b""
        try:
            while chunk := os.read(read_end, CHUNK):
                last += chunk
                if end in last:
                    below.write(last[: last.index(end)])
                    return
                below.write(last[: -len(end)])
                last = last[-len(end) :]
        except OSError:
            pass  # an answer closed every descriptor that there is
        finally:
            with contextlib.suppress(OSError):
                os.close(read_end)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    _flush()
    kept = {fd: _copy(fd) for fd in (1, 2)}
    try:
        for fd in kept:
            os.dup2(write_end, fd)
        yield kept
    finally:
        _flush()
        for fd, copy in kept.items():
            # Whatever an answer did to its descriptors, the others are put back and the reader is told.
            with contextlib.suppress(OSError):
                _put_back(fd, copy)
        with contextlib.suppress(OSError):
            os.write(write_end, end)
        with contextlib.suppress(OSError):
            os.close(write_end)
        reader.join(READER_S)


def _put_back(fd: int, copy: int | None) -> None:
    if copy is None:
        os.close(fd)
    else:
        os.dup2(copy, fd)
        os.close(copy)


def _above_the_streams(fd: int) -> int:
    """Return the descriptor, or a copy that is not 0, 1 or 2: one of these may be closed, and is no place for ours."""
    low = []
    while fd <= 2:
        low.append(fd)
        fd = os.dup(fd)
    for each in low:
        os.close(each)
    return fd


def _copy(fd: int) -> int | None:
    try:
        return _above_the_streams(os.dup(fd))
    except OSError:
        return None  # it is closed


def _enlarge(fd: int) -> None:
    try:
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE)
    except (ImportError, AttributeError, OSError):
        pass  # not Linux, or not allowed: the pipe stays as small as it is


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    if _c_library is not None:
        _c_library.fflush(None)


def _find_c_library() -> Callable | None:
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "fflush") else None
    except (OSError, TypeError):
        return None  # Windows: C code of another runtime has buffers of its own


_c_library = _find_c_library()
