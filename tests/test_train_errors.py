"""What `train` refuses, and how it stops when a value is not finite."""

import math

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from toy import parameters, toy_data, toy_model

from softmoe_edu.data import Images
from softmoe_edu.training import train
from softmoe_edu.training.evaluation import evaluate, take_snapshot
from softmoe_edu.training.guard import NotFiniteError
from softmoe_edu.training.loop import learning_rate_at

DATA = toy_data(40)


def run(model=None, data=DATA, test=None, **arguments):
    """Train a Toy for some quiet steps."""
    return train(model or toy_model(), data, test, **{"steps": 6, "batch_size": 8, "progress": False} | arguments)


def poisoned(module, value=float("nan")):
    """Make a Toy's module answer with a value that is not finite from the third training step on."""
    model = toy_model()
    calls = []

    def poison(self, args, output):
        calls.append(self.training)
        return output * value if sum(calls) > 2 else output

    model.get_submodule(module).register_forward_hook(poison, prepend=True)
    return model


def test_a_loss_that_is_not_finite_stops_the_run():
    """The error says step, rate and module; parameters and buffers are those of the step before."""
    model = poisoned("norm")
    states = []
    model.register_forward_pre_hook(lambda m, args: states.append(parameters(m)))
    with pytest.raises(NotFiniteError) as caught:
        run(model, learning_rate=0.01)
    rate = learning_rate_at(2, 6, 0.01)
    assert str(caught.value) == (
        f"training must stay finite, got loss nan in step 3 of 6 at learning rate {rate:.3g}: the first output that is "
        "not finite is that of module 'norm' (BatchNorm1d). Lower learning_rate or clip_norm, or look at the data. "
        "The model is as it was before this step, and .history of this error has the 2 steps before"
    )
    assert caught.value.history.steps_done == 2
    assert torch.equal(parameters(model), states[2])
    assert parameters(model).isfinite().all()
    assert all(p.grad is None for p in model.parameters())


def test_infinity_counts_as_not_finite():
    """An infinite output is found where it began."""
    with pytest.raises(NotFiniteError, match=r"that of module 'embed' \(Conv2d\)"):
        run(poisoned("embed", float("inf")))


def test_a_layer_that_refuses_nan_does_not_hide_its_origin():
    """When a module answers NaN tokens with its own ValueError, the module that made them is named."""
    model = poisoned("norm")

    def refuse(module, args):
        if args[0].isnan().any():
            raise ValueError("tokens must be finite")

    model.layer.register_forward_pre_hook(refuse)
    with pytest.raises(NotFiniteError, match=r"no loss in step 3 .* module 'norm'") as caught:
        run(model)
    assert str(caught.value.__cause__) == "tokens must be finite"


def test_where_else_a_value_is_not_finite():
    """A bad image, parameter, auxiliary loss and gradient are each told apart."""
    images = DATA.images.clone()
    images[:, 0, 0, 0] = float("inf")
    bad = Images(images, DATA.labels, num_classes=3, patch_size=2)
    with pytest.raises(NotFiniteError, match="image 0 of the batch"):
        run(data=bad)
    model = toy_model()
    model.head.bias.data[1] = float("nan")
    with pytest.raises(NotFiniteError, match=r"parameter 'head\.bias'"):
        run(model)
    with pytest.raises(NotFiniteError, match="the auxiliary loss is inf"):
        run(auxiliary=lambda routings: torch.tensor(float("inf")))
    model = toy_model()
    model.embed.weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(NotFiniteError, match=r"gradient of parameter 'embed\.weight'"):
        run(model, clip_norm=None)


class Wrong(Dataset):
    """Forty items, each the given one."""

    def __init__(self, *item):
        self.item = item

    def __len__(self):
        return 40

    def __getitem__(self, i):
        return self.item


def answering(change):
    """A Toy whose answer is changed in some way."""
    model = toy_model()
    model.register_forward_hook(lambda module, args, logits: change(logits))
    return model


