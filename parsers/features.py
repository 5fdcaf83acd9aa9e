"""What a mail holds, as names and values: what is said where and beside what, and how the signs weigh."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from parsers.clauses import Clause
from parsers.scores import Scores

_PLACES = {"subject": "head", "heading": "head", "label": "label"}
_GENERAL = ("faq", "help")  # what stands in a foot says little of this order
_MOST_POINTS, _UNIT = 8.0, 4.0


def features(
    clauses: Sequence[Clause], scores: Scores, decided: str, names: Sequence[str]
) -> dict[str, float]:
    """Return the features of one mail. `decided`: what the signs alone made of it; `names`: ids it has."""
    out = {name: 1.0 for clause in clauses for name in _said(clause)}
    out |= {f"points:{kind}": min(points, _MOST_POINTS) / _UNIT for kind, points in scores.points.items()}
    out |= {f"named:{name}": 1.0 for name in names}
    out[f"decided:{decided}"] = 1.0
    return out


def _said(clause: Clause) -> Iterator[str]:
    """Each concept by its place, by what is printed beside it, and with each other of its clause."""
    if clause.has(*_GENERAL):
        yield from (f"general:{concept}" for concept in clause.concepts)
        return
    place = _PLACES.get(clause.place, "body")
    for concept in clause.concepts:
        yield f"{place}:{concept}"
        yield f"said:{concept}"
        yield from (f"{concept}+{printed}" for printed in clause.prints)
    yield from (f"{one}&{other}" for one, other in combinations(sorted(clause.concepts), 2))
