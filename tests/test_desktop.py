"""What a desktop is asked to show, and that nothing counts as shown which no server showed."""

import os
import queue
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.facts import Alert, AlertAbout, Turn, Urgency
from support.alerts import IN_APP, NOW, SECRET_LINK, an_alert
from support.notifications import Notification, NotificationServer, session_bus
from watcher.channels import Attempt, ChannelError, Surroundings
from watcher.channels.bus import session_address
from watcher.channels.desktop import DesktopChannel

AROUND = Surroundings(lambda: NOW, ZoneInfo("Europe/Madrid"))
FIRST = Attempt("<a1@x.offerwatch.invalid>")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with session_bus(tmp_path_factory.mktemp("bus")) as given_address:
        yield given_address


@pytest.fixture(autouse=True)
def _session(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)


@pytest.fixture
def channel() -> Iterator[DesktopChannel]:
    made = DesktopChannel("desktop", AROUND, timeout=3)
    yield made
    made.close()


def shown_by(channel: DesktopChannel, address: str, alert: Alert, **server: object) -> Notification:
    with NotificationServer(address, **server) as desk:  # type: ignore[arg-type]
        channel.send(alert, FIRST)
        return desk.shown[-1]


def test_an_alert_is_shown_with_its_headline_and_steps(channel: DesktopChannel, address: str) -> None:
    shown = shown_by(channel, address, an_alert())
    assert shown.program == "offerwatch"
    assert shown.summary == an_alert().headline
    assert "2. Search for 8150004417231188 and open the order." in shown.body


def test_what_is_offered_and_the_steps_come_first_since_desktops_cut_off_the_end(
    channel: DesktopChannel, address: str
) -> None:
    alert = an_alert(body="12.50 EUR.\nOther things.\n\n" + IN_APP.title + ":\n1. " + IN_APP.steps[0])
    body = shown_by(channel, address, alert).body
    assert body.startswith(f"12.50 EUR.\n\n{IN_APP.title}\n1. {IN_APP.steps[0]}\n2. ")
    assert body.endswith("\n\nOther things.")
    assert body.count(IN_APP.steps[0]) == 1


@pytest.mark.parametrize(("urgency", "level"), [("info", 0), ("soon", 1), ("urgent", 2), ("critical", 2)])
def test_the_desktop_is_told_how_urgent_it_is(
    channel: DesktopChannel, address: str, urgency: str, level: int
) -> None:
    shown = shown_by(channel, address, an_alert(urgency=Urgency(urgency)))
    assert shown.hints["urgency"] == level
    assert shown.expires == (-1 if urgency == "info" else 0)
    assert ("sound-name" in shown.hints) == (urgency == "critical")


def test_markup_in_an_alert_is_shown_and_not_obeyed(channel: DesktopChannel, address: str) -> None:
    alert = an_alert(body='<a href="https://evil.example/">press</a> & <img src="x"/>', routes=())
    shown = shown_by(channel, address, alert)
    assert shown.body == '&lt;a href="https://evil.example/"&gt;press&lt;/a&gt; &amp; &lt;img src="x"/&gt;'


def test_a_server_without_markup_gets_plain_text(channel: DesktopChannel, address: str) -> None:
    shown = shown_by(channel, address, an_alert(body="5 < 6 & so on", routes=()), capabilities=("body",))
    assert shown.body == "5 < 6 & so on"


def test_no_accept_or_reject_address_reaches_the_desktop(channel: DesktopChannel, address: str) -> None:
    shown = shown_by(channel, address, an_alert())
    assert SECRET_LINK not in repr(shown)


def test_a_later_alert_of_the_same_case_takes_the_place_of_the_first(
    channel: DesktopChannel, address: str
) -> None:
    with NotificationServer(address) as desk:
        channel.send(an_alert(), FIRST)
        channel.send(an_alert(key="k2", case="other"), FIRST)
        channel.send(an_alert(key="k3", urgency=Urgency.CRITICAL), FIRST)
        assert [each.replaces for each in desk.shown] == [0, 0, 1]


