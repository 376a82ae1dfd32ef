"""However a model is run, its passes are captured once, in the order of the text."""

import inspect

import pytest
import torch

pytest.importorskip("transformers")

import zoo

from softmoe_edu.capture.huggingface import capture

LAYER = "model.layers.1.mlp"


def padded(side="left"):
    """Return a mask of the tiny text whose second example has three tokens of padding."""
    mask = torch.ones(zoo.B, zoo.N, dtype=torch.long)
    mask[1, slice(0, 3) if side == "left" else slice(4, zoo.N)] = 0
    return mask


def weights(routing):
    """Return the weight of every token and expert, (b, n, e)."""
    return routing.combine.sum(-1)


def run(model, **batch):
    """Capture one pass."""
    with torch.no_grad(), capture(model) as routings:
        model(**batch)
    return routings


def going_on(model, cache):
    """Return a cache as the argument of a model, whose name depends on the version."""
    taken = inspect.signature(type(model).forward).parameters
    return {"cache" if "cache" in taken else "past_key_values": cache}


def filled(model, ids):
    """Return the cache of a model that has read a text."""
    output = model(input_ids=ids, use_cache=True)
    return output.cache if "cache" in output else output.past_key_values


def generated(model, mask, tokens=4, given=None, **settings):
    """Capture a generation of some tokens more; return what was captured, and the text that the model then has."""
    settings = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0, **settings}
    with capture(model, attention_mask=given) as routings:
        ids = zoo.text()[: len(mask)]
        text = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=tokens, **settings)
    return routings, text


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"use_cache": False}, {"prompt_lookup_num_tokens": 2}], ids=str)
def test_steps_of_a_generation_are_one_text(settings):
    """Step by step, with a cache, without one and with guesses that are taken back, the text routes as in one pass."""
    model, mask = zoo.build("mixtral"), padded()
    mask = mask[:1] if "prompt_lookup_num_tokens" in settings else mask
    routings, text = generated(model, mask, **settings)
    read = text[:, :-1]  # the model has not read the token that it wrote last
    whole = torch.cat((mask, mask.new_ones(len(mask), read.shape[1] - zoo.N)), 1)
    again = run(model, input_ids=read, attention_mask=whole)
    for name, routing in routings.items():
        torch.testing.assert_close(weights(routing), weights(again[name]), atol=1e-5, rtol=1e-4)
        assert torch.equal(
            torch.ones_like(read, dtype=torch.bool) if routing.mask is None else routing.mask, whole.bool()
        )
        assert torch.equal(routings.choices[name].ids, read)


def test_a_cache_of_fixed_size_needs_the_mask_by_hand():
    """Where generate makes another mask of the user's, the error asks for it, and given by hand it is used."""
    model, mask = zoo.build("mixtral"), padded()
    with pytest.raises(ValueError, match=r"give capture the mask that is, attention_mask=\.\.\."):
        generated(model, mask, cache_implementation="static")
    routings, text = generated(model, mask, given=mask, cache_implementation="static")
    whole = torch.cat((mask, mask.new_ones(len(mask), 3)), 1)
    again = run(model, input_ids=text[:, :-1], attention_mask=whole)
    torch.testing.assert_close(weights(routings[LAYER]), weights(again[LAYER]), atol=1e-5, rtol=1e-4)
    assert torch.equal(routings[LAYER].mask, whole.bool())


def test_beams_that_change_places_are_refused():
    """In beam search a row changes the text that it holds between steps, and the error says so."""
    with pytest.raises(ValueError, match="the examples changed their order between two steps, as in beam search"):
        generated(zoo.build("mixtral"), padded(), num_beams=3)


def test_a_later_pass_replaces_an_earlier_one():
    """Without a common cache two passes are two batches, of which the last is kept, whatever their sizes."""
    model = zoo.build("mixtral")
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=zoo.text(3, 5))
        model(input_ids=zoo.text(2, 4, seed=9), **going_on(model, filled(model, zoo.text(2, 6))))
        filled(model, zoo.text(2, 3))
        model(input_ids=zoo.text(2, 4, seed=9), **going_on(model, filled(model, zoo.text(2, 6))))
    assert routings[LAYER].sizes[:2] == (2, 10)
    assert torch.equal(routings.choices[LAYER].ids, torch.cat((zoo.text(2, 6), zoo.text(2, 4, seed=9)), 1))


def test_the_cache_of_another_text_is_not_gone_on_with():
    """A pass that goes on from one text is not joined to another of as many tokens that was captured just before."""
    model = zoo.build("mixtral")
    with torch.no_grad():
        other = filled(model, zoo.text(2, 6, seed=5))
        with capture(model) as routings:
            filled(model, zoo.text(2, 6))
            model(input_ids=zoo.text(2, 4, seed=9), **going_on(model, other))
    assert routings[LAYER].sizes[:2] == (2, 4)


