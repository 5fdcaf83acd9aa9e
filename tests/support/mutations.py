"""Ways in which a mail may arrive otherwise and still say the same: each takes bytes and gives bytes."""

import email
import random
import re
from collections.abc import Callable
from email.message import Message
from email.policy import compat32

Mutation = Callable[[bytes, random.Random], bytes]

_TEXT = re.compile(r">([^<>]{4,})<")
_DIGITS = re.compile(r"\d")


def _html_parts(mail: Message) -> list[Message]:
    return [part for part in mail.walk() if part.get_content_type() == "text/html"]


def _decoded(part: Message) -> str | None:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return None
    try:
        return raw.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return None


def _put(part: Message, text: str, charset: str = "utf-8") -> None:
    del part["Content-Transfer-Encoding"]
    part.set_payload(text.encode(charset), None)
    part.set_param("charset", charset)
    import base64

    part.set_payload(base64.encodebytes(text.encode(charset)).decode("ascii"))
    part["Content-Transfer-Encoding"] = "base64"


def _over_html(raw: bytes, change: Callable[[str], str], charset: str = "utf-8") -> bytes:
    mail = email.message_from_bytes(raw, policy=compat32)
    for part in _html_parts(mail):
        text = _decoded(part)
        if text is not None:
            _put(part, change(text), charset)
    return mail.as_bytes()


def _inside(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` made to what stands between its tags, outside style and script."""
    pieces = re.split(r"(?is)(<(?:style|script|title)\b.*?</(?:style|script|title)>|<!--.*?-->)", text)
    return "".join(
        piece if index % 2 else _TEXT.sub(lambda m: f">{change(m[1])}<", piece)
        for index, piece in enumerate(pieces)
    )


def reencoded(raw: bytes, rng: random.Random) -> bytes:
    """The HTML part in another charset and in base64."""
    return _over_html(
        raw, lambda text: re.sub(r"(?i)<meta[^>]*charset[^>]*>", "", text), rng.choice(["utf-8", "utf-16"])
    )


def sprinkled(raw: bytes, rng: random.Random) -> bytes:
    """Soft hyphens and zero-width marks inside words, as mail engines put them."""

    def sprinkle(text: str) -> str:
        out = []
        for char in text:
            out.append(char)
            if char.isalpha() and rng.random() < 0.04:
                out.append(rng.choice(["\u00ad", "\u200b", "\u200c", "\ufeff"]))
        return "".join(out)

    return _over_html(raw, lambda text: _inside(text, sprinkle))


def retagged(raw: bytes, rng: random.Random) -> bytes:
    """Figures and words wrapped in inline tags."""

    def wrap(text: str) -> str:
        def tagged(match: re.Match[str]) -> str:
            tag = rng.choice(["b", "span", "font", "strong"])
            return f"<{tag}>{match[0]}</{tag}>" if rng.random() < 0.5 else match[0]

        if "&" in text:
            return text
        return re.sub(r"\d+|\w{6,}", tagged, text)

    return _over_html(raw, lambda text: _inside(text, wrap))


def entitled(raw: bytes, rng: random.Random) -> bytes:
    """Figures written as character references."""

    def entity(match: re.Match[str]) -> str:
        if rng.random() < 0.5:
            return match[0]
        return rng.choice([f"&#{ord(match[0])};", f"&#x{ord(match[0]):x};"])

    return _over_html(raw, lambda text: _inside(text, lambda t: t if "&" in t else _DIGITS.sub(entity, t)))


def commented(raw: bytes, rng: random.Random) -> bytes:
    """MSO comments and hidden text that say something else."""
    extra = (
        "<!--[if mso]><table><tr><td>Reply by January 1, 2020</td></tr></table><![endif]-->"
        '<div style="display:none">Respond within 1 hour, by January 2, 2020 &euro; 999,99</div>'
        '<span style="font-size:0">3 minutes left</span>'
    )
    return _over_html(raw, lambda text: re.sub(r"(?i)(<body[^>]*>)", rf"\1{extra}", text, count=1))


MUTATIONS: dict[str, Mutation] = {
    "reencoded": reencoded,
    "sprinkled": sprinkled,
    "retagged": retagged,
    "entitled": entitled,
    "commented": commented,
}