def test_a_notification_that_was_closed_is_not_replaced_but_shown_anew(
    channel: DesktopChannel, address: str
) -> None:
    with NotificationServer(address) as desk:
        channel.send(an_alert(), FIRST)
        desk.close_notification(1)
        channel.send(an_alert(case="later"), FIRST)  # its answer comes after the signal above
        channel.send(an_alert(key="k2"), FIRST)
        assert desk.shown[-1].replaces == 0


def test_a_new_server_is_not_given_the_old_ones_numbers(channel: DesktopChannel, address: str) -> None:
    with NotificationServer(address):
        channel.send(an_alert(), FIRST)
    with NotificationServer(address, capabilities=("body",)) as second:
        channel.send(an_alert(key="k2", body="a < b", routes=()), FIRST)
        assert second.shown[-1].replaces == 0
        assert second.shown[-1].body == "a < b"


def test_a_repeat_in_doubt_says_that_it_may_be_one(channel: DesktopChannel, address: str) -> None:
    with NotificationServer(address) as desk:
        channel.send(an_alert(), Attempt("<a1@x>", in_doubt=True, tries=1))
        assert "may have had this alert before" in desk.shown[-1].body


@pytest.mark.parametrize("button", ["ack", "snooze", "steps"])
def test_a_pressed_button_is_told_with_its_alert(channel: DesktopChannel, address: str, button: str) -> None:
    pressed: queue.Queue[tuple[str, Alert]] = queue.Queue()
    channel.on_action(lambda action, alert: pressed.put((action, alert)))
    with NotificationServer(address) as desk:
        channel.send(an_alert(), FIRST)
        assert button in desk.shown[-1].actions[::2]
        desk.press(1, button)
        assert pressed.get(timeout=10) == (button, an_alert())


def test_the_steps_button_shows_every_route(channel: DesktopChannel, address: str) -> None:
    with NotificationServer(address) as desk:
        channel.send(an_alert(body="short"), FIRST)
        desk.press(1, "steps")
        body = desk.wait_for(2)[-1].body
        assert "4. Read the proposal, then tap Accept or Reject there." in body
        assert "2. Choose View dispute." in body


