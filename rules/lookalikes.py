"""Tells a host that pretends to be AliExpress, or that is a bare number, from an honest stranger."""

import re
import unicodedata

_BRAND = "aliexpress"
_STEM, _ENDING = "ali", "express"

# The group's own domains that carry the brand: no answer is given there, but they pretend nothing.
_KIN = (
    "aliexpress-media.com",
    "aliexpress-service.com",
    "aliexpress-tech-open.com",
    "aliexpress.fr",
    "aliexpress.ge",
)
# Names one or two letters away that mean something else.
_INNOCENT = frozenset({"alienpress", "alexpress", "aiexpress", "apiexpress", "aldiexpress", "alpexpress"})

# Letters drawn like the brand's, from Cyrillic, Greek, small capitals and digits.
_TWINS = str.maketrans(
    {
        twin: letter
        for letter, twins in {
            "a": "аαɑᴀ4",
            "l": "ӏℓłʟ1|",
            "i": "іιıɩɪ!",
            "e": "еεəᴇ3",
            "x": "хχ",
            "p": "рρᴘ",
            "r": "гʀ",
            "s": "ѕꜱ5$",
            "o": "оο0",
            "c": "с",
            "y": "уυ",
        }.items()
        for twin in twins
    }
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


def is_number(host: str) -> bool:
    """Whether a browser would take a host for an IP address, valid or not."""
    return ":" in host or bool(_NUMBER.fullmatch(host.rpartition(".")[2]))


def is_valid_number(host: str) -> bool:
    """Whether a host is an address in any form a browser reads: dotted, one number, octal, hex, IPv6."""
    if ":" in host:
        return True
    parts = host.split(".")
    values = [_value(part) for part in parts]
    if len(parts) > 4 or None in values:
        return False
    *front, last = [value for value in values if value is not None]
    return all(value < 256 for value in front) and last < 256 ** (5 - len(parts))


def _value(part: str) -> int | None:
    """One part of a dotted address; a leading 0 makes it octal, 0x hexadecimal."""
    if len(part) > 40 or not part.isascii():
        return None
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)
    except ValueError:
        return None


def pretends(host: str) -> bool:
    """Whether a host that is not AliExpress's wants to be taken for it."""
    if any(host == kin or host.endswith("." + kin) for kin in _KIN):
        return False
    labels = [_skeleton(_decoded(label)) for label in host.split(".")]
    if any(_BRAND in label or _looks_the_same(label) for label in labels):
        return True
    if any("".join(labels[start:]).startswith(_BRAND) for start in range(len(labels) - 1)):
        return True
    return any(_is_a_near_miss(label) for label in labels[:-1])


def _decoded(label: str) -> str:
    """A punycode label as it is shown to people."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _skeleton(label: str) -> str:
    """A label without accents and hyphens, every letter replaced by the one it is drawn like."""
    if label.isascii():
        plain = label
    else:
        spread = unicodedata.normalize("NFKD", label).casefold()
        plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return plain.replace("-", "").replace("_", "").translate(_TWINS)


def _looks_the_same(skeleton: str) -> bool:
    """`aIiexpress` and `al1express`: i and l can't be told apart in many fonts."""
    return skeleton.replace("i", "l").startswith(_BRAND.replace("i", "l"))


def _is_a_near_miss(skeleton: str) -> bool:
    """One or two slips away from the brand. So many firms are called something-express that a whole
    "express" allows one slip in what stands before it, and a damaged one asks for the brand's start.
    """
    if not len(_BRAND) - 2 <= len(skeleton) <= len(_BRAND) + 2 or skeleton in _INNOCENT:
        return False
    if skeleton.endswith(_ENDING):
        return _slips(skeleton.removesuffix(_ENDING), _STEM) <= 1
    return skeleton.startswith(_STEM[:2]) and _slips(skeleton, _BRAND) <= 2


def _slips(one: str, other: str) -> int:
    """How many letters must be put in, left out, replaced or swapped with a neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        after = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            after.append(cost)
        before, row = row, after
    return row[-1]
