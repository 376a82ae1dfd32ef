"""The graders' commands, run as a teacher runs them, and the small course that they grade."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
# Nothing that is run here asks the network for anything; if it did, it would come to a closed port.
CLOSED = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    """Return a function that runs a grader's command in a folder, with a separate home, and returns its output."""
    home = tmp_path_factory.mktemp("home")
    known = os.environ | {"PATH": SCRIPTS, "HOME": str(home), "OMP_NUM_THREADS": "1", "SOFTMOE_CLASS_KEY": ""}
    known |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), CLOSED)
    known.pop("PYTHONWARNINGS", None)

    def run(*words, cwd, fails=False, timeout=150, env=None):
        program = shutil.which(words[0], path=SCRIPTS)
        if program is None:
            sentence = f"{words[0]} is not installed: python -m pip install -e '.[graders]'"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
        line = [program, *map(str, words[1:])]
        done = subprocess.run(line, cwd=cwd, env=known | (env or {}), capture_output=True, text=True, timeout=timeout)
        said = f"{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) == fails, f"{words}\n{said[-4000:]}"
        return said

    return run


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """As for the browser tests, with which a process shares its browser: it can have one Playwright only."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
    from labkit import CHROMIUM_ARGS, find_chromium, skip_unless_ci

    if (path := find_chromium()) is None:
        skip_unless_ci("no Chromium: install one, or set CHROMIUM to its path")
    return {**browser_type_launch_args, "executable_path": path, "args": CHROMIUM_ARGS}
