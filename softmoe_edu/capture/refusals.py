"""Models whose routing hooks cannot see as it is, and the sentences that say so."""

from collections.abc import Iterable
from typing import Any

from torch import nn

BYPASS = {
    "Mxfp4GptOssExperts": "its experts in MXFP4 run in one kernel with the router, so that neither module is called: "
    "load it with quantization_config=Mxfp4Config(dequantize=True)",
    "DogeCDMoE": "its weights are computed and used inside one module (product keys), where no hook sees them",
    "Ernie4_5_VLMoeMoeBlock": "it splits every batch into text and image tokens and routes each part by itself, out of "
    "the batch's order: capture ernie4_5_moe instead",
    "VitPoseNaiveMoe": "its experts are given by the number of the dataset, not by a router",
}
"""Classes that are known not to be what they look like, each with the reason."""


def refuse(model: nn.Module, reason: str) -> ValueError:
    """Return the error that names a model and says why it is not captured."""
    return ValueError(f"{type(model).__name__} cannot be captured: {reason}")


def check_known(model: nn.Module) -> None:
    """Raise an error that names the model where a module of it is known to bypass hooks.

    Raises:
        ValueError: a module is one of `BYPASS`, or copies of the model run at the same time.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.DataParallel) and len(module.device_ids) > 1:
            raise refuse(model, "its copies on several devices run at the same time: capture its .module")
        for kind in type(module).__mro__:
            if kind.__name__ in BYPASS:
                raise refuse(model, f"at {name or 'its root'} is {kind.__name__}; {BYPASS[kind.__name__]}")


def check_layer(model: nn.Module, name: str, block: nn.Module, experts: nn.Module) -> None:
    """Raise an error that names the layer where its modules do not run as they are written.

    Raises:
        ValueError: a kernel stands in for the layer, or its experts are spread over devices.
    """
    for module in (block, experts):
        # A kernel's function is bound in place of the module's own; what accelerate puts there is no method.
        replaced = getattr(vars(module).get("forward"), "__func__", None)
        if replaced is not None and replaced is not type(module).forward:
            raise refuse(
                model,
                f"the forward of {name} ({type(module).__name__}) was replaced by {replaced.__qualname__}, as by the "
                "MegaBlocks kernel, which may call no router and no experts: load the model with use_kernels=False",
            )
    if getattr(experts, "_is_expert_parallel", False) or _is_sharded(experts.parameters()):
        raise refuse(
            model,
            f"the experts of {name} are spread over devices (expert parallelism), where each sees local numbers and "
            "placeholders: load the model without it",
        )


def _is_sharded(parameters: Iterable[Any]) -> bool:
    # A DTensor has placements; to import its class would need torch.distributed.
    return any(hasattr(parameter, "placements") for parameter in parameters)
