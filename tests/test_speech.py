"""What the real words promise: every alert in every language, and no address out of a mail in any."""

from datetime import timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from rules.facts import AlertAbout, Anchor, Authenticity, Kind, Reason, Trust, Urgency
from rules.policy import Ringing
from support.watching import (
    START,
    Hands,
    Recorder,
    a_mail,
    a_notice,
    an_ignored,
    open_store,
    policy,
    read_facts,
)
from watcher.app import App
from watcher.delivery import Delivery
from watcher.loading import languages, load_words
from watcher.mailboxes import Place, Unreadable
from watcher.speech import HouseSpeech, all_own_words

ZONE = ZoneInfo("Europe/Madrid")
SECRET = "https://www.aliexpress.com/issue/accept.htm?token=never-shown"


def speech(language="en"):
    return HouseSpeech(Ringing(zone=ZONE), load_words(language), policy().hosts, ZONE, language)


def test_the_watchers_own_words_exist_in_every_language_with_the_same_holes():
    words = all_own_words()
    assert set(words) == set(languages())

    def holes(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for language, texts in words.items():
        assert set(texts) == set(words["en"]), language
        for name, text in texts.items():
            assert holes(text) == holes(words["en"][name]), (language, name)


@pytest.mark.parametrize("language", ["en", "es"])
def test_from_mail_to_channel_with_the_real_rules_and_words(tmp_path, language):
    clock, channel = Hands(), Recorder()
    store = open_store(tmp_path)
    app = App(store, speech(language), read_facts, [channel], watched=[("home", "INBOX")], now=clock)
    delivery = Delivery(store.outbox, [channel], now=clock)
    anchors = (Anchor(SECRET, "Accept"), Anchor("#", "Reject"))
    unverified = Authenticity(Trust.UNVERIFIED)
    mails = [
        a_notice(anchors=anchors),
        a_notice("unclear", None, orders=(), authenticity=unverified),
        a_notice("shop", Kind.ORDER_COMPLETED, orders=("8150004417239999",)),
        an_ignored("s", Reason.SUSPICIOUS),
        an_ignored("f", Reason.FORGED, orders=a_notice().orders),
    ]
    for uid, notice in enumerate(mails):
        app.take_in(a_mail(notice, uid))
    store.set_aside(Unreadable(Place("home", "INBOX", 7, 99), "imap://x/INBOX", "NO", None), clock.now)
    for _ in range(70):
        clock.forward(hours=2)
        app.look_at_clock()
        while delivery.deliver_one(channel):
            pass
    alerts = [alert for alert, _ in channel.handed]
    assert {alert.about for alert in alerts} == {
        AlertAbout.CASE,
        AlertAbout.UNCLEAR,
        AlertAbout.WARNING,
        AlertAbout.HEALTH,
    }
    assert len({alert.key for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert alert.headline
        assert alert.body
        assert "never-shown" not in f"{alert}"
    first = alerts[0]
    assert (first.urgency, first.rung, first.orders) == (Urgency.SOON, "new", a_notice().orders)
    assert [route.name for route in first.routes]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_only_the_watcher_knows_can_be_said(language):
    said = [
        speech(language).flood("warning/flood/1", 12, START),
        speech(language).broken("health/store/1", "The disk is full.", "Make room {x}.", START),
        speech(language).blind("health/blind/home/1/0", "home", None, "No line.", START),
        speech(language).sighted("health/seen/home/1", "home", START, START + timedelta(hours=1)),
        speech(language).test("test/1", START),
    ]
    assert [alert.key for alert in said] == [
        "warning/flood/1",
        "health/store/1",
        "health/blind/home/1/0",
        "health/seen/home/1",
        "test/1",
    ]
    assert "12" in said[0].headline
    assert "The disk is full. Make room {x}." in said[1].body
