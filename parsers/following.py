"""What a clause takes from the one before it: what is to be sent, and until when."""

from collections.abc import Sequence
from dataclasses import replace

from parsers.clauses import Clause
from parsers.wording import Mark

# What is handed in or sent, where a clause names it itself.
_THINGS = frozenset(("evidence", "tracking_number", "return", "return_label", "feedback", "survey", "code"))
_HARDLY_MORE = 6  # characters beside a time that stands alone
_NO_WANT = frozenset(("if", "seller", "declined", "decide", "opened", "faq", "help"))


def with_things(found: Sequence[Clause]) -> list[Clause]:
    """Return the clauses with "please send it" read as evidence, where the clause before misses evidence.

    And with a time alone as the time to hand something in, where the clause before asks for that.
    """
    out: list[Clause] = []
    for clause in found:
        before = out[-1] if out else None
        if before is not None and _asks_for_it(clause) and _misses_evidence(before):
            at = next(mark for mark in clause.marks if mark.concept == "provide")
            marks = sorted(
                (*clause.marks, Mark("evidence", at.start, at.end)), key=lambda mark: (mark.start, -mark.end)
            )
            clause = replace(clause, marks=tuple(marks), concepts=clause.concepts | {"evidence"})
        elif before is not None and _is_time_alone(clause) and _asks_for_something(before):
            clause = replace(clause, concepts=clause.concepts | {"provide", "deadline"})
        out.append(clause)
    return out


def _is_time_alone(clause: Clause) -> bool:
    return (
        clause.place == "body"
        and ("deadline" in clause.concepts or _is_but_a_time(clause))
        and "time" in clause.prints
        and not clause.has("seller", "platform", "if", "estimated", "faq", "protection", "must")
    )


def _is_but_a_time(clause: Clause) -> bool:
    """Whether a clause is a time and hardly a word more: "Two working days." """
    told = sum(span.end - span.start for span in clause.spans)
    told += sum(date.end - date.start for date in clause.dates)
    return not clause.marks and len(clause.text) - told <= _HARDLY_MORE


def _asks_for_something(clause: Clause) -> bool:
    asks = "must" in clause.concepts and clause.has("provide", "evidence")
    return asks and not clause.has("if", "seller", "opened", "feedback")


def _asks_for_it(clause: Clause) -> bool:
    return (
        clause.place == "body"
        and "provide" in clause.concepts
        and clause.has("must", "deadline", "left")
        and not clause.has("seller", *_THINGS)
        and ("must" in clause.concepts or not clause.has("bank", "wait_refund"))  # "banks need up to 20 days"
        and ("if" not in clause.concepts or clause.text.rstrip().endswith("?"))
    )


def _misses_evidence(clause: Clause) -> bool:
    wanted = _NO_WANT - {"if"} if "not" in clause.concepts else _NO_WANT  # "we can't go on without"
    return clause.place == "body" and "evidence" in clause.concepts and not clause.has(*wanted)
