"""Everything to know before answering a case, gathered once for the screen, for JSON and for dossiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from rules.answers import Answers, Ground
from rules.facts import Case, Instruction, Link
from rules.links import look
from rules.policy import Policy
from rules.probing import Finding, marked
from rules.responses import (
    Choice,
    Draft,
    choices,
    evidence,
    guess,
    helps,
    limits,
    measured,
    needs_proof,
    weigh,
)
from rules.routes import instruct
from rules.spoken import plain
from rules.telling import facts_told
from rules.wording import Words
from watcher.present import case_json
from watcher.present import plain as as_json


@dataclass(frozen=True, slots=True)
class Advice:
    """What a buyer is told before answering; `ground` is the reason, `guessed` if the mail told it."""

    case: Case
    instruction: Instruction
    links: tuple[Link, ...]
    facts: tuple[str, ...]
    choices: tuple[Choice, ...]
    ground: Ground | None
    guessed: bool
    evidence: tuple[str, ...]
    limits: tuple[str, ...]
    postage: tuple[str, ...]
    helps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tongue:
    """In which words, and on which clock: the user's own."""

    words: Words
    answers: Answers
    policy: Policy
    zone: tzinfo


def advise(
    case: Case,
    tongue: Tongue,
    now: datetime,
    reason: str | None = None,
    text: str = "",
    findings: Mapping[str, Finding] | None = None,
) -> Advice:
    """Gather what helps to answer a case; `reason` is the buyer's own, else it is guessed from `text`.

    `findings` is what looking at hosts found, where that was asked for.
    """
    words, answers = tongue.words, tongue.answers
    ground = answers.ground(reason) if reason else guess(text, answers)
    proven = needs_proof(case)
    judged = look(case.anchors, case.orders, now, tongue.policy.hosts, case.reported_broken)
    links = marked(judged, findings or {})
    dispute = plain(case.dispute) if case.dispute else None
    return Advice(
        case=case,
        instruction=instruct(case.kind, tuple(map(plain, case.orders)), dispute, words),
        links=links,
        facts=facts_told(case, links, words, tongue.zone, now, measured(case, answers)),
        choices=choices(case, words, answers),
        ground=ground,
        guessed=ground is not None and reason is None,
        evidence=evidence(ground, answers) if ground and proven else (),
        limits=limits(answers) if proven else (),
        postage=weigh(case, answers),
        helps=helps(case, answers),
    )


def advice_json(
    advice: Advice, tongue: Tongue, now: datetime, drafts: Sequence[Draft], stored: bool
) -> dict[str, Any]:
    """The advice for programs: the case as the contract has it, and beside it what can be answered."""
    case = case_json(advice.case, tongue.policy, tongue.words, now)
    return {
        "schema": 1,
        **case,
        "case": advice.case.id if stored else None,
        "instruction": as_json(advice.instruction),
        "facts": list(advice.facts),
        "choices": [as_json(choice) for choice in advice.choices],
        "reason": advice.ground.name if advice.ground else None,
        "guessed": advice.guessed,
        "evidence": list(advice.evidence),
        "limits": list(advice.limits),
        "postage": list(advice.postage),
        "good_to_know": list(advice.helps),
        "drafts": [as_json(draft) for draft in drafts],
    }
