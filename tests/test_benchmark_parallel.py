"""The benchmark of layers on several processes: what it records, and what it refuses."""

import json

import pytest

from benchmarks import parallel


@pytest.mark.slow
def test_it_measures_and_records(tmp_path, capsys):
    """At a tiny size, on two ranks: the parts of a pass make up the whole, and the sum on paper is beside them."""
    parallel.main(["--quick", "--ranks", "2", "--output", str(tmp_path)])
    (path,) = tmp_path.glob("*-parallel.json")
    kept = json.loads(path.read_text())

    assert [(one["router"], one["ranks"], one["paper"]["calls"]) for one in kept["rows"]] == [
        ("soft", 2, 2),
        ("sparse", 2, 3),
    ]
    for one in kept["rows"]:
        assert set(one["parts"]) == {"experts", "sending", "waiting", "rest"}
        assert one["step"] > 0 and all(seconds > 0 for seconds in one["parts"].values())
        assert one["paper"]["bytes"] > 0 and one["paper"]["sending"] > 0
    assert kept["links"]["2"]["bytes_per_second"] > 0
    assert "soft        2" in capsys.readouterr().out


def test_ranks_must_divide(capsys):
    """A sentence names the sizes."""
    with pytest.raises(SystemExit):
        parallel.main(["--quick", "--ranks", "1,3"])
    assert "--ranks must divide 4 experts and 4 examples, got 3" in capsys.readouterr().err
