"""Whom to believe, with results as the big providers really write them, and as forgers do."""

import pytest

from parsers.authresults import NAMELESS
from parsers.message import dissect
from parsers.origin import Origin, Provider, origin
from rules.facts import Trust
from support.mails import mail
from watcher.providers import ids_of, shipped

OURS = "AliExpress <transaction@notice.aliexpress.com>"
SIGNED = "dkim=pass header.d=aliexpress.com"
PASS = "dmarc=pass header.from=aliexpress.com"
FAIL = "dmarc=fail header.from=aliexpress.com"


def judged(head: str, ids: tuple[str, ...], sender: str = OURS) -> Origin:
    raw = head.encode() + mail("Hello", **{"from": sender})
    return origin(dissect(raw), Provider(ids), None)


def results(*values: str) -> str:
    return "".join(f"Authentication-Results: {value}\r\n" for value in values)


REAL = {
    "imap.gmail.com": (
        "ARC-Authentication-Results: i=1; mx.google.com; dmarc=fail header.from=aliexpress.com\r\n"
        "Authentication-Results: mx.google.com;\r\n"
        '       dkim=pass header.i=@notice.aliexpress.com header.s=s1024 header.b="aB/c;d";\r\n'
        "       spf=pass (google.com: domain of bounce@notice.aliexpress.com designates 192.0.2.1 as\r\n"
        "       permitted sender) smtp.mailfrom=bounce@notice.aliexpress.com;\r\n"
        "       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=notice.aliexpress.com\r\n"
    ),
    "outlook.office365.com": (
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n"
        " smtp.mailfrom=notice.aliexpress.com; dkim=pass (signature was verified)\r\n"
        " header.d=notice.aliexpress.com;dmarc=pass action=none\r\n"
        " header.from=notice.aliexpress.com;compauth=pass reason=100\r\n"
        "Received-SPF: Pass (protection.outlook.com: domain of notice.aliexpress.com)\r\n"
        f"Authentication-Results-Original: evil.example; {FAIL}\r\n"
    ),
    "imap.mail.yahoo.com": (
        "Authentication-Results: atlas-production.v2-mail-prod1-gq1.omega.yahoo.com;\r\n"
        " dkim=pass header.i=@notice.aliexpress.com header.s=s1024;\r\n"
        " spf=pass smtp.mailfrom=notice.aliexpress.com;\r\n"
        " dmarc=pass(p=QUARANTINE) header.from=notice.aliexpress.com;\r\n"
    ),
    "imap.gmx.net": results("gmx.net; dkim=pass header.i=@notice.aliexpress.com", f"gmx.net; {PASS}"),
    "imap.fastmail.com": results(
        "phl-mx-04.messagingengine.com; bimi=none (No BIMI records found)",
        "phl-mx-04.messagingengine.com; arc=none (no signatures found)",
        "phl-mx-04.messagingengine.com;\r\n    dkim=pass (1024-bit rsa key sha256)\r\n"
        "    header.d=notice.aliexpress.com header.i=@notice.aliexpress.com x-bits=1024",
        "phl-mx-04.messagingengine.com;\r\n    dmarc=pass policy.published-domain-policy=quarantine\r\n"
        "    (p=quarantine,d=none,d.eval=none) policy.policy-from=p header.from=notice.aliexpress.com",
    ),
    "imap.mail.me.com": results(
        'bimi.icloud.com; bimi=skipped reason="insufficient dmarc"',
        "dmarc.icloud.com; dmarc=pass header.from=notice.aliexpress.com",
        "dkim-verifier.icloud.com; dkim=pass (1024-bit key) header.d=notice.aliexpress.com",
        "spf.icloud.com; spf=pass (spf.icloud.com: domain of b@notice.aliexpress.com designates\r\n"
        " 192.0.2.1 as permitted sender) smtp.mailfrom=b@notice.aliexpress.com",
    ),
}


@pytest.mark.parametrize("host", REAL)
def test_a_big_providers_own_word_verifies_with_nothing_configured(host: str) -> None:
    found = judged(REAL[host], tuple(ids_of(shipped(), host)))
    assert found.authenticity.verdict is Trust.VERIFIED


@pytest.mark.parametrize("host", REAL)
def test_the_same_words_prove_nothing_to_somebody_elses_mailbox(host: str) -> None:
    others = {other: tuple(ids_of(shipped(), other)) for other in REAL if other != host}
    assert all(judged(REAL[host], ids).authenticity.verdict is Trust.UNVERIFIED for ids in others.values())


