"""The mail that carries an alert: what it says, how it is handed in, and that it is not sent twice."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from rules.facts import AlertAbout, Basis, Deadline, Due, Route, Urgency
from rules.telling import tell
from support.alerts import AT, IN_APP, NOW, ON_THE_WEB, ORDER, SECRET_LINK, a_case, an_alert
from support.smtp import DROP_AFTER, DROP_BEFORE, SmtpSink
from watcher.channels import Attempt, ChannelError, Probe, Surroundings
from watcher.channels.mail import EmailChannel
from watcher.channels.smtp import Server
from watcher.labels import Labels, LabelsError, labels_for, labels_from
from watcher.loading import load_words
from watcher.mailtext import order_page, render, time_left

MADRID = ZoneInfo("Europe/Madrid")
FIRST = Attempt("<a1.house@x.offerwatch.invalid>")
AGAIN = Attempt(FIRST.message_id, in_doubt=True, tries=1)


def a_channel(sink: SmtpSink | None = None, probe: Probe | None = None, **server: Any) -> EmailChannel:
    port = sink.port if sink else 25
    reached = Server(**({"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5} | server))
    around = Surroundings(lambda: NOW, MADRID, probe=probe)
    return EmailChannel("email", reached, "buyer@example.org", ("me@example.net",), around)


def parts(alert: Any = None, **kwargs: Any) -> tuple[str, BeautifulSoup]:
    content = render(alert or an_alert(), labels_for("en"), MADRID, NOW, **kwargs)
    return content.text, BeautifulSoup(content.html, "lxml")


# TLS at once is not what aiosmtpd counts as TLS
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

# What it says


def test_the_subject_tells_urgency_and_time_left() -> None:
    mail = a_channel().message(an_alert(), FIRST)
    assert mail["Subject"] == "[Urgent, 17 hours left] The seller offers 12.50 EUR: accept or reject it"


def test_the_time_left_is_that_of_sending_not_of_writing() -> None:
    later = render(an_alert(), labels_for("en"), MADRID, AT - timedelta(minutes=95))
    assert later.subject.startswith("[Urgent, 1 hour 35 minutes left]")


def test_a_deadline_that_has_passed_has_no_time_left() -> None:
    assert render(an_alert(), labels_for("en"), MADRID, AT).subject.startswith("[Urgent] ")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=3, hours=5, minutes=59), "3 days 5 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(hours=47, minutes=59), "47 hours"),
        (timedelta(hours=6, minutes=59), "6 hours"),
        (timedelta(hours=5, minutes=59, seconds=59), "5 hours 59 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=59), "0 minutes"),
    ],
)
def test_time_left_is_rounded_down(left: timedelta, said: str) -> None:
    assert time_left(left, "en") == said


def test_first_what_is_on_the_table_and_until_when_then_the_steps_then_all_the_rest() -> None:
    text, page = parts()
    order = ("The seller proposes", "Answer before", IN_APP.steps[0], ORDER, "The mail says")
    for told in (text, page.get_text(" ")):
        places = [told.index(word) for word in order]
        assert places == sorted(places)


def test_the_steps_are_told_once() -> None:
    text, page = parts()
    assert text.count(IN_APP.steps[2]) == 1
    assert page.get_text(" ").count(IN_APP.steps[2]) == 1


def test_the_deadline_is_told_in_the_users_zone() -> None:
    text, page = parts()
    assert "Answer before: Sunday, March 9, 2025, 3:37 PM CET" in text
    assert page.find("div", string="Sunday, March 9, 2025, 3:37 PM CET") is not None


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "[Urgent, 17 hours left] Accept or reject the proposal for order 8150004417231188"),
        ("es", "[Urgente, quedan 17 horas] Acepta o rechaza la propuesta para el pedido 8150004417231188"),
    ],
)
def test_a_real_alert_tells_its_deadline_steps_and_headline_once(language: str, subject: str) -> None:
    due = Due("c7f3/20250309T143700Z/24h", "24h", Urgency.URGENT, False)
    alert = tell(due, a_case(Deadline(AT, AT, Basis.STATED)), (), load_words(language), MADRID, NOW)
    content = render(alert, labels_for(language), MADRID, NOW)
    assert content.subject == subject
    assert subject.partition("] ")[2] in content.text.splitlines()
    for step in alert.routes[0].steps[-2:]:
        assert content.text.count(step) == 1


def test_the_order_number_stands_alone_to_be_copied() -> None:
    text, page = parts()
    assert ORDER in text.splitlines()
    assert page.find("div", string=ORDER) is not None


def test_the_only_address_in_a_mail_is_the_order_page() -> None:
    mail = a_channel().message(an_alert(), FIRST)
    page = BeautifulSoup(mail.get_body(("html",)).get_content(), "lxml")  # type: ignore[union-attr]
    assert [anchor["href"] for anchor in page.find_all("a")] == [ON_THE_WEB.url]
    assert page.find_all(["img", "script", "link", "iframe", "form"]) == []
    assert SECRET_LINK not in mail.as_string()
    assert "url(" not in str(page)


@pytest.mark.parametrize(
    "url",
    [
        SECRET_LINK,
        "https://www.aliexpress.com.evil.example/p/order/",
        "javascript:alert(1)",
        "https://www.aliexpress.com/p/order/\r\nBcc: x@example.org",
    ],
)
def test_a_route_to_anywhere_else_is_not_shown(url: str) -> None:
    alert = an_alert(routes=(IN_APP, Route("web_order", "In a browser", ("Sign in.",), url)))
    assert order_page(alert.routes) is None
    text, page = parts(alert)
    assert url not in text
    assert page.find("a") is None


def test_spanish_labels_for_a_spanish_user() -> None:
    content = render(an_alert(), labels_for("es-MX"), MADRID, NOW)
    assert content.subject.startswith("[Urgente, quedan 17 horas] ")
    assert 'lang="es"' in content.html


def test_an_alert_without_case_deadline_or_routes_is_still_a_whole_mail() -> None:
    alert = an_alert(
        about=AlertAbout.HEALTH,
        case=None,
        order=None,
        orders=(),
        deadline=None,
        routes=(),
        urgency=Urgency.SOON,
        body="No look for two hours.",
    )
    mail = a_channel().message(alert, FIRST)
    assert mail["References"] is None
    assert list(mail.iter_attachments()) == []
    assert "No look for two hours." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=400), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_makes_a_valid_mail_and_adds_no_header_or_markup(
    headline: str, body: str, steps: list[str]
) -> None:
    hostile = "\r\nBcc: evil@example.org\r\n\r\n<script>x</script>\x1b[2J"
    routes = (Route("app_order", hostile, (*steps, hostile), None),)
    alert = an_alert(headline=headline + hostile, body=body + hostile, routes=routes, case=hostile)
    mail = a_channel().message(alert, FIRST)
    raw = mail.as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in raw.split(b"\r\n\r\n")[0]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert BeautifulSoup(html, "lxml").find("script") is None
    assert "\x1b" not in html


def test_labels_with_a_missing_key_or_a_wrong_hole_name_it() -> None:
    good = {key: getattr(labels_for("en"), key) for key in Labels.__dataclass_fields__ if key != "language"}
    with pytest.raises(LabelsError, match=r"\[en\] ack is missing"):
        labels_from({"en": {key: text for key, text in good.items() if key != "ack"}})
    with pytest.raises(LabelsError, match=r"\[en\] left has other holes than expected: \{time\}"):
        labels_from({"en": good | {"left": "{tiem} left"}})
    with pytest.raises(LabelsError, match=r"\[en\] is missing"):
        labels_from({"es": good})


# What programs read in it


def test_headers_are_those_of_a_careful_program() -> None:
    mail = a_channel().message(an_alert(), FIRST)
    assert mail["Message-ID"] == FIRST.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Offerwatch-Key"] == an_alert().key
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail["From"] == "offerwatch <buyer@example.org>"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]


def test_only_critical_mails_claim_priority() -> None:
    critical = a_channel().message(an_alert(urgency=Urgency.CRITICAL), FIRST)
    assert (critical["Importance"], critical["Priority"], critical["X-Priority"]) == (
        "high",
        "urgent",
        "1 (Highest)",
    )
    assert a_channel().message(an_alert(), FIRST)["Importance"] is None


def test_mails_of_one_case_are_one_conversation() -> None:
    channel = a_channel()
    first, second = channel.message(an_alert(), FIRST), channel.message(an_alert(key="k2"), Attempt("b@x"))
    assert first["References"] == second["References"]
    told = channel.message(an_alert(), Attempt("b@x", thread="a1.house@x.offerwatch.invalid"))
    assert told["In-Reply-To"] == told["References"] == FIRST.message_id
    assert channel.message(an_alert(), Attempt("b@x", thread="b@x"))["References"] is None


def test_the_calendar_entry_rings_before_the_deadline() -> None:
    mail = a_channel().message(an_alert(), FIRST)
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{ORDER}.ics"
    (event,) = Calendar.from_ical(attached.get_content()).walk("VEVENT")
    assert event["DTSTART"].dt == AT
    assert len(event.walk("VALARM")) == 3


# How it is handed in


def test_a_mail_arrives_as_it_was_made() -> None:
    with SmtpSink() as sink:
        a_channel(sink).send(an_alert(headline="Réponds: 応答 €"), FIRST)
    (taken,) = sink.taken
    assert (taken.sender, taken.recipients) == ("buyer@example.org", ("me@example.net",))
    assert taken.message["Subject"].endswith("Réponds: 応答 €")
    assert ORDER in taken.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_the_server_is_not_told_the_machines_name() -> None:
    with SmtpSink() as sink:
        a_channel(sink).send(an_alert(), FIRST)
    assert set(sink.greetings) == {"[127.0.0.1]"}


@pytest.mark.parametrize(("answer", "permanent"), [("451 4.7.1 later", False), ("554 5.7.1 no spam", True)])
def test_a_refusal_is_told_in_the_servers_words(answer: str, permanent: bool) -> None:
    with SmtpSink(script=[answer]) as sink:
        channel = a_channel(sink)
        with pytest.raises(ChannelError, match=answer[4:]) as caught:
            channel.send(an_alert(), FIRST)
        assert (caught.value.permanent, caught.value.in_doubt) == (permanent, False)
        channel.send(an_alert(), FIRST)
    assert len(sink.taken) == 1


def test_a_refused_recipient_is_an_error() -> None:
    with (
        SmtpSink(refuse_to={"me@example.net": "550 5.1.1 unknown"}) as sink,
        pytest.raises(ChannelError, match="unknown") as caught,
    ):
        a_channel(sink).send(an_alert(), FIRST)
    assert caught.value.permanent
    assert sink.taken == []


def test_one_refused_recipient_of_two_does_not_keep_the_mail_from_the_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with SmtpSink(refuse_to={"gone@example.net": "550 unknown"}) as sink:
        server = Server("127.0.0.1", sink.port, "none")
        around = Surroundings(lambda: NOW, MADRID)
        to = ("gone@example.net", "me@example.net")
        EmailChannel("email", server, "buyer@example.org", to, around).send(an_alert(), FIRST)
    assert sink.taken[0].recipients == ("me@example.net",)
    assert "gone@example.net is refused with 550" in caplog.text


@pytest.mark.parametrize(("break_off", "kept"), [(DROP_BEFORE, 0), (DROP_AFTER, 1)])
def test_a_connection_that_breaks_before_the_answer_leaves_doubt(break_off: str, kept: int) -> None:
    with SmtpSink(script=[break_off]) as sink:
        with pytest.raises(ChannelError, match="connection broke") as caught:
            a_channel(sink).send(an_alert(), FIRST)
        assert caught.value.in_doubt
    assert len(sink.taken) == kept


def test_a_doubtful_mail_that_a_mailbox_shows_is_not_sent_again() -> None:
    asked: list[str] = []

    def probe(message_id: str) -> bool:
        asked.append(message_id)
        return True

    with SmtpSink() as sink:
        a_channel(sink, probe=probe).send(an_alert(), AGAIN)
    assert sink.taken == []
    assert asked == [FIRST.message_id]


def test_a_doubtful_mail_that_no_mailbox_shows_is_sent_with_the_same_id() -> None:
    with SmtpSink() as sink:
        a_channel(sink, probe=lambda message_id: False).send(an_alert(), AGAIN)
    assert sink.messages[0]["Message-ID"] == FIRST.message_id
    assert "may have had this alert before" not in sink.taken[0].raw.decode()


@pytest.mark.parametrize("probe", [None, lambda message_id: None])
def test_where_nobody_can_tell_the_mail_says_that_it_may_be_a_repeat(probe: Probe | None) -> None:
    mails = []
    with SmtpSink() as sink:
        a_channel(sink, probe=probe).send(an_alert(), AGAIN)
        mails = sink.messages
    body = mails[0].get_body(("plain",))
    assert body is not None
    assert "may have had this alert before" in body.get_content()


def test_a_first_try_asks_no_mailbox() -> None:
    def probe(message_id: str) -> bool:
        raise AssertionError("asked")

    with SmtpSink() as sink:
        a_channel(sink, probe=probe).send(an_alert(), FIRST)
    assert len(sink.taken) == 1


# Where it is handed in


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def server_side(authority: trustme.CA, name: str, expired: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert(name, not_after=past if expired else None).configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_over_tls_reaches_the_server(security: str, authority: trustme.CA, ca_file: str) -> None:
    with SmtpSink(login=("buyer", "s3cret"), **{security: server_side(authority, "localhost")}) as sink:
        channel = a_channel(
            sink,
            host="localhost",
            security=security,
            ca_file=ca_file,
            username="buyer",
            password=lambda: "s3cret",
        )
        channel.send(an_alert(), FIRST)
    assert len(sink.taken) == 1


def test_a_wrong_password_is_told_without_the_password(authority: trustme.CA, ca_file: str) -> None:
    with SmtpSink(login=("buyer", "s3cret"), tls=server_side(authority, "localhost")) as sink:
        channel = a_channel(
            sink, host="localhost", security="tls", ca_file=ca_file, username="buyer", password="gu3ss"
        )
        with pytest.raises(ChannelError, match="did not accept the login") as caught:
            channel.send(an_alert(), FIRST)
    assert caught.value.permanent
    assert "app password" in caught.value.remedy
    assert "gu3ss" not in str(caught.value)
    assert "gu3ss" not in repr(channel._delivery._server)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("name", "expired"), [("mail.example.org", False), ("localhost", True)])
def test_a_certificate_that_does_not_fit_ends_it(
    security: str, name: str, expired: bool, authority: trustme.CA, ca_file: str
) -> None:
    with SmtpSink(**{security: server_side(authority, name, expired)}) as sink:
        channel = a_channel(sink, host="localhost", security=security, ca_file=ca_file)
        with pytest.raises(ChannelError, match="certificate that is not accepted"):
            channel.send(an_alert(), FIRST)
    assert sink.taken == []


def test_an_unknown_authority_ends_it(authority: trustme.CA) -> None:
    with SmtpSink(tls=server_side(authority, "localhost")) as sink:
        with pytest.raises(ChannelError, match="certificate that is not accepted"):
            a_channel(sink, host="localhost", security="tls").send(an_alert(), FIRST)
        assert sink.taken == []


def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with SmtpSink() as sink:
        channel = a_channel(sink, security="starttls", username="buyer", password="s3cret")
        with pytest.raises(ChannelError, match="does not offer"):
            channel.send(an_alert(), FIRST)
    assert sink.taken == []


@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.1", "127.0.0.1.example.org"])
def test_no_security_is_for_this_machine_only(host: str) -> None:
    with pytest.raises(ChannelError, match="readable for all"):
        a_channel(host=host)


@pytest.mark.parametrize("wrong", ["", "nobody", "a b@example.org", "@example.org", "a@"])
def test_a_wrong_address_is_found_before_anything_is_sent(wrong: str) -> None:
    around = Surroundings(lambda: NOW, MADRID)
    with pytest.raises(ChannelError, match="is not a mail address"):
        EmailChannel("email", Server("127.0.0.1", 25, "none"), "buyer@example.org", (wrong,), around)


def test_an_unreadable_ca_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"ca_file .*missing\.pem can't be read"):
        a_channel(security="tls", ca_file=str(tmp_path / "missing.pem")).send(an_alert(), FIRST)


def test_a_secret_that_cannot_be_fetched_does_not_leak_what_went_wrong() -> None:
    def fail() -> str:
        raise RuntimeError("s3cret")

    with SmtpSink() as sink:
        channel = a_channel(sink, username="buyer", password=fail)
        with pytest.raises(ChannelError, match="can't be fetched") as caught:
            channel.send(an_alert(), FIRST)
    assert "s3cret" not in str(caught.value)


def test_nobody_listening_is_an_error_without_doubt() -> None:
    with SmtpSink() as sink:
        port = sink.port
    with pytest.raises(ChannelError, match="could not be reached") as caught:
        a_channel(port=port).send(an_alert(), FIRST)
    assert not caught.value.in_doubt
    assert not caught.value.permanent


def test_a_server_too_slow_to_answer_is_given_up_in_doubt() -> None:
    with SmtpSink(delay=3) as sink, pytest.raises(ChannelError, match="no answer in time") as caught:
        a_channel(sink, timeout=0.4).send(an_alert(), FIRST)
    assert caught.value.in_doubt


def test_a_server_that_drips_its_greeting_is_cut_off() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        line, _ = listener.accept()
        with line:
            while not over.wait(0.1):
                try:
                    line.sendall(b"220-")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    started = time.monotonic()
    with pytest.raises(ChannelError, match="could not be reached"):
        a_channel(port=listener.getsockname()[1], timeout=0.5).send(an_alert(), FIRST)
    over.set()
    listener.close()
    assert time.monotonic() - started < 5
