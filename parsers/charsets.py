"""Turns bytes into text although the charset is missing, misspelt, wrong or hostile."""

import codecs
import re
from functools import lru_cache

# What writers call a charset, and what decodes it: the superset that real mail uses.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "xgbk": "gb18030",
    "euckr": "cp949",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "korean": "cp949",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "iso2022jp": "iso2022_jp_ext",
    "iso2022jpms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "tis620": "cp874",
    "iso885911": "cp874",
    "windows874": "cp874",
    "iso88598": "cp1255",
    "iso88598i": "cp1255",
    "iso88598e": "cp1255",
    "iso88599": "cp1254",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "usascii": "cp1252",
    "ascii": "cp1252",
    "ansi": "cp1252",
    "unicode11utf7": "utf-7",
    "xunicode20utf7": "utf-7",
    "utf8mb4": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-16",
    "ucs2": "utf-16",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
}
# Python codecs that are no charset of mail, or that take quadratic time.
_NOT_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
_MULTIBYTE = re.compile(r"gb|big5|cp9(32|49|50)|euc|iso2022|hz|johab|utf-?(7|16|32)", re.IGNORECASE)
_STATEFUL = re.compile(rb"\x1b|~\{|\+")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@lru_cache(maxsize=512)
def codec_for(declared: str) -> str | None:
    """The Python codec meant by a declared charset name, or None where it names nothing usable."""
    name = declared.strip().strip("\"'").lower()[:60]
    key = re.sub(r"[^a-z0-9]", "", name)
    if not key:
        return None
    for candidate in (_MEANT.get(key), name, re.sub(r"^(?:x-|charset=)", "", name), _windows(key)):
        if candidate and candidate.isascii() and (found := _known(candidate)):
            return found
    return None


def decode(data: bytes, declared: str | None = None) -> str:
    """Text of `data`: byte order mark, declared charset, UTF-8, then windows-1252; never raises."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    codec_name = codec_for(declared) if declared else None
    if data.isascii() and not _STATEFUL.search(data) and b"\x00" not in data:
        return data.decode("ascii")
    if codec_name in (None, "utf-8", "cp1252") and (wide := _wide(data)):
        codec_name = wide
    if codec_name and codec_name.startswith(("utf-16", "utf-32")):
        return _decode_wide(data, codec_name)
    return _decode_narrow(data, codec_name)


def _windows(key: str) -> str | None:
    match = re.fullmatch(r"(?:windows|win|cp|ibm|xcp)(\d{3,4})", key)
    return f"cp{match.group(1)}" if match else None


def _known(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
        b"a".decode(info.name)  # also refuses the codecs that are no text encodings
    except (LookupError, ValueError, TypeError):
        return None
    return None if info.name.replace("-", "_") in _NOT_CHARSETS else _MEANT.get(_key(info.name), info.name)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _wide(data: bytes) -> str | None:
    """UTF-16 that nobody declared: every other byte is zero in Latin text and markup."""
    probe = data[:4096]
    if len(probe) < 8 or probe.count(0) * 4 < len(probe):
        return None
    return "utf-16-le" if probe[1::2].count(0) >= probe[0::2].count(0) else "utf-16-be"


def _decode_wide(data: bytes, codec: str) -> str:
    if codec in ("utf-16", "utf-32"):
        # Declared, but plain bytes inside: a converter changed the text and left the label.
        if b"\x00" not in data[:4096] and codec == "utf-16" and _valid(data, "utf-8") is not None:
            return data.decode("utf-8")
        codec = _wide(data) or codec + "-be" if codec == "utf-16" else "utf-32-be"
    return data.decode(codec, "replace")


def _decode_narrow(data: bytes, codec: str | None) -> str:
    multibyte = codec is not None and _MULTIBYTE.match(codec) is not None
    # A single-byte charset decodes anything, so valid UTF-8 outranks it; a multi-byte one proves itself.
    order = (codec, "utf-8") if multibyte else ("utf-8", codec)
    for candidate in order:
        if candidate and (text := _valid(data, candidate)) is not None:
            return text
    tries = [data.decode(name, "replace") for name in dict.fromkeys((codec, "utf-8")) if name]
    best = min(tries, key=lambda text: text.count("\ufffd"))
    if best.count("\ufffd") * 50 <= len(best) or multibyte:
        return best
    return _valid(data, "cp1252") or data.decode("latin-1")


def _valid(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None
