"""The section of lesson 09 on a random Mixtral: what it calls loyal, and that a router needs no training for it."""

import importlib.util

import pytest
import torch

from softmoe_edu.course.lesson_09 import shipped, topics

TEXT = [list("abcab"), list("cab··"), list("bbac·")]


def test_characters_are_numbered_in_order():
    """Each character has one number."""
    letters, ids = shipped.numbered(TEXT)

    assert letters == ["a", "b", "c", "·"]
    assert ids.tolist() == [[0, 1, 2, 0, 1], [2, 0, 1, 3, 3], [1, 1, 0, 2, 3]]


def test_loyalty_is_what_a_hand_count_says():
    """Character 0 gets 1.5 of 2 answers from expert 0; character 1 all of one from expert 2: 2.5 of 3."""
    shares = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 1.0]])

    assert shipped.loyal(shares, torch.tensor([0, 0, 1])) == pytest.approx(2.5 / 3)
    assert shipped.loyal(torch.full((6, 4), 0.25), torch.tensor([0, 1, 2, 0, 1, 2])) == pytest.approx(1 / 4)


def test_a_random_mixtral_is_loyal():
    """Far over chance in both layers, for each of three seeds; padding is masked, and global randomness is kept."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(0, 40, (30, 12), generator=generator)
    real = torch.arange(12) < torch.randint(5, 13, (30, 1), generator=generator)
    deal = ids[real][torch.randperm(int(real.sum()), generator=generator)]
    before = torch.random.get_rng_state()
    for seed in range(3):
        for routing in shipped.random_mixtral(ids, real, seed=seed).values():
            assert torch.equal(routing.mask, real)
            shares = topics.expert_shares(routing)[real]
            assert shipped.loyal(shares, ids[real]) > 1.5 * shipped.loyal(shares, deal)
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_transformers_a_sentence_says_what_to_do(monkeypatch, capsys):
    """Nothing is built, and nothing raises."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert shipped.random_mixtral(torch.zeros(1, 1).long(), torch.ones(1, 1).bool()) == {}
    assert '%pip install "transformers>=5.20,<6"' in capsys.readouterr().out
