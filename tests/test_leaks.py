"""What a causal model must not know is found where it leaks, and nowhere else."""

import pytest
import torch
from torch import nn

from softmoe_edu.leaks import find_leaks

VOCABULARY = 11


class Toy(nn.Module):
    """Each answer sums vectors of tokens; the subclass says of which."""

    def __init__(self):
        super().__init__()
        self.vectors = nn.Embedding(VOCABULARY, 5)
        nn.init.normal_(self.vectors.weight, generator=torch.Generator().manual_seed(0))

    def forward(self, input_ids, attention_mask=None):
        """Return (b, n, 5)."""
        x = self.vectors(input_ids)
        if attention_mask is not None:
            x = x.masked_fill(~attention_mask.bool()[..., None], 0)
        return self.mix(x)

    def mix(self, x):
        """Sum over the tokens so far."""
        return x.cumsum(1)


class OneAhead(Toy):
    """The answer to token 2 knows token 5, and that is all that is wrong."""

    def mix(self, x):
        y = x.cumsum(1).clone()
        y[:, 2] += 0.01 * x[:, 5]
        return y


class NextExample(Toy):
    """The first token of each example takes a little of the last token of the example before it; example 0 of none."""

    def mix(self, x):
        y = x.cumsum(1).clone()
        y[1:, 0] += 0.01 * x[:-1, -1]
        return y


class SeesPadding(Toy):
    """The ids at padding count."""

    def forward(self, input_ids, attention_mask=None):
        return super().forward(input_ids)


def ids(b=3, n=7, **options):
    """Token ids."""
    return torch.randint(0, VOCABULARY, (b, n), generator=torch.Generator().manual_seed(1), **options)


def test_a_causal_model_leaks_nothing():
    """No pair, no example; without padding there is nothing to say of it."""
    found = find_leaks(Toy(), ids(), vocabulary=VOCABULARY)

    assert found.found == () and found.later_share == 0
    assert torch.equal(found.moved, torch.ones(7, 7, dtype=torch.bool).tril())
    assert found.padding is None and found.others.tolist() == [0, 0, 0]
    assert "later tokens: 0 of 21 pairs leak\n" in str(found) and "padding: not tested" in str(found)


def test_one_leaking_pair_is_found_where_it_is():
    """Of 21 pairs one, in its row and column."""
    found = find_leaks(OneAhead(), ids(), vocabulary=VOCABULARY)

    assert found.found == ("later tokens",)
    assert found.moved.triu(1).nonzero().tolist() == [[2, 5]]
    assert found.later_share == pytest.approx(1 / 21)
    assert "later tokens: 1 of 21 pairs leak, by up to 0.0" in str(found)


def test_other_examples_are_told_from_later_tokens():
    """A leak across examples is not taken for one within them."""
    found = find_leaks(NextExample(), ids(), vocabulary=VOCABULARY)

    assert found.found == ("other examples",)
    assert (found.others > found.least).tolist() == [False, True, True]
    assert "other examples: the answers to 2 of 3 examples move" in str(found)


@pytest.mark.parametrize("model, leaks", [(Toy, ()), (SeesPadding, ("padding",))])
def test_padding_is_tested_where_there_is_some(model, leaks):
    """Ids at padding may be anything; answers at padding do not count."""
    mask = torch.ones(3, 7, dtype=torch.int64)
    mask[1, :2] = 0
    found = find_leaks(model(), ids(), attention_mask=mask, vocabulary=VOCABULARY)

    assert found.found == leaks
    assert ((found.padding > found.least).tolist() == [False, True, False]) is bool(leaks)


def test_answers_at_padding_do_not_count():
    """They may know everything: nobody reads them."""
    mask = torch.ones(3, 7, dtype=torch.int64)
    mask[1, :2] = 0
    vectors = Toy().vectors.weight

    def knows_all_at_padding(input_ids, attention_mask):
        x = vectors[input_ids] * attention_mask[..., None]
        return torch.where(attention_mask.bool()[..., None], x.cumsum(1), x.sum((0, 1)))

    assert find_leaks(knows_all_at_padding, ids(), attention_mask=mask, vocabulary=VOCABULARY).found == ()


def test_a_replaced_token_is_another_one():
    """With two ids in all, each is replaced by the other, so that every answer moves with its own token."""
    found = find_leaks(Toy(), ids() % 2, vocabulary=2, draws=1)

    assert found.moved.diagonal().all()


def test_one_example_has_no_others():
    """The rest is tested all the same."""
    found = find_leaks(OneAhead(), ids(1), vocabulary=VOCABULARY)

    assert found.others is None and found.found == ("later tokens",)


def test_a_leak_below_the_tolerance_is_rounding():
    """The reader can say what counts."""
    assert find_leaks(OneAhead(), ids(), vocabulary=VOCABULARY, tolerance=0.5).found == ()


def test_mode_and_random_state_are_kept():
    """The model is in training mode again, and global random numbers are where they were."""
    model, before = Toy().train(), torch.random.get_rng_state()
    find_leaks(model, ids(), vocabulary=VOCABULARY)

    assert model.training and torch.equal(before, torch.random.get_rng_state())


def _noisy(input_ids):
    return torch.rand(*input_ids.shape, 4)


@pytest.mark.parametrize(
    "model, given, error, sentence",
    [
        (Toy(), {"input_ids": ids().float()}, TypeError, "input_ids must be a tensor of whole numbers"),
        (Toy(), {"input_ids": ids()[0]}, ValueError, r"must be \(b, n\) .* got \(7,\): ids\[None\] adds b"),
        (Toy(), {"vocabulary": None}, ValueError, "names no vocabulary size: give vocabulary"),
        (Toy(), {"vocabulary": 1}, ValueError, "vocabulary must be at least 2"),
        (Toy(), {"attention_mask": torch.ones(3, 6)}, ValueError, r"attention_mask must be \(3, 7\)"),
        (_noisy, {}, ValueError, "the same way twice: switch its noise or dropout off"),
        (lambda input_ids: torch.zeros(3, 7, 2), {}, ValueError, "does not read its input_ids"),
        (lambda input_ids: torch.full((3, 7, 2), torch.nan), {}, ValueError, "finite answers"),
        (lambda input_ids: torch.zeros(3, 2), {}, ValueError, r"must answer every token: \(3, 7\)"),
        (lambda input_ids: None, {}, TypeError, "object with logits, got NoneType"),
    ],
)
def test_bad_input_is_refused(model, given, error, sentence):
    """Each error says what was expected and what came."""
    with pytest.raises(error, match=sentence):
        find_leaks(model, **{"input_ids": ids(), "vocabulary": VOCABULARY} | given)
