"""Helps to answer: who offers what and until when, what each answer means, proof, and a letter to paste."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from rules.answers import REASONS
from rules.facts import Act, Case, Money
from rules.responses import Choice, Draft, Said, draft
from watcher.advice import Advice, Tongue, advice_json, advise
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError, instant_given, listed, open_store, print_json, say
from watcher.commands.advicepage import Shown
from watcher.commands.subject import Subject, subject_of
from watcher.mailwords import words_of_all
from watcher.paper import Paper

_SIGNS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "R$": "BRL", "zł": "PLN", "₽": "RUB", "¥": "JPY"}
_CURRENCY = "|".join(["[A-Za-z]{3}", *map(re.escape, sorted(_SIGNS, key=len, reverse=True))])
_AMOUNT = re.compile(
    rf"(?P<before>{_CURRENCY})?\s*(?P<number>\d{{1,7}}(?:[.,]\d{{1,2}})?)\s*(?P<after>{_CURRENCY})?"
)
# What people call a choice, beside its own name.
_ALSO = {
    "accepted": "accept",
    "rejected": "reject",
    "decline": "reject",
    "countered": "counter",
    "escalated": "escalate",
    "appealed": "appeal",
    "evidence_sent": "evidence",
    "returned": "return",
    "cancelled": "cancel",
    "opened": "open",
    "satisfied": "confirm",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for."""

    answer: str | None = None
    reason: str | None = None
    defect: str | None = None
    amount: str | None = None
    tracking: str | None = None
    edit: bool = False
    draft_only: bool = False
    record: bool = False
    qr: bool = False
    as_json: bool = False
    now: str | None = None


def run(config: Path | None, ref: str, wish: Wish) -> None:
    """Show what can be answered to a case or a mail, and draft the answer chosen."""
    subject = subject_of(config, ref, utc_now())
    now = instant_given(wish.now, "--now", subject.house.zone) if wish.now else utc_now()
    tongue = tongue_of(subject.house)
    text = "" if wish.reason else words_of_all(subject.mails)
    advice = advise(subject.case, tongue, now, reason_given(wish.reason), text, subject.findings)
    said = Said(
        advice.ground.name if advice.ground else None,
        wish.defect,
        amount_given(wish.amount, subject.case) if wish.amount else None,
        wish.tracking,
    )
    chosen = _chosen(advice, wish.answer) if wish.answer else None
    _check(wish, subject, chosen)
    asking = sys.stdin.isatty() and sys.stdout.isatty() and not (wish.as_json or wish.draft_only)
    if asking and chosen is None:
        _Asking(subject, tongue, advice, said, wish).run()
        return
    _answer(subject, tongue, advice, said, wish, chosen, now)


def tongue_of(house: House) -> Tongue:
    """The user's words and clock; raises DataError."""
    from watcher.loading import load_answers

    return Tongue(house.words, load_answers(house.settings.language), house.policy, house.zone)


def reason_given(name: str | None) -> str | None:
    """Check the reason named on the command line; raises StopError."""
    if name is None or (found := name.strip().lower().replace("-", "_")) in REASONS:
        return name and found
    raise StopError(f'"{name}" is not a reason.', f"The reasons are {listed(REASONS)}.", WRONG)


def amount_given(text: str, case: Case) -> Money:
    """Read an amount such as "25", "25.00 EUR" or "€ 25,00"; raises StopError."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise StopError(f'The amount "{text}" is not understood.', 'Write one such as "25.00 EUR".', WRONG)
    sign = found["after"] or found["before"]
    known = case.asked or case.paid or case.offer
    currency = _SIGNS.get(sign, sign.upper()) if sign else (known.currency if known else None)
    return Money(Decimal(found["number"].replace(",", ".")), currency)


def _chosen(advice: Advice, name: str) -> Choice:
    wanted = name.strip().lower().replace("-", "_")
    wanted = _ALSO.get(wanted, wanted)
    for choice in advice.choices:
        if choice.name == wanted:
            return choice
    names = listed(choice.name for choice in advice.choices)
    raise StopError(f'"{name}" can\'t be answered to this.', f"What can be answered: {names}.", WRONG)


def _check(wish: Wish, subject: Subject, chosen: Choice | None) -> None:
    if (wish.draft_only or wish.edit or wish.record) and chosen is None:
        if wish.edit and sys.stdin.isatty() and not (wish.draft_only or wish.record):
            return
        raise StopError("It is not said which answer.", "Name it with --answer.", WRONG)
    if wish.record and not subject.stored:
        told = "This mail belongs to no case that is kept, so nothing can be noted."
        raise StopError(told, "Leave --record out.", WRONG)
    if wish.record and chosen is not None and chosen.records is None:
        raise StopError(f'"{chosen.name}" is nothing that could be noted.', "Leave --record out.", WRONG)


def _answer(
    subject: Subject,
    tongue: Tongue,
    advice: Advice,
    said: Said,
    wish: Wish,
    chosen: Choice | None,
    now: datetime,
) -> None:
    """Everything by flags: show, draft, note."""
    wanted = [chosen] if chosen else (list(advice.choices) if wish.as_json else [])
    drafts = [made for each in wanted if (made := draft(each.name, subject.case, said, tongue.answers))]
    if wish.edit:
        drafts = [edited(each) for each in drafts]
    if wish.as_json:
        print_json(advice_json(advice, tongue, now, drafts, subject.stored))
    elif wish.draft_only:
        _only(drafts, chosen)
    else:
        Shown(Paper(sys.stdout), subject, tongue, advice).everything(chosen, drafts, wish.qr)
    if wish.record and chosen is not None:
        told = record(subject, tongue, chosen)
        if not (wish.as_json or wish.draft_only):
            say(told)


def _only(drafts: list[Draft], chosen: Choice | None) -> None:
    if not drafts and chosen is not None:
        raise StopError(f'There is nothing to write for "{chosen.name}".', "It is a button alone.")
    for each in drafts:
        say(each.text.rstrip("\n"))


def record(subject: Subject, tongue: Tongue, choice: Choice) -> str:
    """Note the answer, as `answered` does; returns the sentence that says so."""
    store = open_store(subject.house)
    try:
        after = store.act(subject.case.id, Act("answered", utc_now(), answer=choice.records)) or subject.case
    finally:
        store.close()
    key = f"settled.{after.turn.value}"
    turn = tongue.words.say(key) if key in tongue.words.texts else ""
    return tongue.answers.texts.say("screen.recorded", answer=choice.records, turn=turn).strip()


def edited(letter: Draft) -> Draft:
    """The letter as it comes back from the user's editor; raises StopError."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise StopError("No editor is set.", "Set EDITOR, or leave --edit out.", WRONG)
    with tempfile.TemporaryDirectory(prefix="offerwatch-") as folder:  # mode 0700, gone afterwards
        path = Path(folder) / f"{letter.choice}.txt"
        path.write_text(letter.text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)], check=False)
        except (OSError, ValueError) as error:
            raise StopError(f"The editor {editor} can't be run ({error}).", "Set EDITOR.", WRONG) from None
        if done.returncode != 0:
            raise StopError(f"The editor {editor} failed.", "Nothing was changed; try again.")
        return replace(letter, text=path.read_text(encoding="utf-8", errors="replace"))


