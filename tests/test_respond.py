"""What can be answered: every kind has its choices and letters, none with a hole; pressing is never ours."""

import functools
import json
import os
import pty
import re
import select
import subprocess
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.answers import CHOICES, REASONS, answers_from
from rules.facts import Case, Kind, Money, Offer, Party, Remedy
from rules.responses import CHOICES_AFTER, RECORDS, Said, choices, draft, guess
from rules.wording import WordsError
from support.judgement import DISPUTE, ORDER, POLICY, RULES, at, notice, only, within, words
from support.outsider import SCRIPT, environment, offerwatch
from watcher.advice import Tongue, advise
from watcher.commands import StopError
from watcher.commands.advicepage import Shown
from watcher.commands.respond import amount_given
from watcher.commands.subject import Subject
from watcher.loading import load_answers as read_answers
from watcher.loading import load_words
from watcher.paper import Paper

LETTERS = Path(__file__).parent / "letters"
FIXTURES = Path(__file__).parent.parent / "fixtures"
OFFER = FIXTURES / "offer/en/offer-countdown-hours.eml"
NOW = "2025-03-07T17:18:22Z"
MADRID = ZoneInfo("Europe/Madrid")
EUR = "EUR"
YOURS = [kind for kind in (*Kind, None) if POLICY.window(kind) is not None]
SAID = Said("damaged", "the screen is cracked", Money(Decimal("25.00"), EUR), "RB123456789CN")


load_answers = functools.cache(read_answers)


def a_case(kind: Kind | None, **changes: object) -> Case:
    told = notice(
        kind,
        dispute=DISPUTE,
        offer=Offer(Party.SELLER, Remedy.REFUND, Decimal("12.50"), EUR),
        asked=Money(Decimal("30.00"), EUR),
        paid=Money(Decimal("40.00"), EUR),
        printed=(within(timedelta(days=3)),),
    )
    return only(replace(told, **changes))  # type: ignore[arg-type]


@functools.cache
def tongue(locale: str = "en") -> Tongue:
    return Tongue(load_words(locale), load_answers(locale), POLICY, MADRID)


def on_paper(case: Case, locale: str, said: Said = SAID, chosen: str | None = None) -> str:
    speak, paper = tongue(locale), StringIO()
    advice = advise(case, speak, at(hours=1), said.reason)
    picked = next((choice for choice in advice.choices if choice.name == chosen), None)
    letter = draft(chosen, case, said, speak.answers) if chosen else None
    subject = Subject(None, case, case.id, (), True)  # type: ignore[arg-type]
    Shown(Paper(paper), subject, speak, advice).everything(picked, [letter] if letter else [], False)
    return paper.getvalue()


