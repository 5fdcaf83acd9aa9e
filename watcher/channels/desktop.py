"""Shows an alert on the desktop by D-Bus, where only the notification server's own answer counts as shown."""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from html import escape
from typing import Any

# jeepney comes without type information
from jeepney import DBusAddress, MatchRule, new_method_call  # type: ignore[import-untyped]
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]

from rules.facts import Alert, AlertAbout, Route, Turn, Urgency
from watcher.channels import Attempt, ChannelError, OnAction, Surroundings
from watcher.channels.bus import Bus, BusError, session_address
from watcher.labels import labels_for
from watcher.mailtext import told_otherwise
from watcher.terminal import lines, one_line

log = logging.getLogger("offerwatch")

SERVICE = "org.freedesktop.Notifications"
_SERVER = DBusAddress("/org/freedesktop/Notifications", bus_name=SERVICE, interface=SERVICE)
_LEVELS = {Urgency.INFO: 0, Urgency.SOON: 1, Urgency.URGENT: 2, Urgency.CRITICAL: 2}
_ICONS = {Urgency.INFO: "dialog-information", Urgency.SOON: "appointment-soon"}
_STAYS, _AS_USUAL = 0, -1  # milliseconds, in the words of the specification
_LONGEST_BODY = 1800
_REMEMBERED = 200  # notifications whose buttons still work
_NOBODY = ("ServiceUnknown", "NameHasNoOwner", "Spawn")  # D-Bus errors that mean: no server there


@dataclass(slots=True)
class _Shown:
    """A notification on the screen: which alert it shows, and under which number."""

    alert: Alert
    number: int


