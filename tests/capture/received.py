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
    hidden, index, weights = call
    if index.ndim == 3:  # a mask of zeros and ones in place of numbers
        return (index.float() * weights[..., None]).sum(1)
    found = torch.zeros(len(index), e)
    for row, (experts, gates) in enumerate(zip(index.tolist(), weights.tolist(), strict=True)):
        for expert, gate in zip(experts, gates, strict=True):
            found[row, expert] += gate
    return found


def llama4_weights(model):
    """Return what the routers of a Llama 4 return for the texts that they are given, {layer: [weights (rows, e)]}.

    Its experts get every token once for each expert, multiplied by its weight, so that nothing there names an expert.
    """
    found = {}
    for name, module in model.named_modules():
        if type(module).__name__ == "Llama4Router":
            module.register_forward_hook(
                lambda _, args, output, calls=found.setdefault(name.rpartition(".")[0], []): calls.append(
                    torch.sigmoid(output[1]) * (output[1] >= output[1].topk(2).values[:, -1:])
                )
            )
    return found


def jetmoe_weights(model):
    """Return what the routers of a JetMoe ask for, {layer: [weights (rows, e)]}, from their logits in a loop."""
    found = {}

    def hook(module, args, output, calls):
        logits, weights = output[4], torch.zeros_like(output[4])
        for row, line in enumerate(logits):
            best = sorted(range(len(line)), key=lambda expert: -line[expert])[:2]
            weights[row, best] = line[best].softmax(-1)
        calls.append(weights)

    for name, module in model.named_modules():
        if type(module).__name__ == "JetMoeTopKGating":
            calls = found.setdefault(name.rpartition(".")[0], [])
            module.register_forward_hook(lambda m, a, o, calls=calls: hook(m, a, o, calls))
    return found
