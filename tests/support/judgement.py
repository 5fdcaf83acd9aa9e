"""Notices, acts and the shipped policy and words, made short for tests of the judgement."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rules
from rules.cases import judge
from rules.facts import Act, Answer, Authenticity, By, Case, Day, Kind, Notice, Outcome, Trust, Within
from rules.policy import Policy, policy_from
from rules.wording import Words, words_from

RULES = Path(rules.__file__).parent
POLICY: Policy = policy_from(tomllib.loads((RULES / "policy.toml").read_text("utf-8")))
ORDER = "8123456789012345"
OTHER_ORDER = "3012345678902345"
DISPUTE = "6212345678902345"
# A Saturday, a day before clocks in Pacific time go forward.
START = datetime(2025, 3, 8, 15, 0, tzinfo=UTC)


def words(locale: str = "en") -> Words:
    return words_from(tomllib.loads((RULES / "words" / f"{locale}.toml").read_text("utf-8")), locale)


def at(days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    return START + timedelta(days=days, hours=hours, minutes=minutes)


def notice(
    kind: Kind | None,
    sent_at: datetime = START,
    *,
    trust: Trust = Trust.VERIFIED,
    orders: tuple[str, ...] = (ORDER,),
    identity: str | None = None,
    **more: object,
) -> Notice:
    outcome = Outcome.UNCLEAR if kind is None else Outcome.NOTICE
    name = identity or f"{kind}@{sent_at.isoformat()}/{'+'.join(orders)}/{more.get('dispute')}/{trust}"
    known = {"received_at": sent_at + timedelta(minutes=1), **more}
    authenticity = Authenticity(trust)
    return Notice(name, outcome, None, kind, sent_at, authenticity=authenticity, orders=orders, **known)  # type: ignore[arg-type]


def by(month: int, day: int, year: int | None = 2025, **more: object) -> By:
    known = {"at": None, "zone": None, "quote": f"by {month}/{day}", **more}
    return By((Day(year, month, day),), **known)  # type: ignore[arg-type]


def within(short: timedelta, long: timedelta | None = None, business: bool = False) -> Within:
    return Within(short, short if long is None else long, business, f"within {short}")


def cases(*notices: Notice, acts: dict[str, list[Act]] | None = None) -> tuple[Case, ...]:
    return judge(notices, acts or {}, {}, POLICY)


def only(*notices: Notice, acts: list[Act] | None = None) -> Case:
    """The single case that these notices make, after the buyer's acts."""
    (case,) = cases(*notices)
    if acts is None:
        return case
    (case,) = judge(notices, {case.id: acts}, {}, POLICY)
    return case


def answered(answer: Answer, when: datetime) -> Act:
    return Act("answered", when, answer=answer)
