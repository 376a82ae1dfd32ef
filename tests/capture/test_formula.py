"""The formula of weights and choices is found from numbers made by hand, or it is said that there is none."""

import pytest
import torch

from softmoe_edu.capture.formula import FIRST_LOOK, recover

T, E, K = 200, 8, 3


def logits(tokens=T, seed=0):
    """Return logits (tokens, e)."""
    return torch.randn(tokens, E, generator=torch.Generator().manual_seed(seed))


def made(x, score, *, renormalised=False, factor=1.0, bias=None, k=K):
    """Return index and weight of the k best of scores, as models make them."""
    value = score(x)
    index = (value if bias is None else value + bias).topk(k, sorted=False).indices
    weight = value.gather(1, index)
    weight = weight / weight.sum(1, keepdim=True) if renormalised else weight
    return index, weight * factor


def softmax(x):
    return x.exp() / x.exp().sum(-1, keepdim=True)


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def sqrt_softplus(x):
    return (1 + x.exp()).log().sqrt()


@pytest.mark.parametrize("renormalised", [False, True])
@pytest.mark.parametrize("factor", [1.0, 2.5, 2.826])
@pytest.mark.parametrize("score", [softmax, sigmoid, sqrt_softplus])
def test_scores_are_found_with_their_factor(score, renormalised, factor):
    """Each score, divided by its sum or not, is told from the others, and so is what multiplies it."""
    x = logits()
    found = recover(*made(x, score, renormalised=renormalised, factor=factor), x)
    assert (found.score, found.renormalised, found.factor) == (score.__name__, renormalised, factor)
    assert (found.also, found.per_expert, found.top_k, found.tokens) == ((), False, K, T)
    assert found.choice == "the 3 largest logits"
    assert found.error < 1e-5
    torch.testing.assert_close(found.gates(x), score(x))


def test_the_sentence():
    """The formula reads as one would write it, with what it was checked on."""
    x = logits()
    text = str(recover(*made(x, sigmoid, renormalised=True, factor=2.5), x))
    assert text.startswith(
        "weight = 2.5 x sigmoid(logit) / its sum over the choices; chosen are the 3 largest logits (ch"
    )
    assert "checked on 200 tokens, largest error" in text


