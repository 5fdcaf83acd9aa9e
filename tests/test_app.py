"""What the two verbs promise: facts change cases, only the clock makes alerts."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts import Act, AlertAbout, Answer, Authenticity, Kind, Outcome, Reason, Trust, Urgency, Within
from rules.policy import Ringing
from support.watching import (
    ORDER,
    START,
    Hands,
    PlainSpeech,
    Recorder,
    a_mail,
    a_notice,
    an_ignored,
    open_store,
    read_facts,
    refusals,
)
from watcher.app import App, Limits
from watcher.delivery import Delivery
from watcher.mailboxes import Looked, Message, Place, Unreadable


class House:
    """A store, an app, channels and a clock that is turned by hand."""

    def __init__(self, folder, channels=None, **options):
        self.clock = Hands()
        self.channels = channels or [Recorder()]
        self.store = open_store(folder)
        speech = PlainSpeech(options.pop("ringing", None))
        read = options.pop("read", read_facts)
        self.app = App(self.store, speech, read, self.channels, now=self.clock, **options)
        self.delivery = Delivery(self.store.outbox, self.channels, now=self.clock)
        self.delivery.on_failure = lambda: self.app.look_at_clock(only=())
        self.uid = 0

    def take(self, *notices):
        for notice in notices:
            self.uid += 1
            self.app.take_in(a_mail(replace(notice, received_at=self.clock.now), self.uid))

    def deliver(self):
        for channel in self.channels:
            while self.delivery.deliver_one(channel):
                pass

    def tick(self, **span):
        self.clock.forward(**span)
        self.app.look_at_clock()
        self.deliver()

    @property
    def rungs(self):
        return [alert.rung for alert, _ in self.channels[0].handed]

    def states(self, channel=None):
        rows = [row for each in self.store.alerts() for row in each["deliveries"]]
        return [row["state"] for row in rows if channel in (None, row["channel"])]


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_a_new_offer_rings_at_once(house):
    house.take(a_notice())
    house.deliver()
    assert house.rungs == ["new"]
    assert house.channels[0].handed[0][0].orders == (ORDER,)


def test_every_rung_is_said_once_however_often_the_clock_is_looked_at(house):
    house.take(a_notice())
    for _ in range(24 * 7):
        house.tick(hours=1)
        house.tick()
    assert len(house.channels[0].keys) == len(set(house.channels[0].keys))
    assert house.rungs[:5] == ["new", "72h", "24h", "6h", "1h"]
    assert house.rungs[-1] == "lapsed"


def test_a_mail_taken_in_twice_rings_once(house):
    house.take(a_notice(), a_notice())
    house.deliver()
    assert house.rungs == ["new"]


def test_a_host_asleep_through_three_rungs_says_one_thing_and_that_it_is_late(house):
    house.take(a_notice())
    house.deliver()
    house.tick(days=4, hours=20)
    assert house.rungs == ["new", "6h"]
    assert house.channels[0].handed[-1][0].late


def test_a_settled_case_says_so_once_and_is_silent(house):
    house.take(a_notice())
    house.deliver()
    house.take(a_notice("end", Kind.REFUND_ISSUED, sent_at=START + timedelta(hours=1), printed=()))
    for _ in range(10):
        house.tick(hours=12)
    assert house.rungs == ["new", "settled"]
    assert house.store.open_cases() == []


def test_what_was_settled_before_it_rang_is_silent(house):
    end = a_notice("end", Kind.REFUND_ISSUED, sent_at=START + timedelta(hours=1), printed=())
    house.take(end, a_notice())
    house.tick(days=9)
    assert house.rungs == []


def test_what_lapsed_before_we_first_looked_never_rings(house):
    house.clock.forward(days=30)
    house.app.take_in(a_mail(a_notice(), 1))
    house.tick(hours=1)
    assert house.rungs == []


def test_a_case_whose_time_is_over_is_no_longer_loaded(house):
    house.take(a_notice())
    for _ in range(12):
        house.tick(days=1)
    assert house.store.open_cases() == []
    house.take(a_notice("again", sent_at=START + timedelta(days=11)))
    house.deliver()
    assert house.rungs[-1] == "new"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (Act("answered", START, Answer.ACCEPTED), "the case is settled"),
        (Act("answered", START, Answer.REJECTED), "the deadline is another one now"),
        (Act("due", START, until=START + timedelta(days=2)), "the deadline is another one now"),
        (Act("ack", START), "it was acknowledged meanwhile"),
        (Act("snooze", START, until=START + timedelta(hours=6)), "it was snoozed meanwhile"),
    ],
)
def test_what_is_no_longer_true_is_dropped_and_not_sent(house, act, why):
    house.take(a_notice())
    (case,) = house.store.cases()
    house.store.act(case.id, act)
    house.deliver()
    assert "new" not in house.rungs
    (row,) = house.store.alerts()[-1]["deliveries"]
    assert row["state"] == "dropped"
    assert row["error"] in (why, "the deadline is another one now")


def test_an_answer_ends_the_ringing_and_is_confirmed_once(house):
    house.take(a_notice())
    house.deliver()
    house.store.act(house.store.cases()[0].id, Act("answered", START, Answer.REJECTED))
    for _ in range(20):
        house.tick(hours=6)
    assert house.rungs == ["new", "settled"]


def test_a_confirmation_held_back_by_quiet_hours_still_comes(tmp_path):
    house = House(tmp_path, ringing=Ringing(quiet=(time(12), time(20))))
    house.clock.forward(hours=-2)
    house.take(a_notice(sent_at=house.clock.now))
    house.deliver()
    house.clock.forward(hours=3)
    house.store.act(house.store.cases()[0].id, Act("answered", house.clock.now, Answer.ACCEPTED))
    house.tick()
    house.tick(hours=8)
    assert house.rungs == ["new", "settled"]


def test_a_newer_rung_takes_the_place_of_one_that_still_waits(house):
    house.channels[0].failures = refusals(1)
    house.take(a_notice())
    house.deliver()
    house.tick(days=3)
    assert house.rungs == ["72h"]
    assert house.states() == ["sent", "dropped"]


def test_a_moved_deadline_speaks_again_and_the_old_word_is_dropped(house):
    house.channels[0].failures = refusals(1)
    house.take(a_notice())
    house.deliver()
    house.clock.forward(hours=1)
    soon = (Within(timedelta(days=1), timedelta(days=1), False, "within 1 day"),)
    house.take(a_notice("again", Kind.OFFER_REMINDER, sent_at=house.clock.now, printed=soon))
    house.deliver()
    assert len(house.channels[0].keys) == 1
    assert house.states() == ["sent", "dropped"]


def test_an_act_in_another_process_is_seen_by_the_next_tick(house, tmp_path):
    house.take(a_notice())
    house.deliver()
    other = open_store(tmp_path)
    (case,) = other.cases()
    other.act(case.id, Act("answered", house.clock.now, Answer.ACCEPTED))
    house.tick(days=4)
    assert house.rungs in (["new"], ["new", "settled"])


def test_quiet_channels_are_left_out_and_brought_in_when_the_others_fail(tmp_path):
    loud, quiet = Recorder("loud"), Recorder("quiet", Urgency.CRITICAL)
    house = House(tmp_path, [loud, quiet])
    house.take(a_notice())
    house.deliver()
    assert (len(loud.handed), len(quiet.handed)) == (1, 0)
    loud.failures = refusals(1)
    house.take(a_notice("two", orders=("8150004417239999",)))
    house.deliver()
    assert (len(loud.handed), len(quiet.handed)) == (1, 1)


def test_an_alert_that_no_channel_is_loud_enough_for_is_remembered_as_said(tmp_path):
    house = House(tmp_path, [Recorder("quiet", Urgency.CRITICAL)])
    house.take(a_notice())
    house.tick(hours=1)
    assert house.rungs == []
    assert [alert["rung"] for alert in house.store.alerts()] == ["new"]


def fake(n, **changes):
    changes = {"authenticity": Authenticity(Trust.UNVERIFIED), "orders": (f"{7 * 10**15 + n}",), **changes}
    return a_notice(f"fake{n}", **changes)


def test_a_flood_of_unverified_offers_cannot_bury_the_real_one(tmp_path):
    house = House(tmp_path, limits=Limits(unverified_per_hour=5))
    house.take(*[fake(n) for n in range(20)])
    house.take(a_notice())
    house.deliver()
    alerts = [alert for alert, _ in house.channels[0].handed]
    assert sum(alert.about is AlertAbout.CASE for alert in alerts) == 6
    assert sum(alert.about is AlertAbout.WARNING for alert in alerts) == 1
    assert any(alert.orders == (ORDER,) for alert in alerts)


def test_what_the_flood_held_back_is_said_later(tmp_path):
    house = House(tmp_path, limits=Limits(unverified_per_hour=5))
    house.take(*[fake(n) for n in range(12)])
    for _ in range(3):
        house.tick(minutes=61)
    said = {alert.orders for alert, _ in house.channels[0].handed if alert.about is AlertAbout.CASE}
    assert len(said) == 12


def test_a_suspicious_mail_is_warned_of_once_and_a_forged_one_if_it_names_our_order(house):
    house.take(a_notice(), an_ignored("s", Reason.SUSPICIOUS), an_ignored("s", Reason.SUSPICIOUS))
    house.take(an_ignored("f1", Reason.FORGED, orders=("1",)), an_ignored("f2", Reason.FORGED))
    for _ in range(3):
        house.tick(hours=1)
    warnings = [a for a, _ in house.channels[0].handed if a.about is AlertAbout.WARNING]
    assert sorted(alert.headline for alert in warnings) == ["forged", "suspicious"]
    assert all(alert.urgency is Urgency.INFO for alert in warnings)


def test_warnings_are_few_a_day_however_many_deceivers_write(house):
    house.take(*[an_ignored(f"s{n}", Reason.SUSPICIOUS) for n in range(50)])
    for _ in range(5):
        house.tick(hours=1)
    assert len(house.channels[0].handed) == 3
    assert house.store.diary.counters()["suspicious"] == 50


def test_a_mail_that_cannot_be_read_is_said_once(house):
    poison = Unreadable(Place("home", "INBOX", 7, 5), "test:5", "NO", None)
    for _ in range(3):
        house.store.set_aside(poison, house.clock.now)
        house.tick(hours=7)
    assert [alert.headline for alert, _ in house.channels[0].handed] == ["unreadable"]


def test_deceivers_cannot_use_up_the_warning_of_a_mail_that_cannot_be_read(house):
    house.take(*[an_ignored(f"s{n}", Reason.SUSPICIOUS) for n in range(10)])
    house.tick(hours=1)
    house.store.set_aside(Unreadable(Place("home", "INBOX", 7, 50), "test:50", "NO", None), house.clock.now)
    house.tick(hours=1)
    assert [alert.headline for alert, _ in house.channels[0].handed].count("unreadable") == 1


def test_a_mail_at_which_recognition_stumbles_does_not_block_those_after_it(house, monkeypatch):
    real = house.store.own

    def stumbling(message, now):
        if message.place.uid == 1:
            raise UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")
        return real(message, now)

    monkeypatch.setattr(house.store, "own", stumbling)
    house.take(a_notice("poison"), a_notice("two"))
    house.tick()
    assert sorted(map(str, house.rungs)) == ["None", "new"]
    assert house.store.unseen("home", "INBOX", 7, [2]) == []


def test_blindness_is_said_after_two_hours_on_every_channel(tmp_path):
    channels = [Recorder("a"), Recorder("b", Urgency.CRITICAL)]
    house = House(tmp_path, channels, watched=[("home", "INBOX"), ("home", "Junk")])
    house.store.diary.looked("INBOX", Looked("home", "INBOX", 7, 1, 0), START)
    house.tick(minutes=119)
    assert channels[0].handed == []
    house.tick(minutes=2)
    house.tick(minutes=2)
    assert [alert.headline for alert, _ in channels[0].handed] == ["blind home"]
    assert channels[1].keys == channels[0].keys
    house.tick(hours=24)
    assert len(channels[0].handed) == 2


def test_a_machine_that_slept_was_not_blind(tmp_path):
    house = House(tmp_path, watched=[("home", "INBOX")])
    house.store.diary.looked("INBOX", Looked("home", "INBOX", 7, 1, 0), START)
    house.clock.forward(hours=9)
    house.app.woke(house.clock.now)
    house.tick(minutes=5)
    assert house.channels[0].handed == []


def test_an_alarm_about_blindness_is_dropped_when_we_see_again(tmp_path):
    house = House(tmp_path, watched=[("home", "INBOX")])
    house.channels[0].failures = refusals(1)
    house.tick(hours=3)
    house.store.diary.looked("INBOX", Looked("home", "INBOX", 7, 1, 0), house.clock.now)
    house.tick(minutes=1)
    assert [alert.headline for alert, _ in house.channels[0].handed] == ["sighted home"]
    assert house.states() == ["sent", "dropped"]


def test_channels_are_proven_by_a_test_alert_as_often_as_wished(tmp_path):
    house = House(tmp_path, limits=Limits(test_every=timedelta(days=7)))
    for _ in range(15):
        house.tick(days=1)
    assert [alert.about for alert, _ in house.channels[0].handed] == [AlertAbout.TEST] * 3


def test_a_reader_that_fails_loses_no_mail_that_may_be_ours(tmp_path):
    def broken(message):
        raise RecursionError

    house = House(tmp_path, read=broken)
    for uid, raw in enumerate(
        [b"From: AliExpress <x@aliexpress.com>\n\nhello", b"From: aunt@example.org\n\nhi"]
    ):
        house.app.take_in(Message(raw, START, f"s{uid}", Place("home", "INBOX", 7, uid), len(raw)))
    house.deliver()
    assert len(house.store.cases()) == 1
    assert house.store.cases()[0].history[0].outcome is Outcome.UNCLEAR
    assert house.rungs == ["new"]


def test_a_mail_that_makes_us_stumble_blocks_no_other(tmp_path, monkeypatch):
    house = House(tmp_path)

    def stumbling(*args):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "_judge", stumbling)
        house.take(a_notice("odd", orders=("1",)))
    house.take(a_notice())
    house.tick(minutes=1)
    assert sorted(alert.headline for alert, _ in house.channels[0].handed) == ["offer new", "unreadable"]
    assert house.store.diary.unseen("home", "INBOX", 7, [1, 2], house.clock.now + timedelta(hours=7)) == [1]


def test_words_that_fail_do_not_silence_the_case_or_its_neighbours(tmp_path, monkeypatch):
    house = House(tmp_path)
    spoken = house.app.speech.case

    def stumbling(due, case, now):
        if case.orders == (ORDER,):
            raise KeyError
        return spoken(due, case, now)

    monkeypatch.setattr(house.app.speech, "case", stumbling)
    house.take(a_notice(), a_notice("two", orders=("8150004417239999",)))
    house.deliver()
    assert house.rungs == ["new", "new"]
    assert ORDER in house.channels[0].handed[0][0].headline


def own_mail(house, extra="", sender="me@example.org", kind="text/plain"):
    (_, attempt) = house.channels[0].handed[0]
    head = (
        f"From: {sender}\nContent-Type: {kind}\n{extra.format(id=attempt.message_id)}\n\naliexpress offer\n"
    )
    return Message(head.encode(), START, "own", Place("home", "INBOX", 7, 900), len(head))


@pytest.fixture
def rung(tmp_path):
    def read(message):
        if message.source == "own":
            return a_notice("from own mail", orders=("1234567890123456",))
        return read_facts(message)

    house = House(tmp_path, read=read)
    house.take(a_notice())
    house.deliver()
    return house


def test_our_own_alert_in_the_watched_mailbox_is_not_read(rung):
    rung.app.take_in(own_mail(rung, "Message-ID: {id}"))
    assert len(rung.store.cases()) == 1
    assert rung.store.unseen("home", "INBOX", 7, [900]) == []


def test_an_answer_to_our_own_alert_is_not_read(rung):
    rung.app.take_in(own_mail(rung, "Message-ID: <x@y>\nReferences: <a@b> {id}"))
    assert len(rung.store.cases()) == 1


def test_a_mail_from_aliexpress_is_read_whatever_it_refers_to(rung):
    rung.app.take_in(own_mail(rung, "References: {id}", "AliExpress <transaction@notice.aliexpress.com>"))
    assert len(rung.store.cases()) == 2


def test_a_mail_that_merely_quotes_an_id_of_ours_is_read(rung):
    rung.app.take_in(own_mail(rung, "Subject: about {id}"))
    assert len(rung.store.cases()) == 2


def test_an_alert_sent_without_the_outbox_is_known_by_its_seal_and_a_wrong_seal_is_not(rung):
    loose = rung.store.own_mail.loose_id()
    rung.app.take_in(own_mail(rung, f"Message-ID: {loose}"))
    assert len(rung.store.cases()) == 1
    wrong = loose[:17] + "0" * 16 + loose[33:]
    rung.app.take_in(own_mail(rung, f"Message-ID: {wrong}"))
    assert len(rung.store.cases()) == 2


def test_an_id_that_we_never_gave_out_hides_nothing(rung):
    rung.app.take_in(own_mail(rung, "Message-ID: <" + "0" * 32 + "@" + "0" * 32 + ".offerwatch.invalid>"))
    assert len(rung.store.cases()) == 2


def test_an_alert_that_came_back_is_carried_by_the_channels_left_out(tmp_path):
    channels = [Recorder("mail"), Recorder("quiet", Urgency.CRITICAL)]
    house = House(tmp_path, channels)
    house.take(a_notice())
    house.deliver()
    kind = "multipart/report; report-type=delivery-status"
    house.app.take_in(own_mail(house, "X-Original: {id}", "MAILER-DAEMON@example.org", kind))
    house.tick(minutes=1)
    assert len(channels[1].handed) == 1


@settings(max_examples=20, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3 * 24 * 60)), min_size=1, max_size=25),
    quiet=st.booleans(),
)
def test_whatever_comes_no_key_is_handed_out_twice_and_every_deadline_speaks(tmp_path_factory, steps, quiet):
    ringing = Ringing(quiet=(time(23), time(7)) if quiet else None)
    house = House(tmp_path_factory.mktemp("state"), ringing=ringing)
    kinds = [None, Kind.OFFER, Kind.OFFER_REMINDER, Kind.DECLINED, Kind.REFUND_ISSUED]
    for n, (kind, minutes) in enumerate(steps):
        if kind:
            house.take(
                a_notice(f"n{n}", kinds[kind], sent_at=house.clock.now, orders=(f"{10**15 + kind % 2}",))
            )
        house.tick(minutes=minutes)
    keys = house.channels[0].keys
    assert len(keys) == len(set(keys))
    for _ in range(60):
        house.tick(hours=2)
    for case in house.store.cases():
        if case.deadline is not None and case.deadline.at <= house.clock.now:
            assert house.store.said.keys_about(case.id)
