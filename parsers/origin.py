"""Tells whose mail it is and how sure that is: sender, relays, forwards, authentication results.

Law, first match counts:
    recognised relay, forward, configured forwarder   unverified
    brand from another domain, several authors, contradictory results   suspicious
    own provider says DMARC fail, no aligned DKIM pass   forged
    own provider says DMARC pass or aligned DKIM pass, nothing against it   verified
    everything else from AliExpress   unverified
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parsers.authresults import NAMELESS, Result, Results, parse_results
from parsers.forwards import Original
from parsers.headers import Address, addresses
from parsers.message import Message
from parsers.relays import OURS, is_ours, recovered
from rules.facts import Authenticity, Trust
from rules.lookalikes import pretends

_SINGLE = ("mx.google.com", NAMELESS)  # who writes exactly one result header on every genuine mail
_SINGLE_ENDING = ".yahoo.com"
_BRAND_ELSEWHERE = ("алиэкспресс", "速卖通", "速賣通", "알리익스프레스", "アリエクスプレス")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of the mailbox: the authserv-ids to trust, and the addresses that forward to it."""

    authserv_ids: tuple[str, ...] = ()
    forwarders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent the mail, recovered from relays and forwards; `is_ours` where that is AliExpress.

    `via` is None for a direct mail, else `relay`, `forward` or `forwarder`.
    """

    sender: str
    name: str
    is_ours: bool
    via: str | None
    authenticity: Authenticity
    local: str
    host: str


def origin(message: Message, provider: Provider, original: Original | None) -> Origin:
    """Whose mail this is. `original` is what `innermost` found in it. Total, no network."""
    author = message.authors[0] if message.authors else Address("", "")
    lone = len(message.authors) == 1 and len(message.headers.raw("from")) == 1
    if lone and (hidden := recovered(author)):
        return _relayed(hidden)
    claims = _brand_claims(author)
    if original is not None and lone and not claims and not is_ours(author.host):
        forwarder = author.address.lower() in {one.strip().lower() for one in provider.forwarders}
        return _forwarded(original, "forwarder" if forwarder else "forward")
    if lone and author.address.lower() in {one.strip().lower() for one in provider.forwarders}:
        return _resent(message, author)
    reasons = _against(message, author)
    if reasons:
        return _origin(author, is_ours(author.host), None, Trust.SUSPICIOUS, *reasons)
    if not is_ours(author.host):
        return _origin(author, False, None, Trust.UNVERIFIED, "stranger")
    verdict, reason = _judged(message, author, provider.authserv_ids)
    return _origin(author, True, None, verdict, reason)


def _origin(who: Address, ours: bool, via: str | None, verdict: Trust, *reasons: str) -> Origin:
    return Origin(who.address, who.name, ours, via, Authenticity(verdict, reasons), who.local, who.host)


def _relayed(hidden: Address) -> Origin:
    if is_ours(hidden.host):
        return _origin(hidden, True, "relay", Trust.UNVERIFIED, "relay")
    claims = _brand_claims(hidden)
    verdict = Trust.SUSPICIOUS if claims else Trust.UNVERIFIED
    return _origin(hidden, False, "relay", verdict, "relay", *claims)


def _forwarded(original: Original, via: str) -> Origin:
    who = Address(original.sender_name, original.sender_address)
    hidden = recovered(who) or who
    reason = "forwarder" if via == "forwarder" else "forwarded"
    # Outlook often quotes the name alone.
    named = not hidden.address and _names_brand(hidden.name)
    if is_ours(hidden.host) or named:
        return _origin(hidden, True, via, Trust.UNVERIFIED, reason)
    claims = _brand_claims(hidden)
    verdict = Trust.SUSPICIOUS if claims else Trust.UNVERIFIED
    return _origin(hidden, False, via, verdict, reason, *claims)


def _resent(message: Message, author: Address) -> Origin:
    """A configured forwarder that puts its own address in From and says no more: the body must tell."""
    replies = [recovered(one) or one for one in _reply_addresses(message)]
    ours = next((one for one in replies if is_ours(one.host)), None)
    told = ours is not None or any("aliexpress." in part.lower() for part in (message.html, message.text))
    return _origin(ours or author, told, "forwarder", Trust.UNVERIFIED, "forwarder")


def _reply_addresses(message: Message) -> list[Address]:
    names = ("reply-to", "x-original-from", "x-original-sender", "resent-from", "sender")
    return [one for name in names for value in message.headers.raw(name) for one in addresses(value)]


def _brand_claims(who: Address) -> tuple[str, ...]:
    """Where a sender outside AliExpress's domains carries its brand."""
    if is_ours(who.host):
        return ()
    claims = []
    if _names_brand(who.name):
        claims.append("brand_in_name")
    if who.host and pretends(who.host):
        claims.append("brand_in_host")
    if who.local and pretends(_NOT_LETTERS.sub("", who.local)):
        claims.append("brand_in_local")
    return tuple(claims)


