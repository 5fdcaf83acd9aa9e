"""Every fixture reads as its golden says, and no fixture stands without one."""

import json
from pathlib import Path

import pytest

from support.goldens import FIXTURES, compare, expected_of, fixtures, languages, reading_of


@pytest.mark.parametrize("mail", fixtures(), ids=lambda mail: str(mail.relative_to(FIXTURES)))
def test_a_fixture_reads_as_its_golden_says(mail: Path) -> None:
    expected = expected_of(mail)

    assert compare(expected, reading_of(mail, expected)) == []


def test_every_mail_has_a_golden_and_every_golden_a_mail() -> None:
    mails = {mail.with_suffix("") for mail in FIXTURES.rglob("*.eml")}
    goldens = {golden.with_suffix("") for golden in FIXTURES.rglob("*.json")}

    assert mails == goldens


def test_every_kind_has_a_fixture_in_every_language_we_read() -> None:
    from parsers.kinds import URGENCY

    missing = [
        f"{kind}/{locale}"
        for kind in URGENCY
        for locale in languages()
        if not list((FIXTURES / kind / locale).glob("*.eml"))
    ]

    assert missing == []


def test_every_golden_says_when_now_is_and_has_the_main_fields() -> None:
    for golden in FIXTURES.rglob("*.json"):
        data = json.loads(golden.read_text("utf-8"))
        assert {"now", "sent_at", "orders", "deadline", "turn"} <= set(data), golden
