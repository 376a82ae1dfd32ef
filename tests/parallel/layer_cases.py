"""What each rank of the layer's tests does, and the same in one process, which the tests compare it with."""

import copy
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.debug import CommDebugMode
from torch.utils._pytree import tree_map_only

from softmoe_edu import (
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    SoftUniformRouter,
    TokensChoiceRouter,
    UniformRouter,
    UniformSoftRouter,
    ViT,
    losses,
    metrics,
    record,
)
from softmoe_edu.parallel import ExpertParallel, data_parallel, examples_per_rank, gather_experts, spread_experts

TOKENS, DIM, EXPERTS, SLOTS, HIDDEN = 7, 5, 4, 3, 9

ROUTERS = {
    "soft": lambda: SoftRouter(DIM, EXPERTS, SLOTS, scale_init=4.0),
    "soft as attention": lambda: SoftRouter(DIM, EXPERTS, SLOTS, scale_init=4.0, form="attention"),
    "uniform": lambda: UniformRouter(DIM, EXPERTS, SLOTS),
    "uniform / soft": lambda: UniformSoftRouter(DIM, EXPERTS, SLOTS),
    "soft / uniform": lambda: SoftUniformRouter(DIM, EXPERTS, SLOTS),
    "identity": lambda: IdentityRouter(DIM, EXPERTS),
    "tokens choice": lambda: TokensChoiceRouter(DIM, EXPERTS, 2, capacity_factor=0.6),
    "batch priority": lambda: TokensChoiceRouter(DIM, EXPERTS, capacity_factor=0.6, priority="gate"),
    "dropless": lambda: TokensChoiceRouter(DIM, EXPERTS, 2, capacity_factor=None),
    "one idle": lambda: TokensChoiceRouter(DIM, EXPERTS, capacity_factor=None),
    "experts choice": lambda: ExpertsChoiceRouter(DIM, EXPERTS, capacity_factor=1.5),
}
SPLITS = {1: [(5,)], 2: [(3, 2), (0, 5)], 4: [(2, 0, 1, 2)]}
"""Examples of each rank, by the number of ranks."""


@dataclass(frozen=True)
class Case:
    """One layer on some ranks, with a batch that is dealt out in some way."""

    router: str
    sizes: tuple[int, ...]
    group: int = 1
    masked: bool = False
    dtype: torch.dtype = torch.float64
    announced: bool = True
    autocast: bool = False

    def __str__(self):
        """Name the case as the tests do."""
        parts = [self.router, "+".join(map(str, self.sizes)), "masked" if self.masked else ""]
        parts += [f"groups of {self.group}" if self.group > 1 else "", "" if self.announced else "unannounced"]
        parts.append("autocast" if self.autocast else "float32" if self.dtype == torch.float32 else "")
        return "-".join(filter(None, parts))

    @property
    def ranks(self):
        """How many ranks share the batch."""
        return len(self.sizes)


def cases():
    """All cases of one layer."""
    found = [
        Case(router, sizes, masked=masked)
        for router in ROUTERS
        for splits in SPLITS.values()
        for sizes in splits
        for masked in (False, True)
    ]
    found += [Case(router, (4, 0, 2, 2), 2, masked=True) for router in ROUTERS]
    found += [Case(router, (2, 2, 2, 2), 2, announced=False) for router in ROUTERS]
    found += [Case(router, (3, 2), dtype=torch.float32) for router in ROUTERS]
    return found + [Case(router, (0, 5), dtype=torch.float32, autocast=True) for router in ROUTERS]


def make(case):
    """The router, all experts, all tokens, the mask and what outputs are weighted with: the same in every process."""
    torch.manual_seed(3)
    router, experts = ROUTERS[case.router]().to(case.dtype), Experts(DIM, EXPERTS, HIDDEN).to(case.dtype)
    nn.init.normal_(experts.b_in)
    nn.init.normal_(experts.b_out)
    b = sum(case.sizes)
    x, weight = torch.randn(2, b, TOKENS, DIM, dtype=case.dtype)
    mask = None
    if case.masked:
        mask = torch.rand(b, TOKENS) < 0.7
        mask[0] = True
        mask[-case.group :] = False  # a group that is all padding
        x[~mask] = torch.nan
    if case.router == "one idle":  # every token chooses expert 0 or 1
        x[..., 0] = torch.where(x[..., 0].isnan(), x[..., 0], 1)
        with torch.no_grad():
            router.w_gate[0] = torch.tensor([30.0, 30.0, 0.0, 0.0])
    return router, experts, x, mask, weight


