"""All eighteen languages: one set of keys, English names of screens beside the local ones, no hole left."""

import re
from datetime import timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from rules.alerts import due
from rules.facts import Basis, Kind, Offer, Party, Remedy
from rules.policy import Ringing
from rules.routes import instruct
from rules.telling import tell
from rules.wording import HOLES
from support.judgement import DISPUTE, ORDER, at, notice, only, within
from support.outsider import offerwatch
from watcher.labels import labels_for
from watcher.loading import languages, load_words
from watcher.settings import settings_from
from watcher.speech import all_own_words

EIGHTEEN = {
    "ar", "de", "en", "es", "fr", "he", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "uk",
    "vi",
}  # fmt: skip
OTHERS = sorted(EIGHTEEN - {"en"})
SCREENS = {
    "app_order": ("Account", "My Orders", "All", "View Details", "Dispute", "View Dispute", "Accept"),
    "app_cases": ("Account", "Customer Service", "My Cases / Disputes"),
    "app_messages": ("Messages", "Disputes"),
    "web_order": ("Sign in", "My Orders", "View Details", "View Dispute"),
}
ZONE = ZoneInfo("Europe/Madrid")


def test_all_eighteen_languages_are_there_everywhere() -> None:
    assert set(languages()) == EIGHTEEN
    assert set(all_own_words()) == EIGHTEEN
    assert {labels_for(locale).language for locale in EIGHTEEN} == EIGHTEEN


@pytest.mark.parametrize("locale", sorted(EIGHTEEN))
def test_a_language_has_every_key_and_can_be_configured(locale: str, tmp_path) -> None:
    words = load_words(locale)
    assert {*words.texts, *words.lists} == set(HOLES)
    assert settings_from({"language": locale}, tmp_path / "conf.toml").language == locale


@pytest.mark.parametrize("locale", OTHERS)
def test_the_english_names_of_the_screens_stand_beside_the_local_ones(locale: str) -> None:
    for route in instruct(Kind.OFFER, (ORDER,), DISPUTE, load_words(locale)).routes:
        told = " ".join(route.steps)
        for screen in SCREENS[route.name]:
            assert re.search(rf"\[{re.escape(screen)}\b", told), (route.name, screen)
    opening = instruct(Kind.ORDER_COMPLETED, (ORDER,), None, load_words(locale)).routes[0]
    assert all(f"[{name}]" in " ".join(opening.steps) for name in ("Open Dispute", "Refund Only", "Return"))


@pytest.mark.parametrize("locale", OTHERS)
def test_no_sentence_was_left_in_english(locale: str) -> None:
    english, words = load_words("en").texts, load_words(locale).texts
    shared = {"announced.headline", "calendar.moment", "calendar.brief"}
    same = {key for key, text in words.items() if text == english[key] and key not in shared}
    assert {key for key in same if len(words[key].split()) > 2} == set()


@pytest.mark.parametrize("locale", sorted(EIGHTEEN))
@pytest.mark.parametrize("kind", [*Kind, None])
def test_every_alert_is_whole_in_every_language(locale: str, kind: Kind | None) -> None:
    offer = Offer(Party.SELLER, Remedy.RETURN, None, None)
    case = only(notice(kind, dispute=DISPUTE, offer=offer, printed=(within(timedelta(days=3)),)))
    words = load_words(locale)
    for hours in (0, 71, 80, 24 * 30):
        rung = due(case, at(hours=hours), Ringing(), ())
        if rung is None:
            continue
        told = tell(rung, case, (), words, ZONE, at(hours=hours))
        assert ORDER in told.headline
        assert "{" not in told.headline + told.body
        assert f"offerwatch {'ack' if kind is None else 'answered'} {case.id}" in told.body
        assert case.deadline.basis == Basis.RELATIVE or kind is None  # type: ignore[union-attr]


@pytest.mark.parametrize("locale", sorted(EIGHTEEN))
def test_right_to_left_is_said_of_those_that_are(locale: str) -> None:
    assert labels_for(locale).direction == ("rtl" if locale in {"ar", "he"} else "ltr")


def test_a_german_mail_gives_a_spanish_user_spanish_steps_with_english_screens(tmp_path) -> None:
    mail = next((files("rules").joinpath("..", "fixtures", "offer", "de")).glob("*.eml"))  # type: ignore[attr-defined]
    (tmp_path / "conf.toml").write_text('language = "es"\nstate_dir = "state"\n')
    row = offerwatch(tmp_path, "scan", mail, "--format", "json", "--config", "conf.toml").row
    assert row["locale"] == "de"
    steps = " ".join(row["instruction"]["routes"][0]["steps"])
    assert "Abre tú la aplicación de AliExpress" in steps
    assert "Mis pedidos [My Orders]" in steps