BAD = [
    ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
    ({"steps": 2.0}, TypeError, "steps must be a whole number, got 2.0"),
    ({"batch_size": 41}, ValueError, "batch_size must be at most the 40 images of train_data, got 41"),
    ({"data": DATA[:0]}, ValueError, "train_data must hold at least one image, got none"),
    ({"test": DATA[:0]}, ValueError, "test_data must hold at least one image, got none"),
    ({"data": DataLoader(DATA)}, TypeError, "train_data must be a map-style .* got DataLoader: pass its .dataset"),
    ({"model": nn.Identity()}, ValueError, "model must have parameters, got Identity"),
    ({"model": toy_model().requires_grad_(False)}, ValueError, "model must have a parameter that needs a gradient"),
    ({"data": Wrong(torch.zeros(1, 4, 4).int(), 0)}, TypeError, "images must be floating point, got torch.int32"),
    ({"data": Wrong(torch.zeros(1, 4, 4), 3)}, ValueError, "labels must be from 0 to 2, the model's classes, got 3"),
    ({"data": Wrong(torch.zeros(1, 4, 4), -1)}, ValueError, "labels must be from 0 to 2, the model's classes, got -1"),
    ({"data": Wrong("cat.png", 0)}, TypeError, "an image of the data must be a tensor, got str: convert it"),
    (
        {"data": Wrong(torch.zeros(1, 4, 4), 1.0)},
        TypeError,
        r"one whole number, .* got 1.0 \(float\): return int\(label\)",
    ),
    (
        {"data": Wrong(torch.zeros(1, 4, 4), torch.tensor(1.0))},
        TypeError,
        r"got tensor\(1.\) \(torch.float32\): return",
    ),
    (
        {"data": Wrong(torch.zeros(1, 4, 4), "1")},
        TypeError,
        r"one whole number, .* got '1' \(str\): return int\(label\)",
    ),
    ({"data": Wrong(torch.zeros(1, 4, 4), torch.eye(3)[1])}, TypeError, r"got shape \(3,\): the argmax of a one-hot"),
    ({"data": Wrong(torch.zeros(1, 4, 4), [0, 1, 0])}, TypeError, r"got shape \(3,\): the argmax of a one-hot"),
    ({"data": Wrong(torch.zeros(1, 4, 4), 2**63)}, ValueError, "got 9223372036854775808: classes are counted from 0"),
    ({"resume": {"steps": 3}}, TypeError, "resume must be a History, a path, True or None, got dict"),
    ({"model": answering(lambda logits: (logits, None))}, TypeError, "one floating-point tensor of logits, got tuple"),
    ({"model": answering(lambda logits: {"logits": logits})}, TypeError, "one .* tensor of logits, got dict: wrap it"),
    ({"model": answering(lambda logits: logits.long())}, TypeError, "tensor of logits, got torch.int64: wrap it in a"),
    ({"model": answering(torch.Tensor.detach)}, ValueError, "got logits without a gradient: look for detach"),
    (
        {
            "model": answering(torch.Tensor.detach),
            "auxiliary": lambda routings: sum(r.gates.square().sum() for r in routings.values()),
        },
        ValueError,
        "model must return logits whose gradient reaches a trained parameter",
    ),
    ({"data": Wrong(torch.zeros(1, 4, 4), torch.tensor([1]))}, TypeError, r"got shape \(1,\): take the number out"),
    ({"data": Wrong(torch.zeros(1, 4, 4))}, TypeError, r"an item of the data must be \(image, label\), got tuple"),
    ({"learning_rate": -1.0}, ValueError, "learning_rate must be a finite number of at least 0, got -1.0"),
    ({"clip_norm": math.nan}, ValueError, "clip_norm must be a finite number of at least 0, got nan"),
    ({"warmup": 0.6}, ValueError, "warmup must be at most 0.5, .* got 0.6"),
    ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ({"evaluate_every": 0}, ValueError, "evaluate_every must be at least 1, got 0"),
    ({"evaluate_every": 2}, ValueError, "evaluate_every needs data to evaluate: pass test_data"),
    ({"checkpoint_every": 2}, ValueError, "checkpoint_every needs a file to write to: pass checkpoint=path"),
    (
        {"checkpoint": "nowhere/run.pt"},
        FileNotFoundError,
        "checkpoint must be in a folder that exists, got 'nowhere/run.pt': make the folder first",
    ),
    ({"snapshot_at": (7,)}, ValueError, "snapshot_at must be at most the 6 steps of the run, got 7: -1 is the end"),
    (
        {"snapshot_at": (0,), "snapshot_images": torch.zeros(2, 1, 4, 4).int()},
        TypeError,
        "snapshot_images must be a floating-point tensor .*, got torch.int32: take them from the data",
    ),
    ({"snapshot_at": (0,), "snapshot_images": [1.0]}, TypeError, "snapshot_images must be a .* tensor .*, got list"),
    (
        {"snapshot_at": (-1,), "snapshot_images": torch.zeros(4, 1, 4, 4), "model": toy_model(examples_per_group=3)},
        ValueError,
        r"N a positive multiple of 3, the examples of a group, got \(4, 1, 4, 4\): take other images",
    ),
    ({"snapshot_at": 0}, TypeError, r"snapshot_at must be a sequence of steps, got 0: write \(0,\)"),
    ({"learning_rate": "0.1"}, TypeError, r"learning_rate must be a number, got '0.1' \(str\)"),
    ({"weight_decay": None}, TypeError, r"weight_decay must be a number, got None \(NoneType\)"),
    ({"checkpoint": "."}, IsADirectoryError, r"checkpoint must name a file, got the folder '.': add a name such as"),
    ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
    ({"auxiliary": torch.ones(())}, TypeError, "auxiliary must be a function .* got Tensor: pass the function itself"),
    (
        {"auxiliary": lambda routings: torch.ones(()), "model": toy_model(routed=False)},
        ValueError,
        "auxiliary needs a routing, got a model without a router",
    ),
    (
        {"model": nn.Conv2d(1, 3, 2)},
        ValueError,
        r"model must return logits \(batch, classes\) with batch=8, got \(8, 3, 3, 3\)",
    ),
]


