"""The commands about cases: whose turn it is, what was said, how to answer, and what you did in the app."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from watcher.verbs import Config, Now, Show, ShowFormat

CaseName = Annotated[
    str, typer.Argument(metavar="CASE", help="A case's short id, a dispute id, or an order number.")
]
Defect = Annotated[str | None, typer.Option(metavar="TEXT", help="The main defect, in a few English words.")]
Qr = Annotated[bool, typer.Option("--qr", help="Show the order's page as a QR code.")]


def status(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """Say whether offerwatch is awake, and whether it is your turn; exit 3 when it is blind."""
    from watcher.commands.look import status as run

    raise typer.Exit(run(config, form is ShowFormat.JSON))


def case(
    name: CaseName,
    qr: Qr = False,
    form: Show = ShowFormat.TABLE,
    config: Config = None,
) -> None:
    """Show one case: whose turn, until when, and the way to answer without the mail's link."""
    from watcher.commands.look import case as run

    run(config, name, form is ShowFormat.JSON, qr)


def respond(
    ref: Annotated[str, typer.Argument(metavar="CASE|MAIL", help="A case, a file with one mail, or -.")],
    answer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Draft this answer: accept, reject, counter, ...")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is wrong; else it is guessed from the mail.")
    ] = None,
    defect: Defect = None,
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help='The refund you want, such as "25.00 EUR".')
    ] = None,
    tracking: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The return parcel's tracking number.")
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Change the draft in your $EDITOR first.")] = False,
    draft_only: Annotated[bool, typer.Option("--draft-only", help="Print the draft alone.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="You have pressed it in the app: note it, without asking.")
    ] = False,
    qr: Qr = False,
    now: Now = None,
    form: Show = ShowFormat.TABLE,
    config: Config = None,
) -> None:
    """Help to answer: what is offered, what each answer means, which proof helps, and a letter to paste."""
    from watcher.commands.respond import Wish, run

    gc.enable()
    as_json = form is ShowFormat.JSON
    run(
        config,
        ref,
        Wish(answer, reason, defect, amount, tracking, edit, draft_only, record, qr, as_json, now),
    )


def dossier(
    name: CaseName,
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="A new folder to write into.")],
    evidence: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Your photos and videos, to be checked.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is wrong; else it is guessed from the mails.")
    ] = None,
    defect: Defect = None,
    config: Config = None,
) -> None:
    """Gather a case in one folder: its mails, a timeline to print, the proof there is, drafts of letters."""
    from watcher.commands.dossier import run

    gc.enable()
    run(config, name, output, evidence, reason, defect)


def alerts(
    form: Show = ShowFormat.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest last.")] = 50,
    config: Config = None,
) -> None:
    """List what was said, by which channel, and whether it arrived."""
    from watcher.commands.look import alerts as run

    run(config, limit, form is ShowFormat.JSON)


def answered(
    name: CaseName,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="accepted, rejected, countered, ...")],
    undo: Annotated[bool, typer.Option("--undo", help="Take back this answer.")] = False,
    config: Config = None,
) -> None:
    """Tell what you answered in the app, so that the ringing ends."""
    from watcher.commands.tell import answered as run

    run(config, name, answer, undo)


def due(
    name: CaseName,
    when: Annotated[
        list[str], typer.Argument(metavar="WHEN", help='"2025-03-12 18:00", "in 2 days" or "2d 17h".')
    ],
    config: Config = None,
) -> None:
    """Tell the deadline that the app itself shows; it outranks the mail's until AliExpress writes again."""
    from watcher.commands.tell import due as run

    run(config, name, " ".join(when))


def broken(name: CaseName, config: Config = None) -> None:
    """Tell that the links of this case's mail lead nowhere."""
    from watcher.commands.tell import broken as run

    run(config, name)


def ack(name: CaseName, config: Config = None) -> None:
    """Be quiet about a case until the next rung; the last rung always rings."""
    from watcher.commands.tell import ack as run

    run(config, name)


def snooze(
    name: CaseName,
    length: Annotated[str, typer.Argument(metavar="6h", help="How long to be quiet.")],
    config: Config = None,
) -> None:
    """Be quiet about a case for a while; never past the next critical rung."""
    from watcher.commands.tell import snooze as run

    run(config, name, length)