# goldens


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("kind", YOURS)
def test_every_kind_and_every_answer_reads_as_its_golden_says(kind: Kind | None, locale: str) -> None:
    case = a_case(kind)
    pages = [on_paper(case, locale)]
    for name in CHOICES_AFTER[case.kind]:
        letter = draft(name, case, SAID, load_answers(locale))
        pages.append(f"==== {name}\n{letter.text if letter else '(nothing to write)'}")
    told = re.sub(rf"\b{case.id}\b", "CASE", "\n".join(pages))
    golden = LETTERS / locale / f"{kind or 'unclear'}.txt"
    if os.environ.get("OFFERWATCH_REWRITE_LETTERS"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(told, "utf-8")
    assert told == golden.read_text("utf-8")


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("kind", [*Kind, None])
@pytest.mark.parametrize("remedy", [None, *Remedy])
def test_no_text_has_an_unfilled_hole_whatever_is_known(
    kind: Kind | None, remedy: Remedy | None, locale: str
) -> None:
    offers = [None, Offer(None, remedy, None, None), Offer(Party.PLATFORM, remedy, Decimal("0"), "USD")]
    for offer in offers:
        for more in ({}, {"asked": None, "paid": None, "orders": (), "dispute": None}):
            case = a_case(kind, offer=offer, **more)
            for said in (Said(), SAID):
                for name in CHOICES_AFTER[case.kind]:
                    told = on_paper(case, locale, said, name)
                    assert "{" not in told, told
                    assert "None" not in told


def test_braces_in_the_buyers_own_words_stay_words() -> None:
    letter = draft("reject", a_case(Kind.OFFER), Said(defect="{order} {x}"), load_answers("en"))
    assert letter is not None
    assert "{order} {x}." in letter.text


def test_a_letter_names_order_defect_and_both_amounts() -> None:
    letter = draft("counter", a_case(Kind.OFFER), SAID, load_answers("es"))
    assert letter is not None
    for part in (ORDER, "The screen is cracked.", "12.50 EUR", "40.00 EUR", "25.00 EUR", "Dear seller,"):
        assert part in letter.text


def test_a_letter_says_less_where_less_is_known() -> None:
    case = a_case(Kind.OFFER, offer=None, asked=None, paid=None)
    letter = draft("reject", case, Said(), load_answers("en"))
    assert letter is not None
    assert "The offer does not cover this." in letter.text
    assert "offered" not in letter.text


def test_accepting_a_return_is_told_and_written_as_one() -> None:
    case = a_case(Kind.OFFER, offer=Offer(Party.SELLER, Remedy.RETURN, Decimal("30"), EUR))
    told = choices(case, words(), load_answers("en"))[0]
    letter = draft("accept", case, Said(), load_answers("en"))
    assert "send the goods back" in told.means
    assert letter is not None
    assert "return postage" in letter.text


def test_what_an_answer_records_passes_the_turn_on() -> None:
    assert {name for names in CHOICES_AFTER.values() for name in names} == set(CHOICES)
    assert set(RECORDS) == set(CHOICES) - {"look", "wait"}


def test_doing_nothing_says_what_silence_costs() -> None:
    told = {choice.name: choice.means for choice in choices(a_case(Kind.OFFER), words(), load_answers("en"))}
    assert told["wait"] == "If you stay silent, the proposal may be applied as it stands."


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_is_guessed_by_its_words_in_any_of_our_languages(name: str) -> None:
    answers = load_answers("en")
    ground = answers.ground(name)
    assert ground is not None
    for needle in ground.needles:
        found = guess(f"Your dispute: {needle.upper()} item", answers)
        assert found is None or found.name == name, needle


def test_two_reasons_named_as_often_are_not_guessed() -> None:
    assert guess("damaged, and the wrong item", load_answers("en")) is None
    assert guess("nothing of the kind", load_answers("en")) is None


# files of answers


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("texts", {"choices": {}}),
        ("letters", {"accept": {"to": "nobody", "lines": [["x"]]}}),
        ("letters", {"accept": {"to": "seller", "lines": [["{wrong}"]]}}),
        ("letters", {"accept": {"to": "seller", "lines": [["{"]]}}),
        ("grounds", {"damaged": {}}),
        ("grounds", {name: {"needles": ["x"], "defect": "no stop", "items": []} for name in REASONS}),
    ],
)
def test_a_bad_file_of_answers_is_refused_by_name(where: str, change: dict[str, object]) -> None:
    import tomllib

    def read(name: str) -> dict[str, object]:
        return tomllib.loads((RULES / name).read_text("utf-8"))

    good = {
        "texts": read("answers/en.toml"),
        "letters": read("drafts.toml"),
        "grounds": read("reasons.toml"),
    }
    answers_from(**good)
    with pytest.raises(WordsError):
        answers_from(**{**good, where: change})


def test_a_language_without_answers_speaks_english() -> None:
    assert load_answers("xx") == load_answers("en")


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("25", "25", "EUR"),
        ("25.00 USD", "25.00", "USD"),
        ("€ 25,5", "25.5", "EUR"),
        ("US$25", "25", "USD"),
        ("7 zł", "7", "PLN"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, amount: str, currency: str) -> None:
    assert amount_given(text, a_case(Kind.OFFER)) == Money(Decimal(amount), currency)


@pytest.mark.parametrize("text", ["", "all", "1.2.3", "-5", "1e9", "12,345.00"])
def test_another_amount_is_refused(text: str) -> None:
    with pytest.raises(StopError):
        amount_given(text, a_case(Kind.OFFER))


# as an outsider


def test_a_mail_that_was_never_stored_is_answered_too(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "respond", OFFER, "--now", NOW, "--answer", "counter", "--amount", "30")
    assert ran.code == 0, ran.err
    for part in ("14.20 USD", "38.99 USD", "36 %", "refund of 30 USD", "Pacific time", "Refund Only"):
        assert part in ran.out
    assert list(tmp_path.iterdir()) == []


def test_a_mail_comes_on_standard_input_and_its_draft_goes_alone(tmp_path: Path) -> None:
    ran = offerwatch(
        tmp_path, "respond", "-", "--draft-only", "--answer", "reject", "--reason", "damaged",
        stdin=OFFER.read_bytes(),
    )  # fmt: skip
    assert ran.out.startswith("Dear seller,")
    assert "The item arrived damaged." in ran.out
    assert ran.out.rstrip().endswith("Kind regards")


