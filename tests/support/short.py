"""Short mails: one of a line, in a frame of their own, each with the kind that it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

from support.goldens import FIXTURES

ORDER = "8190112233445566"
NOW = {"now": "2025-09-10T15:00:00Z"}


@dataclass(frozen=True, slots=True)
class Short:
    """One short mail; `kind` may be "ignored"."""

    locale: str
    kind: str
    text: str
    raw: bytes


def shorts() -> Iterator[Short]:
    """Every short mail of fixtures/short; a line "frame" gives the subject and the foot of those below it."""
    for path in sorted((FIXTURES / "short").glob("*.tsv")):
        subject = footer = ""
        for line in path.read_text("utf-8").splitlines():
            kind, text, *more = line.split("\t")
            if kind == "frame":
                subject, footer = text, more[0]
            else:
                yield Short(path.stem, kind, text, _mail(subject, text, footer))


def _mail(subject: str, text: str, footer: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "AliExpress <transaction@notice.aliexpress.com>", "b@example.org"
    mail["Subject"], mail["Message-ID"] = subject.replace("{order}", ORDER), "<x@example>"
    mail["Date"] = "Wed, 10 Sep 2025 14:20:00 +0000"
    body = "".join(f"<p>{part.strip().replace('{order}', ORDER)}</p>" for part in text.split("|"))
    link = f"https://www.aliexpress.com/p/order/detail.html?orderId={ORDER}"
    mail.set_content(
        f"<html><body>{body}<p><a href='{link}'>{ORDER}</a></p><p>{footer}</p></body></html>",
        subtype="html", cte="base64",
    )  # fmt: skip
    return bytes(mail)
