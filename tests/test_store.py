"""What the store promises: nothing lost, nothing twice, private, and safe to share."""

import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts import (
    Act,
    Ahead,
    Anchor,
    Answer,
    Authenticity,
    By,
    Day,
    Kind,
    Money,
    Offer,
    OtherClock,
    Party,
    Reason,
    Remedy,
    Role,
    Trust,
    Turn,
    Weekday,
    Within,
)
from support.watching import (
    ORDER,
    START,
    a_mail,
    a_notice,
    an_ignored,
    judge,
    open_store,
    read_facts,
    summary,
)
from watcher import database, records
from watcher.clock import instant, monotonic, stamp
from watcher.database import Database
from watcher.mailboxes import Cursor, Looked, Passed, Place, Unreadable
from watcher.store import FILE_NAME, Store, StoreError

LATER = START + timedelta(hours=1)


def take(store: Store, notice, uid: int = 1, now: datetime = LATER, **place):
    return store.take_in(a_mail(notice, uid, **place), notice, now)


def table(folder: Path, query: str) -> list[tuple]:
    with sqlite3.connect(folder / FILE_NAME) as connection:
        return connection.execute(query).fetchall()


def test_the_file_is_private_and_so_are_its_companions(tmp_path):
    store = open_store(tmp_path / "state")
    take(store, a_notice())
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert set(modes) >= {FILE_NAME, f"{FILE_NAME}-wal"}
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_made_private(tmp_path):
    open_store(tmp_path).close()
    (tmp_path / FILE_NAME).chmod(0o644)
    open_store(tmp_path).close()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_commits_survive_a_power_cut(tmp_path):
    store = open_store(tmp_path)
    with store.database.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_newer_store_is_refused_with_a_sentence(tmp_path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="made by a newer offerwatch"):
        Store(tmp_path)


