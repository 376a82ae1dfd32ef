"""A card as a page to be printed: one file that asks for nothing else, with the solutions on sheets of their own."""

import html
import re

import mistune

STYLE = """
:root { color-scheme: light dark; }
body { font: 10.5pt/1.45 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; line-height: 1.2; } h2 { font-size: 1.2em; margin-top: 1.8em; }
table { border-collapse: collapse; width: 100%; font-size: .92em; } .wide { overflow-x: auto; }
th, td { border: 1px solid #8888; padding: .3em .5em; text-align: left; vertical-align: top; }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
pre { border: 1px solid #8888; padding: .6em .8em; white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: inherit; }
@media (max-width: 40em) { .wide table { min-width: 34em; } }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  :root { color-scheme: light; }
  body { font-size: 9.5pt; max-width: none; margin: 0; padding: 0; }
  h1, h2 { break-after: avoid; } tr, li { break-inside: avoid; } thead { display: table-header-group; }
  h2.solutions { break-before: page; margin-top: 0; }
  .wide { overflow: visible; }
}
"""

_render = mistune.create_markdown(escape=True, plugins=["table"])


def page(markdown: str, *, solutions: str = "") -> str:
    """Return markdown as a page; the heading with this text begins a new sheet, and so do all solutions below it."""
    body = str(_render(markdown))
    # A bar in a cell is escaped, in code too, where the renderer leaves the escape.
    body = re.sub(r"<code>[^<]*</code>", lambda found: found[0].replace(r"\|", "|"), body)
    body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    if solutions:
        body = body.replace(
            f"<h2>{html.escape(solutions)}</h2>", f'<h2 class="solutions">{html.escape(solutions)}</h2>', 1
        )
    title = re.search(r"<h1>(.*?)</h1>", body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title[1] if title else ''}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
