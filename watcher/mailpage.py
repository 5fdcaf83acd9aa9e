"""The HTML of an alert mail: one narrow card for phones, light and dark, all escaped, nothing loaded."""

from dataclasses import dataclass
from html import escape

from rules.facts import Route, Urgency
from watcher.labels import Labels
from watcher.qr import for_mail
from watcher.terminal import one_line

_COLOURS = {  # each with white text on it at a contrast of at least 4.5
    Urgency.INFO: "#475467",
    Urgency.SOON: "#175cd3",
    Urgency.URGENT: "#b54708",
    Urgency.CRITICAL: "#b42318",
}
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_MONO = "font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
_DARK = (
    ":root{color-scheme:light dark;supported-color-schemes:light dark}"
    "@media (prefers-color-scheme:dark){"
    ".back{background:#101418!important}.card{background:#1b2127!important;border-color:#333c45!important}"
    ".ink{color:#f0f2f5!important}.soft{color:#a9b4c0!important}"
    ".box{background:#252d35!important;border-color:#3a4550!important}"
    ".plain{color:#9ec5ff!important;border-color:#9ec5ff!important}}"
    "@media (max-width:600px){.code{display:none!important}}"  # a phone can't point at itself
)


@dataclass(frozen=True, slots=True)
class Page:
    """What an alert mail shows, in reading order, as plain text not yet escaped."""

    urgency: Urgency
    headline: str
    lead: str | None
    left: str | None
    deadline: str | None
    orders: tuple[str, ...]
    first: Route | None
    others: tuple[Route, ...]
    order_page: str | None
    details: tuple[str, ...]
    repeat: str | None


def page(shown: Page, labels: Labels) -> str:
    """The whole HTML document; every text of `shown` is escaped here and nowhere else."""
    blocks = [
        _head(shown, labels),
        _deadline(shown, labels),
        _first(shown, labels),
        _orders(shown, labels),
        _button(shown, labels),
        _code(shown, labels),
        _repeat(shown),
        _details(shown, labels),
        _others(shown, labels),
    ]
    inside = "\n".join(block for block in blocks if block)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(labels.language)}" dir="{escape(labels.direction)}">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="format-detection" content="telephone=no,date=no,address=no">\n'
        f"<title>{_safe(shown.headline)}</title>\n<style>{_DARK}</style>\n</head>\n"
        f'<body class="back" style="margin:0;padding:0;background:#eef1f4;{_FONT}">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td align="center" style="padding:16px 10px">\n'
        '<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" '
        'style="max-width:560px;background:#ffffff;border:1px solid #d0d5dd;border-radius:12px;'
        'border-collapse:separate;overflow:hidden;text-align:start">\n'
        f'{inside}\n<tr><td style="height:20px;line-height:20px">&nbsp;</td></tr>\n</table>\n'
        f"{_footer(labels)}\n</td></tr></table>\n</body>\n</html>\n"
    )


def _safe(text: str) -> str:
    return escape(one_line(text))


def _row(inside: str, above: int = 18) -> str:
    return f'<tr><td style="padding:{above}px 20px 0 20px">{inside}</td></tr>'


def _caption(text: str) -> str:
    return (
        f'<div class="soft" style="font-size:13px;line-height:18px;font-weight:600;color:#5b6673;'
        f'padding-bottom:4px">{_safe(text)}</div>'
    )


def _small(text: str) -> str:
    return f'<div class="soft" style="font-size:14px;line-height:20px;color:#5b6673">{_safe(text)}</div>'


def _head(shown: Page, labels: Labels) -> str:
    mark = " · ".join([part for part in (labels.urgency(shown.urgency.value), shown.left) if part])
    colour = _COLOURS[shown.urgency]
    return (
        f'<tr><td bgcolor="{colour}" style="background:{colour};color:#ffffff;padding:12px 20px;'
        f'font-size:15px;line-height:20px;font-weight:700">{_safe(mark)}</td></tr>\n'
        '<tr><td style="padding:18px 20px 0 20px"><h1 class="ink" style="margin:0;font-size:22px;'
        f'line-height:28px;font-weight:700;color:#101828">{_safe(shown.headline)}</h1></td></tr>'
    ) + _lead(shown)


