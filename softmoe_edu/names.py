"""Names of a model's parts as in the plain model, whatever is wrapped around it or its parts.

`torch.compile` and data parallelism put a model inside another module, and "_orig_mod." or "module." before its names.
"""

from torch import nn


def plain_name(model: nn.Module, name: str) -> str:
    """Drop from a dotted name of the model's modules, parameters or state the parts that name a wrapped module.

    Args:
        model: The model, compiled or parallel or neither; so may its parts be.
        name: A name as in `model.named_modules()`, `named_parameters()` or `state_dict()`.

    Returns:
        The name in the model without wrappers; "" for a wrapped model itself.
    """
    parts = name.split(".")
    if not {"_orig_mod", "module"} & set(parts):
        return name
    module: nn.Module | None = model
    kept = []
    for part in parts:
        parallel = isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel)
        if part != "_orig_mod" and not (parallel and part == "module"):
            kept.append(part)
        module = module._modules.get(part) if isinstance(module, nn.Module) else None
    return ".".join(kept)
