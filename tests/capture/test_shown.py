"""What is captured from a checkpoint with its tokenizer goes under the lens, into metrics, losses and figures."""

import json
import subprocess
import sys

import pytest
import torch

pytest.importorskip("transformers")

import zoo
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from softmoe_edu import figures, losses, metrics
from softmoe_edu.capture.huggingface import capture
from softmoe_edu.capture.words import words_of
from softmoe_edu.widgets import RoutingFlow, RoutingLens

TEXTS = ["the cat sat on the mat", "a dog barked at\nthe cat and the dog again"]
LAYER = "model.layers.1.mlp"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a tiny OLMoE and a tokenizer of bytes that was trained on two sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.train_from_iterator(TEXTS * 9, trainers.BpeTrainer(vocab_size=95, special_tokens=["<pad>", "<s>"]))
    path = tmp_path_factory.mktemp("checkpoint")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>").save_pretrained(path)
    zoo.build("olmoe").save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def captured(folder):
    """Return what a pass over two texts, read back from disk, decided, and the batch."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
    with torch.no_grad(), capture(model, tokenizer) as routings:
        model(**batch)
    return routings, batch


def test_a_checkpoint_routes_as_the_model_that_was_saved(captured):
    """Read back from disk, the model decides as before it was saved."""
    routings, batch = captured
    model = zoo.build("olmoe")
    with torch.no_grad(), capture(model) as before:
        model(**batch)
    for name, routing in routings.items():
        assert torch.equal(routing.token, before[name].token)
        assert torch.equal(routing.gate, before[name].gate)


def test_words_come_from_the_tokenizer(captured):
    """Words are the text of the tokens, with the spaces before them, and together give the texts again."""
    routings, batch = captured
    assert routings.words == routings.words_in(LAYER)
    for row, mask, text in zip(routings.words, batch["attention_mask"], TEXTS, strict=True):
        assert len(row) == batch["input_ids"].shape[1]
        real = [word for word, kept in zip(row, mask.tolist(), strict=True) if kept]
        assert "".join(real) == text.replace("\n", "↵")
        assert {word for word, kept in zip(row, mask.tolist(), strict=True) if not kept} <= {"<pad>"}
    assert " cat" in routings.words[0]


def test_a_word_keeps_the_space_that_decoding_it_alone_loses():
    """Where a tokenizer writes ▁ for a space, words have theirs back, and the text can be read."""
    vocabulary = {"<unk>": 0, "▁the": 1, "▁cat": 2, "s": 3, "\n": 4}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.decoder = decoders.Metaspace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    assert fast.decode([2]) == "cat"
    assert words_of(fast, torch.tensor([[1, 2, 3], [4, 0, 1]])) == [[" the", " cat", "s"], ["↵", "<unk>", " the"]]


def test_words_need_a_tokenizer_and_numbers(folder):
    """Without a tokenizer, without numbers and with different texts, an error says what to give."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = zoo.text()
    embedded = model.get_input_embeddings()(ids).detach()
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=ids)
    with pytest.raises(ValueError, match=r"words need a tokenizer, got none: capture\(model, tokenizer\)"):
        routings.words  # noqa: B018  # a property
    with torch.no_grad(), capture(model, tokenizer) as routings:
        model(inputs_embeds=embedded)
    with pytest.raises(ValueError, match="read 3 x 7 tokens that are no numbers of a vocabulary: give capture their"):
        routings.words  # noqa: B018
    with torch.no_grad(), capture(model, tokenizer, input_ids=ids) as routings:
        model(inputs_embeds=embedded)
    spelled = [[tokenizer.decode([number]) or f"<{number}>" for number in row] for row in ids.tolist()]
    assert routings.words == spelled
    both = zoo.build("switch_transformers")
    with torch.no_grad(), capture(both, tokenizer) as routings:
        both(input_ids=ids, decoder_input_ids=zoo.text(n=5, seed=4))
    with pytest.raises(ValueError, match="must have read the same words, got different ones, as in an encoder and its"):
        routings.words  # noqa: B018
    assert [len(routings.words_in(name)[0]) for name in routings] == [7, 5]


def test_the_lens_shows_all_layers_with_their_words(captured):
    """Layers, words and padding of the lens are those of the model, and it finds who chose."""
    routings, batch = captured
    lens = RoutingLens(routings, words=routings.words)
    assert [entry["layer"] for entry in lens._entries] == list(routings)
    assert lens._words == routings.words
    lens.layer, lens.image_index, lens.token = LAYER, 1, 3
    (entry,) = [entry for entry in lens._entries if entry["layer"] == LAYER]
    assert (entry["chooser"], entry["asks"]) == ("tokens", zoo.K)
    assert bytes(entry["fate"]).count(2) == int((batch["attention_mask"] == 0).sum())
    assert "logits" in entry["views"]


def test_metrics_losses_and_figures_take_it(captured):
    """Everything that takes a Routing takes this one: numbers agree with counts by hand, figures are drawn."""
    routings, batch = captured
    routing, real = routings[LAYER], batch["attention_mask"].bool()
    index = routings.choices[LAYER].index
    by_hand = torch.zeros(2, zoo.E)
    for group, token in real.nonzero().tolist():
        for expert in index[group, token].tolist():
            by_hand[group, expert] += 1
    assert torch.equal(metrics.expert_load(routing), by_hand)
    assert torch.equal(metrics.experts_per_token(routing), zoo.K * real)
    assert metrics.dropped_fraction(routing) == 0
    assert metrics.combine_entropy(routing)[real].min() > 0
    assert losses.z_loss(routing.logits).isfinite()
    torch.testing.assert_close(routing.gates, routing.logits.softmax(-1))
    for draw in (figures.expert_load, figures.dispatch_map, figures.combine_map, figures.slot_usage):
        assert figures.alt_text(draw(routing))


def test_the_flow_shows_a_few_tokens(captured):
    """The first tokens of a text flow through the model's own decision beside a router of this project."""
    routings, _ = captured
    routing = routings[LAYER]
    few = routing.only(range(6))
    words = [row[:6] for row in routings.words]
    flow = RoutingFlow(few.logits, own={"the model": few}, routers=("tokens choice",), words=words, top_k=zoo.K)
    assert flow._lanes == ["tokens choice", "the model"]
    (lane,) = flow._own
    sent = torch.frombuffer(bytearray(lane["combine"]), dtype=torch.float32).view(2, 6, zoo.E, -1)
    torch.testing.assert_close(sent.sum(-1), routing.combine.sum(-1)[:, :6])


def test_a_saved_page_opens_without_a_kernel(captured, tmp_path):
    """The lens of a real model is saved as a page that holds its words."""
    routings, _ = captured
    path = RoutingLens(routings, words=routings.words).save_html(tmp_path / "lens.html")
    assert json.dumps(" cat")[1:-1] in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_capture_is_imported_without_transformers():
    """The package is imported where transformers is not installed, and says what it has no layer of."""
    code = """
import sys
sys.modules["transformers"] = None
import torch
from softmoe_edu.capture.huggingface import capture
try:
    with capture(torch.nn.Linear(2, 2)):
        pass
except ValueError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Linear cannot be captured: it has no MoE layer")
