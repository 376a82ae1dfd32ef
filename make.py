"""Make the environment in .venv where it is missing or outdated, then run one tool in it.

    python make.py lab [DIR] [OPTIONS]   open the lessons in JupyterLab; DIR is lab unless given
    python make.py test [OPTIONS]        run pytest, one process for each core; -m quick takes two minutes
    python make.py check                 style, types, spelling, scripts, built files in step with their sources
    python make.py js [--watch]          build the widgets' scripts from the modules in js, with Node
    python make.py sync                  build the lessons' .ipynb from their .py
    python make.py bench [OPTIONS]       time the package beside its peers, which are installed for it; --help
    python make.py bench-smoke           the same at tiny sizes, with the peers that are installed

Needs Python 3.11 to 3.13 and nothing else; only js needs Node with npm. Written so that an older Python can read it
and look for a newer one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "softmoe-stamp.txt"
MINORS = (11, 12, 13)
UNFINISHED = "unfinished"
PARALLEL = ["-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart=1"]
CHECKS = (
    ("-m", "ruff", "check"),
    ("-m", "ruff", "format", "--check"),
    ("-m", "codespell_lib"),
    ("-m", "mypy"),
    ("-m", "softmoe_edu.lessons", "--check"),
    (os.path.join("docs", "architecture.py"), "--check"),
    (os.path.join("docs", "glossary.py"), "--check"),
    (os.path.join("docs", "evidence.py"), "--check"),
    (os.path.join("docs", "seeds.py"), "--check"),
    (os.path.join("docs", "plans.py"), "--check"),
    (os.path.join("js", "palette.py"), "--check"),
)
EXTRAS = {"lab": "", "test": "[test]", "check": "[test]", "sync": "[test]", "bench": "[bench]", "bench-smoke": ""}


def main(args):
    """Run the tool that the first argument names."""
    if not args or args[0] not in (*EXTRAS, "js"):
        sys.exit(__doc__)
    tool, rest = args[0], args[1:]
    if tool == "js":
        npm = npm_with_packages() or sys.exit("Building the scripts needs Node with npm: install nodejs and npm.")
        become([npm, "run", "build", "--", *rest])
    # Graders put buttons and pages into JupyterLab, and Ray is large: learners are spared them; CI's tests need them.
    whole = EXTRAS[tool] == "[test]" and os.environ.get("CI") == "true"
    prepare("[graders,hub,ray,test]" if whole else EXTRAS[tool])
    python = str(PYTHON)
    if tool == "lab":
        folder = [] if rest and not rest[0].startswith("-") else ["lab"]
        become([python, "-m", "softmoe_edu.cli", "lab", *folder, *rest])
    elif tool == "test":
        become([python, "-m", "pytest", *in_parallel(rest), *rest])
    elif tool == "sync":
        become([python, "-m", "softmoe_edu.lessons", *rest])
    elif tool == "bench":
        become([python, "-m", "benchmarks", *rest])
    elif tool == "bench-smoke":
        become([python, "-m", "benchmarks", "--quick", *rest])
    else:
        print_lines()
        sys.exit(1 if check(python) else 0)


def check(python):
    """Run every check to its end, print how each one ended and what time it took, and return those that failed."""
    checks = [(" ".join(words[words[0] == "-m" :]), [python, *words]) for words in CHECKS]
    npm = npm_with_packages()
    if npm:
        checks.append(("npm run check", [npm, "run", "check"]))
    ended = []
    for name, command in checks:
        began = time.time()
        ended.append((name, subprocess.call(command, cwd=str(ROOT)), time.time() - began))
    for name, status, seconds in ended:
        print("{:6} {:32} {:5.1f} s".format("failed" if status else "passed", name, seconds), flush=True)
    failed = [name for name, status, _ in ended if status]
    if npm is None:
        print("The scripts in js were not checked: Node with npm is missing.", flush=True)
        # Only CI minds.
        failed += ["npm run check"] if os.environ.get("CI") == "true" else []
    return failed


def npm_with_packages():
    """Return npm's path once it has installed what package-lock.json names; None where there is no npm."""
    npm = shutil.which("npm")
    lock, installed = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
    if npm is None or (installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime):
        return npm
    if subprocess.call([npm, "ci"], cwd=str(ROOT)):
        sys.exit("Installing Node's packages failed, see the reason above: check the network, then run this again.")
    return npm


