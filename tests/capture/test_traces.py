import base64
import json

import numpy as np
import pytest
import torch
from tracekit import (
    EXPERTS,
    LAYERS,
    TOP_K,
    base64_of,
    drawn,
    dump_of,
    npy_of,
    record_of,
    sglang,
    trace_of,
)

from softmoe_edu import metrics
from softmoe_edu.capture import CountTrace, Trace, read_trace, write_trace
from softmoe_edu.capture.served import Chosen, routing_of
from softmoe_edu.routers import TokensChoiceRouter
from softmoe_edu.routing import SparseRouting

# Two tokens, two layers, two choices: every number by hand.
BY_HAND = [[[0, 2], [3, 1]], [[2, 4], [0, 3]]]
COUNTS = [[1, 0, 2, 0, 1], [1, 1, 0, 2, 0]]
KNOWN = {"num_experts": EXPERTS, "num_layers": LAYERS, "top_k": TOP_K}


def groups_of(trace):
    """Return the choices of every group as nested lists."""
    return [choices.experts.tolist() for choices in trace]


FORMS = {
    "SGLang": sglang(BY_HAND),
    "SGLang, OpenAI": {"choices": [{"index": 0}], "sglext": {"routed_experts": base64_of(BY_HAND)}},
    "SGLang, a choice": {"choices": [{"index": 0, "sgl_ext": {"routed_experts": base64_of(BY_HAND)}}]},
    "vLLM": {"choices": [{"index": 0, "routed_experts": npy_of(BY_HAND)}], "usage": {}},
    "vLLM, many experts": {"choices": [{"index": 0, "routed_experts": npy_of(BY_HAND, "uint16")}]},
    "vLLM 0.21": {"prompt_routed_experts": BY_HAND[:1], "choices": [{"index": 0, "routed_experts": BY_HAND[1:]}]},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["dict", "list", "json", "jsonl"])
def test_every_published_form_is_read(tmp_path, form, kind):
    """The same choices come out of each server's form, from memory and from either kind of file."""
    source = FORMS[form]
    if kind == "list":
        source = [source]
    if kind in ("json", "jsonl"):
        (tmp_path / f"a.{kind}").write_text(json.dumps(source))
        source = tmp_path / f"a.{kind}"

    trace = read_trace(source, num_experts=5, num_layers=2, top_k=2)

    assert groups_of(trace) == [BY_HAND]
    assert trace.counts().tolist() == COUNTS
    assert (trace.layers, trace.top_k, trace.num_experts) == ((0, 1), 2, 5)


def test_a_schema_states_what_the_caller_need_not():
    """SGLang's schema gives layers and k, names the layers with experts, and joins prompt and answer in order."""
    planes = [[[0, 0], [0, 2], [3, 1]], [[0, 0], [2, 4], [0, 3]]]
    schema = {"dtype": "int32", "layout": "row_major", "id_space": "logical_global", "num_layers": 3, "top_k": 2,
              "moe_layer_ids": [1, 2], "input_num_rows": 1, "output_num_rows": 1}  # fmt: skip
    halves = {"input_expert_ids": base64_of(planes[:1]), "output_expert_ids": base64_of(planes[1:])}
    trace = read_trace({"meta_info": {**halves, "expert_ids_schema": schema}}, num_experts=5)

    assert trace.layers == (1, 2)
    assert groups_of(trace) == [BY_HAND]
    whole = {"meta_info": {"routed_experts": base64_of(planes), "expert_ids_schema": schema}}
    assert groups_of(read_trace(whole, num_experts=5)) == [BY_HAND]