def _names_brand(name: str) -> bool:
    joined = _NOT_LETTERS.sub("", name).casefold()
    return bool(joined) and (pretends(joined) or any(word in joined for word in _BRAND_ELSEWHERE))


def _against(message: Message, author: Address) -> tuple[str, ...]:
    """What makes a mail suspicious before anybody's results are asked."""
    everyone = message.authors or (author,)
    claims = tuple(dict.fromkeys(claim for one in everyone for claim in _brand_claims(one)))
    concerns_us = bool(claims) or any(is_ours(one.host) for one in everyone)
    if not concerns_us:
        return ()
    reasons = list(claims)
    if len(everyone) > 1 or len(message.headers.raw("from")) > 1:
        reasons.append("several_authors")
    if "author" in message.damaged:
        reasons.append("unclear_author")
    if len(message.headers.raw("subject")) > 1:
        reasons.append("several_subjects")
    return tuple(reasons)


def _judged(message: Message, author: Address, trusted: Sequence[str]) -> tuple[Trust, str]:
    """The verdict of the provider's own results about a mail from AliExpress's domain."""
    headers = [parse_results(_as_sent(value)) for value in message.headers.raw("authentication-results")[:50]]
    own = [one for one in headers if one.said_by(trusted)] if trusted else headers[:1]
    root = next(domain for domain in OURS if is_under(author.host, domain))
    said = [result for header in own for result in header.results]
    dmarc = {result.value for result in said if result.method == "dmarc" and _concerns(result, root)}
    dkim = {result.value for result in said if result.method == "dkim" and _aligned(result, root)}
    if "fail" in dmarc:
        if "pass" in dmarc or "pass" in dkim:
            return Trust.SUSPICIOUS, "contradictory_results"
        return Trust.FORGED, "dmarc_fail"
    if not trusted or not own:
        return Trust.UNVERIFIED, "no_trusted_result"
    return _positive(message, own, root, dmarc, dkim)


def _as_sent(value: bytes) -> str:
    """Nothing decoded: who hides the provider's name in an encoded word, or in letters drawn alike, hid it
    from the provider too, which strips only what bears its own name."""
    return " ".join(value.decode("ascii", "replace").split())


def _positive(
    message: Message, own: Sequence[Results], root: str, dmarc: set[str], dkim: set[str]
) -> tuple[Trust, str]:
    if len(own) > 1 and any(_writes_one(one.server) for one in own):
        return Trust.UNVERIFIED, "too_many_results"
    if _disagree(own, root):
        return Trust.SUSPICIOUS, "contradictory_results"
    if not ("pass" in dmarc or "pass" in dkim):
        return Trust.UNVERIFIED, "not_authenticated"
    if _signed_in_part(message, root):
        return Trust.UNVERIFIED, "partial_signature"
    return Trust.VERIFIED, "dmarc_pass" if "pass" in dmarc else "dkim_pass"


def _disagree(own: Sequence[Results], root: str) -> bool:
    """Does one of the provider's headers call the same signature good and another one bad?"""
    verdicts = [
        {result.value for result in one.results if result.method == "dkim" and _aligned(result, root)}
        for one in own
    ]
    told = [verdict for verdict in verdicts if verdict]
    return any("pass" in verdict for verdict in told) and any(
        "fail" in verdict and "pass" not in verdict for verdict in told
    )


def _writes_one(server: str) -> bool:
    return server in _SINGLE or server.endswith(_SINGLE_ENDING)


def _concerns(result: Result, root: str) -> bool:
    return result.domain is None or is_under(result.domain, root)


def _aligned(result: Result, root: str) -> bool:
    return result.domain is not None and is_under(result.domain, root)


def is_under(host: str, domain: str) -> bool:
    """Is `host` the domain or below it?"""
    return host == domain or host.endswith("." + domain)


def _signed_in_part(message: Message, root: str) -> bool:
    """A signature over the first bytes only (`l=`): anything may have been added after them."""
    for value in message.headers.all("dkim-signature")[:20]:
        parts = (part.partition("=") for part in value.split(";"))
        tags = {key.strip().lower(): text.strip() for key, _, text in parts}
        if "l" in tags and is_under(tags.get("d", "").lower(), root):
            return True
    return False
