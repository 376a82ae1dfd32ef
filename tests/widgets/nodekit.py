"""Run the modules of the widgets in Node; without Node tests are skipped, except where CI is set."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

JS = Path(__file__).parents[2] / "js"
PROGRAM = """
const { default: widget, ...exported } = Object.assign({}, ...(await Promise.all(MODULES.map(url => import(url)))));
const value = new Function(...Object.keys(exported), "given", `return (${EXPRESSION})`);
const plain = (_, each) => (ArrayBuffer.isView(each) ? [...each] : each);
console.log(JSON.stringify(value(...Object.values(exported), GIVEN), plain));
"""


def run_node(modules: tuple[str, ...], expression: str, given: object = None) -> object:
    """Return the value of a JavaScript expression that sees all that some modules export, and `given`.

    Args:
        modules: Files of the folder js, such as "arithmetic/cost.js".
        expression: One expression; what it gives is sent back as JSON, typed arrays as lists.
        given: What the expression finds under that name, sent as JSON.
    """
    node = shutil.which("node")
    if node is None:
        reason = "no Node: install node, which runs the widgets' scripts"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}. CI=true makes this an error")
        pytest.skip(reason)
    values = {"MODULES": [(JS / name).as_uri() for name in modules], "EXPRESSION": expression, "GIVEN": given}
    program = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items()) + PROGRAM
    command = [node, "--input-type=module"]
    done = subprocess.run(command, input=program, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