def test_layers_without_experts_are_named_not_guessed():
    """Zeros of a dense layer are rejected, since no token chooses an expert twice, and left out when they are named."""
    planes = [[[0, 0], [0, 2]], [[0, 0], [2, 4]]]
    with pytest.raises(ValueError, match=r"got expert 0 twice for token 0 in layer 0: .*moe_layers"):
        read_trace(sglang(planes), num_experts=5, num_layers=2, top_k=2).counts()

    trace = read_trace(sglang(planes), num_experts=5, num_layers=2, top_k=2, moe_layers=[1])
    assert trace.layers == (1,)
    assert trace.counts().tolist() == [[1, 0, 2, 0, 1]]


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        (
            {
                "choices": [
                    {"index": 0, "routed_experts": npy_of(BY_HAND), "prompt_token_ids": [9, 8], "token_ids": [7]}
                ]
            },
            [9, 8],
        ),
        (
            {
                "prompt_token_ids": [9],
                "choices": [{"index": 0, "routed_experts": npy_of(BY_HAND), "token_ids": [8, 7]}],
            },
            [9, 8],
        ),
        ({"prompt_token_ids": [9, 8], "choices": [{"index": 0, "routed_experts": npy_of(BY_HAND)}]}, [9, 8]),
        ({"prompt_token_ids": [9, 8, 7, 6], "choices": [{"index": 0, "routed_experts": npy_of(BY_HAND)}]}, None),
        ({"choices": [{"index": 0, "routed_experts": npy_of(BY_HAND), "token_ids": [8]}]}, None),
        (sglang(BY_HAND), None),
    ],
)
def test_ids_of_tokens_are_found_or_left_out(answer, tokens):
    """Ids are those of the rows, without the last token, which the model never read; all of them or none."""
    (choices,) = read_trace(answer, num_experts=5, num_layers=2, top_k=2)
    assert (None if choices.tokens is None else choices.tokens.tolist()) == tokens


def test_the_recorder_per_token(tmp_path):
    """Physical experts become the logical ones that they are copies of; -1 is no choice, and ids of tokens are kept."""
    # Layer 0 keeps two copies of expert 0 (physical 0 and 3), layer 1 two of expert 2 (physical 2 and 3).
    physical = torch.tensor([[0, 1, 2, 0], [0, 1, 2, 2]])
    passes = [[[[3, 1], [3, 0]], [[2, -1], [2, -1]]], [[[0, 2], [1, 3]]]]
    torch.save(dump_of(*passes, physical=physical), tmp_path / "a.pt")

    trace = read_trace(tmp_path / "a.pt")

    assert isinstance(trace, Trace)
    assert groups_of(trace) == [[[[0, 1], [2, 0]], [[2, -1], [2, -1]]], [[[0, 2], [1, 2]]]]
    assert (trace.num_experts, trace.layers, trace.top_k) == (3, (0, 1), 2)
    assert [choices.tokens.tolist() for choices in trace] == [[40, 41], [40]]
    assert trace.counts().tolist() == [[2, 1, 2], [1, 1, 3]]


