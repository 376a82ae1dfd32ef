"""A callback for transformers.Trainer: load, drops and entropy of every MoE layer while a model trains."""

from contextlib import ExitStack
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from softmoe_edu.capture.huggingface import Captured, capture
from softmoe_edu.watch import RoutingWatch


class RoutingCallback(TrainerCallback):
    """Look at the routing of a step now and then, and add it to what the Trainer logs.

    watch = RoutingWatch(every=50)
    Trainer(..., callbacks=[RoutingCallback(watch)]).train()
    figures.routing_watch(watch.layers)

    The last batch of a step counts where gradients of several are accumulated. A log line has `router_busiest`,
    `router_dropped` and `router_entropy` of the last look: the largest, the mean and the smallest of all layers.

    Args:
        watch: collects the numbers, and says how often to look; None for a new one.

    Attributes:
        watch: the same.
    """

    def __init__(self, watch: RoutingWatch | None = None):
        self.watch = RoutingWatch() if watch is None else watch
        self._stack = ExitStack()
        self._seen: Captured | None = None

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        """Listen to a step that is due.

        Raises:
            ValueError: the model has no MoE layer, or one that hooks cannot see; see `capture`.
        """
        self._stack.close()
        if self.watch.due(state.global_step + 1):
            self._seen = self._stack.enter_context(capture(model))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Note what was heard."""
        self._stack.close()
        if self._seen is not None:
            self.watch.see(state.global_step, self._seen)
            self._seen = None

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Add the last look to a line of the log."""
        if logs is not None and self.watch.layers:
            logs.update({f"router_{name}": value for name, value in self.watch.last.items()})

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Let go of the model."""
        self._stack.close()
        self._seen = None