def in_parallel(rest):
    """Return pytest's options for one process on each core; none for a single file, or where rest settles it.

    A file stays with one process, which then starts its servers and browsers once.
    """
    settled = ("--numprocesses", "--dist", "-s", "--capture", "--pdb", "--trace", "--collect-only", "--co")
    named = [word for word in rest if word.partition("::")[0].endswith(".py")]
    if len(named) == 1 or any(word.startswith("-n") or word.partition("=")[0] in settled for word in rest):
        return []
    return PARALLEL


def become(command):
    """Run the command in place of this one, so that signals and the exit status are the tool's own."""
    os.chdir(str(ROOT))
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        sys.exit(subprocess.call(command))
    except KeyboardInterrupt:
        sys.exit(130)


def prepare(extra):
    """Leave a .venv that holds this project with the given extra, doing only what is missing.

    The stamp holds a hash of pyproject.toml, the Python version and the extras; while work is under way it says
    "unfinished", and a .venv found so is made again from nothing.
    """
    # The path counts too: an editable install of a checkout that was moved points at where it stood.
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    stamp = STAMP.read_text(encoding="utf-8").split() if STAMP.exists() else []
    complete = len(stamp) >= 2 and PYTHON.exists() and stamp[1] == version_of_venv()
    if complete and stamp[0] == project and extra in ("", *stamp[2:]):
        return
    if not complete:
        make_venv()
    extras = sorted({extra, *(stamp[2:] if complete else [])} - {""})
    extra = "".join(extras).replace("][", ",")
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    print("Installing softmoe_edu" + extra + " into .venv; the first time takes some minutes.", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-e", "." + extra]
    if subprocess.call(command, cwd=str(ROOT)):
        sys.exit("Installing failed, see the reason above: check the network connection, then run this again.")
    STAMP.write_text(" ".join([project, version_of_venv(), *extras]), encoding="utf-8")


def version_of_venv():
    """Return the Python version that .venv was made with, as its pyvenv.cfg says."""
    config = VENV / "pyvenv.cfg"
    # Python writes it in UTF-8 whatever the system's own encoding, and it holds paths.
    lines = config.read_text(encoding="utf-8").splitlines() if config.exists() else []
    values = dict(tuple(part.strip() for part in line.split("=", 1)) for line in lines if "=" in line)
    return values.get("version", "")


def make_venv():
    """Make an empty .venv, in place of an unfinished one."""
    if VENV.exists() and not STAMP.exists() and any(VENV.iterdir()):
        sys.exit(".venv exists and was not made by make.py: rename or delete it, then run this again.")
    python = supported_python()
    VENV.mkdir(exist_ok=True)
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        elif entry != STAMP:
            entry.unlink()
    print("Making .venv with " + " ".join(python), flush=True)
    if subprocess.call([*python, "-m", "venv", str(VENV)]):
        sys.exit("Making .venv failed, see the reason above.")


def supported_python():
    """Return a command that starts a supported Python with venv: this one, else the newest on the path."""
    names = [[sys.executable]]
    for minor in reversed(MINORS):
        names += [["py", "-3." + str(minor)]] if os.name == "nt" else [["python3." + str(minor)]]
    probe = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in {[(3, m) for m in MINORS]})"
    for name in names:
        found = shutil.which(name[0])
        command = [found, *name[1:]]
        if found and subprocess.run([*command, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
            return command
    sys.exit(
        "softmoe_edu needs Python 3.11, 3.12 or 3.13 with its venv module, got {}.{} and found no other: install one "
        "from python.org or your system's packages (on Debian python3-venv too), then run this again.".format(
            *sys.version_info
        )
    )


def print_lines():
    """Print how many lines each folder holds, and its longest file: size is a number that people see."""
    folders, longest = Counter(), {}
    for top in ("softmoe_edu", "js", "notebooks", "tests", "benchmarks", "make.py"):
        paths = [ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*")
        for path in paths:
            built = path.parent.name == "static"
            if path.suffix in (".py", ".js", ".css") and path.is_file() and not built:
                lines = len(path.read_text(encoding="utf-8").splitlines())
                folder = path.parent.relative_to(ROOT).as_posix()
                folders[folder] += lines
                longest[folder] = max(longest.get(folder, (0, "")), (lines, path.name))
    for folder in sorted(folders):
        lines, name = longest[folder]
        print(f"{folders[folder]:6} lines  {folder:32} longest: {name} ({lines})")


if __name__ == "__main__":
    main(sys.argv[1:])