def test_the_recorder_per_pass_and_stat(tmp_path):
    """Counts of copies are added up for each pass; stat holds logical counts, and unused steps of its buffer go."""
    physical = torch.tensor([[0, 1, 2, 0], [0, 1, 2, 2]])
    records = [record_of(each, physical) for each in ([[[3, 1], [3, 0]]], [[[0, 2], [1, 3]], [[0, 3], [2, 3]]])]
    for record in records:
        del record["topk_ids_of_layer"]
    # Token 2 of that layer chose two copies of one expert: counts cannot tell.
    torch.save({"records": records, "last_physical_to_logical_map": physical}, tmp_path / "pass.pt")
    counts = torch.tensor([[[4, 0, 1], [2, 2, 1]], [[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [0, 3, 0]]], dtype=torch.int32)
    torch.save({"rank": 0, "logical_count": counts, "average_utilization_rate_over_window": None}, tmp_path / "stat.pt")

    passes, steps = read_trace(tmp_path / "pass.pt"), read_trace(tmp_path / "stat.pt")

    assert isinstance(passes, CountTrace)
    assert passes.passes.tolist() == [[[1, 1, 0], [1, 0, 1]], [[3, 0, 1], [0, 1, 3]]]
    assert passes.counts().tolist() == [[4, 1, 1], [1, 1, 4]]
    assert steps.passes.tolist() == [[[4, 0, 1], [2, 2, 1]], [[1, 1, 1], [0, 3, 0]]]


@pytest.mark.parametrize("ending", ["jsonl", "pt"])
def test_a_trace_is_written_and_read_back(tmp_path, ending):
    """Choices, ids and the numbers of layers survive in either form, and of layers that are missing nothing appears."""
    ids = torch.tensor([3, 1, 3, 0])
    trace = trace_of(Chosen(drawn(4), ids), drawn(1, seed=1), drawn(6, seed=2), layers=(1, 2, 4))
    path = write_trace(tmp_path / f"a.{ending}", trace)
    back = read_trace(path, num_experts=EXPERTS)

    kept = [back.layers.index(layer) for layer in trace.layers]
    assert [choices.experts[:, kept].tolist() for choices in back] == groups_of(trace)
    assert next(iter(back)).tokens.tolist() == ids.tolist()
    assert ending == "pt" or back.layers == (1, 2, 4)
    assert torch.equal(back.counts()[kept], trace.counts())
    assert int(back.counts().sum()) == int(trace.counts().sum())


def test_counts_are_written_and_read_back(tmp_path):
    """A trace of counts survives as the recorder's file, and cannot become answers, which hold choices."""
    passes = torch.tensor([[[1, 2, 3], [4, 5, 6]], [[0, 0, 7], [1, 1, 1]]])
    trace = CountTrace(3, (0, 1), "made", passes)

    assert read_trace(write_trace(tmp_path / "a.pt", trace)).passes.tolist() == passes.tolist()
    with pytest.raises(TypeError, match=r"got counts alone: write them as \.pt"):
        write_trace(tmp_path / "a.jsonl", trace)


def test_captured_routings_become_a_trace(tmp_path):
    """What a router of this package chose is written as an answer, dropped choices as -1, and read back."""
    torch.manual_seed(0)
    router = TokensChoiceRouter(7, EXPERTS, top_k=TOP_K, capacity_factor=0.8)
    routing = router(torch.randn(3, 6, 7))
    trace = read_trace(write_trace(tmp_path / "a.pt", {"first": routing, "second": routing}))

    (choices,) = trace
    taken = (routing.dispatch.sum(-1) > 0).flatten(0, 1)
    for token, row in enumerate(choices.experts[:, 1].tolist()):
        assert sorted(x for x in row if x >= 0) == taken[token].nonzero()[:, 0].tolist()
    assert bool((choices.experts == -1).any())
    assert torch.equal(trace.counts()[0], metrics.expert_load(routing).sum(0).long())


def test_routings_of_a_trace_by_hand():
    """Each token fills a slot of each of its experts; gates are NaN, and any groups can be asked for."""
    trace = trace_of(torch.tensor(BY_HAND).int(), torch.tensor(BY_HAND[1:]).int())
    routings = trace.routings(0, None)

    assert list(routings) == ["layer 0", "layer 1"]
    first = routings["layer 0"]
    assert first.token[0].tolist() == [[0, -1], [-1, -1], [0, 1], [-1, -1], [1, -1]]
    assert first.token[1].tolist() == [[-1, -1], [-1, -1], [0, -1], [-1, -1], [0, -1]]
    assert first.mask.tolist() == [[True, True], [True, False]]
    assert bool(first.gate[first.filled].isnan().all())
    assert bool((first.gate[~first.filled] == 0).all())
    assert trace.routings(1)["layer 1"].token.tolist() == [[[0], [-1], [-1], [0], [-1]]]
    with pytest.raises(ValueError, match="first must be the number of a group, got 2"):
        trace.routings(2)


def test_metrics_of_a_trace_say_what_is_known():
    """Load, dispatch and dropped tokens are exact; what hangs on gates is NaN, and never 0."""
    routing = trace_of(drawn(6)).routings()["layer 1"]

    assert metrics.expert_load(routing).sum() == 6 * TOP_K
    assert metrics.dropped_fraction(routing) == 0
    assert metrics.experts_per_token(routing).tolist() == [[TOP_K] * 6]
    busy = metrics.expert_load(routing) > 0
    assert bool(metrics.expert_importance(routing)[busy].isnan().all())
    assert bool(metrics.combine_entropy(routing).isnan().all())


def test_a_token_without_a_choice_is_no_dropped_token():
    """What was not recorded is padding: nobody knows that it was dropped."""
    routing = routing_of(torch.tensor([[[0, 2], [-1, -1], [1, -1]]]), 3)

    assert routing.mask.tolist() == [[True, False, True]]
    assert metrics.dropped_fraction(routing) == 0
    assert metrics.experts_per_token(routing).tolist() == [[2, 0, 1]]
    assert routing.token.tolist() == [[[0], [2], [0]]]


def test_no_tokens_are_no_error():
    """An answer of zero tokens is read as such, and written."""
    empty = np.zeros((0, LAYERS, TOP_K))
    for answer in (sglang(empty), {"choices": [{"routed_experts": npy_of(empty)}]}):
        trace = read_trace(answer, **KNOWN)
        assert groups_of(trace) == [[]]
        assert trace.counts().sum() == 0
        routing = trace.routings()["layer 2"]
        assert (routing.sizes, routing.mask.tolist()) == ((1, 1, EXPERTS, 1), [[False]])


def test_a_long_file_is_read_line_by_line(tmp_path):
    """Only the first line is looked at when a file is opened, and a fault is reported when its line is read."""
    lines = [json.dumps(sglang(drawn(3, seed=i).numpy())) for i in range(4)]
    (tmp_path / "a.jsonl").write_text("\n".join([*lines[:3], "", lines[3][:-9]]) + "\n")
    trace = read_trace(tmp_path / "a.jsonl", **KNOWN)

    read = iter(trace)
    for i in range(3):
        assert next(read).experts.tolist() == drawn(3, seed=i).tolist()
    with pytest.raises(ValueError, match=r"a\.jsonl, line 5: expected JSON, got "):
        next(read)


def test_an_aborted_request_is_named_or_left_out(tmp_path):
    """null is an error that names the way out, and with skip_missing the other answers are read."""
    answers = [{"choices": [{"index": 0, "routed_experts": None}]}, sglang(BY_HAND)]
    sizes = {"num_experts": 5, "num_layers": 2, "top_k": 2}

    with pytest.raises(ValueError, match=r"got null, as for an aborted request: .*skip_missing=True"):
        read_trace(answers, **sizes)
    assert groups_of(read_trace(answers, **sizes, skip_missing=True)) == [BY_HAND]


SCHEMA = {"num_layers": 2, "top_k": 2}
BAD_ANSWERS = {
    "no object": ([3], r"expected a JSON object with meta_info\.routed_experts .*, got a number"),
    "foreign": ({"id": 1, "text": "a"}, r"got an object with id, text: ask the server for routed experts"),
    "empty": ({}, "got an object with no fields"),
    "no base64": (sglang(BY_HAND) | {"meta_info": {"routed_experts": "no!"}}, "expected base64, got 'no!'"),
    "not ASCII": ({"meta_info": {"routed_experts": "é"}}, "expected base64"),
    "a number": ({"meta_info": {"routed_experts": 4}}, "expected a base64 string, got a number"),
    "an object": (
        {"meta_info": {"routed_experts": {"data": "", "shape": [1]}}},
        "expected a base64 string, got an object",
    ),
    "cut": (
        {"meta_info": {"routed_experts": base64.b64encode(bytes(30)).decode()}},
        r"expected whole tokens of 16 bytes \(2 layers x 2 experts x 4\), got 30 bytes: the answer was cut",
    ),
    "floats": (
        {"choices": [{"routed_experts": npy_of(BY_HAND, "float32")}]},
        r"expected whole numbers .*, got float32",
    ),
    "booleans": ({"choices": [{"routed_experts": npy_of(BY_HAND, "bool")}]}, r"expected whole numbers .*, got bool"),
    "two axes": ({"choices": [{"routed_experts": npy_of([[1, 2]])}]}, r"expected whole numbers .*, got uint8 \(1, 2\)"),
    "a huge header": (
        {
            "choices": [
                {
                    "routed_experts": base64.b64encode(
                        base64.b64decode(npy_of(BY_HAND)).replace(b"(2, 2, 2), }", b"(99999999999, 2, 2), }")
                    ).decode()
                }
            ]
        },
        r"expected (399999999996 numbers|a NumPy file)",
    ),
    "ragged": ({"choices": [{"routed_experts": [[[1, 2], [1]]]}]}, "of equal lengths"),
    "floats in lists": ({"choices": [{"routed_experts": [[[1.5, 2.0]]]}]}, "of whole numbers, got float64"),
    "words in lists": ({"choices": [{"routed_experts": [[["a", "b"]]]}]}, "of whole numbers"),
    "booleans in lists": ({"choices": [{"routed_experts": [[[True, False]]]}]}, "of whole numbers, got bool"),
    "huge in lists": (
        {"choices": [{"routed_experts": [[[1, 2**40], [0, 1]]]}]},
        "expected numbers of experts, got 1099511627776",
    ),
    "other layers": (
        {"choices": [{"routed_experts": npy_of([[[1, 2]] * 3])}]},
        "expected num_layers=2 as given, got 3, which the server states",
    ),
    "other k": (
        {"choices": [{"routed_experts": [[[1], [2]]]}]},
        "expected top_k=2 as given, got 1, which the server states",
    ),
    "another dtype": (
        sglang(BY_HAND, expert_ids_schema=SCHEMA | {"dtype": "int16"}),
        "expected expert ids of dtype 'int32', got 'int16'",
    ),
    "physical": (
        sglang(BY_HAND, expert_ids_schema=SCHEMA | {"id_space": "physical"}),
        "expected expert ids of id_space 'logical_global'",
    ),
    "a schema without k": (
        sglang(BY_HAND, expert_ids_schema={"num_layers": 2}),
        r"expected expert_ids_schema\.top_k to be a whole number",
    ),
    "a list as schema": (
        sglang(BY_HAND, expert_ids_schema=[]),
        "expected expert_ids_schema to be an object, got a list",
    ),
    "layers outside": (
        sglang(BY_HAND, expert_ids_schema=SCHEMA | {"moe_layer_ids": [2]}),
        "expected moe_layer_ids from 0 to 1, got \\[2\\]",
    ),
    "halves without schema": (
        {"meta_info": {"input_expert_ids": base64_of(BY_HAND)}},
        "expected expert_ids_schema beside the expert ids, got null",
    ),
    "other rows": (
        {"meta_info": {"input_expert_ids": base64_of(BY_HAND), "expert_ids_schema": SCHEMA | {"input_num_rows": 9}}},
        "expected 9 tokens as expert_ids_schema says, got 2",
    ),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_bad_answers_are_refused_by_what_came(name):
    """Damaged and foreign answers say what was expected and what came."""
    answer, message = BAD_ANSWERS[name]
    with pytest.raises(ValueError, match=message):
        list(read_trace(answer, num_experts=5, num_layers=2, top_k=2))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([[[0, -2], [1, 2]]], "expected experts from 0 to 4 .*, got -2 for token 0 in layer 0"),
        ([[[0, 1], [1, 2]], [[0, 1], [5, 2]]], "got 5 for token 1 in layer 1: give the model's num_experts"),
        ([[[0, 1], [1, 2**31 - 1]]], "got 2147483647 for token 0 in layer 1"),
        ([[[0, 1], [3, 3]]], "got expert 3 twice for token 0 in layer 1"),
    ],
)
def test_experts_that_cannot_be_are_refused(numbers, message):
    """Negative, unknown and repeated experts are named with their token and layer."""
    with pytest.raises(ValueError, match=message):
        read_trace(sglang(numbers), num_experts=5, num_layers=2, top_k=2).counts()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"num_layers": 2, "top_k": 2}, "expected num_experts, which answers do not state"),
        ({"num_experts": 5, "top_k": 2}, "does not state: give num_layers"),
        ({"num_experts": 5, "num_layers": 2}, "does not state: give top_k"),
        ({"num_experts": 5}, "does not state: give num_layers and top_k"),
    ],
)
def test_nothing_is_guessed(missing, message):
    """Sizes that neither the answer nor the caller states are asked for."""
    with pytest.raises(ValueError, match=message):
        read_trace(sglang(BY_HAND), **missing)


