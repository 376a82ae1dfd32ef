"""The first thing that runs in the process of an answer: it gives up what an answer may not have, and then answers.

Run as a script, by path, with one argument: JSON that says what to give up. It knows nothing but the standard library
until the name spaces are made, which has to come before any thread. What the system does not offer is left out here;
whether it was enough is tried out, from inside, by `sandbox.missing`.
"""

import ctypes
import json
import os
import signal
import socket
import sys

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_PRIVATE, MS_REC = 2, 4, 1 << 12, 1 << 18, 1 << 14
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # Landlock's calls, the same on every machine
READ = 1 | 4 | 8  # execute, read files, read folders
WRITES = (1 << 1) | sum(1 << i for i in range(4, 13))  # files, and making and removing anything
MEMORY, PROCESSES, FILES, FILE_BYTES, FOLDER = 2 << 30, 64, 128, 8 << 20, "64m"


def main() -> None:
    """Drop the rights that the argument names, then serve answers or probe what is still allowed."""
    wanted = json.loads(sys.argv[1])
    # What an answer prints from below Python goes nowhere; messages have descriptors of their own.
    channel = os.dup(0), os.dup(1)
    if os.name == "nt":
        import msvcrt

        for number in channel:
            msvcrt.setmode(number, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    # "open" is for the test of what is said where nothing is isolated.
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" and not wanted.get("open") else None
    if libc:
        alone(libc, wanted, channel)
    sys.path[:0] = wanted["path"]
    from softmoe_edu.teaching.grading import worker

    limit(wanted)
    if libc:
        only_these_files(libc, wanted)
    become(wanted)
    if libc:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        no_capabilities(libc)
    os.chdir(wanted["folder"])
    reader, writer = os.fdopen(channel[0], "rb", 0), os.fdopen(channel[1], "wb", 0)
    if wanted.get("try"):
        writer.write(json.dumps(tried(wanted["try"])).encode())
        return
    os.dup2(nothing, 2)
    worker.serve(reader, writer)


def alone(libc: ctypes.CDLL, wanted: dict, channel: tuple[int, int]) -> None:
    """Leave the network and the sight of other processes, as far as the system lets this user."""
    uid, gid = os.getuid(), os.getgid()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if uid != 0:
        if libc.unshare(NEWUSER):
            return
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{file}", "w") as out:
                out.write(text)
    libc.unshare(NEWNET)
    libc.unshare(NEWIPC | NEWUTS)
    own_mounts = libc.unshare(NEWNS) == 0
    if libc.unshare(NEWPID) == 0:
        child = os.fork()
        if child:
            for number in channel:
                os.close(number)
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if own_mounts:
        libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        owner = wanted.get("uid") or uid
        options = f"size={FOLDER},nr_inodes=2000,mode=700,uid={owner}".encode()
        libc.mount(b"tmpfs", os.fsencode(wanted["folder"]), b"tmpfs", MS_NOSUID | MS_NODEV, options)
        libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV, None)
        if wanted.get("uid"):
            open_the_way(libc, wanted["reads"])


def open_the_way(libc: ctypes.CDLL, paths: list[str]) -> None:
    """Where folders above these paths are closed to other users, put empty ones in their place that show these alone.

    Python often lives in root's own home, as with pyenv.
    """
    closed: dict[str, list[str]] = {}
    for path in map(os.path.realpath, paths):
        above = [path[:i] for i in range(1, len(path)) if path[i] == "/"]
        found = [each for each in above if os.path.exists(path) and not os.stat(each).st_mode & 1]
        if found:
            closed.setdefault(found[0], []).append(path)
    for folder, inside in closed.items():
        kept = {path: os.open(path, os.O_PATH) for path in sorted(inside)}
        libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=1m,mode=755")
        for path, number in kept.items():
            if not os.path.lexists(path):
                os.makedirs(path if os.path.isdir(f"/proc/self/fd/{number}") else os.path.dirname(path))
                libc.mount(f"/proc/self/fd/{number}".encode(), os.fsencode(path), None, MS_BIND | MS_REC, None)
            os.close(number)


def limit(wanted: dict) -> None:
    """Bound memory, processor time, processes, files and their sizes."""
    if resource is None:
        return
    try:
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        used = 8 << 30  # what libraries reserve is not used
    bounds = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": FILES,
        "RLIMIT_CPU": wanted["seconds"],
        "RLIMIT_AS": used + MEMORY,
    }
    # Where the user is the teacher's own, the teacher's processes count as well, but in a name space of its own.
    bounds["RLIMIT_NPROC"] = PROCESSES if wanted.get("uid") or os.getpid() < 10 else 4096
    for name, most in bounds.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            _, hard = resource.getrlimit(number)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(number, (most, most))
        except (ValueError, OSError):
            continue


def only_these_files(libc: ctypes.CDLL, wanted: dict) -> None:
    """Let nothing be read but Python and the libraries, and nothing be written but in one folder (Landlock)."""
    if libc.syscall(CREATE_RULESET, None, 0, 1) < 1:
        return
    handled = ctypes.c_uint64(READ | WRITES)
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(handled), 8, 0)
    if rules < 0:
        return
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Files have no folders in them to make or read.
    for path in wanted["reads"]:
        _allow(libc, rules, path, READ if os.path.isdir(path) else 1 | 4)
    _allow(libc, rules, os.devnull, 2 | 4)
    _allow(libc, rules, wanted["folder"], READ | WRITES)
    libc.syscall(RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, access: int) -> None:
    class Beneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]

    try:
        parent = os.open(path, getattr(os, "O_PATH", os.O_RDONLY))
    except OSError:
        return
    libc.syscall(ADD_RULE, rules, 1, ctypes.byref(Beneath(access, parent)), 0)
    os.close(parent)


def become(wanted: dict) -> None:
    """Become a user without rights, where this one may."""
    if wanted.get("uid"):
        # Started by root, these set the real and the saved ids as well.
        os.setgroups([])
        os.setgid(wanted["uid"])
        os.setuid(wanted["uid"])


def no_capabilities(libc: ctypes.CDLL) -> None:
    """Drop root's capabilities inside its own namespace."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capset(header, none)


def tried(things: dict) -> dict[str, bool]:
    """Try, from inside, what an answer should not be able to do; return what could be done."""

    def possible(what: str, *args: object) -> bool:
        try:
            _ATTEMPTS[what](*args)
        except (OSError, MemoryError, ValueError):
            return False
        return True

    return {what: possible(what, *args) for what, args in things.items()}


def _connects(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 2):
        pass


def _reads(path: str) -> None:
    with open(path) as file:
        file.read()


def _writes(path: str) -> None:
    with open(path, "w") as file:
        file.write("written")


def _sees(pid: int) -> None:
    os.kill(pid, 0)


def _takes(size: int) -> None:
    import mmap

    mmap.mmap(-1, size).close()


def _is(uid: int) -> None:
    if os.getuid() != uid:
        raise OSError("another user")


_ATTEMPTS = {"connects": _connects, "reads": _reads, "writes": _writes, "sees": _sees, "takes": _takes, "is": _is}


if __name__ == "__main__":
    main()
