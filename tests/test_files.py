"""A file is written at once: whole or not at all, whoever is killed, and whatever the file system does not know."""

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from softmoe_edu import files
from softmoe_edu.files import write_atomically

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files, signals or permissions")
HEAD = "import os, sys\nfrom pathlib import Path\nfrom softmoe_edu.files import write_atomically\n"


def python(code, *arguments, **options):
    """Start a Python that has the package and runs code."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", HEAD + code, *map(str, arguments)], **pipes | options)


def names(folder):
    """What lies in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def failing(monkeypatch, name, code):
    """Let a function of the operating system fail."""

    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(name, fail)


@pytest.fixture(params=["locks", "no locks", "no fcntl"])
def locks(request, monkeypatch):
    """File systems with locks, without them, and Python without the module for them, as on Windows."""
    if request.param == "no locks":
        if files.fcntl is None:
            pytest.skip("there is no fcntl")
        failing(monkeypatch, "fcntl.flock", errno.ENOLCK)
    if request.param == "no fcntl":
        monkeypatch.setattr(files, "fcntl", None)
    return request.param


def test_content_is_put_at_the_path(tmp_path, locks):
    """Bytes, or what a function writes, are there in new folders and in place of an older file, and nothing else is."""
    path = tmp_path / "deep" / "er" / "note.txt"
    for content in (b"first", b"", lambda file: [file.write(b"third "), file.write(b"time")]):
        write_atomically(path, content)
        assert path.read_bytes() == (content if isinstance(content, bytes) else b"third time")
    write_atomically(str(path), b"a path may be text")

    assert names(path.parent) == ["note.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
@pytest.mark.parametrize("last", [False, True])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, locks, error, last):
    """Whatever ends a write in its middle or in its last step, the old file stands and no part of the new one."""
    path = tmp_path / "note.txt"
    path.write_text("old")

    def fail(*_):
        raise error("stop")

    if last:
        monkeypatch.setattr("os.replace", fail)
    with pytest.raises(error, match="stop"):
        write_atomically(path, b"new" if last else lambda file: (file.write(b"half"), fail()))

    assert names(tmp_path) == ["note.txt"]
    assert path.read_text() == "old"