def test_a_button_whose_work_fails_leaves_the_channel_working(
    channel: DesktopChannel, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    called: queue.Queue[str] = queue.Queue()

    def fail(action: str, alert: Alert) -> None:
        called.put(action)
        raise RuntimeError

    channel.on_action(fail)
    with NotificationServer(address) as desk:
        channel.send(an_alert(), FIRST)
        desk.press(1, "ack")
        assert called.get(timeout=10) == "ack"
        channel.send(an_alert(key="k2"), FIRST)
        assert len(desk.shown) == 2


@pytest.mark.parametrize(
    "alert",
    [an_alert(turn=Turn.NOBODY), an_alert(about=AlertAbout.HEALTH, turn=None), an_alert(turn=None)],
)
def test_where_nothing_is_to_be_done_there_are_no_buttons(
    channel: DesktopChannel, address: str, alert: Alert
) -> None:
    channel.on_action(lambda action, alert: None)
    assert shown_by(channel, address, alert).actions == ()


def test_buttons_are_only_for_servers_that_have_them(channel: DesktopChannel, address: str) -> None:
    channel.on_action(lambda action, alert: None)
    assert shown_by(channel, address, an_alert(), capabilities=("body",)).actions == ()


def test_no_session_bus_is_an_error_with_a_remedy(
    channel: DesktopChannel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(ChannelError, match="no session bus") as caught:
        channel.send(an_alert(), FIRST)
    assert "user service" in caught.value.remedy
    assert not caught.value.permanent


def test_the_users_own_runtime_folder_is_tried_where_the_environment_says_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = address.split("path=")[1].split(",")[0]
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "bus").symlink_to(path)
    assert session_address() == f"unix:path={tmp_path}/bus"


@pytest.mark.parametrize("wrong", ["unix:path=/nonexistent/bus", "tcp:host=127.0.0.1,port=1", "nonsense"])
def test_a_bus_that_is_not_there_is_an_error(
    channel: DesktopChannel, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", wrong)
    with pytest.raises(ChannelError, match="session bus"):
        channel.send(an_alert(), FIRST)


def test_no_notification_server_is_an_error_with_a_remedy(channel: DesktopChannel) -> None:
    with pytest.raises(ChannelError, match="no notification service is running") as caught:
        channel.send(an_alert(), FIRST)
    assert "dunst" in caught.value.remedy


def test_a_server_that_does_not_answer_is_an_error_in_doubt(address: str) -> None:
    impatient = DesktopChannel("desktop", AROUND, timeout=0.3)
    with NotificationServer(address, silent=True), pytest.raises(ChannelError, match="no answer") as caught:
        impatient.send(an_alert(), FIRST)
    impatient.close()
    assert caught.value.in_doubt


def test_a_server_that_shows_nothing_is_an_error(channel: DesktopChannel, address: str) -> None:
    with NotificationServer(address, answer=0), pytest.raises(ChannelError, match="nothing was shown"):
        channel.send(an_alert(), FIRST)


def test_a_bus_that_went_away_and_came_back_is_used_again(
    channel: DesktopChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_bus(tmp_path) as short_lived:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", short_lived)
        with NotificationServer(short_lived):
            channel.send(an_alert(), FIRST)
    with pytest.raises(ChannelError):
        channel.send(an_alert(key="k2"), FIRST)
    with session_bus(tmp_path) as back, NotificationServer(back) as desk:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", back)
        channel.send(an_alert(key="k2"), FIRST)
        assert desk.shown[-1].replaces == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headline=st.text(max_size=300), body=st.text(max_size=2000))
def test_any_text_can_be_shown(address: str, headline: str, body: str) -> None:
    channel = DesktopChannel("desktop", AROUND, timeout=3)
    try:
        shown = shown_by(channel, address, replace(an_alert(), headline=headline, body=body))
    finally:
        channel.close()
    assert "\x1b" not in shown.summary + shown.body
    assert "<" not in shown.body


def test_a_real_server_shows_it(tmp_path: Path) -> None:
    """dunst on a virtual screen: what counts as shown is on its list of what it displays."""
    programs = [shutil.which(name) for name in ("Xvfb", "dunst", "dunstctl", "dbus-run-session")]
    assert all(programs), "install xvfb, dunst and dbus to run this test"
    script = tmp_path / "show.py"
    script.write_text(
        "from support.alerts import NOW, an_alert\n"
        "import subprocess, sys\n"
        "from zoneinfo import ZoneInfo\n"
        "from watcher.channels import Attempt, Surroundings\n"
        "from watcher.channels.desktop import DesktopChannel\n"
        "channel = DesktopChannel('desktop', Surroundings(lambda: NOW, ZoneInfo('UTC')), timeout=10)\n"
        "channel.send(an_alert(body='5 < 6 & <b>not bold</b>'), Attempt('a@b'))\n"
        "print(subprocess.run(['dunstctl', 'count', 'displayed'], capture_output=True, text=True).stdout)\n"
        "channel.close()\n"
    )
    assert in_a_session(f'exec "$PYTHON" "{script}"', tmp_path).strip() == "1"


def in_a_session(command: str, folder: Path) -> str:
    """Run a shell command with a virtual screen, a session bus and dunst; return what it prints."""
    wrapped = (
        "export DISPLAY=:$display\ndunst >/dev/null 2>&1 &\nserver=$!\n"
        "for _ in $(seq 100); do dunstctl count displayed >/dev/null 2>&1 && break; sleep 0.1; done\n"
        f"( {command} )\ncode=$?\nkill $server\nexit $code\n"
    )
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "900x600x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        display = os.read(reading, 16).decode().strip()
        done = subprocess.run(
            ["dbus-run-session", "--", "bash", "-c", wrapped],
            env=os.environ
            | {
                "display": display,
                "PYTHON": sys.executable,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "XDG_CONFIG_HOME": str(folder),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(reading)
        screen.terminate()
        screen.wait(10)
    assert done.returncode == 0, done.stderr
    return done.stdout
