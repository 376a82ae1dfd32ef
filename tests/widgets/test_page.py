import base64
import inspect
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
import traitlets

from softmoe_edu import widgets
from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens
from softmoe_edu.widgets.base import Instrument

ENDS = "</script><!-- <script> </style> </noscript> é \u2028 & \" '"


class Planted(Instrument):
    """Hold text that could end an element of a page.

    And bytes inside a list of dicts.
    """

    _esm = f"export default {{ render() {{}} }}; // {ENDS}"
    _css = f'.planted::after {{ content: "{ENDS}" }}'

    text = traitlets.Unicode(ENDS).tag(sync=True)
    nested = traitlets.List([{"size": 3, "data": b"\x00\xff<"}, {"data": b""}]).tag(sync=True)
    private = traitlets.Int(7)

    def __repr__(self) -> str:
        return f"Planted({ENDS!r})"


class Hungry(Instrument):
    """Ask the kernel for everything."""

    needs_kernel = "it runs your router for every step"
    _esm = "export default { render({ model }) { model.send('step') } }"


class Reader(HTMLParser):
    """The elements of a page in order, each as [tag, attributes, text], as a browser would split it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append([tag, dict(attrs), ""])
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.elements[-1][2] += data

    def all(self, tag: str) -> list:
        return [element for element in self.elements if element[0] == tag]


def lens() -> RoutingLens:
    """Three images of four tokens, with two experts of five slots."""
    logits = torch.randn(3, 4, 2, 5, generator=torch.Generator().manual_seed(0))
    routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
    return RoutingLens(routing, torch.linspace(0, 1, 3 * 36).view(3, 1, 6, 6), image_index=2)


def read(path: Path) -> Reader:
    return Reader(path.read_text("utf-8"))


def saved(page: Reader) -> dict:
    """The state that a page holds, its bytes where the browser puts them back."""
    (text,) = [text for _, attrs, text in page.all("script") if attrs.get("id") == "saved-widget"]
    record = json.loads(text)
    for buffer in record["buffers"]:
        holder = record["state"]
        for key in buffer["path"][:-1]:
            holder = holder[key]
        holder[buffer["path"][-1]] = base64.b64decode(buffer["data"])
    return record


def test_the_page_holds_the_widget_as_it_is_now(tmp_path: Path) -> None:
    """Every own trait with its present value, every byte, the module and the style sheet; nothing of the notebook."""
    widget = lens()
    widget.view = "combine"
    page = read(widget.save_html(tmp_path / "lens.html"))
    record = saved(page)

    own = {name for name, trait in RoutingLens.class_traits(sync=True).items() if trait.this_class is RoutingLens}
    assert record["state"] == {name: getattr(widget, name) for name in own}
    assert (record["state"]["image_index"], record["state"]["view"]) == (2, "combine")
    assert isinstance(record["state"]["_entries"][0]["dispatch"], bytes)
    assert record["module"] == RoutingLens._esm
    assert str(widget._css).strip() == page.all("style")[1][2].strip()


def test_text_that_could_end_an_element_stays_text(tmp_path: Path) -> None:
    """Traits, module, style sheet, title and description arrive whole, in as many elements as any page has."""
    widget = Planted()
    page = read(widget.save_html(tmp_path / "planted.html", title=ENDS))
    plain = read(lens().save_html(tmp_path / "lens.html"))

    assert [element[0] for element in page.elements] == [element[0] for element in plain.elements]
    record = saved(page)
    assert record["state"] == {"text": ENDS, "nested": widget.nested}
    assert record["module"] == Planted._esm
    assert page.all("style")[1][2].replace(r"<\/", "</").strip() == Planted._css
    (title,), (heading,) = page.all("title"), page.all("h1")
    assert (title[2], heading[2]) == (ENDS, ENDS)


def test_the_page_names_itself_and_describes_the_widget(tmp_path: Path) -> None:
    """A title, a language, and for readers without scripts what the widget is for and what it holds."""
    page = read(lens().save_html(tmp_path / "lens.html"))
    (root,), (title,), (heading,) = page.all("html"), page.all("title"), page.all("h1")

    assert (root[1]["lang"], title[2], heading[2]) == ("en", "Routing lens", "Routing lens")
    description = (
        "Look at routings: point at a patch, a weight, a slot or an expert and see the others answer. "
        "This one is RoutingLens(images=3, routers=[''], layers=[''])."
    )
    assert lens().describe() == description
    assert [attrs["content"] for _, attrs, _ in page.all("meta") if attrs.get("name") == "description"] == [description]
    assert page.elements[[e[0] for e in page.elements].index("noscript") + 1][2] == description
    assert Planted().describe() == f"Hold text that could end an element of a page. This one is Planted({ENDS!r})."


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    """No element has an address but the empty icon, and the policy forbids what a module would fetch."""
    page = read(lens().save_html(tmp_path / "lens.html"))

    addresses = [attrs[name] for _, attrs, _ in page.elements for name in ("src", "href", "srcset") if name in attrs]
    assert addresses == ["data:,"]
    (policy,) = [a["content"] for _, a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy and "*" not in policy
    css = "".join(text for _, _, text in page.all("style"))
    assert not re.search(r"@import|url\((?!data:)", css)


def test_saving_again_gives_the_same_bytes_and_replaces_the_file(tmp_path: Path) -> None:
    """The page depends on the widget's state alone; a path may be a string, and comes back as a Path."""
    path = tmp_path / "lens.html"
    path.write_text("older")
    widget = lens()

    assert widget.save_html(str(path)) == path
    first = path.read_bytes()
    lens().save_html(path)
    assert path.read_bytes() == first
    widget.token = 1
    widget.save_html(path)
    assert path.read_bytes() != first
    assert [each.name for each in tmp_path.iterdir()] == ["lens.html"]


