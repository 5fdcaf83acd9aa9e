"""The order's page as a code for the phone: that page only, readable, and as a table that loads nothing."""

import re
from html.parser import HTMLParser

import pytest
import segno

from rules.routes import ORDER_LIST, order_page
from watcher.qr import for_mail, for_terminal, order_code

PAGE = order_page(("8150004417231188",))


class Cells(HTMLParser):
    """Reads a table back into its modules."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1] += [said["bgcolor"] == "#000000"] * int(said.get("colspan") or 1)


def test_the_table_is_the_code_module_for_module() -> None:
    cells = Cells()
    cells.feed(for_mail(PAGE))
    expected = [[bool(dot) for dot in row] for row in segno.make_qr(PAGE, error="l").matrix_iter(border=4)]
    assert cells.rows == expected


def test_the_table_loads_nothing_and_leads_nowhere() -> None:
    assert not re.search(r"src|href|url|http|<img|<a ", for_mail(PAGE))
    assert len(for_mail(PAGE)) < 40_000  # mail programs cut mails at about 100 kB


def test_the_terminal_shows_the_light_modules_and_a_border() -> None:
    drawn = (for_terminal(PAGE) or "").split("\n")
    code = order_code(PAGE)
    assert code is not None
    assert {len(line) for line in drawn} == {len(code[0])}
    assert set("".join(drawn)) == set(" ▀▄█")
    assert set(drawn[0]) == {"█"}
    read = [[letter in half for letter in line] for line in drawn for half in ("▀█", "▄█")]
    assert [[not light for light in row] for row in read][: len(code)] == [list(row) for row in code]


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        ORDER_LIST,
        "https://www.aliexpress.com/p/order/detail.html?orderId=1&op=accept",
        "https://www.aliexpress.com/p/order/detail.html?orderId=8150004417231188\n",
        "https://www.aliexpress.com.x.example/p/order/detail.html?orderId=8150004417231188",
        "https://www.aliexpress.com/issue/accept.htm?id=8150004417231188",
        "http://www.aliexpress.com/p/order/detail.html?orderId=8150004417231188",
    ],
)
def test_no_other_address_is_ever_drawn(url: str | None) -> None:
    assert (order_code(url), for_terminal(url), for_mail(url)) == (None, None, "")
