"""Mail in files is found, told from other files, and never left out in silence."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from watcher.mailboxes import Message
from watcher.mailboxes.files import Failed, Skipped, walk
from watcher.mailboxes.mbox import pieces
from watcher.mailboxes.receipt import from_line, receipt

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
RAW = b"From: a@example.org\nDate: Sat, 08 Mar 2025 10:00:00 +0000\nSubject: one\n\nbody\n"
FROM = b"From a@example.org Sat Mar  8 15:37:28 2025\n"


def _walk(*sources: object, stdin: bytes = b"") -> list[Message | Skipped | Failed]:
    return list(walk([str(s) for s in sources], io.BytesIO(stdin), NOW))


def _messages(*sources: object, stdin: bytes = b"") -> list[Message]:
    return [item for item in _walk(*sources, stdin=stdin) if isinstance(item, Message)]


def test_a_folder_is_read_in_the_order_of_names_and_other_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.eml", "b/a.EML", "a.eml", "b/1"):
        (tmp_path / name).write_bytes(RAW)
    for name in ("notes.txt", "b/picture.png", "README"):
        (tmp_path / name).write_bytes(b"no mail: at all\n")
    items = _walk(tmp_path)
    found = [os.path.relpath(i.source, tmp_path) for i in items if isinstance(i, Message)]
    assert found == ["a.eml", "b/1", "b/a.EML", "c.eml"]
    assert sum(isinstance(i, Skipped) for i in items) == 3
    assert len(items) == 7


def test_a_file_that_is_named_is_tried_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "saved.txt").write_bytes(RAW)
    [message] = _messages(tmp_path / "saved.txt")
    assert (message.raw, message.place) == (RAW, None)


def test_an_mbox_gives_its_mails_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "mail.mbox"
    path.write_bytes(FROM + RAW + b"\n" + FROM + RAW.replace(b"body", b">From here\n>>From there") + b"\n")
    first, second = _messages(path)
    assert (first.source, second.source) == (f"{path}#1", f"{path}#2")
    assert first.raw == RAW
    assert second.raw.endswith(b"\nFrom here\n>From there\n")
    assert first.received_at == datetime(2025, 3, 8, 15, 37, 28, tzinfo=UTC)


def test_a_file_without_a_telling_name_is_known_as_an_mbox_by_its_start(tmp_path: Path) -> None:
    (tmp_path / "Inbox").write_bytes(FROM + RAW + b"\n" + FROM + RAW)
    assert [m.source for m in _messages(tmp_path)] == [f"{tmp_path / 'Inbox'}#{n}" for n in (1, 2)]


def test_a_line_that_begins_with_from_inside_a_mail_ends_nothing() -> None:
    text = FROM + RAW + b"\nFrom what I hear,\nall is well.\nFrom a@b Sat Mar  8 15:37:28 2025\nmore\n"
    [piece] = pieces(io.BytesIO(text))
    assert b"From what I hear" in piece.raw
    assert b"more" in piece.raw


def test_an_mbox_without_dates_is_told_by_the_header_lines_that_follow() -> None:
    assert len(list(pieces(io.BytesIO(b"From -\n" + RAW + b"\nFrom -\n" + RAW)))) == 2


def test_a_maildir_is_read_with_its_sub_folders(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / ".Junk"):
        for room in ("tmp", "new", "cur"):
            (place / room).mkdir(parents=True)
            (place / room / f"{room}.host:2,S").write_bytes(RAW)
    sources = [m.source for m in _messages(tmp_path)]
    assert len(sources) == 4
    assert not any("/tmp/tmp.host" in s for s in sources)


def test_standard_input_is_one_mail_received_now_unless_it_says_when(tmp_path: Path) -> None:
    [message] = _messages("-", stdin=RAW)
    assert (message.source, message.received_at) == ("-", NOW)
    told = b"Received: from x by y; Sat, 08 Mar 2025 16:00:00 +0100\n" + RAW
    [message] = _messages("-", stdin=told)
    assert message.received_at == datetime(2025, 3, 8, 15, tzinfo=UTC)


def test_nothing_on_standard_input_is_said() -> None:
    [item] = _walk("-")
    assert isinstance(item, Failed)


def test_a_file_counts_as_received_when_it_was_written_unless_it_says_when(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(RAW)
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert _messages(path)[0].received_at == NOW
    path.write_bytes(b"Delivery-date: Sat, 08 Mar 2025 11:00:00 +0000\n" + RAW)
    assert _messages(path)[0].received_at == datetime(2025, 3, 8, 11, tzinfo=UTC)


def test_the_topmost_received_line_counts_and_a_broken_one_does_not() -> None:
    two = (
        b"Received: from a\r\n\tby b; Sat, 8 Mar 2025 15:00:00 +0000\r\n"
        b"Received: x; Fri, 7 Mar 2025 15:00:00 +0000\r\n\r\n"
        b"Received: body; Sat, 8 Mar 2020 15:00:00 +0000\r\n"
    )
    assert receipt(two) == datetime(2025, 3, 8, 15, tzinfo=UTC)
    assert receipt(b"Received: from a by b; someday\r\n\r\n") is None
    assert receipt(b"") is None


def test_what_cannot_be_read_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(RAW)
    (tmp_path / "empty.eml").write_bytes(b"")
    items = _walk(tmp_path / "nowhere", tmp_path / "empty.eml", tmp_path / "a.eml")
    assert [type(i) for i in items] == [Failed, Failed, Message]
    assert isinstance(items[0], Failed)
    assert "nowhere" in items[0].sentence


def test_a_pipe_met_in_a_folder_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [type(i) for i in _walk(tmp_path)] == [Skipped]


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(RAW)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(_messages(tmp_path)) == 1


def test_a_huge_file_is_cut_and_says_how_large_it_was(tmp_path: Path) -> None:
    for name, before in (("a.eml", b""), ("b.mbox", FROM)):
        (tmp_path / name).write_bytes(before + RAW + b"x\n" * 1_500_000)
    for message in _messages(tmp_path):
        assert (len(message.raw), message.size) == (2_097_152, len(RAW) + 3_000_000)


@given(st.binary(max_size=400))
def test_no_bytes_break_an_mbox_or_a_header(raw: bytes) -> None:
    found = list(pieces(io.BytesIO(raw)))
    assert sum(p.size for p in found) <= len(raw)
    assert receipt(raw) is None or receipt(raw).tzinfo is not None  # type: ignore[union-attr]
    assert from_line(raw) is None or b":" in raw


@given(st.lists(st.sampled_from([b"hello", b"From me", b">From you", b""]), max_size=8))
def test_what_an_mbox_writer_quotes_comes_back_as_it_was(lines: list[bytes]) -> None:
    body = b"".join(line + b"\n" for line in lines)
    quoted = b"".join(
        (b">" + line if line.lstrip(b">").startswith(b"From ") else line) + b"\n" for line in lines
    )
    head = b"Subject: x\n\n"
    found = list(pieces(io.BytesIO((FROM + head + quoted + b"\n") * 2)))
    assert [p.raw for p in found] == [head + body] * 2
