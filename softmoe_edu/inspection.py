"""Look at the routing of one model from the command line: a report, and two pages, `softmoe-edu inspect`."""

import importlib.util
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from softmoe_edu.text import plural

HOST = "huggingface.co"
CONNECT_S = 5.0
MOST_PIECES = 8
"""Pieces that are read of each text."""
SEED_TEXTS = Path(__file__).parent / "sample_texts"


def main(model: str, texts: Sequence[Path], folder: Path, *, tokens: int = 64) -> int:
    """Print a report on a model's routing, and write it and a lens into a folder as pages.

    Args:
        model: a folder that `save_pretrained` wrote, or a name on Hugging Face's hub.
        texts: files in UTF-8, each a domain of its own; without any, the package's short samples.
        folder: where the pages go.
        tokens: length of a piece.

    Returns:
        0. Exits with a sentence where something is missing.
    """
    if importlib.util.find_spec("transformers") is None:
        sys.exit('softmoe-edu inspect needs transformers: python -m pip install "softmoe-edu[hf]"')
    domains = read(texts)
    loaded, tokenizer = load(model)
    ids, mask, names = pieces(tokenizer, domains, tokens)
    print(f"{type(loaded).__name__}: {plural(len(names), 'piece')} of up to {tokens} tokens from {', '.join(domains)}")
    routings = routed(loaded, tokenizer, ids, mask)
    for layer, formula in routings.formulas.items():
        print(f"{layer}: {formula}")
    write(routings, ids, mask, names, tokenizer, folder, Path(model).name)
    return 0


def read(texts: Sequence[Path]) -> dict[str, str]:
    """Return the texts by the names of their files, or exit with a sentence."""
    found: dict[str, str] = {}
    for path in texts or sorted(SEED_TEXTS.glob("*.txt")):
        if path.stem in found:
            sys.exit(f"two texts are called {path.stem}, and a domain goes by its file's name: rename one")
        try:
            found[path.stem] = path.read_text(encoding="utf-8")
        except OSError as error:
            sys.exit(f"cannot read {path} ({error.strerror})")
        except UnicodeDecodeError:
            sys.exit(f"cannot read {path}: it is not in UTF-8; save it in that encoding")
        if not found[path.stem].strip():
            sys.exit(f"{path} is empty: give a text of some sentences")
    return found


def load(name: str) -> tuple[Any, Any]:
    """Return a model and its tokenizer from a folder, from what was downloaded before, or from the hub.

    Exits with a sentence where there is none.
    """
    from transformers import AutoConfig, AutoModel, AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    quiet: Any = logging  # has no types
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    local = Path(name).is_dir()
    if local and not (Path(name) / "config.json").is_file():
        sys.exit(f"{name} holds no config.json: name a folder that save_pretrained wrote")
    given: dict[str, Any] = {"local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(name, **given)
    except (OSError, ValueError) as error:
        if local:
            sys.exit(f"{name} cannot be loaded: {_first(error)}")
        if reason := unreachable():
            sys.exit(
                f"{name} is no folder here, was not downloaded before, and {HOST} cannot be reached ({reason}): name a "
                "folder that save_pretrained wrote, or try again with a network"
            )
        given = {}
    try:
        config = AutoConfig.from_pretrained(name, **given)
        tokenizer = AutoTokenizer.from_pretrained(name, **given)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModel
        model = kind.from_pretrained(name, dtype="auto", **given)
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"{name} cannot be loaded: {_first(error)}")
    return model.eval(), tokenizer


def unreachable() -> str | None:
    """Return why the hub cannot be reached, None if it can; its own client would try for half a minute."""
    try:
        socket.create_connection((HOST, 443), timeout=CONNECT_S).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def pieces(tokenizer: Any, domains: Mapping[str, str], tokens: int) -> tuple[Tensor, Tensor, list[str]]:
    """Cut texts into pieces and return ids (b, n), which of them are real (b, n), and the domain of each piece."""
    rows, names = [], []
    for name, text in domains.items():
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        cut = [ids[start : start + tokens] for start in range(0, len(ids), tokens)][:MOST_PIECES]
        rows += cut
        names += [name] * len(cut)
    if not rows:
        sys.exit("the tokenizer makes no tokens of these texts: give longer ones")
    width = max(map(len, rows))
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    table = torch.tensor([row + [padding] * (width - len(row)) for row in rows])
    real = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return table, real, names


def routed(model: Any, tokenizer: Any, ids: Tensor, mask: Tensor) -> Any:
    """Run the model once and return what was captured; exit with the reason where it cannot be."""
    from softmoe_edu.capture.huggingface import capture

    given = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
    if model.config.is_encoder_decoder:
        given |= {"decoder_input_ids": given["input_ids"]}
    try:
        with torch.no_grad(), capture(model, tokenizer) as routings:
            model(**given)
    except ValueError as error:
        sys.exit(str(error))
    return routings


def write(
    routings: Any, ids: Tensor, mask: Tensor, names: Sequence[str], tokenizer: Any, folder: Path, title: str
) -> None:
    """Print the report and write both pages, or exit with a sentence."""
    from softmoe_edu.report import routing_report
    from softmoe_edu.report_page import save_report
    from softmoe_edu.widgets import RoutingLens

    words = {number: tokenizer.decode([number]) for number in set(ids[mask.bool()].tolist())}
    domains = names if len(set(names)) > 1 else None
    same = all(each.sizes[:2] == tuple(ids.shape) for each in routings.values())
    report = routing_report(routings, domains=domains, tokens=ids if same else None, names=words if same else None)
    print(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = save_report(report, folder / "routing_report.html", f"Routing of {title}")
        texts = {"words": routings.words} if same else {}
        lens = folder / "routing_lens.html"
        RoutingLens(dict(routings), labels=list(names), **texts).save_html(lens)
    except OSError as error:
        sys.exit(f"cannot write into {folder} ({error.strerror or error}): name another folder with --out")
    print(f"Wrote {page} and {lens}: open them in a browser.")


def _first(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
