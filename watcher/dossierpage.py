"""The dossier's page: a case's story in English, to be printed or handed on; all escaped, nothing loaded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from watcher.evidence import Item, State
from watcher.terminal import one_line

_STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#101828;margin:32px auto;
max-width:760px;padding:0 20px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px;
border-bottom:1px solid #d0d5dd;padding-bottom:4px;break-after:avoid}
p{margin:4px 0}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;
padding:5px 10px 5px 0;border-bottom:1px solid #eaecf0}tr{break-inside:avoid}
td.when{white-space:nowrap;font-variant-numeric:tabular-nums}td small{color:#475467}
tr.now td{border-top:2px solid #175cd3;border-bottom:2px solid #175cd3;color:#175cd3;font-weight:600}
tr.deadline td{font-weight:600;color:#b42318}tr.clock td{color:#475467}
ul{margin:4px 0;padding-left:22px}.state{font-weight:600;white-space:nowrap}.missing{color:#b42318}
.maybe{color:#b54708}.there{color:#067647}
pre{white-space:pre-wrap;font:14px/1.5 inherit;background:#f5f7f9;border:1px solid #eaecf0;border-radius:6px;
padding:10px 14px;break-inside:avoid}footer{margin-top:28px;font-size:12px;color:#475467}
@media print{body{margin:0;max-width:none;padding:0;font-size:11pt}pre{background:none}
@page{margin:18mm 16mm}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the story: when (in two zones), what, and how it is marked."""

    when: str
    pacific: str
    what: str
    mark: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything on the page, as plain text not yet escaped."""

    title: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    zone: str
    reason: str | None
    items: tuple[Item, ...]
    files: tuple[tuple[str, str, str], ...]
    drafts: tuple[tuple[str, str], ...]
    made: str


def page(shown: Pages) -> str:
    """The whole HTML document; every text of `shown` is escaped here and nowhere else."""
    facts = "".join(f"<tr><th>{_safe(name)}</th><td>{_safe(value)}</td></tr>" for name, value in shown.facts)
    rows = "".join(
        f'<tr class="{escape(row.mark)}"><td class="when">{_safe(row.when)}<br>'
        f"<small>{_safe(row.pacific)}</small></td><td>{_safe(row.what)}</td></tr>"
        for row in shown.rows
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_safe(shown.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_safe(shown.title)}</h1>\n<table>{facts}</table>\n"
        f"<h2>Timeline</h2>\n<p><small>Times in {_safe(shown.zone)}; below each, AliExpress's own (Pacific). "
        f"Grey lines are other clocks, some of them reckoned.</small></p>\n<table>{rows}</table>\n"
        f"{_evidence(shown.reason, shown.items, shown.files)}{_drafts(shown.drafts)}"
        f"<footer>{_safe(shown.made)}</footer>\n</body>\n</html>\n"
    )


def _safe(text: str) -> str:
    return escape(one_line(text))


def _evidence(reason: str | None, items: Sequence[Item], files: Iterable[tuple[str, str, str]]) -> str:
    words = {State.THERE: "there", State.MAYBE: "perhaps there", State.MISSING: "missing"}
    listed = "".join(
        f'<tr><td class="state {item.state.value}">{words[item.state]}</td><td>{_safe(item.what)}'
        f"{'<br><small>' + _safe(', '.join(item.files)) + '</small>' if item.files else ''}</td></tr>"
        for item in items
    )
    found = "".join(
        f"<tr><td>{_safe(name)}</td><td>{_safe(size)}</td><td>{_safe(fault)}</td></tr>"
        for name, size, fault in files
    )
    if not listed and not found:
        return ""
    head = f"Evidence: {reason}" if reason else "Evidence"
    table = f"<table>{listed}</table>\n" if listed else ""
    return f"<h2>{_safe(head)}</h2>\n{table}" + (f"<table>{found}</table>\n" if found else "")


def _drafts(drafts: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<p><b>{_safe(name)}</b></p><pre>{escape(text.strip())}</pre>\n" for name, text in drafts)
    return f"<h2>Drafts</h2>\n{told}" if told else ""
