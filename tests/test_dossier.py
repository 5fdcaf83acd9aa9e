"""A case in one folder: mails as they came, a story to print, proof checked by name and first bytes."""

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rules.facts import Kind
from rules.responses import VIDEO_BYTES, Said, draft
from support.judgement import DISPUTE, notice, only
from support.outsider import offerwatch
from watcher.clock import utc_now
from watcher.commands import open_house
from watcher.commands.dossier import size_said
from watcher.dossierpage import Pages, Row, page
from watcher.evidence import File, Item, State, checklist, files_in
from watcher.loading import load_answers
from watcher.mailboxes import Message, Place
from watcher.readers import Readers
from watcher.recipe import Recipe
from watcher.wiring import store_of

OFFER = Path(__file__).parent.parent / "fixtures/offer/en/offer-countdown-hours.eml"
ORDER = "8194027715526318"
CONF = {"OFFERWATCH_CONFIG": "conf.toml"}
JPEG, PNG, MP4 = b"\xff\xd8\xff\xe0" + b"x" * 20, b"\x89PNG\r\n\x1a\n" + b"x" * 20, b"\0\0\0\x18ftypmp42"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose store has one open offer, in Spanish."""
    (tmp_path / "conf.toml").write_text('state_dir = "state"\nlanguage = "es"\ntimezone = "Europe/Madrid"\n')
    house, raw, now = open_house(tmp_path / "conf.toml"), OFFER.read_bytes(), utc_now()
    message = Message(raw, now, "test", Place("home", "INBOX", 7, 1), len(raw))
    store = store_of(house)
    with Readers(lambda name: Recipe()) as readers:
        store.take_in(message, replace(readers(message), sent_at=now - timedelta(hours=1), received_at=now))
    store.close()
    return tmp_path


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    folder = tmp_path / "proof"
    (folder / "more").mkdir(parents=True)
    for name, data in {
        "box-outside.jpg": JPEG,
        "IMG_1.png": PNG,
        "more/unboxing.mp4": MP4,
        "empty.jpg": b"",
        "lie.png": JPEG,
        "phone.heic": b"\0\0\0\x18ftypheic",
        "program.exe": b"MZ",
        ".hidden.jpg": JPEG,
    }.items():
        (folder / name).write_bytes(data)
    (folder / "link.jpg").symlink_to(folder / "box-outside.jpg")
    return folder


def test_a_dossier_has_the_mails_the_story_the_checklist_and_the_letters(home: Path, proof: Path) -> None:
    told = ["--output", "out", "--evidence", proof, "--reason", "damaged", "--defect", "the lid is cracked"]
    ran = offerwatch(home, "dossier", ORDER, *told, more=CONF)
    assert ran.code == 0, ran.err
    out = home / "out"
    (mail,) = (out / "mails").iterdir()
    assert mail.read_bytes() == OFFER.read_bytes()
    assert {path.name for path in out.iterdir()} == {
        "mails", "drafts", "timeline.html", "timeline.json", "checklist.txt",
    }  # fmt: skip
    letters = {path.stem: path.read_text() for path in (out / "drafts").iterdir()}
    assert set(letters) == {"accept", "reject", "counter", "escalate"}
    assert "The lid is cracked." in letters["reject"]
    data = json.loads((out / "timeline.json").read_text())
    assert [item["state"] for item in data["checklist"]] == ["there", "maybe", "there"]
    assert [event["mark"] for event in data["timeline"]][:2] == ["mail", "now"]
    assert data["reason"] == "damaged"
    listed = (out / "checklist.txt").read_text()
    assert "[está] Fotos del embalaje" in listed
    assert "box-outside.jpg" in listed
    html = (out / "timeline.html").read_text()
    assert "photos of the packaging" in html.lower()
    assert "AliExpress" in html


def test_a_dossier_is_for_its_owner_alone(home: Path) -> None:
    offerwatch(home, "dossier", ORDER, "--output", "out", more=CONF)
    for path in (home / "out", *(home / "out").rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_dossier_leads_to_no_accept_or_reject_address(home: Path) -> None:
    offerwatch(home, "dossier", ORDER, "--output", "out", more=CONF)
    html = (home / "out/timeline.html").read_text()
    assert "href" not in html
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--output", "."], "is not empty"),
        (["--output", "conf.toml"], "can't be used"),
        (["--output", "out", "--evidence", "nowhere"], "is not a folder"),
        (["--output", "out", "--reason", "ugly"], "is not a reason"),
    ],
)
def test_a_wrong_folder_is_told_in_a_sentence(home: Path, more: list[str], told: str) -> None:
    ran = offerwatch(home, "dossier", ORDER, *more, more=CONF)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert not (home / "out").exists()


def test_without_a_reason_it_says_what_to_name(home: Path) -> None:
    ran = offerwatch(home, "dossier", ORDER, "--output", "out", more=CONF)
    assert "--reason" in ran.out


# evidence


def test_each_file_is_judged_by_its_name_its_size_and_its_first_bytes(proof: Path) -> None:
    found = {file.name: file for file in files_in(proof)}
    assert set(found) == {
        "box-outside.jpg", "IMG_1.png", "more/unboxing.mp4", "empty.jpg", "lie.png", "phone.heic",
        "program.exe",
    }  # fmt: skip
    faults = {name: file.fault for name, file in found.items() if file.fault}
    assert faults.pop("empty.jpg") == "is empty"
    assert faults.pop("lie.png") == "is not what its name says (png)"
    assert "JPEG" in (faults.pop("phone.heic") or "")
    assert "no photo" in (faults.pop("program.exe") or "")
    assert faults == {}


@pytest.mark.parametrize(("size", "fits"), [(VIDEO_BYTES, True), (VIDEO_BYTES + 1, False)])
def test_a_video_may_have_two_gigabytes(tmp_path: Path, size: int, fits: bool) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(MP4)
    os.truncate(video, size)  # sparse: takes no room
    (found,) = files_in(tmp_path)
    assert (found.fault is None) == fits
    assert found.size == size


def test_a_proof_is_there_by_name_perhaps_by_kind_or_missing() -> None:
    ground = load_answers("en").ground("damaged")
    assert ground is not None
    told = ("packaging", "damage", "video")
    files = [File("pack.jpg", "photo", 9), File("x.jpg", "photo", 9), File("y.mp4", "video", 9, "is empty")]
    assert checklist(ground, told, files) == [
        Item("packaging", State.THERE, ("pack.jpg",)),
        Item("damage", State.MAYBE, ("x.jpg",)),
        Item("video", State.MISSING),
    ]
    assert {item.state for item in checklist(ground, told, [])} == {State.MISSING}


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (2 * 10**9, "2.0 GB")],
)
def test_sizes_are_told_as_people_read_them(size: int, told: str) -> None:
    assert size_said(size) == told


def test_the_page_escapes_whatever_it_is_given() -> None:
    evil = "<script>alert(1)</script>\x1b[31m"
    shown = Pages(
        evil, ((evil, evil),), (Row(evil, evil, evil, "mail"),), evil, evil,
        (Item(evil, State.MAYBE, (evil,)),), ((evil, evil, evil),), ((evil, evil),), evil,
    )  # fmt: skip
    html = page(shown)
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_a_letter_names_the_proofs_that_are_there_and_no_others() -> None:
    case, answers = only(notice(Kind.DECLINED, dispute=DISPUTE)), load_answers("en")
    told = [draft("escalate", case, Said("damaged", proofs=there), answers) for there in (None, (1,), ())]
    everything, one, none = (letter.text for letter in told if letter)
    assert "photos of the packaging" in everything
    assert "I have attached: photos of the damage.\n" in one
    assert "attached" not in none
    assert "My proof is in the dispute." in none
