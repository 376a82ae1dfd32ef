"""Formulas of well-known families, as their papers and their code have them, are found in tiny models of them."""

import pytest
import torch

pytest.importorskip("transformers")

import zoo

from softmoe_edu.capture.huggingface import capture

BIASED = "the 2 largest {}(logit) + e_score_correction_bias"
LARGEST = "the 2 largest logits"
KNOWN = {
    "olmoe": ("softmax", False, 1, LARGEST),
    "qwen3_moe": ("softmax", False, 1, LARGEST),
    "mixtral": ("softmax", True, 1, LARGEST),
    "gpt_oss": ("softmax", True, 1, LARGEST),
    "deepseek_v3": ("sigmoid", True, 2.5, BIASED.format("sigmoid")),
    "minimax_m2": ("sigmoid", True, 1, BIASED.format("sigmoid")),
    "deepseek_v4": ("sqrt_softplus", True, 1.5, "those in the table tid2eid of the token's number"),
    "switch_transformers": ("softmax", False, 1, "the largest logit"),
    "phimoe": ("", False, 1, LARGEST),
    "inkling_text": ("", False, 1, BIASED.format("sigmoid")),
}


def formulas(kind, **more):
    """Return the formulas of the layers of a tiny model, in their order."""
    model = zoo.build(kind, **more)
    with torch.no_grad(), capture(model) as routings:
        model(**zoo.given(model))
    return list(routings.formulas.values())


@pytest.mark.parametrize("kind", KNOWN)
def test_the_formula_of_a_family(kind):
    """Score, division and factor are those of the family, or there is no formula, and so is the rule of choices."""
    first = formulas(kind)[0]
    assert (first.score, first.renormalised, first.factor, first.choice) == KNOWN[kind]
    assert first.also == ()
    assert bool(first) == bool(KNOWN[kind][0])


def test_groups_and_a_table_beside_a_bias():
    """DeepSeek-V3 chooses within groups, and DeepSeek-V4 has layers with a table and layers with a bias."""
    grouped = formulas("deepseek_v3", n_group=4, topk_group=2)
    rule = "the 2 largest sigmoid(logit) + e_score_correction_bias within the 2 best of 4 groups, by their two largest"
    assert all(formula.choice.startswith(rule) for formula in grouped)
    assert formulas("deepseek_v4")[1].choice == BIASED.format("sqrt_softplus")