def loss_of(layer, case, x, mask, weight):
    """The outputs, the loss of these examples, a sum over groups with auxiliary losses in it, and some metrics."""
    with record(layer) as routings, torch.autocast(x.device.type, torch.bfloat16, enabled=case.autocast):
        y = layer(x, mask)
    loss = (y * weight).sum() + y.square().sum()
    shown = {}
    for routing in routings.values():
        groups = routing.sizes[0]
        if routing.gates is not None:
            for name in ("importance_loss", "load_balancing_loss"):
                shown[name] = groups * getattr(losses, name)(routing.gates, routing.mask)
            shown["z_loss"] = groups * losses.z_loss(routing.logits, routing.mask)
            loss = loss + shown["importance_loss"] + shown["load_balancing_loss"] + shown["z_loss"]
        shown["dropped"] = metrics.dropped(routing).sum()
        shown["load"] = metrics.expert_load(routing).sum(0)
    return y, loss, {name: value.detach() for name, value in shown.items()}


def one_process(case):
    """What the layer of one process computes for a case."""
    router, experts, x, mask, weight = make(case)
    layer = MoE(router, experts, examples_per_group=case.group)
    x.requires_grad_()
    y, loss, shown = loss_of(layer, case, x, mask, weight)
    loss.backward()
    parts = {"router": router, "experts": experts}
    gradients = {what: {n: p.grad for n, p in part.named_parameters()} for what, part in parts.items()}
    return {"y": y.detach(), "x": x.grad, "loss": loss.detach(), "shown": shown} | gradients


def on_rank(case, mesh):
    """What one rank computes for a case."""
    rank, device = mesh.get_local_rank(), mesh.device_type
    router, experts, *rest = make(case)
    x, mask, weight = (None if each is None else each.split(case.sizes)[rank].to(device) for each in rest)
    layer = ExpertParallel(router.to(device), experts.to(device), mesh, examples_per_group=case.group)
    x.requires_grad_()
    if case.announced:
        with examples_per_rank(case.sizes):
            y, loss, shown = loss_of(layer, case, x, mask, weight)
    else:
        y, loss, shown = loss_of(layer, case, x, mask, weight)
    loss.backward()
    shared = {name: parameter.grad for name, parameter in router.named_parameters()}
    apart = {name: parameter.grad.to_local() for name, parameter in layer.experts.named_parameters()}
    return {
        "y": y.detach(),
        "x": x.grad,
        "loss": loss.detach(),
        "shown": shown,
        "router": shared,
        "experts": apart,
    }


def counted(name, mesh, sizes):
    """The collectives of a layer's second batch: in the forward pass, and with the backward pass."""
    router, experts, x, _, _ = make(Case(name, sizes))
    layer = ExpertParallel(router, experts, mesh)
    x = x.split(sizes)[mesh.get_local_rank()]
    layer(x)
    with CommDebugMode() as both:
        with CommDebugMode() as forward:
            y = layer(x)
        y.sum().backward()
    return [{str(kind): n for kind, n in mode.get_comm_counts().items() if n} for mode in (forward, both)]


def plain_model(seed, router="tokens choice"):
    """A ViT with a dense block and two MoE layers, in float64."""
    torch.manual_seed(seed)
    moe = lambda dim: MoE(ROUTERS[router](), Experts(dim, EXPERTS, HIDDEN))  # noqa: E731
    model = ViT(num_classes=6, dim=DIM, num_heads=1, hidden_dim=11, moe_layers=(1, 2), moe=moe).double()
    nn.init.normal_(model.head.weight)
    return model


def model_on(mesh, seed):
    """The same on some ranks."""
    return spread_experts(plain_model(seed), mesh)


