"""The package's shape annotations, checked while its unit tests run.

The hook stays out of the other runs, where our own sentence must reach whoever gives bad input.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parent
CHECKED = (
    "routers",
    *(
        f"test_{name}.py"
        for name in "cost data evaluation figures influence losses metrics moe routing train upcycling vit".split()
    ),
)
HOOK = "--jaxtyping-packages={},beartype.beartype"


def run_pytest(*arguments, cwd):
    """Run pytest in a fresh Python and give its status and output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_annotations_hold():
    """No call in the unit tests breaks an annotation, and the run is no empty one."""
    paths = [str(TESTS / name) for name in CHECKED]
    chosen = ["-m", "quick and not bad_input", HOOK.format("softmoe_edu")]
    status, output = run_pytest(*chosen, *paths, cwd=TESTS.parent)

    assert status == 0, output[-3000:]
    assert int(re.search(r"(\d+) passed", output)[1]) > 100


def test_a_wrong_annotation_is_found(tmp_path):
    """The check can fail: a shape that is not what the annotation says ends the run."""
    (tmp_path / "planted.py").write_text(
        'from jaxtyping import Float\nfrom torch import Tensor\n\n\ndef swap(x: Float[Tensor, "b n"]) '
        '-> Float[Tensor, "b n"]:\n    return x.mT\n'
    )
    (tmp_path / "test_planted.py").write_text(
        "import planted\nimport torch\n\n\ndef test_swap():\n    planted.swap(torch.ones(2, 3))\n"
    )

    assert run_pytest(str(tmp_path), cwd=tmp_path)[0] == 0
    status, output = run_pytest(HOOK.format("planted"), str(tmp_path), cwd=tmp_path)
    assert status == 1
    assert "b n" in output