def test_json_has_the_choices_and_every_draft(tmp_path: Path) -> None:
    row = offerwatch(tmp_path, "respond", OFFER, "--format", "json", "--now", NOW).row
    assert [choice["name"] for choice in row["choices"]] == [
        "accept",
        "reject",
        "counter",
        "escalate",
        "wait",
    ]
    assert [letter["choice"] for letter in row["drafts"]] == ["accept", "reject", "counter", "escalate"]
    assert row["case"] is None
    assert row["instruction"]["routes"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--answer", "appeal"], "accept, reject, counter, escalate and wait"),
        (["--answer", "accept", "--record"], "belongs to no case"),
        (["--draft-only"], "--answer"),
        (["--reason", "ugly"], "not_received"),
        (["--answer", "wait", "--draft-only"], "nothing to write"),
        (["--answer", "counter", "--amount", "lots"], "25.00 EUR"),
    ],
)
def test_a_wrong_wish_is_told_in_a_sentence(tmp_path: Path, more: list[str], told: str) -> None:
    ran = offerwatch(tmp_path, "respond", OFFER, *more)
    assert ran.code in (1, 2)
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_nothing_is_drafted_for_a_mail_that_asks_nothing(tmp_path: Path) -> None:
    stranger = FIXTURES / "ignored/en/stranger-bank-chargeback.eml"
    ran = offerwatch(tmp_path, "respond", stranger)
    assert ran.code == 2
    assert "asks nothing of you" in ran.err


def test_the_editor_changes_the_draft(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "My own words.\\n" > "$1"\n')
    editor.chmod(0o755)
    told = ["respond", OFFER, "--answer", "accept", "--edit", "--draft-only"]
    assert offerwatch(tmp_path, *told, more={"EDITOR": str(editor)}).out == "My own words.\n"
    refused = offerwatch(tmp_path, *told)
    assert (refused.code, "EDITOR" in refused.err) == (2, True)


def test_no_accept_or_reject_address_is_printed(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "respond", OFFER, "--now", NOW)
    found = re.findall(r"https?://\S+", ran.out)
    assert found == ["https://www.aliexpress.com/p/order/detail.html?orderId=8194027715526318"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A home whose store has one open offer."""
    from watcher.clock import utc_now
    from watcher.commands import open_house
    from watcher.mailboxes import Message, Place
    from watcher.readers import Readers
    from watcher.recipe import Recipe
    from watcher.wiring import store_of

    (tmp_path / "conf.toml").write_text('state_dir = "state"\ntimezone = "Europe/Madrid"\n')
    house, raw = open_house(tmp_path / "conf.toml"), OFFER.read_bytes()
    message = Message(raw, utc_now(), "test", Place("home", "INBOX", 7, 1), len(raw))
    store = store_of(house)
    with Readers(lambda name: Recipe()) as readers:
        store.take_in(message, replace(readers(message), sent_at=utc_now(), received_at=utc_now()))
    store.close()
    return tmp_path


CONF = {"OFFERWATCH_CONFIG": "conf.toml"}


def test_recording_passes_the_turn_on(kept: Path) -> None:
    ran = offerwatch(kept, "respond", "8194027715526318", "--answer", "reject", "--record", more=CONF)
    assert ran.code == 0, ran.err
    assert "Noted: rejected." in ran.out
    case = offerwatch(kept, "case", "8194027715526318", "--format", "json", more=CONF).row
    assert (case["turn"], case["deadline"]) == ("seller", None)


def test_nothing_is_recorded_unasked(kept: Path) -> None:
    offerwatch(kept, "respond", "8194027715526318", "--answer", "reject", more=CONF)
    case = offerwatch(kept, "case", "8194027715526318", "--format", "json", more=CONF).row
    assert case["turn"] == "yours"


def on_terminal(home: Path, keys: str) -> str:
    """What a terminal shows when these keys are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(SCRIPT), "respond", "8194027715526318"],
        cwd=home,
        env=environment(home, TERM="dumb", **CONF),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    shown, until = b"", time.monotonic() + 30
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        elif process.poll() is not None:
            break
    process.wait(10)
    os.close(ours)
    return shown.decode("utf-8", "replace")


def test_on_a_terminal_it_asks_drafts_and_notes(kept: Path) -> None:
    shown = on_terminal(kept, "3\n5\nthe lid is broken\n30\ny\n")
    assert "The lid is broken." in shown
    assert "refund of 30 USD" in shown
    assert "Noted: countered." in shown
    case = offerwatch(kept, "case", "8194027715526318", "--format", "json", more=CONF).row
    assert case["turn"] == "seller"


def test_on_a_terminal_enter_leaves_and_notes_nothing(kept: Path) -> None:
    on_terminal(kept, "\n")
    case = offerwatch(kept, "case", "8194027715526318", "--format", "json", more=CONF).row
    assert case["turn"] == "yours"
    assert json.dumps(case)
