"""What every widget of the course shares: its files, its keywords, and how it is saved as a page."""

import inspect
import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from softmoe_edu.widgets.inputs import sendable, text
from softmoe_edu.widgets.page import build_page, title_of, write_page
from softmoe_edu.widgets.twin import twin_of

STATIC = Path(__file__).parent / "static"
"""The script and the style sheet of each widget, built from the sources in the repository's folder js."""


class Instrument(anywidget.AnyWidget):
    """A widget of one `.py`, one script and one style sheet, whose state is all in its traits."""

    needs_kernel = ""
    """What the widget asks its kernel for, such as "it runs your router"; empty where the browser does everything."""

    _needs = traitlets.Unicode().tag(sync=True)
    """The same, for the browser, which says it where a notebook was opened again without that kernel."""

    _fault = traitlets.Unicode().tag(sync=True)
    """What Python raised at the last change in the browser, which a notebook would only log."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Read script and style sheet once, unless a developer has anywidget watch their files (ANYWIDGET_HMR=1)."""
        if os.environ.get("ANYWIDGET_HMR") != "1":
            # anywidget ties every widget to the files of its class, which would keep a closed one in memory for good.
            for name, value in [(name, vars(cls).get(name)) for name in ("_esm", "_css")]:
                if isinstance(value, Path):
                    setattr(cls, name, value.read_text("utf-8"))
        super().__init_subclass__(**options)
        cls.__signature__ = _signature(cls)

    @classmethod
    def refuse_unknown(cls, keywords: dict[str, object]) -> None:
        """Raise TypeError for the first keyword that the widget does not take, and name the nearest that it does."""
        known = list(inspect.signature(cls).parameters)
        for name in keywords:
            if name not in known:
                near = get_close_matches(name, known, 1, 0)[0]
                raise TypeError(
                    f"{cls.__name__} has no keyword {name!r}: did you mean {near!r}? It takes {', '.join(known)}"
                )

    @traitlets.default("_needs")
    def _needed(self) -> str:
        return self.needs_kernel

    def get_state(self, key: object = None, drop_defaults: bool = False) -> dict[str, object]:
        """Return what is sent and saved, as in ipywidgets, in text that every page can hold."""
        return {name: sendable(value) for name, value in super().get_state(key, drop_defaults).items()}

    def set_state(self, sync_data: dict[str, object]) -> None:
        """Take what changed in the browser, as in ipywidgets; an observer that raises is shown below the widget."""
        try:
            super().set_state(sync_data)
        except Exception as error:
            self._fault = f"Python raised {type(error).__name__}: {error}"
            raise
        if self._fault:
            self._fault = ""

    def on_msg(self, callback: Callable[..., Any], remove: bool = False) -> None:
        """Have Python answer messages of the browser, as in ipywidgets; the widget then needs its kernel."""
        super().on_msg(callback, remove=remove)
        self.needs_kernel = self._needs = self.needs_kernel or "Python answers its messages"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return what a notebook keeps of the widget: beside the view, what stands for it once its kernel is gone."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/html"] = twin_of(text(self.describe()), *map(text, self.still()))
        return bundle

    def still(self) -> tuple[str, str]:
        """Return a small picture of the widget as it is now, as the address of an image, and what it shows in words.

        Both are "" where there is none.
        """
        return "", ""

    def describe(self) -> str:
        """Describe in plain text what the widget is for and what it holds, for readers where no script runs."""
        purpose = (inspect.getdoc(type(self)) or "").split("\n\n")[0]
        return f"{' '.join(purpose.replace('`', '').split())} This one is {self!r}."

    def save_html(self, path: str | os.PathLike[str], title: str | None = None) -> Path:
        """Save the widget, as it is now, as one HTML file that works from disk.

        The file needs no kernel, no network and no other file: send it to somebody, or put it on a web site. It
        follows the reader's light or dark setting. What readers select there changes nothing here. A file of that name
        is replaced.

        Args:
            path: the file, whose name ends in .html.
            title: the heading of the page; None for the class's name in words.

        Returns:
            The path.

        Raises:
            RuntimeError: the widget needs its kernel.
            ValueError: title is empty, or the name does not end in .html.
            IsADirectoryError: path is a folder.
            FileNotFoundError: the folder of the file is missing.
        """
        if self.needs_kernel:
            raise RuntimeError(
                f"{type(self).__name__} cannot work in a saved page, because {self.needs_kernel}: "
                "show it in a notebook, or as an app with Voila"
            )
        title = title_of(self) if title is None else title
        if not isinstance(title, str) or not title.strip():
            raise ValueError(f"title must be some text, got {title!r}: leave it out for the widget's name")
        return write_page(path, build_page(self, text(title), text(self.describe())))


def _signature(cls: type[Instrument]) -> inspect.Signature:
    """Return what a widget takes: the parameters of its constructor, then its public traits as keywords.

    A trait is thus declared once, and help and completion still name it with its default.
    """
    _, *own = inspect.signature(cls.__init__).parameters.values()
    taken = {one.name: one for one in own if one.kind is not inspect.Parameter.VAR_KEYWORD}
    if len(taken) < len(own):
        traits = {name: value for base in reversed(cls.__mro__) for name, value in _public_traits(base).items()}
        for name, trait in traits.items():
            taken.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=trait.default()))
    return inspect.Signature(list(taken.values()))


def _public_traits(base: type) -> dict[str, traitlets.TraitType[Any, Any]]:
    """Return the traits that a class of ours declares for the browser and for who calls it."""
    if not issubclass(base, Instrument):
        return {}
    declared = {name: value for name, value in vars(base).items() if isinstance(value, traitlets.TraitType)}
    return {name: trait for name, trait in declared.items() if not name.startswith("_") and trait.metadata.get("sync")}
