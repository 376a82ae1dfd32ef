"""What the experts of a model receive, seen by replacing their forward: nothing of `capture` is used."""

import torch


class Received:
    """Every call of the experts of a model, {layer: [call]}, in the form in which this model calls them."""

    def __init__(self, model):
        self.calls = {}
        for name, module in model.named_modules():
            for child, experts in module.named_children():
                if child == "experts" and "MoA" not in type(experts).__name__:
                    self._watch(name, experts)

    def _watch(self, name, experts):
        forward, calls = experts.forward, self.calls.setdefault(name, [])

        def watched(*args, **kwargs):
            answers = forward(*args, **kwargs)
            calls.append(([each.detach().clone() for each in (*args, *kwargs.values())], answers.detach()))
            return answers

        experts.forward = watched


def weights_in(call, e):
    """Return the weight (rows, e) of every token and expert that a call of experts asks for, in a loop."""
    _, index, weights = call
    if index.ndim == 3:  # a mask of zeros and ones in place of numbers
        return (index.float() * weights[..., None]).sum(1)
    found = torch.zeros(len(index), e)
    for row, (experts, gates) in enumerate(zip(index.tolist(), weights.tolist(), strict=True)):
        for expert, gate in zip(experts, gates, strict=True):
            found[row, expert] += gate
    return found


def llama4_weights(model):
    """Return what the routers of a Llama 4 ask for, {layer: [weights (rows, e)]}, from their logits in a loop.

    Its experts get every token once for each expert, multiplied by its weight, so that nothing there names an expert.
    """
    return _from_logits(model, "Llama4Router", 1, torch.sigmoid)


def jetmoe_weights(model):
    """Return what the routers of a JetMoe ask for, {layer: [weights (rows, e)]}, from their logits in a loop."""
    return _from_logits(model, "JetMoeTopKGating", 4, lambda best: best.softmax(-1))


def _from_logits(model, kind, at, weigh):
    found = {}
    for name, module in model.named_modules():
        if type(module).__name__ == kind:
            calls = found.setdefault(name.rpartition(".")[0], [])
            module.register_forward_hook(
                lambda _, args, output, calls=calls: calls.append(_two_best(output[at], weigh)),
            )
    return found


def _two_best(logits, weigh):
    weights = torch.zeros_like(logits)
    for row, line in enumerate(logits):
        best = sorted(range(len(line)), key=lambda expert: -line[expert])[:2]
        weights[row, best] = weigh(line[best])
    return weights
