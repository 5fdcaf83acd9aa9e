"""A folder on a server is read completely whatever server, wire or imaplib do, and never written to."""

import contextlib
import itertools
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from support.dovecot import Dovecot
from support.fake_mailbox import FakeMemory
from support.proxy import Proxy
from support.scripted_imap import INTERNALDATE, ScriptedImap, Talk, fetched
from watcher.mailboxes import Cursor, Item, Looked, MailboxError, Message, Passed, Trouble, Unreadable
from watcher.mailboxes.account import scan_account
from watcher.mailboxes.answers import sets
from watcher.mailboxes.imap import ImapMailbox
from watcher.mailboxes.wire import Timeouts

SINCE = datetime(2025, 3, 1, tzinfo=UTC)
QUICK = Timeouts(connect=2, read=0.4, body_search=2, window=5, slice=0.05)
OFFER = b"From: AliExpress <transaction@notice.aliexpress.com>\r\nSubject: Order\r\n\r\nan offer\r\n"
OTHER = b"From: News <n@example.org>\r\nSubject: Buy\r\nList-Id: <x.example.org>\r\n\r\nnothing\r\n"
FRIEND = b"From: Ann <ann@example.org>\r\nSubject: hello\r\n\r\nhow are you?\r\n"


def box(server: Any, port: int | None = None, **changes: Any) -> ImapMailbox:
    settings: dict[str, Any] = {
        "account": "home",
        "host": "127.0.0.1",
        "port": port or server.port,
        "security": "none",
        "username": getattr(server, "user", "alice"),
        "secret": lambda: getattr(server, "password", "swordfish"),
        "timeouts": QUICK,
    }
    return ImapMailbox(**(settings | changes))


def bodies(items: list[Item]) -> list[bytes]:
    return [item.raw for item in items if isinstance(item, Message)]


def look(mailbox: ImapMailbox, memory: FakeMemory | None = None, since: datetime = SINCE) -> list[Item]:
    return (memory or FakeMemory()).look(mailbox, since)


def persist(mailbox: ImapMailbox, tries: int) -> tuple[list[Item], list[MailboxError]]:
    """Look until a look is complete, as the daemon does; return all items and all errors."""
    memory, got, errors = FakeMemory(), [], []
    for _ in range(tries):
        try:
            for item in mailbox.look(memory, SINCE):
                memory.take(item)
                got.append(item)
        except MailboxError as error:
            errors.append(error)
        else:
            break
    return got, errors


def trouble(mailbox: ImapMailbox) -> MailboxError:
    with pytest.raises(MailboxError) as caught:
        look(mailbox)
    return caught.value


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(users=[f"buyer{n}@example.org" for n in range(30)], connections=4) as server:
        yield server


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    """A user of the shared server whom no other test has."""
    return next(_NAMES)


_NAMES = (f"buyer{n}@example.org" for n in itertools.count())


# --- IDLE: every way in which a server or a library can lose news ---------------------------------------


def waited(server: ScriptedImap, seconds: float = 3, **changes: Any) -> float:
    mailbox = box(server, **changes)
    look(mailbox)
    began = time.monotonic()
    try:
        mailbox.wait(seconds, threading.Event())
    finally:
        mailbox.close()
    return time.monotonic() - began


def test_a_server_that_closes_while_idling_is_an_error_at_once_and_no_busy_loop() -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ idling\r\n")
        talk.hang_up()

    with ScriptedImap({1: OFFER}, on={"IDLE": idle}) as server:
        began, cpu = time.monotonic(), time.process_time()
        with pytest.raises(MailboxError) as caught:
            waited(server)
        assert caught.value.kind is Trouble.NETWORK
        assert not caught.value.permanent
        assert time.monotonic() - began < 1
        assert time.process_time() - cpu < 0.5


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"+ idling\r\n* 4 EXISTS\r\n"], id="in the same packet as the plus"),
        pytest.param([b"* 4 EXISTS\r\n+ idling\r\n"], id="before the plus"),
        pytest.param([b"+ idling\r\n", b"* 4 EX", b"ISTS\r\n"], id="in two pieces"),
        pytest.param([b"+ idl", b"ing\r\n* 4 EXI", b"STS\r", b"\n"], id="torn everywhere"),
        pytest.param([b"+ idling\r\n", b"* 1 RECENT\r\n"], id="as RECENT only"),
        pytest.param([b"+ idling\r\n", b"* OK Still here\r\n", b"* 4 EXISTS\r\n"], id="after a sign of life"),
        pytest.param([b"+ idling\r\n", b"* garbage\r\n", b"* 4 EXISTS\r\n"], id="after garbage"),
    ],
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_news_wakes_however_its_bytes_arrive(pieces: list[bytes], tls: bool, tmp_path: Path) -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        for piece in pieces:
            talk.send(piece)
            time.sleep(0.06)
        talk.until_done(tag)

    served, changes = _tls(tmp_path) if tls else (None, {})
    with ScriptedImap({1: OFFER}, on={"IDLE": idle}, context=served) as server:
        assert waited(server, **changes) < 2


