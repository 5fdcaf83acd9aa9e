"""Laws of reading that hold for every fixture: losing words makes us louder, never silent."""

import os
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from parsers.lexicon import Lexicon, lexicon_from
from parsers.wording import Mark, Wording
from rules.cases import turn_of
from rules.facts import Notice, Outcome, Turn
from support.goldens import expected_of, fixtures, languages, lexicon, raw_reading
from support.lacking import Lacking
from support.seal import sealed
from watcher.loading import phrase_files

SEED = 20250308
# Mails that say what they want with words of one concept alone: without all of them they tell nothing else.
ALONE = {
    "pl": {("evidence", "evidence_requested/fourth-zrzut-rozmowy.eml")},
    "tr": {("appeal", "judgement/fifth-magaza-hakli.eml")},
}
WORDS_A_LANGUAGE = 6  # how many concepts are taken away from each language here; `make laws` takes every one


def _without(files: Mapping[str, Mapping[str, Any]], locale: str) -> Lexicon:
    return lexicon_from({name: data for name, data in files.items() if name != f"phrases/{locale}.toml"})


def _needs_answer(locale: str) -> list[tuple[Path, dict[str, Any]]]:
    found = [(mail, expected_of(mail)) for mail in fixtures() if mail.parent.name == locale]
    return [(mail, expected) for mail, expected in found if expected.get("turn") == "yours"]


def _is_passed_over(notice: Notice) -> bool:
    return notice.outcome is Outcome.IGNORED or turn_of(notice.kind, notice.outcome) is not Turn.YOURS


def _silent(locale: str, words: Lexicon) -> list[str]:
    """The fixtures that need an answer and are passed over with this lexicon."""
    out = []
    for mail, expected in _needs_answer(locale):
        notice = raw_reading(mail.read_bytes(), expected, words).notice
        if _is_passed_over(notice):
            out.append(f"{mail.name}: {notice.outcome} {notice.kind} {notice.reason}")
    return out


@pytest.mark.parametrize("locale", languages())
def test_no_mail_that_needs_an_answer_is_passed_over_without_its_language_file(locale: str) -> None:
    assert _silent(locale, _without(phrase_files(), locale)) == []


class _Noting(Wording):
    """The words of a language that note every text in which they were looked up."""

    texts: set[str]

    def marks(self, text: str) -> list[Mark]:
        self.texts.add(text)
        return super().marks(text)


def _spoken(words: Lexicon, locale: str, wording: Wording) -> Lexicon:
    """The lexicon with other words for one language, everything else as it was."""
    old = words.languages[locale]
    new = replace(old, wording=wording)
    new.__dict__.update(dates=old.dates, spans=old.spans)  # built anew they would take most of the time
    return replace(words, languages={**words.languages, locale: new})


def _phrases_of(locale: str, raw: bytes, expected: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Every phrase that stands somewhere in a mail, by its concept, with the texts in which it stands."""
    known = lexicon().languages[locale].wording
    noting = _Noting(known._words, known.spaceless, known._prefixes)
    noting.texts = set()
    raw_reading(raw, expected, _spoken(lexicon(), locale, noting))
    found: dict[tuple[str, str], set[str]] = {}
    for text in noting.texts:
        for mark in _single(locale).marks(text):
            concept, _, phrase = mark.concept.partition("\0")
            found.setdefault((concept, phrase), set()).add(text)
    return found


@cache
def _single(locale: str) -> Wording:
    """The words of a language, each phrase a concept of its own."""
    known = lexicon().languages[locale].wording
    single = {
        f"{concept}\0{phrase}": [phrase] for concept, listed in known._words.items() for phrase in listed
    }
    return Wording(single, known.spaceless, known._prefixes)


@pytest.mark.parametrize("locale", languages())
def test_no_mail_that_needs_an_answer_is_passed_over_without_one_of_its_phrases(locale: str) -> None:
    known = lexicon().languages[locale].wording
    wrong = []
    for mail, expected in _needs_answer(locale):
        raw = mail.read_bytes()
        for (concept, phrase), texts in _phrases_of(locale, raw, expected).items():
            words = _spoken(lexicon(), locale, Lacking(known, concept, {phrase}, texts))
            notice = raw_reading(raw, expected, words).notice
            if _is_passed_over(notice):
                wrong.append(f"{mail.parts[-3]}/{mail.name} without {concept} {phrase!r}: {notice.kind}")

    assert wrong == []


@pytest.mark.parametrize("locale", languages())
def test_no_mail_that_needs_an_answer_is_passed_over_without_one_of_its_concepts(locale: str) -> None:
    known = lexicon().languages[locale].wording
    every = sorted(known._words)
    whole = os.environ.get("OFFERWATCH_LAWS") == "all"
    concepts = every if whole else random.Random(f"{SEED}{locale}").sample(every, WORDS_A_LANGUAGE)
    wrong = set()
    for mail, expected in _needs_answer(locale):
        raw, standing = mail.read_bytes(), defaultdict[str, set[str]](set)
        for (concept, _), texts in _phrases_of(locale, raw, expected).items():
            standing[concept] |= texts
        for concept in standing.keys() & set(concepts):
            words = Lacking(known, concept, known._words[concept], standing[concept])
            if _is_passed_over(raw_reading(raw, expected, _spoken(lexicon(), locale, words)).notice):
                wrong.add((concept, f"{mail.parts[-3]}/{mail.name}"))

    assert wrong == {lost for lost in ALONE.get(locale, set()) if lost[0] in concepts}


def test_at_most_two_in_a_hundred_fixtures_stay_unclear_that_should_not() -> None:
    mails = [(mail, expected_of(mail)) for mail in fixtures()]
    clear = [(mail, expected) for mail, expected in mails if expected.get("outcome") == "notice"]
    unclear = [
        mail for mail, expected in clear if raw_reading(mail.read_bytes(), expected).notice.kind is None
    ]

    assert len(unclear) <= 0.02 * len(clear), unclear


def test_policy_is_never_the_basis_where_a_time_is_printed() -> None:
    from rules.deadlines import deadline
    from support.goldens import policy

    for mail in fixtures():
        expected = expected_of(mail)
        printed = (expected.get("deadline") or {}).get("basis") in ("stated", "relative")
        if printed and expected.get("outcome") == "notice":
            notice = raw_reading(mail.read_bytes(), expected).notice
            found = deadline(notice, policy())
            assert found is not None, mail
            assert found.basis != "policy" or notice.kind is None, mail  # unclear: the window, by contract


def test_reading_touches_nothing_outside() -> None:
    for mail in fixtures()[::25]:
        expected, raw = expected_of(mail), mail.read_bytes()
        raw_reading(raw, expected)
        with sealed():
            raw_reading(raw, expected)
