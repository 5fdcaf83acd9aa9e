"""One normal form for mail text and phrases, as long as the text, so that a match can be quoted."""

import re
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
    "ё": "е", "Ё": "е", "٫": ".", "٬": ",", "،": ",", "؛": ";", "؟": "?",
}  # fmt: skip


# Vietnamese writes the tone of a syllable on either of two vowels: "hòa" is "hoà".
_OLD = ["òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy"]
_NEW = ["oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ"]
_MOVED = dict(zip(_OLD, _NEW, strict=True))
_TONES = re.compile("|".join(_MOVED))


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
    return _TONES.sub(lambda match: _MOVED[match[0]], "".join(map(_one, text)))


_ASCII = {ord("\t"): " ", ord("\n"): " ", ord("\r"): " ", ord("`"): "'"}
