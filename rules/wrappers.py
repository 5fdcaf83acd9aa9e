"""Addresses that carry another one inside (mail-security rewriters, login hops), opened offline."""

import binascii
import re
from base64 import urlsafe_b64decode
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from rules.anatomy import EDGES, WEB, Address, belongs, pairs


class Shut(StrEnum):
    """Why a wrapper stays closed."""

    OPAQUE = "opaque"  # what is inside is known to its maker alone
    TORN = "torn"  # it should hold an address and does not


class _Wrapper(NamedTuple):
    domain: str
    path: str  # the path starts so
    names: tuple[str, ...]  # parameters that may hold the address, in lower case


_WRAPPERS = (
    _Wrapper("safelinks.protection.outlook.com", "", ("url",)),
    _Wrapper("safelinks.protection.office365.us", "", ("url",)),
    _Wrapper("safelinks.protection.partner.outlook.cn", "", ("url",)),
    _Wrapper("statics.teams.cdn.office.net", "/evergreen-assets/safelinks", ("url",)),
    _Wrapper("linkprotect.cudasvc.com", "", ("a",)),
    _Wrapper("clicktime.symantec.com", "", ("u",)),
    _Wrapper("protect2.fireeye.com", "", ("u",)),
    _Wrapper("scanmail.trustwave.com", "", ("u",)),
    _Wrapper("urlsand.esvalabs.com", "", ("u",)),
    _Wrapper("ctp.trendmicro.com", "/wis/clicktime", ("url",)),
    _Wrapper("checklink.mail.ru", "/proxy", ("url",)),
    _Wrapper("click.mail.ru", "/redir", ("u",)),
    *(
        _Wrapper(domain, "", ("redirecturl",))
        for domain in (
            "deref-gmx.net",
            "deref-gmx.com",
            "deref-gmx.de",
            "deref-gmx.at",
            "deref-gmx.ch",
            "deref-gmx.co.uk",
            "deref-gmx.fr",
            "deref-gmx.es",
            "deref-web.de",
            "deref-web-02.de",
            "deref-1und1.de",
            "deref-mail.com",
        )
    ),
)

_OPAQUE = (
    "mimecast.com",
    "mimecastprotect.com",
    "mimecastcybergraph.com",
    "secure-web.cisco.com",
    "protection.sophos.com",
    "protect.checkpoint.com",
    "url.avanan.click",
    "emailprotection.link",
    "atpscan.global.hornetsecurity.com",
    "inkyphishfence.com",
    "link.edgepilot.com",
)

_URLDEFENSE = ("urldefense.proofpoint.com", "urldefense.com", "urldefense.us")
_V2 = str.maketrans({"-": "%", "_": "/"})
_V3 = re.compile(r"/v3/__(.+)__;([A-Za-z0-9_=-]*)!", re.DOTALL)
_V3_HOLE = re.compile(r"\*(?:\*([A-Za-z0-9_-]))?")
_V3_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ONE_SLASH = re.compile(r"(https?:)/(?!/)", re.IGNORECASE)

_GOOGLE = re.compile(r"(?:www\.)?google\.(?:com|com?\.[a-z]{2}|[a-z]{2}|cat)")
_IMAGE_PROXY = re.compile(r"(?:ci\d+|lh\d+)\.googleusercontent\.com")

_OURS = ("aliexpress.com", "aliexpress.us", "aliexpress.ru")
_LOGIN = re.compile(r"(?:login|passport|sso)\.")
_LOGIN_PATH = re.compile(r"/(?:[\w-]*-)?login(?:-[\w-]*)?(?:[/.]|$)", re.IGNORECASE)
_ENCODED = re.compile(r"https?(?:%25)*%3a", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?:https?:)?//[^/]", re.IGNORECASE)


def inside(address: Address) -> str | Shut | None:
    """The address that a wrapper holds, why it can't be had, or None where this is no wrapper."""
    if address.scheme not in WEB or not address.host:
        return None
    host = address.host
    if any(belongs(host, domain) for domain in _OPAQUE):
        return Shut.OPAQUE
    if host in _URLDEFENSE:
        return _urldefense(address)
    if address.path == "/url" and _GOOGLE.fullmatch(host):
        return _target(address.query, ("q", "url"))
    if address.fragment.startswith("http") and _IMAGE_PROXY.fullmatch(host):
        return address.fragment
    if any(belongs(host, domain) for domain in _OURS):
        return _hop(address, host)
    for wrapper in _WRAPPERS:
        if belongs(host, wrapper.domain) and address.path.startswith(wrapper.path):
            return _target(address.query, wrapper.names)
    return None


def _target(query: str, names: tuple[str, ...]) -> str | Shut:
    """The first filled one of some parameters. A "+" stays: it belongs to the address inside."""
    values = {name.lower(): value for name, value in reversed(pairs(query, plus=False))}
    for name in names:
        if value := _decoded(values.get(name, "")):
            return value
    return Shut.TORN


def _decoded(value: str) -> str:
    """An address that was encoded more often than it was wrapped."""
    for _ in range(3):
        if not _ENCODED.match(value):
            break
        value = unquote(value)
    return value.strip(EDGES)


def _hop(address: Address, host: str) -> str | None:
    """Where AliExpress's own login and deep-link pages lead; only a whole address counts."""
    names = ["xman_goto"]
    if _LOGIN.match(host) or _LOGIN_PATH.search(address.path):
        names += ["return_url", "returnurl", "return", "redirect_url", "redirecturl"]
    if host.startswith(("s.click.", "star.")):
        names += ["dl_target_url", "redirecturl"]
    if not any(name.lower() in names for name, _ in address.parameters):
        return None
    found = _target(address.query, tuple(names))
    if isinstance(found, Shut) or not _ABSOLUTE.match(found):
        return None
    return "https:" + found if found.startswith("//") else found


def _urldefense(address: Address) -> str | Shut | None:
    """The three versions of one rewriter: plain, with its own escapes, and with holes filled from base64."""
    if address.path.startswith("/v3/"):
        return _third(address.text)
    if not address.path.startswith(("/v1/url", "/v2/url")):
        return None
    for piece in address.query.split("&"):
        name, _, value = piece.partition("=")
        if name == "u" and value:
            value = value.translate(_V2) if address.path.startswith("/v2/") else value
            return _decoded(unquote(value).replace("&amp;", "&")) or Shut.TORN
    return Shut.TORN


def _third(text: str) -> str | Shut:
    match = _V3.search(text) or _V3.search(unquote(text))
    if not match:
        return Shut.TORN
    url, code = _ONE_SLASH.sub(r"\1//", _decoded(match[1]), count=1), match[2].rstrip("=")
    try:
        filling = urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return Shut.TORN
    return _filled(url, filling)


def _filled(url: str, filling: str) -> str:
    """Put the characters taken out back into their holes; `**B` stands for a run of three."""
    at = 0

    def fill(hole: re.Match[str]) -> str:
        nonlocal at
        wanted = _V3_RUNS.index(hole[1]) + 2 if hole[1] else 1
        run = filling[at : at + wanted]
        at += wanted
        return run or hole[0]

    return _V3_HOLE.sub(fill, url)
