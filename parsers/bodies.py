"""Reads what a person sees: a mail's text in reading order, block by block, and its links and buttons."""

import re
from dataclasses import replace

from lxml import etree  # type: ignore[import-untyped]  # ships no types

from parsers.cleaning import clean
from parsers.seen import GONE, PAGE, Look, looks, sheets
from parsers.shown import Block, Body, Shown, with_introductions

__all__ = ["Block", "Body", "Shown", "visible"]

HTML_LIMIT = 1024 * 1024
TAG_LIMIT = 40_000
LINK_LIMIT = 200
_SECOND_LIMIT = 64 * 1024  # html.parser takes quadratic time on torn markup

_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "header", "hr", "html", "legend", "li", "main", "nav", "ol", "option", "p", "pre",
        "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    )
)  # fmt: skip
_SKIPPED = frozenset(
    (
        "script", "style", "head", "title", "meta", "link", "template", "object", "embed", "iframe",
        "frame", "frameset", "applet", "canvas", "audio", "video",
    )
)  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "th", "caption", "legend"))
_QUOTE_CLASS = re.compile(
    r"\b(?:gmail_quote|gmail_extra|yahoo_quoted|protonmail_quote|zmail_extra"
    r"|ms-outlook-quote|tutanota_quote)\b"
)
_BUTTON_CLASS = re.compile(r"b(?:u)?t(?:to)?n|cta", re.IGNORECASE)
_LINKS = frozenset(("a", "button", "area", "input"))
_ACTIVE = _LINKS | {"img", "form"}
_PLACING = _HEADINGS | {"tr", "td", "th"}
_ALWAYS = frozenset(("td", "th", "tr", "img", "br"))
_BLOCKY = frozenset(("block", "flex", "grid", "table", "list-item", "table-row", "table-cell"))
_PRESSED = ("submit", "image", "button")
# A tag of thousands of pieces is a bomb (libxml2 compares every attribute with every other) or a picture
# inside its own address; neither says anything.
_ENDLESS = re.compile(r"""<[A-Za-z](?:[^>"']|"[^"]{0,8000}+"|'[^']{0,8000}+'|["']){4096}+""")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_LINK = "x-a"  # what an <a> is called inside
_ANCHOR = re.compile(r"""<(/?)a(?=[\s>/])((?:[^>"']|"[^"]*+"|'[^']*+'|["'])*+)>""", re.IGNORECASE)
_MERE_MARK = re.compile(r"^(?!.*\shref)(?=.*\s(?:name|id)\s*=)", re.IGNORECASE | re.DOTALL)
_FILE = re.compile(r"([^/\\?#=]+)\.(?:png|jpe?g|gif|webp|svg|avif)\b", re.IGNORECASE)
_PARSER = {
    "encoding": "utf-8",
    "huge_tree": True,
    "recover": True,
    "no_network": True,
    "remove_pis": True,
    "remove_comments": True,
}


def visible(html: str) -> Body:
    """What a reader of an HTML part sees; what style hides is left out. Bounded, never raises.

    lxml's tree is read directly: building a BeautifulSoup of it costs ten times the whole rest. bs4 is the
    second opinion on markup from which lxml gets no text at all.
    """
    html = _CONTROLS.sub("", html[:HTML_LIMIT])
    if html.count("<") > TAG_LIMIT:
        html = "<".join(html.split("<", TAG_LIMIT)[:TAG_LIMIT])
    html = _with_free_links(_ENDLESS.sub("", html))
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), etree.HTMLParser(**_PARSER))
        body = _Reader(root).read() if root is not None else Body()
    except (etree.LxmlError, ValueError, RecursionError, AssertionError):
        body = _second_opinion(html)
    return body


def _with_free_links(html: str) -> str:
    """The same with links renamed, since libxml2 ends an <a> before a table, and browsers don't.

    As in a browser a link that begins ends the one before it. Mere marks (<a name=...>) stay as they are.
    """
    opened = False

    def renamed(tag: re.Match[str]) -> str:
        nonlocal opened
        was, opened = opened, not tag[1]
        if tag[1]:
            return f"</{_LINK}>" if was else ""
        if _MERE_MARK.search(tag[0]):
            opened = was
            return tag[0]
        return (f"</{_LINK}>" if was else "") + f"<{_LINK}{tag[2]}>"

    return _ANCHOR.sub(renamed, html)


