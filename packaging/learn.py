"""Learns parsers/learned.toml from the fixtures: `make learn`, after wording, signs or fixtures have changed.

Each fixture is read several times, each time with another part of its language's phrases unknown: so the
weights are learned from mails as strangers will write them, in words that we have only some of.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parsers.learned import NOBODY, Opinion  # noqa: E402
from support.goldens import expected_of, fixtures, lexicon, raw_reading  # noqa: E402
from support.lacking import forgetful  # noqa: E402
from support.mutations import retagged  # noqa: E402
from support.short import NOW, shorts  # noqa: E402

UNKNOWN = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # parts of the phrases that are taken away
SELDOM = 4  # features that fewer readings have say nothing
SMALL = 0.05  # weights below this are left out
STRENGTH = {
    "kind": 0.3,
    "by": 0.1,
    "remedy": 0.1,
}  # sklearn's C: how far the data may go against small weights
TARGET = ROOT / "parsers" / "learned.toml"
_HEAD = """\
# What each feature of a mail says of each answer ("answer:weight", hundredths), learned from the fixtures.
# Made by `make learn`; not to be edited by hand.
"""

Lesson = tuple[Mapping[str, float], str]


@dataclass
class Listener:
    """Stands in for what was learned of one question: hears the features, and answers with the truth."""

    truth: str = ""
    heard: list[Lesson] = field(default_factory=list)

    def opinion(self, found: Mapping[str, float]) -> Opinion:
        """Keep the features of a mail."""
        if self.truth:
            self.heard.append((found, self.truth))
        return Opinion(self.truth, {self.truth: 1.0 if self.truth else 0.0})


@dataclass
class Class:
    """The listeners of all questions."""

    kind: Listener = field(default_factory=Listener)
    by: Listener = field(default_factory=Listener)
    remedy: Listener = field(default_factory=Listener)

    def told(self, expected: Mapping[str, Any]) -> None:
        """Tell everybody the truth about the next mail; "" where the golden leaves it open."""
        self.kind.truth = str(expected.get("kind") or expected.get("outcome") or "")
        offer = expected.get("offer", "")
        for name in ("by", "remedy"):
            open_ = offer == "" or (offer is not None and name not in offer)
            getattr(self, name).truth = "" if open_ else str((offer or {}).get(name) or NOBODY)


def lessons() -> Class:
    """Every fixture and short mail read with more and more words unknown, each second time in other tags."""
    listeners = Class()
    mails: list[tuple[bytes, Mapping[str, Any]]] = [(m.read_bytes(), expected_of(m)) for m in fixtures()]
    mails += [(short.raw, {**NOW, "kind": short.kind}) for short in shorts()]
    for turn, part in enumerate(UNKNOWN):
        words = replace(forgetful(lexicon(), part), learned=listeners)  # type: ignore[arg-type]
        for raw, expected in mails:
            listeners.told(expected)
            raw_reading(retagged(raw, random.Random(len(raw))) if turn % 2 else raw, expected, words)
    return listeners


def learn(question: str, pairs: list[Lesson]) -> Iterator[str]:
    """The lines of one question; the same for the same lessons."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    times = Counter(name for found, _ in pairs for name in found)
    kept = [{n: v for n, v in found.items() if times[n] >= SELDOM} for found, _ in pairs]
    columns = DictVectorizer()
    model = LogisticRegression(C=STRENGTH[question], max_iter=1000)
    model.fit(columns.fit_transform(kept), [truth for _, truth in pairs])
    yield f"\n[{question}]"
    yield "answers = [" + ", ".join(f'"{answer}"' for answer in model.classes_) + "]"
    yield "bias = [" + ", ".join(f"{each:.2f}" for each in model.intercept_) + "]"
    yield f"\n[{question}.weights]"
    for at, name in enumerate(columns.feature_names_):
        weights = [(answer, round(row[at] * 100)) for answer, row in enumerate(model.coef_)]
        told = " ".join(f"{answer}:{weight}" for answer, weight in weights if abs(weight) >= SMALL * 100)
        if told:
            yield f'"{name}" = "{told}"'


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    heard = lessons()
    lines = [_HEAD.rstrip()]
    for question in STRENGTH:
        lines += learn(question, getattr(heard, question).heard)
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")
    sys.stdout.write(f"{TARGET.name}: learned from {len(heard.kind.heard)} readings.\n")


if __name__ == "__main__":
    main()
