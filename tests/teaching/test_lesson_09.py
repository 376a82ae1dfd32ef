"""Lesson 09: its studies, where its exercises meet the library, and what it shows of records that may be missing."""

import ast
from pathlib import Path

import nbformat
import pytest
import torch

from softmoe_edu import (
    IdentityRouter,
    SoftRouter,
    SoftRouting,
    SoftUniformRouter,
    UniformRouter,
    UniformSoftRouter,
    evidence,
    metrics,
)
from softmoe_edu.course.lesson_09.card import CARD
from softmoe_edu.course.lesson_09.clinic import CASES, CLINIC, EXPERTS, PICKED, build, make
from softmoe_edu.course.lesson_09.identity_routing.exercise import identity_routing
from softmoe_edu.course.lesson_09.questions import distinct
from softmoe_edu.course.lesson_09.slot_similarity.exercise import slot_similarity
from softmoe_edu.course.lesson_09.token_importance.exercise import token_importance
from softmoe_edu.course.lesson_09.topics import chance, characters, expert_shares, script_names, topic_map, topic_table
from softmoe_edu.course.lesson_09.uniform_routing.exercise import uniform_routing
from softmoe_edu.data import Images
from softmoe_edu.evidence import Result
from softmoe_edu.evidence.claims import ablations
from softmoe_edu.teaching.draw import Draw

(LESSON,) = (Path(__file__).parents[2] / "notebooks").glob("09_*.ipynb")
SEEDS = ("a", "b")


def study(*ids, seed="a"):
    return build(ids, Draw(seed))


def even(table):
    """Whether no expert has a favourite: no share is over 1.6 times its column's mean."""
    return float((table / table.mean(0)).max()) < 1.6


def rows_are_shares(s):
    sums = s.table.sum(1)
    return torch.allclose(sums, torch.ones_like(sums), atol=1e-4)


# What each finding says, as a measurement.
SEEN = {
    "untrained": lambda s: torch.equal(s.router.phi, s.at_start.phi),
    "stretched": lambda s: not rows_are_shares(s) and rows_are_shares(study()),
    "picked-images": lambda s: (
        len(s.shown) == PICKED < len(s.tokens) and even(s.topics()) and not even(s.topics(s.shown))
    ),
    "tokens-shuffled": lambda s: s.p == s.p_value("tokens", s.shown) and s.p < 0.05 < s.p_value("images", s.shown),
    "kind-is-written": lambda s: all(s.tokens[s.kinds == k][..., -1].std() == 0 for k in s.kinds.unique()),
}


@pytest.mark.parametrize("id", CLINIC.findings)
def test_a_finding_is_seen_where_it_is_and_nowhere_else(id):
    """What a finding tells can be measured in a study that has it, alone and in pairs, and in no other."""
    for case in ((), *CASES):
        assert SEEN[id](study(*case)) == (id in case), case


@pytest.mark.parametrize("seed", SEEDS)
def test_a_study_without_faults_finds_nothing(seed):
    """Its table is even, its p-value that of all images and large, and both can be computed anew."""
    right = study(seed=seed)

    assert even(right.table) and right.p > 0.2
    assert torch.equal(right.table, right.topics()) and right.p == right.p_value("images")


def test_the_untrained_map_is_beautiful_and_significant():
    """Images of a kind are alike, so that random experts prefer kinds: this map is what the lesson warns of."""
    fair = study("untrained")

    assert not even(fair.table) and fair.p == fair.p_value("images") == 0.01


def test_every_case_is_named_and_the_false_suspects_are_false():
    """Faults have findings and false suspects none; no study has a leading expert or experts by position."""
    assert {id for case in CASES for id in case} == set(CLINIC.findings) < set(CLINIC.suspects)
    for case in CASES:
        shares = study(*case).shares()
        assert float(shares.mean((0, 1)).max()) < 2.5 / EXPERTS
        assert float(shares.mean(0).std(0).max()) < 0.05


def test_patients_differ_and_the_first_is_untrained():
    """The first patient is an untrained network and nothing else, and twelve have at least five illnesses."""
    found = [make(Draw("clinic", "09", number))[1] for number in range(1, 13)]

    assert found[0] == ("untrained",)
    assert len({*found}) >= 5


