"""How an element looks to the reader, as far as being seen and read goes, given what surrounds it."""

from collections.abc import Mapping
from typing import NamedTuple

from lxml import etree  # type: ignore[import-untyped]  # ships no types

from parsers.styles import CLEAR, UNKNOWN, Colour, Rules, Style, colour_of, rules_of, same_colour

_WHITE: Colour = (255, 255, 255)
_LARGE = 20.0
_SMALLEST = 1.4  # pixels: preheaders are set in a size nobody can read
_BOLD = frozenset(("b", "strong"))
_TELLING = _BOLD | {"pre", "a"}
_TOLD = frozenset(("style", "hidden", "bgcolor", "background", "color", "class"))
_LINK_BLUE: Colour = (0, 0, 238)


class Look(NamedTuple):
    """What an element has from its surroundings and its own style (a tuple: one is made for every tag).

    `unseen` tells that its own text is invisible: no size, no colour, or the colour of the ground. `strong`
    tells that it is bold or large. The last three are the element's own, not its children's.
    """

    gone: bool = False
    size: float = 16.0
    colour: Colour = (0, 0, 0)
    ground: Colour = _WHITE
    bold: bool = False
    pre: bool = False
    unseen: bool = False
    strong: bool = False
    display: str | None = None
    padded: bool = False
    own_ground: bool = False


_OWN = Look._fields.index("display")
_NOTHING_OWN = (None, False, False)
PAGE = Look()
"""A page nobody has styled: black on white."""
GONE = Look(gone=True)
"""What nobody sees, with everything in it."""


def sheets(root: etree._Element) -> Rules:
    """The rules of all style elements of a tree."""
    texts = [element.text or "" for element in root.iter("style")]
    return rules_of("\n".join(texts)) if texts else Rules()


def looks(tag: str, said: Mapping[str, str], outer: Look, rules: Rules) -> Look:
    """The look of an element with the attributes `said` inside `outer`."""
    if not rules.simple and tag not in _TELLING and _TOLD.isdisjoint(said):
        if outer[_OWN:] == _NOTHING_OWN:
            return outer
        return outer._replace(display=None, padded=False, own_ground=False)
    if "hidden" in said:
        return GONE
    style = rules.apply(tag, said.get("class", ""), said.get("id", ""), said.get("style", ""))
    ground, own = _ground(said.get("bgcolor"), "background" in said, outer, style)
    if tag == "a" and not own:
        ground = UNKNOWN  # buttons get their ground from pictures or VML: white on white is no hidden label
    colour = style.colour
    if colour is None:
        printed = said.get("color") if tag == "font" else None
        # A link has a colour of its own unless it is told one.
        colour = colour_of(printed) if printed else (_LINK_BLUE if tag == "a" else outer.colour)
    size = outer.size if style.size is None else style.size
    bold = (tag in _BOLD or outer.bold) if style.bold is None else style.bold
    unseen = size <= _SMALLEST or colour == CLEAR or same_colour(colour, ground)
    pre = outer.pre or tag == "pre"
    strong = bold or size >= _LARGE
    return Look(style.gone, size, colour, ground, bold, pre, unseen, strong, style.display, style.padded, own)


def _ground(printed: str | None, pictured: bool, outer: Look, style: Style) -> tuple[Colour, bool]:
    ground = style.background
    if ground is None and printed:
        ground = colour_of(printed)
    if pictured:
        ground = UNKNOWN
    if ground is None or ground == CLEAR:
        return outer.ground, False
    return ground, True