def checkpoints(folder, meshes):
    """{(kept by, read by): what rank 0 reads}, for all numbers of ranks."""
    rank, found = dist.get_rank(), {}
    names = {1: "by 1 rank", 2: "by 2 ranks", 4: "by 4 ranks"}
    made = {n: model_on(mesh, 5) if n > 1 else plain_model(5) for n, mesh in meshes.items() if rank < n}
    for n, model in made.items():
        checkpoint.save(model.state_dict(), checkpoint_id=folder / names[n], process_group=meshes[n].get_group())
    dist.barrier()
    for kept in names.values():
        for n in made:
            model = model_on(meshes[n], 8) if n > 1 else plain_model(8)
            state = model.state_dict()
            checkpoint.load(state, checkpoint_id=folder / kept, process_group=meshes[n].get_group())
            model.load_state_dict(state)
            found[kept, names[n]] = gather_experts(model).state_dict()
    # A state dict of the plain model goes in as it is, too.
    model = model_on(meshes[4], 8)
    model.load_state_dict(plain_model(5).state_dict())
    found["plain", "by 4 ranks"] = gather_experts(model).state_dict()
    return found


IMAGES, SHARE = (6, 1, 8, 8), (3, 0, 1, 2)


def images_and_labels():
    """A batch of images and their labels."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(*IMAGES, generator=generator, dtype=torch.float64)
    return images, torch.randint(6, IMAGES[:1], generator=generator)


def step_of(model, optimizer, images, labels, weight=1.0):
    """Take one step on the mean loss of these images."""
    optimizer.zero_grad()
    total = nn.functional.cross_entropy(model(images), labels, reduction="sum")
    (weight * total / IMAGES[0]).backward()
    optimizer.step()


def trained_alone(router, steps=3):
    """The parameters of a ViT after steps in one process."""
    model = plain_model(2, router)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        step_of(model, optimizer, *images_and_labels())
    return model.state_dict()


def trained_together(router, mesh, steps=3):
    """The same on the ranks of a mesh, one of which has no images."""
    model = spread_experts(plain_model(2, router), mesh)
    data_parallel(model, mesh)  # and dropped: the next one must not divide the experts' gradients once more
    wrapped = data_parallel(model, mesh)
    apart = [p for p in model.parameters() if isinstance(p, DTensor)]
    shared = [p for p in model.parameters() if not isinstance(p, DTensor)]
    optimizer = torch.optim.SGD([{"params": apart}, {"params": shared}], lr=0.01)
    images, labels = (part.split(SHARE)[mesh.get_local_rank()] for part in images_and_labels())
    for _ in range(steps):
        with examples_per_rank(SHARE):
            step_of(wrapped, optimizer, images, labels, mesh.size())
    model = gather_experts(model)
    return model.state_dict() | {"apart in later wrappers": hasattr(model, "_ddp_params_and_buffers_to_ignore")}


def layer_and_optimizer(mesh=None):
    """One MoE layer and an optimizer for all of its parameters."""
    torch.manual_seed(4)
    layer = MoE(ROUTERS["dropless"](), Experts(DIM, EXPERTS, HIDDEN)).double()
    layer = layer if mesh is None else spread_experts(layer, mesh)
    experts = list(layer.experts.parameters())
    groups = [{"params": list(layer.router.parameters())}, {"params": experts}]
    return layer, torch.optim.AdamW(groups, lr=0.01)


def layer_steps(layer, optimizer, steps, mesh=None):
    """Train the layer on one batch, which is dealt out evenly; the router's gradient is summed here by hand."""
    x = torch.randn(8, TOKENS, DIM, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    x = x if mesh is None else x.chunk(mesh.size())[mesh.get_local_rank()]
    for _ in range(steps):
        optimizer.zero_grad()
        layer(x).square().sum().backward()
        if mesh is not None:
            for parameter in layer.router.parameters():
                dist.all_reduce(parameter.grad, group=mesh.get_group())
        optimizer.step()


def trained_plain():
    """The layer's parameters after four steps in one process."""
    layer, optimizer = layer_and_optimizer()
    layer_steps(layer, optimizer, 4)
    return layer.state_dict()


def moved(folder, meshes):
    """The same, with two steps on 2 ranks and two on 4, with torch.distributed.checkpoint in between."""
    if dist.get_rank() < 2:
        layer, optimizer = layer_and_optimizer(meshes[2])
        layer_steps(layer, optimizer, 2, meshes[2])
        model_state, optimizer_state = get_state_dict(layer, optimizer)
        state = {"model": model_state, "optimizer": optimizer_state}
        checkpoint.save(state, checkpoint_id=folder / "moved", process_group=meshes[2].get_group())
    dist.barrier()
    layer, optimizer = layer_and_optimizer(meshes[4])
    model_state, optimizer_state = get_state_dict(layer, optimizer)
    checkpoint.load({"model": model_state, "optimizer": optimizer_state}, checkpoint_id=folder / "moved")
    set_state_dict(layer, optimizer, model_state_dict=model_state, optim_state_dict=optimizer_state)
    layer_steps(layer, optimizer, 2, meshes[4])
    return gather_experts(layer).state_dict()


def converted(mesh):
    """What is seen of a model whose layers are spread over 4 ranks, and then gathered again."""
    before = plain_model(7)
    model = plain_model(7)
    model.blocks[2].mlp = model.blocks[1].mlp
    layer = model.blocks[1].mlp
    layer.eval().router.train()
    layer.experts.train()
    layer.router.w_gate.requires_grad_(False)
    layer.experts.b_in.requires_grad_(False)

    def seen(model):
        layers = [block.mlp for block in model.blocks[1:]]
        modes = [layers[0].training, layers[0].router.training, layers[0].experts.training]
        return {"kinds": {type(each).__name__ for each in layers}, "tied": layers[0] is layers[1], "modes": modes}

    model = spread_experts(model, mesh)
    there = seen(model) | {"own": tuple(model.blocks[1].mlp.experts.w_in.to_local().shape)}
    model = gather_experts(model)
    experts = model.blocks[1].mlp.experts
    expected = before.blocks[1].mlp.experts.state_dict()
    equal = all(torch.equal(value, expected[name]) for name, value in experts.state_dict().items())
    back = seen(model) | {"equal": equal, "frozen": not experts.b_in.requires_grad and experts.w_in.requires_grad}
    return there, back


class OwnExperts(Experts):
    """Experts that compute in another way."""


class Mistaken(SoftRouter):
    """A router that says what it is not."""

    def is_sparse(self):
        return True

    def decide(self, logits, mask=None):
        return super().decide(logits, mask)


class OwnLayer(MoE):
    """A layer that computes in another way."""


ERRORS = {
    "not divided": (
        "ValueError",
        "every rank must hold the same number of experts, got 6 experts for 4 ranks: start 1, 2 or 3 ranks, or build "
        "the layer with a multiple of 4 experts",
    ),
    "uneven": (
        "ValueError",
        "every rank must give the same number of examples to a layer that mixes tokens, got [1, 2, 3, 4]: announce "
        "them, with parallel.examples_per_rank([1, 2, 3, 4])",
    ),
    "announced wrongly": (
        "ValueError",
        "examples_per_rank must announce the examples of 4 ranks, in groups of 1, 2 of them for this rank, got "
        "(3, 3, 3, 3): announce what the ranks are given",
    ),
    "own experts": (
        "TypeError",
        "experts must be softmoe_edu.Experts, got OwnExperts: parameters of other modules need not have an axis of "
        "experts that could be split",
    ),
    "own router": (
        "TypeError",
        "router must be a softmoe_edu.routers.Router, got Linear: all ranks have to know whether it is sparse, and a "
        "Router says so",
    ),
    "says it is sparse": (
        "TypeError",
        "a sparse router must return a SparseRouting, got SoftRouting from Mistaken: let its is_sparse() return False",
    ),
    "own layer": ("TypeError", "a layer that is spread must be an MoE, got OwnLayer: it may compute another way"),
    "twice": ("TypeError", "a layer that is spread must be an MoE, got ExpertParallel: gather_experts turns it back"),
    "no layer": (
        "ValueError",
        "model must have an MoE layer with experts to spread, got Linear without one: build it with moe_layers, or use "
        "data_parallel alone",
    ),
    "no mesh": (
        "TypeError",
        "mesh must be a torch.distributed DeviceMesh, got int: make one with init_device_mesh('cpu', (ranks,))",
    ),
    "two axes": (
        "ValueError",
        "mesh must have one axis, whose ranks hold the experts, got 2 axes (2, 2): name one of them, as in "
        "mesh['experts']",
    ),
    "elsewhere": (
        "ValueError",
        "experts must be on the devices of the mesh, cpu, got meta: move the model with model.to('cpu') first",
    ),
    "part of the ranks": (
        "ValueError",
        "all 4 processes must share the batch, got a mesh of 1 ranks: make it with init_device_mesh('cpu', (4,))",
    ),
    "other ranks": (
        "ValueError",
        "experts must be spread over the ranks that share the batch, [0, 1, 2, 3], got '1' over [3, 2, 1, 0]: use one "
        "mesh for both",
    ),
    "wrong width": (
        "ValueError",
        "tokens must be (batch, tokens, dim=5), got (0, 7, 4): build the layer with dim=4",
    ),
}


def errors(mesh):
    """What each mistake raises on this rank."""
    router, experts = ROUTERS["soft"](), Experts(DIM, EXPERTS, HIDDEN)
    layer = ExpertParallel(router, experts, mesh)
    six = MoE(SoftRouter(DIM, 6, SLOTS), Experts(DIM, 6, HIDDEN))
    rank = mesh.get_local_rank()
    turned, alone = DeviceMesh("cpu", [3, 2, 1, 0]), [DeviceMesh("cpu", [each]) for each in range(4)][rank]

    def announced():
        with examples_per_rank((3, 3, 3, 3)):
            layer(torch.zeros(2, TOKENS, DIM))

    attempts = {
        "not divided": lambda: spread_experts(six, mesh),
        "uneven": lambda: layer(torch.zeros(rank + 1, TOKENS, DIM)),
        "announced wrongly": announced,
        "own experts": lambda: spread_experts(MoE(router, OwnExperts(DIM, EXPERTS, HIDDEN)), mesh),
        "own router": lambda: spread_experts(MoE(nn.Linear(DIM, EXPERTS), experts), mesh),
        "says it is sparse": lambda: ExpertParallel(Mistaken(DIM, EXPERTS), experts, mesh)(torch.zeros(1, TOKENS, DIM)),
        "own layer": lambda: spread_experts(OwnLayer(router, experts), mesh),
        "twice": lambda: spread_experts(layer, mesh),
        "no layer": lambda: spread_experts(nn.Linear(2, 3), mesh),
        "no mesh": lambda: ExpertParallel(router, experts, 4),
        "two axes": lambda: ExpertParallel(router, experts, DeviceMesh("cpu", [[0, 1], [2, 3]])),
        "elsewhere": lambda: ExpertParallel(router, copy.deepcopy(experts).to("meta"), mesh),
        "part of the ranks": lambda: data_parallel(layer, alone),
        "other ranks": lambda: data_parallel(
            nn.Sequential(nn.Linear(2, 3), ExpertParallel(router, experts, turned)), mesh
        ),
        "wrong width": lambda: layer(torch.zeros(0, TOKENS, 4)),
    }
    found = {}
    for what, attempt in attempts.items():
        try:
            attempt()
        except (TypeError, ValueError) as error:
            found[what] = type(error).__name__, str(error).replace(f"for rank {rank}", "for this rank")
    return found


def on_gpus(folder):
    """Be one of two ranks with a GPU each, and go through the cases of two ranks."""
    mesh = init_device_mesh("cuda", (2,))
    found = {str(case): on_rank(case, mesh) for case in cases() if case.ranks == 2}
    return tree_map_only(torch.Tensor, torch.Tensor.cpu, found)


def work(folder):
    """Be one of four ranks, and go through all cases."""
    meshes = {ranks: DeviceMesh("cpu", list(range(ranks))) for ranks in (1, 2, 4)}
    rank, results = dist.get_rank(), {}
    for case in cases():
        if rank < case.ranks:
            results[str(case)] = on_rank(case, meshes[case.ranks])
    results["counted"] = {name: counted(name, meshes[4], (1, 1, 1, 1)) for name in ROUTERS}
    results["checkpoints"] = checkpoints(folder, meshes)
    results["moved"] = moved(folder, meshes)
    for router in ("soft", "tokens choice"):
        results["trained", router] = trained_together(router, meshes[4])
    results["converted"] = converted(meshes[4])
    results["errors"] = errors(meshes[4])
    return results
