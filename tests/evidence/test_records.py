"""Records on the disk: read back as they were, and refused by name where they are no use."""

import json

import pytest
from claimkit import make_claim, result

import softmoe_edu
from softmoe_edu.evidence import Record, RecordError, read_record, write_record
from softmoe_edu.evidence.records import SCHEMA, here, making, same_making


def record(*results, **changed):
    """A record of the claim "numbers"."""
    return Record(**{"claim": "numbers", "smoke": False, "made": {"torch": "9"}, "results": tuple(results)} | changed)


def test_a_record_is_read_back_as_it_was(tmp_path):
    """Settings, figures to the last bit, and seconds."""
    wanted = record(result(0, number=0.1 + 0.2), result(1, number=1e-300, curve=[1, 2.5]))
    write_record(tmp_path / "numbers.json", wanted)

    assert read_record(tmp_path / "numbers.json", "numbers") == wanted


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (lambda text: text[:-9], "cannot be read .*delete it and run the claim again"),
        (lambda text: text.replace('"figures"', '"numbers"'), "cannot be read .KeyError: 'figures'"),
        (lambda text: "[]", "cannot be read .TypeError"),
        (
            lambda text: text.replace('"claim": "numbers"', '"claim": "other"'),
            "is of the claim 'other', not of 'numbers'",
        ),
        (
            lambda text: text.replace(f'"schema": {SCHEMA}', '"schema": 99'),
            f"has schema 99, and this version reads {SCHEMA}",
        ),
    ],
)
def test_a_damaged_record_is_refused_by_name(tmp_path, damage, sentence):
    """Cut off, changed, of another claim or of another version: the file is named, and what to do."""
    path = tmp_path / "numbers.json"
    write_record(path, record(result()))
    path.write_text(damage(path.read_text("utf-8")), "utf-8")

    with pytest.raises(RecordError, match=sentence) as raised:
        read_record(path, "numbers")
    assert "numbers.json" in str(raised.value)


def test_a_run_that_the_claim_does_not_ask_for_is_refused():
    """A record made with another configuration names the run."""
    with pytest.raises(RecordError, match=r"does not match its configuration: it has a run with .*'seed': 99.*--fresh"):
        record(result(99)).missing(make_claim())


def test_what_is_missing_is_in_the_order_of_the_claim():
    """Runs that are done are left out, whichever came first."""
    missing = record(result(1), result(0, "two")).missing(make_claim(seeds=2))

    assert missing == [{"router": "one", "seed": 0}, {"router": "two", "seed": 1}]


def test_a_record_names_what_a_number_may_depend_on():
    """Versions, the kind of machine and the device, and nothing that tells whose machine it is."""
    import getpass
    import socket

    made = here("cpu")

    assert {"softmoe_edu", "commit", "python", "torch", "machine", "cores", "device", "device_name"} <= set(made)
    assert not {socket.gethostname(), getpass.getuser()} & set(json.dumps(made).replace('"', " ").split())


def test_a_later_commit_goes_on_with_a_record(monkeypatch):
    """Between two releases every commit has a version of its own; runs of one record may come from several."""
    monkeypatch.setattr(softmoe_edu, "__version__", "0.3.0.post1.dev7")
    making.cache_clear()
    one = making("cpu")
    monkeypatch.setattr(softmoe_edu, "__version__", "0.3.0.post1.dev8")
    making.cache_clear()
    other = making("cpu")
    monkeypatch.setattr(softmoe_edu, "__version__", "0.4.0")
    making.cache_clear()

    assert same_making(one, other) == []
    assert same_making(one, making("cpu")) == ["softmoe_edu"]
    making.cache_clear()