def test_a_whole_file_is_one_model(tmp_path):
    """An answer with other layers or another k than the first is refused."""
    answers = [
        {"choices": [{"routed_experts": npy_of(drawn(2).numpy())}]},
        {"choices": [{"routed_experts": npy_of(BY_HAND)}]},
    ]
    with pytest.raises(ValueError, match=r"choices\[0\]: expected layers \[0, 1, 2\] like before, got \[0, 1\]"):
        read_trace(answers, num_experts=5).counts()
    answers[1] = {"choices": [{"routed_experts": npy_of(drawn(2, top_k=1).numpy())}]}
    with pytest.raises(
        ValueError, match=r"expected choices of \(layers, k\) = \(3, 2\) like those before, got \(3, 1\)"
    ):
        read_trace(answers, num_experts=5).counts()


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("a.csv", ValueError, r"must end in \.pt .*, got 'a.csv'"),
        (3, TypeError, "source must be a file or what a server answered, got int"),
        ("missing.jsonl", FileNotFoundError, "missing.jsonl"),
        ("missing.pt", FileNotFoundError, "missing.pt"),
    ],
)
def test_no_source(tmp_path, source, error, message):
    """What is no trace, or is not there, is said so."""
    with pytest.raises(error, match=message):
        read_trace(tmp_path / source if isinstance(source, str) else source, num_experts=5)