HIDDEN = {
    "an encoded word": "=?utf-8?q?mail.example.org=3B?= " + PASS,
    "all encoded": "=?us-ascii?q?mail.example.org=3B_dmarc=3Dpass_header.from=3Daliexpress.com?=",
    "wide letters": "ｍail.example.org; " + PASS,
    "an invisible letter": "mail.exa\u200bmple.org; " + PASS,
    "a host beyond": "mail.example.org.evil.example; " + PASS,
    "a comment": "evil.example (mail.example.org); " + PASS,
    "quotes": f'mail.example.org; spf=pass smtp.mailfrom="x; {PASS}"@evil.example',
    "a comment in the result": f"mail.example.org; dmarc=none (; {PASS})",
    "quotes left open": f'mail.example.org; spf=fail reason="x; {PASS}',
    "another's domain": "mail.example.org; dmarc=pass header.from=aliexpress.com.evil.example",
    "another field": "mail.example.org; spf=pass smtp.mailfrom=aliexpress.com",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_no_trick_with_the_providers_name_verifies(how: str) -> None:
    found = judged(results(HIDDEN[how]), ("mail.example.org",))
    assert found.authenticity.verdict is Trust.UNVERIFIED


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x85", "\u2028"])
def test_only_a_line_end_begins_a_header(end: str) -> None:
    head = f"X-Note: a{end}Authentication-Results: mail.example.org; {PASS}\r\n"
    assert judged(head, ("mail.example.org",)).authenticity.verdict is Trust.UNVERIFIED


def test_a_name_that_is_not_quite_the_headers_counts_for_nothing() -> None:
    for name in ("Authentication-Results ", "Authentication-Results\t", "X-Authentication-Results"):
        head = f"{name}: mail.example.org; {PASS}\r\n"
        assert judged(head, ("mail.example.org",)).authenticity.verdict is Trust.UNVERIFIED


LADDER = [
    (Trust.VERIFIED, [f"a.example; {PASS}", f"b.example; {SIGNED}"]),
    (Trust.VERIFIED, [f"a.example; {PASS}", f"evil.example; {FAIL}"]),
    (Trust.VERIFIED, [f"A.Example.; {PASS.upper()}"]),
    (Trust.VERIFIED, [f"(hello) a.example 1 (x); {PASS}"]),
    (Trust.VERIFIED, [f"a.example; {SIGNED}; dkim=fail header.d=aliexpress.com header.s=old; {PASS}"]),
    (Trust.VERIFIED, [f"a.example; dkim=fail header.d=esp.example; {PASS}"]),
    (Trust.UNVERIFIED, [f"evil.example; {PASS}"]),
    (Trust.UNVERIFIED, ["a.example; dkim=pass header.d=esp.example; dmarc=none header.from=aliexpress.com"]),
    (Trust.UNVERIFIED, ["a.example; spf=pass smtp.mailfrom=aliexpress.com; compauth=pass reason=109"]),
    (Trust.UNVERIFIED, []),
    (Trust.SUSPICIOUS, [f"a.example; {PASS}", f"b.example; {FAIL}"]),
    (Trust.SUSPICIOUS, [f"a.example; {SIGNED}; {FAIL}"]),
    (Trust.SUSPICIOUS, [f"a.example; {SIGNED}", "a.example; dkim=fail header.d=aliexpress.com"]),
    (Trust.FORGED, [f"a.example; {FAIL}"]),
    (Trust.FORGED, [f"a.example; dkim=pass header.d=esp.example; {FAIL}"]),
    (Trust.FORGED, [f"evil.example; {PASS}", f"a.example; {FAIL}"]),
    (Trust.FORGED, [f"a.example; spf=pass smtp.mailfrom=aliexpress.com; {FAIL} (p=NONE)"]),
]


@pytest.mark.parametrize(("expected", "said"), LADDER)
def test_every_step_of_the_ladder_has_both_sides(expected: Trust, said: list[str]) -> None:
    assert judged(results(*said), ("a.example", "b.example")).authenticity.verdict is expected


def test_an_unknown_providers_topmost_result_counts_against_and_never_for() -> None:
    for ids in ((), (NAMELESS,)):
        assert judged(results(f"x.example; {PASS}"), ids).authenticity.verdict is Trust.UNVERIFIED
    assert judged(results(f"x.example; {FAIL}"), ()).authenticity.verdict is Trust.FORGED
    below = results("x.example; spf=pass", f"y.example; {FAIL}")
    assert judged(below, ()).authenticity.verdict is Trust.UNVERIFIED
    assert judged(results(f"x.example; {FAIL}"), ("a.example",)).authenticity.verdict is Trust.UNVERIFIED