def _lead(shown: Page) -> str:
    if shown.lead is None:
        return ""
    said = f'font-size:17px;line-height:24px;color:#101828">{_safe(shown.lead)}</div>'
    return _row(f'<div class="ink" style="{said}', above=10)


def _deadline(shown: Page, labels: Labels) -> str:
    if not shown.deadline:
        return ""
    until = (
        '<div class="ink" style="font-size:17px;line-height:24px;font-weight:600;color:#101828">'
        f"{_safe(shown.deadline)}</div>"
    )
    return _row(_caption(labels.deadline) + until, above=14)


def _first(shown: Page, labels: Labels) -> str:
    if shown.first is None:
        return ""
    return _row(
        '<div class="box" style="background:#f5f7f9;border:1px solid #dde2e8;border-radius:10px;'
        f'padding:14px 16px">{_caption(labels.steps)}{_route(shown.first, 16)}</div>'
    )


def _route(route: Route, size: int) -> str:
    steps = "".join(f'<li style="padding:3px 0">{_safe(step)}</li>' for step in route.steps)
    return (
        f'<div class="ink" style="font-size:{size}px;line-height:{size + 7}px;font-weight:600;color:#101828">'
        f'{_safe(route.title)}</div><ol class="ink" style="margin:6px 0 0 0;padding-inline-start:24px;'
        f'font-size:{size}px;line-height:{size + 7}px;color:#101828">{steps}</ol>'
    )


def _orders(shown: Page, labels: Labels) -> str:
    # One order a line, alone in its element and selected by one tap, so that it can be copied into the app.
    numbers = "".join(
        f'<div class="ink" style="{_MONO};font-size:20px;line-height:28px;font-weight:600;color:#101828;'
        f'-webkit-user-select:all;user-select:all">{_safe(order)}</div>'
        for order in shown.orders
    )
    return _row(_caption(labels.order) + numbers) if numbers else ""


def _button(shown: Page, labels: Labels) -> str:
    if shown.order_page is None:
        return ""
    return _row(
        f'<a class="plain" href="{escape(shown.order_page)}" rel="noopener noreferrer" '
        'style="display:inline-block;padding:9px 16px;border:1px solid #175cd3;border-radius:8px;'
        f'color:#175cd3;font-size:15px;line-height:20px;font-weight:600;text-decoration:none">'
        f"{_safe(labels.open_order)}</a>",
        above=12,
    )


def _code(shown: Page, labels: Labels) -> str:
    code = for_mail(shown.order_page)
    if not code:
        return ""
    return _row(f'<div class="code">{_small(labels.scan)}<div style="padding-top:8px">{code}</div></div>', 12)


def _repeat(shown: Page) -> str:
    if shown.repeat is None:
        return ""
    return _row(_small(shown.repeat))


def _details(shown: Page, labels: Labels) -> str:
    if not shown.details:
        return ""
    paragraphs = "".join(
        '<p class="ink" style="margin:0 0 8px 0;font-size:15px;line-height:22px;color:#101828">'
        f"{_safe(line)}</p>"
        for text in shown.details
        for line in text.splitlines()
    )
    return _row(_caption(labels.details) + paragraphs)


def _others(shown: Page, labels: Labels) -> str:
    if not shown.others:
        return ""
    routes = '<div style="height:12px;line-height:12px">&nbsp;</div>'.join(
        _route(route, 15) for route in shown.others
    )
    return _row(_caption(labels.other) + routes)


def _footer(labels: Labels) -> str:
    return (
        '<div class="soft" style="max-width:520px;padding:14px 10px 4px 10px;font-size:12px;line-height:17px;'
        f'color:#5b6673;text-align:start">{_safe(labels.footer)}</div>'
    )
