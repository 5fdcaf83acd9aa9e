"""The second opinion, learned from the fixtures: it helps where words are unknown, and silences nobody."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.learned import NOBODY, Learned, Opinion, Weights, learned_from
from parsers.lexicon import Lexicon, LexiconError, lexicon_from
from parsers.opinion import heard, of_offer, rings_after_all
from parsers.scores import YOURS
from rules.facts import Kind, Offer, Outcome, Party, Remedy
from support.goldens import expected_of, fixtures, lexicon, raw_reading
from support.lacking import forgetful
from support.short import NOW, shorts
from watcher.loading import phrase_files

CALM = frozenset(Kind) - YOURS
EVERYTHING = (*map(str, Kind), str(Outcome.IGNORED), str(Outcome.UNCLEAR))
KINDS = st.sampled_from([None, *Kind])
CHANCES = st.lists(st.floats(0.01, 1), min_size=len(EVERYTHING), max_size=len(EVERYTHING))
EVERY = 4  # each fourth fixture is read with words unknown
UNKNOWN = 0.25  # of the words; about what a mail worded by a stranger holds


def view(**chances: float) -> Opinion:
    return Opinion(max(chances, key=lambda kind: chances[kind]), chances)


def from_chances(parts: list[float]) -> Opinion:
    return view(**{kind: part / sum(parts) for kind, part in zip(EVERYTHING, parts, strict=True)})


def asked(opinion: Opinion) -> float:
    return sum(opinion.chances[kind] for kind in (*YOURS, str(Outcome.UNCLEAR)))


@given(kind=KINDS, parts=CHANCES)
def test_nothing_is_calmed_while_something_may_be_asked(kind: Kind | None, parts: list[float]) -> None:
    opinion = from_chances(parts)
    after = heard(kind, opinion)
    if kind not in CALM and after in CALM:
        assert asked(opinion) <= 0.1


@given(kind=st.sampled_from(sorted(CALM)), parts=CHANCES)
def test_a_calm_mail_that_may_ask_something_is_not_passed_over(kind: Kind, parts: list[float]) -> None:
    opinion = from_chances(parts)
    if asked(opinion) >= 0.3:
        assert heard(kind, opinion) not in CALM


@given(kind=KINDS, parts=CHANCES)
def test_an_opinion_that_a_mail_says_nothing_changes_nothing_that_is_asked(
    kind: Kind | None, parts: list[float]
) -> None:
    opinion = from_chances(parts)
    if opinion.answer == Outcome.IGNORED and kind not in CALM:
        assert heard(kind, opinion) == kind


@given(kind=st.sampled_from(sorted(CALM)), parts=CHANCES)
def test_a_calm_mail_of_which_no_kind_is_likely_is_calm_only_if_hardly_anything_may_be_asked(
    kind: Kind, parts: list[float]
) -> None:
    opinion = from_chances(parts)
    if opinion.sure < 0.6 and asked(opinion) >= 0.1:
        assert heard(kind, opinion) not in CALM


def test_only_a_sure_opinion_rings_for_what_the_rules_ignore() -> None:
    assert rings_after_all(view(offer=0.8, ignored=0.2))
    assert not rings_after_all(view(offer=0.6, ignored=0.4))
    assert not rings_after_all(view(refund_issued=0.9, offer=0.1))


def weights(answer: str, sure: bool = True) -> Weights:
    return Weights((answer, NOBODY), (9.0 if sure else 0.1, 0.0), {})


def opinions(by: str, remedy: str, sure: bool = True) -> Learned:
    return Learned(weights("offer"), weights(by, sure), weights(remedy, sure))


def test_who_proposes_and_what_is_as_the_opinion_has_it_where_it_is_sure() -> None:
    found = Offer(None, Remedy.REFUND, None, None)
    told = opinions("seller", "return")
    assert of_offer(found, Kind.OFFER, {}, told) == Offer(Party.SELLER, Remedy.RETURN, None, None)
    assert of_offer(found, Kind.OFFER, {}, opinions("seller", "return", sure=False)) == found


def test_a_mail_that_asks_for_goods_back_always_says_so() -> None:
    offer = of_offer(None, Kind.RETURN_REQUESTED, {}, opinions("seller", "refund"))
    assert offer is not None
    assert offer.remedy is Remedy.RETURN


def test_what_offers_nothing_is_given_no_offer() -> None:
    assert of_offer(None, Kind.DECLINED, {}, opinions("seller", "refund")) is None
    assert of_offer(None, Kind.OFFER, {}, opinions("seller", NOBODY)) is None


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("kind", {}),
        ("kind.answers", {"kind": {"answers": ["nonsense"], "bias": [0.0], "weights": {}}}),
        ("kind.bias", {"kind": {"answers": ["offer"], "bias": [], "weights": {}}}),
        ("kind.weights", {"kind": {"answers": ["offer"], "bias": [0.0]}}),
        ('kind.weights."a"', {"kind": {"answers": ["offer"], "bias": [0.0], "weights": {"a": "0=1"}}}),
        ('kind.weights."a"', {"kind": {"answers": ["offer"], "bias": [0.0], "weights": {"a": "1:5"}}}),
    ],
)
def test_a_file_that_was_spoilt_is_told_with_its_key(key: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(key)}: "):
        learned_from(data)


def test_a_spoilt_file_stops_the_start_with_its_name_and_the_remedy() -> None:
    with pytest.raises(LexiconError) as told:
        lexicon_from({**phrase_files(), "learned.toml": {}})
    assert told.value.mistakes == ("learned.toml: kind: must be a table; or make it anew with `make learn`",)


def reading(mail: Path, words: Lexicon) -> tuple[str, str]:
    """What a mail is, and what is read of it."""
    expected = expected_of(mail)
    notice = raw_reading(mail.read_bytes(), expected, words).notice
    return str(expected.get("kind") or expected["outcome"]), str(notice.kind or notice.outcome)


@cache
def with_words_unknown(opinion: bool) -> list[tuple[str, str]]:
    words = forgetful(lexicon(), UNKNOWN, "another")
    if not opinion:
        nothing = Weights((str(Outcome.IGNORED),), (0.0,), {})
        unsure = Weights((NOBODY, "seller"), (0.0, 0.0), {})
        words = replace(words, learned=Learned(nothing, unsure, replace(unsure, answers=(NOBODY, "refund"))))
    told = [mail for mail in fixtures() if {"kind", "outcome"} & set(expected_of(mail))]  # some leave it open
    return [reading(mail, words) for mail in told[::EVERY]]


def wrong(found: list[tuple[str, str]]) -> int:
    return sum(truth != read for truth, read in found)


def passed_over(found: list[tuple[str, str]]) -> int:
    rings = {*map(str, YOURS), str(Outcome.UNCLEAR)}
    return sum(truth in rings and read not in rings for truth, read in found)


def test_short_mails_are_told_and_none_that_needs_an_answer_is_passed_over() -> None:
    found = []
    for short in shorts():
        notice = raw_reading(short.raw, NOW).notice
        found.append((short.kind, str(notice.kind or notice.outcome)))

    assert wrong(found) <= 0.03 * len(found)
    assert passed_over(found) == 0


def test_with_a_quarter_of_all_words_unknown_most_mails_are_still_told() -> None:
    assert wrong(with_words_unknown(True)) <= 0.04 * len(with_words_unknown(True))


def test_the_opinion_halves_what_the_rules_alone_misread_and_passes_no_more_over() -> None:
    assert wrong(with_words_unknown(True)) <= wrong(with_words_unknown(False)) / 2
    assert passed_over(with_words_unknown(True)) <= passed_over(with_words_unknown(False))
