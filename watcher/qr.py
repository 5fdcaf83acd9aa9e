"""The order's page as a QR code, for a terminal and for a mail: so that the phone opens it, nothing else.

Law: only an order's own page is ever drawn, never an address out of a mail.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.paper import Paper

# One order's page, as rules.routes makes it from the order's number.
_ORDER_PAGE = re.compile(r"https://www\.aliexpress\.com/p/order/detail\.html\?orderId=\d{12,20}")
_QUIET = 4  # modules of white around it: scanners need them
_SIZE = 4  # pixels a module
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def order_code(url: str | None) -> tuple[tuple[bool, ...], ...] | None:
    """The modules of the code (True is dark), with white around; None for any other address."""
    if url is None or _ORDER_PAGE.fullmatch(url) is None:
        return None
    import segno  # 20 ms of import, and needed by few

    code = segno.make_qr(url, error="l")
    return tuple(tuple(bool(dot) for dot in row) for row in code.matrix_iter(border=_QUIET))


def for_terminal(url: str | None) -> str | None:
    """The code in half blocks, light on dark as most terminals are (every scanner reads both)."""
    code = order_code(url)
    if code is None:
        return None
    blank = (False,) * len(code[0])
    rows = [*code, blank] if len(code) % 2 else list(code)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    # What is white in the code must be the bright one: the blocks are drawn for the white modules.
    drawn = ["".join(_BLOCKS[not up, not down] for up, down in zip(*pair, strict=True)) for pair in pairs]
    return "\n".join(drawn)


def for_mail(url: str | None) -> str:
    """The code as an HTML table, which needs no picture and loads nothing; "" for any other address."""
    code = order_code(url)
    if code is None:
        return ""
    width = len(code[0]) * _SIZE
    # The first row has a cell for each column: it fixes their widths, even where style is ignored.
    ruler = f'<td width="{_SIZE}" bgcolor="#ffffff"></td>' * len(code[0])
    rows = [f"<tr{_HIGH}>{ruler}</tr>", *(f"<tr{_HIGH}>{_runs(row)}</tr>" for row in code[1:])]
    return (
        f'<table role="presentation" width="{width}" cellpadding="0" cellspacing="0" border="0" '
        f'bgcolor="#ffffff" style="width:{width}px;table-layout:fixed;border-collapse:collapse;'
        f'background:#ffffff;font-size:0;line-height:0">{"".join(rows)}</table>'
    )


_HIGH = f' height="{_SIZE}" style="height:{_SIZE}px"'


def _runs(row: tuple[bool, ...]) -> str:
    cells, start = [], 0
    for place in range(1, len(row) + 1):
        if place == len(row) or row[place] != row[start]:
            span = f' colspan="{place - start}"' if place - start > 1 else ""
            cells.append(f'<td{span} bgcolor="{"#000000" if row[start] else "#ffffff"}"></td>')
            start = place
    return "".join(cells)


def show_code(to: "Paper", url: str | None, caption: str) -> None:
    """Print the code of an order's page; nothing where there is no single order."""
    code = for_terminal(url)
    if code:
        to.line(f"\n{caption}", "bold")
        to.line(code, whole=True)