def test_a_write_that_fails_leaves_the_older_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is half written and nothing is left beside it."""
    path = lens().save_html(tmp_path / "lens.html")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        Planted().save_html(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["lens.html"]


WRONG = {
    "no folder": ("absent/lens.html", None, FileNotFoundError, "path must lie in a folder that exists, got "),
    "a folder": (".", None, IsADirectoryError, "path must name a file, got the folder "),
    "no page": ("lens.png", None, ValueError, "path must end in .html, so that it opens as a page, got 'lens.png'"),
    "no suffix": ("lens", None, ValueError, "path must end in .html, so that it opens as a page, got 'lens'"),
    "blank title": (
        "lens.html",
        " \n",
        ValueError,
        "title must be some text, got ' \\n': leave it out for the widget's",
    ),
    "a number": ("lens.html", 7, ValueError, "title must be some text, got 7: leave it out for the widget's name"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_answered_with_a_sentence(name: str, tmp_path: Path) -> None:
    """What was expected, what came, what to do; and nothing is written."""
    where, title, error, sentence = WRONG[name]

    with pytest.raises(error, match=re.escape(sentence)):
        lens().save_html(tmp_path / where, title)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.bad_input
def test_a_widget_that_needs_its_kernel_is_not_saved(tmp_path: Path) -> None:
    """It says why, and where it does work; a widget whose messages Python answers is one."""
    answered = Planted()
    answered.on_msg(lambda *_: None)

    sentence = "Hungry cannot work in a saved page, because it runs your router for every step: show it in a notebook"
    with pytest.raises(RuntimeError, match=sentence):
        Hungry().save_html(tmp_path / "hungry.html")
    with pytest.raises(RuntimeError, match="Planted cannot work in a saved page, because Python answers its messages"):
        answered.save_html(tmp_path / "answered.html")
    assert list(tmp_path.iterdir()) == []


def undeclared(classes: list[type]) -> list[str]:
    """Names of widgets whose script sends messages to the kernel though the class does not say that it needs one."""
    sends = re.compile(r"model\.send\(|\binvoke\(")
    return [cls.__name__ for cls in classes if sends.search(str(cls()._esm)) and not cls.needs_kernel]


def test_a_widget_that_sends_messages_says_that_it_needs_a_kernel() -> None:
    """In a saved page nobody would answer them; the check finds a planted one."""
    shown = [cls for cls in vars(widgets).values() if inspect.isclass(cls) and issubclass(cls, Instrument)]
    silent = type("Silent", (Hungry,), {"needs_kernel": ""})

    assert undeclared([Hungry, silent, Planted]) == ["Silent"]
    assert shown
    scripts = [type(cls.__name__, (Instrument,), {"_esm": cls._esm, "needs_kernel": cls.needs_kernel}) for cls in shown]
    assert undeclared(scripts) == []