PHYSICAL = torch.arange(5).expand(2, -1).clone()


def changed(change):
    """Return a recorder's file of one pass, changed."""
    content = dump_of(BY_HAND, physical=PHYSICAL.clone())
    change(content, content["records"][0])
    return content


BAD_DUMPS = {
    "a list": ([1, 2], "got list"),
    "empty": ({}, "got an empty dict"),
    "foreign": ({"state_dict": {}}, "expected a file of SGLang's expert distribution recorder, .*, got state_dict"),
    "no records": (changed(lambda c, r: c["records"].clear()), "one for each forward pass, got 0 of them"),
    "no list": (changed(lambda c, r: c.update(records={})), "got dict"),
    "no map": (
        changed(lambda c, r: c.pop("last_physical_to_logical_map")),
        "physical_to_logical_map: expected a tensor, got NoneType",
    ),
    "a map of floats": (
        changed(lambda c, r: c.update(last_physical_to_logical_map=PHYSICAL.float())),
        "expected whole numbers with 2 axes, got torch.float32",
    ),
    "a map with a gap": (
        changed(lambda c, r: c["last_physical_to_logical_map"][1, 2].fill_(1)),
        "expected every expert from 0 to 4 in each layer",
    ),
    "a negative map": (
        changed(lambda c, r: c["last_physical_to_logical_map"][1, 2].fill_(-1)),
        "expected every expert from 0 to 4",
    ),
    "no tensor": (
        changed(lambda c, r: r.update(topk_ids_of_layer=[1])),
        "record 0, topk_ids_of_layer: expected a tensor, got list",
    ),
    "floats": (
        changed(lambda c, r: r.update(topk_ids_of_layer=r["topk_ids_of_layer"].float())),
        "expected whole numbers with 3 axes, got torch.float32",
    ),
    "other layers": (
        changed(lambda c, r: r.update(topk_ids_of_layer=r["topk_ids_of_layer"][:1])),
        r"expected \(layers=2, tokens, k\), got \(1, 2, 2\)",
    ),
    "too large": (
        changed(lambda c, r: r["topk_ids_of_layer"][0, 0, 0].fill_(5)),
        "record 0: expected experts from -1 to 4, got 5",
    ),
    "too small": (
        changed(lambda c, r: r["topk_ids_of_layer"][0, 0, 0].fill_(-2)),
        "record 0: expected experts from -1 to 4, got -2",
    ),
    "two modes": (changed(lambda c, r: c["records"].append({})), "expected records of one mode"),
    "no counts": (
        changed(lambda c, r: [r.pop("topk_ids_of_layer"), r.pop("global_physical_count")]),
        "global_physical_count: expected a tensor, got NoneType",
    ),
    "negative counts": (
        changed(lambda c, r: [r.pop("topk_ids_of_layer"), r["global_physical_count"][0, 0].fill_(-1)]),
        "expected counts of at least 0, got -1",
    ),
    "a negative stat": ({"logical_count": torch.tensor([[[-1]]])}, "expected counts of at least 0, got -1"),
    "a flat stat": ({"logical_count": torch.tensor([[1]])}, "expected whole numbers with 3 axes"),
}


