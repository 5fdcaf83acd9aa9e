"""Both sides of the line for links: every wrapper round every flaw, nests of wrappers, honest oddities."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_links import CASE, CAUGHT, DETAIL, ORDER, OTHER_ORDER, reason, role, token

from rules.addresses import DEPTH, open_wrapped
from rules.facts import Role


def plain(before: str, after: str = "") -> Callable[[str], str]:
    return lambda url: before + quote(url, safe="") + after


def second(url: str) -> str:
    """URL Defense, version 2: its own escapes for "%", "/", "-" and "_"."""
    coded = quote(url, safe="/:").replace("-", "%2D").replace("_", "%5F")
    coded = coded.replace(":", "%3A").replace("%", "-").replace("/", "_")
    return f"https://urldefense.proofpoint.com/v2/url?u={coded}&d=DwMF&c=x&r=y&m=z&s=w&e="


def third(url: str) -> str:
    """URL Defense, version 3: what an address could not carry is taken out into base64."""
    kept = "".join(letter if letter.isascii() and letter not in '*?%+{}<>" \r\n' else "*" for letter in url)
    holes = "".join(letter for letter, seen in zip(url, kept, strict=True) if seen == "*")
    return (
        f"https://urldefense.com/v3/__{kept}__;{base64.urlsafe_b64encode(holes.encode()).decode()}!!Ab1!cd$"
    )


WRAPPERS: dict[str, Callable[[str], str]] = {
    "safe links": plain(
        "https://eur01.safelinks.protection.outlook.com/?url=", "&data=05%7C02%7C&reserved=0"
    ),
    "safe links of a government": plain("https://gcc02.safelinks.protection.office365.us/?url=", "&data=1"),
    "teams": plain("https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp.html?url=", "&a=1"),
    "url defense 1": plain("https://urldefense.proofpoint.com/v1/url?u=", "&k=x%3D%3D&r=y"),
    "url defense 2": second,
    "url defense 3": third,
    "google": plain("https://www.google.com/url?q=", "&sa=D&source=calendar&usg=x"),
    "google abroad": plain("https://www.google.co.uk/url?sa=t&url=", ""),
    "barracuda": plain("https://linkprotect.cudasvc.com/url?a=", "&c=E,1,abc&typo=1"),
    "trend micro": plain("https://x-imsva.ctp.trendmicro.com/wis/clicktime/v1/query?url=", "&umid=1"),
    "gmx": plain("https://deref-gmx.net/mail/client/x-y/dereferrer/?redirectUrl=", "&lm=1"),
    "web.de": plain("https://deref-web.de/mail/client/x/dereferrer/?redirectUrl=", ""),
    "mail.ru": plain("https://checklink.mail.ru/proxy?es=x&url=", ""),
    "a login hop": plain("https://login.aliexpress.com/sync_cookie_read.htm?xman_goto=", ""),
    "a login page": plain("https://www.aliexpress.com/p/ug-login-page/login.html?return_url=", ""),
}
# A login hop carries whole addresses only; the rest is a parameter as any other.
ANYTHING = [name for name in WRAPPERS if "login" not in name]
# One of each kind that survives being carried in a query; what is empty can't be carried at all.
CARRIED = {name: urls[0] for name, urls in CAUGHT.items() if name != "empty"}


@pytest.mark.parametrize("expected", CARRIED)
@pytest.mark.parametrize("wrapper", ANYTHING)
def test_no_wrapper_hides_a_flaw(wrapper: str, expected: str) -> None:
    assert reason(WRAPPERS[wrapper](CARRIED[expected])) == expected


@pytest.mark.parametrize("url", [DETAIL, CASE, "https://a.aliexpress.com/_mK3xYz"])
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_no_wrapper_makes_a_good_link_bad(wrapper: str, url: str) -> None:
    assert reason(WRAPPERS[wrapper](url)) == "plausible"
    assert open_wrapped(WRAPPERS[wrapper](url)).url == url


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_strangers_page_that_looks_like_a_wrapper_is_a_stranger(wrapper: str) -> None:
    scheme, _, rest = WRAPPERS[wrapper](CASE).partition("://")
    host, _, tail = rest.partition("/")
    assert reason(f"{scheme}://{host}.evil.example/{tail}") in ("foreign_host", "lookalike_host")


@given(st.lists(st.sampled_from(sorted(ANYTHING)), max_size=DEPTH))
def test_wrappers_of_any_make_are_opened_up_to_six_deep(names: list[str]) -> None:
    url = CASE + "&x=%7B%22a%22%3A1%7D&name=M%C3%BCller_a-b"
    for name in names:
        url = WRAPPERS[name](url)
    assert open_wrapped(url).url == CASE + "&x=%7B%22a%22%3A1%7D&name=M%C3%BCller_a-b"


@given(st.lists(st.sampled_from(sorted(ANYTHING)), min_size=DEPTH + 1, max_size=DEPTH + 3))
def test_who_wraps_deeper_than_six_stays_wrapped_and_is_no_link_of_ours(names: list[str]) -> None:
    url = CASE
    for name in names:
        url = WRAPPERS[name](url)
    assert open_wrapped(url).url != CASE
    assert reason(url) != "plausible"


HONEST = {
    "spanish host": DETAIL.replace("www.", "es."),
    "hebrew host": DETAIL.replace("www.", "he."),
    "american domain": DETAIL.replace(".com", ".us") + "&gatewayAdapt=glo2usa4itemAdapt",
    "short": "https://a.aliexpress.com/_x",
    "click": "https://s.click.aliexpress.com/e/_DmAbC12?bz=300*250",
    "click with a target": "https://s.click.aliexpress.com/deep_link.htm?aff_short_key=U&dl_target_url="
    + quote(DETAIL, safe=""),
    "login hop": "https://login.aliexpress.com/buyer.htm?return_url=" + quote(DETAIL, safe=""),
    "encoded prices": DETAIL + "&pdp_npi=" + quote("6@dis!EUR!12.50!9.99!!!98.10!!@211b6c1!1!order", safe=""),
    "encoded json": DETAIL + "&x=" + quote(json.dumps({"a": {"b": {"c": {}}}, "d": [[1], ["e"]]}), safe=""),
    "json encoded twice": DETAIL + "&x=" + quote(quote(json.dumps({"a": {"b": {}}}), safe=""), safe=""),
    "json half encoded": DETAIL + "&x={%22a%22:{%22b%22:{}}}",
    "arrays half encoded": DETAIL + "&x=[[%22a%22,%22b%22]]",
    "a percent sign": DETAIL + "&discount=50%25off",
    "a price": DETAIL + "&amount=US$12.50&shown=$12.50",
    "a mark that begins with a dollar": DETAIL + "&rowan_msg_id=$abcd&rowan_id1=x",
    "measuring nothing": DETAIL + "&spm=null&scm=undefined&utm_source=null",
    "fragment": DETAIL + "#nav-review",
    "text fragment": DETAIL + "#:~:text=refund%20of",
    "very long": DETAIL + "".join(f"&p{n}={'x' * 40}" for n in range(60)),
    "base64": DETAIL + "&data=" + base64.urlsafe_b64encode(bytes(range(256))).decode(),
    "experiment": CASE + "&experiment=1600000000&exp_id=1600000000&exposure=1600000000",
    "lifetime": CASE + "&expires=86400&expires_in=0&expired=false&deadline=tomorrow",
    "seconds to come": CASE + "&exp=1790000000",
    "milliseconds to come": CASE + "&exp=1790000000000",
    "microseconds to come": CASE + "&exp=1790000000000000",
    "another day": CASE + "&exp=20250601",
    "a zone's hour": CASE + "&exp=2025-06-01T13:59:59%2B01:00",
    "token to come, in milliseconds": CASE + "&token=" + token(exp=1_790_000_000_000),
    "token of nobody's form": CASE + "&token=eyJhbGciOiJSU0EifQ.eyJub3RoaW5n.cccc&x=" + token(exp=None),
    "order twice": f"https://www.aliexpress.com/p/order/detail.html?o_ids={ORDER},{ORDER},",
    "order line": DETAIL.replace(ORDER, str(int(ORDER) + 20_000)),
}
LIES = {
    "seconds": ("expired", CASE + "&exp=1700000000"),
    "milliseconds": ("expired", CASE + "&expireTime=1700000000000"),
    "microseconds": ("expired", CASE + "&exp=1700000000000000"),
    "iso": ("expired", CASE + "&exp=2025-06-01T13:59:59+02:00"),
    "iso, compact": ("expired", CASE + "&exp=20250601T115959Z"),
    "day": ("expired", CASE + "&validUntil=20250530"),
    "token": ("expired", CASE + "&token=" + token(exp=1_700_000_000)),
    "token, milliseconds": ("expired", CASE + "&token=" + token(exp=1_700_000_000_000)),
    "token, text": ("expired", CASE + "&token=" + token(exp="1700000000")),
    "token, broken off": ("expired", CASE + "&token=" + token(exp=1_700_000_000.5)),
    "token in the path": ("expired", "https://www.aliexpress.com/p/issue/" + token(exp=1_700_000_000)),
    "token in the fragment": ("expired", CASE + "#t=" + token(exp=1_700_000_000)),
    "another order": ("wrong_order", DETAIL.replace(ORDER, OTHER_ORDER)),
    "a variable": ("placeholder", CASE + "&offerId=$offer"),
    "a hole in what is measured": ("placeholder", DETAIL + "&utm_source={{source}}"),
    "a hole in json": ("placeholder", DETAIL + "&x=" + quote('{"a":"${order}"}', safe="")),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_address_may_look_odd(name: str) -> None:
    assert reason(HONEST[name]) == "plausible"


@pytest.mark.parametrize("name", LIES)
def test_what_lies_a_step_beyond_is_caught(name: str) -> None:
    expected, url = LIES[name]
    assert reason(url) == expected


@pytest.mark.parametrize("host", ["es", "pt", "de", "he", "m", "trade", "www"])
def test_a_hosts_language_changes_no_role(host: str) -> None:
    assert role(DETAIL.replace("www.", host + ".")) == Role.ORDER
    assert role(CASE.replace("www.", host + ".")) == Role.DISPUTE