class DesktopChannel:
    """Keeps one line to the session bus, since some servers take back what a vanished program has shown."""

    def __init__(
        self,
        name: str,
        around: Surroundings,
        min_urgency: Urgency = Urgency.INFO,
        timeout: float = 10.0,
    ) -> None:
        self.name = name
        self.min_urgency = min_urgency
        self._labels = labels_for(around.language)
        self._timeout = timeout
        self._callback = around.on_action
        self._bus: Bus | None = None
        self._server: str | None = None  # the bus's own name of the server that numbers and abilities are of
        self._abilities: frozenset[str] = frozenset()
        self._shown: OrderedDict[str, _Shown] = OrderedDict()  # by case, else by the alert's key
        self._sending = threading.Lock()
        self._guard = threading.Lock()  # of _shown, which the bus's thread changes too

    def on_action(self, callback: OnAction) -> None:
        """Have `callback(action, alert)` called, in a thread of its own, when a button is pressed.

        The actions are "ack", "snooze" and "steps"; the steps are shown by this channel itself.
        """
        self._callback = callback

    def send(self, alert: Alert, attempt: Attempt) -> None:
        """Show one alert; raises ChannelError unless a notification server answers with its number."""
        repeat = (self._labels.repeat,) if attempt.in_doubt else ()
        with self._sending:
            self._show(alert, "\n\n".join((*repeat, *_popup(alert))))

    def check(self) -> str:
        """Ask the notification server what it can do, showing nothing; raises ChannelError."""
        with self._sending:
            bus = self._connected()
            try:
                self._know_server(bus)
            except BusError as error:
                raise self._explained(error) from None
            buttons = "with buttons" if "actions" in self._abilities else "without buttons"
        return f"a notification service answers, {buttons}"

    def close(self) -> None:
        """Let go of the bus; what is on the screen may go with it."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _show(self, alert: Alert, body: str) -> None:
        bus = self._connected()
        try:
            self._know_server(bus)
            arguments = self._arguments(alert, body)
            answer = bus.call(new_method_call(_SERVER, "Notify", "susssasa{sv}i", arguments))
        except BusError as error:
            raise self._explained(error) from None
        number = answer[0] if answer and isinstance(answer[0], int) else 0
        if number <= 0:
            raise ChannelError(
                f"Channel {self.name}: the notification service gave no number, so nothing was shown.",
                "Restart the desktop's notification service.",
            )
        self._remember(alert, number)

    def _arguments(self, alert: Alert, body: str) -> tuple[Any, ...]:
        hints: dict[str, tuple[str, Any]] = {"urgency": ("y", _LEVELS[alert.urgency])}
        if alert.urgency is Urgency.CRITICAL:
            hints["sound-name"] = ("s", "alarm-clock-elapsed")
        return (
            "offerwatch",
            self._number_of(alert),
            _ICONS.get(alert.urgency, "dialog-warning"),
            one_line(alert.headline, 200),
            self._markup(lines(body, _LONGEST_BODY)),
            self._actions(alert),
            hints,
            _AS_USUAL if alert.urgency is Urgency.INFO else _STAYS,
        )

    def _markup(self, text: str) -> str:
        return escape(text, quote=False) if "body-markup" in self._abilities else text

    def _actions(self, alert: Alert) -> list[str]:
        mine = alert.turn is Turn.YOURS and alert.about in (AlertAbout.CASE, AlertAbout.UNCLEAR)
        if "actions" not in self._abilities or not mine:
            return []
        labels = self._labels
        buttons = [("ack", labels.ack), ("snooze", labels.snooze)] if self._callback else []
        buttons += [("steps", labels.show)] if alert.routes else []
        return [text for button in buttons for text in button]

    def _connected(self) -> Bus:
        if self._bus is not None and self._bus.alive:
            return self._bus
        self.close()
        self._server = None
        address = session_address()
        if address is None:
            raise ChannelError(
                f"Channel {self.name}: there is no session bus, so nobody is logged in to see it.",
                "Run offerwatch as a user service of the desktop session, or use another channel besides.",
            )
        try:
            bus = Bus(address, self._heard, self._timeout)
        except BusError as error:
            raise ChannelError(
                f"Channel {self.name}: the session bus can't be reached ({one_line(str(error), 120)}).",
                "Run offerwatch inside the desktop session, or use another channel besides.",
            ) from None
        self._bus = bus
        self._greet(bus)
        return bus

    def _greet(self, bus: Bus) -> None:
        try:
            bus.listen(MatchRule(type="signal", interface=SERVICE, path="/org/freedesktop/Notifications"))
        except BusError as error:
            self.close()
            raise self._explained(error) from None

    def _know_server(self, bus: Bus) -> None:
        """Numbers belong to one server, and another might take ours for somebody else's: so look who it is.

        The bus answers in order, so what was closed before is known by now too.
        """
        if self._server is not None and _owner(bus) == self._server:
            return
        with self._guard:
            self._shown.clear()
        answer = bus.call(new_method_call(_SERVER, "GetCapabilities"))  # starts one that can be started
        self._abilities = frozenset(answer[0]) if answer else frozenset()
        self._server = _owner(bus)

    def _explained(self, error: BusError) -> ChannelError:
        if any(word in error.name for word in _NOBODY):
            return ChannelError(
                f"Channel {self.name}: no notification service is running on this desktop.",
                "Start one (dunst, mako, or the desktop's own); until then use another channel besides.",
            )
        detail = one_line(str(error) or error.name, 160)
        return ChannelError(
            f"Channel {self.name}: the notification service did not show the alert ({detail}).",
            "Look whether it still runs, and restart it; it will be tried again.",
            in_doubt=not error.name,
        )

    def _number_of(self, alert: Alert) -> int:
        with self._guard:
            shown = self._shown.get(_slot(alert))
        return shown.number if shown else 0

    def _remember(self, alert: Alert, number: int) -> None:
        with self._guard:
            self._shown[_slot(alert)] = _Shown(alert, number)
            self._shown.move_to_end(_slot(alert))
            while len(self._shown) > _REMEMBERED:
                self._shown.popitem(last=False)

    def _heard(self, member: str, body: tuple[Any, ...]) -> None:
        """A signal, in the bus's own thread: which must not wait for itself, so work goes elsewhere."""
        if member == "ActionInvoked" and len(body) >= 2:
            shown = self._find(body[0])
            if shown is not None:
                work = threading.Thread(target=self._act, args=(str(body[1]), shown.alert), daemon=True)
                work.start()
        elif member == "NotificationClosed" and body:
            self._forget(body[0])

    def _find(self, number: Any) -> _Shown | None:
        with self._guard:
            return next((shown for shown in self._shown.values() if shown.number == number), None)

    def _forget(self, number: Any) -> None:
        with self._guard:
            for slot in [slot for slot, shown in self._shown.items() if shown.number == number]:
                del self._shown[slot]

    def _act(self, action: str, alert: Alert) -> None:
        if action == "steps":
            self._show_steps(alert)
        if action in ("ack", "snooze", "steps") and self._callback is not None:
            try:
                self._callback(action, alert)
            except Exception:  # a button must not end the thread with a traceback on the user's terminal
                log.error("The button %s of alert %s had no effect", action, one_line(alert.key, 80))

    def _show_steps(self, alert: Alert) -> None:
        # A pressed notification is about to be closed by its server. One shown in its place would share its
        # number, and that late good-bye would take its buttons away: so the steps are a new one.
        with self._guard:
            self._shown.pop(_slot(alert), None)
        try:
            with self._sending:
                self._show(alert, "\n\n".join(_steps(route) for route in alert.routes))
        except ChannelError as error:
            log.warning("%s", error)


def _owner(bus: Bus) -> str | None:
    try:
        return str(bus.call(message_bus.GetNameOwner(SERVICE))[0])
    except BusError as error:
        if "NameHasNoOwner" in error.name:
            return None
        raise


def _popup(alert: Alert) -> tuple[str, ...]:
    """What is offered, then the steps, then the rest: desktops cut off what is long at its end."""
    what, _, rest = "\n\n".join(told_otherwise(alert)).partition("\n")
    way = [_steps(route) for route in alert.routes[:1]]
    return tuple(part for part in (what, *way, rest.strip("\n")) if part)


def _steps(route: Route) -> str:
    return "\n".join([route.title, *[f"{number}. {step}" for number, step in enumerate(route.steps, 1)]])


def _slot(alert: Alert) -> str:
    return alert.case or alert.key