@pytest.mark.parametrize(("tokens", "experts", "slots"), [(7, 3, 4), (12, 4, 3), (2, 5, 1)])
def test_identity_is_the_librarys(tokens, experts, slots):
    """The exercise's reference puts tokens where the library's router does."""
    dispatch, combine = identity_routing(tokens, experts, slots)
    routing = IdentityRouter(6, experts, slots)(torch.randn(1, tokens, 6))

    assert torch.equal(dispatch, routing.dispatch[0]) and torch.equal(combine, routing.combine[0])


def test_uniform_is_the_librarys():
    """Each side that the exercise names is uniform in the library's router of that row, and the other is learned."""
    torch.manual_seed(0)
    x, soft = torch.randn(3, 7, 6), SoftRouter(6, 4, 2, scale_init=5.0)
    for kind, uniform in ((UniformSoftRouter, "dispatch"), (SoftUniformRouter, "combine"), (UniformRouter, "both")):
        router = kind(6, 4, 2)
        router.load_state_dict(soft.state_dict() if uniform != "both" else {})
        routing = router(x)
        dispatch, combine = uniform_routing(soft(x).logits, uniform)
        torch.testing.assert_close(dispatch, routing.dispatch)
        torch.testing.assert_close(combine, routing.combine)


def test_importance_is_the_metric():
    """With as many slots as tokens importance is the library's contribution, and its mean is 1 with any number."""
    torch.manual_seed(0)
    for e, p in ((4, 2), (3, 5)):
        routing = SoftRouter(6, e, p, scale_init=9.0)(torch.randn(3, 8, 6)).detach()
        importance, _, _ = token_importance(routing.dispatch)
        torch.testing.assert_close(importance, metrics.token_contribution(routing) * 8 / (e * p))
        torch.testing.assert_close(importance.mean(1), torch.ones(3))


def test_similarity_finds_what_is_planted_and_nothing_else():
    """Slots with a common part give a small chance; independent ones give chances over the whole range."""
    draw = Draw("similarity")
    deals = torch.stack([draw.permutation(12) for _ in range(99)])
    planted = draw.normal(16, 4, 1) + draw.normal(16, 4, 3)
    chances = [slot_similarity(draw.normal(16, 4, 3), deals)[1] for _ in range(20)]

    assert slot_similarity(planted, deals) == pytest.approx((0.4, 0.01), abs=0.25)
    assert min(chances) < 0.3 and max(chances) > 0.7


def test_shares_and_tables_are_shares():
    """A token's shares of experts sum to 1, and so do the rows of a table; its rows are means over a kind."""
    torch.manual_seed(0)
    shares = expert_shares(SoftRouter(5, 3, 2, scale_init=4.0)(torch.randn(4, 6, 5)).detach()).flatten(0, 1)
    kinds = torch.arange(24) % 2
    table = topic_table(shares, kinds)

    torch.testing.assert_close(shares.sum(1), torch.ones(24))
    torch.testing.assert_close(table[1], shares[1::2].mean(0))


def test_chance_is_small_only_where_kinds_tell():
    """Experts that follow kinds are told from dealt ones, in 1 of 100 deals; noise is not."""
    draw = Draw("chance")
    kinds = torch.arange(60) % 3
    tied = torch.nn.functional.one_hot(kinds, 4) + draw.uniform(60, 4)

    assert chance(tied / tied.sum(1, keepdim=True), kinds) == 0.01
    assert chance(draw.uniform(60, 4), kinds) > 0.1


def test_scripts_are_named_by_their_letters():
    """Characters are read from their bits, the commonest script comes first, and what is left out is -1."""
    codes = torch.tensor([ord("a"), ord("b"), 0x43, 0x3A9])  # Latin, Latin, Latin, Greek
    bits = (codes[:, None] >> torch.arange(20, -1, -1)) & 1
    images = torch.cat([torch.ones(4, 1), bits], 1).T.reshape(1, 22, 2, 2)
    kinds = torch.tensor([[3, 3, 3, 2]])
    part = Images(images, torch.tensor([0]), num_classes=1, patch_size=1, kinds=kinds)
    names, number = script_names(part, most=1)

    assert names == ["Latin"] and number.tolist() == [0, 0, 0, -1]
    assert characters(part) == [["a", "b", "C", "\u03a9"]]