class _Asking:
    """The same on a terminal, question by question; Enter leaves, and nothing is noted unasked."""

    def __init__(self, subject: Subject, tongue: Tongue, advice: Advice, said: Said, wish: Wish) -> None:
        self._subject = subject
        self._tongue = tongue
        self._advice = advice
        self._said = said
        self._wish = wish
        self._texts = tongue.answers.texts
        self._shown = Shown(Paper(sys.stdout), subject, tongue, advice)

    def run(self) -> None:
        """Show, ask, draft, note."""
        self._shown.everything(None, [], self._wish.qr)
        self._shown.once_more()
        number = self._number("screen.pick", len(self._advice.choices))
        if number is None:
            return
        choice = self._advice.choices[number - 1]
        if draft(choice.name, self._subject.case, self._said, self._tongue.answers) is not None:
            self._more(choice)
            self._letter(choice)
        if choice.records is not None and self._subject.stored:
            asked = self._texts.say("screen.ask_record", answer=choice.records.value)
            if self._yes(asked):
                say(record(self._subject, self._tongue, choice))

    def _more(self, choice: Choice) -> None:
        """Ask for what makes the letter better: the reason, the defect, the amount."""
        if self._said.reason is None and choice.name not in ("accept", "return", "cancel"):
            for number, name in enumerate(REASONS, 1):
                say(f"  {number}. {self._texts.say(f'reasons.{name}.title')}")
            number_given = self._number("screen.which_reason", len(REASONS))
            if number_given is not None:
                self._said = replace(self._said, reason=REASONS[number_given - 1])
        ground = self._tongue.answers.ground(self._said.reason) if self._said.reason else None
        if self._said.defect is None and ground is not None and choice.name not in ("accept", "return"):
            defect = self._line(self._texts.say("screen.which_defect", default=ground.defect))
            self._said = replace(self._said, defect=defect or None)
        if self._said.amount is None and choice.name in ("counter", "modify", "open", "appeal", "escalate"):
            self._amount()

    def _amount(self) -> None:
        while text := self._line(self._texts.say("screen.which_amount")):
            try:
                self._said = replace(self._said, amount=amount_given(text, self._subject.case))
            except StopError as error:
                say(f"{error.sentence} {error.remedy}")
            else:
                return

    def _letter(self, choice: Choice) -> None:
        letter = draft(choice.name, self._subject.case, self._said, self._tongue.answers)
        if letter is None:
            return
        self._shown.drafts([letter])
        can_edit = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if self._wish.edit or (can_edit and self._yes(self._texts.say("screen.ask_edit"))):
            self._shown.drafts([edited(letter)])

    def _number(self, key: str, most: int) -> int | None:
        while text := self._line(self._texts.say(key)):
            if text.isascii() and text.isdigit() and 1 <= int(text) <= most:
                return int(text)
        return None

    def _yes(self, question: str) -> bool:
        return self._line(f"{question} [y/N]").lower() in ("y", "yes", "s", "si", "sí", "j", "ja", "o", "oui")

    def _line(self, question: str) -> str:
        sys.stdout.write(f"\n{question} ")
        sys.stdout.flush()
        try:
            return input().strip()
        except (EOFError, KeyboardInterrupt):
            say("")
            return ""
