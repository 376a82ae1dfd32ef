"""Run the arithmetic of a widget's scripts in Node; without Node tests are skipped, except where CI is set."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import softmoe_edu

WIDGETS = Path(softmoe_edu.__file__).parent / "widgets"


def run_node(files: tuple[str, ...], expression: str, given: object = None) -> object:
    """Value of a JavaScript expression, in which `given` is what was given, behind the scripts of these names."""
    node = shutil.which("node")
    if node is None:
        reason = "no Node: install node, which runs the widgets' arithmetic"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}. CI=true makes this an error")
        pytest.skip(reason)
    scripts = "\n".join((WIDGETS / name).read_text("utf-8") for name in files)
    program = f"{scripts}\nconst given = {json.dumps(given)};\nconsole.log(JSON.stringify({expression}));\n"
    command = [node, "--input-type=module"]
    done = subprocess.run(command, input=program, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
