"""Commands that stand for Slurm's where it is not: they read what submitit writes, and run the jobs on this machine."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

SBATCH = """
import os, re, subprocess, sys
from pathlib import Path

home = Path(__file__).parent
text = Path(sys.argv[-1]).read_text()
asked = dict(re.findall("#SBATCH --([a-z-]+)=(.*)", text))
if asked.get("partition") == "none":
    sys.exit("sbatch: error: invalid partition specified: none")
job = 100 + len(list(home.glob("submitted *")))
script = home / f"submitted {job}"
script.write_text(text)
names = [str(job)]
if "array" in asked:
    last = int(re.match("0-([0-9]+)%", asked["array"]).group(1))
    names = [f"{job}_{index}" for index in range(last + 1)]
for number, name in enumerate(names):
    own = {"SLURM_JOB_ID": str(job), "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0",
           "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_JOB_NODELIST": "here"}
    if "array" in asked:
        own |= {"SLURM_ARRAY_JOB_ID": str(job), "SLURM_ARRAY_TASK_ID": str(number)}
    state = home / f"state {name}"
    state.write_text("RUNNING")
    words = ["sh", "-c", 'bash "$1"; echo COMPLETED > "$0"', state, script]
    subprocess.Popen(words, env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(f"Submitted batch job {job}")
"""

SRUN = """
import os, sys

words = sys.argv[1:]
while words[0].startswith("--"):
    words = words[1:] if words[0] == "--unbuffered" or "=" in words[0] else words[2:]
os.execvp(words[0], words)
"""

SACCT = """
from pathlib import Path

print("JobID|State|NodeList")
for path in Path(__file__).parent.glob("state *"):
    print(f"{path.name[6:]}|{path.read_text().strip()}|here")
"""


@dataclass(frozen=True)
class Slurm:
    """The commands, and what they were asked."""

    folder: Path

    def submitted(self) -> list[str]:
        """The scripts that sbatch was given, in order."""
        return [path.read_text() for path in sorted(self.folder.glob("submitted *"))]


def install(folder: Path, monkeypatch) -> Slurm:
    """Put sbatch, srun, sacct and scancel on the path."""
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("sacct", SACCT), ("scancel", "")):
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert shutil.which("sbatch") == str(folder / "sbatch")
    return Slurm(folder)
