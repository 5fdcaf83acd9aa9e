"""The command line: every verb, its options, its exit code; imports nothing heavy until a verb needs it."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

gc.disable()  # a short command ends before there is anything to collect; long ones switch it on again

DEBUG = "OFFERWATCH_DEBUG"


class ScanFormat(StrEnum):
    """What `scan` prints."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    ICS = "ics"


class ShowFormat(StrEnum):
    """What the other commands print."""

    TABLE = "table"
    JSON = "json"


class By(StrEnum):
    """What the lines of JSON and CSV are."""

    MAIL = "mail"
    CASE = "case"


class _Told(TyperGroup):
    """Runs a command and tells its failure in a sentence, never by a traceback."""

    def invoke(self, ctx: Any) -> Any:
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:
        if os.environ.get(DEBUG) or type(error).__module__.startswith(("typer", "click")):
            raise
        raise typer.Exit(_tell(error)) from None


def _tell(error: Exception) -> int:
    from watcher.commands import hint

    if type(error).__name__ == "SettingsError":
        hint(f"{error}\nMend the file and run `offerwatch doctor`.")
        return 2
    sentence = getattr(error, "sentence", None)
    if sentence is None:
        name = type(error).__name__
        known = name == "DataError"
        hint(str(error) if known else f"offerwatch failed on something it did not expect ({name}: {error}).")
        if not known:
            hint(f"Run it again with {DEBUG}=1 and report what it prints.")
        return 1
    hint(f"{sentence} {getattr(error, 'remedy', '')}".strip())
    return int(getattr(error, "code", getattr(error, "exit_code", 1)))


app = typer.Typer(
    cls=_Told,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches your mailbox for AliExpress dispute offers and rings before their deadline passes.",
)
account = typer.Typer(no_args_is_help=True, help="The mailboxes that are watched.")
alert = typer.Typer(no_args_is_help=True, help="The ways alerts reach you.")
app.add_typer(account, name="account")
app.add_typer(alert, name="alert")

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration. [env: OFFERWATCH_CONFIG]"),
]
Show = Annotated[ShowFormat, typer.Option("--format", help="For people, or for programs.")]
CaseName = Annotated[
    str, typer.Argument(metavar="CASE", help="A case's short id, a dispute id, or an order number.")
]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            number = installed("offerwatch")
        except PackageNotFoundError:  # run from a checkout that was never installed
            number = "(not installed)"
        typer.echo(f"offerwatch {number}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Watches your mailbox for AliExpress dispute offers and rings before their deadline passes."""


@app.command()
def scan(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="A mail, an mbox, a Maildir, a folder of these, or -."),
    ] = None,
    form: Annotated[ScanFormat, typer.Option("--format", help="What to print.")] = ScanFormat.TABLE,
    by: Annotated[By, typer.Option("--by", help="What a line of JSON or CSV is.")] = By.MAIL,
    everything: Annotated[
        bool, typer.Option("--all", help="Ignored mails too; in the table also orders with nothing to do.")
    ] = False,
    since: Annotated[str | None, typer.Option(metavar="30d", help="Only mail this young.")] = None,
    now: Annotated[str | None, typer.Option(metavar="INSTANT", help="Judge as if it were this time.")] = None,
    authserv_id: Annotated[
        list[str] | None,
        typer.Option(
            "--authserv-id", metavar="ID", help="Whose Authentication-Results to trust; repeatable."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there, not to the screen.")
    ] = None,
    from_account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Read this configured mailbox.")
    ] = None,
    folder: Annotated[str | None, typer.Option(metavar="F", help="Only this folder of the mailbox.")] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Trust the server's search by sender; misses forwarded mail.")
    ] = False,
    config: Config = None,
) -> None:
    """Read mail once and show what it says; changes nothing, sends nothing, stores nothing."""
    from watcher.commands.scan import Wish, run

    gc.enable()
    wish = Wish(
        tuple(sources or ()),
        form.value,
        by is By.CASE,
        everything,
        since,
        now,
        tuple(authserv_id or ()),
        output,
        from_account,
        folder,
        fast,
    )
    run(wish, config)


@app.command()
def watch(config: Config = None) -> None:
    """Watch the configured mailboxes and ring before deadlines pass; ends on SIGTERM or SIGINT."""
    from watcher.commands.watch import run

    gc.enable()
    raise typer.Exit(run(config))


