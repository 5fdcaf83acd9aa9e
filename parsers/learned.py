"""Weights learned from the fixtures, and the opinions on a mail that they give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rules.facts import Kind, Outcome, Party, Remedy

NOBODY = "none"  # where nobody is named as having proposed, or no remedy
_REASONS = 6
_ANSWERS = {
    "kind": frozenset((*map(str, Kind), str(Outcome.IGNORED), str(Outcome.UNCLEAR))),
    "by": frozenset((*map(str, Party), NOBODY)),
    "remedy": frozenset((*map(str, Remedy), NOBODY)),
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """The likeliest answer to a question about a mail; the chances of all (0 to 1); why."""

    answer: str
    chances: Mapping[str, float]
    why: tuple[tuple[str, float], ...] = ()

    @property
    def sure(self) -> float:
        """How probable the answer is."""
        return self.chances[self.answer]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned about one question: its answers, and what each feature says for each of them."""

    answers: tuple[str, ...]
    bias: tuple[float, ...]
    weights: Mapping[str, tuple[tuple[int, float], ...]]

    def opinion(self, found: Mapping[str, float]) -> Opinion:
        """What was mostly true of mails with these features."""
        totals = list(self.bias)
        for name, value in found.items():
            for answer, weight in self.weights.get(name, ()):
                totals[answer] += weight * value
        best = max(range(len(totals)), key=totals.__getitem__)
        parts = [math.exp(total - totals[best]) for total in totals]
        chances = {answer: part / sum(parts) for answer, part in zip(self.answers, parts, strict=True)}
        return Opinion(self.answers[best], chances, self._reasons(found, best))

    def _reasons(self, found: Mapping[str, float], best: int) -> tuple[tuple[str, float], ...]:
        """The features that spoke loudest for the answer, with how loud."""
        told = {
            name: weight * value
            for name, value in found.items()
            for answer, weight in self.weights.get(name, ())
            if answer == best and weight > 0
        }
        return tuple(sorted(told.items(), key=lambda each: (-each[1], each[0]))[:_REASONS])


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about each question: what a mail is, who proposes, what is proposed."""

    kind: Weights
    by: Weights
    remedy: Weights


def learned_from(data: Mapping[str, object]) -> Learned:
    """Return what learned.toml holds; raises ValueError with the key that is wrong."""
    return Learned(_weights(data, "kind"), _weights(data, "by"), _weights(data, "remedy"))


def _weights(data: Mapping[str, object], question: str) -> Weights:
    table = data.get(question)
    if not isinstance(table, Mapping):
        raise ValueError(f"{question}: must be a table")
    answers, bias, weights = table.get("answers"), table.get("bias"), table.get("weights")
    if not isinstance(answers, list) or not answers or not set(map(str, answers)) <= _ANSWERS[question]:
        raise ValueError(f"{question}.answers: must list some of {', '.join(sorted(_ANSWERS[question]))}")
    if not isinstance(bias, list) or len(bias) != len(answers):
        raise ValueError(f"{question}.bias: must have one number for each of its answers")
    if not isinstance(weights, Mapping):
        raise ValueError(f"{question}.weights: must be a table")
    read = {
        str(name): _pairs(f'{question}.weights."{name}"', str(text), len(answers))
        for name, text in weights.items()
    }
    return Weights(tuple(map(str, answers)), tuple(float(each) for each in bias), read)


def _pairs(key: str, text: str, answers: int) -> tuple[tuple[int, float], ...]:
    """The weights of one feature: "3:131 7:-42" is 1.31 for the fourth answer and -0.42 for the eighth."""
    try:
        parts = (pair.split(":") for pair in text.split())
        out = tuple((int(answer), int(weight) / 100) for answer, weight in parts)
    except ValueError:
        raise ValueError(f'{key}: write "answer:weight answer:weight"') from None
    if any(not 0 <= answer < answers for answer, _ in out):
        raise ValueError(f"{key}: names an answer that is not listed")
    return out
