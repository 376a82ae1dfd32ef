from itertools import pairwise

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from softmoe_edu import figures, metrics
from softmoe_edu.routing import SoftRouting, SparseRouting

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def nothing_global_changes():
    """Figures leave rcParams and the random states of numpy and torch as they were."""
    before = dict(matplotlib.rcParams), str(np.random.get_state()), torch.get_rng_state()
    yield
    plt.close("all")
    after = dict(matplotlib.rcParams), str(np.random.get_state()), torch.get_rng_state()
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])


def soft(b=2, n=6, e=3, p=2, mask=None):
    """Softmax weights of seeded logits; no two axes have the same size."""
    logits = 2 * torch.randn(b, n, e, p, generator=torch.Generator().manual_seed(b + n))
    real = torch.ones(b, n, 1, 1, dtype=torch.bool) if mask is None else mask[..., None, None]
    dispatch = logits.masked_fill(~real, -torch.inf).softmax(1)
    return SoftRouting(dispatch, logits.flatten(2).softmax(2).view_as(logits) * real, mask=mask)


def sparse():
    """Two groups of 8 tokens, two experts of two slots; group 0 drops all but 0, 3, 6, group 1 all but 1, 2, 4, 7."""
    token = torch.tensor([[[0, 3], [6, -1]], [[1, 2], [4, 7]]])
    return SparseRouting(token, torch.where(token >= 0, 0.5, 0.0), 8)


def pixels(*shape):
    """Values from 0 to 1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def image_of(ax):
    """The values of the picture drawn last."""
    return np.asarray(ax.images[-1].get_array())


def labels(axis):
    """The texts of an axis's ticks."""
    return [label.get_text() for label in axis.get_ticklabels()]


def test_a_map_holds_the_weights_of_its_group():
    """The picture's array is dispatch or combine of that group, from 0 to its largest weight."""
    routing = soft()

    for draw, weights in ((figures.dispatch_map, routing.dispatch), (figures.combine_map, routing.combine)):
        ax = draw(routing, 1)
        np.testing.assert_allclose(image_of(ax), weights[1].flatten(1), rtol=1e-6)
        assert ax.images[0].get_clim() == (0, pytest.approx(weights[1].max().item()))


def test_a_map_names_its_axes():
    """Slots are named expert-major, separators stand between experts, tokens are numbered."""
    ax = figures.dispatch_map(soft())

    assert labels(ax.xaxis) == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]
    assert labels(ax.yaxis) == ["0", "1", "2", "3", "4", "5"]
    (lines,) = [c for c in ax.collections if c.get_gid() == "separators"]
    assert [segment[0][0] for segment in lines.get_segments()] == [1.5, 3.5]
    assert ax.get_title() == "Dispatch: tokens fill slots"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("slot (expert.slot)", "token")


def test_experts_are_named_where_slots_have_no_room():
    """More slots than labels fit name the middle of each expert, in even steps where experts are many."""
    ax = figures.dispatch_map(soft(1, 4, 5, 7))
    assert labels(ax.xaxis) == ["0", "1", "2", "3", "4"]
    assert ax.get_xticks().tolist() == [3, 10, 17, 24, 31]

    ax = figures.dispatch_map(soft(1, 4, 30, 2))
    assert labels(ax.xaxis)[:3] == ["0", "2", "4"]
    assert ax.get_xticks()[:3].tolist() == [0.5, 4.5, 8.5]


def test_sums_stand_beside_a_map():
    """A softmax over the wrong axis shows in the sums, in their printed range and in the alt text."""
    routing = soft()
    ax = figures.dispatch_map(SoftRouting(routing.combine, routing.dispatch))
    wrong = routing.combine[0].flatten(1).sum(0)
    above, beside, _ = ax.child_axes
    extent = f"{wrong.min():.2f} to {wrong.max():.2f}"

    np.testing.assert_allclose(above.patches[0].get_data().values, wrong, rtol=1e-6)
    np.testing.assert_allclose(beside.patches[0].get_data().values, np.ones(6), rtol=1e-6)
    assert above.get_ylabel() == f"sum\n{extent}"
    assert beside.get_xlabel() == "sum\n1.00"
    assert f"Over tokens a slot's weights sum to {extent}; over slots a token's sum to 1.00." in figures.alt_text(ax)


