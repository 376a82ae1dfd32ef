"""The callback of transformers.Trainer sees what the routers did, and changes nothing."""

import math

import pytest
import torch
from torch.utils.data import Dataset
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from softmoe_edu.capture.trainer import RoutingCallback
from softmoe_edu.watch import RoutingWatch

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
SIZES |= {"intermediate_size": 24, "vocab_size": 31}


class Texts(Dataset):
    """Random texts of 7 tokens."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        ids = torch.randint(0, 31, (7,), generator=torch.Generator().manual_seed(index))
        return {"input_ids": ids, "labels": ids}


def trainer(folder, callbacks, model=None, **options):
    """Return a Trainer of a tiny Mixtral for five steps of three texts, which logs every step."""
    torch.manual_seed(0)
    model = model or MixtralForCausalLM(MixtralConfig(num_local_experts=5, num_experts_per_tok=2, **SIZES))
    given = {"max_steps": 5, "per_device_train_batch_size": 3, "logging_steps": 1, "save_strategy": "no"} | options
    arguments = TrainingArguments(
        str(folder), report_to=[], use_cpu=True, disable_tqdm=True, seed=0, learning_rate=1e-2, **given
    )
    return Trainer(model=model, args=arguments, train_dataset=Texts(), callbacks=callbacks)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with the callback, what it printed, and its watch."""
    lines = []

    class Lines(PrinterCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            lines.append(dict(logs))

    watch = RoutingWatch(every=2)
    run = trainer(tmp_path_factory.mktemp("run"), [RoutingCallback(watch), Lines()])
    run.train()
    return run, lines, watch


def test_every_layer_is_seen_in_the_steps_that_are_due(trained):
    """Steps 1, 2 and 4 of 5; two of five experts for each of 21 tokens, none of them dropped."""
    _, _, watch = trained

    assert list(watch.layers) == ["model.layers.0.mlp", "model.layers.1.mlp"]
    for columns in watch.layers.values():
        assert columns["step"] == [1, 2, 4]
        assert columns["dropped"] == [0, 0, 0]
        assert all(1 <= busiest <= 2.5 for busiest in columns["busiest"])
        counts = [busiest * 42 / 5 for busiest in columns["busiest"]]
        assert counts == pytest.approx([round(count) for count in counts], abs=1e-4)
        assert all(0 < entropy <= 1 for entropy in columns["entropy"])


def test_log_lines_carry_the_last_look(trained):
    """From the first step on, whatever was logged beside it."""
    _, lines, watch = trained
    steps = [line for line in lines if "loss" in line]

    assert len(steps) == 5
    assert all({"router_busiest", "router_dropped", "router_entropy"} <= line.keys() for line in steps)
    assert steps[-1]["router_busiest"] == watch.last["busiest"]
    assert steps[0]["router_busiest"] == max(columns["busiest"][0] for columns in watch.layers.values())


def test_the_model_is_what_it_is_without_the_callback(trained, tmp_path):
    """Bit for bit, and no hook stays."""
    run, _, _ = trained
    plain = trainer(tmp_path, [])
    plain.train()

    for a, b in zip(run.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in run.model.modules())


def test_accumulated_batches_count_as_one_step(tmp_path):
    """The step's number is the Trainer's."""
    watch = RoutingWatch(every=1)
    trainer(tmp_path, [RoutingCallback(watch)], gradient_accumulation_steps=2, max_steps=2).train()

    assert watch.layers["model.layers.0.mlp"]["step"] == [1, 2]


def test_a_model_without_experts_is_refused(tmp_path):
    """At the first step that is due, by name."""
    torch.manual_seed(0)
    dense = LlamaForCausalLM(LlamaConfig(**SIZES))
    with pytest.raises(ValueError, match="LlamaForCausalLM cannot be captured: it has no MoE layer"):
        trainer(tmp_path, [RoutingCallback()], model=dense).train()


def test_nothing_seen_is_nothing_logged():
    """Before the first look the line has nothing to add, and `last` says so."""
    callback, logs = RoutingCallback(), {"loss": math.pi}
    callback.on_log(None, None, None, logs=logs)

    assert logs == {"loss": math.pi}
    with pytest.raises(ValueError, match="no routing was seen yet"):
        _ = callback.watch.last