@pytest.mark.parametrize("name", BAD_DUMPS)
def test_bad_recorder_files_are_refused(tmp_path, name):
    """Damaged and foreign files say what was expected and what came."""
    content, message = BAD_DUMPS[name]
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=message):
        read_trace(tmp_path / "a.pt").counts()


def test_a_recorder_file_contradicts_what_is_given(tmp_path):
    """Sizes that the caller gives must match those in the file."""
    torch.save(dump_of(BY_HAND, physical=PHYSICAL), tmp_path / "a.pt")
    for given, message in (
        ({"num_experts": 6}, "expected num_experts=6 as given, got 5, which the file states"),
        ({"num_layers": 3}, "expected num_layers=3 as given, got 2"),
        ({"top_k": 3}, "expected top_k=3 in every record, got \\[2\\]"),
    ):
        with pytest.raises(ValueError, match=message):
            read_trace(tmp_path / "a.pt", **given)


def test_a_file_of_the_old_form(tmp_path):
    """A file as torch.save wrote it before 1.6 is refused, since its numbers cannot be read one by one."""
    content = dump_of(BY_HAND, physical=PHYSICAL)
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"a\.pt.*expected a file"):
        read_trace(tmp_path / "a.pt").counts()


def test_numbers_that_share_a_storage(tmp_path):
    """A record that is a part of a larger tensor, in another order, is read as what it shows."""
    content = dump_of(BY_HAND, physical=PHYSICAL)
    record = content["records"][0]
    wide = torch.full((2, 4, 2), 9, dtype=torch.int32)
    wide[:, 1:3] = record["topk_ids_of_layer"]
    record["topk_ids_of_layer"] = wide[:, 1:3]
    torch.save(content, tmp_path / "a.pt")

    assert groups_of(read_trace(tmp_path / "a.pt")) == [BY_HAND]


