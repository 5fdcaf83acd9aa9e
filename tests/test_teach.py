"""What a user teaches counts: words, a language, a sender, a window; mistakes are told at start."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from parsers.lexicon import Lexicon, LexiconError, lexicon_from
from parsers.origin import Provider
from parsers.read import read
from rules.facts import Kind, Notice, Outcome, Reason
from support.goldens import policy
from support.processes import started, stop
from support.waiting import until
from watcher.clock import utc_now
from watcher.loading import load_policy, phrase_files

ROOT = Path(__file__).parents[1]
SENT = datetime(2025, 6, 27, 15, 8, tzinfo=UTC)
ORDER = "8175503318827740"
TAUGHT = 'locale = "en"\n[words]\npropose = ["zwickel*"]\n'


def a_letter(text: str, subject: str = f"Order {ORDER}: zwickelbort", sent: datetime = SENT) -> bytes:
    return (
        "From: AliExpress <transaction@notice.aliexpress.com>\n"
        f"To: someone@example.org\nSubject: {subject}\nDate: {format_datetime(sent)}\n"
        f"Message-ID: <{abs(hash(text))}@notice.aliexpress.com>\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    ).encode()


ODD = a_letter("Hello,\nthe seller zwickelborts you a part of what the dispute is about.\n")


def taught(**files: dict[str, Any]) -> Lexicon:
    return lexicon_from(
        {**phrase_files(), **{f"your phrases/{name}.toml": data for name, data in files.items()}}
    )


def reading(raw: bytes, lexicon: Lexicon) -> Notice:
    return read(raw, SENT + timedelta(minutes=1), lexicon, Provider(), policy().hosts).notice


def test_a_word_that_is_taught_makes_an_unclear_mail_an_offer() -> None:
    assert reading(ODD, taught()).outcome is Outcome.UNCLEAR

    notice = reading(ODD, taught(en={"locale": "en", "words": {"propose": ["zwickel*"]}}))

    assert (notice.outcome, notice.kind, notice.orders) == (Outcome.NOTICE, Kind.OFFER, (ORDER,))


def test_a_whole_language_can_be_taught() -> None:
    mail = a_letter(
        "Hej, säljaren föreslår en återbetalning på 12,50 EUR i din tvist. Svara inom 3 dagar.",
        f"Beställning {ORDER}: säljaren har lämnat ett förslag i din tvist",
    )
    words = {
        "order": ["beställning*"], "seller": ["säljaren"], "propose": ["föreslår"], "proposal": ["förslag*"],
        "refund": ["återbetalning*"], "dispute": ["tvist*"], "answer": ["svara"], "must": ["svara"],
        "deadline": ["inom"],
    }  # fmt: skip
    notice = reading(mail, taught(sv={"locale": "sv", "words": words, "spans": {"day": ["dag*"]}}))

    assert (notice.kind, notice.locale) == (Kind.OFFER, "sv")
    assert [each.quote for each in notice.printed] == ["3 dagar"]
    assert reading(mail, taught()).outcome is Outcome.UNCLEAR


def test_a_sender_can_be_taught_and_counts_before_those_that_are_shipped() -> None:
    advert = a_letter("Big sale today", "Big sale").replace(b"transaction@notice", b"account@notice")

    assert reading(advert, taught()).reason is Reason.ACCOUNT
    own = taught(senders={"senders": {"account@notice.aliexpress.com": "marketing"}})
    assert reading(advert, own).reason is Reason.MARKETING


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"words": {}}, "`locale` is missing"),
        ({"locale": "xx9"}, "is no language"),
        ({"locale": "sv", "words": {"disput": ["tvist"]}}, "`words.disput` is not a concept"),
        ({"locale": "sv", "words": {"dispute": "tvist"}}, "`words.dispute` must be a list"),
        ({"locale": "sv", "numerals": {"tio": "ten"}}, "`numerals` must map words to numbers"),
        ({"locale": "sv", "fixed": 3}, "`fixed` must map"),
        ({"locale": "sv", "prefixes": "("}, "`prefixes`"),
        ({"locale": "sv", "spaceless": 1}, "`spaceless`"),
        ({"senders": {"x@y.example": "friend"}}, "`senders.x@y.example`"),
        ({"senders": ["x@y.example"]}, "`senders` must be a table"),
    ],
)
def test_every_mistake_names_its_file_its_key_and_what_to_do(data: dict[str, Any], told: str) -> None:
    with pytest.raises(LexiconError) as wrong:
        taught(own=data)

    assert all(mistake.startswith("your phrases/own.toml: ") for mistake in wrong.value.mistakes)
    assert any(told in mistake for mistake in wrong.value.mistakes)


def command(folder: Path, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    config = ["--config", str(folder / "config.toml")]
    return subprocess.run(
        [sys.executable, "-m", "watcher.cli", words[0], *config, *words[1:]],
        cwd=ROOT, input=stdin, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def house(folder: Path) -> Path:
    """A configuration with a Maildir and a channel that writes alerts into a file."""
    for part in ("cur", "new", "tmp"):
        (folder / "mail" / part).mkdir(parents=True)
    write = f"import sys; open({str(folder / 'alerts')!r}, 'a').write(sys.stdin.read().strip() + chr(10))"
    run = json.dumps([sys.executable, "-c", write])
    (folder / "config.toml").write_text(
        f'timezone = "UTC"\nstate_dir = {json.dumps(str(folder / "state"))}\n'
        f'[[account]]\nname = "home"\nkind = "maildir"\npath = {json.dumps(str(folder / "mail"))}\n'
        'poll_every = "30s"\n'
        f'[[channel]]\nkind = "command"\nrun = {run}\n',
        "utf-8",
    )
    return folder


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    log = folder / "log"
    watch = [sys.executable, "-m", "watcher.cli", "watch", "--config", folder / "config.toml"]
    with log.open("w") as out, started(watch, ROOT, stderr=out) as process:
        began = utc_now().replace(microsecond=0)
        until(lambda: "Watching" in log.read_text("utf-8"))  # this one, not the one before it
        until(lambda: (last := looked_at(folder)) is not None and last >= began)
        yield
        stop(process, 10)


def alerts(folder: Path) -> list[dict[str, Any]]:
    path = folder / "alerts"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def looked_at(folder: Path) -> datetime | None:
    """When the daemon last looked at the folder; None before that, and before there is any state."""
    done = command(folder, "status", "--format", "json")
    folders = json.loads(done.stdout)["accounts"][0]["folders"] if done.stdout else []
    at = folders[0]["last_look_at"] if folders else None
    return datetime.fromisoformat(at) if at else None


def cases(folder: Path) -> list[dict[str, Any]]:
    done = command(folder, "status", "--format", "json")
    found: list[dict[str, Any]] = json.loads(done.stdout)["cases"]
    return found


def test_after_a_restart_with_a_new_phrase_an_unclear_mail_is_an_offer_and_nothing_is_said_twice(
    tmp_path: Path,
) -> None:
    folder = house(tmp_path)
    letter = ODD.replace(format_datetime(SENT).encode(), format_datetime(utc_now()).encode())
    (folder / "mail" / "new" / "1.mail").write_bytes(letter)
    with watching(folder):
        until(lambda: alerts(folder))
    (unclear,) = cases(folder)
    (folder / "phrases").mkdir()
    (folder / "phrases" / "en.toml").write_text(TAUGHT, "utf-8")
    with watching(folder):
        until(lambda: [case["kind"] for case in cases(folder)] == ["offer"])
    with watching(folder):
        assert [case["kind"] for case in cases(folder)] == ["offer"]
    (offer,) = cases(folder)
    said = [alert["key"] for alert in alerts(folder)]

    assert unclear["kind"] is None
    assert (offer["case"], offer["orders"]) == (unclear["case"], [ORDER])
    assert len(said) == len(set(said)) <= 2
    assert {alert["case"] for alert in alerts(folder)} == {offer["case"]}


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("phrases/en.toml", 'locale = "en"\n[words]\nproposel = ["x"]\n', "words.proposel"),
        ("phrases/en.toml", "locale = \n", "is not TOML"),
        ("policy.toml", "[windows.offer]\ndays = [5, 1]\n", "windows.offer.days"),
        ("policy.toml", "[windows.ofer]\ndays = [1, 5]\n", "windows.ofer"),
        ("policy.toml", '[hosts]\nours = ["evil.example"]\n', "hosts"),
    ],
)
@pytest.mark.parametrize("verb", ["watch", "scan"])
def test_a_mistake_in_a_file_of_the_users_own_ends_the_start_with_2_and_a_sentence(
    tmp_path: Path, verb: str, file: str, content: str, told: str
) -> None:
    folder = house(tmp_path)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(content, "utf-8")
    done = command(folder, verb, *(["-"] if verb == "scan" else []), stdin=ODD)

    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert Path(file).name in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_daemon_that_cannot_begin_for_a_mistake_says_so_on_every_channel_once(tmp_path: Path) -> None:
    folder = house(tmp_path)
    (folder / "policy.toml").write_text("[windows.ofer]\ndays = [1, 5]\n", "utf-8")
    for _ in range(2):  # a service manager tries again
        assert command(folder, "watch").returncode == 2
    (alert,) = alerts(folder)

    assert (alert["about"], alert["urgency"]) == ("health", "critical")
    assert "windows.ofer" in alert["headline"] + alert["body"]


def test_the_users_own_window_counts_and_all_the_others_stay(tmp_path: Path) -> None:
    own = tmp_path / "policy.toml"
    own.write_text("[windows.offer]\ndays = [1, 3]\n", "utf-8")
    shipped, mine = load_policy(), load_policy(own)
    window = mine.window(Kind.OFFER)

    assert window is not None
    assert (window.short, window.long) == (timedelta(days=1), timedelta(days=3))
    assert [each for each in mine.windows if each.kind is not Kind.OFFER] == [
        each for each in shipped.windows if each.kind is not Kind.OFFER
    ]
    assert (mine.clocks, mine.hosts) == (shipped.clocks, shipped.hosts)
    assert load_policy(tmp_path / "nothing.toml") == shipped


def test_explain_names_the_word_to_teach_and_the_file_it_belongs_into(tmp_path: Path) -> None:
    folder = house(tmp_path)
    told = command(folder, "explain", "-", stdin=ODD).stdout.decode()

    assert "UNCLEAR" in told
    assert f"{folder / 'phrases' / 'en.toml'}" in told
    assert "with a word for `propos" in told
    assert "it would be: Offer" in told
    (folder / "phrases").mkdir()
    (folder / "phrases" / "en.toml").write_text(TAUGHT, "utf-8")
    again = command(folder, "explain", "-", stdin=ODD).stdout.decode()
    assert "It says   Offer" in again
    assert "Teach it" not in again
