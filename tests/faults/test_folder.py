"""Faults of the mailbox itself: renumbered, moved, poisoned, crowded; every offer rings once."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from support.faults import an_offer, another_program, mailbox
from support.scripted_imap import ScriptedImap
from watcher.clock import utc_now
from watcher.mailboxes import Looked, Passed
from watcher.store import Store

LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
AWAKE = 240.0
ZONES = ("Pacific/Kiritimati", "America/Los_Angeles", "UTC")


def test_f15_the_numbers_are_given_anew(stage, own_dovecot, many):
    renumbered(stage, own_dovecot, many, gap=False)


def test_f16_the_numbers_are_given_anew_and_mail_comes_in_the_gap(stage, own_dovecot, many):
    renumbered(stage, own_dovecot, many, gap=True)


def renumbered(stage, own_dovecot, many, gap):
    server = own_dovecot()
    scene = stage(server, window=1.0)
    with scene.watching():
        scene.offers_of(many)
        scene.settle()
        server.stop()
        server.renumber()
        if gap:
            scene.offers_of(2)
        server.start()
        scene.settle()
        scene.look_again()
    scene.verdict()


def test_f17_the_numbers_are_counted_again_from_below(stage, many):
    with ScriptedImap() as server:
        scene = stage(server, window=0.4)
        for number in range(many):
            server.mails[100 + number] = scene.expect(an_offer(scene.number())).raw
        with scene.watching():
            scene.settle()
            for number in range(many):  # the server has lost its count: new mail gets old, lower numbers
                server.mails[1 + number] = scene.expect(an_offer(scene.number())).raw
            for uid in [uid for uid in server.mails if uid >= 100]:
                server.mails.pop(uid)
            scene.settle(6)
        scene.verdict()


def test_f18_mails_are_removed_between_search_and_fetch(stage, dovecot, many):
    scene = stage(window=AWAKE)
    scene.untouched = False
    gone = [an_offer(900 + n) for n in range(3)]
    with another_program(dovecot, scene.plan.user) as imap:
        for each in gone:
            dovecot.deliver(each.raw, user=scene.plan.user)
        scene.offers_of(many)
        imap.select("INBOX")

        def removing(plan, folder):
            made = mailbox(plan, folder)
            whole = made._bodies.whole

            def first(*rest, **more):
                if gone:
                    _, found = imap.search(None, "1:*")
                    numbers = found[0].split()[: len(gone)]
                    gone.clear()
                    imap.store(b",".join(numbers), "+FLAGS", r"(\Deleted)")
                    imap.expunge()
                yield from whole(*rest, **more)

            made._bodies.whole = first
            return made

        with scene.watching(make_mailbox=removing):
            scene.settle()
    scene.verdict()


def test_f19_mails_are_moved_before_they_are_read(stage, dovecot, many):
    scene = stage(folders=("INBOX", "\\Junk"), window=0.5)
    scene.untouched = False
    dovecot.maildir("Junk", scene.plan.user)
    with another_program(dovecot, scene.plan.user) as imap, scene.watching():
        imap.select("INBOX")
        for _ in range(many):
            scene.offer()
            time.sleep(scene.random.uniform(0, 0.05))
            imap.noop()
            imap._simple_command("UID", "MOVE", "1:*", "Junk")
        scene.settle()
    scene.verdict()


def test_f20_the_same_mail_lies_in_two_folders(stage, dovecot, many):
    scene = stage(folders=("INBOX", "Archive"), window=0.5)
    dovecot.maildir("Archive", scene.plan.user)
    with scene.watching():
        for _ in range(many):
            made = scene.offer()
            dovecot.deliver(made.raw, "Archive", scene.plan.user)
            if scene.random.random() < 0.3:
                dovecot.deliver(made.raw, "INBOX", scene.plan.user)
        scene.settle()
    scene.verdict()


def test_f21_different_mails_bear_one_message_id(stage, many):
    scene = stage()
    with scene.watching():
        for _ in range(many):
            scene.offer(message_id="<the-same@notice.aliexpress.com>")
        scene.settle()
    scene.verdict()


@pytest.mark.parametrize("zone", ZONES if LONG else ZONES[:1])
def test_f22_a_mail_has_no_date_and_no_name(stage, many, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        scene = stage()
        with scene.watching() as built:
            for _ in range(many):
                scene.offer(date=False, message_id=None)
            scene.settle()
            for case in built.store.cases():
                left = case.deadline.at - utc_now()
                assert timedelta(days=4, hours=23, minutes=58) < left <= timedelta(days=5), (zone, left)
        scene.verdict()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_f24_one_mail_cannot_be_read(stage, dovecot, many):
    scene = stage(window=0.5)
    scene.offers_of(max(6, many // 2))
    poison = dovecot.deliver(an_offer(990).raw, user=scene.plan.user)
    poison.chmod(0)
    scene.offers_of(max(6, many // 2))  # more than eight: their sizes are asked for first
    with scene.watching() as built:
        scene.settle()
        scene.wait_for(lambda: any("unreadable" in key for key, _ in scene.alerts()))
        for _ in range(3):
            built.daemon.tick()
            scene.look_again()
    poison.unlink()
    assert sum("unreadable" in key for key, _ in scene.alerts()) == 1
    scene.verdict()


def test_f27_the_folder_holds_a_hundred_and_fifty_thousand_mails(stage, many):
    crowd = dict.fromkeys(range(1_000_000, 1_150_000), b"From: n@example.org\r\nSubject: x\r\n\r\nno\r\n")

    def search(talk, tag, rest):
        uids = sorted(server.mails)
        if rest.startswith("UID "):
            first, _, last = rest.split()[1].partition(":")
            low = int(first)
            high = uids[-1] if last == "*" else int(last or first)
            uids = [uid for uid in uids if min(low, high) <= uid <= max(low, high)]
        elif ":" in rest.split()[0]:
            low, high = (int(end) for end in rest.split()[0].split(":"))
            uids = uids[low - 1 : high]
        talk.send(f"* SEARCH {' '.join(map(str, uids))}".rstrip().encode() + b"\r\n")
        talk.ok(tag)

    with ScriptedImap(crowd, on={"UID SEARCH": search}) as server:
        scene = stage(server, window=0.5)
        store = Store(Path(scene.plan.state))  # a first look was completed before
        store.passed(Passed("home", "INBOX", 7, tuple(crowd)), utc_now())
        store.diary.looked("INBOX", Looked("home", "INBOX", 7, 1_150_000, 150_000), utc_now())
        store.close()
        with scene.watching():
            for number in range(many):
                server.mails[1_150_000 + number] = scene.expect(an_offer(scene.number())).raw
            scene.settle(15)
        scene.verdict()


def test_f28_two_hundred_mails_at_once_a_huge_one_and_an_empty_one(stage, dovecot, many, long_run):
    scene = stage(window=1.0)
    with scene.watching():
        scene.wait_for(scene.looked)
        for n in range(200 if long_run else 40):
            dovecot.deliver(
                b"From: n@example.org\r\nSubject: news %d\r\n\r\nno\r\n" % n, user=scene.plan.user
            )
        huge = an_offer(scene.number())
        megabytes = 25 if long_run else 3
        dovecot.deliver(huge.raw + b"\r\n" + (b"x" * 998 + b"\r\n") * 1000 * megabytes, user=scene.plan.user)
        scene.expect(huge)
        dovecot.deliver(b"", user=scene.plan.user)
        scene.offers_of(many)
        scene.settle()
    scene.verdict()


def test_f52_one_of_two_folders_is_not_there(stage, dovecot, many):
    """It is said once, and taken back once, however often the other folder is seen meanwhile."""
    scene = stage(folders=("INBOX", "Disputes"), window=0.3)

    def times(word):
        return sum(f"health/{word}/" in key for key, _ in scene.alerts())

    with scene.watching() as built:
        scene.offers_of(many)
        scene.wait_for(lambda: scene.all_rung() and times("refused"))
        for _ in range(4):
            before = built.daemon._lookers[0].looked_at
            scene.wait_for(lambda before=before: built.daemon._lookers[0].looked_at != before)
            time.sleep(0.3)
            built.daemon.tick()
        assert (times("refused"), times("seen")) == (1, 0)
        dovecot.maildir("Disputes", scene.plan.user)
        scene.offer("Disputes")
        scene.settle()
        built.daemon.tick()
        scene.wait_for(lambda: times("seen") == 1)
    assert times("refused") == 1
    scene.verdict()


def test_b13_text_and_html_say_different_things(stage, many):
    scene = stage()
    with scene.watching() as built:
        for _ in range(many):
            scene.offer(text="Hello, see this mail in a program that shows HTML.\n", span="30 hours")
        scene.settle()
        for case in built.store.cases():
            left = case.deadline.at - utc_now()
            assert timedelta(hours=29, minutes=58) < left <= timedelta(hours=30)
    scene.verdict()


def test_b21_the_same_offer_comes_again_with_another_deadline(stage, dovecot):
    scene = stage()
    with scene.watching() as built:
        first = scene.offer(sent_at=utc_now() - timedelta(minutes=1))
        scene.settle()
        number = int(first.order) - 8150004417000000
        again = an_offer(number, "2 days", utc_now(), message_id="<again@notice.aliexpress.com>")
        dovecot.deliver(again.raw, user=scene.plan.user)
        scene.wait_for(lambda: len(scene.alerts()) == 2)
        scene.look_again()
        (case,) = built.store.cases()
        assert case.deadline.at - utc_now() <= timedelta(days=2)
    assert len({key for key, _ in scene.alerts()}) == len(scene.alerts()) == 2
    scene.verdict()


def test_b22_a_flood_of_fakes_does_not_bury_the_real_one(stage, dovecot, long_run):
    scene = stage()
    count = 300 if long_run else 45
    with scene.watching():
        for n in range(count):
            fake = an_offer(500_000 + n, verified=False)
            dovecot.deliver(fake.raw, user=scene.plan.user)
        real = scene.offer()
        scene.wait_for(lambda: real.order in scene.rung(), 30)
        scene.wait_for(lambda: any("flood" in key for key, _ in scene.alerts()))
    fakes = {order for order in scene.rung() if order != real.order}
    assert len(fakes) <= 30
    for order in fakes:
        scene.offers.append(type(real)(order, b""))
    scene.verdict()
