"""The ways without the link: every kind has them, in every language, with the order's number."""

import copy
import tomllib

import pytest

from rules.facts import Kind
from rules.routes import ORDER_LIST, instruct
from rules.spoken import clock_name
from rules.turns import ORDER_KINDS
from rules.wording import HOLES, WordsError, words_from
from support.judgement import DISPUTE, ORDER, OTHER_ORDER, POLICY, RULES, words

LOCALES = ("en", "es")
EVERY_KIND = [*Kind, None]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_has_its_ways_with_the_orders_number(kind, locale):
    found = instruct(kind, (ORDER,), DISPUTE, words(locale))
    names = [route.name for route in found.routes]
    if kind in ORDER_KINDS:
        assert names == ["open_dispute", "web_order"]
    else:
        assert names == ["app_order", "app_cases", "app_messages", "web_order"]
    assert ORDER in found.headline
    for route in found.routes:
        assert any(ORDER in step for step in route.steps)
        assert not any("{" in step for step in (route.title, *route.steps))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_only_the_browsers_way_has_an_address_and_it_is_the_order_page(kind):
    for route in instruct(kind, (ORDER,), None, words()).routes:
        expected = f"https://www.aliexpress.com/p/order/detail.html?orderId={ORDER}"
        assert route.url == (expected if route.name == "web_order" else None)


@pytest.mark.parametrize("orders", [(), (ORDER, OTHER_ORDER), ("12&x=1",), ("１２３",)])
def test_without_a_single_plain_number_the_way_is_the_list_of_orders(orders):
    assert instruct(Kind.OFFER, orders, None, words()).routes[-1].url == ORDER_LIST


def test_several_orders_are_all_named():
    headline = instruct(Kind.OFFER, (ORDER, OTHER_ORDER), None, words()).headline
    assert ORDER in headline
    assert OTHER_ORDER in headline


def test_the_dispute_is_named_among_the_cases():
    routes = {route.name: route for route in instruct(Kind.OFFER, (ORDER,), DISPUTE, words()).routes}
    assert any(DISPUTE in step for step in routes["app_cases"].steps)


def test_an_unclear_mail_without_an_order_speaks_of_no_order_in_its_headline():
    assert instruct(None, (), None, words()).headline == (
        "A mail from AliExpress could not be read fully: look in the app"
    )


def test_in_spanish_the_english_names_of_screens_stand_in_brackets():
    route = instruct(Kind.OFFER, (ORDER,), None, words("es")).routes[0]
    steps = " ".join(route.steps)
    assert all(
        f"[{name}]" in steps for name in ("Account", "My Orders", "View Details", "View Dispute", "Accept")
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_every_clock_has_a_name(locale):
    spoken = words(locale)
    for rule in POLICY.clocks:
        for name in (rule.name, f"{rule.name}_from", f"{rule.name}_until"):
            assert "_" not in clock_name(name, spoken)
    assert clock_name("my_own", spoken) == "my own"


# Files of words


def english() -> dict[str, dict[str, object]]:
    return copy.deepcopy(tomllib.loads((RULES / "words" / "en.toml").read_text("utf-8")))


def refused(data: dict[str, dict[str, object]]) -> WordsError:
    with pytest.raises(WordsError) as caught:
        words_from(data, "xx.toml")
    assert str(caught.value).startswith(f"xx.toml: {caught.value.key}: ")
    return caught.value


def test_a_missing_key_is_named():
    data = english()
    del data["headline"]["offer"]
    assert (refused(data).key, refused(data).remedy) == ("headline.offer", "missing: add it")


def test_an_unknown_key_is_named():
    data = english()
    data["headline"]["ofer"] = "x"
    assert refused(data).key == "headline.ofer"


@pytest.mark.parametrize(
    "text",
    ["no hole", "{which} {more}", "{which.__class__}", "{which!r}", "{which:>9}", "{which", "{}", 3, ""],
)
def test_holes_must_be_exactly_the_known_ones(text):
    data = english()
    data["headline"]["offer"] = text
    assert refused(data).key == "headline.offer"


@pytest.mark.parametrize("months", [["Jan"], "Jan", [], [1] * 12])
def test_a_list_must_be_of_texts_and_complete(months):
    data = english()
    data["calendar"]["months"] = months
    assert refused(data).key == "calendar.months"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_sentence(locale):
    spoken = words(locale)
    assert {*spoken.texts, *spoken.lists} == set(HOLES)
