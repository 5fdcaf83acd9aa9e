"""What a mailbox's mails of AliExpress carry is shown, so that nobody must guess whose results to trust."""

from pathlib import Path

import pytest

from support.dovecot import Dovecot
from support.mails import html_mail
from support.outsider import offerwatch

CONF = {"OFFERWATCH_CONFIG": "conf.toml"}
BODY = (
    "<p>The seller has proposed a solution for order number 8194027715526318: a refund of US $12.50. You have"
    ' 3 days left to accept or reject it.</p><a href="https://www.aliexpress.com/p/order/detail.html?'
    'orderId=8194027715526318">Order</a><a href="https://trade.aliexpress.com/issue/issueDetail.htm?issueId='
    '6290000000001234&token=secret-token">Dispute</a>'
)


def offer(*head: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in head).encode()
    return lines + html_mail(BODY, **{"from": "AliExpress <transaction@notice.aliexpress.com>"})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for room in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
    signed = "DKIM-Signature: v=1; a=rsa-sha256; d=aliexpress.com; s=x; b=abc"
    mails = {
        "1": offer("Authentication-Results: mx.example.org; dmarc=pass header.from=aliexpress.com", signed),
        "2": offer("Authentication-Results: mx.example.org; dmarc=pass header.from=aliexpress.com", signed),
        "3": html_mail("<p>Hello</p>", **{"from": "Ann <ann@example.net>"}),
    }
    for name, raw in mails.items():
        (tmp_path / "Maildir/new" / name).write_bytes(raw)
    return tmp_path


def configured(home: Path, more: str = "") -> None:
    (home / "conf.toml").write_text(
        f'[[account]]\nkind = "maildir"\nname = "home"\npath = "Maildir"\n{more}\n'
        '[[channel]]\nkind = "command"\nrun = ["true"]\n'
    )


def doctor(home: Path) -> dict[str, dict[str, str]]:
    row = offerwatch(home, "doctor", "--format", "json", more=CONF).row
    return {each["name"]: each for each in row["findings"]}


def test_doctor_names_who_vouches_who_signed_and_where_links_lead(home: Path) -> None:
    configured(home)
    found = doctor(home)
    told = found["home mails of AliExpress"]["told"]
    for part in ("2 among", "mx.example.org (2)", "aliexpress.com (2)", "www.aliexpress.com (2)"):
        assert part in told
    assert "trade.aliexpress.com" in told
    assert "mx.example.org" in found["home sender checks"]["todo"]


def test_nothing_of_a_mail_but_names_of_hosts_is_shown(home: Path) -> None:
    configured(home)
    ran = offerwatch(home, "doctor", more=CONF)
    for part in ("8194027715526318", "6290000000001234", "secret-token", "ann@example.net"):
        assert part not in ran.out


def test_a_name_to_trust_that_no_mail_carries_is_found(home: Path) -> None:
    configured(home, 'authserv_id = ["mail.example.org"]')
    found = doctor(home)["home sender checks"]
    assert found["state"] == "note"
    assert "mx.example.org" in found["todo"]
    configured(home, 'authserv_id = ["mx.example.org"]')
    assert doctor(home)["home sender checks"]["state"] == "ok"


def test_account_test_shows_the_same(tmp_path: Path) -> None:
    with Dovecot(tls=False) as server:
        server.deliver(offer("Authentication-Results: mx.example.org; dkim=pass header.d=aliexpress.com"))
        (tmp_path / "conf.toml").write_text(
            f'[[account]]\nname = "home"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            'username = "alice"\npassword_env = "PASSWORD"\n'
        )
        ran = offerwatch(tmp_path, "account", "test", more={**CONF, "PASSWORD": server.password})
        commands = set(server.commands())
    assert ran.code == 0
    assert "mails of AliExpress: 1 among the newest mails; results by mx.example.org (1)" in ran.out
    assert not commands & {"SELECT", "UID STORE", "STORE", "APPEND", "EXPUNGE"}
