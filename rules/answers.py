"""The words of an answer, checked: the texts of `respond`, its drafts and the proof for each reason.

Every key of a language must be there with exactly its holes; a draft's line may only use known holes, and the
texts of a reason must be as many as the proofs that it lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import cast

from rules.facts import Kind
from rules.wording import Words, WordsError, keys, words_from

CHOICES = (
    "accept",
    "reject",
    "counter",
    "modify",
    "escalate",
    "appeal",
    "evidence",
    "return",
    "cancel",
    "open",
    "confirm",
    "look",
    "wait",
)
REASONS = (
    "not_received",
    "wrong_address",
    "defective",
    "not_as_described",
    "damaged",
    "missing_parts",
    "wrong_item",
    "charged_twice",
    "no_tracking",
)
HELPS = ("offer", "declined", "evidence", "judgement", "return", "order")
DRAFT_HOLES = frozenset(
    ("order", "dispute", "defect", "offered", "asked", "paid", "amount", "tracking", "proof")
)
MEDIA = ("photo", "video", "document")

# Every key a language of answers must have, with exactly the holes its text must use.
ANSWER_HOLES: Mapping[str, frozenset[str]] = dict(
    [
        *keys("choices", "", *(f"{name}.{part}" for name in CHOICES for part in ("title", "means"))),
        *keys("choices", "", *(f"accept.means_{what}" for what in ("return", "replacement", "judgement"))),
        *keys("choices", "", "reject.means_judgement"),
        *keys("share", "percent", "percent"),
        *keys("share", "gap", "gap"),
        *keys("postage", "", "refund", "return"),
        *keys("help", "", *(f"{name}.steps" for name in HELPS)),
        *keys("limits", "video", "steps"),
        *keys("reasons", "", *(f"{name}.{part}" for name in REASONS for part in ("title", "steps"))),
        *keys("screen", "", "choices", "guessed", "reasons", "limits", "postage", "help", "way", "pick"),
        *keys("screen", "", "which_reason", "which_amount", "ask_edit", "scan", "timeline"),
        *keys("screen", "", "missing", "there", "maybe", "seller", "platform"),
        *keys("screen", "reason", "evidence"),
        *keys("screen", "to", "draft"),
        *keys("screen", "ref example", "next"),
        *keys("screen", "case answer", "record"),
        *keys("screen", "answer turn", "recorded"),
        *keys("screen", "answer", "answered", "ask_record"),
        *keys("screen", "default", "which_defect"),
        *keys("screen", "at", "pending"),
        *keys("case", "case what", "head"),
        *keys("case", "order", "order"),
        *keys("case", "dispute", "dispute"),
        *keys("case", "links", "links"),
        *keys("case", "", "yours", "seller", "platform", "nobody", "now", "until", "latest", "you"),
        *keys("case", "", "accept", "reject", "dispute_page", "order_page"),
        *keys("case", "", "plausible", "broken", "suspicious"),
        *keys("case.kinds", "", *(kind.value for kind in Kind), "unclear"),
    ]
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence: what it is in English, what may hold it, words its file's name may carry."""

    english: str
    kinds: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason of a dispute: the words by which a mail names it, its sentence in a draft, its proofs."""

    name: str
    needles: tuple[str, ...]
    defect: str
    items: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A draft to be filled: to whom, and for each line the ways to say it, the fullest first."""

    to: str
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that an answer is made of: one language's texts, the letters and the nine reasons."""

    texts: Words
    letters: Mapping[str, Letter]
    grounds: tuple[Ground, ...]

    def ground(self, name: str) -> Ground | None:
        """The reason of this name, None where there is none."""
        return next((ground for ground in self.grounds if ground.name == name), None)


def answers_from(
    texts: Mapping[str, object],
    letters: Mapping[str, object],
    grounds: Mapping[str, object],
    file: str = "answers",
) -> Answers:
    """The answers that three parsed TOML files hold (`file` names the first); raises WordsError."""
    words = words_from(texts, file, ANSWER_HOLES)
    found = tuple(_grounds(grounds))
    for ground in found:
        key = f"reasons.{ground.name}.steps"
        if len(words.lists[key]) != len(ground.items):
            raise WordsError(file, key, f"write exactly {len(ground.items)} texts, as reasons.toml has items")
    return Answers(words, dict(_letters(letters)), found)


def holes_of(text: str) -> frozenset[str]:
    """The names of the holes of a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _letters(data: Mapping[str, object]) -> Iterator[tuple[str, Letter]]:
    for name, entry in data.items():
        table = _as_table(entry, "drafts.toml", name)
        to, lines = table.get("to"), table.get("lines")
        if to not in ("seller", "AliExpress"):
            raise WordsError("drafts.toml", f"{name}.to", 'write "seller" or "AliExpress"')
        if not isinstance(lines, list) or not lines:
            raise WordsError("drafts.toml", f"{name}.lines", "write a list of lists of texts")
        ways = tuple(_strings(line, "drafts.toml", f"{name}.lines") for line in lines)
        for text in (text for line in ways for text in line):
            if not _filled_by(text, DRAFT_HOLES):
                known = ", ".join(sorted(DRAFT_HOLES))
                raise WordsError("drafts.toml", f"{name}.lines", f"holes may only be: {known}")
        yield name, Letter(str(to), ways)


def _filled_by(text: str, known: frozenset[str]) -> bool:
    try:
        return holes_of(text) <= known
    except ValueError:
        return False


def _grounds(data: Mapping[str, object]) -> Iterator[Ground]:
    file = "reasons.toml"
    for name in (*REASONS, *data):
        if name not in data or name not in REASONS:
            raise WordsError(file, name, f"the reasons are exactly: {', '.join(REASONS)}")
    for name in REASONS:
        table = _as_table(data[name], file, name)
        defect, items = table.get("defect"), table.get("items")
        if not isinstance(defect, str) or not defect.endswith(".") or holes_of(defect):
            raise WordsError(file, f"{name}.defect", "write one English sentence without holes")
        if not isinstance(items, list) or not items:
            raise WordsError(file, f"{name}.items", "write a list of proofs")
        needles = _strings(table.get("needles"), file, f"{name}.needles")
        yield Ground(
            name,
            tuple(needle.casefold() for needle in needles),
            defect,
            tuple(_proof(item, f"{name}.items") for item in items),
        )


def _proof(entry: object, key: str) -> Proof:
    file = "reasons.toml"
    table = _as_table(entry, file, key)
    kinds = _strings(table.get("kinds"), file, f"{key}.kinds")
    if not set(kinds) <= set(MEDIA):
        raise WordsError(file, f"{key}.kinds", f"the kinds are: {', '.join(MEDIA)}")
    (english,) = _strings([table.get("english")], file, f"{key}.english")
    return Proof(english, kinds, _strings(table.get("files"), file, f"{key}.files"))


def _as_table(value: object, file: str, key: str) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return cast(Mapping[str, object], value)
    raise WordsError(file, key, "write a table of this name")


def _strings(value: object, file: str, key: str) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(text, str) and text.strip() for text in value):
        return tuple(value)
    raise WordsError(file, key, "write a list of texts in quotes")
