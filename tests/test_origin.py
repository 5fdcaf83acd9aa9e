"""Who sent a mail, and how sure that is: every row of the contract's table."""

import pytest

from parsers.authresults import NAMELESS, parse_results
from parsers.message import dissect
from parsers.origin import Origin, Provider, origin
from rules.facts import Trust
from support.mails import mail

OURS = "AliExpress <transaction@notice.aliexpress.com>"
GMAIL = Provider(("mx.google.com",))
PASS = (
    "mx.google.com; dkim=pass header.i=@notice.aliexpress.com header.s=s1; spf=pass (google.com: ok) "
    "smtp.mailfrom=b@notice.aliexpress.com; dmarc=pass (p=QUARANTINE dis=NONE) header.from=aliexpress.com"
)
FAIL = "mx.google.com; spf=softfail smtp.mailfrom=x@evil.example; dmarc=fail header.from=aliexpress.com"


def told(provider: Provider = GMAIL, extra: tuple[str, ...] = (), **fields: str) -> Origin:
    head = "".join(f"{line}\r\n" for line in extra).encode()
    return origin(dissect(head + mail(**fields)), provider, None)


def verdict(provider: Provider, *results: str, sender: str = OURS, extra: tuple[str, ...] = ()) -> Trust:
    lines = tuple(f"Authentication-Results: {one}" for one in results) + extra
    return told(provider, lines, **{"from": sender}).authenticity.verdict


@pytest.mark.parametrize(
    ("trusted", "result"),
    [
        ("mx.google.com", PASS),
        ("mx.google.com", "mx.google.com; dkim=pass header.d=aliexpress.com"),
        ("mx.google.com", 'mx.google.com 1; dmarc=pass reason="a ; b" header.from=notice.aliexpress.com'),
        ("*.*.mail.yahoo.com", "atlas17.x.mail.yahoo.com; dkim=pass header.i=@aliexpress.com;"
         " dmarc=pass(p=REJECT) header.from=aliexpress.com;"),
        ("mx*.messagingengine.com",
         "mx3.messagingengine.com; dmarc=pass (p=none) header.from=notice.aliexpress.com"),
        (NAMELESS, "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=notice.aliexpress.com; dkim=pass"
         " (signature was verified) header.d=aliexpress.com;dmarc=pass action=none"
         " header.from=notice.aliexpress.com;compauth=pass reason=100"),
    ],
)  # fmt: skip
def test_a_pass_of_the_own_provider_verifies(trusted: str, result: str) -> None:
    assert verdict(Provider((trusted,)), result) is Trust.VERIFIED


@pytest.mark.parametrize(
    "result",
    [
        "evil.example; dmarc=pass header.from=aliexpress.com",
        "mx.google.com; dmarc=pass header.from=evil.example",
        "mx.google.com; dkim=pass header.d=evil.example; dmarc=none header.from=aliexpress.com",
        "mx.google.com; dkim=neutral header.d=aliexpress.com; spf=pass smtp.mailfrom=aliexpress.com",
        'mx.google.com; dkim=none reason="dkim=pass header.d=aliexpress.com"',
        "mx.google.com; dkim=none (dkim=pass header.d=aliexpress.com)",
        "mx.google.com; dmarc=bestguesspass header.from=aliexpress.com",
        "mx.google.com; dmarc=temperror header.from=aliexpress.com",
        "mx.google.com.evil.example; dmarc=pass header.from=aliexpress.com",
        "",
        ";;;",
    ],
)
def test_anything_less_does_not_verify(result: str) -> None:
    assert verdict(GMAIL, result) is Trust.UNVERIFIED


def test_a_fail_of_the_own_provider_is_a_forgery() -> None:
    assert verdict(GMAIL, FAIL) is Trust.FORGED
    assert verdict(GMAIL, "evil.example; dmarc=pass header.from=aliexpress.com", FAIL) is Trust.FORGED
    assert verdict(GMAIL, FAIL.replace("mx.google.com", "evil.example"), PASS) is Trust.VERIFIED


def test_contradictory_results_are_suspicious() -> None:
    assert verdict(GMAIL, PASS, FAIL) is Trust.SUSPICIOUS
    both = "mx.google.com; dmarc=fail header.from=aliexpress.com; dkim=pass header.d=aliexpress.com"
    assert verdict(GMAIL, both) is Trust.SUSPICIOUS
    posteo = Provider(("mx.posteo.example",))
    good, bad = (f"mx.posteo.example; dkim={word} header.d=aliexpress.com" for word in ("pass", "fail"))
    assert verdict(posteo, good, bad) is Trust.SUSPICIOUS


def test_a_second_result_where_the_provider_writes_one_verifies_nothing() -> None:
    assert verdict(GMAIL, PASS, PASS) is Trust.UNVERIFIED
    mine = Provider(("mx.example.org",))
    two = (
        "mx.example.org; spf=pass smtp.mailfrom=aliexpress.com",
        "mx.example.org; dmarc=pass header.from=aliexpress.com",
    )
    assert verdict(mine, *two) is Trust.VERIFIED  # fmt: skip


def test_without_a_provider_nothing_is_verified_and_only_the_topmost_result_counts_against() -> None:
    nobody = Provider()
    assert verdict(nobody, PASS) is Trust.UNVERIFIED
    assert verdict(nobody, FAIL) is Trust.FORGED
    assert verdict(nobody, PASS, FAIL) is Trust.UNVERIFIED
    assert verdict(nobody) is Trust.UNVERIFIED