def test_a_map_describes_itself():
    """Sizes and the place of the largest weight are in the alt text."""
    weights = torch.zeros(1, 3, 2, 2)
    weights[0, 2, 1, 0] = 0.625

    assert figures.alt_text(figures.combine_map(SoftRouting(weights, weights))) == (
        "Combine weights of group 0, 3 tokens by 4 slots (2 experts of 2): the largest is 0.625, of token 2 and slot "
        "1.0. Over tokens a slot's weights sum to 0.00 to 0.62; over slots a token's sum to 0.00 to 0.62."
    )


def test_a_map_names_no_weight_that_others_equal():
    """Of an even mix no place is told; of some that are equal the first, and how many others."""
    even = torch.full((1, 3, 2, 2), 0.25)
    assert "(2 experts of 2): all are 0.25. Over tokens" in figures.alt_text(
        figures.combine_map(SoftRouting(even, even))
    )
    some = torch.zeros(1, 3, 2, 2)
    some[0, 1, :, 1], some[0, 2, 1, 0] = 0.5, 0.5
    words = "the largest is 0.5, of token 1 and slot 0.1 (and of 2 others). Over tokens"
    assert words in figures.alt_text(figures.combine_map(SoftRouting(some, some)))


def test_a_map_counts_what_it_clips():
    """The colour bar says how many weights are above its end, or that none is."""
    weights = torch.tensor([[[[0.1], [0.2]], [[0.9], [0.8]]]])
    routing = SoftRouting(weights, weights)

    assert figures.dispatch_map(routing).child_axes[2].get_ylabel() == "dispatch weight (none clipped)"
    clipped = figures.dispatch_map(routing, vmax=0.8)
    assert clipped.child_axes[2].get_ylabel() == "dispatch weight (1 of 4 clipped at 0.8)"
    assert clipped.images[0].get_clim() == (0, 0.8)


def test_padding_is_hatched_and_left_out_of_the_range():
    """Exactly the rows of padded tokens are hatched, and their sums of 0 do not hide that real ones are 1."""
    mask = torch.tensor([[True, False, True, True, False, True]] * 2)
    ax = figures.combine_map(soft(mask=mask))

    rows = [patch for patch in ax.patches if patch.get_gid() == "padding"]
    assert [patch.get_y() + patch.get_height() / 2 for patch in rows] == [1, 4]
    assert all(patch.get_hatch() for patch in rows)
    assert ax.child_axes[1].get_xlabel() == "sum\n1.00"


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(16, 4, 4), (196, 128, 1), (196, 32, 4), (1, 1, 1), (40, 26, 3)])
def test_labels_do_not_overlap(sizes):
    """Neighbouring tick labels leave room between them, in a map and in a comparison."""
    routing = soft(1, *sizes)
    everything = [figures.dispatch_map(routing), *figures.compare_routers({"a": routing}).flat]
    for ax in everything:
        ax.figure.canvas.draw()
        for axis in (ax.xaxis, ax.yaxis):
            boxes = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
            assert not any(first.overlaps(second) for first, second in pairwise(boxes))