@app.command()
def status(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """Say whether offerwatch is awake, and whether it is your turn; exit 3 when it is blind."""
    from watcher.commands.look import status as run

    raise typer.Exit(run(config, form is ShowFormat.JSON))


@app.command()
def case(
    name: CaseName,
    qr: Annotated[bool, typer.Option("--qr", help="Show the order's page as a QR code.")] = False,
    form: Show = ShowFormat.TABLE,
    config: Config = None,
) -> None:
    """Show one case: whose turn, until when, and the way to answer without the mail's link."""
    from watcher.commands.look import case as run

    run(config, name, form is ShowFormat.JSON, qr)


@app.command()
def respond(
    ref: Annotated[str, typer.Argument(metavar="CASE|MAIL", help="A case, a file with one mail, or -.")],
    answer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Draft this answer: accept, reject, counter, ...")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is wrong; else it is guessed from the mail.")
    ] = None,
    defect: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The main defect, in a few English words.")
    ] = None,
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
    qr: Annotated[bool, typer.Option("--qr", help="Show the order's page as a QR code.")] = False,
    now: Annotated[str | None, typer.Option(metavar="INSTANT", help="Judge as if it were this time.")] = None,
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


@app.command()
def alerts(
    form: Show = ShowFormat.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest last.")] = 50,
    config: Config = None,
) -> None:
    """List what was said, by which channel, and whether it arrived."""
    from watcher.commands.look import alerts as run

    run(config, limit, form is ShowFormat.JSON)


@app.command()
def answered(
    name: CaseName,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="accepted, rejected, countered, ...")],
    undo: Annotated[bool, typer.Option("--undo", help="Take back this answer.")] = False,
    config: Config = None,
) -> None:
    """Tell what you answered in the app, so that the ringing ends."""
    from watcher.commands.tell import answered as run

    run(config, name, answer, undo)


@app.command()
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


@app.command()
def broken(name: CaseName, config: Config = None) -> None:
    """Tell that the links of this case's mail lead nowhere."""
    from watcher.commands.tell import broken as run

    run(config, name)


@app.command()
def ack(name: CaseName, config: Config = None) -> None:
    """Be quiet about a case until the next rung; the last rung always rings."""
    from watcher.commands.tell import ack as run

    run(config, name)


@app.command()
def snooze(
    name: CaseName,
    length: Annotated[str, typer.Argument(metavar="6h", help="How long to be quiet.")],
    config: Config = None,
) -> None:
    """Be quiet about a case for a while; never past the next critical rung."""
    from watcher.commands.tell import snooze as run

    run(config, name, length)


@app.command()
def explain(
    mail: Annotated[str, typer.Argument(metavar="MAIL", help="A file with one mail, or -.")],
    authserv_id: Annotated[
        list[str] | None,
        typer.Option(
            "--authserv-id", metavar="ID", help="Whose Authentication-Results to trust; repeatable."
        ),
    ] = None,
    now: Annotated[str | None, typer.Option(metavar="INSTANT", help="Judge as if it were this time.")] = None,
    config: Config = None,
) -> None:
    """Show how a mail was read: what was seen, what decided, what was unsure."""
    from watcher.commands.explain import run

    run(config, mail, tuple(authserv_id or ()), now)


@account.command("list")
def account_list(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """List the configured mailboxes and when each folder was last looked at."""
    from watcher.commands.account import list_accounts

    list_accounts(config, form is ShowFormat.JSON)


@account.command("test")
def account_test(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this one.")] = None,
    config: Config = None,
) -> None:
    """Sign in to the mailboxes and open their folders; changes nothing."""
    from watcher.commands.account import test_accounts

    raise typer.Exit(test_accounts(config, name))


@alert.command("test")
def alert_test(
    channel: Annotated[str | None, typer.Argument(metavar="CHANNEL", help="Only this one.")] = None,
    config: Config = None,
) -> None:
    """Send a test alert by every channel, and say which ones work."""
    from watcher.commands.alert import run

    raise typer.Exit(run(config, channel))


@app.command()
def doctor(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """Look at everything that offerwatch depends on, and list what to do; exit 3 when it is blind."""
    from watcher.doctor import run

    raise typer.Exit(run(config, form is ShowFormat.JSON))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Run through it once, check it, and end.")] = False,
) -> None:
    """See it work on built-in mails: an offer rings, a reminder moves the deadline, a closing settles it."""
    from watcher.demo import run

    gc.enable()
    raise typer.Exit(run(once))


def main() -> None:
    """Run the command line; never returns, never prints a traceback for a user's mistake."""
    app(prog_name="offerwatch")


if __name__ == "__main__":
    main()