def test_flags_set_by_other_programs_wake_nobody() -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ idling\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* OK Still here\r\n")
        talk.until_done(tag)

    with ScriptedImap({1: OFFER}, on={"IDLE": idle}) as server:
        assert waited(server, 0.3) >= 0.3


def test_a_goodbye_while_idling_is_an_error() -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ idling\r\n* BYE Autologout\r\n")
        talk.hang_up()

    with (
        ScriptedImap({1: OFFER}, on={"IDLE": idle}) as server,
        pytest.raises(MailboxError, match="Autologout"),
    ):
        waited(server)


def test_a_peer_that_falls_silent_is_found_out_when_the_window_ends() -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ idling\r\n")
        talk.line()
        talk.server._closing.wait(5)

    with ScriptedImap({1: OFFER}, on={"IDLE": idle}) as server, pytest.raises(MailboxError) as caught:
        waited(server, 0.2)
    assert caught.value.kind is Trouble.NETWORK


def test_a_liar_is_looked_at_again_after_every_window() -> None:
    with ScriptedImap({1: OFFER}) as server:
        limits = Timeouts(read=1, window=0.2, slice=0.05)
        assert 0.2 <= waited(server, 60, timeouts=limits) < 2


def test_where_idle_is_not_offered_or_refused_it_polls() -> None:
    with ScriptedImap({1: OFFER}, capability="IMAP4rev1 AUTH=PLAIN") as server:
        assert 0.1 <= waited(server, 60, poll_every=timedelta(seconds=0.1)) < 2
        assert not server.sent("IDLE")
    refuse = {"IDLE": lambda talk, tag, rest: talk.no(tag, "not supported")}
    with ScriptedImap({1: OFFER}, on=refuse) as server:
        mailbox = box(server, poll_every=timedelta(seconds=0.1))
        look(mailbox)
        mailbox.wait(60, threading.Event())
        mailbox.wait(60, threading.Event())
        assert len(server.sent("IDLE")) == 1


