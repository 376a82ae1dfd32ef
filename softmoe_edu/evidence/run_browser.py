"""RunBrowser: every claim with its verdict, the runs behind it, and a learner's own run as one more line."""

from difflib import get_close_matches
from typing import Any

import traitlets

from softmoe_edu.evidence.browsing import TOOK, Packed, label_of, shelf_of
from softmoe_edu.evidence.catalogue import find_claim
from softmoe_edu.evidence.own_run import NAME, Own, packed_run
from softmoe_edu.evidence.records import RECORDS
from softmoe_edu.files import StrPath
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.inputs import Index
from softmoe_edu.widgets.stills import interval_still

OVER = (TOOK, "macs")
"""Figures that a curve can be drawn over in place of its steps."""

MOST_ROWS = 16
"""Means that the small picture of a widget holds."""

ALL = "all runs"
"""The only line where no setting tells lines apart; what is compared are then its points."""

_CHOSEN = ("runs", "figure", "lines", "x", "where", "model", "first", "second")


class RunBrowser(Instrument):
    """Choose a claim, see its verdict and every run behind it, and put your own run beside them.

    A figure is drawn by model, over a number such as the experts, or over the steps of the training: its mean over the
    seeds with a bootstrap interval at 95 %, and each seed as a small mark. Below it two models are compared seed by
    seed, with the p-value of a sign test. Point at a seed or a model, and it is marked in all views.

    The arguments but `records` and `own` are traits, which follow the view and move it when they are set. What a claim
    does not have falls back to what it shows first.

    Args:
        records: a folder with records, as `softmoe-edu evidence --folder` writes them; None for those that come with
            the package.
        claim: the claim's id, such as "accuracy"; "" for the first.
        own: your own run: the History that `train` returned, or {name: number, or numbers over the steps}.

    Attributes:
        claim: the claim's id.
        runs: "counted", or "tuning" for the runs that chose a setting.
        figure: what is drawn, such as "accuracy".
        lines: the setting that tells models apart, such as "router".
        x: what it is drawn over: a setting or a figure that is a number. "" for the models side by side, or of a list
            for its steps.
        where: the values of all other settings, such as "scripts, budget 64".
        model: the model that stays marked, "" for none.
        seed: the seed that stays marked, -1 for none.
        point: which of a model's points stays marked, from 0; -1 for none.
        first: the model that another is taken from; "" for the last.
        second: the model that is taken from it; "" for the first.
    """

    _esm = STATIC / "run_browser.js"
    _css = STATIC / "run_browser.css"

    claim = traitlets.Unicode().tag(sync=True)
    runs = traitlets.Unicode("counted").tag(sync=True)
    figure = traitlets.Unicode().tag(sync=True)
    lines = traitlets.Unicode().tag(sync=True)
    x = traitlets.Unicode().tag(sync=True)
    where = traitlets.Unicode().tag(sync=True)
    model = traitlets.Unicode().tag(sync=True)
    seed = Index(-1).tag(sync=True)
    point = Index(-1).tag(sync=True)
    first = traitlets.Unicode().tag(sync=True)
    second = traitlets.Unicode().tag(sync=True)

    _shelf: traitlets.List[Packed] = traitlets.List().tag(sync=True)
    _own = traitlets.Dict().tag(sync=True)

    def __init__(
        self, records: StrPath | None = None, claim: str = "", own: Own | None = None, **controls: Any
    ) -> None:
        self.refuse_unknown(controls)
        shelf = shelf_of(RECORDS if records is None else records, claim)
        known = {each["name"] for record in shelf for kind in record["kinds"].values() for each in kind["figures"]}
        super().__init__(_shelf=shelf, _own=packed_run(own, known))
        self.claim = claim or shelf[0]["claim"]
        if "runs" in controls:
            self.runs = controls["runs"]
            self._begin()
        for name in (each for each in (*_CHOSEN, "seed", "point") if each in controls):
            setattr(self, name, controls[name])

    @property
    def record(self) -> Packed:
        """Return what is known of the claim that is shown."""
        return next(each for each in self._shelf if each["claim"] == self.claim)

    @property
    def _kind(self) -> Packed:
        kinds = self.record["kinds"]
        kind: Packed = kinds[self.runs] if self.runs in kinds else next(iter(kinds.values()))
        return kind

    def _choices(self, name: str) -> list[str]:
        """Return what a trait may be, as those before it are; what is shown first leads. As in js/run_browser."""
        kind, first = self._kind, self._kind["first"]
        long = any(each["name"] == self.figure and each["length"] for each in kind["figures"])
        if name == "runs":
            return list(self.record["kinds"])
        if name == "figure":
            return _leading(first["figure"], [each["name"] for each in kind["figures"]])
        if name == "lines":
            # Of a list each line is one cell, so that nothing else may be x.
            return _leading(first["lines"], [each for each, plots in kind["plots"].items() if not long or "" in plots])
        plots = kind["plots"].get(self.lines, {})
        flat = [each["name"] for each in kind["figures"] if not each["length"] and each["name"] != self.figure]
        if name == "x":
            return ["", *(each for each in OVER if each in flat)] if long else _leading(first["x"], [*plots, *flat])
        if name == "where":
            return list(plots.get(self.x, plots.get("", {"where": [""]}))["where"])
        if name != "model":
            return ["", *self._told(self.lines or self.x)]
        own = [self._own["name"]] if self._own else []
        return ["", *(self._told(self.lines) if self.lines else [ALL]), *own]

    def _told(self, setting: str) -> list[str]:
        """Return the values of a setting in words."""
        found: list[str] = next((each["values"] for each in self._kind["settings"] if each["name"] == setting), [])
        return found

    @traitlets.validate("claim")
    def _is_a_claim(self, proposal: dict[str, Any]) -> str:
        value: str = proposal["value"]
        held = [each["claim"] for each in self._shelf]
        if value and value not in held:
            find_claim(value)
            raise ValueError(
                f"claim must have a record, got {value!r}: run softmoe-edu evidence {value}, or choose from "
                f"{', '.join(held)}"
            )
        return value

    @traitlets.validate(*_CHOSEN)
    def _is_there(self, proposal: dict[str, Any]) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        if not self.claim:
            return str(value)
        choices = self._choices(name)
        if value not in choices:
            near = get_close_matches(value, choices, 1, 0.0)[0]
            listed = ", ".join(repr(each) for each in choices[:12])
            raise ValueError(
                f"{name} must be one of those that {self.claim!r} has, got {value!r}: did you mean {near!r}? "
                f"There are {listed}"
            )
        return str(value)

    @traitlets.observe("claim", *_CHOSEN)
    def _fit(self, change: dict[str, Any]) -> None:
        """Let what the new choice does not have fall back to what comes first."""
        if not self.claim:
            return
        if change["name"] == "claim" and not change["old"]:
            return self._begin()
        order = ("claim", *_CHOSEN)
        with self.hold_sync():
            for name in order[order.index(change["name"]) + 1 :]:
                if getattr(self, name) not in (choices := self._choices(name)):
                    setattr(self, name, choices[0])

    def _begin(self) -> None:
        """Show what a claim, or a kind of its runs, shows first."""
        for name in _CHOSEN[1:]:
            self.set_trait(name, self._choices(name)[0])

    def still(self) -> tuple[str, str]:
        """Return the means that are shown, of curves those at the end, with their intervals."""
        kind = self._kind
        plots = kind["plots"].get(self.lines, {})
        plot = plots.get(self.x, plots.get("", {"where": [""], "of": [0] * len(kind["cells"])}))
        here, names = plot["where"].index(self.where), [each["name"] for each in kind["settings"]]
        rows = []
        for cell, mean in enumerate(kind["means"][self.figure]):
            if plot["of"][cell] == here and mean is not None:
                told = [
                    kind["settings"][names.index(each)]["values"][kind["cells"][cell][names.index(each)]]
                    for each in (self.lines, self.x)
                    if each in names
                ]
                rows.append((", ".join(told), mean[-1] if isinstance(mean[0], list) else mean))
        if not rows:
            return "", ""
        rows = rows[:MOST_ROWS]
        across = ", ".join(each for each in (label_of(self.figure), self.where) if each)
        said = "; ".join(f"{name} {mean[0]:.4g}" for name, mean in rows)
        record = self.record
        return interval_still(rows, across), f"{record['title']}: {record['verdict']}. {across}: {said}."

    def __repr__(self) -> str:
        chosen = {name: getattr(self, name) for name in ("claim", "figure", "lines", "x", "where")}
        own = f", own={NAME!r}" if self._own else ""
        return f"RunBrowser({', '.join(f'{name}={value!r}' for name, value in chosen.items() if value)}{own})"


def _leading(first: str, names: list[str]) -> list[str]:
    """Return the names with one of them moved to the front, where it is among them."""
    return [first, *(each for each in names if each != first)] if first in names else names
