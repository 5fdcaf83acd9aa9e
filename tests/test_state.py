"""What is kept can be copied while in use, written out, and let go when it is old; nothing open ever goes."""

import json
import sqlite3
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from rules.facts import Act, Alert, AlertAbout, Answer, Kind, Urgency
from support.outsider import offerwatch
from support.watching import a_mail, a_notice, open_store
from watcher.clock import utc_now
from watcher.database import FILE_NAME, StoreError
from watcher.outbox import Birth
from watcher.store import Store
from watcher.upkeep import backup, prune

NOW = utc_now()
CONF = {"OFFERWATCH_CONFIG": "conf.toml"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "Maildir/cur").mkdir(parents=True)
    (tmp_path / "conf.toml").write_text(
        'state_dir = "state"\n[[account]]\nkind = "maildir"\nname = "home"\npath = "Maildir"\n'
        '[[channel]]\nkind = "command"\nrun = ["true"]\n'
    )
    return tmp_path


def taken(store: Store, name: str, days: int, kind: Kind = Kind.OFFER) -> str:
    """A mail of so many days ago and what was said of it; returns its case."""
    at = NOW - timedelta(days=days)
    number = f"{8 * 10**15 + sum(name.encode())}"
    notice = a_notice(name, sent_at=at, received_at=at, orders=(number,), kind=kind)
    (case,) = store.take_in(a_mail(notice), notice, at).cases
    key = f"{case}/{name}/new"
    alert = Alert(key, AlertAbout.CASE, Urgency.SOON, "It is your turn", "Look.", at, case=case)
    store.outbox.bear([Birth(alert, ("push",))], at)
    return case


def count(store: Store, table: str) -> int:
    with store.database.reading() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_what_was_over_long_ago_goes_whole_and_what_is_open_stays_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    gone = taken(store, "old", 900)
    late = taken(store, "young", 3)
    store.act(gone, Act("answered", NOW - timedelta(days=890), answer=Answer.ACCEPTED))
    said = store.said.keys_about(late)
    assert prune(store.database, NOW - timedelta(days=730))["cases"] == 1
    assert store.case(gone) is None
    assert store.case(late) is not None
    assert store.said.keys_about(late) == said
    for table in ("notices", "raws", "sources", "histories", "cases", "alerts", "outbox"):
        assert count(store, table) == 1, table
    assert count(store, "acts") == 0
    assert prune(store.database, NOW - timedelta(days=730)) == {"mails": 0, "cases": 0, "alerts": 0}
    with store.database.reading() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_old_mail_of_an_order_that_is_still_open_stays(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    at = NOW - timedelta(days=900)
    for name, when in (("first", at), ("again", NOW - timedelta(days=1))):
        notice = a_notice(name, sent_at=when, received_at=when, orders=("8000000000000001",))
        store.take_in(a_mail(notice), notice, when)
    prune(store.database, NOW - timedelta(days=730))
    assert count(store, "notices") == 2


def test_a_copy_is_whole_and_private_while_others_write(tmp_path: Path) -> None:
    store, target = open_store(tmp_path / "state"), tmp_path / "copy.sqlite3"
    for number in range(30):
        taken(store, f"before{number}", 3)
    over, other = threading.Event(), open_store(tmp_path / "state")

    def write() -> None:
        number = 0
        while not over.is_set():
            taken(other, f"during{number}", 2)
            number += 1

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert backup(store.database, target) > 0
    finally:
        over.set()
        writing.join()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy.sqlite3"]
    with sqlite3.connect(target) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM notices").fetchone()[0] >= 30
        assert copy.execute("SELECT count(*) FROM notices n LEFT JOIN raws USING (identity)"
                            " WHERE packed IS NULL").fetchone() == (0,)  # fmt: skip


def test_a_copy_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    with pytest.raises(StoreError, match="can't be written"):
        backup(store.database, tmp_path / "nowhere/copy.sqlite3")
    assert not (tmp_path / "nowhere").exists()


# as an outsider


def test_a_backup_can_be_put_back(home: Path) -> None:
    store = open_store(home / "state")
    case = taken(store, "offer", 1)
    store.close()
    ran = offerwatch(home, "state", "backup", "saved.sqlite3", more=CONF)
    assert (ran.code, ran.err) == (0, "")
    for path in (home / "state").glob(f"{FILE_NAME}*"):
        path.unlink()
    (home / "saved.sqlite3").rename(home / "state" / FILE_NAME)
    assert Store(home / "state").case(case) is not None
    into = offerwatch(home, "state", "backup", str(home), more=CONF)
    assert into.code == 0
    assert len(list(home.glob("offerwatch-*.sqlite3"))) == 1
    assert offerwatch(home, "state", "backup", f"state/{FILE_NAME}", more=CONF).code == 2


def test_an_export_is_one_json_object_with_cases_acts_and_alerts(home: Path) -> None:
    store = open_store(home / "state")
    case = taken(store, "offer", 1)
    store.act(case, Act("ack", NOW))
    store.close()
    told = offerwatch(home, "state", "export", more=CONF).row
    assert told["schema"] == 1
    (shown,) = told["cases"]
    assert (shown["case"], shown["acts"][0]["verb"]) == (case, "ack")
    assert told["alerts"][0]["deliveries"][0]["channel"] == "push"
    assert offerwatch(home, "state", "export", "--output", "all.json", more=CONF).code == 0
    assert stat.S_IMODE((home / "all.json").stat().st_mode) == 0o600
    assert json.loads((home / "all.json").read_text())["cases"] == told["cases"]


def test_prune_refuses_to_forget_what_the_next_look_would_read_again(home: Path) -> None:
    ran = offerwatch(home, "state", "prune", "--older-than", "30d", more=CONF)
    assert ran.code == 2
    assert "at least" in ran.err
    assert offerwatch(home, "state", "prune", "--older-than", "soon", more=CONF).code == 2
    assert "0 cases" in offerwatch(home, "state", "prune", more=CONF).out


def test_a_store_of_a_newer_offerwatch_is_refused_politely(home: Path) -> None:
    open_store(home / "state").close()
    with sqlite3.connect(home / "state" / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 999")
    for command in (("status",), ("state", "export"), ("state", "prune"), ("state", "backup", "x")):
        ran = offerwatch(home, *command, more=CONF)
        assert ran.code == 1
        assert "newer offerwatch" in ran.err
