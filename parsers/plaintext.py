"""Reads a text part: paragraphs with their depth of quotation, and the addresses in it with their labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from parsers.cleaning import clean, clean_lines
from parsers.shown import Block, Body, Shown, with_introductions

LINK_LIMIT = 200
_LINE_LIMIT = 20_000
_QUOTE = re.compile(r"^[ \t]*((?:>[ \t]?)+)")
_TARGET = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.(?=[a-z0-9]))[^\s<>\"'`|]{1,4000}"
    r"|(?:javascript|data|cid):[^\s<>\"]{1,4000}"
    r"|\$\{[^}\n]{0,80}\}|\{\{[^}\n]{0,80}\}\}|%%[\w.]{1,60}%%",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"\[([^\]\[\n]{1,200})\][ ]?\(([^()\s]{1,4000})\)")
_WRAPPED = re.compile(r"<((?:https?|aliexpress)://[^<>]{1,4000})>", re.IGNORECASE)
_NOTE = re.compile(r"^\s*(?:\[(\d{1,3})\]:?|(\d{1,3})\.)\s+(\S.*)$")
_MARK = re.compile(r"(?:\[([^\]\[\n]{1,200})\])?\[(\d{1,3})\]")
_EDGE = " \t-–—:：*•·>→»=<([{|\"'“”„"
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line without its quotation marks, and how deep it was quoted."""

    text: str
    quote: int


def plain(text: str) -> Body:
    """Paragraphs of a text part as blocks (line ends kept), and its links; bounded, never raises."""
    lines = list(_lines(_joined(text)))
    blocks: list[Block] = []
    starts: list[int] = []
    for line in lines:
        fresh = not blocks or not starts or blocks[-1].quote != line.quote
        if not line.text:
            starts.append(-1)
            continue
        if fresh or starts[-1] == -1:
            blocks.append(Block(line.text, quote=line.quote))
        else:
            blocks[-1] = replace(blocks[-1], text=f"{blocks[-1].text}\n{line.text}")
        starts.append(len(blocks) - 1)
    return Body(with_introductions(blocks), tuple(_links(lines, starts))[:LINK_LIMIT])


def links_in_text(text: str) -> tuple[Shown, ...]:
    """The addresses printed in a text part; the label is what stands before each, there or a line above."""
    return plain(text).anchors


def _joined(text: str) -> str:
    """Addresses in angle brackets may be wrapped over lines."""
    if "<" not in text:
        return text
    return _WRAPPED.sub(lambda match: "<" + re.sub(r"\s*\n[> \t]*", "", match.group(1)) + ">", text)


def _lines(text: str) -> Iterator[_Line]:
    for line in clean_lines(text).split("\n")[:_LINE_LIMIT]:
        match = _QUOTE.match(line)
        if match:
            yield _Line(line[match.end() :].strip(), match.group(1).count(">"))
        else:
            yield _Line(line, 0)


def _links(lines: list[_Line], starts: list[int]) -> Iterator[Shown]:
    notes = _notes(lines)
    above = ""
    for line, start in zip(lines, starts, strict=True):
        position = max(0, start)
        text = line.text
        if not text:
            continue
        for label, href in _in_line(text, above, notes):
            yield Shown(href, label, position, quoted=line.quote > 0)
        if not _TARGET.fullmatch(text.strip("<>()[] ")):
            above = _label(text)


def _notes(lines: list[_Line]) -> dict[str, str]:
    """Addresses collected at the foot: number -> address."""
    found = {}
    for line in lines:
        match = _NOTE.match(line.text)
        if match and (target := _TARGET.match(match.group(3).lstrip("<"))):
            found[match.group(1) or match.group(2)] = _trimmed(target.group())
    return found


def _in_line(text: str, above: str, notes: dict[str, str]) -> Iterator[tuple[str, str]]:
    note = _NOTE.match(text)
    if note and (note.group(1) or note.group(2)) in notes and _TARGET.match(note.group(3).lstrip("<")):
        return
    for match in _MARKDOWN.finditer(text):
        if _TARGET.match(match.group(2)) or match.group(2).startswith(("#", "/")):
            yield clean(match.group(1)), match.group(2)
    text = _MARKDOWN.sub(lambda match: " " * len(match.group()), text)
    last = 0
    for match in _MARK.finditer(text):
        if match.group(2) in notes:
            yield match.group(1) or _label(text[last : match.start()]), notes[match.group(2)]
            last = match.end()
    last = 0
    for match in _TARGET.finditer(text):
        href = _trimmed(match.group())
        yield _label(text[last : match.start()]) or (above if last == 0 else ""), href
        last = match.start() + len(href)


def _label(before: str) -> str:
    """The name of a link from the text before it: without what joins the two."""
    text = clean(before).strip(_EDGE)
    return text[-200:]


def _trimmed(href: str) -> str:
    """An address without the punctuation that ends the sentence."""
    hole = href.startswith(("{{", "${"))
    while href and not hole:
        last = href[-1]
        open_pair = last in _PAIRS and href.count(last) > href.count(_PAIRS[last])
        if not open_pair and (last not in ".,;:!?'\"»”。、，" or href.endswith("...")):
            break
        href = href[:-1]
    return href
