"""Functions across two processes: a call goes over a pipe, and so does the gradient that is asked of it later.

Both sides are alike. A function that one side names in a message is called by the other through `Far`; calls nest, so
that an answer can be called with functions of the grader, which are called back. Of a call that built a graph, each
side keeps its part, and a node in the graph of the caller (`_Node`) asks for the gradient. Tensors in which a call
writes, and lists that it changes, are changed at the caller's too.
"""

import contextlib
import inspect
import itertools
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import RawIOBase

import numpy as np
import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.autograd.function import once_differentiable

from softmoe_edu.teaching.check.asserted import failed_assert
from softmoe_edu.teaching.check.attempt import told_of
from softmoe_edu.teaching.check.elsewhere import raised_elsewhere
from softmoe_edu.teaching.check.isolation.isolated import ENDS, Gone, TimeUp, UsedReference
from softmoe_edu.teaching.grading import wire
from softmoe_edu.teaching.grading.wire import Torn

ENDED = {"time": TimeUp, "exit": SystemExit, "borrowed": UsedReference}
CAN_WAIT = os.name == "posix"  # for a pipe
LIVES = 30  # calls within calls
SHOWN = 80  # characters of an object that cannot be sent


@dataclass
class _Served:
    """The part of a graph that one call built: what a gradient can be asked for, and of what."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    captured: list[Tensor]


class Link:
    """One end of a connection.

    Args:
        reader: Where messages come from; without a buffer.
        writer: Where they go; without a buffer.
        around: What every call of a function of this side runs in.
        most: Bytes of numbers that one call of the other side may bring; None for all that a message can hold.
    """

    def __init__(
        self,
        reader: RawIOBase,
        writer: RawIOBase,
        *,
        around: Callable[[], AbstractContextManager] = contextlib.nullcontext,
        most: int | None = None,
    ) -> None:
        self._reader, self._writer = reader, writer
        self.around, self._most = around, most
        self.broken = ""
        self.owes = False  # whether the other side waits for an answer
        self._exports: dict[int, object] = {}
        self._numbers: dict[int, int] = {}
        self._calls: dict[int, _Served] = {}
        self._written: list[tuple[Tensor, Tensor]] = []
        self._next = itertools.count(1)
        self._depth = 0

    def forget(self) -> None:
        """Drop the functions and graphs of both sides' calls so far."""
        self._exports.clear()
        self._numbers.clear()
        self._calls.clear()
        self._written.clear()
        self._depth = 0

    # Messages

    def send(self, message: dict, buffers: list[bytes] | None = None) -> None:
        """Send one message."""
        try:
            with whole_messages():
                self.owes = self._depth > 0
                wire.send(self._writer, message, buffers or [])
        except (OSError, ValueError) as error:
            self.broken = "it ended"
            raise Gone("the process of the answer has ended") from error

    def receive(self) -> tuple[dict, list[bytearray]]:
        """Return the next message; whatever else comes breaks the link."""
        try:
            if CAN_WAIT:
                select.select([self._reader], [], [])
            with whole_messages():
                message, numbers = wire.receive(self._reader)
                self.owes = self.owes or message.get("do") in ("begin", "call", "vjp")
                return message, numbers
        except Torn as error:
            self.broken = f"it sent {error}"
            raise Gone(f"the process of the answer sent {error}") from None
        except (EOFError, OSError, ValueError) as error:
            self.broken = "it ended"
            raise Gone("the process of the answer has ended") from error

    def ask(self, message: dict, buffers: list[bytes] | None = None) -> tuple[dict, list[bytearray]]:
        """Send a message and return the answer to it; meanwhile the other side may call back."""
        before, self.broken = self.broken, self.broken or "a call was left"
        with self._whole():
            self.send(message, buffers)
            while True:
                answer, numbers = self.receive()
                if answer.get("do") not in ("call", "vjp"):
                    break
                self.serve(answer, numbers)
            self.broken = before
            error = self._error(answer) if answer.get("do") == "raise" else None
        if isinstance(error, tuple(ENDED.values())):
            self.broken = ""  # the other side has left all of its calls
        if error:
            raise error
        return answer, numbers

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """Break the link where a message is none."""
        try:
            yield
        except Torn as error:
            self.broken = f"it sent {error}"
            raise Gone(f"the process of the answer sent {error}") from None

    # Calls of the other side's functions

    def call(self, number: int, args: tuple, kwargs: dict, state: list[Tensor] | None = None) -> object:
        """Call a function of the other side."""
        buffers: list[bytes] = []
        tensors: list[Tensor] = []
        lists = [each for each in args if isinstance(each, list)]
        message = {
            "do": "call",
            "number": number,
            "args": [self._out(each, buffers, tensors) for each in args],
            "kwargs": {name: self._out(each, buffers, tensors) for name, each in kwargs.items()},
            "state": None if state is None else [self._out(each, buffers, tensors) for each in state],
            "grad": torch.is_grad_enabled(),
        }
        answer, numbers = self.ask(message, buffers)
        with self._whole():
            return self._returned(answer, numbers, tensors, lists)

    def _returned(self, answer: dict, numbers: list[bytearray], tensors: list[Tensor], lists: list[list]) -> object:
        """Return what a call returned, with a node for its gradient, and change what it changed."""
        with _kept_to_the_rules():
            for place, change in answer["changes"]:
                if "values" in change and self._depth:
                    self._written.append((tensors[place], tensors[place].detach().clone()))
                _apply(tensors[place], change, numbers)
            for place, items in answer["lists"]:
                lists[place][:] = [self._in(each, numbers, []) for each in items]
            outputs: list[Tensor] = []
            value = self._in(answer["value"], numbers, outputs)
            captured = [self._leaf_in(each) for each in answer["captured"]]
            needs = [bool(flag) for flag in answer["needs"]]
            if len(needs) != len(outputs):
                raise Torn("another number of outputs")
        if any(needs):
            with torch.enable_grad():
                linked = iter(_Node.apply(self, answer["served"], outputs, needs, *tensors, *captured))
            value = _exchanged(value, linked)
        return value

    def gradient(self, number: int, slopes: tuple[Tensor | None, ...]) -> list[Tensor | None]:
        """Return the gradient of a served call's inputs, and of what it captured, for these slopes of its outputs."""
        buffers: list[bytes] = []
        slots = [None if each is None else wire.tensor_out(each, buffers) for each in slopes]
        answer, numbers = self.ask({"do": "vjp", "served": number, "slopes": slots}, buffers)
        with self._whole(), _kept_to_the_rules():
            return [None if each is None else wire.tensor_in(each, numbers) for each in answer["slopes"]]

    # Calls of this side's functions

    def serve(self, message: dict, numbers: list[bytearray]) -> None:
        """Do what a message asks and answer it. What ends a check as a whole is raised here, and not sent."""
        self._depth += 1
        try:
            if self._depth > LIVES:
                raise RecursionError("functions call each other without an end")
            brought = sum(map(len, numbers))
            if self._most is not None and brought > self._most:
                raise ValueError(f"a call brings {brought} bytes of numbers; the grader takes up to {self._most}")
            with self.around():
                answer, buffers = (
                    self._called(message, numbers) if message["do"] == "call" else self._asked(message, numbers)
                )
        except (Torn, Gone):
            raise
        except KeyboardInterrupt as error:
            if self._most is not None:  # the teacher's own
                raise
            answer, buffers = self._account(error), []
        except ENDS:
            raise
        except BaseException as error:
            answer, buffers = self._account(error), []
        finally:
            self._depth -= 1
        self.send(answer, buffers)

    def _called(self, message: dict, numbers: list[bytearray]) -> tuple[dict, list[bytes]]:
        with _kept_to_the_rules():
            function = self._exports[message["number"]]
            given: list[Tensor] = []
            args = [self._in(each, numbers, given) for each in message["args"]]
            kwargs = {str(name): self._in(each, numbers, given) for name, each in message["kwargs"].items()}
            state = message["state"] and [self._in(each, numbers, given) for each in message["state"]]
        lists = [(each, list(each)) for each in args if isinstance(each, list)]
        inputs = [each if each.is_leaf else _leaf_of(each) for each in given]
        before = [(each.detach().clone(), each.requires_grad) for each in given]
        # Where the lines are that an error is looked for in.
        self._function = type(function).forward if isinstance(function, nn.Module) else function
        with torch.set_grad_enabled(bool(message["grad"])):
            if state is not None and isinstance(function, nn.Module):
                names = [name for name, _ in _state_of(function)]
                value = torch.func.functional_call(function, dict(zip(names, state, strict=True)), tuple(args), kwargs)
            else:
                value = function(*args, **kwargs)
        buffers: list[bytes] = []
        outputs: list[Tensor] = []
        encoded = self._out(value, buffers, outputs, whole=True)
        captured = _captured([each for each in outputs if each.requires_grad], inputs)
        served = next(self._next)
        if any(each.requires_grad for each in outputs):
            self._calls[served] = _Served(inputs, outputs, captured)
        changes = [
            (place, _change(now, *then, buffers)) for place, (now, then) in enumerate(zip(given, before, strict=True))
        ]
        answer = {
            "do": "return",
            "served": served,
            "value": encoded,
            "needs": [each.requires_grad for each in outputs],
            "captured": [self._leaf_out(each) for each in captured],
            "changes": [(place, change) for place, change in changes if change],
            "lists": [
                (place, [self._out(each, buffers, []) for each in now])
                for place, (now, then) in enumerate(lists)
                if len(now) != len(then) or any(a is not b for a, b in zip(now, then, strict=True))
            ],
        }
        if self._depth == 1:
            self._undo({id(each) for each in given})
        return answer, buffers

    def _undo(self, own: set[int]) -> None:
        """Put back tensors that outlive this call, and into which the other side's functions wrote."""
        with torch.no_grad():
            for tensor, before in reversed(self._written):
                if id(tensor) not in own and tensor.shape == before.shape:
                    tensor.detach().copy_(before)
        self._written.clear()

    def _asked(self, message: dict, numbers: list[bytearray]) -> tuple[dict, list[bytes]]:
        with _kept_to_the_rules():
            served = self._calls[message["served"]]
            slopes = [None if each is None else wire.tensor_in(each, numbers) for each in message["slopes"]]
            pairs = [(o, s) for o, s in zip(served.outputs, slopes, strict=True) if s is not None and o.requires_grad]
        sources = [*served.inputs, *served.captured]
        wanted = [each for each in sources if each.requires_grad]
        found: list[Tensor | None] = [None] * len(wanted)
        if pairs and wanted:
            found = list(
                torch.autograd.grad(
                    [o for o, _ in pairs], wanted, [s for _, s in pairs], allow_unused=True, retain_graph=True
                )
            )
        at = iter(found)
        buffers: list[bytes] = []
        slots = [next(at) if each.requires_grad else None for each in sources]
        return {"do": "return", "slopes": [None if s is None else wire.tensor_out(s, buffers) for s in slots]}, buffers

    # Errors

    def _account(self, error: BaseException) -> dict:
        function = getattr(self, "_function", None)
        told = told_of(error, function) if callable(function) else ("", "", "")
        asserted = failed_assert(error) if isinstance(error, AssertionError) else ""
        try:
            text = str(error)[: wire.WORDS]
        except Exception:
            text = ""
        name = type(error).__name__
        bases = [each.__name__ for each in type(error).__mro__]
        return {"do": "raise", "name": name, "bases": bases, "text": text, "told": told, "asserted": asserted}

    def _error(self, answer: dict) -> BaseException:
        with _kept_to_the_rules():
            if kind := ENDED.get(answer.get("ends")):
                return kind(str(answer.get("text", ""))[:SHOWN])
            line, where, unwritten = map(str, answer["told"])
            words = {"text": answer["text"], "line": line, "where": where, "unwritten": unwritten}
            words["asserted"] = answer["asserted"]
            return raised_elsewhere(
                str(answer["name"]), list(map(str, answer["bases"])), **{k: str(v) for k, v in words.items()}
            )

    # Values

    def export(self, value: Callable) -> int:
        """Return the number by which the other side may call this."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = number = next(self._next)
            self._exports[number] = value
        return self._numbers[id(value)]

    def _out(
        self, value: object, buffers: list, tensors: list[Tensor], *, whole: bool = False, depth: int = 0
    ) -> object:
        """Return a value as JSON; its tensors are added to the list. whole: a module goes with its parameters."""
        if value is None or isinstance(value, bool | float):
            return value if type(value) in (type(None), bool) else float(value)
        if isinstance(value, int) and value.bit_length() <= wire.DIGITS:
            return int(value)
        if isinstance(value, str):
            return str(value)[: wire.WORDS]
        if isinstance(value, Tensor) and wire.can_cross(value):
            tensors.append(value)
            return wire.tensor_out(value, buffers) | {"grad": value.requires_grad, "leaf": value.is_leaf}
        if (
            isinstance(value, np.ndarray | np.generic)
            and value.dtype.str in wire.NUMPY
            and value.nbytes <= wire.MOST // 4
        ):
            return wire.array_out(value, buffers)
        if isinstance(value, torch.dtype):
            return {"dtype_": str(value)[6:]}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if isinstance(value, list | tuple | dict) and depth < wire.DEEPEST and len(value) <= wire.ITEMS:
            kind = next(each for each in (list, tuple, dict) if isinstance(value, each))
            items = [pair for each in value.items() for pair in each] if kind is dict else value
            return {kind.__name__: [self._out(each, buffers, tensors, depth=depth + 1) for each in items]}
        if isinstance(value, Far | _FarModule) and value._link is self:
            return {"yours": value._number}
        if whole and isinstance(value, nn.Module):
            return self._module_out(value, buffers, tensors)
        if callable(value) and not isinstance(value, type):
            name = str(getattr(value, "__name__", type(value).__name__))
            return {"function": self.export(value), "name": name, "signature": _signature_out(value)}
        module = isinstance(value, type) and issubclass(value, nn.Module)
        return {"object": value.__name__ if module else type(value).__name__, "words": _words(value), "class": module}

    def _in(self, value: object, numbers: list[bytearray], tensors: list[Tensor], depth: int = 0) -> object:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if depth > wire.DEEPEST or not isinstance(value, dict):
            raise Torn("a value that is none")
        if "tensor" in value:
            tensor = wire.tensor_in(value, numbers)
            if (
                value.get("grad")
                and (tensor.is_floating_point() or tensor.is_complex())
                and tensor.layout == torch.strided
            ):
                tensor.requires_grad_()
                if not value.get("leaf"):
                    with torch.enable_grad():
                        source, tensor = tensor, tensor.clone()
                    tensor.source = source
            tensors.append(tensor)
            return tensor
        if "array" in value:
            return wire.array_in(value, numbers)
        if "dtype_" in value:
            return wire.DTYPES[value["dtype_"]]
        if "device" in value:
            return torch.device(value["device"])
        for kind in (list, tuple, dict):
            if kind.__name__ in value:
                items = [self._in(each, numbers, tensors, depth + 1) for each in value[kind.__name__]]
                return dict(zip(items[::2], items[1::2], strict=True)) if kind is dict else kind(items)
        if "yours" in value:
            return self._exports[value["yours"]]
        if "module" in value:
            return self._module_in(value, numbers, tensors)
        if "function" in value:
            return Far(self, int(value["function"]), str(value["name"])[:SHOWN], value["signature"])
        return _stand_in(value)

    def _module_out(self, module: nn.Module, buffers: list, tensors: list[Tensor]) -> dict:
        state = [
            (name, self._out(each.detach(), buffers, []), isinstance(each, nn.Parameter), each.requires_grad)
            for name, each in _state_of(module)
        ]
        own = type(module).forward is not nn.Module.forward
        signature = _signature_out(module.forward) if own else None
        number = self.export(module)
        return {"module": number, "name": type(module).__name__, "state": state, "own": own, "signature": signature}

    def _module_in(self, value: dict, numbers: list[bytearray], tensors: list[Tensor]) -> "nn.Module":
        name = str(value["name"])
        methods: dict[str, object] = {}
        if value["own"]:

            def forward(self: _FarModule, *args: object, **kwargs: object) -> object:
                return self._link.call(self._number, args, kwargs, [each for _, each in _state_of(self)])

            forward.__signature__ = _signature_in(value["signature"], own=True)
            methods["forward"] = forward
        module = type(name if name.isidentifier() else "Module", (_FarModule,), methods)(self, int(value["module"]))
        for path, about, learned, grad in value["state"]:
            tensor = self._in(about, numbers, [])
            *parents, last = str(path).split(".")
            owner: nn.Module = module
            for parent in parents:
                if not hasattr(owner, parent):
                    owner.add_module(parent, nn.Module())
                owner = getattr(owner, parent)
            if learned:
                owner.register_parameter(last, nn.Parameter(tensor, requires_grad=bool(grad)))
            else:
                owner.register_buffer(last, tensor)
        return module

    def _leaf_out(self, leaf: Tensor) -> dict:
        known = getattr(leaf, "far", None)
        if known and known[0] is self:
            return {"yours": known[1]}
        self._numbers.setdefault(id(leaf), next(self._next))
        number = self._numbers[id(leaf)]
        self._exports[number] = leaf
        return {"leaf": number, "dtype": str(leaf.dtype)[6:], "shape": list(leaf.shape)}

    def _leaf_in(self, value: dict) -> Tensor:
        if "yours" in value:
            return self._exports[value["yours"]]
        # One number spread over the shape: it only stands in the graph.
        leaf = torch.zeros((), dtype=wire.DTYPES[value["dtype"]]).expand(value["shape"]).requires_grad_()
        leaf.far = (self, int(value["leaf"]))
        return leaf


class _Node(torch.autograd.Function):
    """A call in the graph of its caller."""

    @staticmethod
    def forward(ctx, link: Link, served: int, outputs: list[Tensor], needs: list[bool], *inputs: Tensor) -> tuple:
        ctx.link, ctx.served, ctx.count = link, served, len(inputs)
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(each for each, need in zip(outputs, needs, strict=True) if not need))
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, *slopes: Tensor | None) -> tuple:
        found = ctx.link.gradient(ctx.served, slopes)
        if len(found) != ctx.count:
            raise RuntimeError(f"expected {ctx.count} gradients from the other process, got {len(found)}")
        return (None, None, None, None, *found)


class _Transformed(torch.autograd.Function):
    """A call inside vmap, grad or jacrev, whose tensors have numbers only further down: one call for each example."""

    @staticmethod
    def forward(far: "Far", others: tuple, places: tuple[int, ...], *tensors: Tensor) -> Tensor:
        given = list(others)
        for place, tensor in zip(places, tensors, strict=True):
            given[place] = tensor
        return far(*given)

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: Tensor) -> None:
        ctx.far, ctx.others, ctx.places, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple:
        needs = ctx.needs_input_grad[3:]
        slopes = _Slopes.apply(ctx.far, ctx.others, ctx.places, needs, slope, *ctx.saved_tensors)
        return (None, None, None, *(each if need else None for each, need in zip(slopes, needs, strict=True)))

    @staticmethod
    def vmap(info, dims: tuple, far: "Far", others: tuple, places: tuple[int, ...], *tensors: Tensor) -> tuple:
        each = _examples(info.batch_size, dims[3:], tensors)
        return torch.stack([_Transformed.apply(far, others, places, *example) for example in each]), 0


class _Slopes(torch.autograd.Function):
    """The gradient of such a call."""

    @staticmethod
    def forward(
        far: "Far", others: tuple, places: tuple[int, ...], needs: tuple, slope: Tensor, *tensors: Tensor
    ) -> tuple:
        with torch.enable_grad():
            leaves = [each.detach().clone().requires_grad_(need) for each, need in zip(tensors, needs, strict=True)]
            output = _Transformed.forward(far, others, places, *leaves)
            wanted = [each for each in leaves if each.requires_grad]
            passes = isinstance(output, Tensor) and output.requires_grad
            found = torch.autograd.grad(output, wanted, slope, allow_unused=True) if passes else [None] * len(wanted)
        slopes = iter(found)
        given = (next(slopes) if each.requires_grad else None for each in leaves)
        return tuple(torch.zeros_like(leaf) if each is None else each for each, leaf in zip(given, leaves, strict=True))

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: tuple) -> None:
        """Nothing is kept: there is no gradient of a gradient."""

    @staticmethod
    @once_differentiable
    def backward(ctx, *slopes: Tensor) -> tuple:
        raise RuntimeError("the gradient of a gradient does not reach a function of another process")

    @staticmethod
    def vmap(info, dims: tuple, far: "Far", others: tuple, places: tuple, needs: tuple, *tensors: Tensor) -> tuple:
        each = _examples(info.batch_size, dims[4:], tensors)
        rows = [_Slopes.apply(far, others, places, needs, *example) for example in each]
        return tuple(map(torch.stack, zip(*rows, strict=True))), (0,) * len(rows[0])


def _examples(count: int, dims: tuple, tensors: tuple[Tensor, ...]) -> Iterator[list[Tensor]]:
    """Yield, for each example of a batch, its part of each tensor; dims says along which axis, None for all of it."""
    for i in range(count):
        yield [each if dim is None else each.select(dim, i) for each, dim in zip(tensors, dims, strict=True)]


class Far:
    """A function of the other side."""

    def __init__(self, link: Link, number: int, name: str, signature: list | None) -> None:
        self._link, self._number = link, number
        self.__name__ = self.__qualname__ = name
        if signature is not None:
            self.__signature__ = _signature_in(signature)

    def __call__(self, *args: object, **kwargs: object) -> object:
        if any(isinstance(each, Tensor) and is_functorch_wrapped_tensor(each) for each in args) and not kwargs:
            places = tuple(place for place, each in enumerate(args) if isinstance(each, Tensor))
            others = tuple(None if place in places else each for place, each in enumerate(args))
            return _Transformed.apply(self, others, places, *(args[place] for place in places))
        return self._link.call(self._number, args, kwargs)


class _FarModule(nn.Module):
    """A module of the other side, with its parameters as they were: its forward runs there, with those it has here."""

    def __init__(self, link: Link, number: int) -> None:
        super().__init__()
        self._link, self._number = link, number


@contextlib.contextmanager
def whole_messages() -> Iterator[None]:
    """Hold back the alarm that ends an answer's time, so that no message is left in the middle."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _kept_to_the_rules() -> Iterator[None]:
    """Turn whatever a message lacks into Torn."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as error:
        raise Torn(f"a message that does not fit ({type(error).__name__})") from error


def _leaf_of(tensor: Tensor) -> Tensor:
    return tensor.source


def _state_of(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _captured(outputs: list[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """Return the leaves that these outputs depend on, besides the inputs."""
    known = {id(each) for each in inputs}
    found: dict[int, Tensor] = {id(each): each for each in outputs if each.is_leaf and id(each) not in known}
    seen, waiting = set(), [each.grad_fn for each in outputs if each.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, Tensor) and id(leaf) not in known:
            found[id(leaf)] = leaf
        waiting += [each for each, _ in node.next_functions if each is not None]
    return list(found.values())


def _same(a: Tensor, b: Tensor) -> bool:
    return (
        a.dtype == b.dtype and a.shape == b.shape and bool(torch.equal(wire.raw(a.to_dense()), wire.raw(b.to_dense())))
    )


def _change(now: Tensor, then: Tensor, needed: bool, buffers: list[bytes]) -> dict | None:
    """Return how a call left a tensor that it was given; None where it left it alone."""
    about: dict[str, object] = {}
    if not _same(now.detach(), then) and wire.can_cross(now):
        about["values"] = wire.tensor_out(now, buffers)
    if now.is_leaf and now.requires_grad != needed:
        about["requires_grad"] = now.requires_grad
    if now.is_leaf and now.grad is not None:
        about["slope"] = wire.tensor_out(now.grad, buffers)
    return about or None


def _apply(tensor: Tensor, change: dict, numbers: list[bytearray]) -> None:
    if "requires_grad" in change and tensor.is_leaf:
        tensor.requires_grad_(bool(change["requires_grad"]))
    if "values" in change:
        values = wire.tensor_in(change["values"], numbers)
        if values.shape == tensor.shape:
            tensor.detach().copy_(values)
        else:
            tensor.data = values.to(tensor.dtype)
    if "slope" in change and tensor.is_leaf:
        slope = wire.tensor_in(change["slope"], numbers)
        tensor.grad = slope if tensor.grad is None else tensor.grad + slope


def _exchanged(value: object, linked: Iterator[Tensor]) -> object:
    """Return a value with its tensors, in order, exchanged."""
    if isinstance(value, Tensor):
        return next(linked)
    if isinstance(value, list | tuple):
        return type(value)(_exchanged(each, linked) for each in value)
    if isinstance(value, dict):
        return {key: _exchanged(each, linked) for key, each in value.items()}
    return value


class _Words:
    """What stands for a default that stays where it is."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


def _signature_out(function: Callable) -> list | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except Exception:
        return None
    return [[p.name, int(p.kind), None if p.default is p.empty else _words(p.default)] for p in parameters]


def _signature_in(parameters: list | None, *, own: bool = False) -> inspect.Signature:
    kinds = list(inspect._ParameterKind)
    made = [inspect.Parameter("self", kinds[0])] if own else []
    if parameters is None:
        made += [inspect.Parameter("args", kinds[2]), inspect.Parameter("kwargs", kinds[4])]
    for name, kind, default in parameters or []:
        value = inspect.Parameter.empty if default is None else _Words(str(default))
        made.append(inspect.Parameter(str(name), kinds[kind], default=value))
    return inspect.Signature(made)


def _words(value: object) -> str:
    try:
        return repr(value)[:SHOWN]
    except Exception:
        return f"an object of the class {type(value).__name__}"


def _stand_in(value: dict) -> object:
    """Return an object, or a class of modules, that stands for one that cannot be sent."""
    name, words = str(value["object"])[:SHOWN], str(value["words"])[:SHOWN]
    name = name if name.isidentifier() else "object"
    if value.get("class"):
        return type(name, (nn.Module,), {})
    return type(name, (), {"__repr__": lambda self: words})()
