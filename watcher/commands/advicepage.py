"""Writes the advice on paper, in the user's language: facts, choices, proof, the way, and letters to copy."""

from rules.answers import REASONS
from rules.responses import Choice, Draft
from watcher.advice import Advice, Tongue
from watcher.commands.subject import Subject
from watcher.paper import Paper


class Shown:
    """The advice to one case, part by part."""

    def __init__(self, to: Paper, subject: Subject, tongue: Tongue, advice: Advice) -> None:
        self._to = to
        self._subject = subject
        self._tongue = tongue
        self._advice = advice
        self._texts = tongue.answers.texts

    def everything(self, chosen: Choice | None, drafts: list[Draft], qr: bool) -> None:
        """The whole of it; with a choice only what belongs to that."""
        self.facts()
        self.choices([chosen] if chosen else list(self._advice.choices))
        self.proof()
        if chosen is None or chosen.name in ("accept", "reject", "counter", "open"):
            self._list("postage", self._advice.postage)
        self._list("help", self._advice.helps)
        self.way(qr)
        if drafts:
            self.drafts(drafts)
        self._next(chosen)

    def facts(self) -> None:
        """Who offers what, against what was asked and paid, until when, and what silence costs."""
        self._to.line(self._advice.instruction.headline, "bold")
        for line in self._advice.facts:
            self._to.line(f"  {line}")
        answered = self._advice.case.answered
        if answered is not None:
            self._to.line(f"  {self._texts.say('screen.answered', answer=answered.value)}", "yellow")

    def choices(self, shown: list[Choice]) -> None:
        """What can be answered, numbered, each with what it means."""
        self._head(self._texts.say("screen.choices"))
        for number, choice in enumerate(shown, 1):
            self._to.line(f"  {number}. {choice.title}  ({choice.name})", "bold")
            self._to.line(f"     {choice.means}")

    def once_more(self) -> None:
        """The choices by name alone, right above the question: the first list has scrolled away."""
        for number, choice in enumerate(self._advice.choices, 1):
            self._to.line(f"  {number}. {choice.title}")

    def proof(self) -> None:
        """The proof for the reason at hand, or the list of reasons; and how photos and videos should be."""
        ground = self._advice.ground
        if self._advice.evidence and ground is not None:
            reason = self._texts.say(f"reasons.{ground.name}.title")
            guessed = f" {self._texts.say('screen.guessed')}" if self._advice.guessed else ""
            self._head(self._texts.say("screen.evidence", reason=reason) + guessed)
            self._bullets(self._advice.evidence)
        elif self._advice.limits and ground is None:
            self._head(self._texts.say("screen.reasons"))
            for name in REASONS:
                self._to.line(f"  {name:<17} {self._texts.say(f'reasons.{name}.title')}")
        self._list("limits", self._advice.limits)

    def way(self, qr: bool) -> None:
        """The surest way through the app, the order's page, and on wish its code for the phone."""
        from watcher.qr import show_code

        first = self._advice.instruction.routes[0]
        self._head(f"{self._texts.say('screen.way')}: {first.title}")
        for number, step in enumerate(first.steps, 1):
            self._to.line(f"  {number}. {step}")
        page = next((route.url for route in self._advice.instruction.routes if route.url), None)
        if page:
            self._to.line(f"  {page}")
        if qr:
            show_code(self._to, page, self._texts.say("screen.scan"))

    def drafts(self, letters: list[Draft]) -> None:
        """Letters, each between two lines so that it can be copied."""
        for letter in letters:
            to = self._texts.say("screen.platform" if letter.to == "AliExpress" else "screen.seller")
            self._head(self._texts.say("screen.draft", to=to))
            self._to.line("─" * 40, "dim")
            self._to.line(letter.text.rstrip("\n"), whole=True)
            self._to.line("─" * 40, "dim")

    def _next(self, chosen: Choice | None) -> None:
        self._to.line()
        if chosen is None:
            example = self._advice.choices[0].name
            if example in ("look", "wait") and len(self._advice.choices) > 1:
                example = self._advice.choices[1].name
            self._to.line(self._texts.say("screen.next", ref=self._subject.ref, example=example))
        elif chosen.records is not None and self._subject.stored:
            answer = chosen.records.value
            self._to.line(self._texts.say("screen.record", case=self._subject.case.id, answer=answer))

    def _head(self, text: str) -> None:
        self._to.line()
        self._to.line(text, "bold")

    def _bullets(self, texts: tuple[str, ...]) -> None:
        for text in texts:
            self._to.line(f"  - {text}")

    def _list(self, name: str, texts: tuple[str, ...]) -> None:
        if texts:
            self._head(self._texts.say(f"screen.{name}"))
            self._bullets(texts)
