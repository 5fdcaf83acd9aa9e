"""Finds the innermost original of a forwarded mail, attached or quoted below a header block."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from parsers.bodies import Block, Body, visible
from parsers.cleaning import clean, fold
from parsers.headers import Address, addresses, parse_date
from parsers.message import Message, dissect
from parsers.plaintext import plain
from parsers.quoting import FORWARD_MARKS, LABELS, OTHER_LABELS, forwards, replies
from parsers.relays import is_ours, recovered

DEPTH_LIMIT = 6
_SCAN_LIMIT = 4000  # lines looked at for a header block
_BLOCK_LINES = 16  # lines a header block may have, long recipient lists and all
_LABEL = re.compile(r"[*_|\s]*([^\d\s:：*<@][^:：*<@]{0,28}?)[*_\s]*[:：][*_\s]*(.*)", re.DOTALL)
_RULE = re.compile(r"[-_=]{3,}.*")
_MAILTO = re.compile(r"[\[<(]?mailto:[^\]>)\s]*[\]>)]?", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>\"'()\[\],;:]{1,120}@[^\s<>\"'()\[\],;:]{1,200}")

ReadInstant = Callable[[str, tzinfo], datetime | None]


@dataclass(frozen=True, slots=True)
class Original:
    """The innermost mail that was forwarded.

    `date` is aware UTC, None where it can't be read. `html` and `text` are what is visible of the
    original alone, in the part it was found in. `depth` counts how often it was forwarded.
    """

    sender_name: str
    sender_address: str
    date: datetime | None
    subject: str
    html: Body | None
    text: Body | None
    depth: int
    attached: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a body and the block it stands in."""

    text: str
    block: int
    last: bool
    row: int | None


@dataclass(frozen=True, slots=True)
class _Head:
    """A header block found in a body: what it says, and the last line that belongs to it."""

    fields: dict[str, str]
    first: int
    end: int
    marked: bool


def innermost(message: Message, read_instant: ReadInstant) -> Original | None:
    """The innermost original of a forward; None where the mail is none, or is a reply.

    `read_instant(text, zone)` reads a quoted date in any language; `zone` is that of the mail's own Date,
    which counts where the quoted date names none. Never raises.
    """
    if len(message.authors) == 1 and is_ours(message.authors[0].host):
        return None  # sent by AliExpress itself: nothing in it is a forward
    return _attached(message, read_instant, 1) or _quoted(message, read_instant)


def _attached(message: Message, read_instant: ReadInstant, depth: int) -> Original | None:
    found = [dissect(raw) for raw in message.attached[:10]]
    found.sort(key=lambda inner: not _from_us(inner))
    for inner in found:
        if depth < DEPTH_LIMIT and not _from_us(inner):
            deeper = _attached(inner, read_instant, depth + 1) or _quoted(inner, read_instant, depth + 1)
            if deeper is not None:
                return deeper
        author = inner.authors[0] if inner.authors else Address("", "")
        if author.name or author.address:
            html = visible(inner.html) if inner.has_html else None
            text = plain(inner.text) if inner.text.strip() else None
            return Original(
                author.name, author.address, inner.date, inner.subject, html, text, depth, attached=True
            )
    return None


def _from_us(message: Message) -> bool:
    author = message.authors[0] if message.authors else Address("", "")
    return is_ours((recovered(author) or author).host)


def _quoted(message: Message, read_instant: ReadInstant, depth: int = 1) -> Original | None:
    if replies(message.subject):
        return None
    zone: tzinfo = message.date_offset or UTC
    html = _peel(visible(message.html), message.subject, depth) if message.has_html else None
    text = _peel(plain(message.text), message.subject, depth) if message.text.strip() else None
    best = html or text
    if best is None:
        return None
    fields, _, reached = best
    sender = _sender(fields["from"])
    return Original(
        sender_name=sender.name,
        sender_address=sender.address,
        date=_instant(fields.get("date", ""), zone, read_instant),
        subject=fields.get("subject", ""),
        html=html[1] if html else None,
        text=text[1] if text else None,
        depth=reached,
    )


def _peel(body: Body, subject: str, depth: int) -> tuple[dict[str, str], Body, int] | None:
    """Take header block after header block off a body: (fields of the last one, what is below it, depth)."""
    found = None
    while depth <= DEPTH_LIMIT:
        head = _head(list(_flat(body)), subject)
        if head is None:
            break
        body = _below(body, list(_flat(body)), head)
        found = (head.fields, body, depth)
        subject = head.fields.get("subject", "")
        sender = _sender(head.fields["from"])
        if is_ours((recovered(sender) or sender).host) or replies(subject):
            break
        depth += 1
    return found


def _flat(body: Body) -> Iterator[_Line]:
    count = 0
    for index, block in enumerate(body.blocks):
        lines = block.text.split("\n")
        for number, line in enumerate(lines):
            count += 1
            if count > _SCAN_LIMIT:
                return
            yield _Line(line, index, number == len(lines) - 1, block.row)


def _head(lines: list[_Line], subject: str) -> _Head | None:
    """The first header block that announces a forward."""
    start = 0
    while start < len(lines):
        if _field(lines, start) is None:
            told = _told_in_one_line(lines, start)
            if told is not None:
                return told
            start += 1
            continue
        head = _block_at(lines, start)
        if head is None:
            start += 1
            continue
        if head.marked or forwards(subject) or not _answers(lines, head):
            return head
        start = head.end + 1
    return None