def test_slot_views_lay_weights_over_the_image():
    """Each panel's grid is its slot's dispatch by patch, rows first, stretched over the whole image."""
    routing = soft(2, 8, 3, 2)
    panels = figures.slot_views(routing, pixels(3, 4, 8), [0, 3, 5], group=1, columns=2)

    assert panels.shape == (2, 2)
    for ax, slot, name in zip(panels.flat, (0, 3, 5), ("0.0", "1.1", "2.1"), strict=False):
        column = routing.dispatch[1].flatten(1)[:, slot]
        np.testing.assert_allclose(image_of(ax), column.view(2, 4), rtol=1e-6)
        assert ax.images[-1].get_extent() == [-0.5, 7.5, 3.5, -0.5]
        used = metrics.slot_usage(routing)[1].flatten()[slot].item()
        assert ax.get_title() == f"slot {name}\n90 % in {used} token{'s' * (used > 1)}"
    assert len({ax.images[-1].get_clim() for ax in panels.flat[:3]}) == 1
    assert not panels[1, 1].axison
    largest = routing.dispatch[1].flatten(1)[:, [0, 3, 5]].max().item()
    assert f"8 patches of 2 x 2 pixels in 3 of 6 slots, over the image: the largest is {largest:.3g}," in (
        figures.alt_text(panels)
    )


def test_slot_views_name_no_patch_that_others_equal():
    """Slots that see all patches alike have no patch of which they see most."""
    even = torch.full((1, 8, 3, 2), 0.125)
    panels = figures.slot_views(SoftRouting(even, even), torch.ones(1, 4, 8), (0, 5))
    assert "in 2 of 6 slots, over the image: all are 0.125; 90 % of" in figures.alt_text(panels)


def test_slot_views_of_one_example_of_a_group():
    """With several examples in a group, the tokens of the asked one are drawn; slots spread over the experts."""
    routing = soft(1, 8, 4, 2)
    panels = figures.slot_views(routing, pixels(1, 2, 2), 4, example=1, examples_per_group=2)

    for ax, slot in zip(panels.flat, (0, 2, 4, 6), strict=True):
        np.testing.assert_allclose(image_of(ax).ravel(), routing.dispatch[0, 4:].flatten(1)[:, slot], rtol=1e-6)


