"""Looking at a model without changing it: evaluation over all images, and snapshots of its routing."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy import DATA, TEST, Toy, run, toy_model

from softmoe_edu.routing import SparseRouting
from softmoe_edu.training.evaluation import Evaluation, evaluate


def test_evaluate_counts_every_image():
    """Loss and accuracy are the means over all images, whatever the batch size; modes come back."""
    model = toy_model()
    run(model)
    model.drop.eval()
    wanted = model.eval()(TEST.images)
    model.train()
    model.drop.eval()
    loss, right = F.cross_entropy(wanted, TEST.labels).item(), (wanted.argmax(1) == TEST.labels).float().mean().item()
    for size in (1, 7, 23, 256):
        result = evaluate(model, TEST, size)
        assert isinstance(result, Evaluation)
        assert result == pytest.approx((loss, right, 0.5), abs=1e-6)
    assert model.training and not model.drop.training


def test_evaluate_fills_the_last_group():
    """With 3 examples to a group 23 images are all counted once: the last group borrows the first image."""
    model = toy_model(examples_per_group=3)
    padded = torch.cat([TEST.images, TEST.images[:1]])
    with torch.no_grad():
        wanted = model.eval()(padded)[:23]
    expected = F.cross_entropy(wanted, TEST.labels).item()
    for size in (1, 4, 256):
        assert evaluate(model, TEST, size).loss == pytest.approx(expected, abs=1e-6)
    assert evaluate(model, TEST[:2]).accuracy in (0.0, 0.5, 1.0)
    _, history = run(model, batch_size=9, test=TEST, snapshot_at=(0,))
    assert history.snapshots[0]["layer.router"].sizes == (6, 12, 2, 1)


class Everyone(nn.Module):
    """A router that keeps all of four tokens."""

    def forward(self, x):
        token = torch.arange(4).expand(len(x), 1, 4)
        return SparseRouting(token, torch.ones(len(x), 1, 4), 4)


class Two(Toy):
    """A Toy, whose router drops half of its tokens, with a second router before or behind it that keeps all."""

    def __init__(self, first):
        super().__init__()
        self.first, self.second = first, Everyone()

    def forward(self, images):
        x = self.embed(images).flatten(2).mT
        if self.first:
            self.second(x)
        logits = super().forward(images)
        if not self.first:
            self.second(x)
        return logits


@pytest.mark.parametrize("first", [True, False])
def test_evaluation_counts_the_drops_of_every_layer(first):
    """The fraction of dropped tokens is the mean over layers, whichever of them comes last."""
    assert evaluate(Two(first), TEST, 9).dropped == 0.25


def test_snapshots_keep_the_routing():
    """Snapshots are of the named steps, in eval mode, without a graph, and do not change later."""
    model = toy_model()
    images = TEST.images[:5]
    with torch.no_grad():
        before = model.eval().layer.router(tokens(model, images)).gates.clone()
    model, history = run(model, snapshot_at=(-1, 0, 3), snapshot_images=images)
    with torch.no_grad():
        after = model.eval().layer.router(tokens(model, images)).gates
    assert sorted(history.snapshots) == [0, 3, 6]
    first, last = history.snapshots[0]["layer.router"], history.snapshots[6]["layer.router"]
    assert torch.equal(first.gates, before) and torch.equal(last.gates, after)
    assert not torch.equal(before, after)
    assert isinstance(first, SparseRouting) and not last.gates.requires_grad


def tokens(model, images):
    """The tokens that the Toy's router sees in eval mode."""
    return model.norm(model.embed(images).flatten(2)).mT


def test_snapshots_look_at_16_images():
    """The first 16 test images, else training images, are looked at by default."""
    model, history = run(test=TEST, snapshot_at=(-1,))
    with torch.no_grad():
        wanted = model.eval().layer.router(tokens(model, TEST.images[:16])).gates
    assert torch.equal(history.snapshots[6]["layer.router"].gates, wanted)
    assert run(data=DATA[:10], snapshot_at=(0,))[1].snapshots[0]["layer.router"].sizes[0] == 10
