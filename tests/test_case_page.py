"""One case as its buyer reads it: in their own language from the first line to the last, nothing to press."""

import functools
import re
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from rules.answers import ANSWER_HOLES, CHOICES
from rules.facts import Anchor, Case, Kind, Money, Offer, Party, Remedy, Role
from rules.responses import Said, draft
from support.judgement import DISPUTE, ORDER, POLICY, at, notice, only, within
from watcher.advice import Tongue, advise
from watcher.casepage import CasePage
from watcher.commands.advicepage import Shown
from watcher.commands.subject import Subject
from watcher.loading import load_answers, load_words
from watcher.paper import Paper
from watcher.timeline import events

LOCALES = sorted(path.name[:2] for path in files("rules").joinpath("words").iterdir())
ACTION = "https://www.aliexpress.com/issue/accept.htm?op=agree"
PRESSED = [name for name in CHOICES if name not in ("look", "wait")]


@functools.cache
def tongue(locale: str) -> Tongue:
    return Tongue(load_words(locale), load_answers(locale), POLICY, ZoneInfo("Europe/Madrid"))


def a_case(kind: Kind | None = Kind.OFFER) -> Case:
    return only(
        notice(
            kind,
            dispute=DISPUTE,
            offer=Offer(Party.SELLER, Remedy.REFUND, Decimal("12.50"), "EUR"),
            asked=Money(Decimal("30.00"), "EUR"),
            paid=Money(Decimal("40.00"), "EUR"),
            printed=(within(timedelta(days=3)),),
            anchors=(Anchor("#", "x", Role.ACCEPT), Anchor(ACTION, "x", Role.REJECT)),
        )
    )


def page(locale: str, case: Case) -> str:
    speak, paper, now = tongue(locale), StringIO(), at(hours=1)
    shown = CasePage(Paper(paper), advise(case, speak, now), speak, now)
    shown.facts()
    shown.ways()
    shown.links()
    shown.story(events(case, (), speak.words, speak.answers.texts, now), None)
    return paper.getvalue()


def answering(locale: str, case: Case, chosen: str | None = None) -> str:
    speak, paper = tongue(locale), StringIO()
    advice = advise(case, speak, at(hours=1), "damaged")
    letter = draft(chosen, case, Said("damaged"), speak.answers) if chosen else None
    picked = next((choice for choice in advice.choices if choice.name == chosen), None)
    subject = Subject(None, case, case.id, (), True)  # type: ignore[arg-type]
    Shown(Paper(paper), subject, speak, advice).everything(picked, [letter] if letter else [], False)
    return paper.getvalue()


def test_answers_are_told_in_every_language_that_alerts_are() -> None:
    assert sorted(path.name[:2] for path in files("rules").joinpath("answers").iterdir()) == LOCALES
    assert len(LOCALES) == 18


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_no_sentence_was_left_in_english(locale: str) -> None:
    ours, english = tongue(locale).answers.texts, tongue("en").answers.texts
    same = {key for key in ours.texts if ours.texts[key] == english.texts[key] and " " in ours.texts[key]}
    assert same == set()
    assert set(ANSWER_HOLES) <= {*ours.texts, *ours.lists}


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_every_buttons_english_name_stands_beside_it(locale: str) -> None:
    for name in PRESSED:
        assert re.search(r"\[[A-Z][a-z]+.*\]", tongue(locale).answers.texts.texts[f"choices.{name}.title"])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", [*Kind, None])
def test_no_page_of_any_language_has_a_hole_or_an_address_to_press(kind: Kind | None, locale: str) -> None:
    case = a_case(kind)
    choices = [each.name for each in advise(case, tongue(locale), at(hours=1)).choices]
    for told in (page(locale, case), answering(locale, case), answering(locale, case, choices[0])):
        assert "{" not in told
        assert "None" not in told
        assert "op=agree" not in told


@pytest.mark.parametrize("locale", LOCALES)
def test_a_case_says_first_whose_turn_it_is_and_until_when(locale: str) -> None:
    told, texts = page(locale, a_case()).splitlines(), tongue(locale).answers.texts
    assert told[1].strip() == texts.say("case.yours")
    assert any("12.50 EUR" in line for line in told[:4])
    assert any(line.strip() == texts.say("case.order", order=ORDER) for line in told)


def test_a_spanish_buyer_reads_no_english_but_the_screens_names() -> None:
    told = page("es", a_case())
    outside = re.sub(r"\[[^\]]*\]|https?://\S+|AEBuyerService@\S+", "", told)
    english = {"the", "your", "turn", "until", "because", "sender", "offer", "now", "timeline", "links"}
    assert not english & set(re.findall(r"[a-z]+", outside.lower()))
    for part in ("Te toca a ti.", "Cronología", "Oferta", "tu respuesta", "aceptar: roto"):
        assert part in told


def test_a_case_of_another_year_says_which() -> None:
    speak = tongue("en")
    shown, case = StringIO(), a_case()
    CasePage(Paper(shown), advise(case, speak, at(days=400)), speak, at(days=400)).story(
        events(case, (), speak.words, speak.answers.texts, at(days=400)), None
    )
    assert shown.getvalue().count("2025") >= 2
