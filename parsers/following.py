"""What a clause takes from the one before it: what is to be sent, and until when."""

from collections.abc import Sequence
from dataclasses import replace

from parsers.clauses import Clause
from parsers.wording import Mark

# What is handed in or sent, where a clause names it itself.
_THINGS = frozenset(("evidence", "tracking_number", "return", "return_label", "feedback", "survey", "code"))
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
            clause = replace(clause, concepts=clause.concepts | {"provide"})
        out.append(clause)
    return out


def _is_time_alone(clause: Clause) -> bool:
    return (
        clause.place == "body"
        and "deadline" in clause.concepts
        and "time" in clause.prints
        and not clause.has("seller", "platform", "if", "estimated", "faq", "protection", "must")
    )


def _asks_for_something(clause: Clause) -> bool:
    return {"must", "provide"} <= clause.concepts and not clause.has("if", "seller", "opened", "feedback")


def _asks_for_it(clause: Clause) -> bool:
    return (
        clause.place == "body"
        and "provide" in clause.concepts
        and clause.has("must", "deadline", "left")
        and not clause.has("seller", *_THINGS)
        and ("if" not in clause.concepts or clause.text.rstrip().endswith("?"))
    )


def _misses_evidence(clause: Clause) -> bool:
    wanted = _NO_WANT - {"if"} if "not" in clause.concepts else _NO_WANT  # "we can't go on without"
    return clause.place == "body" and "evidence" in clause.concepts and not clause.has(*wanted)
