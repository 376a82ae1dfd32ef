import re
from html.parser import HTMLParser

import matplotlib
import pytest
import torch
from capture.tracekit import trace_of
from reportkit import report_of

from softmoe_edu.capture.served import CountTrace
from softmoe_edu.report import routing_report
from softmoe_edu.report_page import build_report, save_report

matplotlib.use("agg")


class Read(HTMLParser):
    """A page as its tags, and as tables of cells."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.tables, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data

    def named(self, tag):
        """Return the attributes of each tag of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def report():
    """A report that knows everything."""
    return report_of()


@pytest.fixture(scope="module")
def page(report):
    """Its page."""
    return build_report(report)


def test_the_page_stands_alone(page):
    """It holds no script, asks nothing of the network, and follows the reader's colours on any width."""
    read = Read(page)

    assert "<script" not in page
    assert read.named("link") == [{"rel": "icon", "href": "data:,"}]
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in read.named("img"))
    assert not re.findall(r"https?://", page)
    assert "default-src 'none'" in page
    assert "color-scheme: light dark" in page
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.named("meta")


def test_every_picture_has_its_words(page):
    """Six pictures, each with a description of its own that is also written below it."""
    alts = [image["alt"] for image in Read(page).named("img")]

    assert len(set(alts)) == len(alts) == 6
    assert page.count("<figcaption>") == 6


def test_tables_have_headers_and_all_numbers(report, page):
    """Each table names its columns and rows; layers, loads and counts are those of the report."""
    read = Read(page)

    scopes = {attributes.get("scope") for attributes in read.named("th")}
    assert scopes == {"col", "row"}
    assert len(read.named("caption")) == len(read.named("table"))
    layers = read.tables[0]
    assert layers[0] == list(report.rows()[0])
    assert layers[1:] == [list(row.values()) for row in report.rows()]
    loads = read.tables[-3:]
    for table, layer in zip(loads, report.layers, strict=True):
        assert [int(row[1]) for row in table[1:]] == layer.load.tolist()
    kinds = {row[0]: row for row in read.tables[1][1:]}
    told = report.layers[0].by_domain
    kind, expert = told.names.index("code"), int(kinds["code"][2])
    assert kinds["code"][3] == f"{100 * told.shares[kind, expert]:.1f} %"
    assert int(kinds["code"][1]) == told.tokens[kind] == 27


def test_pairs_by_hand():
    """Experts 0 and 1 go together; what loads alone would give adds up to as many pairs as there are."""
    choices = torch.tensor([[[0, 1]], [[0, 1]], [[0, 1]], [[2, 3]], [[0, 2]]], dtype=torch.int32)
    read = Read(build_report(routing_report(trace_of(choices, num_experts=4))))

    (pairs,) = [table for table in read.tables if table[0][0] == "experts"]
    # Loads are 4, 3, 2, 1: products 12, 8, 4, 6, 3, 2 add up to 35, and pairs to 5.
    assert ["0 and 1", "3", f"{12 / 7:.3g}", f"{3 / (12 / 7):.3g}"] in pairs
    assert ["2 and 3", "1", f"{2 / 7:.3g}", "3.5"] == pairs[1]


def test_names_are_text():
    """Whatever a domain, a token or the title is called, it is written and not read as HTML."""
    page = build_report(report_of(), "a <script>alert(1)</script>")

    assert "<script>" not in page
    assert "<b>law" not in page
    assert "&lt;b&gt;law&lt;/b&gt; &amp; more" in page
    assert "&lt;i&gt;" in page


def test_the_same_report_gives_the_same_page(report, page, tmp_path):
    """The page that is written is the one that was built before."""
    assert save_report(report, tmp_path / "a.html").read_text("utf-8") == page


def test_a_page_of_counts_alone():
    """A trace of counts has a page without what it does not know."""
    page = build_report(routing_report(CountTrace(3, (0,), "made", torch.tensor([[[3, 2, 1]], [[1, 1, 1]]]))))

    assert "counts alone" in page
    assert "Which expert" not in page
    assert "Saturation" not in page
    assert len(Read(page).named("img")) == 3


def test_a_name_that_is_no_page(report, tmp_path):
    """A file that no browser would open as a page is refused."""
    with pytest.raises(ValueError, match=r"path must end in \.html, so that it opens as a page, got 'a\.txt'"):
        save_report(report, tmp_path / "a.txt")