def test_stopping_is_quick_even_when_the_server_never_answers() -> None:
    def idle(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ idling\r\n")
        talk.server._closing.wait(10)

    with ScriptedImap({1: OFFER}, on={"IDLE": idle}) as server:
        mailbox, stop = box(server, timeouts=Timeouts(read=30)), threading.Event()
        look(mailbox)
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        mailbox.wait(60, stop)
        assert time.monotonic() - began < 1


def test_a_look_that_is_stuck_can_be_cut_from_another_thread() -> None:
    stuck = {"UID SEARCH": lambda talk, tag, rest: talk.server._closing.wait(10)}
    with ScriptedImap({1: OFFER}, on=stuck) as server:
        mailbox = box(server, timeouts=Timeouts(read=30))
        threading.Timer(0.2, mailbox.cut).start()
        began = time.monotonic()
        assert trouble(mailbox).kind is Trouble.NETWORK
        assert time.monotonic() - began < 2


def test_a_frozen_dovecot_is_found_out_and_the_next_look_is_complete(dovecot: Dovecot, user: str) -> None:
    mailbox = box(dovecot, username=user)
    look(mailbox)
    [pid] = dovecot.sessions()[-1:]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(MailboxError):
            mailbox.wait(0.1, threading.Event())
    finally:
        os.kill(pid, signal.SIGCONT)
    dovecot.deliver(OFFER, user=user)
    assert bodies(look(mailbox)) == [OFFER]
    mailbox.close()


# --- completeness ---------------------------------------------------------------------------------------


def test_a_search_answer_of_more_than_a_megabyte_is_read() -> None:
    def search(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"* SEARCH " + b" ".join(b"%d" % n for n in range(1_000_000, 1_150_000)) + b"\r\n")
        talk.ok(tag)

    with ScriptedImap({1_149_999: OFFER}, on={"UID SEARCH": search}) as server:
        memory = FakeMemory()
        asked: list[int] = []
        memory.unseen = lambda a, f, v, uids: asked.extend(uids) or []  # type: ignore[method-assign]
        look(box(server), memory)
        assert len(asked) == 150_000


def test_a_search_answer_in_several_lines_is_read() -> None:
    def search(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"* SEARCH 1 2\r\n* SEARCH 3\r\n* SEARCH\r\n")
        talk.ok(tag)

    with ScriptedImap({1: OFFER, 2: OTHER, 3: FRIEND}, on={"UID SEARCH": search}) as server:
        assert bodies(look(box(server))) == [OFFER, OTHER, FRIEND]


def test_a_huge_folder_is_searched_in_windows_from_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.mailboxes.imap.SEARCH_WINDOW", 2)
    with ScriptedImap(dict.fromkeys(range(1, 6), OTHER)) as server:
        look(box(server))
        windows = [line.split()[2] for line in server.sent("UID SEARCH")]
        assert windows == ["4:5", "2:3", "1:1"]


def test_a_mail_removed_between_search_and_fetch_is_not_handed_over_empty() -> None:
    def fetch(talk: Talk, tag: str, rest: str) -> None:
        talk.server.mails.pop(1, None)
        talk.send(
            b"* 1 FETCH (UID 1 RFC822.SIZE 0 INTERNALDATE " + INTERNALDATE.encode() + b" BODY[]<0> NIL)\r\n"
        )
        talk.ok(tag)

    with ScriptedImap({1: OFFER}, on={"UID FETCH": fetch}) as server:
        items = look(box(server))
        assert [type(i) for i in items] == [Looked]


def test_flags_pushed_into_an_answer_are_not_taken_for_a_mail() -> None:
    answers = iter([b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n", b"", b""])

    def fetch(talk: Talk, tag: str, rest: str) -> None:
        early = next(answers)
        talk.send(early or fetched(1, 1, OFFER, rest))
        talk.ok(tag)

    with ScriptedImap({1: OFFER}, on={"UID FETCH": fetch}) as server:
        assert bodies(look(box(server))) == [OFFER]


def test_a_body_shorter_than_its_size_is_not_handed_over_until_it_is_whole() -> None:
    short = iter([OFFER[:10], OFFER])

    def fetch(talk: Talk, tag: str, rest: str) -> None:
        body = next(short)
        line = fetched(1, 1, body, rest).replace(b"SIZE %d" % len(body), b"SIZE %d" % len(OFFER))
        talk.send(line)
        talk.ok(tag)

    with ScriptedImap({1: OFFER}, on={"UID FETCH": fetch}) as server:
        assert bodies(look(box(server))) == [OFFER]


def test_a_server_that_miscounts_every_time_is_believed_by_its_bytes() -> None:
    def fetch(talk: Talk, tag: str, rest: str) -> None:
        talk.send(fetched(1, 1, OFFER, rest).replace(b"SIZE %d" % len(OFFER), b"SIZE 9999"))
        talk.ok(tag)

    with ScriptedImap({1: OFFER}, on={"UID FETCH": fetch}) as server:
        [message, _] = look(box(server))
        assert isinstance(message, Message)
        assert (message.raw, message.size) == (OFFER, len(OFFER))


def test_one_mail_that_is_refused_does_not_stop_the_others() -> None:
    def fetch(talk: Talk, tag: str, rest: str) -> None:
        numbers = rest.split(" ")[0]
        if numbers in ("1:3", "2"):
            talk.no(tag, "[SERVERBUG] could not read")
            return
        uid = int(numbers)
        talk.send(fetched(uid, uid, talk.server.mails[uid], rest))
        talk.ok(tag)

    with ScriptedImap({1: OFFER, 2: OTHER, 3: FRIEND}, on={"UID FETCH": fetch}) as server:
        items = look(box(server))
        assert bodies(items) == [OFFER, FRIEND]
        [bad] = [item for item in items if isinstance(item, Unreadable)]
        assert bad.place.uid == 2
        assert "SERVERBUG" in bad.error
        assert isinstance(items[-1], Looked)


def test_one_mail_that_makes_the_server_hang_up_stops_the_others_for_a_few_looks_only() -> None:
    def fetch(talk: Talk, tag: str, rest: str) -> None:
        uids = [uid for uid in (1, 2, 3) if str(uid) in rest.split(" ")[0] or rest.startswith("1:3")]
        if 2 in uids:
            talk.hang_up()
        for uid in uids:
            talk.send(fetched(uid, uid, talk.server.mails[uid], rest))
        talk.ok(tag)

    with ScriptedImap({1: OFFER, 2: OTHER, 3: FRIEND}, on={"UID FETCH": fetch}) as server:
        got, _ = persist(box(server), 6)
        assert sorted(bodies(got)) == sorted([OFFER, FRIEND])
        assert any(isinstance(item, Unreadable) and item.place.uid == 2 for item in got)
        assert isinstance(got[-1], Looked)


def test_an_unreadable_file_on_dovecot_does_not_stop_the_others(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(OFFER, user=user)
    poison = dovecot.deliver(OTHER, user=user)
    dovecot.deliver(FRIEND, user=user)
    poison.chmod(0)
    mailbox = box(dovecot, username=user)
    got, _ = persist(mailbox, 6)
    mailbox.close()
    assert sorted(bodies(got)) == sorted([OFFER, FRIEND])
    assert any(isinstance(item, Unreadable) for item in got)


def test_a_number_range_that_names_the_last_mail_again_brings_nothing_twice() -> None:
    with ScriptedImap({1: OFFER}) as server:
        mailbox, memory = box(server), FakeMemory()
        look(mailbox, memory)
        server.uidnext = 3  # a mail came and went
        memory.seen.clear()
        memory.unseen = lambda a, f, v, uids: list(uids)  # type: ignore[method-assign]
        memory.cursors["home", "INBOX"] = Cursor(7, 300)
        server.uidnext = 301
        server.on["UID SEARCH"] = lambda talk, tag, rest: (
            talk.send(b"* SEARCH 1\r\n" if ":*" in rest else b"* SEARCH\r\n"),
            talk.ok(tag),
        )[1]
        assert bodies(look(mailbox, memory)) == []


def test_renumbered_mail_is_all_handed_over_again() -> None:
    with Dovecot() as own:
        own.deliver(OFFER)
        mailbox, memory = box(own), FakeMemory()
        look(mailbox, memory)
        own.stop()
        own.renumber()
        own.deliver(FRIEND)
        own.start()
        items = look(mailbox, memory)
        assert sorted(bodies(items)) == sorted([OFFER, FRIEND])
        mailbox.close()


def test_numbers_counted_again_from_below_lose_nothing() -> None:
    with ScriptedImap({90: OFFER}, uidnext=100) as server:
        mailbox, memory = box(server), FakeMemory()
        look(mailbox, memory)
        server.mails = {5: FRIEND}
        server.uidnext = 6
        assert bodies(look(mailbox, memory)) == [FRIEND]


def test_a_mail_that_turns_up_below_the_cursor_is_found() -> None:
    with ScriptedImap({1: OFFER, 300: OTHER}) as server:
        mailbox, memory = box(server), FakeMemory()
        look(mailbox, memory)
        server.mails[3] = FRIEND
        assert bodies(look(mailbox, memory)) == [FRIEND]


def test_large_mails_are_cut_and_say_how_large_they_were(dovecot: Dovecot, user: str) -> None:
    large = OFFER + b"x" * 3_000_000
    dovecot.deliver(large, user=user)
    mailbox = box(dovecot, username=user)
    [message, _] = look(mailbox)
    mailbox.close()
    assert isinstance(message, Message)
    assert len(message.raw) == 2_097_152
    # Dovecot counts every line end as two bytes, as IMAP does
    assert message.size >= len(large)
    assert message.raw.startswith(OFFER)


def test_two_hundred_mails_at_once_are_all_read(dovecot: Dovecot, user: str) -> None:
    for number in range(200):
        dovecot.deliver(OFFER + b"%d\r\n" % number, user=user)
    mailbox = box(dovecot, username=user)
    assert len(set(bodies(look(mailbox)))) == 200
    mailbox.close()


# --- a large first look ---------------------------------------------------------------------------------


def _crowd(monkeypatch: pytest.MonkeyPatch) -> dict[int, bytes]:
    monkeypatch.setattr("watcher.mailboxes.fetching.FEW", 5)
    hidden = b"From: Ann <ann@example.org>\r\nSubject: look at this\r\n\r\nthey wrote: aliexpress offers\r\n"
    forward = b"From: Ann <ann@example.org>\r\nSubject: Fwd: Order\r\n\r\n> an offer\r\n"
    encoded = b"From: x@example.org\r\nSubject: =?utf-8?B?V0c6IEFuZ2Vib3Q=?=\r\nList-Id: <y>\r\n\r\nx\r\n"
    number = b"From: x@example.org\r\nSubject: 8123456789012345\r\nList-Id: <y>\r\n\r\nx\r\n"
    return {1: OFFER, 2: OTHER, 3: FRIEND, 4: hidden, 5: forward, 6: encoded, 7: number, 8: OTHER}


def test_a_large_look_reads_what_could_be_ours_and_passes_over_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mails = _crowd(monkeypatch)
    with ScriptedImap(mails) as server:
        memory = FakeMemory()
        mailbox = box(server)
        items = look(mailbox, memory)
        assert bodies(items) == [mails[n] for n in (1, 4, 5, 6, 7)]
        [passed] = [item for item in items if isinstance(item, Passed)]
        assert passed.uids == (2, 3, 8)
        assert bodies(look(mailbox, memory)) == []


def test_where_the_server_cannot_search_bodies_all_mail_from_people_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mails = _crowd(monkeypatch)
    with ScriptedImap(mails) as server:

        def search(talk: Talk, tag: str, rest: str) -> None:
            if "BODY" in rest:
                talk.send(f"{tag} BAD [CLIENTBUG] no\r\n".encode())
            else:
                talk.send(b"* SEARCH 1 2 3 4 5 6 7 8\r\n")
                talk.ok(tag)

        server.on["UID SEARCH"] = search
        assert bodies(look(box(server))) == [mails[n] for n in (1, 3, 4, 5, 6, 7)]


def test_a_body_search_without_end_is_given_up_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    mails = _crowd(monkeypatch)
    with ScriptedImap(mails) as server:

        def search(talk: Talk, tag: str, rest: str) -> None:
            if "BODY" not in rest:
                talk.send(b"* SEARCH 1 2 3 4 5 6 7 8\r\n")
                talk.ok(tag)

        server.on["UID SEARCH"] = search
        mailbox = box(server, timeouts=Timeouts(connect=1, read=0.3, body_search=0.3, slice=0.05))
        trouble(mailbox)
        assert len(bodies(look(mailbox))) == 6


def test_configured_forwarders_are_always_read(monkeypatch: pytest.MonkeyPatch) -> None:
    mails = _crowd(monkeypatch)
    with ScriptedImap(mails) as server:
        assert FRIEND in bodies(look(box(server, forwarders=("Ann@Example.org",))))


def test_a_fast_scan_asks_for_the_sender_only_and_reads_what_is_found(dovecot: Dovecot, user: str) -> None:
    for raw in (OFFER, OTHER, FRIEND):
        dovecot.deliver(raw, user=user)
    found = list(scan_account([box(dovecot, username=user)], SINCE, fast=True))
    assert [item.raw for item in found if isinstance(item, Message)] == [OFFER]


def test_a_scan_reports_a_folder_it_cannot_read_and_goes_on(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(OFFER, user=user)
    boxes = [box(dovecot, username=user, folder="Nowhere"), box(dovecot, username=user)]
    error, message = scan_account(boxes, SINCE)
    assert isinstance(error, MailboxError)
    assert isinstance(message, Message)


# --- signing in -----------------------------------------------------------------------------------------


def test_a_wrong_password_is_said_to_be_one(dovecot: Dovecot, user: str) -> None:
    error = trouble(box(dovecot, username=user, secret=lambda: "wrong", timeouts=Timeouts()))
    assert (error.kind, error.permanent) == (Trouble.LOGIN, True)
    assert "wrong" not in error.remedy


def test_a_cut_while_signing_in_says_nothing_about_the_password() -> None:
    with ScriptedImap(on={"AUTHENTICATE": lambda talk, tag, rest: talk.hang_up()}) as server:
        error = trouble(box(server))
        assert (error.kind, error.permanent) == (Trouble.LOGIN_CUT, False)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", Trouble.LOGIN),
        ("LOGIN failed.", Trouble.LOGIN),
        ("[ALERT] Application-specific password required", Trouble.LOGIN),
        ("[UNAVAILABLE] Temporary authentication failure", Trouble.LIMIT),
        ("[LIMIT] Too many simultaneous connections", Trouble.LIMIT),
        ("[INUSE] Mailbox in use", Trouble.LIMIT),
        ("Server says hello", Trouble.SERVER),
    ],
)
def test_what_a_server_says_at_the_door_is_told_apart(answer: str, kind: Trouble) -> None:
    def refuse(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"+ \r\n")
        talk.line()
        talk.no(tag, answer)

    with ScriptedImap(on={"AUTHENTICATE": refuse}) as server:
        error = trouble(box(server))
        assert (error.kind, error.permanent) == (kind, kind is Trouble.LOGIN)


def test_a_server_that_lets_us_in_and_says_goodbye_is_tried_again() -> None:
    def bye(talk: Talk, tag: str, rest: str) -> None:
        talk.send(b"* BYE initialization failed\r\n")
        talk.hang_up()

    with ScriptedImap(on={"EXAMINE": bye}) as server:
        assert not trouble(box(server)).permanent


def test_too_many_sessions_is_a_limit_and_not_a_wrong_password(dovecot: Dovecot, user: str) -> None:
    boxes = [box(dovecot, username=user, timeouts=Timeouts()) for _ in range(4)]
    for one in boxes:
        look(one)
    error = trouble(box(dovecot, username=user, timeouts=Timeouts()))
    for one in boxes:
        one.close()
    assert (error.kind, error.permanent) == (Trouble.LIMIT, False)


@pytest.mark.parametrize("capability", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_a_password_in_any_script_works(capability: str) -> None:
    with ScriptedImap({1: OFFER}, capability=capability) as server:
        look(box(server, secret=lambda: 'pässwörd"дa'))
        login = [line for line in server.commands if line.startswith(("SASL", "LOGIN"))]
        assert login in (['SASL \0alice\0pässwörd"дa'], ['LOGIN "alice" "pässwörd\\"дa"'])


def test_a_password_with_a_line_end_never_leaves_the_machine() -> None:
    with ScriptedImap(capability="IMAP4rev1") as server:
        error = trouble(box(server, secret=lambda: "x\r\nA1 DELETE INBOX"))
        assert error.kind is Trouble.LOGIN
        assert server.commands == ["CAPABILITY"]


def test_a_token_signs_in_where_there_is_one() -> None:
    with ScriptedImap({1: OFFER}) as server:
        look(box(server, secret=None, token=lambda: ("me@example.org", "abc")))
        assert "SASL user=me@example.org\1auth=Bearer abc\1\1" in server.commands


def test_a_password_is_never_sent_in_clear_beyond_this_machine() -> None:
    with pytest.raises(MailboxError, match="without encryption") as caught:
        box(None, 143, host="imap.example.org")
    assert (caught.value.kind, caught.value.permanent) == (Trouble.TLS, True)


def test_starttls_and_tls_read_the_same_mail(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(OFFER, user=user)
    for security, port in (("tls", dovecot.tls_port), ("starttls", dovecot.port)):
        mailbox = box(
            dovecot, port, username=user, security=security, ca_file=dovecot.ca_file, timeouts=Timeouts()
        )
        assert bodies(look(mailbox)) == [OFFER]
        mailbox.close()


def test_a_server_without_starttls_gets_no_password() -> None:
    with ScriptedImap() as server:
        assert trouble(box(server, security="starttls")).kind is Trouble.TLS
        assert not server.sent("AUTHENTICATE")


def test_words_slipped_in_before_the_encryption_end_the_session(tmp_path: Path) -> None:
    def starttls(talk: Talk, tag: str, rest: str) -> None:
        talk.send(f"{tag} OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n".encode())

    _, changes = _tls(tmp_path)
    with ScriptedImap(on={"STARTTLS": starttls}, capability="IMAP4rev1 STARTTLS") as server:
        trouble(box(server, **(changes | {"security": "starttls"})))
        assert not server.sent("AUTHENTICATE")


def test_a_certificate_that_cannot_be_trusted_is_refused_for_good(dovecot: Dovecot, tmp_path: Path) -> None:
    unknown = trouble(box(dovecot, dovecot.tls_port, security="tls", timeouts=Timeouts()))
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "ca.pem")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.issue_cert("elsewhere.example.org").configure_cert(served)
    with ScriptedImap(context=served) as server:
        wrong = trouble(box(server, security="tls", ca_file=str(tmp_path / "ca.pem")))
        assert not server.commands
    for error in (unknown, wrong):
        assert (error.kind, error.permanent) == (Trouble.TLS, True)


def test_a_ca_file_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(MailboxError, match="ca_file"):
        box(None, 993, security="tls", ca_file="/nowhere.pem")


def test_a_handshake_that_stalls_ends_by_itself(dovecot: Dovecot) -> None:
    with Proxy(dovecot.tls_port, hole_after=0) as proxy:
        limits = Timeouts(connect=0.3, read=0.3)
        error = trouble(box(dovecot, proxy.port, security="tls", ca_file=dovecot.ca_file, timeouts=limits))
        assert error.kind is Trouble.NETWORK


def test_a_server_that_is_not_there_is_a_matter_of_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert trouble(box(None, port)).kind is Trouble.NETWORK


# --- folders --------------------------------------------------------------------------------------------


def test_junk_is_found_by_its_use_and_by_its_usual_names() -> None:
    for special, name in ((True, "Reste"), (False, "Spamverdacht")):
        with Dovecot(junk=name, special_use=special) as server:
            server.deliver(OFFER, folder=name)
            mailbox = box(server, folder="\\Junk", timeouts=Timeouts())
            [message, looked] = look(mailbox)
            mailbox.close()
            assert isinstance(looked, Looked)
            assert looked.folder == name
            assert isinstance(message, Message)


def test_a_missing_folder_names_those_that_exist(dovecot: Dovecot, user: str) -> None:
    error = trouble(box(dovecot, username=user, folder="Offers"))
    assert (error.kind, error.permanent) == (Trouble.FOLDER, True)
    assert "Offers" in error.sentence
    assert "INBOX" in error.remedy


def test_a_source_escapes_what_an_address_cannot_hold() -> None:
    with ScriptedImap({1: OFFER}) as server:
        mailbox = box(server, username="me+x@example.org", folder="Ordner/Käufe 1;x")
        [message, _] = look(mailbox)
        assert isinstance(message, Message)
        assert message.source == (
            "imap://me+x%40example.org@127.0.0.1/Ordner/K%C3%A4ufe%201%3Bx;UIDVALIDITY=7;UID=1"
        )


# --- the wire -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["cut_after", "reset_after"])
def test_a_stream_cut_anywhere_loses_and_tears_nothing(fault: str) -> None:
    mails = {1: OFFER, 2: FRIEND, 3: OTHER}
    with ScriptedImap(mails) as server:
        with Proxy(server.port) as proxy:
            mailbox = box(server, proxy.port)
            look(mailbox)
            mailbox.close()
            whole = proxy.down
        for at in range(0, whole, 7):
            with Proxy(server.port, times=1, **{fault: at}) as proxy:
                mailbox = box(server, proxy.port)
                got, errors = persist(mailbox, 3)
                mailbox.close()
                assert sorted(bodies(got)) == sorted(mails.values()), at
                assert isinstance(got[-1], Looked)
                assert not any(error.permanent for error in errors), (at, errors)


@pytest.mark.parametrize("at", [0, 10, 60, 150, 300, 450])
def test_a_peer_that_falls_silent_anywhere_costs_one_time_out(at: int) -> None:
    with ScriptedImap({1: OFFER}) as server, Proxy(server.port, hole_after=at, times=1) as proxy:
        mailbox, memory = box(server, proxy.port, timeouts=Timeouts(connect=0.2, read=0.2)), FakeMemory()
        with contextlib.suppress(MailboxError):
            look(mailbox, memory)
        memory.seen.clear()
        memory.cursors.clear()
        assert bodies(look(mailbox, memory)) == [OFFER]


def test_one_byte_a_segment_is_as_good_as_any(dovecot: Dovecot, user: str) -> None:
    dovecot.deliver(OFFER, user=user)
    with Proxy(dovecot.port, one_byte=True) as proxy:
        mailbox = box(dovecot, proxy.port, username=user, timeouts=Timeouts())
        assert bodies(look(mailbox)) == [OFFER]
        mailbox.close()


def test_a_server_killed_and_restarted_is_looked_at_again(dovecot: Dovecot, user: str) -> None:
    mailbox, memory = box(dovecot, username=user), FakeMemory()
    look(mailbox, memory)
    dovecot.kill_sessions()
    with pytest.raises(MailboxError):
        mailbox.wait(3, threading.Event())
    dovecot.deliver(OFFER, user=user)
    assert bodies(look(mailbox, memory)) == [OFFER]
    dovecot.kill_sessions()
    dovecot.deliver(FRIEND, user=user)
    assert bodies(look(mailbox, memory)) == [FRIEND], "a session that died meanwhile is replaced unasked"
    mailbox.close()


def test_an_old_session_is_replaced() -> None:
    with ScriptedImap({1: OFFER}) as server:
        mailbox = box(server, timeouts=Timeouts(age=0))
        look(mailbox)
        look(mailbox)
        assert len(server.sent("AUTHENTICATE")) == 2


def test_a_mailbox_that_polls_gives_its_session_up_between_looks() -> None:
    with ScriptedImap({1: OFFER}) as server:
        mailbox = box(server, idle=False)
        look(mailbox)
        mailbox.wait(0.01, threading.Event())
        assert server.sent("LOGOUT")


def test_nothing_new_costs_little(dovecot: Dovecot, user: str) -> None:
    for number in range(250):
        dovecot.deliver(OFFER + b"%d" % number, user=user)
    with Proxy(dovecot.port) as proxy:
        mailbox, memory = box(dovecot, proxy.port, username=user, timeouts=Timeouts()), FakeMemory()
        look(mailbox, memory)
        for _ in range(2):
            mailbox.close()
            proxy.forget()
            assert len(look(mailbox, memory)) == 1
        mailbox.close()
        assert proxy.round_trips <= 8
        assert proxy.down + proxy.up <= 3072


def test_only_commands_that_read_are_ever_sent(dovecot: Dovecot, user: str) -> None:
    for raw in (OFFER, FRIEND, OTHER):
        dovecot.deliver(raw, user=user)
    mailbox, memory = box(dovecot, username=user, folder="INBOX"), FakeMemory()
    look(mailbox, memory)
    mailbox.wait(0.1, threading.Event())
    list(mailbox.search_sender(SINCE))
    mailbox.names()
    mailbox.close()
    allowed = {
        "CAPABILITY", "ID", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH", "NOOP", "IDLE", "LOGOUT",
    }  # fmt: skip
    sent = set(dovecot.commands(user))
    assert {"EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"} <= sent
    assert sent <= allowed
    assert {flags for flags, _ in dovecot.snapshot(user=user).values()} == {b""}


def test_sets_name_exactly_the_numbers_given_in_short_lines() -> None:
    assert list(sets([1, 2, 3, 7, 9, 10])) == ["1:3,7,9:10"]
    assert list(sets([])) == []
    odd = list(range(1_000_000_001, 1_000_003_001, 2))
    lines = list(sets(odd))
    assert max(map(len, lines)) <= 6100
    assert [int(n) for line in lines for n in line.split(",")] == odd


def _tls(folder: Path) -> tuple[ssl.SSLContext, dict[str, Any]]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(served)
    return served, {"security": "tls", "ca_file": str(folder / "ca.pem")}
