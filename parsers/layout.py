"""Lays a mail's parts out as passages and anchors: HTML first, what stands only in the text part after it."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from parsers.bodies import Body
from parsers.cleaning import clean
from parsers.passages import Passage, rejoin

_ADDRESS = re.compile(r"<?\b[a-z][a-z0-9+.\-]{1,20}://\S+", re.I)
_GOODS = re.compile(r"aliexpress\.[a-z]{2,3}/item/\d{8,}")  # a product's page
_SHELF = 5  # so many goods may be those of an order; more of them are a list, of which no name says anything
_WRAPPED = 56  # a line at least this wide may have been wrapped; mail programs wrap at 65 to 78


@dataclass(frozen=True, slots=True)
class Target:
    """A link as shown, before its label is understood."""

    href: str
    label: str
    in_text: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A mail as a reader goes through it; `main` counts, `second` is the text part beside an HTML part.

    `goods` are labels that are but names in a long list of goods; they stand in no passage.
    """

    main: tuple[Passage, ...]
    second: tuple[Passage, ...]
    targets: tuple[Target, ...]
    goods: frozenset[str] = frozenset()


def _goods(targets: Sequence[Target]) -> frozenset[str]:
    """The names of goods where many are listed ("you may also like"): a name may hold any word of ours."""
    names = frozenset(t.label for t in targets if t.label and _GOODS.search(t.href))
    return names if len(names) > _SHELF else frozenset()


def passages(body: Body, in_text: bool, goods: Container[str] = ()) -> list[Passage]:
    """Return the passages of one part, without what is quoted from an older mail, rows joined.

    Lines that are in `goods` are left out.
    """
    labels = {anchor.label for anchor in body.anchors if anchor.label}
    out = []
    for block in body.blocks:
        if block.quoted:
            continue
        row = (block.row + 1) if block.row is not None else 0
        for line in _lines(block.text, in_text):
            text = clean(_ADDRESS.sub(" ", line))
            if not text.strip("<>[]() ") or text in goods:
                continue
            place = "label" if text in labels else "heading" if block.heading and len(text) < 160 else "body"
            out.append(Passage(text, place, 0 if place == "label" else row, in_text, block.cell or 0))
    return rejoin(out)


def _lines(text: str, wrapped: bool) -> list[str]:
    """Return the lines of a block; in a text part, lines that a mail program wrapped are joined again."""
    lines = text.split("\n")
    if not wrapped:
        return lines
    out = [lines[0]]
    for line in lines[1:]:
        if (
            _width(out[-1].rsplit("\n", 1)[-1]) >= _WRAPPED
            and line.strip()
            and not line.lstrip().startswith(("-", "*", "•", "http"))
        ):
            out[-1] = f"{out[-1]}\n{line}"
        else:
            out.append(line)
    return [_unwrap(line) for line in out]


def _width(line: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in line)


def _unwrap(lines: str) -> str:
    pieces = lines.split("\n")
    out = pieces[0]
    for piece in pieces[1:]:
        glue = "" if out and ord(out[-1]) > 0x2E80 and not "\uac00" <= out[-1] <= "\ud7a3" else " "
        out = out.rstrip() + glue + piece.lstrip()
    return out


def lay_out(subject: str, html: Body | None, text: Body | None) -> Layout:
    """Return the layout of a mail with a cleaned `subject` and its parts; the HTML part is the authority."""
    main = html if html is not None and html.blocks else text
    second = text if main is html and text is not None else None
    targets: list[Target] = []
    for body, in_text in ((main, main is text), (second, True)):
        for anchor in body.anchors if body is not None else ():
            if not anchor.quoted:
                targets.append(Target(anchor.href, anchor.label, in_text and main is not text))
    head = [Passage(subject, "subject")] if subject else []
    goods = _goods(targets)
    return Layout(
        (*head, *(passages(main, main is text, goods) if main is not None else ())),
        tuple(passages(second, True, goods)) if second is not None else (),
        tuple(targets),
        goods,
    )


def main_text(layout: Layout) -> str:
    """Return the body's text without the subject, for telling its language."""
    return "\n".join(p.text for p in layout.main if p.place != "subject")