class Thief:
    """What a file runs when it is unpickled without care."""

    def __reduce__(self):
        return print, ("stolen",)


def test_a_file_runs_nothing(tmp_path, capsys):
    """A recorder's file that holds code is refused, and the code does not run."""
    torch.save({"records": Thief()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="got what torch cannot load safely"):
        read_trace(tmp_path / "a.pt")
    assert capsys.readouterr().out == ""


def test_a_file_cut_anywhere_is_refused_or_read_as_far_as_it_is_whole(tmp_path):
    """Cut after every byte, a file of answers gives an error or the answers before the cut, and never another one."""
    whole = [drawn(2, layers=1, seed=i).tolist() for i in range(2)]
    write_trace(tmp_path / "a.jsonl", trace_of(*(torch.tensor(each).int() for each in whole)))
    data = (tmp_path / "a.jsonl").read_bytes()
    read, ends = 0, [len(line) for line in data.splitlines()]
    for length in range(len(data)):
        (tmp_path / "cut.jsonl").write_bytes(data[:length])
        try:
            got = groups_of(read_trace(tmp_path / "cut.jsonl", num_experts=EXPERTS))
        except ValueError as error:
            assert "expected" in str(error)
        else:
            read += 1
            assert got == whole[: len(got)]
            assert length in (ends[0], ends[0] + 1, len(data) - 1)
    assert read == 3


@pytest.mark.slow
def test_a_recorder_file_cut_anywhere_is_refused(tmp_path):
    """Cut after every byte, a recorder's file gives an error that says what was expected."""
    torch.save(dump_of(BY_HAND, physical=PHYSICAL), tmp_path / "a.pt")
    data = (tmp_path / "a.pt").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.pt").write_bytes(data[:length])
        with pytest.raises(ValueError, match="expected a file of SGLang's expert distribution recorder"):
            read_trace(tmp_path / "cut.pt").counts()


@pytest.mark.parametrize("form", ["SGLang", "vLLM"])
def test_numbers_cut_anywhere_are_refused_or_whole_tokens(form):
    """Base64 cut after every letter gives an error, or whole tokens of the original where nothing states how many."""
    whole = drawn(3, layers=2).tolist()
    text = base64_of(whole) if form == "SGLang" else npy_of(whole)
    kept = 0
    for length in range(len(text)):
        field = {"routed_experts": text[:length]}
        answer = {"meta_info": field} if form == "SGLang" else {"choices": [field]}
        try:
            (got,) = groups_of(read_trace(answer, num_experts=EXPERTS, num_layers=2, top_k=TOP_K))
        except ValueError as error:
            assert "expected" in str(error)
        else:
            kept += 1
            assert got == whole[: len(got)]
    # No letter at all is SGLang's answer without tokens; 16 and 32 bytes end within a group of four letters.
    assert kept == 1


def test_a_routing_of_a_trace_is_one_like_any_other():
    """A dropless router's routing and the one made of its choices send the same tokens to the same experts."""
    torch.manual_seed(0)
    own = TokensChoiceRouter(7, EXPERTS, top_k=TOP_K, capacity_factor=None)(torch.randn(1, 6, 7))
    chosen = own.gates[0].topk(TOP_K).indices
    other = routing_of(chosen[None].int(), EXPERTS)

    assert isinstance(other, SparseRouting)
    assert other.sizes == own.sizes
    assert torch.equal(own.token.sort().values, other.token.sort().values)
    assert torch.equal(own.dispatch.sum(-1), other.dispatch.sum(-1))
