"""Promises about reading addresses offline."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.addresses import host_of, is_group, is_ours, open_wrapped, parameters
from rules.policy import Hosts

HOSTS = Hosts(ours=("aliexpress.com", "aliexpress.us", "aliexpress.ru"), group=("alicdn.com", "cainiao.com"))
TARGET = "https://www.aliexpress.com/p/order/detail.html?orderId=8190000000001234&x=a%20b+c&y=d_e-f"
QUOTED = quote(TARGET, safe="")


def third(url: str) -> str:
    """The newest URL Defense form: what it would not carry is taken out into base64."""
    holes = "".join(letter for letter in url if letter in "?%+*ü")
    for letter in "?%+ü":
        url = url.replace(letter, "*")
    return f"https://urldefense.com/v3/__{url}__;{base64.urlsafe_b64encode(holes.encode()).decode()}!!Ab1!cd$"


WRAPPED = {
    "safe links": f"https://eur01.safelinks.protection.outlook.com/?url={QUOTED}&data=05%7C02&sdata=x%3D&reserved=0",
    "safe links, government": f"https://gcc02.safelinks.protection.office365.us/?url={QUOTED}&data=1",
    "teams": f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp.html?url={QUOTED}&a=1",
    "url defense 1": f"https://urldefense.proofpoint.com/v1/url?u={QUOTED}&k=x%3D&r=y",
    "url defense 2": "https://urldefense.proofpoint.com/v2/url?u="
    + QUOTED.replace("_", "-5F").replace("-f", "-2Df").replace("%", "-")
    + "&d=Dw&c=x",
    "url defense 3": third(TARGET),
    "url defense 3, one slash": third(TARGET).replace("__https://", "__https:/"),
    "google": f"https://www.google.com/url?q={QUOTED}&sa=D&source=calendar",
    "google, old": f"http://www.google.co.uk/url?sa=t&url={QUOTED}",
    "barracuda": f"https://linkprotect.cudasvc.com/url?a={QUOTED}&c=E,1,abc&typo=1",
    "gmx": f"https://deref-gmx.net/mail/client/x-y/dereferrer/?redirectUrl={QUOTED}&lm",
    "web.de": f"https://deref-web.de/mail/client/x/dereferrer/?redirectUrl={QUOTED}",
    "login hop": f"https://login.aliexpress.com/sync_cookie_read.htm?xman_goto={QUOTED}",
    "login page": f"https://www.aliexpress.com/p/ug-login-page/login.html?return_url={QUOTED}",
    "encoded twice": f"https://nam02.safelinks.protection.outlook.com/?url={quote(QUOTED, safe='')}&data=1",
    "spelt loudly": f"HTTPS://EUR01.SafeLinks.Protection.Outlook.com./?URL={QUOTED}",
    "line ends inside": f"https://eur01.safelinks.protection.outlook.com/?url={QUOTED[:40]}\r\n{QUOTED[40:]}&data=1",
    "its own parameters escaped twice": f"https://x.safelinks.protection.outlook.com/?data=1&amp;url={QUOTED}",
}


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_a_wrapped_address_comes_out_as_it_went_in(wrapper: str) -> None:
    opened = open_wrapped(WRAPPED[wrapper])
    assert opened.url == TARGET
    assert opened.wrapped
    assert not opened.opaque


def test_url_defense_fills_runs_and_letters_beyond_ascii() -> None:
    code = base64.urlsafe_b64encode("???ü".encode()).decode()
    opened = open_wrapped(f"https://urldefense.us/v3/__https://x.example/a**Bb*c__;{code}!!k!s$")
    assert opened.url == "https://x.example/a???büc"


@pytest.mark.parametrize("levels", range(7))
def test_wrappers_are_opened_up_to_six_deep(levels: int) -> None:
    url = TARGET
    for level in range(levels):
        wrap = ("https://www.google.com/url?q=", "https://a.safelinks.protection.outlook.com/?url=")[
            level % 2
        ]
        url = wrap + quote(url, safe="")
    assert open_wrapped(url).url == TARGET


def test_a_seventh_wrapper_stays_on() -> None:
    url = TARGET
    for _ in range(7):
        url = "https://www.google.com/url?q=" + quote(url, safe="")
    assert open_wrapped(url).url == "https://www.google.com/url?q=" + QUOTED


@pytest.mark.parametrize(
    "url",
    [
        "https://protect-eu.mimecast.com/s/AbC1?domain=aliexpress.com",
        "https://url.us.m.mimecastprotect.com/s/AbC1",
        "https://secure-web.cisco.com/1abc/https%3A%2F%2Fwww.aliexpress.com%2F",
        "https://eu-west-1.protection.sophos.com/?d=aliexpress.com&u=aHR0cHM6Ly93d3c",
        "https://protect.checkpoint.com/v2/___https://www.aliexpress.com/___.abc",
    ],
)
def test_a_wrapper_that_its_maker_alone_can_open_is_opaque(url: str) -> None:
    assert open_wrapped(url).opaque
    inside_another = open_wrapped("https://www.google.com/url?q=" + quote(url, safe=""))
    assert (inside_another.url, inside_another.opaque) == (url, True)


@pytest.mark.parametrize(
    "url",
    [
        "https://eur01.safelinks.protection.outlook.com/?data=05",
        "https://urldefense.com/v3/__https://www.aliexpress.com/p/ord",
        "https://urldefense.proofpoint.com/v2/url?d=x",
        "https://deref-gmx.net/mail/client/x/dereferrer/?redirectUrl=",
    ],
)
def test_a_wrapper_that_holds_nothing_is_torn(url: str) -> None:
    opened = open_wrapped(url)
    assert (opened.url, opened.torn, opened.opaque) == (url, True, False)


@pytest.mark.parametrize(
    "url",
    [
        TARGET,
        f"https://redirect.evil.example/?url={QUOTED}",
        f"https://safelinks.protection.outlook.com.evil.example/?url={QUOTED}",
        f"https://google.evil.example/url?q={QUOTED}",
        f"https://www.aliexpress.com/p/order/detail.html?orderId=8190000000001234&returnUrl={QUOTED}",
        "https://login.aliexpress.com/?return_url=%2Fhome",
        "aliexpress://goto?url=" + QUOTED,
        "",
        "#",
        "javascript:x",
    ],
)
def test_what_is_no_known_wrapper_is_left_alone(url: str) -> None:
    opened = open_wrapped(url)
    assert (opened.url, opened.wrapped, opened.opaque) == (url, False, False)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.aliexpress.com/x", "www.aliexpress.com"),
        ("HTTPS://WWW.AliExpress.COM.:443?x", "www.aliexpress.com"),
        ("  https://www.aliexpress.com\n", "www.aliexpress.com"),
        ("https://www.ali\texpress.com/", "www.aliexpress.com"),
        ("https://www.aliexpress.com@evil.example/", "evil.example"),
        ("https://www.aliexpress.com:x@evil.example:8443/", "evil.example"),
        ("https://evil.example\\@www.aliexpress.com/", "evil.example"),
        ("https:\\\\www.aliexpress.com\\x", "www.aliexpress.com"),
        ("https://www.aliexpress%2Ecom/", "www.aliexpress.com"),
        ("https://www。ａliexpress。com/", "www.aliexpress.com"),
        ("//www.aliexpress.com/x", "www.aliexpress.com"),
        ("https://[2001:DB8::1]:80/", "2001:db8::1"),
        ("https://evil.example%2F.aliexpress.com/", None),
        ("https://[::1/", None),
        ("https://", None),
        ("/p/order", None),
        ("www.aliexpress.com/x", None),
        ("www.aliexpress.com:443/x", None),
        ("aliexpress://goto?url=https://www.aliexpress.com", None),
        ("mailto:a@aliexpress.com", None),
        ("", None),
    ],
)
def test_the_host_is_the_one_a_browser_would_ask_for(url: str, host: str | None) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://x.example/?o_ids=1%2C2&b=a+b&b=%C3%BC", (("o_ids", "1,2"), ("b", "a b"), ("b", "ü"))),
        ("https://x.example/?a=1#/issue?issueId=2", (("a", "1"), ("issueId", "2"))),
        ("https://x.example/#issueId=2", (("issueId", "2"),)),
        ("https://x.example/?a=1&amp;orderId=2&amp;amp;c=3", (("a", "1"), ("orderId", "2"), ("c", "3"))),
        ("https://x.example/?flag&=&&x=", (("flag", ""), ("x", ""))),
        ("https://x.example/?a=b=c%", (("a", "b=c%"),)),
        ("https://x.example/?a=%FF", (("a", "\ufffd"),)),
        ("aliexpress://order?orderId=3", (("orderId", "3"),)),
        ("https://x.example/", ()),
    ],
)
def test_parameters_are_decoded_once_and_in_order(url: str, found: tuple[tuple[str, str], ...]) -> None:
    assert parameters(url) == found


def test_only_aliexpress_and_what_lies_below_it_is_ours() -> None:
    ours = ["aliexpress.com", "m.aliexpress.com", "TRADE.AliExpress.us.", "a.b.aliexpress.ru"]
    assert all(is_ours(host, HOSTS) for host in ours)
    others = ["notaliexpress.com", "aliexpress.com.x.example", "aliexpress.fr", "alibaba.com", "com", ""]
    assert not any(is_ours(host, HOSTS) for host in others)
    assert is_group("ae01.alicdn.com", HOSTS)
    assert not is_group("alicdn.com.x.example", HOSTS)


PIECES = st.sampled_from(
    [
        "https://",
        "http:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "#",
        "?",
        "&",
        "=",
        "%",
        "%25",
        "[",
        "]",
        "::1",
        "xn--",
        "*",
        "**",
        "www.google.com/url?q=",
        "a.safelinks.protection.outlook.com/?url=",
        "urldefense.com/v3/__",
        "__;",
        "Pz8_!",
        "!!",
        "urldefense.proofpoint.com/v2/url?u=",
        "https-3A__",
        "login.aliexpress.com/",
        "?xman_goto=",
        "aliexpress.com",
        "%3A%2F%2F",
        "orderId=",
        "8190000000001234",
        "exp=",
        "1700000000",
        "eyJhbGciOiJ9.eyJleHAiOjF9.x",
        "{{",
        "ü",
        "\r\n",
    ]
)
NOISE = st.one_of(st.text(max_size=80), st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))


@given(NOISE)
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    opened = open_wrapped(text)
    assert open_wrapped(opened.url).url == opened.url or opened.wrapped
    host = host_of(opened.url)
    assert host is None or (host and not set(host) & set("/?#@%"))
    assert all(isinstance(value, str) for pair in parameters(text) for value in pair)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=60))
def test_whatever_safe_links_wrapped_is_found_again(tail: str) -> None:
    url = "https://www.aliexpress.com/p?" + tail.strip("\x7f\x85\xa0\xad")
    assert open_wrapped("https://x.safelinks.protection.outlook.com/?url=" + quote(url, safe="")).url == url
