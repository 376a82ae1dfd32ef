"""The loop inside `train`: whole actions, one after the other."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from softmoe_edu.files import StrPath
from softmoe_edu.modes import modes_kept
from softmoe_edu.names import plain_name
from softmoe_edu.routing import record
from softmoe_edu.seeds import set_seed, stream_seed
from softmoe_edu.text import plural
from softmoe_edu.training.auxiliary import Auxiliary, auxiliary_loss
from softmoe_edu.training.batches import STEP, ImageData, batch_indices, read_batch
from softmoe_edu.training.checkpoint import save_checkpoint
from softmoe_edu.training.evaluation import (
    accuracy,
    check_logits,
    classify,
    device_of,
    evaluate,
    mean_drop,
    take_snapshot,
)
from softmoe_edu.training.guard import Interruption, NotFiniteError, find_not_finite
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import identity_of
from softmoe_edu.watch import RoutingWatch


def learning_rate_at(step: int, steps: int, peak: float, warmup: float = 0.05) -> float:
    """Return the learning rate of a step, from 0 to steps - 1.

    It rises linearly to peak over the first round(warmup * steps) steps, stays there, and falls linearly over the
    second half; one more step would have rate 0.

    Args:
        step: The step, from 0.
        steps: Steps of the run.
        peak: The highest rate.
        warmup: Fraction of the steps in which the rate rises, at most 0.5.
    """
    rise = (step + 1) / max(1, round(warmup * steps))
    return peak * min(1.0, rise, 2 * (steps - step) / steps)


class Run:
    """A run between two whole steps. An action that is broken off leaves model and history as they were."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        history: History,
        train_data: ImageData,
        test_data: ImageData | None,
        *,
        auxiliary: Auxiliary | None,
        snapshot_images: Tensor | None,
        checkpoint: StrPath | None,
        checkpoint_every: int | None,
        watch: RoutingWatch | None = None,
    ):
        self.watch = watch
        self.model, self.optimizer, self.history = model, optimizer, history
        self.train_data, self.test_data, self.auxiliary = train_data, test_data, auxiliary
        self.snapshot_images, self.checkpoint, self.checkpoint_every = snapshot_images, checkpoint, checkpoint_every
        self.parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.device = device_of(model)
        self.saved_at = history.steps_done
        self.show: Callable[[dict[str, int | float]], None] = lambda row: None
        self.began = history.state["identity"]["began"]

    def go(self, progress: bool) -> None:
        """Act until nothing is due, then leave the model's state in the history."""
        with modes_kept(self.model), self.interruptible() as self.interruption, self.showing(progress):
            self.model.train()
            self.history.interrupted = False
            try:
                while action := self.next_action():
                    if self.stops():
                        self.history.interrupted = True
                        break
                    action()
                self.keep()
            except BaseException as error:
                stopped = isinstance(error, KeyboardInterrupt)
                self.history.interrupted |= stopped
                error.history = self.history  # type: ignore[attr-defined]
                self.keep_in_spite(write=stopped)
                if not stopped or self.interruption.insisted:
                    raise

    def interruptible(self) -> Interruption:
        """Return what turns a signal into a request to stop."""
        return Interruption()

    def stops(self) -> bool:
        """Return whether to stop before the next action."""
        return self.interruption.requested

    def keep_in_spite(self, write: bool) -> None:
        """Keep the state after an error; a second one hides it only where a file is lost, and carries the history."""
        try:
            self.keep(write)
        except BaseException as second:
            second.history = self.history  # type: ignore[attr-defined]
            if write:
                raise

    def next_action(self) -> Callable[[], None] | None:
        """Return what is due after the steps done so far; None at the end."""
        history, done = self.history, self.history.steps_done
        settings, end = history.settings, history.settings["steps"]
        if done in settings["snapshot_at"] and done not in history.snapshots:
            return self.take_snapshot
        due = done == end or (done > 0 and done % (settings["evaluate_every"] or end) == 0)
        if self.test_data is not None and due and done not in history.tests_log["step"]:
            return self.evaluate
        if done == end:
            return None
        if self.checkpoint_every and done % self.checkpoint_every == 0 and done != self.saved_at:
            return self.save
        return self.step

    def take_snapshot(self) -> None:
        """Keep how the model routes the snapshot's images now."""
        done, seed = self.history.steps_done, self.history.settings["seed"]
        assert self.snapshot_images is not None  # `train` takes some where snapshots are asked for
        self.history.snapshots[done] = take_snapshot(self.model, self.snapshot_images, seed=seed)

    def evaluate(self) -> None:
        """Log loss and accuracy on the test data."""
        assert self.test_data is not None  # without it no evaluation is due
        size = self.history.settings["batch_size"]
        # A multiple of the training batch divides into groups wherever that does.
        size *= max(1, 256 // size)
        result = evaluate(self.model, self.test_data, size, seed=self.history.settings["seed"])
        with self.interruption.finishing():
            self.log(self.history.tests_log, result._asdict())

    def save(self) -> None:
        """Write the checkpoint."""
        self.keep()
        self.saved_at = self.history.steps_done

    def step(self) -> None:
        """Change the model by one batch and log it."""
        began, done, settings = time.perf_counter(), self.history.steps_done, self.history.settings
        rate = learning_rate_at(done, settings["steps"], settings["learning_rate"], settings["warmup"])
        buffers = [buffer.clone() for buffer in self.model.buffers()]
        # What the caller's own backward pass left behind is no part of this step.
        self.drop_gradients()
        try:
            row = self.gradients(rate)
            with self.interruption.finishing():
                for group in self.optimizer.param_groups:
                    group["lr"] = rate
                self.optimizer.step()
                seconds = time.perf_counter() - began
                self.log(self.history.steps_log, row | {"learning_rate": rate, "seconds": seconds}, after=1)
        except BaseException:
            if self.history.steps_done == done:
                for buffer, value in zip(self.model.buffers(), buffers, strict=False):
                    buffer.copy_(value)
            raise
        finally:
            self.drop_gradients()
        self.show(row)

    def drop_gradients(self) -> None:
        """Do what the optimizer's own zero_grad does, without its profiler's mark, which costs more than the rest."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradients(self, rate: float) -> dict[str, int | float]:
        """Compute the clipped gradients of the next batch and return what is logged of it.

        Raises:
            NotFiniteError: If the loss or a gradient is not finite.
        """
        done, settings = self.history.steps_done, self.history.settings
        seed = self.seed_of(done)
        set_seed(self.device, seed)
        index = self.own(batch_indices(len(self.train_data), settings["batch_size"], settings["seed"], done))
        images, labels = read_batch(self.train_data, index)
        try:
            with record(self.model) as routings:
                logits = classify(self.model, images)
            check_logits(logits, labels)
        except ValueError as error:
            # Layers refuse NaN tokens themselves on the CPU.
            set_seed(self.device, seed)
            where = self.first_not_finite(images)
            if where is None:
                raise
            raise self.not_finite("no loss", rate, where) from error
        labels = labels.to(self.device)
        loss, extra = F.cross_entropy(logits, labels), logits.new_zeros(())
        if not loss.requires_grad:
            raise ValueError(
                "model must return logits whose gradient reaches a trained parameter, got logits without a "
                "gradient: look for detach() and torch.no_grad() in its forward, and for frozen layers"
            )
        if self.auxiliary is not None:
            extra = auxiliary_loss(self.auxiliary, routings, self.model, self.parameters, loss.device)
        self.backward(loss + extra)
        norm = self.norm()
        figures = (loss, extra, accuracy(logits, labels), mean_drop(routings, self.device))
        wide = torch.promote_types(loss.dtype, torch.float32)
        values = self.read(torch.stack([figure.detach().to(wide) for figure in (*figures, norm)]))
        row = dict(zip(("loss", "auxiliary", "accuracy", "dropped", "norm"), values, strict=True))
        if not all(math.isfinite(row[name]) for name in ("loss", "auxiliary", "norm")):
            set_seed(self.device, seed)
            where = self.first_not_finite(images) or self.beyond_modules(row)
            raise self.not_finite(f"loss {row['loss']:.3g}", rate, where)
        if settings["clip_norm"] is not None:
            self.clip(settings["clip_norm"], norm)
        del row["norm"]
        if self.watch is not None and self.watch.due(done + 1):
            self.watch.see(done + 1, routings)
        return row

    def seed_of(self, done: int) -> int:
        """Return the seed of the noise in the step after so many."""
        return stream_seed(self.history.settings["seed"], STEP, done)

    def own(self, index: Tensor) -> Tensor:
        """Return which images of a batch this process takes."""
        return index

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of the whole batch's loss, given that of this process's images."""
        loss.backward()

    def norm(self) -> Tensor:
        """Return the length of the whole gradient."""
        return get_total_norm([p.grad for p in self.parameters if p.grad is not None])

    def clip(self, longest: float, norm: Tensor) -> None:
        """Shorten the whole gradient, of this length, to at most the longest."""
        clip_grads_with_norm_(self.parameters, longest, norm)

    def read(self, figures: Tensor) -> list[float]:
        """Read a step's figures for the whole batch, with one look at the device; the last is already the norm."""
        return figures.tolist()

    def first_not_finite(self, images: Tensor) -> str | None:
        """Return what is the first in the model that is not finite for these images, if anything is."""
        return find_not_finite(self.model, images.to(self.device))

    def beyond_modules(self, row: dict[str, int | float]) -> str:
        """Return what is not finite when every module's output is."""
        if not math.isfinite(row["loss"]):
            return "every module's output is finite, and the cross entropy of the logits is not"
        if not math.isfinite(row["auxiliary"]):
            return f"the auxiliary loss is {row['auxiliary']:.3g}"
        for name, parameter in self.model.named_parameters():
            if parameter.grad is not None and not parameter.grad.isfinite().all():
                return f"the gradient of parameter {name!r} has a value that is not finite"
        return "every gradient is finite, and the length of all together is not"

    def not_finite(self, what: str, rate: float, where: str) -> NotFiniteError:
        """Return the error that says where a run became not finite."""
        done, steps = self.history.steps_done, self.history.settings["steps"]
        return NotFiniteError(
            f"training must stay finite, got {what} in step {done + 1} of {steps} at learning rate {rate:.3g}: "
            f"{where}. Lower learning_rate or clip_norm, or look at the data. "
            f"The model is as it was before this step, and .history of this error has the {plural(done, 'step')} before"
        )

    def log(self, table: dict[str, list[int | float]], row: dict[str, int | float], after: int = 0) -> None:
        """Append a row under the number of steps done, plus `after`."""
        row = row | {"step": self.history.steps_done + after}
        for name, values in table.items():
            values.append(row[name])

    def keep(self, write: bool = True) -> None:
        """Leave a copy of the model's and the optimizer's state in the history, and write the checkpoint."""
        # Without a state, rather than with that of fewer steps, if it cannot be copied.
        self.history.state = {}
        self.history.state = self.state()
        if write and self.checkpoint is not None:
            save_checkpoint(self.checkpoint, self.history)

    def state(self) -> dict[str, Any]:
        """Copy the state of the model, by its plain names, and of the optimizer, and say what the run is made of."""
        own = {plain_name(self.model, name): value for name, value in self.model.state_dict().items()}
        identity = {"began": self.began, "left": identity_of(self.model, self.auxiliary)}
        return copy.deepcopy({"model": own, "optimizer": self.optimizer.state_dict(), "identity": identity})

    @contextmanager
    def showing(self, progress: bool) -> Iterator[None]:
        """Show a progress bar inside the block."""
        if not progress:
            yield
            return
        from tqdm.auto import tqdm

        with tqdm(total=self.history.settings["steps"], initial=self.history.steps_done, unit="step") as bar:

            def show(row: dict[str, int | float]) -> None:
                shown = {"loss": f"{row['loss']:.3f}", "accuracy": f"{row['accuracy']:.0%}"}
                if self.watch is not None:
                    bar.set_description_str(str(self.watch), refresh=False)
                elif not math.isnan(row["dropped"]):
                    shown["dropped"] = f"{row['dropped']:.0%}"
                bar.set_postfix(shown, refresh=False)
                bar.update()

            self.show = show
            yield