def test_an_upgrade_copies_first_and_keeps_everything(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice())
    store.close()
    steps = (*database.STEPS, ("ALTER TABLE notices ADD COLUMN mood TEXT", "CREATE TABLE new (x)"))
    upgraded = Database(tmp_path, steps)
    with upgraded.reading() as connection:
        assert connection.execute("SELECT mood FROM notices").fetchall() == [(None,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    copy = tmp_path / f"{FILE_NAME}.v1.bak"
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM notices").fetchone() == (1,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_an_upgrade_that_fails_changes_nothing(tmp_path):
    open_store(tmp_path).close()
    with pytest.raises(StoreError):
        Database(tmp_path, (*database.STEPS, ("CREATE TABLE half (x)", "NONSENSE")))
    assert table(tmp_path, "SELECT count(*) FROM sqlite_master WHERE name = 'half'") == [(0,)]
    assert table(tmp_path, "PRAGMA user_version") == [(1,)]
    open_store(tmp_path).close()


def test_what_is_no_store_is_named_and_not_touched(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"these are somebody's notes, not a database at all" * 50)
    with pytest.raises(StoreError, match="is not an offerwatch store"):
        Store(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"these are")


def test_a_locked_store_says_so_and_keeps_nothing_half(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    store = open_store(tmp_path)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        take(store, a_notice())
    other.execute("ROLLBACK")
    assert store.unseen("home", "INBOX", 7, [1]) == [1]
    assert take(store, a_notice()).new


def test_a_full_disk_is_said_and_the_mail_stays_unseen(tmp_path):
    store = open_store(tmp_path)
    with store.database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    big = a_notice(subject="".join(random.Random(1).choices("abcdefgh", k=100_000)))
    with pytest.raises(StoreError, match="disk is full"):
        take(store, big)
    with store.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert store.unseen("home", "INBOX", 7, [1]) == [1]
    assert take(store, big).new


def test_a_mail_taken_in_twice_counts_once(tmp_path):
    store = open_store(tmp_path)
    assert take(store, a_notice()).new
    before = store.cases()
    assert not take(store, a_notice()).new
    assert store.cases() == before
    assert len(before) == 1


def test_the_same_mail_in_another_folder_adds_a_place_and_no_notice(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice())
    assert not take(store, a_notice(), uid=9, folder="Junk").new
    assert not take(store, a_notice(), uid=1, validity=8).new
    assert store.sources("one") == ("test:INBOX/7/1", "test:INBOX/8/1", "test:Junk/7/9")
    assert store.unseen("home", "Junk", 7, [9, 10]) == [10]
    assert [len(case.history) for case in store.cases()] == [1]


def test_an_ignored_mail_leaves_only_its_place(tmp_path):
    store = open_store(tmp_path)
    stranger = an_ignored("s", Reason.STRANGER, subject="a private matter")
    assert not take(store, stranger).new
    assert store.unseen("home", "INBOX", 7, [1]) == []
    assert store.raw("s") is None
    store.close()
    assert b"a private matter" not in (tmp_path / FILE_NAME).read_bytes()


def test_the_bytes_of_a_notice_are_kept_for_the_dossier(tmp_path):
    store = open_store(tmp_path)
    unclear = a_notice("two", None)
    for notice in (a_notice(), unclear):
        take(store, notice, uid=len(notice.identity))
        assert store.raw(notice.identity) == a_mail(notice, len(notice.identity)).raw


def test_deceit_is_counted_once_a_mail(tmp_path):
    store = open_store(tmp_path)
    for uid, identity in enumerate(["f", "f", "g"], 1):
        take(store, an_ignored(identity, Reason.FORGED), uid)
    take(store, an_ignored("s", Reason.SUSPICIOUS), 9)
    assert store.diary.counters() == {"forged": 2, "suspicious": 1}


STEPS = [
    a_notice("opened", Kind.DISPUTE_OPENED, sent_at=START, dispute="77", printed=()),
    a_notice("offer", sent_at=START + timedelta(days=1), dispute="77"),
    a_notice("reminder", Kind.OFFER_REMINDER, sent_at=START + timedelta(days=3), dispute="77"),
    a_notice("second", sent_at=START + timedelta(days=4), orders=("8150004417231199",), dispute="78"),
    a_notice("both", Kind.ORDER_SHIPPED, orders=(ORDER, "8150004417231199"), printed=()),
    a_notice("lost", None, orders=()),
    a_notice(
        "refund",
        Kind.REFUND_ISSUED,
        sent_at=START + timedelta(days=5),
        orders=("8150004417231199",),
        dispute="78",
        printed=(),
    ),
]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(len(STEPS))), again=st.lists(st.integers(0, len(STEPS) - 1), max_size=4))
def test_mails_in_any_order_and_repeated_make_the_same_cases(tmp_path_factory, order, again):
    store = open_store(tmp_path_factory.mktemp("state"))
    for uid, step in enumerate([*order, *again]):
        take(store, STEPS[step], uid)
    found = sorted((replace(case, id="") for case in store.cases()), key=repr)
    expected = sorted((replace(case, id="") for case in judge(STEPS, {}, {})), key=repr)
    assert found == expected


@given(order=st.permutations(range(len(STEPS))))
@settings(max_examples=15, deadline=None)
def test_an_id_once_given_never_changes_its_meaning(tmp_path_factory, order):
    store = open_store(tmp_path_factory.mktemp("state"))
    first: dict[str, str] = {}
    for uid, step in enumerate(order):
        take(store, STEPS[step], uid)
        for case in store.cases():
            if case.dispute:
                assert first.setdefault(case.dispute, case.id) == case.id or case.id in first.values()
        assert len({case.id for case in store.cases()}) == len(store.cases())


def test_a_copy_that_can_be_trusted_replaces_the_forward_that_came_first(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice(authenticity=Authenticity(Trust.UNVERIFIED, ("forwarded",))))
    assert take(store, a_notice(), uid=2).new
    assert [case.authenticity.verdict for case in store.cases()] == [Trust.VERIFIED]
    assert not take(store, a_notice(authenticity=Authenticity(Trust.UNVERIFIED)), uid=3).new
    assert [case.authenticity.verdict for case in store.cases()] == [Trust.VERIFIED]


def test_an_answer_passes_the_turn_on_and_can_be_taken_back(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice())
    (case,) = store.cases()
    answered = store.act(case.id, Act("answered", LATER, Answer.REJECTED))
    assert answered is not None
    assert answered.turn is not Turn.YOURS
    undone = store.undo(case.id, "answered", LATER)
    assert undone == Act("answered", LATER, Answer.REJECTED)
    assert store.case(case.id) == case
    assert store.undo(case.id, "answered", LATER) is None


def test_acts_on_a_case_that_is_not_there_change_nothing(tmp_path):
    store = open_store(tmp_path)
    assert store.act("nobody", Act("ack", LATER)) is None
    assert table(tmp_path, "SELECT * FROM acts") == []


def test_a_case_is_found_by_id_dispute_and_order(tmp_path):
    store = open_store(tmp_path)
    for uid, notice in enumerate(STEPS):
        take(store, notice, uid)
    ids = {case.dispute: case.id for case in store.cases() if case.dispute}
    assert store.find(ids["77"].upper()) == [ids["77"]]
    assert store.find("78") == [ids["78"]]
    assert store.find(ORDER) == [ids["77"]]
    assert store.find("815000441723") == []


def test_summaries_show_what_is_open_nearest_first_without_judging(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice("far", orders=("1111111111111111",)), 1)
    near = (Within(timedelta(days=1), timedelta(days=1), False, "1 day"),)
    take(store, a_notice("near", orders=("2222222222222222",), printed=near), 2)
    take(store, a_notice("over", Kind.ORDER_CLOSED, orders=("3333333333333333",), printed=()), 3)
    store.close()
    reader = Store(tmp_path)
    assert [each["orders"] for each in reader.summaries(LATER)] == [
        ["2222222222222222"],
        ["1111111111111111"],
    ]
    assert reader.summaries(LATER + timedelta(days=60)) == []


def test_a_case_that_waits_for_others_is_shown_until_nothing_is_heard_of_it_for_months(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice(kind=Kind.DISPUTE_OPENED, printed=()))
    assert [each["turn"] for each in store.summaries(START + timedelta(days=100))] == ["seller"]
    assert store.summaries(START + timedelta(days=130)) == []


def test_reading_the_store_imports_nothing_heavy(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice())
    store.close()
    code = f"""
        import sys
        from datetime import datetime, UTC
        from pathlib import Path
        from watcher.store import Store
        store = Store(Path({str(tmp_path)!r}))
        assert store.summaries(datetime(2025, 3, 9, tzinfo=UTC))
        store.alerts(), store.diary.folders(), store.said.waiting()
        heavy = {{"pydantic", "bs4", "lxml", "apscheduler", "imapclient", "mailparser"}} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=Path(__file__).parents[1])


def test_cursor_and_looks_are_remembered_and_an_error_keeps_the_last_look(tmp_path):
    store = open_store(tmp_path)
    assert store.cursor("home", "INBOX") is None
    store.diary.looked("\\Junk", Looked("home", "Spam", 7, 12, 11), START)
    store.diary.failed("home", "\\Junk", "The line is cut.", LATER)
    assert store.cursor("home", "Spam") == Cursor(7, 12)
    (state,) = store.diary.folders()
    assert (state.folder, state.last_look_at, state.error) == ("\\Junk", START, "The line is cut.")
    store.diary.looked("\\Junk", Looked("home", "Spam", 7, 13, 12), LATER)
    assert store.diary.folders()[0].error is None


def test_a_mail_that_cannot_be_read_is_set_aside_and_tried_again_later(tmp_path):
    store = open_store(tmp_path)
    poison = Unreadable(Place("home", "INBOX", 7, 5), "test:5", "NO", None)
    store.set_aside(poison, START)
    minutes, hours = START + timedelta(minutes=5), START + timedelta(hours=7)
    assert store.diary.unseen("home", "INBOX", 7, [4, 5], minutes) == [4]
    assert store.diary.unseen("home", "INBOX", 7, [4, 5], hours) == [4, 5]
    take(store, a_notice(), uid=5)
    store.set_aside(poison, hours)
    assert store.diary.unseen("home", "INBOX", 7, [5], hours + timedelta(days=1)) == []


def test_many_uids_are_asked_at_once_and_keep_their_order(tmp_path):
    store = open_store(tmp_path)
    store.passed(Passed("home", "INBOX", 7, tuple(range(0, 60_000, 2))), START)
    asked = list(range(59_999, -1, -1))
    assert store.unseen("home", "INBOX", 7, asked) == [uid for uid in asked if uid % 2]
    assert store.unseen("home", "INBOX", 7, [7, 4, 3]) == [7, 3]
    assert store.unseen("home", "INBOX", 8, [4]) == [4]


def test_threads_and_processes_write_at_once_and_nothing_is_lost(tmp_path):
    store = open_store(tmp_path)
    code = f"""
        from pathlib import Path
        from support.watching import a_notice, a_mail, open_store
        store = open_store(Path({str(tmp_path)!r}))
        for n in range(40):
            notice = a_notice(f"p{{n}}", orders=(f"90000000000000{{n:02}}",))
            store.take_in(a_mail(notice, 1000 + n), notice)
    """
    root = Path(__file__).parents[1]
    environment = {"PYTHONPATH": f"{root}:{root / 'tests'}"}
    other = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=environment)

    def work(start: int) -> None:
        for n in range(start, start + 20):
            take(store, a_notice(f"t{n}", orders=(f"80000000000000{n:02}",)), n)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(60) == 0
    assert len(store.cases()) == 100
    assert table(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def test_a_surrogate_in_a_notice_is_no_reason_to_lose_it(tmp_path):
    store = open_store(tmp_path)
    assert take(store, a_notice(subject="torn \ud800 text")).new
    assert store.cases()[0].history[0].subject == "torn ? text"


def test_better_phrases_read_old_mail_again_and_keep_who_sent_it(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice(), 1)
    take(store, a_notice("two", None, orders=()), 2)
    assert len(store.cases()) == 2

    def better(message):
        notice = read_facts(message)
        unverified = Authenticity(Trust.UNVERIFIED)
        return replace(notice, kind=Kind.OFFER_REMINDER, orders=(ORDER,), authenticity=unverified)

    assert store.read_again(better, LATER) == 2
    (case,) = store.cases()
    assert [notice.kind for notice in case.history] == [Kind.OFFER_REMINDER] * 2
    assert case.authenticity.verdict is Trust.VERIFIED
    assert store.read_again(better, LATER) == 0


def test_a_reader_that_knows_less_takes_nothing_away(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice())
    before = store.cases()
    assert store.read_again(lambda message: an_ignored("x", Reason.STRANGER), LATER) == 0
    assert store.cases() == before


def test_an_id_that_a_strangers_case_has_by_chance_is_made_unique(tmp_path):
    def same(notices, acts, names):
        return tuple(replace(case, id="samesame") for case in judge(notices, acts, names))

    store = Store(tmp_path, same, summary)
    take(store, a_notice("a", orders=("1111111111111111",)), 1)
    take(store, a_notice("b", orders=("2222222222222222",)), 2)
    assert sorted(case.id for case in store.cases()) == ["samesame", "samesame2"]


INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants them naive
SPANS = st.timedeltas(timedelta(0), timedelta(days=9000))
DAYS = st.one_of(
    st.builds(Day, st.none() | st.integers(1, 9999), st.integers(1, 12), st.integers(1, 31)),
    st.builds(Ahead, st.integers(0, 9)),
    st.builds(Weekday, st.integers(0, 6)),
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**6)
PRINTED = st.one_of(
    st.builds(
        By,
        st.lists(DAYS, min_size=1, max_size=2).map(tuple),
        st.none() | st.times(),
        st.none() | TEXTS,
        TEXTS,
    ),
    st.builds(Within, SPANS, SPANS, st.booleans(), TEXTS),
)
NOTICES = st.builds(
    replace,
    st.just(a_notice()),
    sent_at=INSTANTS,
    subject=TEXTS,
    offer=st.none()
    | st.builds(Offer, st.sampled_from(Party), st.sampled_from(Remedy), st.none() | AMOUNTS, TEXTS),
    paid=st.none() | st.builds(Money, AMOUNTS, st.none()),
    printed=st.lists(PRINTED, max_size=3).map(tuple),
    others=st.lists(st.builds(OtherClock, st.sampled_from(Turn), PRINTED), max_size=2).map(tuple),
    anchors=st.lists(
        st.builds(Anchor, st.none() | TEXTS, TEXTS, st.none() | st.sampled_from(Role), st.booleans()),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(notice=NOTICES)
def test_a_notice_comes_back_from_json_as_it_was(notice):
    back = records.notice(records.dump(notice))
    assert back == notice
    if notice.paid is not None and back.paid is not None:
        assert str(back.paid.amount) == str(notice.paid.amount)


def test_printed_digits_are_kept():
    notice = a_notice(paid=Money(Decimal("12.500"), "EUR"))
    back = records.notice(records.dump(notice))
    assert back.paid is not None
    assert str(back.paid.amount) == "12.500"


@given(first=INSTANTS, second=INSTANTS)
def test_stamps_are_in_the_order_of_time(first, second):
    assert instant(stamp(first)) == first
    assert (stamp(first) < stamp(second)) == (first < second)


def test_ten_years_of_mail_do_not_slow_the_clock(tmp_path):
    store = open_store(tmp_path)
    take(store, a_notice("old", Kind.REFUND_ISSUED, orders=("1111111111111111",), printed=()), 1)
    store.rest(store.open_cases())
    columns = [name for (name,) in table(tmp_path, "SELECT name FROM pragma_table_info('cases')")]
    others = ", ".join(name for name in columns if name != "id")
    with store.database.writing() as connection:
        connection.execute(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)"
            f" INSERT INTO cases (id, {others}) SELECT 'x' || n, {others} FROM cases, n"
        )
        rows = (("home", "Old", 1, n, f"x{n}", "seen", stamp(START)) for n in range(100_000))
        connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    take(store, a_notice(), 999)
    assert len(store.open_cases()) == 1
    began = monotonic()
    assert len(store.open_cases()) == 1
    assert monotonic() - began < 0.02
    began = monotonic()
    assert len(store.summaries(LATER)) == 1
    assert monotonic() - began < 0.02


def test_an_empty_store_has_nothing_to_say(tmp_path):
    store = open_store(tmp_path)
    assert store.alerts() == []
    assert store.summaries(START) == []
    assert store.said.waiting() == (0, None)
