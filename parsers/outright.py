"""What the order of words in a clause tells of an ask: proof wanted, whatever follows; a last warning."""

from collections.abc import Iterable, Sequence

from parsers.wording import Mark

_PROOF = frozenset(("evidence", "provide", "must"))
_IN_TALK = frozenset(("evidence", "provide", "chat"))  # "send us a picture of the talk with the shop?"
_NOT_OURS = frozenset(("if", "seller", "declined", "faq", "proposal", "not", "opened"))


def outright(text: str, marks: Sequence[Mark], edges: Iterable[int]) -> frozenset[str]:
    """Return `asks_proof` and `warns` where they hold in a clause; `edges` are the ends of its parts.

    `asks_proof`: proof is asked for before anything else is said ("send pictures, or we go by the seller's").
    `warns`: the reminder stands before what happens else ("last call: if nothing is said, ...").
    """
    out, ends = set(), tuple(edges)
    if _asks_first(marks, ends) or (text.endswith("?") and {m.concept for m in marks} >= _IN_TALK):
        out.add("asks_proof")
    doubt = min((mark.start for mark in marks if mark.concept == "if"), default=-1)
    if any(m.concept == "remind" and any(m.end <= end <= doubt for end in ends) for m in marks):
        out.add("warns")
    return frozenset(out)


def _asks_first(marks: Sequence[Mark], edges: Iterable[int]) -> bool:
    for edge in edges:
        said = {mark.concept for mark in marks if mark.start < edge}
        if said & _NOT_OURS:
            return False
        if said >= _PROOF:
            return True
    return False
