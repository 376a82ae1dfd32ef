import pytest
import torch

from softmoe_edu.influence import influence
from softmoe_edu.seeds import generator_of


def test_numbers_belong_to_the_seed_alone():
    """The same seed gives the same numbers on the CPU, another seed others, and the global generator stays."""
    before = torch.get_rng_state()
    drawn = [torch.rand(5, generator=generator_of(seed)) for seed in (3, 3, 4)]

    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.equal(torch.get_rng_state(), before)
    assert generator_of(3).device.type == "cpu"


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("seed", "error", "sentence"),
    [
        (-1, ValueError, "seed must be at least 0, got -1"),
        (0.5, TypeError, "seed must be a whole number, got 0.5"),
        (True, TypeError, "seed must be a whole number, got True"),
    ],
)
def test_a_seed_is_a_whole_number(seed, error, sentence):
    """A seed that is no whole number of at least 0 is refused by name, also where a measurement is given it."""
    with pytest.raises(error, match=sentence):
        generator_of(seed)
    with pytest.raises(error, match=sentence):
        influence(torch.nn.Identity(), torch.randn(2, 3, 4), seed=seed)
