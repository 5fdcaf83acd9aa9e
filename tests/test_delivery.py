"""What delivery promises: tried until it works, marked after success, no channel in another's way."""

import json
import threading
from datetime import timedelta

import pytest

from rules.facts import Alert, AlertAbout, Basis, Deadline, Urgency
from support.waiting import until
from support.watching import START, Hands, Recorder, open_store, refusals
from watcher.channels import ChannelError
from watcher.clock import monotonic
from watcher.delivery import BACK_OFF, Delivery, Patience
from watcher.mailboxes import Looked, Message, Place
from watcher.outbox import Birth


def an_alert(key="case/1/new", latest=timedelta(days=5), **changes):
    deadline = Deadline(START + latest, START + latest, Basis.RELATIVE)
    fields = {"urgency": Urgency.SOON, "about": AlertAbout.TEST, "deadline": deadline, **changes}
    return Alert(key=key, headline="h", body="b", created_at=START, **fields)


class Post:
    """An outbox, its channels and a clock turned by hand."""

    def __init__(self, folder, *channels, **options):
        self.clock = Hands()
        self.channels = channels or (Recorder(),)
        self.store = open_store(folder)
        self.delivery = Delivery(self.store.outbox, self.channels, now=self.clock, **options)

    def bear(self, *alerts):
        names = tuple(channel.name for channel in self.channels)
        return self.store.outbox.bear([Birth(alert, names) for alert in alerts], self.clock.now)

    def one(self, place=0):
        return self.delivery.deliver_one(self.channels[place])

    def row(self, place=0):
        (row,) = [
            each
            for each in self.store.alerts()[-1]["deliveries"]
            if each["channel"] == self.channels[place].name
        ]
        return row


@pytest.fixture
def post(tmp_path):
    return Post(tmp_path)


def test_a_key_is_born_once(post):
    assert post.bear(an_alert()) == 1
    assert post.bear(an_alert()) == 0
    assert post.one()
    assert post.bear(an_alert()) == 0
    assert not post.one()
    assert post.channels[0].keys == ["case/1/new"]


def test_the_most_urgent_goes_first(post):
    post.bear(an_alert("a"), an_alert("b", urgency=Urgency.CRITICAL), an_alert("c", urgency=Urgency.URGENT))
    while post.one():
        pass
    assert post.channels[0].keys == ["b", "c", "a"]


def test_an_alert_reaches_the_channel_as_it_was_born(post):
    alert = an_alert(case="k3f9", rung="24h", late=True, orders=("1", "2"))
    post.bear(alert)
    post.one()
    assert post.channels[0].handed[0][0] == alert


def test_a_failed_try_is_repeated_later_and_later_but_never_given_up_before_the_deadline(post):
    post.channels[0].failures = refusals(1000)
    post.bear(an_alert())
    pauses = []
    while post.row()["state"] == "queued":
        before = post.clock.now
        while not post.one() and post.row()["state"] == "queued":
            post.clock.forward(seconds=1 if len(pauses) < 4 else 30)
        pauses.append(post.clock.now - before)
    assert pauses[1:6] == [*BACK_OFF[:5]]
    assert post.clock.now > START + timedelta(days=6) - BACK_OFF[-1]
    assert post.row()["state"] == "dropped"
    assert post.row()["tries"] > 48 * 5


def test_when_the_network_is_back_what_failed_is_tried_at_once(post):
    post.channels[0].failures.extend(refusals(4))
    post.bear(an_alert())
    for minutes in (0, 1, 3, 11):
        post.clock.forward(minutes=minutes)
        assert post.one()
    post.clock.forward(minutes=1)
    assert not post.one()  # the next try is ten minutes away
    post.delivery.hasten()
    assert post.one()
    assert len(post.channels[0].handed) == 1


def test_the_message_id_stays_the_same_and_tries_are_counted(post):
    post.channels[0].failures = refusals(2)
    post.bear(an_alert())
    for _ in range(3):
        assert post.one()
        post.clock.forward(minutes=1)
    (_, attempt) = post.channels[0].handed[0]
    assert (attempt.tries, attempt.in_doubt) == (2, False)
    assert attempt.message_id == post.store.own_mail.message_id("case/1/new", "recorder")


def test_ids_differ_by_installation_channel_and_key(tmp_path):
    one, two = open_store(tmp_path / "a").own_mail, open_store(tmp_path / "b").own_mail
    ids = {own.message_id(key, name) for own in (one, two) for key in "kl" for name in "xy"}
    assert len(ids) == 8
    assert open_store(tmp_path / "a").own_mail.message_id("k", "x") == one.message_id("k", "x")


def test_alerts_about_one_case_share_a_thread(post):
    post.bear(an_alert("first", case="k"))
    post.one()
    post.clock.forward(hours=1)
    post.bear(an_alert("second", case="k"))
    post.one()
    first, second = (attempt for _, attempt in post.channels[0].handed)
    assert second.thread == first.message_id


def test_an_error_is_shown_with_what_to_do(post):
    post.channels[0].failures = [ChannelError("The server refused.", "Check the password.")]
    post.bear(an_alert())
    post.one()
    assert post.row()["error"] == "The server refused. Check the password."


def test_a_channel_that_breaks_unexpectedly_is_tried_again_in_doubt(post):
    post.channels[0].failures = [ZeroDivisionError("secret words")]
    post.bear(an_alert())
    post.one()
    assert "secret" not in post.row()["error"]
    post.clock.forward(seconds=5)
    assert post.one()
    assert post.channels[0].handed[0][1].in_doubt