def _second_opinion(html: str) -> Body:
    from bs4 import BeautifulSoup  # 100 ms to import, for one mail in thousands

    try:
        soup = BeautifulSoup(html[:_SECOND_LIMIT], "html.parser")
    except Exception:  # html.parser rejects some markup with an error of its own
        return Body()
    for tag in soup(["script", "style", "head", "title"]):
        tag.decompose()
    blocks = tuple(Block(text) for piece in soup.stripped_strings if (text := clean(piece)))
    anchors = [Shown(str(a.get("href", "")), clean(a.get_text(" ")), 0) for a in soup.find_all(_LINK)]
    return Body(blocks, tuple(anchors[:LINK_LIMIT]))


class _Open:
    """A link that has been opened and not yet closed."""

    __slots__ = ("button", "href", "pictures", "pieces", "position", "quoted", "titles")

    def __init__(self, href: str, position: int, quoted: bool, button: bool) -> None:
        self.href, self.position, self.quoted, self.button = href, position, quoted, button
        self.pieces: list[str] = []
        self.titles: list[str] = []
        self.pictures: list[str] = []

    def label(self) -> str:
        """What the reader takes for its name: text, picture's text, title, the picture's file name."""
        for choice in ("".join(self.pieces), *self.titles):
            if text := clean(choice):
                return text
        names = (name for picture in self.pictures for name in _FILE.findall(picture))
        return next((clean(name.replace("_", " ")) for name in names), "")


_Attributes = dict[str, str]
_Place = tuple[int | None, int | None, bool, int]  # table row, cell in it, in a heading, depth of quotation
_Frame = tuple[Look, _Place, bool, bool]  # an open element: its look and place; is it a block, is it a link
_NOWHERE: _Place = (None, None, False, 0)
_Kin = tuple[Look, bool, bool]  # what equal elements in equal surroundings share: look, block, quotation