@pytest.mark.parametrize("token", [0, FIRST_LOOK // 2, 117, T - 1])
def test_one_odd_weight_is_no_formula(token):
    """A formula that misses a single token is none, wherever that token stands."""
    x = logits()
    index, weight = made(x, softmax)
    weight[token, 1] *= 1.001
    found = recover(index, weight, x)
    assert not found
    assert str(found).startswith("no formula gives the weights; chosen are the 3 largest logits")
    assert found.gates(x) is None


def test_weights_that_are_not_made_of_logits():
    """Weights at random have no formula, and choices at random no rule."""
    generator = torch.Generator().manual_seed(1)
    index = torch.rand(T, E, generator=generator).topk(K).indices
    found = recover(index, torch.rand(T, K, generator=generator), logits())
    assert not found
    assert str(found) == "no formula gives the weights; no known rule makes the choices (checked on 200 tokens)"


def test_one_choice_of_weight_one_names_every_formula():
    """With one choice that is divided by itself, nothing tells the scores apart, and none is preferred."""
    x = logits()
    index, weight = made(x, sigmoid, renormalised=True, k=1)
    found = recover(index, weight, x)
    assert (found.renormalised, len(found.also)) == (True, 2)
    assert "these tokens cannot tell" in str(found)
    assert "chosen are the largest logit (" in str(found)
    assert found.gates(x) is None


def test_dropped_choices_do_not_count():
    """A weight of 0 is a choice that a full expert turned away: the others still show the formula."""
    x = logits()
    index, weight = made(x, softmax)
    weight[::4, 2] = 0
    found = recover(index, weight, x)
    assert (found.score, found.choice) == ("softmax", "the 3 largest logits")
    assert not recover(index, torch.zeros_like(weight), x)


def test_a_factor_of_each_expert():
    """A factor that belongs to each expert is found where enough tokens chose it, and never guessed from few."""
    x, own = logits(), torch.linspace(0.5, 2, E)
    index, weight = made(x, softmax, renormalised=True)
    found = recover(index, weight * own[index], x)
    assert (found.score, found.renormalised, found.per_expert) == ("softmax", True, True)
    assert "x a factor of each expert" in str(found)
    assert not recover(index[:3], (weight * own[index])[:3], x[:3])


def test_a_bias_that_only_chooses():
    """Where a bias shifts the choices, the rule names it, and the weights are without it."""
    x, bias = logits(), 0.5 * torch.randn(E, generator=torch.Generator().manual_seed(3))
    index, weight = made(x, sigmoid, renormalised=True, bias=bias)
    numbers = {"other": torch.ones(E) + torch.arange(E), "correction": bias, "matrix": torch.ones(E, 5)}
    found = recover(index, weight, x, numbers=numbers)
    assert found.choice == "the 3 largest sigmoid(logit) + correction"
    assert recover(index, weight, x).choice == ""
    index = (x + bias).topk(K).indices
    assert recover(index, sigmoid(x).gather(1, index), x, numbers=numbers).choice == "the 3 largest logit + correction"


@pytest.mark.parametrize("best", [1, 2])
def test_groups_of_experts(best):
    """Choices within the best groups are told, with how groups are compared; in a loop over tokens and groups."""
    x, index = logits(), []
    for row in sigmoid(x):
        groups = row.view(4, 2)
        ranks = [sum(sorted(group.tolist())[-best:]) for group in groups]
        kept = sorted(range(4), key=lambda group: -ranks[group])[:2]
        allowed = [expert for group in kept for expert in (2 * group, 2 * group + 1)]
        index.append(sorted(allowed, key=lambda expert: -row[expert])[:K])
    index = torch.tensor(index)
    weight = sigmoid(x).gather(1, index)
    found = recover(index, weight, x, groups=(4, 2))
    by = "their two largest together" if best == 2 else "their largest"
    assert found.choice == f"the 3 largest sigmoid(logit) within the 2 best of 4 groups, by {by}"
    assert recover(index, weight, x).choice == ""


def test_a_table_of_tokens():
    """Experts that are fixed for every word are told as such, and only where the words are known."""
    x, generator = logits(), torch.Generator().manual_seed(5)
    table = torch.rand(11, E, generator=generator).topk(K).indices
    ids = torch.randint(0, 11, (T,), generator=generator)
    index = table[ids]
    weight = sqrt_softplus(x).gather(1, index)
    found = recover(index, weight, x, numbers={"words": table}, ids=ids)
    assert (found.score, found.choice) == ("sqrt_softplus", "those in the table words of the token's number")
    assert recover(index, weight, x, numbers={"words": table}).choice == ""
    wrong = index.clone()
    wrong[7, 0] = next(expert for expert in range(E) if expert not in index[7].tolist())
    assert recover(wrong, weight, x, numbers={"words": table}, ids=ids).choice == ""


def test_half_precision_is_told_by_its_rounding():
    """Weights rounded to bfloat16 still show their formula, and one that is off by more than rounding shows none."""
    x = logits().bfloat16()
    index, weight = made(x.float(), softmax, renormalised=True)
    assert recover(index, weight.bfloat16(), x).score == "softmax"
    weight[31, 2] *= 1.1
    assert not recover(index, weight.bfloat16(), x)


def test_without_logits():
    """Where no module gives logits there is nothing to recover from."""
    x = logits()
    assert not recover(*made(x, softmax), None)


def test_a_bias_that_changes_no_choice_of_these_tokens_is_named():
    """Where a bias shifts the scores and these tokens cannot tell, both rules are named; a constant shifts nothing."""
    x = logits(tokens=2)
    index, weight = made(x, sigmoid)
    bias = torch.linspace(0, 1e-4, E)
    found = recover(index, weight, x, numbers={"correction": bias, "constant": torch.ones(E)})
    assert found.choice == "the 3 largest logits (so are those of sigmoid(logit) + correction)"


def test_groups_are_named_though_few_tokens_would_do_without():
    """Where a layer declares groups, a rule with groups that fits is the layer's, whatever else would fit too."""
    x = torch.tensor([[3.0, 2.0, 0.0, -1.0, -2.0, -2.0, -3.0, -3.0]])
    index, weight = made(x, sigmoid, k=2)
    found = recover(index, weight, x, groups=(4, 2))
    assert found.choice.startswith("the 2 largest sigmoid(logit) within the 2 best of 4 groups")
    assert recover(index, weight, x, groups=(4, 4)).choice == "the 2 largest logits"