def test_earlier_text_in_a_cache_is_not_needed():
    """A pass that goes on from a cache filled before the block is captured by itself."""
    model, ids = zoo.build("mixtral"), zoo.text()
    with torch.no_grad():
        cache = filled(model, ids[:, :5])
        with capture(model) as routings:
            model(input_ids=ids[:, 5:], **going_on(model, cache))
    whole = run(model, input_ids=ids)
    torch.testing.assert_close(weights(routings[LAYER]), weights(whole[LAYER])[:, 5:], atol=1e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing_enable:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*use_reentrant:UserWarning")
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed_layers_decide_once(reentrant):
    """A backward pass that runs layers again changes nothing, and training with capture has the same gradients."""
    model, ids = zoo.build("mixtral").train(), zoo.text()
    batch = {"input_ids": ids, "attention_mask": padded(), "labels": ids}
    plain = run(model, **batch)
    model(**batch).loss.backward()
    wanted = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})
    with capture(model) as routings:
        model(**batch).loss.backward()
    assert list(routings) == list(plain)
    for name, routing in routings.items():
        torch.testing.assert_close(weights(routing), weights(plain[name]))
        assert torch.equal(routing.mask, padded().bool())  # a repetition outside of the pass would know none
        assert not routing.gate.requires_grad
    for name, gradient in wanted.items():
        torch.testing.assert_close(model.get_parameter(name).grad, gradient)


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [True, False])
def test_compiled_models_run_uncompiled_inside_the_block(wrapped):
    """A compiled model is captured under the plain names, and its code is neither used there nor made again after."""
    compiled = []

    def backend(graph, examples):
        compiled.append(graph)
        return graph.forward

    torch._dynamo.reset()
    model, ids = zoo.build("mixtral"), zoo.text()
    plain = run(model, input_ids=ids)
    run_as = torch.compile(model, backend=backend) if wrapped else model
    if not wrapped:
        model.compile(backend=backend)
    with torch.no_grad():
        run_as(input_ids=ids)
        count = len(compiled)
        routings = run(run_as, input_ids=ids)
        run_as(input_ids=ids)
    assert count == len(compiled) > 0
    assert list(routings) == list(plain)
    assert torch.equal(weights(routings[LAYER]), weights(plain[LAYER]))


@pytest.mark.parametrize("implementation", ["eager", "batched_mm", "grouped_mm"])
def test_every_implementation_of_experts_is_asked_the_same(implementation):
    """The way in which experts are computed does not change what they are asked."""
    model = zoo.build("mixtral")
    plain = run(model, input_ids=zoo.text())
    model.set_experts_implementation(implementation)
    routings = run(model, input_ids=zoo.text())
    assert type(model.model.layers[0].mlp.experts).__name__ == "MixtralExperts"
    torch.testing.assert_close(weights(routings[LAYER]), weights(plain[LAYER]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cast", ["model", "autocast"])
def test_half_precision_is_widened_and_not_changed(cast):
    """Weights of a bfloat16 model are those that its experts received, in float32."""
    model = zoo.build("olmoe")
    received = []
    forward = model.model.layers[1].mlp.experts.forward
    model.model.layers[1].mlp.experts.forward = lambda *args: (received.append(args[1:]), forward(*args))[1]
    if cast == "model":
        model = model.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=cast == "autocast"):
        routings = run(model, input_ids=zoo.text())
    routing, ((index, weight),) = routings[LAYER], received
    assert routing.gate.dtype == routing.logits.dtype == routing.gates.dtype == torch.float32
    wanted = torch.zeros(len(index), zoo.E).scatter_add(1, index, weight.float())
    assert torch.equal(weights(routing).flatten(0, 1), wanted)
    assert routings.formulas[LAYER].score == "softmax"


def test_encoder_and_decoder_have_their_own_texts_and_masks():
    """Layers of an encoder have its padding, those of its decoder theirs, and drops by capacity are empty choices."""
    model, mask = zoo.build("switch_transformers"), padded("right")
    reply, theirs = zoo.text(n=5, seed=4), torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    batch = {"input_ids": zoo.text(), "attention_mask": mask, "decoder_input_ids": reply}
    routings = run(model, **batch, decoder_attention_mask=theirs)
    encoder, decoder = routings.values()
    assert [name.partition(".")[0] for name in routings] == ["encoder", "decoder"]
    assert torch.equal(encoder.mask, mask.bool())
    assert torch.equal(decoder.mask, theirs.bool())
    first, second = routings.choices.values()
    assert torch.equal(first.ids, zoo.text())
    assert torch.equal(second.ids, reply)
    capacity = model.config.expert_capacity
    load = encoder.filled.sum(-1)
    chosen = encoder.logits.argmax(-1).masked_fill(~encoder.mask, -1)
    for group in range(zoo.B):
        for expert in range(zoo.E):
            # Padding behind the text takes no slot from it.
            assert load[group, expert] == min(capacity, int((chosen[group] == expert).sum()))
    assert int((encoder.token_load() == 0)[encoder.mask].sum()) > 0


def test_a_looped_model_lists_every_run():
    """A layer that a model runs three times in a pass is three entries, each with its own decision."""
    model = zoo.build("mixtral")
    first, second = model.model.layers
    model.model.layers = torch.nn.ModuleList([first, second, second, second])
    model.config.num_hidden_layers = 4
    routings = run(model, input_ids=zoo.text(), use_cache=False)
    runs = [LAYER, f"{LAYER}:2", f"{LAYER}:3"]
    assert list(routings) == ["model.layers.0.mlp", *runs]
    assert not torch.equal(weights(routings[runs[0]]), weights(routings[runs[1]]))
    assert set(routings.formulas) == set(routings.experts) == set(routings)
    model.model.layers = torch.nn.ModuleList([first, second])
    assert torch.equal(weights(run(model, input_ids=zoo.text())[LAYER]), weights(routings[LAYER]))


def test_nothing_stays_on_the_model():
    """After the block the model has no hooks, also where it ended with an error, and is not captured any more."""
    model = zoo.build("mixtral")
    with pytest.raises(RuntimeError, match="on purpose"), capture(model) as routings:
        model(input_ids=zoo.text())
        raise RuntimeError("on purpose")
    assert not routings
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks
    routings = run(model, input_ids=zoo.text())
    before = dict(routings)
    model(input_ids=zoo.text(seed=5))
    assert dict(routings) == before