class _Reader:
    """Walks the tree once without recursion, so that depth costs memory and nothing else."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._rules = sheets(root)
        self._blocks: list[Block] = []
        self._anchors: list[Shown] = []
        self._pieces: list[str] = []
        self._strong = self._letters = self._breaks = 0
        self._links: list[_Open] = []
        self._forms: list[str] = []
        self._rows = 0
        self._cells: dict[int, int] = {}
        self._at = _NOWHERE
        self._kin: dict[tuple[object, ...], _Kin] = {}

    def read(self) -> Body:
        """The body of the tree."""
        frames: list[_Frame] = [(PAGE, _NOWHERE, False, False)]
        walk = etree.iterwalk(self._root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                frame = self._enter(element, frames[-1])
                if frame is None:
                    walk.skip_subtree()
                    frame = (GONE, _NOWHERE, False, False)
                elif text := element.text:
                    self._text(text, frame)
                frames.append(frame)
            else:
                self._leave(element, frames.pop())
                if tail := element.tail:
                    self._text(tail, frames[-1])
        self._flush()
        last = max(0, len(self._blocks) - 1)
        found = self._anchors[:LINK_LIMIT]
        anchors = (one if one.position <= last else replace(one, position=last) for one in found)
        return Body(with_introductions(self._blocks), tuple(anchors))

    def _enter(self, element: etree._Element, outer: _Frame) -> _Frame | None:
        """Open an element; None where nobody sees it."""
        tag = "a" if element.tag == _LINK else element.tag
        if not isinstance(tag, str) or tag in _SKIPPED:
            return None
        items = element.items()
        key = (tag, outer[0], *items)
        kin = self._kin.get(key)
        if kin is None:
            said = dict(items)
            look = looks(tag, said, outer[0], self._rules)
            kin = self._kin[key] = look, _is_block(tag, look.display), _quotes(tag, said)
        look, block, quotes = kin
        if look.gone:
            return None
        place = outer[1]
        if quotes or tag in _PLACING:
            place = self._placed(tag, place, quotes)
        if block:
            self._flush()
        elif tag == "br":
            self._break()
        linked = False
        if tag in _ACTIVE or element.get("role") == "button":
            linked = self._act(element, tag, dict(items), look, place)
        return look, place, block, linked

    def _act(self, element: etree._Element, tag: str, said: _Attributes, look: Look, place: _Place) -> bool:
        """Open what can be pressed, or names it; whether it is a link that must be closed."""
        if tag == "img":
            self._picture(said)
            return False
        if tag == "form":
            self._forms.append(said.get("action", ""))
        return (tag in _LINKS or said.get("role") == "button") and self._link(element, tag, said, look, place)

    def _leave(self, element: etree._Element, frame: _Frame) -> None:
        _, _, block, linked = frame
        if linked:
            self._end_link()
        if block:
            self._flush()
        if element.tag == "form" and self._forms:
            self._forms.pop()

    def _placed(self, tag: str, outer: _Place, quotes: bool) -> _Place:
        row, cell, heading, quote = outer
        if tag == "tr":
            self._rows += 1
            row, cell = self._rows, None
        elif tag in ("td", "th") and row is not None:
            cell = self._cells[row] = self._cells.get(row, -1) + 1
        return row, cell, heading or tag in _HEADINGS, quote + quotes

    def _break(self) -> None:
        self._breaks += 1
        if self._breaks > 1:
            self._flush()
        else:
            self._pieces.append("\n")
            self._say(" ")

    def _link(self, element: etree._Element, tag: str, said: _Attributes, look: Look, place: _Place) -> bool:
        href = said.get("href")
        if tag == "input" and said.get("type", "").lower() not in _PRESSED:
            return False
        if tag in ("button", "input"):
            href = said.get("formaction") or (self._forms[-1] if self._forms else "")
        if tag not in _LINKS and (self._links or element.find(f".//{_LINK}") is not None):
            return False  # dressed as a button round a real link, or inside one
        button = tag in ("button", "input") or _buttonish(element, said, look)
        if button:
            self._pieces.append(" ")
        link = _Open(href or "", len(self._blocks), place[3] > 0, button)
        link.titles = [said[name] for name in ("value", "alt", "aria-label", "title") if name in said]
        link.pictures = [said[name][-300:] for name in ("src", "style") if name in said]
        self._links.append(link)
        return True

    def _end_link(self) -> None:
        link = self._links.pop()
        if link.button:
            self._pieces.append(" ")
        label = link.label()
        if len(self._anchors) < LINK_LIMIT and (label or link.href):
            self._anchors.append(Shown(link.href, label, link.position, link.button, link.quoted))

    def _picture(self, said: _Attributes) -> None:
        if self._links:
            link = self._links[-1]
            link.titles[:0] = [said[name] for name in ("alt", "title") if name in said]
            link.pictures.append(said.get("src", "")[-300:])

    def _text(self, text: str, frame: _Frame) -> None:
        look = frame[0]
        if look.unseen:
            return
        if text.isspace():
            self._pieces.append(" ")
            self._say(" ")
            return
        self._breaks = 0
        self._at = frame[1]
        self._pieces.append(text if look.pre else text.replace("\n", " ").replace("\r", " "))
        self._letters += len(text)
        if look.strong:
            self._strong += len(text)
        self._say(text)

    def _say(self, text: str) -> None:
        for link in self._links:
            link.pieces.append(text)

    def _flush(self) -> None:
        self._breaks = 0
        for link in self._links:
            link.pieces.append(" ")
        if self._letters:
            lines = (clean(line) for line in "".join(self._pieces).split("\n"))
            text = "\n".join(line for line in lines if line)
            if text:
                row, cell, heading, quote = self._at
                heading = heading or (self._strong == self._letters and len(text) <= 200)
                self._blocks.append(Block(text, row, cell, heading, quote))
            self._strong = self._letters = 0
        if self._pieces:
            self._pieces = []


def _is_block(tag: str, display: str | None) -> bool:
    if display is None or tag in _ALWAYS:
        return tag in _BLOCKS
    if display in _BLOCKY:
        return tag not in ("a", "img", "br")
    return tag in _BLOCKS and display not in ("inline", "contents")


def _quotes(tag: str, said: _Attributes) -> bool:
    if tag == "blockquote" and said.get("type") == "cite":
        return True
    return "class" in said and _QUOTE_CLASS.search(said["class"]) is not None


def _buttonish(element: etree._Element, said: _Attributes, look: Look) -> bool:
    if said.get("role") == "button" or _BUTTON_CLASS.search(said.get("class", "")):
        return True
    if look.padded and (look.own_ground or look.display in ("inline-block", "block")):
        return True
    parent = element.getparent()
    return (
        parent is not None and parent.tag == "td" and bool(parent.get("bgcolor") or parent.get("background"))
    )