@POSIX
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o007])
def test_permissions_are_those_of_any_new_file(tmp_path, umask):
    """The umask decides, and is left alone, so that no other thread ever sees another one."""
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "note.txt", b"new")
        (tmp_path / "plain.txt").touch()
        assert os.umask(umask) == umask
    finally:
        os.umask(before)

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("note.txt", "plain.txt")]
    assert modes[0] == modes[1] == 0o666 & ~umask


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP])
def test_a_file_system_without_permissions_takes_files(tmp_path, monkeypatch, code):
    """Drives of Windows servers and some cloud mounts refuse every change of permissions; none is asked for."""
    for name in ("os.chmod", "os.fchmod", "os.chown", "os.fchown", "os.umask", "os.link"):
        if hasattr(os, name.partition(".")[2]):
            failing(monkeypatch, name, code)
    write_atomically(tmp_path / "note.txt", b"new")

    assert names(tmp_path) == ["note.txt"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_fsync_takes_files(tmp_path, monkeypatch, code):
    """Where fsync is not known a file is written all the same."""
    failing(monkeypatch, "os.fsync", code)
    write_atomically(tmp_path / "note.txt", b"new")

    assert (tmp_path / "note.txt").read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_failing_fsync_fails_the_write(tmp_path, monkeypatch, code):
    """What did not reach the disk does not take the file's name."""
    (tmp_path / "note.txt").write_text("old")
    failing(monkeypatch, "os.fsync", code)

    with pytest.raises(OSError, match=f"note.txt' cannot be written .{os.strerror(code)}.: "):
        write_atomically(tmp_path / "note.txt", b"new")
    assert names(tmp_path) == ["note.txt"]
    assert (tmp_path / "note.txt").read_text() == "old"


@POSIX
def test_a_symbolic_link_stays_one(tmp_path):
    """What it points to is replaced, or made where it was missing; another hard link keeps the old content."""
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.txt", tmp_path / "link.txt"
    link.symlink_to(real)
    for content in (b"first", b"second"):
        write_atomically(link, content)
        assert link.is_symlink() and real.read_bytes() == content
    os.link(real, tmp_path / "hard.txt")
    write_atomically(link, b"third")

    assert (real.read_bytes(), (tmp_path / "hard.txt").read_bytes()) == (b"third", b"second")
    assert names(tmp_path / "there") == ["real.txt"]


@POSIX
def test_only_files_are_replaced(tmp_path):
    """A folder, a pipe and a device are named and left as they are."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    with pytest.raises(
        IsADirectoryError, match=r"folder' cannot be written \(it is a folder\): name a file in a folder"
    ):
        write_atomically(tmp_path / "folder", b"new")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OSError, match=r"cannot be written \(it is no ordinary file\)"):
            write_atomically(path, b"new")
    assert names(tmp_path) == ["folder", "pipe"]
    assert (tmp_path / "pipe").is_fifo() and not Path(os.devnull).is_file()


@pytest.mark.slow
@POSIX
def test_a_full_disk_is_told_in_a_sentence(tmp_path):
    """A write that finds no space raises one sentence, whoever writes, and the old file stands."""
    (tmp_path / "small.bin").write_bytes(b"old")
    code = """
import resource, torch
from softmoe_edu.training.checkpoint import save_checkpoint
from softmoe_edu.training.history import History
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
history = History({}, state={"model": {"weight": torch.ones(100_000)}, "optimizer": {}})
for write in (lambda path: write_atomically(path, b"x" * 100_000), lambda path: save_checkpoint(path, history)):
    try:
        write(sys.argv[1])
    except OSError as error:
        print(error)
"""
    out, err = python(code, tmp_path / "small.bin").communicate()

    sentence = f"'{tmp_path / 'small.bin'}' cannot be written (File too large): free some space there\n"
    assert (out, err) == (2 * sentence, "")
    assert names(tmp_path) == ["small.bin"]
    assert (tmp_path / "small.bin").read_bytes() == b"old"


@pytest.mark.slow
@POSIX
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence():
    """Without the right to make a file the sentence says so, and the old file stands."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "closed"
        folder.mkdir()
        (folder / "note.txt").write_text("old")
        os.chmod(name, 0o755)
        folder.chmod(0o555)
        # root may write anywhere
        code = """
os.geteuid() or os.setuid(65534)
for name in ("note.txt", "deep/note.txt"):
    try:
        write_atomically(Path(sys.argv[1]) / name, b"new")
    except PermissionError as error:
        print(error)
"""
        out, err = python(code, folder).communicate()
        folder.chmod(0o755)

        hint = "cannot be written (Permission denied): name a file in a folder that you can write to"
        assert (out.splitlines(), err) == ([f"'{folder / each}' {hint}" for each in ("note.txt", "deep/note.txt")], "")
        assert names(folder) == ["note.txt"]
        assert (folder / "note.txt").read_text() == "old"


def test_a_folder_says_whether_it_can_be_written(tmp_path, monkeypatch):
    """Nothing stays in a folder that can; else the reason is given, also for one that is missing."""
    assert files.why_not_written(tmp_path) is None and names(tmp_path) == []
    assert files.why_not_written(tmp_path / "missing") == os.strerror(errno.ENOENT)
    (tmp_path / "file").touch()
    assert files.why_not_written(tmp_path / "file")


WRITING = """
def slowly(file):
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
    file.write(b" and half")
write_atomically(sys.argv[1], slowly)
"""


@pytest.mark.slow
@POSIX
def test_a_killed_process_leaves_one_file_that_the_next_write_removes(tmp_path):
    """After kill -9 the old file stands and one part lies beside it; the next write leaves nothing but the new file."""
    path = tmp_path / "run.pt"
    path.write_bytes(b"old")
    for _ in range(3):
        writer = python(WRITING, path)
        assert writer.stdout.readline() == "writing\n"
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert path.read_bytes() == b"old" and len(names(tmp_path)) == 2
    write_atomically(path, b"new")

    assert names(tmp_path) == ["run.pt"]
    assert path.read_bytes() == b"new"


@pytest.mark.slow
@POSIX
def test_a_writer_that_lives_keeps_its_file(tmp_path):
    """Another write to the same path takes nothing from it, and each puts its whole content there in its turn."""
    path = tmp_path / "run.pt"
    writer = python(WRITING, path)
    assert writer.stdout.readline() == "writing\n"
    for _ in range(3):
        write_atomically(path, b"mine")
        assert path.read_bytes() == b"mine"
    assert len(names(tmp_path)) == 2
    writer.communicate()

    assert path.read_bytes() == b"half and half"
    assert names(tmp_path) == ["run.pt"]


@POSIX
def test_a_part_that_was_just_opened_may_be_taken_for_abandoned(tmp_path, monkeypatch):
    """Between opening and locking another writer may remove the file: then it is opened once more."""
    path, calls, lock = tmp_path / "run.pt", [], files._lock

    def late(handle):
        if not calls:
            calls.append(None)
            files._remove_abandoned(path)
        return lock(handle)

    monkeypatch.setattr(files, "_lock", late)
    write_atomically(path, b"new")

    assert calls and path.read_bytes() == b"new"
    assert names(tmp_path) == ["run.pt"]


@pytest.mark.slow
@POSIX
def test_writers_that_race_are_each_seen_whole(tmp_path):
    """Of four processes that write one path at once, every reader sees one whole content, and no part stays behind."""
    path = tmp_path / "run.pt"
    code = "for _ in range(150): write_atomically(sys.argv[1], sys.argv[2].encode() * 20_000)"
    write_atomically(path, b"s" * 20_000)
    writers = [python(code, path, letter) for letter in "abcd"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        content = path.read_bytes()
        assert len(content) == 20_000 and len(set(content)) == 1
        seen.add(content[:1])

    assert [writer.communicate() for writer in writers] == [("", "")] * 4
    assert len(seen) > 1
    assert names(tmp_path) == ["run.pt"]


def test_only_parts_of_the_same_path_are_removed(tmp_path, locks):
    """A learner's files with names like that stay, and so do the parts of another path."""
    kept = [".run.pt.notes.part", ".run.pt.0123456.part", ".run.pt.01234567.part.txt", ".other.pt.01234567.part"]
    kept += [".run.pt.0123456g.part", "run.pt.01234567.part", ".run.pt.012345678.part"]
    for name in kept:
        (tmp_path / name).write_text("mine")
    (tmp_path / ".run.pt.89abcdef.part").write_text("half")
    write_atomically(tmp_path / "run.pt", b"new")

    # Without locks nobody can tell an abandoned file from one that is being written.
    left = [".run.pt.89abcdef.part"] if locks == "no locks" else []
    assert names(tmp_path) == sorted([*kept, *left, "run.pt"])


def test_a_long_name_is_written(tmp_path):
    """A name that leaves no space for a longer one beside it is written and cleaned up after, too."""
    path = tmp_path / f"{'é' * 120}.pt"
    write_atomically(path, b"new")
    prefix = files._prefix(path)
    (tmp_path / f"{prefix}01234567.part").write_text("half")
    write_atomically(path, b"newer")

    assert names(tmp_path) == [path.name]
    assert path.read_bytes() == b"newer"