def test_a_map_describes_itself():
    """The description holds both names and the largest cells of the columns."""
    table = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    ((left, _),) = topic_map({"before": table, "after": table}, ["x", "y"], "Kinds")

    assert "before, 1.5 to 1.75; after, 1.5 to 1.75" in left.get_label()


def test_distinct_counts_rows_up_to_rounding():
    """Rows that differ by less than rounding are one."""
    rows = torch.tensor([[1.0, 2.0], [1.0, 2.0 + 1e-7], [2.0, 1.0]])

    assert distinct(rows) == 2


def cell_with(text):
    """Return the source of the lesson's only code cell that holds a text."""
    (source,) = [c.source for c in nbformat.read(LESSON, 4).cells if c.cell_type == "code" and text in c.source]
    return source


def names_before():
    """Run the cells that the table of section 2 needs, without its card."""
    names = {}
    exec(cell_with("import textwrap").replace('returning("09")', ""), names)
    names["my_order"] = []
    exec(cell_with("def show_table").replace("predict(", "(lambda *a, **k: None)("), names)
    return names


def test_a_missing_record_is_not_measured_yet(tmp_path, monkeypatch, capsys):
    """Without a record the lesson says so and shows no figure."""
    names, entry = names_before(), evidence.entry
    monkeypatch.setattr(evidence, "entry", lambda name: entry(name, tmp_path))
    exec(cell_with('evidence.entry("ablations")'), names)
    said = capsys.readouterr().out

    assert "not measured yet" in said and "mean and interval" not in said


def test_the_table_of_ours_has_every_row(monkeypatch, capsys):
    """With a record of the ablations, all six rows stand there on both tasks, with their intervals."""
    names = names_before()
    results = [
        Result(
            {"task": task, "router": row, "seed": seed, "tuning": False},
            {"accuracy": (i + 1) / 10 + seed / 500, "macs": 1000},
        )
        for task in ablations.RATES
        for i, row in enumerate(ablations.ROWS)
        for seed in range(10)
    ]
    found = evidence.Entry("ablations", evidence.find_claim("ablations"), None, ablations.judge(results))
    monkeypatch.setattr(evidence, "entry", lambda name: found)
    exec(cell_with('evidence.entry("ablations")'), names)
    said = capsys.readouterr().out

    assert {*names["rows"]} == {*ablations.ROWS}
    for i, row in enumerate(ablations.ROWS):
        assert said.count(f"  {row:15s} {10 * (i + 1) + 0.9:5.1f}  (") == 2
    assert f"Verdict: {ablations.judge(results).verdict}" in said


def test_an_order_is_compared_pair_by_pair(capsys):
    """The paper's order agrees in 15 of 15 pairs, its reverse in none; anything else is not compared."""
    names = names_before()
    for order, words in (
        ([*ablations.ROWS], "15 of 15 pairs"),
        ([*ablations.ROWS][::-1], "0 of 15 pairs"),
        (["soft", "dense"], "does not hold the six names"),
    ):
        names["my_order"] = order
        names["show_table"]()
        assert words in capsys.readouterr().out


def test_the_cells_are_short_and_narrow():
    """A cell has at most 25 lines of at most 88 characters: more is cut off at 1280 pixels."""
    cells = [cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code"]

    assert [c for c in cells if len(c.splitlines()) > 25] == []
    assert [line for c in cells for line in c.splitlines() if len(line) > 88] == []
    assert all(ast.parse(c) for c in cells)


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices


def test_a_routing_made_of_the_exercise_is_one():
    """What the exercise returns fills slots and answers tokens like any routing."""
    x = torch.randn(2, 5, 3)
    routing = SoftRouting(*uniform_routing(torch.randn(2, 5, 4, 1), "both"))

    torch.testing.assert_close(routing.to_slots(x)[:, 0, 0], x.mean(1))
