import pytest
import torch

from softmoe_edu.widgets import RouterExplorer, RoutingFlow


@pytest.mark.parametrize("make", [RoutingFlow, lambda **named: RouterExplorer(torch.randn(2, 5, 3), **named)])
def test_an_unknown_control_is_refused_in_a_sentence(make):
    """The names to choose among are named; one name alone may stand without a tuple; none means all."""
    with pytest.raises(ValueError, match=r"a name in focus must be one of .*'scale'.*, got 'sclae'"):
        make(focus=("top_k", "sclae"))
    assert make(focus="scale")._focus == ["scale"]
    assert make()._focus == []
