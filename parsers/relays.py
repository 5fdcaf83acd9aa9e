"""Knows AliExpress's own hosts, and recovers who really wrote where a relay hides the address."""

import re

from parsers.headers import Address

OURS = ("aliexpress.com", "aliexpress.us", "aliexpress.ru")

_APPLE = ("privaterelay.appleid.com", "icloud.com")
_SIMPLELOGIN = (
    "simplelogin.co", "simplelogin.io", "simplelogin.com", "simplelogin.fr", "slmail.me", "slmails.com",
    "aleeas.com", "8alias.com", "8shield.net", "dralias.com", "passmail.net", "passinbox.com", "passfwd.com",
)  # fmt: skip
_ADDY = ("anonaddy.com", "anonaddy.me", "addy.io", "addymail.com", "4wrd.cc", "mailer.me")
_DUCK = ("duck.com",)
_FIREFOX = ("mozmail.com", "relay.firefox.com")

# Apple writes two marks behind the host (`_4k2m9q7r1x_0a1b2c3d`), others one.
_APPLE_LOCAL = re.compile(r"(.+)_at_([a-z0-9_-]+?)_[a-z0-9]{4,20}_[0-9a-f]{8}", re.IGNORECASE)
_MARKED_LOCAL = re.compile(r"(.+)_at_([a-z0-9_-]+)_[a-z0-9]{4,30}", re.IGNORECASE)
_DUCK_LOCAL = re.compile(r"(.+)_at_([a-z0-9.-]+\.[a-z]{2,24})_[^_@]+", re.IGNORECASE)
_ADDY_LOCAL = re.compile(r"[^+]+\+(.+)=([a-z0-9.-]+\.[a-z]{2,24})", re.IGNORECASE)
_IN_NAME = re.compile(
    r"([a-z0-9._%+-]{1,64})\s?(?:@|\(a\)|\[at\]| at )\s?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE
)


def is_ours(host: str) -> bool:
    """Is this AliExpress's own domain, or a host under it? Plain ASCII only: all else pretends."""
    return any(host == own or host.endswith("." + own) for own in OURS)


def recovered(author: Address) -> Address | None:
    """The original sender hidden in a relay's address or display name; None where no relay wrote."""
    host, local = author.host, author.local
    marked = _APPLE_LOCAL.fullmatch(local) or _MARKED_LOCAL.fullmatch(local)
    if marked and _of(host, (*_APPLE, *_SIMPLELOGIN)):
        return _original(author, marked.group(1), marked.group(2).replace("_", "."))
    if _of(host, _DUCK) and (match := _DUCK_LOCAL.fullmatch(local)):
        return _original(author, match.group(1), match.group(2))
    if _of(host, _ADDY) and (match := _ADDY_LOCAL.fullmatch(local)):
        return _original(author, match.group(1), match.group(2))
    if _of(host, (*_SIMPLELOGIN, *_ADDY, *_FIREFOX)) and (match := _IN_NAME.search(author.name[:300])):
        return _original(author, match.group(1), match.group(2))
    return None


def _of(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == one or host.endswith("." + one) for one in hosts)


def _original(author: Address, local: str, host: str) -> Address:
    name = _IN_NAME.sub("", author.name).strip(" -'\"|,") if "@" not in local else author.name
    return Address(name, f"{local}@{host.lower()}")
