"""The JSON record of a run: machine, versions, settings and every number."""

import datetime
import importlib.metadata
import json
import os
import platform
import re
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.settings import Settings
from benchmarks.timing import clock_for

PACKAGES = (
    "torch",
    "numpy",
    "soft-moe-pytorch",
    "soft-mixture-of-experts",
    "mixture-of-experts",
    "st-moe-pytorch",
    "transformers",
)
RECORD = ("date", "machine", "versions", "settings", "process", "rows")
ROW = ("section", "case", "pass", "subject", "against", "measure", "value", "goal", "verdict", "reason")


def begin(settings: Settings) -> dict:
    """Return a record without rows."""
    return {
        "format": 1,
        "date": datetime.date.today().isoformat(),
        "machine": {
            "device": device_name(settings.device),
            "kind": settings.device,
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "libc": " ".join(platform.libc_ver()).strip(),
        },
        "versions": {"python": platform.python_version(), **versions()},
        "settings": {
            **asdict(settings),
            "allocator": settings.allocator,
            "clock": clock_for(settings.device, settings.threads),
        },
        "process": {},
        "seconds": None,
        "interrupted": False,
        "rows": [],
    }


def versions() -> dict[str, str]:
    """Return the version of each package that is installed."""
    found = {}
    for name in ("softmoe-edu", *PACKAGES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device_name(device: str) -> str:
    """Return the GPU's or the CPU's model as the system reports it."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return model[1].strip() if model else platform.processor() or platform.machine()


def write(record: dict, folder: Path, suffix: str = "") -> Path:
    """Write the record under its date and machine, and a suffix; an earlier record of that name is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = re.sub(r"[^a-z0-9]+", "-", record["machine"]["device"].lower()).strip("-")
    stem = f"{record['date']}-{kind}{suffix}"
    if record["settings"].get("allocator") == "default":
        stem += "-default-allocator"
    for name in (stem, *(f"{stem}-{i}" for i in range(2, 1000))):
        try:
            with (folder / f"{name}.json").open("x", encoding="utf-8") as file:
                json.dump(record, file, indent=1, ensure_ascii=False)
                file.write("\n")
        except FileExistsError:
            continue
        return folder / f"{name}.json"
    raise FileExistsError(f"{folder} holds 999 records of {stem}: delete some")


def faults(record: dict) -> list[str]:
    """Return a sentence for each thing that a record lacks or that contradicts itself; none for a good one."""
    found = [f"no {key}" for key in RECORD if key not in record]
    for i, row in enumerate(record.get("rows", [])):
        found += [f"row {i} has no {key}" for key in ROW if key not in row]
        if (row.get("value") is None) != (row.get("verdict") == "not measured"):
            found.append(f"row {i} has value {row.get('value')} and is {row.get('verdict')}")
        if row.get("value") is None and not row.get("reason"):
            found.append(f"row {i} was not measured and gives no reason")
    return found