@pytest.mark.parametrize("examples", [1, 2])
def test_dropped_patches_are_hatched(examples):
    """Hatched squares cover exactly the patches of dropped tokens, and the title counts them."""
    images = pixels(2 * examples, 1, 4, 8 // examples)
    panels = figures.dropped_tokens(sparse(), images, examples_per_group=examples)
    per_row = 4 // examples
    lost = metrics.dropped(sparse()).view(-1, 8 // examples)

    assert panels.size == 2 * examples
    for ax, missing in zip(panels.flat, lost, strict=True):
        squares = [patch for patch in ax.patches if patch.get_gid() == "dropped"]
        corners = {(patch.get_x() + 0.5, patch.get_y() + 0.5) for patch in squares}
        assert corners == {(2.0 * (i % per_row), 2.0 * (i // per_row)) for i in missing.nonzero().flatten().tolist()}
        assert all(patch.get_hatch() and patch.get_width() == patch.get_height() == 2 for patch in squares)
        assert ax.get_title() == f"{len(squares)} of {8 // examples} dropped"
    assert "9 of 16 patches are dropped, 56.3 % of the real ones" in figures.alt_text(panels)


def test_expert_load_shows_groups_and_capacity():
    """Bars are means over groups, whiskers reach the least and the most, the dashed line is at p slots."""
    ax = figures.expert_load(sparse())

    assert [bar.get_height() for bar in ax.patches] == [2, 1.5]
    whiskers = ax.collections[0].get_segments()
    assert [tuple(segment[:, 1]) for segment in whiskers] == [(2, 2), (1, 2)]
    assert 2 in [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert labels(ax.xaxis) == ["0", "1"]
    assert figures.alt_text(ax) == (
        "Load (summed dispatch) of 2 experts of 2 slots, mean of 2 groups: from 1.5 (expert 1) to 2 (expert 0), "
        "groups 1 apart at most."
    )
    assert figures.alt_text(figures.expert_load(soft())).endswith("mean of 2 groups: 2 each.")

    idle = SparseRouting(torch.tensor([[[0], [-1], [-1], [1], [-1]]]), torch.ones(1, 5, 1), 2)
    assert figures.alt_text(figures.expert_load(idle)).endswith(
        "from 0 (expert 1 and 2 others) to 1 (expert 0 and 1 other)."
    )

    uneven = SparseRouting(torch.tensor([[[0]], [[1]], [[1]], [[-1]]]), torch.ones(4, 1, 1), 2)
    (whisker,) = figures.expert_load(uneven).collections[0].get_segments()
    assert tuple(whisker[:, 1]) == (0, 1)


def test_slot_usage_counts_slots():
    """The bars count slots by tokens, and empty slots are told apart from the median."""
    routing = soft(3, 9, 4, 2)
    ax = figures.slot_usage(routing)
    usage = metrics.slot_usage(routing).flatten()

    for bar in ax.patches:
        assert bar.get_height() == (usage == round(bar.get_x() + 0.5)).sum()
    assert sum(bar.get_height() for bar in ax.patches) == 24
    median = np.median(usage)
    assert ax.lines[-1].get_xdata()[0] == median
    assert f"{usage.min()} to {usage.max()} of 9 tokens, median {median:g}." in figures.alt_text(ax)

    ax = figures.slot_usage(SparseRouting(torch.tensor([[[0, -1, -1]]]), torch.ones(1, 1, 3), 2))
    assert ax.lines[-1].get_xdata()[0] == 1
    ax = figures.slot_usage(SparseRouting(torch.tensor([[[0]]]), torch.ones(1, 1, 1), 1))
    assert ax.get_title() == "Tokens that hold 90 % of a slot: 1 slot"
    assert figures.alt_text(ax).endswith("of the only slot: 1 of 1 token, median 1.")
    ax = figures.slot_usage(sparse(), 0.5)
    assert ax.get_title() == "Tokens that hold 50 % of a slot: 8 slots; 1 empty"
    assert figures.alt_text(ax).endswith("1 of 8 tokens, median 1; 1 empty.")


def test_compare_routers_puts_one_in_each_row():
    """Maps, load and dropped tokens of each router stand in its own row."""
    routings = {"soft": soft(2, 8, 3, 2), "sparse": sparse()}
    panels = figures.compare_routers(routings, example=1)

    assert panels.shape == (2, 3)
    for row, (name, routing) in zip(panels, routings.items(), strict=True):
        np.testing.assert_allclose(image_of(row[0]), routing.dispatch[1].flatten(1), rtol=1e-6)
        np.testing.assert_allclose(image_of(row[1]), routing.combine[1].flatten(1), rtol=1e-6)
        load = metrics.expert_load(routing).mean(0)
        np.testing.assert_allclose([bar.get_height() for bar in row[2].patches], load, rtol=1e-6)
        assert row[0].get_title(loc="left") == f"{name}: dispatch"
    assert panels[1, 2].get_title() == "all groups: 56.3 % dropped"
    assert "soft drops 0.0 % of tokens" in figures.alt_text(panels)
    assert "sparse drops 56.3 % of tokens" in figures.alt_text(panels)


def test_compare_routers_that_group_differently():
    """An example's rows are cut out of its group, and its map has all slots of that group."""
    alone, merged = soft(4, 3, 2, 1), soft(2, 6, 2, 3)
    panels = figures.compare_routers({"alone": alone, "merged": merged}, example=3)

    np.testing.assert_allclose(image_of(panels[0, 0]), alone.dispatch[3].flatten(1), rtol=1e-6)
    np.testing.assert_allclose(image_of(panels[1, 1]), merged.combine[1, 3:].flatten(1), rtol=1e-6)
    with pytest.raises(ValueError, match="example must be from 0 to 3, got 4: the batch has 4 examples"):
        figures.compare_routers({"alone": alone, "merged": merged}, example=4)


def test_compare_routers_adds_up_slots_that_are_too_narrow():
    """With 9 x 8 slots a column is an expert, whose slots are added up, and the axis says so."""
    routing = soft(1, 3, 9, 8)
    panels = figures.compare_routers({"soft": routing})

    np.testing.assert_allclose(image_of(panels[0, 0]), routing.dispatch[0].sum(2), rtol=1e-5)
    assert panels[0, 0].get_xlabel() == "expert (its 8 slots added up)"
