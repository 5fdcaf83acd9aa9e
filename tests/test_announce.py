"""Clocks that the user chose are announced once, at their time; they are shown on a timeline, never rung."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from rules.announcing import LEAD, ripe, waits
from rules.facts import Alert, AlertAbout, Answer, Case, Kind, Turn, Urgency
from rules.policy import Ringing
from rules.telling import announce
from support.judgement import DISPUTE, ORDER, answered, at, cases, notice, only, words
from support.watching import Hands, Recorder, a_mail, a_notice, open_store, policy, read_facts
from watcher.app import App, Limits
from watcher.delivery import Delivery
from watcher.loading import load_answers, load_words
from watcher.settings import settings_from
from watcher.speech import HouseSpeech
from watcher.timeline import events, reopening_ends

ZONE = ZoneInfo("Europe/Madrid")
SHIPPED = notice(Kind.ORDER_SHIPPED)


def names(case: Case, when: datetime, *chosen: str, known: datetime | None = None) -> list[str]:
    return [clock.name for clock in ripe(case, when, chosen, known or at(0))]


def test_a_chosen_clock_is_ripe_at_its_time_and_not_before() -> None:
    case = only(SHIPPED)
    assert names(case, at(10.9), "dispute_button_opens") == []
    assert names(case, at(11), "dispute_button_opens") == ["dispute_button_opens"]
    assert names(case, at(11), "refund_arrives") == []
    assert names(case, at(14.1), "dispute_button_opens") == []


def test_what_ends_something_for_the_buyer_is_told_ahead() -> None:
    case = only(SHIPPED)
    assert names(case, at(60) - LEAD, "protection_ends") == ["protection_ends"]


def test_a_plain_name_means_the_later_end() -> None:
    case = only(notice(Kind.DISPUTE_OPENED, dispute=DISPUTE))
    assert names(case, at(5), "seller_answers") == []
    assert names(case, at(15), "seller_answers") == ["seller_answers_until"]
    assert names(case, at(5), "seller_answers_from") == ["seller_answers_from"]


def test_what_came_due_before_we_knew_of_it_is_not_announced() -> None:
    assert names(only(SHIPPED), at(11.5), "dispute_button_opens", known=at(11.2)) == []


def test_a_case_is_watched_while_a_chosen_clock_waits() -> None:
    case = only(SHIPPED)
    assert waits(case, at(1), {"dispute_button_opens"})
    assert not waits(case, at(15), {"dispute_button_opens"})
    assert not waits(case, at(1), set())


@pytest.mark.parametrize("locale", ["en", "es"])
def test_an_announcement_says_when_and_shows_the_way(locale: str) -> None:
    case = only(SHIPPED)
    (clock,) = ripe(case, at(11), {"dispute_button_opens"}, at(0))
    told = announce("clock/x", clock, case, words(locale), ZONE, at(11))
    assert ORDER in told.headline
    assert "Open Dispute" in told.body
    assert (told.deadline, told.urgency, told.about) == (None, Urgency.SOON, AlertAbout.CASE)
    assert [route.name for route in told.routes] == ["open_dispute", "web_order"]


class World:
    """The app with the real words, a clock turned by hand, and a channel that keeps what it is given."""

    def __init__(self, tmp_path, *chosen: str, quiet: bool = False) -> None:
        self.clock, self.channel = Hands(), Recorder()
        self.store = open_store(tmp_path)
        hours = (time(0), time(23, 59)) if quiet else None
        ringing = Ringing(zone=ZONE, quiet=hours)
        speech = HouseSpeech(ringing, load_words("en"), policy().hosts, ZONE)
        self.app = App(
            self.store, speech, read_facts, [self.channel],
            limits=Limits(announce=frozenset(chosen)), now=self.clock,
        )  # fmt: skip
        self.delivery = Delivery(self.store.outbox, [self.channel], now=self.clock)

    def pass_days(self, days: int) -> list[Alert]:
        for _ in range(days * 4):
            self.clock.forward(hours=6)
            self.app.look_at_clock()
            while self.delivery.deliver_one(self.channel):
                pass
        return [alert for alert, _ in self.channel.handed]


def test_the_watcher_announces_once_and_says_nothing_else(tmp_path) -> None:
    world = World(tmp_path, "dispute_button_opens")
    world.app.take_in(a_mail(a_notice("ship", Kind.ORDER_SHIPPED, printed=())))
    assert world.pass_days(10) == []
    said = world.pass_days(80)
    assert [alert.headline.split(":")[0] for alert in said] == ["The dispute button opens"]


def test_nothing_is_announced_that_was_not_chosen(tmp_path) -> None:
    world = World(tmp_path)
    world.app.take_in(a_mail(a_notice("ship", Kind.ORDER_SHIPPED, printed=())))
    assert world.pass_days(70) == []


def test_quiet_hours_are_kept(tmp_path) -> None:
    world = World(tmp_path, "dispute_button_opens", quiet=True)
    world.app.take_in(a_mail(a_notice("ship", Kind.ORDER_SHIPPED, printed=())))
    assert [alert for alert in world.pass_days(20) if alert.created_at.astimezone(ZONE).hour < 23] == []


def test_the_button_is_not_announced_where_there_is_a_dispute(tmp_path) -> None:
    world = World(tmp_path, "dispute_button_opens")
    world.app.take_in(a_mail(a_notice("ship", Kind.ORDER_SHIPPED, printed=())))
    world.app.take_in(a_mail(a_notice("open", Kind.DISPUTE_OPENED, dispute=DISPUTE, printed=()), 2))
    assert world.pass_days(20) == []


def test_the_configuration_takes_names_of_clocks_only(tmp_path) -> None:
    path = tmp_path / "conf.toml"
    good = settings_from({"alerts": {"announce": ["dispute_button_opens", "refund_arrives_until"]}}, path)
    assert good.alerts.announce == ["dispute_button_opens", "refund_arrives_until"]
    with pytest.raises(Exception, match="dispute_button_opens"):
        settings_from({"alerts": {"announce": ["the_end"]}}, path)


# the timeline


def test_the_timeline_of_a_dispute_has_its_orders_clocks_and_where_we_stand() -> None:
    opened = notice(Kind.DISPUTE_OPENED, at(12), dispute=DISPUTE)
    order, dispute = cases(SHIPPED, opened)
    told = events(dispute, (order,), words(), load_answers("en").texts, at(13))
    assert [event.mark for event in told[:2]] == ["clock", "mail"]
    assert [event.at for event in told] == sorted(event.at for event in told)
    what = [event.what for event in told]
    assert "Buyer protection ends (about; read it on the order)" in what
    assert "You may call AliExpress in" in what
    assert {event.mark for event in told} == {"mail", "clock", "now"}
    assert any(event.who is Turn.SELLER for event in told)


def test_a_deadline_stands_on_the_timeline_with_its_last_plausible_end() -> None:
    case = only(notice(Kind.OFFER, dispute=DISPUTE))
    assert [event.mark for event in events(case, (), words(), load_answers("en").texts, at(1))] == [
        "mail",
        "now",
        "deadline",
        "deadline",
    ]


def test_a_cancelled_dispute_tells_until_when_it_can_be_opened_anew() -> None:
    notices = (SHIPPED, notice(Kind.DISPUTE_OPENED, at(12), dispute=DISPUTE))
    order, dispute = cases(*notices)
    _, cancelled = cases(*notices, acts={dispute.id: [answered(Answer.CANCELLED, at(13))]})
    assert reopening_ends(cancelled, (order,), at(14)) == at(60)
    assert reopening_ends(cancelled, (order,), at(61)) is None
    assert reopening_ends(dispute, (order,), at(14)) is None
