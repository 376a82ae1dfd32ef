"""The page about real models says what is true: its blocks run, and its numbers are those of the tests."""

import re
from pathlib import Path

import pytest

pytest.importorskip("transformers")

import transformers
import zoo
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real_models.md"
TEXT = PAGE.read_text("utf-8")


def test_its_blocks_run(tmp_path, capsys):
    """The Python blocks run one after the other, on a tiny model of a folder in place of the one with a name."""
    words = Tokenizer(
        models.WordLevel({"?": 0, "The": 3, "cat": 4, "sat": 5, "on": 6, "the": 7, "mat": 8}, unk_token="?")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?").save_pretrained(tmp_path)
    zoo.build("olmoe").save_pretrained(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    found = {}
    for block in blocks:
        code, changed = re.subn(r'name = "[^"]+"', f"name = {str(tmp_path)!r}", block)
        assert changed == (block is blocks[0])
        exec(compile(code, PAGE.name, "exec"), found)
    assert found["routings"].words == [["The", "cat", "sat", "on", "the", "mat", "?"]]
    assert found["top_1"].sizes[1] == found["logits"].shape[1] == 7
    printed = capsys.readouterr().out
    assert printed.count("weight = softmax(logit); chosen are the 2 largest logits (checked on 7 tokens") == 2


def test_its_number_of_types_is_that_of_the_sweep():
    """The page names how many types there are, and in which version."""
    count, version = re.search(r"(\d+) types in version (\d+\.\d+)\.", TEXT).groups()
    if transformers.__version__.startswith(f"{version}."):
        assert int(count) == len(zoo.with_experts())
    else:  # another version has others; a number of none would be a mistake of the page
        assert int(count) > 50
