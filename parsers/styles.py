"""Tells from inline styles and simple style rules whether a reader of the mail can see a piece of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?(?:([.#])([\w-]+))?", re.IGNORECASE)
_CLASS = re.compile(r"\.([\w-]+)")
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|ex|vw|vh|%|in|cm|mm)?")
_PIXELS = {"px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "in": 96.0, "cm": 38.0, "mm": 3.8}
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*(?:[,/]\s*([\d.]+%?)\s*)?\)")
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
_NAMES = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "whitesmoke": (245, 245, 245),
    "snow": (255, 250, 250),
}

Colour = tuple[int, int, int]
CLEAR: Colour = (-1, -1, -1)
"""A colour that lets everything through."""
UNKNOWN: Colour = (-2, -2, -2)
"""A picture, a gradient or a name that we don't know: nothing can be said."""


@dataclass(frozen=True, slots=True)
class Style:
    """What one element's declarations say about being seen; None where they say nothing."""

    gone: bool = False
    display: str | None = None
    size: float | None = None
    colour: Colour | None = None
    background: Colour | None = None
    bold: bool | None = None
    padded: bool = False


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Rules:
    """The simple rules of a mail's style sheets: by tag, class, id; classes whose ground we can't tell."""

    simple: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    murky: frozenset[str] = frozenset()
    known: dict[tuple[str, str, str, str], Style] = field(default_factory=dict)

    def apply(self, tag: str, classes: str, name: str, inline: str) -> Style:
        """The style of an element: rules in the order tag, class, id, then its own style attribute."""
        if not self.simple:
            style = style_of(inline) if inline else PLAIN
        else:
            key = (tag, classes, name, inline)
            style = self.known.get(key) or self.known.setdefault(key, self._computed(*key))
        if self.murky and style.background is None and not self.murky.isdisjoint(classes.split()):
            return replace(style, background=UNKNOWN)
        return style

    def _computed(self, tag: str, classes: str, name: str, inline: str) -> Style:
        declared = ";".join([*self._matching(tag, classes, name), inline])
        return style_of(declared) if declared else PLAIN

    def _matching(self, tag: str, classes: str, name: str) -> Iterable[str]:
        keys = [("*", "", ""), (tag, "", "")]
        keys += [(owner, ".", one) for one in classes.split()[:20] for owner in ("", tag)]
        keys += [("", "#", name), (tag, "#", name)] if name else []
        return [self.simple[key] for key in keys if key in self.simple]


def rules_of(sheets: str) -> Rules:
    """Read style sheets; what stands under @media counts for another device and is left out."""
    text = _without_at_rules(_COMMENT.sub(" ", sheets[:200_000]))
    simple: dict[tuple[str, str, str], str] = {}
    murky: set[str] = set()
    for rule in text.split("}")[:2000]:
        selectors, brace, declared = rule.rpartition("{")
        declared = declared.strip()[:4000]
        for selector in selectors[-2000:].split(",")[:50] if brace else ():
            selector = selector.strip()
            if found := _SIMPLE.fullmatch(selector):
                tag, sort, name = (found.group(1) or "").lower(), found.group(2) or "", found.group(3) or ""
                simple[(tag, sort, name)] = ";".join(filter(None, (simple.get((tag, sort, name)), declared)))
            elif selector == "*":
                simple[("*", "", "")] = declared
            elif "background" in declared:
                murky.update(_CLASS.findall(selector))
    return Rules(simple, frozenset(murky))


def _without_at_rules(text: str) -> str:
    """Drop @media { ... } with the braces inside it, and @import lines."""
    out: list[str] = []
    position = 0
    while (start := text.find("@", position)) >= 0:
        out.append(text[position:start])
        brace, semicolon = text.find("{", start), text.find(";", start)
        if brace < 0 or 0 <= semicolon < brace:
            position = len(text) if semicolon < 0 else semicolon + 1
            continue
        depth, position = 1, brace + 1
        while depth and position < len(text):
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
    return "".join([*out, text[position:]])