def _told_in_one_line(lines: list[_Line], start: int) -> _Head | None:
    """Right below a forward's mark, one line with date and sender: `06.05.2026, 09:05, "Shop" <a@b>:`"""
    text = lines[start].text.strip()
    found = _ADDRESS.search(text)
    if found is None or not text.endswith(":") or not any(c.isdigit() for c in text[: found.start()]):
        return None
    if not _marked(lines, start):
        return None
    date, _, name = text[: found.start()].rstrip(" <(").rpartition(",")
    return _Head({"from": f"{name.strip()} <{found.group()}>", "date": date}, start, start, True)


def _block_at(lines: list[_Line], start: int) -> _Head | None:
    """A run of labelled lines with a sender and two more of date, subject and recipient."""
    fields: dict[str, str] = {}
    end = index = start
    role_before = ""
    while index < min(len(lines), start + _BLOCK_LINES):
        field = _field(lines, index)
        if field is None:
            goes_on = role_before in ("to", "from", "other") and "@" in lines[index].text
            if not goes_on and not (role_before == "subject" and _field(lines, index + 1) is not None):
                break
            if role_before in ("from", "subject"):
                fields[role_before] += " " + lines[index].text
            end, index = index, index + 1
            continue
        role, value, used = field
        if role == "other" and ("from" not in fields or len(fields) < 2):
            break
        if role in fields:
            break
        fields.setdefault(role, value)
        role_before = role
        end, index = index + used - 1, index + used
    if "from" not in fields or len({"date", "subject", "to"} & fields.keys()) < 2:
        return None
    fields = {name: clean(value) for name, value in fields.items()}
    return _Head(fields, start, end, _marked(lines, start))


def _field(lines: list[_Line], index: int) -> tuple[str, str, int] | None:
    """(role, value, lines used) of a labelled line; in a table the value is the next cell of the row."""
    if index >= len(lines):
        return None
    match = _LABEL.fullmatch(lines[index].text)
    if match is None:
        return None
    word = fold(match.group(1)).strip()
    role = LABELS.get(word) or ("other" if word in OTHER_LABELS else None)
    if role is None:
        return None
    value = match.group(2).strip()
    if value:
        return role, value, 1
    following = lines[index + 1] if index + 1 < len(lines) else None
    if following is None or _known(following.text):
        return (role, "", 1) if role in ("other", "to") else None
    return role, following.text, 2


def _known(text: str) -> bool:
    match = _LABEL.fullmatch(text)
    return match is not None and fold(match.group(1)).strip() in LABELS


def _marked(lines: list[_Line], start: int) -> bool:
    """Do the lines just above say that a forwarded mail follows?"""
    for line in lines[max(0, start - 4) : start]:
        folded = fold(line.text)
        if len(folded) < 120 and any(mark in folded for mark in FORWARD_MARKS):
            return True
    return False


def _answers(lines: list[_Line], head: _Head) -> bool:
    """Without a forward's mark or subject: text of the writer's own above the block makes it an answer.

    A forward without a word of one's own has the block on top; Outlook's answers have it below the answer.
    """
    above = [line.text for line in lines[: head.first] if line.text and not _RULE.fullmatch(line.text)]
    return sum(len(text) for text in above) > 0


def _below(body: Body, lines: list[_Line], head: _Head) -> Body:
    """What stands under a header block, as if it were a mail of its own."""
    last = lines[head.end]
    rest = [line.text for line in lines[head.end + 1 :] if line.block == last.block]
    blocks = list(body.blocks[last.block + 1 :])
    shift = last.block + 1
    if rest:
        blocks.insert(0, replace(body.blocks[last.block], text="\n".join(rest)))
        shift -= 1
    base = blocks[0].quote if blocks else 0
    kept: list[Block] = []
    for block in blocks:
        if block.quote < base:
            break
        kept.append(replace(block, quote=block.quote - base) if base else block)
    anchors = []
    for one in body.anchors:
        position = one.position - shift
        if 0 <= position < max(1, len(kept)) and not one.href.lower().startswith("mailto:"):
            quoted = position < len(kept) and kept[position].quoted
            anchors.append(replace(one, position=position, quoted=quoted))
    return Body(tuple(kept), tuple(anchors))


def _sender(printed: str) -> Address:
    """Who a quoted From line names: `Name <a@b>`, `Name [mailto:a@b]`, or a name alone."""
    tidy = _MAILTO.sub("", printed) if printed.count("@") > 1 else printed.replace("mailto:", "")
    tidy = tidy.replace("[", "<").replace("]", ">").replace("*", "")
    found = addresses(tidy.encode("utf-8", "replace"))
    with_host = next((one for one in found if "@" in one.address), None)
    if with_host is not None:
        return with_host
    match = _ADDRESS.search(printed)
    if match:
        return Address(clean(printed[: match.start()]).strip(" <(\"'"), match.group())
    return Address(clean(printed), "")


def _instant(printed: str, zone: tzinfo, read_instant: ReadInstant) -> datetime | None:
    if not printed:
        return None
    exact = parse_date(printed)
    return exact[0] if exact else read_instant(printed, zone)
