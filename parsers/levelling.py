"""One normal form for mail text and phrases, as long as the text, so that a match can be quoted."""

import unicodedata
from functools import lru_cache

# Letters that people and machines write in more than one way; each maps to exactly one character.
_SAME = {
    "ı": "i", "İ": "i",
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "ʹ": "'", "＇": "'", "׳": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "״": '"',
    "–": "-", "—": "-", "−": "-", "‑": "-", "‐": "-", "‒": "-", "־": "-", "－": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u3000": " ", "\t": " ", "\n": " ", "\r": " ",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",
    "ё": "е", "Ё": "е", "٫": ".", "٬": ",",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _one(char: str) -> str:
    if char in _SAME:
        return _SAME[char]
    digit = unicodedata.digit(char, None)
    if digit is not None and unicodedata.category(char) == "Nd":
        return str(digit)
    folded = unicodedata.normalize("NFKC", char).lower()
    if len(folded) != 1:
        folded = char.lower()
    if len(folded) != 1:
        return char
    return _SAME.get(folded, folded)


def level(text: str) -> str:
    """Return `text` lower-cased and with digits, dashes, quotes and letter variants made alike.

    The result has as many characters as `text`, so a match in it can be cut out of `text` itself.
    """
    if text.isascii():
        return text.lower().translate(_ASCII)
    return "".join(map(_one, text))


_ASCII = {ord("\t"): " ", ord("\n"): " ", ord("\r"): " ", ord("`"): "'"}
