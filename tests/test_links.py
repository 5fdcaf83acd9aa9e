"""Promises about what can be said of a link by looking alone."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Anchor, Link, LinkReason, LinkVerdict, Role
from rules.links import look
from rules.policy import Hosts

HOSTS = Hosts(
    ours=("aliexpress.com", "aliexpress.us", "aliexpress.ru"),
    group=("alicdn.com", "aliexpress-media.com", "cainiao.com", "alipay.com"),
)
NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
ORDER = "8190000000001234"
OTHER_ORDER = "8190000000007777"
DETAIL = f"https://www.aliexpress.com/p/order/detail.html?orderId={ORDER}"
CASE = "https://www.aliexpress.com/p/issue/detail.html?issueId=6290000000001234"


def first(
    href: str | None, label: str = "Accept", says: Role | None = Role.ACCEPT, reported: bool = False
) -> Link:
    """The one link that a mail with one anchor has."""
    (link,) = look([Anchor(href, label, says)], [ORDER], NOW, HOSTS, reported)
    return link


def reason(href: str | None, label: str = "Accept", says: Role | None = Role.ACCEPT) -> str:
    link = first(href, label, says)
    assert (link.verdict is LinkVerdict.PLAUSIBLE) == (link.reason is None)
    return link.reason or "plausible"


def role(href: str, says: Role | None = None) -> str:
    found = look([Anchor(href, "See", says)], [], NOW, HOSTS)
    return found[0].role if found else "other"


def token(**claims: object) -> str:
    """A JSON web token with these claims."""
    parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + ".c2ln"


GENUINE = [
    DETAIL,
    DETAIL
    + "&tracelog=rowan&rowan_id1=buyer_accept_goods_timeout_1_en_US_2025-05-30&rowan_msg_id=12348190$9f3a",
    DETAIL + "&pdp_ext_f=%7B%22order%22%3A%2212%22%2C%22eval%22%3A%221%22%7D&sk=null&aff_trace_key=undefined",
    DETAIL + "&ext=%7B%22a%22%3A%7B%22b%22%3A%7B%22c%22%3A1%7D%7D%7D&list=%5B%5B%22a%22%5D%5D",
    DETAIL + "&pdp_ext_f={%22order%22:%2212%22}",
    DETAIL
    + "&spm=a2g0o.order_detail.order_detail_item.3.21ef6368Zzaa1B&gatewayAdapt=glo2esp&_t=1600000000000",
    DETAIL
    + "&t=1600000000&timestamp=1600000000123&gmt_create=2020-01-01&algo_expid=0a1b-2&SearchText=3D%20printer",
    DETAIL + "&token=XXX&sign=abc%3D%3D&sig=a+b/c==",
    CASE + "&sign=3DA5F00122",
    "https://www.aliexpress.com/p/dispute/list.html?SearchText=3D+printer",
    DETAIL + "&hasOrder=false&orderType=none",
    DETAIL.replace("www.", "WWW.").replace("https", "HTTPS"),
    DETAIL.replace(".com/", ".com./"),
    DETAIL.replace(".com/", ".com:443/"),
    DETAIL.replace("www.aliexpress.com", "m.aliexpress.com"),
    DETAIL.replace("www.aliexpress.com", "www.aliexpress.us"),
    DETAIL.replace("www.aliexpress.com", "aliexpress.ru"),
    "  \r\n" + DETAIL + "\n ",
    f"https://trade.aliexpress.com/order_detail.htm?orderId={ORDER}#top",
    f"https://www.aliexpress.com/p/order/detail.html?orderId=8190000000011234&parentOrderId={ORDER}",
    f"https://www.aliexpress.com/p/order/detail.html?tradeOrderId={int(ORDER) + 10_000}",
    "https://trade.aliexpress.com/issue/issueDetail.htm?issueId=6290000000001234",
    "https://trade.aliexpress.com/issue/issueDetail.htm?orderId=6290000000009999",
    f"https://trade.aliexpress.com/issue/fastissue/createIssueStep1.htm?orderId={ORDER}",
    "https://www.aliexpress.com/p/reverse-pages/index.html?reverseOrderLineId=6390000000001234#/solution?step=2",
    "https://a.aliexpress.com/_mK3xYz",
    "https://s.click.aliexpress.com/e/_DmAbC12",
    CASE + "&expireTime=1790000000000",
    CASE + "&expires=2025-06-01",
    CASE + "&deadline=2025-06-01T12:00:00Z",
    CASE + "&expires_in=3600",
    CASE + "&token=" + token(exp=1_790_000_000),
    CASE + "&token=" + token(iat=1_500_000_000),
    "https://protect-eu.mimecast.com/s/AbC1",
    "https://secure-web.cisco.com/1a/http%3A%2F%2Fevil.example",
    "https://x.safelinks.protection.outlook.com/?url=" + quote(DETAIL, safe="") + "&exp=1500000000&data=",
]


@pytest.mark.parametrize("url", GENUINE)
@pytest.mark.parametrize("says", [Role.ACCEPT, Role.DISPUTE])
def test_genuine_addresses_are_plausible(url: str, says: Role) -> None:
    assert reason(url, "Continue", says) == "plausible"


# For every reason both sides of its line: what it catches, and the nearest that it must not.
CAUGHT = {
    "empty": ["", "  ", "\n\t", "\u200b", "\u00a0"],
    "fragment": ["#", "#accept", " #", "#{link}", "#undefined"],
    "script": [
        "javascript:void(0)",
        "JavaScript:;",
        "java\nscript:alert(1)",
        " javascript :x",
        "data:text/html,x",
        "cid:part1",
        "vbscript:x",
        "file:///C:/x.htm",
        "about:blank",
        "javascript:${x}",
    ],
    "placeholder": [
        DETAIL.replace(ORDER, hole)
        for hole in (
            "${orderId}",
            "$!{order.id}",
            "{{orderId}}",
            "{{ order.id }}",
            "{{{id}}}",
            "%%ORDER_ID%%",
            "%%=v(@id)=%%",
            "<%= id %>",
            "<?= $id ?>",
            "*|ORDER|*",
            "[[orderId]]",
            "#{order.id}",
            "@{order.id}",
            "{0}",
            "{orderId}",
            "%s",
            "%(order)s",
            "%ORDER_ID%",
            "$orderId",
            "[ORDER_ID]",
            "<ORDER_ID>",
            "undefined",
            "null",
            "NaN",
            "None",
            "[object Object]",
            "[object%20Object]",
            "XXXXXXXXXXXXXXXX",
            "8190XXXXXXXX1234",
            "8190************",
            "ORDER_ID",
            "0",
            "%7B%7BorderId%7D%7D",
            "%24%7BorderId%7D",
            "%257B%257BorderId%257D%257D",
            "{% url %}",
            "{!Order.Id}",
            "__ORDER_ID__",
        )
    ]
    + [
        "${link}",
        "{{accept_url}}",
        "%%link%%",
        "https://${host}/accept",
        "https://undefined/accept",
        "https://www.aliexpress.com/p/:orderId/detail",
        "https://www.aliexpress.com/issue/undefined",
        CASE + "&offerId=null",
        CASE + "&token=undefined",
        "https://www.google.com/url?q=%7B%7Blink%7D%7D",
    ],
    "damaged": [
        DETAIL.replace("=", "=3D"),
        DETAIL.replace("=", "=3D") + "&x=1",
        (CASE + "&x=a").replace("=", "=3D"),
        '3D"' + DETAIL,
        '3D"' + DETAIL + '"',
        '"' + DETAIL,
        DETAIL + '"',
        DETAIL + "&gt;",
        DETAIL[:60] + "=\r\n" + DETAIL[60:],
        DETAIL[:60] + "\n" + DETAIL[60:],
        DETAIL[:60] + "\r\n " + DETAIL[60:],
        DETAIL + "...",
        DETAIL + "…",
        DETAIL[:50] + "...",
        "https://www.aliexpress.com/.../detail.html",
        CASE + "[...]",
        DETAIL + "%E2%80%A6",
        CASE + "&amp;amp;x=1",
        CASE + "&amp;x=1",
        CASE + "&#38;x=1",
        DETAIL.replace(ORDER, ""),
        CASE + "&token=",
        CASE + "&tok",
        CASE + "&",
        DETAIL.split("orderId")[0],
        DETAIL.replace(ORDER, "81900000"),
        DETAIL + "=",
        CASE + "&x=%",
        CASE + "&x=%2",
        CASE + "&x=\ufffd",
        "https://www.aliexpr",
        "https://www.aliexpress.c",
        "https://x.safelinks.protection.outlook.com/?data=1",
        "https://urldefense.com/v3/__https://www.aliexpress.com/p/order/det",
    ],
    "malformed": [
        "https://https://www.aliexpress.com/x",
        "http://https//www.aliexpress.com",
        "https:https://www.aliexpress.com",
        "https://www.aliexpress.comhttps://www.aliexpress.com/x",
        "https:/www.aliexpress.com/x",
        "https:www.aliexpress.com",
        "https:///www.aliexpress.com/x",
        "https://",
        "https://?x=1",
        "http//www.aliexpress.com",
        "htps://www.aliexpress.com",
        "hxxps://www.aliexpress.com/x",
        "https://www.aliexpress.com/p/order detail.html",
        "https://www.ali express.com/x",
        "https://www.aliexpress.com/\tx",
        "https://www.aliexpress.com:port/x",
        "https://www.aliexpress.com:99999/x",
        "https://www.aliexpress.com]/x",
        "https://[www.aliexpress.com/x",
        "https://[::1",
        "https://www..aliexpress.com/x",
        "https://example/x",
        "www.aliexpress.com/p/order",
        "//www.aliexpress.com/p/order",
        "aliexpress.com",
        "www.aliexpress.com:443/x",
        "https://999.1.1.1/x",
        "https://www.aliexpress%2Fcom/x",
        "Please open the app",
    ],
    "relative": [
        "/p/order/detail.html",
        "accept.html",
        "?orderId=" + ORDER,
        "../accept",
        "p/order/1",
        "accept",
        "link",
    ],
    "app_only": [
        "aliexpress://goto?url=https%3A%2F%2Fwww.aliexpress.com",
        "intent://aliexpress/#Intent;end",
        "mailto:a@x.example",
        "tel:+8657112345",
        "market://details?id=com.alibaba.aliexpresshd",
        "x-apple-data-detectors://1",
        "ftp://x.example/",
    ],
    "ip_host": [
        "https://203.0.113.7/accept",
        "http://3405803783/",
        "https://0xcb007107/x",
        "https://0313.0.0161.7/",
        "https://127.1/",
        "https://[2001:db8::1]/x",
        "https://www.aliexpress.com@203.0.113.7/",
        "https://203.0.113.7:8443/x",
    ],
    "lookalike_host": [
        f"https://{host}/issue/detail.htm"
        for host in (
            "aliexpress.com.verify.example",
            "www-aliexpress.com",
            "aliexpress-dispute.example",
            "aliexpress.co",
            "my.aliexpress.shop.example",
            "a1iexpress.com",
            "aliexpres5.com",
            "a11express.example",
            "aIiexpress.com",
            "aliexpress.xn--p1ai",
            "xn--aliexprss-g6g.com",
            "аliexpress.com",
            "аliехрrеss.com",
            "aliéxpress.com",
            "ali-express.example",
            "ali.express",
            "aliexprss.com",
            "aliexpresss.com",
            "alliexpress.com",
            "aleixpress.com",
            "aliexrpess.com",
            "alixepres.com",
            "www.aliexpress.com@evil.example",
            "aliexpress@evil.example",
            "user@www.aliexpress.com",
            "αliexpress.gr",
            "login.aliexpreess.net",
        )
    ],
    "mismatch": [
        "https://www.aliexpress.com/",
        "https://www.aliexpress.com",
        "https://m.aliexpress.com/?spm=a2g0o.1&t=1",
        "https://www.aliexpress.com/#",
        "https://aliexpress.com/index.html",
    ],
    "foreign_host": [
        f"https://{host}/issue/detail.htm"
        for host in (
            "evil.example",
            "www.alibaba.com",
            "ae01.alicdn.com",
            "global.cainiao.com",
            "img.aliexpress-media.com",
            "www.aliexpress.fr",
            "bucket.aliyuncs.com",
            "www.airexpress.com",
            "americanexpress.com",
            "mailexpress.com",
            "pre-www.aliexpress.com",
            "trade.daily.aliexpress.com",
            "test.aliexpress.com",
            "staging-trade.aliexpress.com",
            "localhost",
            "shop.internal",
            "tinyurl.com",
            "xn--bcher-kva.example",
        )
    ],
    "insecure": [DETAIL.replace("https", "http"), CASE.replace("https", "http"), "HTTP" + CASE[5:]],
    "wrong_order": [
        DETAIL.replace(ORDER, OTHER_ORDER),
        f"https://m.aliexpress.com/accept?o_ids={ORDER}%2C{OTHER_ORDER}",
        CASE + "&tradeOrderId=" + OTHER_ORDER,
        CASE + "#/x?order_id=" + OTHER_ORDER,
        DETAIL.replace(ORDER, str(int(ORDER) + 1)),
    ],
    "expired": [
        CASE + "&exp=1700000000",
        CASE + "&expireTime=1700000000000",
        CASE + "&expires_at=2025-05-30",
        CASE + "&deadline=2025-06-01T11:59:59Z",
        CASE + "&validUntil=2025-06-01T11:59:59%2B00:00",
        CASE + "&valid_to=2025-05-31+11:00:00",
        CASE + "&token=" + token(exp=1_700_000_000),
        CASE + "#/a?expire=1700000000",
        "https://www.aliexpress.com/t/" + token(exp=1_700_000_000.5),
        "https://login.aliexpress.com/sync_cookie_read.htm?xman_goto="
        + quote(CASE + "&exp=1700000000", safe=""),
    ],
}


@pytest.mark.parametrize(("expected", "url"), [(name, url) for name, urls in CAUGHT.items() for url in urls])
def test_every_way_to_fail_has_its_reason(expected: str, url: str) -> None:
    assert reason(url) == expected


@pytest.mark.parametrize(("expected", "url"), [(name, url) for name, urls in CAUGHT.items() for url in urls])
def test_a_wrapper_hides_nothing(expected: str, url: str) -> None:
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=" + quote(url, safe="") + "&data=05"
    found = reason(wrapped)
    assert found == ("damaged" if expected == "empty" else expected)


def test_the_verdict_goes_with_the_reason() -> None:
    suspicious = {"ip_host", "lookalike_host", "mismatch", "foreign_host", "insecure", "wrong_order"}
    for name, urls in CAUGHT.items():
        expected = LinkVerdict.SUSPICIOUS if name in suspicious else LinkVerdict.BROKEN
        assert first(urls[0]).verdict is expected


@pytest.mark.parametrize(
    "host",
    [
        "www.amazon.com",
        "ebay.com",
        "www.expressen.se",
        "nationalexpress.com",
        "pandaexpress.com",
        "alaskaair.com",
        "alibaba.com",
        "alipay.com",
        "alicdn.com",
        "aliyun.com",
        "aliexpress-media.com",
        "aliexpress.fr",
        "aliexpress-service.com",
        "alexa.com",
        "allegro.pl",
        "airindiaexpress.in",
        "aireuropa.com",
        "alinma.com",
        "express.com",
        "expressvpn.com",
        "aeroexpress.ru",
        "wordpress.com",
        "wallexpress.com",
        "railexpress.com",
        "taxiexpress.es",
        "asiaexpress.net",
        "sunexpress.com",
        "dhlexpress.de",
        "malaysiaairlines.com",
        "cypress.io",
        "laliexpansion.org",
        "apress.com",
        "aliancapress.pt",
        "elexpress.com.ar",
        "daliexport.com",
        "alitaliaexpress.it",
        "cainiao.com",
    ],
)
def test_honest_strangers_pretend_nothing(host: str) -> None:
    assert reason(f"https://{host}/x", "Offer", Role.DISPUTE) in ("foreign_host", "plausible")
    assert reason(f"https://{host}/x") == "foreign_host"


@pytest.mark.parametrize(
    ("label", "url", "expected"),
    [
        ("https://www.aliexpress.com/issue", "https://evil.example/issue", "mismatch"),
        ("www.aliexpress.com", "https://evil.example/issue", "mismatch"),
        ("Open aliexpress.com now", "https://evil.example/issue", "mismatch"),
        ("https://evil.example/issue", CASE, "mismatch"),
        ("https://www.aliexpress.com/issue", CASE.replace("www.", "m."), "plausible"),
        ("aliexpress.com", CASE.replace(".com", ".us"), "plausible"),
        ("https://www.aliexpr…", CASE, "plausible"),
        ("https://trade.aliexpress.com/issue/iss...", CASE, "plausible"),
        ("Accept 12.50 for order no.8190000000001234, Co.Ltd.", CASE, "plausible"),
        ("Ask buyer@shop.example", CASE, "plausible"),
        ("https://evil.example/", "https://evil.example/issue", "foreign_host"),
        ("https://protect-eu.mimecast.com/s/Ab", "https://protect-eu.mimecast.com/s/Ab", "plausible"),
        ("https://www.aliexpress.com/issue", "https://protect-eu.mimecast.com/s/Ab", "plausible"),
        ("https://a.safelinks.protection.outlook.com/?url=" + quote(CASE, safe=""), CASE, "plausible"),
    ],
)
def test_a_label_must_show_where_the_link_leads(label: str, url: str, expected: str) -> None:
    assert reason(url, label) == expected


def test_the_home_page_is_no_place_to_accept_but_with_an_offer_named_it_may_be() -> None:
    assert reason("https://www.aliexpress.com/?spm=a.b", says=Role.REJECT) == "mismatch"
    assert reason("https://www.aliexpress.com/?offerToken=abc") == "plausible"
    assert reason("https://m.aliexpress.com/#/issue?issueId=6290000000001234") == "plausible"


def test_plain_http_is_held_against_answers_only() -> None:
    assert reason(DETAIL.replace("https", "http"), "Order", Role.ORDER) == "plausible"
    assert reason(CASE.replace("https", "http"), "Case", None) == "plausible"


def test_the_group_may_show_an_order_but_takes_no_answer() -> None:
    assert reason("https://global.cainiao.com/o", "Your order", Role.ORDER) == "plausible"
    assert reason("https://global.cainiao.com/o", "Reject", Role.REJECT) == "foreign_host"


def test_without_known_orders_no_order_is_wrong() -> None:
    (link,) = look([Anchor(DETAIL, "See", None)], [], NOW, HOSTS)
    assert link.verdict is LinkVerdict.PLAUSIBLE


@pytest.mark.parametrize("says", [Role.ACCEPT, Role.REJECT, Role.DISPUTE])
def test_a_page_found_blank_is_reported_where_nothing_else_fits(says: Role) -> None:
    assert first(CASE, "See", says, reported=True).reason is LinkReason.REPORTED
    assert first("#", "See", says, reported=True).reason is LinkReason.FRAGMENT
    assert first("https://protect-eu.mimecast.com/s/A", "See", says, True).reason is LinkReason.REPORTED
    assert first(DETAIL, "See", Role.ORDER, reported=True).reason is None


def test_the_first_reason_of_the_contract_counts() -> None:
    assert reason("javascript:'${x}...'") == "script"
    assert reason("https://203.0.113.7/{{x}}...") == "placeholder"
    assert reason("https://evil.example/x y...") == "damaged"
    assert reason("https://evil.example/x y") == "malformed"
    assert reason("https://aliexpress.evil.example/", "https://www.aliexpress.com") == "lookalike_host"
    assert reason("http://evil.example/?exp=1") == "foreign_host"
    assert reason("http" + DETAIL.replace(ORDER, OTHER_ORDER)[5:]) == "insecure"
    assert reason(DETAIL.replace(ORDER, OTHER_ORDER) + "&exp=1700000000") == "wrong_order"


@pytest.mark.parametrize("hours", range(-12, 15))
def test_a_time_of_expiry_counts_wherever_now_is_told(hours: int) -> None:
    now = NOW.astimezone(timezone(timedelta(hours=hours)))
    at = int(NOW.timestamp())
    past, future = (look([Anchor(f"{CASE}&exp={at + step}", "")], [], now, HOSTS)[0] for step in (-1, 0))
    assert (past.reason, future.reason) == (LinkReason.EXPIRED, None)


def test_one_entry_without_address_tells_of_each_missing_button() -> None:
    anchors = [
        Anchor(None, "Accept", Role.ACCEPT),
        Anchor(None, "Agree", Role.ACCEPT),
        Anchor(None, "No", Role.REJECT),
    ]
    links = look([*anchors, Anchor(None, "Somewhere")], [ORDER], NOW, HOSTS)
    assert [(link.role, link.url, link.reason) for link in links] == [
        (Role.ACCEPT, None, LinkReason.MISSING),
        (Role.REJECT, None, LinkReason.MISSING),
    ]


def test_a_broken_target_is_shown_as_printed_and_a_wrapped_one_unwrapped() -> None:
    assert first(" javascript:x\n").url == "javascript:x"
    assert first("https://www.google.com/url?q=" + quote(DETAIL, safe="")).url == DETAIL
    assert first(" ").url is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("www.aliexpress.com/p/order/detail.html?orderId=1", "order"),
        ("www.aliexpress.us/p/order/detail.html?orderId=1", "order"),
        ("trade.aliexpress.com/order_detail.htm?orderId=1", "order"),
        ("trade.aliexpress.com/orderDetail.htm?orderId=1", "order"),
        ("m.aliexpress.com/orderdetail.html?orderId=1", "order"),
        ("www.aliexpress.com/p/order-detail/index.html?tradeOrderId=1", "order"),
        ("m.aliexpress.com/p/trade/order/detail/index.html?orderId=1", "order"),
        (f"www.aliexpress.com/order/{ORDER}", "order"),
        ("m.aliexpress.com/app.html#/order/detail?orderId=1", "order"),
        ("www.aliexpress.com/p/order/detail.html?orderId=1&disputeId=2", "order"),
        ("trade.aliexpress.com/issue/issueDetail.htm?issueId=1", "dispute"),
        ("trade.aliexpress.com/issue/issue_list.htm", "dispute"),
        ("trade.aliexpress.com/issue/fastissue/createIssueStep1.htm?orderId=1", "dispute"),
        ("www.aliexpress.com/p/reverse-pages/index.html?reverseOrderLineId=1", "dispute"),
        ("www.aliexpress.com/p/reverse/logistics.html?reverseOrderLineId=1", "dispute"),
        ("m.aliexpress.com/p/dispute/detail.html", "dispute"),
        ("www.aliexpress.com/p/order/refund.html?orderId=1", "dispute"),
        ("www.aliexpress.com/p/order/return-detail.html?orderId=1", "dispute"),
        ("www.aliexpress.com/disputelist.htm", "dispute"),
        ("www.aliexpress.com/p/case/index.html?disputeId=1", "dispute"),
        ("www.aliexpress.com/p/order/index.html", "other"),
        ("trade.aliexpress.com/order_list.htm", "other"),
        ("www.aliexpress.com/p/tracking/index.html?tradeOrderId=1&trackingNumber=2", "other"),
        ("www.aliexpress.com/p/tracking/index.html?reverseOrderId=1", "other"),
        ("www.aliexpress.com/p/order/logistics-detail.html?orderId=1", "other"),
        ("www.aliexpress.com/item/1005000000000001.html", "other"),
        ("www.aliexpress.com/item/order-detail-issue-1005.html", "other"),
        ("www.aliexpress.com/w/wholesale-return-label.html", "other"),
        ("helppage.aliexpress.com/refund/detail?orderId=1", "other"),
        ("www.aliexpress.com/help/refund-policy.html", "other"),
        ("www.aliexpress.com/p/free-return/index.html", "other"),
        ("www.aliexpress.com/", "other"),
        ("www.aliexpress.com/p/feedback/index.html?orderId=1", "other"),
        ("evil.example/p/order/detail.html?orderId=1", "other"),
    ],
)
def test_orders_and_disputes_go_by_the_target_where_it_is_aliexpress(path: str, expected: str) -> None:
    assert role("https://" + path) == expected
    if "evil" not in path:
        assert role("https://" + path, Role.DISPUTE) == expected


def test_where_the_target_tells_nothing_the_label_decides() -> None:
    for href in ("https://evil.example/x", "#", "", "/p/order/detail.html", "https://a.aliexpress.com/_mK3"):
        assert role(href, Role.DISPUTE) == "dispute"
        assert role(href) == "other"
    assert role("https://www.aliexpress.com/${path}", Role.ORDER) == "order"
    assert role("aliexpress://order/detail?orderId=1") == "order"
    assert role("aliexpress://goto?url=" + quote(CASE, safe="")) == "dispute"
    assert role("otherapp://order/detail?orderId=1") == "other"
    assert role("intent://otherapp/order/detail?orderId=1#Intent;end") == "other"


def test_an_answer_goes_by_its_label_wherever_it_leads() -> None:
    assert role(DETAIL, Role.REJECT) == "reject"
    assert role("https://www.aliexpress.com/p/order/index.html", Role.ACCEPT) == "accept"


def test_links_come_in_the_order_of_the_text_and_once() -> None:
    anchors = [
        Anchor(DETAIL, "text only", None, in_text=True),
        Anchor(CASE + "&x=9", "text only", None, in_text=True),
        Anchor(CASE, "Reject", Role.REJECT),
        Anchor(CASE, "Accept", Role.ACCEPT),
        Anchor(CASE, "No, thanks", Role.REJECT),
        Anchor(DETAIL, "Order", Role.ORDER),
        Anchor("https://www.aliexpress.com/p/order/index.html", "All orders", None),
        Anchor(CASE, "See the case", None),
    ]
    links = look(anchors, [ORDER], NOW, HOSTS)
    assert [(link.role, link.label) for link in links] == [
        (Role.REJECT, "Reject"),
        (Role.ACCEPT, "Accept"),
        (Role.ORDER, "Order"),
        (Role.DISPUTE, "See the case"),
        (Role.DISPUTE, "text only"),
    ]


def test_a_button_that_is_in_neither_part_is_told_for_each_role() -> None:
    anchors = [Anchor(None, "Accept", Role.ACCEPT), Anchor(None, "Case", Role.DISPUTE, in_text=True)]
    assert [link.role for link in look(anchors, [ORDER], NOW, HOSTS)] == [Role.ACCEPT, Role.DISPUTE]


def test_the_address_of_an_answer_comes_back_from_the_text_part_as_nothing_else() -> None:
    html, text = Anchor(CASE, "Accept", Role.ACCEPT), Anchor(CASE, CASE, None, in_text=True)
    assert [link.role for link in look([html, text], [ORDER], NOW, HOSTS)] == [Role.ACCEPT]


PIECES = st.sampled_from(
    [
        "https://",
        "http:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        ":x",
        "#",
        "?",
        "&",
        "=",
        "=3D",
        "%",
        "%2",
        "[",
        "]",
        "::1",
        "xn--",
        "www.aliexpress.com",
        "aliexpress",
        "evil.example",
        ".",
        "-",
        "203.0.113.7",
        "0x7f",
        "issue",
        "order",
        "detail",
        "orderId=",
        ORDER,
        "exp=",
        "1700000000",
        "9" * 13,
        "2025-13-45",
        "2025-01-01T00:00:00-25:00",
        "{{",
        "}}",
        "${x}",
        "eyJhbGciOiJ9.eyJleHAiOjF9.x",
        "eyJhbGciOiJ9." + "eyJbWwAA" * 9 + ".x",
        "ü",
        "\r\n",
        " ",
        "…",
        "а",
        "https://www.google.com/url?q=",
        "https://x.safelinks.protection.outlook.com/?url=",
        "/v3/__",
        "__;",
        "Pz8_!",
    ]
)
HREFS = st.one_of(
    st.none(), st.text(max_size=60), st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)
)
ANCHORS = st.builds(
    Anchor,
    HREFS,
    st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=5).map("".join)),
    st.none() | st.sampled_from(Role),
    st.booleans(),
)


@given(
    st.lists(ANCHORS, max_size=6), st.lists(st.sampled_from([ORDER, "", "x", "²"]), max_size=2), st.booleans()
)
def test_any_mail_gets_an_answer(anchors: list[Anchor], orders: list[str], reported: bool) -> None:
    links = look(anchors, orders, NOW, HOSTS, reported)
    assert len({(link.role, link.url) for link in links}) == len(links) <= len(anchors)
    for link in links:
        assert link.role is not Role.OTHER
        assert (link.reason is None) == (link.verdict is LinkVerdict.PLAUSIBLE)
        assert (link.url is None) == (link.reason in (LinkReason.MISSING, LinkReason.EMPTY))


@given(st.lists(ANCHORS, max_size=6))
def test_an_answer_in_a_mail_is_never_lost(anchors: list[Anchor]) -> None:
    said = {anchor.says for anchor in anchors} & {Role.ACCEPT, Role.REJECT}
    assert said <= {link.role for link in look(anchors, [ORDER], NOW, HOSTS)}
