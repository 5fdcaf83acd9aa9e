"""A mail that arrives retagged, re-encoded or sprinkled with unseen marks reads as before."""

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rules.facts import Notice
from support.goldens import expected_of, fixtures, languages, raw_reading
from support.mutations import MUTATIONS

SEED = 4711


@pytest.mark.parametrize("name", sorted(MUTATIONS))
@pytest.mark.parametrize("locale", languages())
def test_a_mutated_mail_reads_as_before(locale: str, name: str) -> None:
    wrong = []
    for mail in (
        mail for mail in fixtures() if mail.parent.name == locale and mail.parents[1].name != "strange"
    ):
        expected, raw = expected_of(mail), mail.read_bytes()
        before = _as_it_is(mail)
        after = raw_reading(MUTATIONS[name](raw, random.Random(f"{SEED}{mail.name}")), expected).notice
        fields = [
            field
            for field in (
                "outcome",
                "kind",
                "reason",
                "orders",
                "dispute",
                "offer",
                "asked",
                "paid",
                "locale",
            )
            if getattr(before, field) != getattr(after, field)
        ]
        fields += ["printed"] if _times(before) != _times(after) else []
        if fields:
            wrong.append(f"{mail.parents[1].name}/{mail.name}: {', '.join(fields)}")

    assert wrong == []


@cache
def _as_it_is(mail: Path) -> Notice:
    return raw_reading(mail.read_bytes(), expected_of(mail)).notice


def _times(notice):
    return [replace(printed, quote="") for printed in notice.printed]
