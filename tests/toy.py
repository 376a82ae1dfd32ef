"""A model that trains in milliseconds: four tokens, a router written by hand, two experts."""

import torch
from torch import nn

from softmoe_edu.data import Images
from softmoe_edu.routing import SparseRouting
from softmoe_edu.training import train


class HalfRouter(nn.Module):
    """Send tokens 0 and 1 of each group to expert 0 and 1, and drop the rest; noise on the gates while training."""

    def __init__(self, dim: int):
        super().__init__()
        self.w_gate = nn.Parameter(torch.full((dim, 2), 0.1))

    def forward(self, x, mask=None):
        """Route tokens (b, n, dim) to two experts of one slot."""
        logits = x @ self.w_gate
        if self.training:
            logits = logits + 0.1 * torch.randn_like(logits)
        gates = logits.softmax(-1)
        token = torch.arange(2).expand(len(x), 2)[..., None]
        gate = gates[:, :2].diagonal(dim1=1, dim2=2)[..., None]
        return SparseRouting(token, gate, x.shape[1], logits=logits, gates=gates)


class Layer(nn.Module):
    """Route consecutive examples together, like MoE with examples_per_group."""

    def __init__(self, dim: int, examples_per_group: int):
        super().__init__()
        self.router = HalfRouter(dim)
        self.examples_per_group = examples_per_group

    def forward(self, x):
        """Return each routed token times its gate, and 0 for the others."""
        if len(x) % self.examples_per_group:
            raise ValueError(f"batch must be a multiple of {self.examples_per_group}, got {len(x)}")
        grouped = x.reshape(len(x) // self.examples_per_group, -1, x.shape[-1])
        routing = self.router(grouped)
        return routing.to_tokens(routing.to_slots(grouped)).reshape(x.shape)


class Toy(nn.Module):
    """Images (b, 1, 4, 4) -> logits (b, 3), with dropout, a buffer that training changes, and a router or none."""

    def __init__(self, routed: bool = True, examples_per_group: int = 1):
        super().__init__()
        self.embed = nn.Conv2d(1, 6, 2, stride=2)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.2)
        self.layer = Layer(6, examples_per_group) if routed else nn.Identity()
        self.head = nn.Linear(6, 3)

    def forward(self, images):
        """Classify."""
        x = self.drop(self.norm(self.embed(images).flatten(2))).mT
        return self.head((x + self.layer(x)).mean(1))


def toy_model(seed=0, **arguments):
    """A Toy whose parameters are a function of the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Toy(**arguments)


def toy_data(size=40, seed=0):
    """Images (size, 1, 4, 4) whose label, 0 to 2, is written into their mean."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (size,), generator=generator)
    images = torch.randn(size, 1, 4, 4, generator=generator) + labels[:, None, None, None]
    return Images(images, labels, num_classes=3, patch_size=2, name="toy")


def parameters(model):
    """All of the model's state in one vector, buffers included."""
    return torch.cat([value.detach().flatten().double() for value in model.state_dict().values()])


DATA, TEST = toy_data(40), toy_data(23, seed=1)


def run(model=None, data=DATA, test=None, **arguments):
    """Train a Toy for some quiet steps, and give it with its history."""
    model = toy_model() if model is None else model
    arguments = {"steps": 6, "batch_size": 8, "progress": False} | arguments
    return model, train(model, data, test, **arguments)
