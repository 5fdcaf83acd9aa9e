"""Says which one word more would have made an unclear mail clear, so that a user knows what to teach."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from parsers.clauses import Clause
from parsers.kinds import decide
from parsers.scores import URGENCY, YOURS, Scores, Sighting
from parsers.signs import DERIVED, Sign, Signs
from rules.facts import Kind

NEARLY = "nearly"
# What changes the sense of other words, or is said everywhere, is not what was missing.
_NOT_TAUGHT = frozenset(
    ("if", "not", "future", "you", "they", "elided", "familiar", "must", "order", "press", "help", "price",
     "line", "keep", "left", "total", "seller", "platform", "faq", "marketing", "survey", "chat", "code",
     "this_mail", "former")
)  # fmt: skip
_CLAUSES = 60
_SHORTEST = 10


def nearly(clauses: Sequence[Clause], signs: Signs, scores: Scores) -> tuple[Sighting, ...]:
    """Return, most urgent first, each kind that one concept in one clause would make of the mail.

    The sighting's `note` is "kind concept", its `where` the clause in which the word would have to stand.
    """
    wanted = _by_concept(signs.signs)
    best: dict[Kind, tuple[float, Sighting]] = {}
    for clause in clauses[:_CLAUSES]:
        if clause.place == "label" or len(clause.shown) < _SHORTEST:
            continue
        for concept, more in _gains(clause, wanted, signs.place_weight):
            points = dict(scores.points)
            for kind, weight in more.items():
                points[kind] = points.get(kind, 0.0) + weight
            found = decide(Scores(points, ()))
            gain = max(more.values())
            if found in YOURS and (found not in best or gain > best[found][0]):
                where = f"{clause.place}: {clause.shown[:120]}"
                best[found] = (gain, Sighting(NEARLY, 0.0, f"{found} {concept}", where))
    return tuple(best[kind][1] for kind in URGENCY if kind in best)


def _by_concept(signs: Sequence[Sign]) -> Mapping[str, Sequence[Sign]]:
    out: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        for concept in sorted(sign.all | sign.any):
            if concept not in _NOT_TAUGHT | DERIVED:
                out[concept].append(sign)
    return out


def _gains(
    clause: Clause, wanted: Mapping[str, Sequence[Sign]], places: Mapping[str, float]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Each concept that would make signs hold in a clause, with the points that they would bring."""
    for concept in wanted:
        if concept in clause.concepts or concept.endswith("_proposes"):
            continue
        concepts = clause.concepts | {concept}
        if concept in ("propose", "proposal") and "seller" in concepts:
            concepts |= {"seller_proposes"}
        more: dict[str, float] = defaultdict(float)
        for sign in wanted[concept]:
            if sign.holds(concepts, clause.place, clause.prints):
                more[sign.kind] += sign.weight * places[clause.place]
        if more:
            yield concept, dict(more)