@lru_cache(maxsize=2048)
def style_of(declared: str) -> Style:
    """Read declarations; an important one outranks a later one that is not."""
    said: dict[str, str] = {}
    important: set[str] = set()
    for part in declared.lower()[:8000].split(";"):
        key, colon, value = part.partition(":")
        key, value = key.strip(), value.strip()
        if not colon or (key in important and "!important" not in value):
            continue
        if "!important" in value:
            important.add(key)
            value = value.replace("!important", "").strip()
        said[key] = value
    return _style(said)


def _style(said: Mapping[str, str]) -> Style:
    size = length(said.get("font-size", ""))
    ground = said.get("background-color") or said.get("background")
    if "background-image" in said and said["background-image"] != "none":
        ground = "url("
    weight = said.get("font-weight")
    padding = any(key.startswith("padding") for key in said)
    return Style(
        gone=_gone(said),
        display=said.get("display"),
        size=size,
        colour=colour_of(said["color"]) if "color" in said else None,
        background=colour_of(ground) if ground else None,
        bold=None if weight is None else weight in ("bold", "bolder", "600", "700", "800", "900"),
        padded=padding,
    )


def _gone(said: Mapping[str, str]) -> bool:
    if said.get("display") == "none" or said.get("visibility") in ("hidden", "collapse"):
        return True
    if length(said.get("opacity", "1")) == 0:
        return True
    clipped = said.get("overflow", "").startswith("hidden") or said.get("overflow-y", "") == "hidden"
    for key in ("max-height", "max-width", "height", "width"):
        if key in said and length(said[key]) == 0 and (clipped or key.startswith("max-")):
            return True
    return _elsewhere(said)


def _elsewhere(said: Mapping[str, str]) -> bool:
    """Moved off the page, or clipped to nothing."""
    if said.get("position") in ("absolute", "fixed"):
        for key in ("left", "top", "right", "bottom"):
            if (length(said.get(key, "")) or 0) <= -500:
                return True
        if re.match(r"rect\(\s*[01](px)?[\s,]+[01](px)?[\s,]+[01](px)?[\s,]+[01]", said.get("clip", "")):
            return True
    if said.get("clip-path", "") in ("inset(50%)", "inset(100%)", "circle(0)"):
        return True
    return any(
        (length(said.get(key, "")) or 0) <= -500 for key in ("text-indent", "margin-left", "margin-top")
    )


def length(value: str) -> float | None:
    """A CSS length in pixels, roughly; None where it is none or relative to something unseen."""
    match = _LENGTH.match(value.strip())
    if match is None:
        return None
    number, unit = float(match.group(1)), match.group(2) or "px"
    if unit in ("%", "vw", "vh"):
        return number * 0.16
    return number * _PIXELS[unit]


@lru_cache(maxsize=512)
def colour_of(value: str) -> Colour:
    """A CSS or HTML colour; CLEAR for a transparent one, UNKNOWN for pictures and strange names."""
    value = value.strip().lower()
    if "url(" in value or "gradient" in value or "var(" in value:
        return UNKNOWN
    if match := _HEX.search(value):
        return _from_hex(match.group(1))
    if match := _RGB.search(value):
        if match.group(4) is not None and float(match.group(4).rstrip("%")) == 0:
            return CLEAR
        red, green, blue = (min(255, int(part)) for part in match.groups()[:3])
        return (red, green, blue)
    if re.fullmatch(r"[0-9a-f]{6}", value):
        return _from_hex(value)
    if value in ("transparent", "none"):
        return CLEAR
    return next((_NAMES[word] for word in value.split() if word in _NAMES), UNKNOWN)


def _from_hex(digits: str) -> Colour:
    if len(digits) in (3, 4):
        digits = "".join(char * 2 for char in digits)
    if digits[6:] == "00":
        return CLEAR
    return (int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


def same_colour(one: Colour, other: Colour) -> bool:
    """Can nobody tell the two apart? Never true of what we don't know."""
    if abs(one[0] - other[0]) > 8 or abs(one[1] - other[1]) > 8 or abs(one[2] - other[2]) > 8:
        return False
    return UNKNOWN not in (one, other)