def test_what_was_being_sent_when_we_died_is_in_doubt_and_says_so(tmp_path):
    post = Post(tmp_path)
    post.bear(an_alert())
    assert post.store.outbox.claim("recorder", post.clock.now) is not None
    assert not post.one()
    again = Post(tmp_path)
    again.delivery.start()
    until(lambda: again.channels[0].handed)
    again.delivery.stop(2)
    assert again.channels[0].handed[0][1].in_doubt
    assert again.row()["state"] == "sent"


def in_doubt(folder, **options):
    post = Post(folder, probed=("recorder",), **options)
    post.bear(an_alert())
    row = post.store.outbox.claim("recorder", post.clock.now)
    post.store.outbox.doubt(post.clock.now)
    return post, row


def test_a_mail_in_doubt_waits_until_the_mailbox_was_looked_at(tmp_path):
    looks = []
    post, row = in_doubt(tmp_path, looked_at=lambda: looks[-1] if looks else None)
    post.clock.forward(seconds=30)
    assert not post.one()
    looks.append(post.clock.now)
    own = f"Message-ID: {row.message_id}\n\nhello\n".encode()
    message = Message(own, post.clock.now, "own", Place("home", "INBOX", 7, 1), len(own))
    assert post.store.own(message, post.clock.now)
    assert not post.one()
    assert post.row()["state"] == "sent"
    assert post.channels[0].handed == []


def test_a_mail_in_doubt_that_does_not_show_up_is_sent_again(tmp_path):
    looks = []
    post, _ = in_doubt(tmp_path, looked_at=lambda: looks[-1] if looks else None)
    post.clock.forward(seconds=30)
    looks.append(post.clock.now)
    assert post.one()
    assert post.channels[0].handed[0][1].in_doubt


def test_doubt_that_no_look_settles_does_not_hold_an_alert_back_for_long(tmp_path):
    post, _ = in_doubt(tmp_path, patience=Patience(at_most=timedelta(minutes=2)))
    post.clock.forward(seconds=119)
    assert not post.one()
    post.clock.forward(seconds=2)
    assert post.one()


def test_the_probe_says_no_only_where_our_mails_show_up_and_a_look_came_after(tmp_path):
    post, row = in_doubt(tmp_path)
    probe = post.store.own_mail.probe
    assert probe(row.message_id) is None
    assert probe("<nobody@example.org>") is None
    post.bear(an_alert("other"))
    other = post.store.own_mail.message_id("other", "recorder")
    raw = f"Message-ID: {other}\n\n".encode()
    post.store.own(Message(raw, START, "own", None, len(raw)), START)
    assert probe(other) is True
    assert probe(row.message_id) is None
    post.store.diary.looked("INBOX", Looked("home", "INBOX", 7, 2, 1), START + timedelta(minutes=1))
    assert probe(row.message_id) is False


def test_a_mail_seen_in_the_mailbox_stays_sent_whatever_the_channel_says(post):
    post.bear(an_alert())
    row = post.store.outbox.claim("recorder", post.clock.now)
    raw = f"Message-ID: {row.message_id}\n\n".encode()
    post.store.own(Message(raw, START, "own", None, len(raw)), START)
    post.store.outbox.failed(row, "cut before the answer", START, START, in_doubt=True)
    assert post.row()["state"] == "sent"
    assert not post.one()


def test_a_removed_channel_keeps_nothing_waiting(tmp_path):
    Post(tmp_path, Recorder("old")).bear(an_alert())
    post = Post(tmp_path, Recorder("new"))
    post.delivery.start()
    post.delivery.stop(2)
    assert post.store.said.waiting() == (0, None)


class Stuck(Recorder):
    """A channel that hangs until it is let go."""

    def __init__(self, name):
        super().__init__(name)
        self.go = threading.Event()

    def send(self, alert, attempt):
        self.go.wait(20)


def test_a_hanging_channel_holds_up_no_other_and_no_stop(tmp_path):
    stuck, free = Stuck("stuck"), Recorder("free")
    post = Post(tmp_path, stuck, free)
    post.delivery.start()
    post.bear(an_alert())
    post.delivery.wake()
    until(lambda: free.handed)
    began = monotonic()
    post.delivery.stop(0.3)
    assert monotonic() - began < 2
    stuck.go.set()


def test_a_failure_calls_for_the_others_at_once(tmp_path):
    calls = []
    post = Post(tmp_path, on_failure=lambda: calls.append(1))
    post.channels[0].failures = refusals(1)
    post.bear(an_alert())
    post.one()
    assert calls == [1]


def test_alerts_list_their_deliveries_as_the_contract_has_them(post):
    post.bear(an_alert())
    post.one()
    (alert,) = post.store.alerts()
    assert json.loads(json.dumps(alert)) == alert
    assert alert["deliveries"] == [
        {"channel": "recorder", "state": "sent", "tries": 1, "at": "2025-03-08T12:00:00Z", "error": None}
    ]
    assert alert["created_at"] == "2025-03-08T12:00:00Z"


def test_what_was_carried_past_the_store_is_not_sent_again_by_it(post):
    post.bear(an_alert("arrived"), an_alert("doubtful"), an_alert("under way"), an_alert("refused"))
    carried = post.store.outbox.carried
    for key, arrived in (("arrived", True), ("doubtful", None), ("under way", ...), ("refused", False)):
        assert carried.take((key, "recorder"))
        if arrived is not ...:
            carried.put_down((key, "recorder"), arrived)
    while post.one():
        pass
    told = {alert.key: attempt.in_doubt for alert, attempt in post.channels[0].handed}
    assert told == {"doubtful": True, "refused": False}
    carried.put_down(("under way", "recorder"), False)
    assert post.one()
