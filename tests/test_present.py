"""What programs are given: every key always, plain values, and nothing that a spreadsheet would run."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cases import judge
from rules.facts import (
    Anchor,
    Authenticity,
    Kind,
    LinkReason,
    Money,
    Notice,
    Offer,
    Outcome,
    Party,
    Reason,
    Remedy,
    Role,
    Trust,
    Within,
)
from watcher.loading import load_policy, load_words
from watcher.present import CASE_COLUMNS, MAIL_COLUMNS, case_json, csv_row, mail_json, plain, status_json

NOW = datetime(2025, 3, 8, 15, 37, 28, tzinfo=UTC)
POLICY, WORDS = load_policy(), load_words("en")
ORDER = "8194027715526318"


def notice(**more: Any) -> Notice:
    facts: dict[str, Any] = {
        "identity": "x",
        "outcome": Outcome.NOTICE,
        "reason": None,
        "kind": Kind.OFFER,
        "sent_at": NOW,
        "received_at": NOW,
        "authenticity": Authenticity(Trust.VERIFIED),
        "source": "a.eml",
        "orders": (ORDER,),
    }
    return Notice(**{**facts, **more})


def shown(**more: Any) -> dict[str, Any]:
    return mail_json(notice(**more), POLICY, WORDS, NOW)


def test_an_offer_has_all_that_it_says() -> None:
    row = shown(
        dispute="6270114853916318",
        locale="en",
        message_id="<1@x>",
        offer=Offer(Party.SELLER, Remedy.REFUND, Decimal("12.50"), "EUR"),
        asked=Money(Decimal("30"), "EUR"),
        printed=(Within(timedelta(hours=65), timedelta(hours=65), False, "2 days and 17 hours"),),
        anchors=(Anchor("https://www.aliexpress.com/issue/accept.htm?id=1", "Accept", Role.ACCEPT),),
    )
    assert row["offer"] == {"by": "seller", "remedy": "refund", "amount": "12.50", "currency": "EUR"}
    assert row["asked"] == {"amount": "30", "currency": "EUR"}
    assert row["paid"] is None
    assert row["deadline"] == {
        "at": "2025-03-11T08:37:28Z",
        "latest": "2025-03-11T08:37:28Z",
        "basis": "relative",
        "quote": "2 days and 17 hours",
    }
    assert row["authenticity"] == {"verdict": "verified", "reasons": []}
    assert list(row["links"][0]) == ["role", "url", "label", "verdict", "reason"]
    assert row["turn"] == "yours"
    names = [route["name"] for route in row["instruction"]["routes"]]
    assert names == ["app_order", "app_cases", "app_messages", "web_order"]


@pytest.mark.parametrize("kind", [*Kind, None])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_key_is_there_whatever_the_mail_says(kind: Kind | None, outcome: Outcome) -> None:
    reason = None if outcome is Outcome.NOTICE else Reason.NO_KIND
    row = shown(kind=kind, outcome=outcome, reason=reason)
    assert list(row) == list(shown())
    assert json.loads(json.dumps(row)) == row
    assert (row["instruction"] is None) == (row["deadline"] is None)


def test_an_ignored_mail_says_nothing_however_much_it_holds() -> None:
    row = shown(
        outcome=Outcome.IGNORED,
        reason=Reason.SUSPICIOUS,
        dispute="6270114853916318",
        offer=Offer(None, Remedy.REFUND, Decimal(1), "EUR"),
        anchors=(Anchor("https://x.example", "Accept", Role.ACCEPT),),
    )
    assert row["orders"] == row["links"] == []
    silent = ("kind", "turn", "deadline", "offer", "instruction", "dispute", "asked", "paid")
    assert {row[key] for key in silent} == {None}
    assert row["reason"] == "suspicious"


def test_times_are_utc_to_the_second_wherever_they_came_from() -> None:
    east = NOW.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=14)))
    assert shown(sent_at=east)["sent_at"] == "2025-03-08T15:37:28Z"


@pytest.mark.parametrize("digits", ["12.50", "12", "0.10", "1E+3", "1234567890.123"])
def test_amounts_are_the_digits_printed_never_an_exponent(digits: str) -> None:
    assert plain(Decimal(digits)) == ("1000" if digits == "1E+3" else digits)


def test_a_case_has_its_history_and_its_reported_links() -> None:
    accept = Anchor("https://www.aliexpress.com/issue/accept.htm?id=1", "Accept", Role.ACCEPT)
    (case,) = judge([notice(anchors=(accept,))], {}, {}, POLICY)
    row = case_json(case, POLICY, WORDS, NOW)
    assert row["history"] == [{"sent_at": "2025-03-08T15:37:28Z", "kind": "offer", "source": "a.eml"}]
    assert row["turn"] == "yours"
    assert row["links"][0]["reason"] != LinkReason.REPORTED
    assert json.loads(json.dumps(row)) == row


def test_status_holds_the_parts_it_is_given() -> None:
    row = status_json(True, [{"name": "home", "folders": []}], {"waiting": 0, "oldest_at": None}, [])
    assert list(row) == ["schema", "awake", "accounts", "outbox", "cases"]


def test_csv_joins_nested_keys_by_dots_and_lists_by_blanks() -> None:
    cells = dict(zip(MAIL_COLUMNS, csv_row(shown(orders=(ORDER, "2")), MAIL_COLUMNS), strict=True))
    assert cells["orders"] == f"{ORDER} 2"
    assert cells["deadline.basis"] == "policy"
    assert cells["deadline.quote"] == ""
    assert cells["offer.amount"] == ""
    assert cells["instruction.routes.name"] == "app_order app_cases app_messages web_order"


def test_csv_withholds_the_addresses_that_act() -> None:
    accept = Anchor("https://www.aliexpress.com/issue/accept.htm?id=1", "Accept", Role.ACCEPT)
    row = csv_row(shown(anchors=(accept,)), MAIL_COLUMNS)
    assert "accept.htm" not in " ".join(row)


@given(text=st.text(max_size=30))
def test_no_cell_of_csv_can_be_a_formula(text: str) -> None:
    row = shown(source=text, message_id=text, dispute=text, orders=(text,))
    for cell in csv_row(row, MAIL_COLUMNS):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_cases_have_columns_for_every_key() -> None:
    (case,) = judge([notice()], {}, {}, POLICY)
    row = case_json(case, POLICY, WORDS, NOW)
    assert {column.split(".")[0] for column in CASE_COLUMNS} == set(row)
    assert len(csv_row(row, CASE_COLUMNS)) == len(CASE_COLUMNS)
