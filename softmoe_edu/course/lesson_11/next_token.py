"""A language model without attention: only the layer that is tried can carry a token to another place."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from softmoe_edu.seeds import generator_of, own_randomness, set_seed

VOCABULARY, TOKENS, DIM, HIDDEN, TOPICS, SHARP = 8, 12, 24, 32, 6, 0.8
SLOTS = 12
"""Slots of all experts together: as many as tokens, since masks compare the two."""


class NextToken(nn.Module):
    """Tokens in, logits of each next token out: an embedding with positions, one layer, a linear head."""

    def __init__(self, layer, num_experts: int) -> None:
        super().__init__()
        self.layer = layer
        self.embed, self.place = nn.Embedding(VOCABULARY, DIM), nn.Parameter(torch.randn(TOKENS, DIM) / 2)
        self.phi = nn.Parameter(torch.randn(DIM, num_experts, SLOTS // num_experts) / DIM**0.5)
        parts = (nn.Sequential(nn.Linear(DIM, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, DIM)) for _ in range(num_experts))
        self.experts = nn.ModuleList(parts)
        self.norm, self.head = nn.LayerNorm(DIM), nn.Linear(DIM, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (b, n, vocabulary)."""
        x = self.embed(tokens) + self.place
        return self.head(self.norm(x + self.layer(x, self.phi, self.experts)))


class RandomStream:
    """Tokens that nothing predicts: who does better than ln 8 has looked ahead."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def draw(self, examples: int) -> Tensor:
        """Return (examples, 13) tokens."""
        return torch.randint(VOCABULARY, (examples, TOKENS + 1), generator=self.generator)

    def best(self, tokens: Tensor) -> float:
        """Return the smallest loss that is possible without looking ahead, in nats."""
        return float(torch.tensor(float(VOCABULARY)).log())


class TopicStream:
    """Each example has one of six topics; in each topic a token is mostly followed by one certain other."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        orders = torch.stack([torch.randperm(VOCABULARY, generator=generator) for _ in range(TOPICS)])
        rest = (1 - SHARP) / VOCABULARY
        self.follows = SHARP * F.one_hot(orders, VOCABULARY).float() + rest  # (topics, token, next)

    def draw(self, examples: int) -> Tensor:
        """Return (examples, 13) tokens."""
        topic = torch.randint(TOPICS, (examples,), generator=self.generator)
        tokens = [torch.randint(VOCABULARY, (examples,), generator=self.generator)]
        for _ in range(TOKENS):
            tokens.append(torch.multinomial(self.follows[topic, tokens[-1]], 1, generator=self.generator)[:, 0])
        return torch.stack(tokens, 1)

    def best(self, tokens: Tensor) -> float:
        """Return the loss of a reader who knows all six tables and infers the topic from what came before."""
        belief, losses = torch.full((len(tokens), TOPICS), 1 / TOPICS), []
        for now, then in zip(tokens.T[:-1], tokens.T[1:], strict=True):
            likely = self.follows[:, now, then].T
            losses.append(-(belief * likely).sum(1).log())
            belief = belief * likely / (belief * likely).sum(1, keepdim=True)
        return float(torch.stack(losses)[:-1].mean())


def train(layer, *, stream=TopicStream, num_experts: int = 4, seed: int = 0, steps: int = 150) -> dict[str, float]:
    """Train a model with this layer, and return its loss on new tokens and the best possible one, in nats."""
    generator = generator_of(seed)
    with own_randomness(torch.device("cpu")):
        set_seed(torch.device("cpu"), seed)
        source, model = stream(generator), NextToken(layer, num_experts)
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(steps):
            batch = source.draw(32)
            loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            test = source.draw(1024)
            # The last token has its next one nowhere in the input, so that it is left out.
            found = F.cross_entropy(model(test[:, :-1])[:, :-1].flatten(0, 1), test[:, 1:-1].flatten())
    return {"loss": float(found), "best": source.best(test)}