def test_a_signature_over_the_first_bytes_only_verifies_nothing() -> None:
    signed = ("DKIM-Signature: v=1; d=aliexpress.com; l=120; s=x; b=abc",)
    assert verdict(GMAIL, PASS, extra=signed) is Trust.UNVERIFIED


@pytest.mark.parametrize(
    "sender",
    [
        "AliExpress <info@evil.example>",
        "Ali Express Support <info@evil.example>",
        "=?utf-8?B?QWxp0LV4cHJlc3M=?= <info@evil.example>",
        "A1iExpress <info@evil.example>",
        "Ali-Express <info@evil.example>",
        "АлиЭкспресс <info@evil.example>",
        "Help <aliexpress@evil.example>",
        "Help <info@aliexpress.com.evil.example>",
        "Help <info@notaliexpress.com>",
        "Help <info@aliexpress-dispute.example>",
        "Help <info@xn--liexpress-zyh.com>",
        "Help <info@aliехpress.com>",
        '"transaction@notice.aliexpress.com" <info@evil.example>',
        "AliExpress <transaction@notice.aliexpress.com>, Other <x@evil.example>",
        "AliExpress <transaction_at_notice_aliexpress_com_0a1b2c3d4e_0a1b2c3d@evil.example>",
    ],
)
def test_the_brand_from_another_domain_is_suspicious(sender: str) -> None:
    assert verdict(GMAIL, sender=sender) is Trust.SUSPICIOUS


def test_two_from_lines_or_two_subjects_are_suspicious() -> None:
    assert verdict(GMAIL, PASS, extra=("From: Other <x@evil.example>",)) is Trust.SUSPICIOUS
    assert verdict(GMAIL, PASS, extra=("Subject: another",)) is Trust.SUSPICIOUS


@pytest.mark.parametrize(
    "sender",
    [
        "Ann <ann@example.org>",
        "Alibaba <remind@notice.alibaba.com>",
        "Alien Press <x@alienpress.example>",
        "American Express <x@americanexpress.example>",
    ],
)
def test_who_merely_mentions_the_brand_is_a_stranger(sender: str) -> None:
    found = told(subject="My AliExpress order", **{"from": sender})
    assert not found.is_ours
    assert found.authenticity.verdict is Trust.UNVERIFIED


def test_capitals_and_a_trailing_dot_are_still_us() -> None:
    assert told(**{"from": "X <Transaction@Notice.ALIEXPRESS.com>"}).is_ours
    assert told(**{"from": "X <transaction@aliexpress.ru.>"}).is_ours


@pytest.mark.parametrize(
    "sender",
    [
        "AliExpress <transaction_at_notice_aliexpress_com_0a1b2c3d4e_0a1b2c3d@privaterelay.appleid.com>",
        "AliExpress <transaction_at_notice_aliexpress_com_4k2m9q7r1x_0a1b2c3d@icloud.com>",
        '"AliExpress - transaction(a)notice.aliexpress.com" <ra+abcdef@simplelogin.co>',
        '"transaction at notice.aliexpress.com" <reply+abc@simplelogin.co>',
        '"AliExpress" <transaction_at_notice_aliexpress_com_abcdefgh@simplelogin.co>',
        '"AliExpress" <me+transaction=notice.aliexpress.com@me.anonaddy.com>',
        '"AliExpress" <transaction_at_notice.aliexpress.com_me@duck.com>',
        '"transaction@notice.aliexpress.com [via Relay]" <abc@mozmail.com>',
    ],
)
def test_a_relay_gives_the_sender_back_and_is_never_verified(sender: str) -> None:
    found = told(
        extra=("Authentication-Results: mx.google.com; dmarc=fail header.from=appleid.com",),
        **{"from": sender},
    )
    assert (found.sender, found.via, found.is_ours) == ("transaction@notice.aliexpress.com", "relay", True)
    assert found.authenticity.verdict is Trust.UNVERIFIED


def test_a_relayed_stranger_stays_a_stranger() -> None:
    found = told(**{"from": "Shop <news_at_shop_example_com_4k2m9q7r1x_0a1b2c3d@privaterelay.appleid.com>"})
    assert (found.sender, found.is_ours) == ("news@shop.example.com", False)


def test_a_configured_forwarder_is_believed_but_not_verified() -> None:
    provider = Provider(("mx.google.com",), ("Me@Example.org",))
    sender = {"from": "Me <me@example.org>"}
    ours = told(provider, body="https://www.aliexpress.com/p/order/detail.html?orderId=1", **sender)
    assert (ours.is_ours, ours.via, ours.authenticity.verdict) == (True, "forwarder", Trust.UNVERIFIED)
    assert not told(provider, body="See you on Monday", **sender).is_ours


def test_quotes_and_comments_smuggle_nothing_into_a_result() -> None:
    found = parse_results(
        'a.example; dkim=fail (x ; dkim=pass) reason="; dkim=pass header.d=b" header.d=c.example; x'
    )
    assert found.server == "a.example"
    assert [(one.method, one.value, one.domain) for one in found.results] == [("dkim", "fail", "c.example")]
