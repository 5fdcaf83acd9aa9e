"""The buttons of a notification, end to end: the daemon on a real session bus, pressed as a user would."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from support.notifications import NotificationServer, session_bus
from support.outsider import SCRIPT, environment, offerwatch
from support.processes import started, stop
from support.waiting import until
from watcher.clock import utc_now
from watcher.store import Store

ORDER = "8194027715526318"
CONF = {"OFFERWATCH_CONFIG": "conf.toml"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for room in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
    (tmp_path / "conf.toml").write_text(
        'state_dir = "state"\n[[account]]\nkind = "maildir"\nname = "home"\npath = "Maildir"\n'
        'poll_every = "1s"\n[[channel]]\nkind = "desktop"\n'
    )
    sent = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    (tmp_path / "Maildir/new/1").write_bytes(
        (
            "From: AliExpress <transaction@notice.aliexpress.com>\r\nTo: b@example.org\r\n"
            f"Subject: The seller made you an offer for order {ORDER}\r\nDate: {format_datetime(sent)}\r\n"
            "Message-ID: <1@notice.aliexpress.com>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            "<h2>The seller has proposed a solution</h2><p>The seller offers you a refund of US $12.50.</p>"
            f"<p>Order number {ORDER}</p><p>You have 3 days left to accept or reject this proposal.</p>"
        ).encode()
    )
    return tmp_path


@contextmanager
def watching(home: Path, bus: str) -> Iterator[None]:
    there = environment(home, DBUS_SESSION_BUS_ADDRESS=bus, **CONF)
    with started([SCRIPT, "watch"], home, there) as process:
        yield
        stop(process)


def the_case(home: Path) -> Any:
    store = Store(home / "state")
    try:
        (case,) = store.cases()
        return case
    finally:
        store.close()


def delivered(home: Path) -> list[str]:
    store = Store(home / "state")
    try:
        return [each["state"] for alert in store.alerts() for each in alert["deliveries"]]
    finally:
        store.close()


def test_acknowledge_snooze_and_show_steps_do_what_they_say(home: Path) -> None:
    with session_bus(home) as address, NotificationServer(address) as desktop, watching(home, address):
        (shown,) = desktop.wait_for(1, 30)
        until(lambda: delivered(home) == ["sent"])
        assert shown.actions[::2] == ("ack", "snooze", "steps")
        assert ORDER in shown.body + shown.summary

        desktop.press(1, "steps")
        steps = desktop.wait_for(2)[1]
        assert "1. " in steps.body

        def pressed() -> object:  # again until the program has heard that it is shown
            desktop.press(steps.replaces or 2, "ack")
            return the_case(home).acked_at

        until(pressed)

        assert delivered(home) == ["sent"]


def test_snooze_quiets_for_some_hours(home: Path) -> None:
    with session_bus(home) as address, NotificationServer(address) as desktop, watching(home, address):
        desktop.wait_for(1, 30)
        until(lambda: delivered(home) == ["sent"])
        desktop.press(1, "snooze")
        snoozed = until(lambda: the_case(home).snoozed_until)
        assert timedelta(hours=5) < snoozed - utc_now() <= timedelta(hours=6)


def test_doctor_asks_the_desktop_quietly_and_loudly_when_told(home: Path) -> None:
    def told(more: dict[str, str], *flags: str) -> Any:
        row = offerwatch(home, "doctor", "--format", "json", *flags, more={**CONF, **more}).row
        (found,) = [each for each in row["findings"] if each["name"] == "channel desktop"]
        return found

    assert told({})["state"] == "wrong"
    with session_bus(home) as address:
        bus = {"DBUS_SESSION_BUS_ADDRESS": address}
        nobody = told(bus)
        assert (nobody["state"], "no notification service" in nobody["told"]) == ("wrong", True)
        with NotificationServer(address) as desktop:
            assert told(bus)["state"] == "ok"
            assert desktop.shown == []
            assert told(bus, "--loud")["state"] == "ok"
            assert len(desktop.shown) == 1
