"""What a reader sees of a mail's part: blocks of text and links, in reading order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Block:
    """The text of one block-level element, cleaned; a single <br> is a newline.

    `row` and `cell` number the innermost table row and the cell in it. `heading` marks headings, header
    cells, and blocks all in bold or large type. `quote` is how deep the text is quoted from an older mail.
    """

    text: str
    row: int | None = None
    cell: int | None = None
    heading: bool = False
    quote: int = 0

    @property
    def quoted(self) -> bool:
        """Does this belong to an older mail that is quoted?"""
        return self.quote > 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A link or button as shown: target as printed, label as read, index of the block where it stands."""

    href: str
    label: str
    position: int
    button: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """Everything visible of one part, in reading order."""

    blocks: tuple[Block, ...] = ()
    anchors: tuple[Shown, ...] = ()

    @property
    def text(self) -> str:
        """The blocks as one text, a block a line."""
        return "\n".join(block.text for block in self.blocks)


def with_introductions(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The line that introduces a quotation ("On ... somebody wrote:") belongs to it, in any language."""
    found = list(blocks)
    for index, (one, following) in enumerate(pairwise(list(found))):
        introduces = one.text.endswith((":", "：")) and any(char.isdigit() for char in one.text)
        if introduces and following.quote > one.quote:
            found[index] = replace(one, quote=following.quote)
    return tuple(found)
