"""Windows, clocks and hosts are data: complete, with a source, and checked."""

import copy
import tomllib
from datetime import timedelta

import pytest

from rules.facts import Kind, Turn
from rules.policy import WINDOWED, PolicyError, policy_from
from rules.turns import TURNS
from support.judgement import POLICY, RULES


def shipped() -> dict[str, dict[str, object]]:
    return copy.deepcopy(tomllib.loads((RULES / "policy.toml").read_text("utf-8")))


def test_every_kind_that_asks_has_a_window_and_no_other():
    asking = {kind for kind, turn in TURNS.items() if turn is Turn.YOURS}
    assert set(WINDOWED) == {*asking, Kind.ORDER_COMPLETED, None}
    assert {window.kind for window in POLICY.windows} == set(WINDOWED)


@pytest.mark.parametrize(
    ("kind", "short", "long"),
    [
        (Kind.OFFER, 2, 7),
        (Kind.OFFER_REMINDER, 2, 7),
        (Kind.DECLINED, 2, 7),
        (Kind.EVIDENCE_REQUESTED, 2, 7),
        (Kind.JUDGEMENT, 2, 7),
        (None, 2, 7),
        (Kind.RETURN_REQUESTED, 10, 10),
        (Kind.ORDER_COMPLETING, 2, 5),
        (Kind.ORDER_COMPLETED, 15, 15),
    ],
)
def test_the_windows_are_those_promised(kind, short, long):
    window = POLICY.window(kind)
    assert (window.short, window.long) == (timedelta(days=short), timedelta(days=long))


def test_every_number_names_its_source():
    assert all(entry.source for entry in (*POLICY.windows, *POLICY.clocks))


def test_a_kind_without_a_deadline_has_no_window():
    assert POLICY.window(Kind.ORDER_SHIPPED) is None


def test_only_the_three_registrable_domains_are_ours():
    assert POLICY.hosts.ours == ("aliexpress.com", "aliexpress.us", "aliexpress.ru")
    assert not set(POLICY.hosts.ours) & set(POLICY.hosts.group)


def test_every_mistake_is_named_at_once_with_its_key_and_remedy():
    data = shipped()
    data["windows"]["offer"] = {"days": [7, 2], "source": "x"}
    data["windows"]["ofer"] = {"days": [1, 2], "source": "x"}
    data["clocks"]["seller_answers"] = {"after": "never", "who": "me", "days": [1, True], "source": ""}
    data["hosts"]["ours"] = ["https://aliexpress.com/"]
    data["extra"] = {}
    with pytest.raises(PolicyError) as caught:
        policy_from(data, "mine.toml")
    keys = [
        "windows.offer.days",
        "windows.ofer",
        "clocks.seller_answers.after",
        "clocks.seller_answers.who",
        "clocks.seller_answers.days",
        "clocks.seller_answers.source",
        "hosts.ours",
        "extra",
    ]
    told = caught.value.mistakes
    assert all(any(line.startswith(f"mine.toml: {key}: ") for line in told) for key in keys)
    assert len(told) == len(keys)


@pytest.mark.parametrize("table", ["windows", "clocks", "hosts"])
def test_a_missing_or_empty_table_is_told(table):
    for broken in ({}, 3):
        with pytest.raises(PolicyError, match=table):
            policy_from({**shipped(), table: broken})
    data = shipped()
    data["windows"]["judgement"] = {}
    with pytest.raises(PolicyError, match=r"windows\.judgement"):
        policy_from(data)
