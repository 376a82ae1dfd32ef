"""`softmoe-edu inspect` reports on a model that lies on disk, and says what is missing where it cannot."""

import importlib.util
import socket

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedTokenizerFast,
    SwitchTransformersConfig,
    SwitchTransformersForConditionalGeneration,
)

from softmoe_edu import inspection
from softmoe_edu.cli import main

LETTERS = " abcdefghijklmnopqrstuvwxyz"
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
SIZES |= {"intermediate_size": 24, "vocab_size": len(LETTERS) + 2}


def tokenizer():
    """Return a tokenizer of single letters."""
    known = {"<pad>": 0, "<unk>": 1} | {letter: number for number, letter in enumerate(LETTERS, 2)}
    made = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", unk_token="<unk>")


def saved(model, folder):
    """Save a model with its tokenizer, and return the folder's name."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def mixtral(tmp_path_factory):
    """A tiny Mixtral on disk."""
    torch.manual_seed(0)
    model = MixtralForCausalLM(MixtralConfig(num_local_experts=5, num_experts_per_tok=2, **SIZES))
    return saved(model, tmp_path_factory.mktemp("models") / "tiny")


def run(*arguments):
    """Run the command and return its status or its sentence."""
    with pytest.raises(SystemExit) as ended:
        main(["inspect", *map(str, arguments)])
    return ended.value.code


def test_a_model_on_disk_is_reported_on(mixtral, tmp_path, capsys):
    """Own texts are domains; the formula, the report and both pages are there, with words and numbers of tokens."""
    for name, text in (("cats", "a cat sat on a mat " * 9), ("dogs", "dogs dig deep " * 4)):
        (tmp_path / f"{name}.txt").write_text(text)
    texts = ["--text", tmp_path / "cats.txt", "--text", tmp_path / "dogs.txt"]
    status = run(mixtral, *texts, "--tokens", 16, "--out", tmp_path / "pages")
    said = capsys.readouterr().out

    # 171 letters are eleven pieces of which eight are read, 56 letters are four.
    assert status == 0
    assert "MixtralModel: 12 pieces of up to 16 tokens from cats, dogs" in said
    assert "layers.1.mlp: weight = softmax(logit) / its sum over the choices" in said
    assert f"{8 * 16 + 56} tokens in 12 groups, 2 layers" in said
    assert "told of the domain" in said and "told of the token" in said
    report, lens = (
        (tmp_path / "pages" / name).read_text("utf-8") for name in ("routing_report.html", "routing_lens.html")
    )
    assert "<h1>Routing of tiny</h1>" in report and "layers.1.mlp" in report
    assert "<script" not in report.lower() and "layers.1.mlp" in lens


@pytest.mark.slow
def test_the_package_brings_texts(mixtral, tmp_path, capsys):
    """Without a text four short ones are read, each a domain."""
    assert run(mixtral, "--out", tmp_path) == 0
    assert "from code, recipe, story, sums" in capsys.readouterr().out


@pytest.mark.slow
def test_an_encoder_with_its_decoder_works(tmp_path, capsys):
    """Both halves have layers; Switch drops nothing on so little text or says how much."""
    torch.manual_seed(0)
    sizes = {
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 24,
        "num_layers": 2,
        "num_heads": 2,
        "num_experts": 3,
        "num_sparse_encoder_layers": 1,
    }
    config = SwitchTransformersConfig(vocab_size=len(LETTERS) + 2, decoder_start_token_id=0, **sizes)
    folder = saved(SwitchTransformersForConditionalGeneration(config), tmp_path / "switch")
    assert run(folder, "--tokens", 12, "--out", tmp_path) == 0
    said = capsys.readouterr().out

    assert "encoder.block" in said and "decoder.block" in said


def test_a_name_without_a_network_is_told(monkeypatch):
    """Nothing is tried for half a minute."""

    def offline(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", offline)
    said = run("somebody/some-moe")

    assert "somebody/some-moe is no folder here, was not downloaded before" in said
    assert "cannot be reached (Name or service not known)" in said


def test_a_folder_without_a_model_is_told(tmp_path):
    """What has to be in it is named."""
    assert "holds no config.json: name a folder that save_pretrained wrote" in run(tmp_path)
    (tmp_path / "config.json").write_text("{ broken")
    assert "cannot be loaded: " in run(tmp_path)


def test_a_model_without_experts_is_told(tmp_path):
    """The reason is the one of capture."""
    torch.manual_seed(0)
    folder = saved(LlamaForCausalLM(LlamaConfig(**SIZES)), tmp_path / "dense")

    assert "it has no MoE layer" in run(folder)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "cannot read .*given.txt .No such file"),
        (b"\xff\xfe", "it is not in UTF-8; save it in that encoding"),
        (b" \n", "is empty: give a text of some sentences"),
    ],
)
def test_a_text_that_cannot_be_used_is_told(tmp_path, content, sentence):
    """Before anything is loaded."""
    path = tmp_path / "given.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit, match=sentence):
        inspection.read([path])


def test_two_texts_of_one_name_are_told(tmp_path):
    """A domain goes by its file's name."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "text.txt").write_text("words")
    with pytest.raises(SystemExit, match="two texts are called text"):
        inspection.read([tmp_path / "a" / "text.txt", tmp_path / "b" / "text.txt"])


def test_missing_transformers_are_told(monkeypatch):
    """With the command that installs them."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert 'python -m pip install "softmoe-edu[hf]"' in run("anything")


def test_a_folder_that_cannot_be_written_is_told(mixtral, tmp_path):
    """After the report, which is not lost."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "text.txt").write_text("a cat sat on a mat")

    assert "name another folder with --out" in run(mixtral, "--text", tmp_path / "text.txt", "--out", tmp_path / "file")