@pytest.mark.bad_input
@pytest.mark.parametrize("arguments, kind, sentence", BAD)
def test_bad_arguments_are_answered(arguments, kind, sentence):
    """A wrong argument gets a sentence with what was expected, what came, and what to do."""
    with pytest.raises(kind, match=sentence):
        run(**arguments)


@pytest.mark.bad_input
def test_images_of_two_shapes_are_answered():
    """Items that cannot be stacked are named by their shapes."""

    class Growing(Wrong):
        def __getitem__(self, i):
            return torch.zeros(1, 4, 4 + i % 2), 0

    with pytest.raises(ValueError, match=r"images must have one shape, got \(1, 4, 4\), \(1, 4, 5\)"):
        run(data=Growing())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_a_model_of_another_dtype_than_the_data_is_answered(dtype):
    """Training, evaluating and taking snapshots say which dtypes do not fit, and both ways out."""
    model = toy_model().to(dtype)
    said = rf"images must have the dtype of the model's parameters, {dtype}, got torch.float32: convert the model with "
    said += rf"model.to\(torch.float32\), or the images with images.to\({dtype}\)"

    for look in (
        lambda: run(model),
        lambda: evaluate(model, DATA),
        lambda: run(model, snapshot_at=(0,)),
        lambda: take_snapshot(model, DATA.images[:2]),
    ):
        with pytest.raises(TypeError, match=said):
            look()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_data_of_the_models_dtype_train(dtype):
    """A float64 or bfloat16 model learns from images of its own dtype, and a model may convert them itself."""
    own = Images(DATA.images.to(dtype), DATA.labels, num_classes=3, patch_size=2)
    assert run(toy_model().to(dtype), own, own, snapshot_at=(-1,)).steps_done == 6

    converting = toy_model().to(dtype)
    converting.register_forward_pre_hook(lambda module, args: (args[0].to(dtype),))
    assert run(converting, DATA, DATA, snapshot_at=(-1,)).steps_done == 6


def test_an_error_that_no_dtype_explains_is_left_alone():
    """A model that fails on images of its own dtype, or on both, tells what it tells."""
    for model in (toy_model(), toy_model().double()):
        model.head = nn.Linear(5, 3)
        with pytest.raises(RuntimeError, match=r"cannot be multiplied|same dtype|Input type"):
            run(model)
