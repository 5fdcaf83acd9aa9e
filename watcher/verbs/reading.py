"""The commands that read mail and keep nothing: scan, explain and anonymise."""

import gc
from enum import StrEnum
from typing import Annotated

import typer

from watcher.verbs import AuthservIds, Config, Now, Output

Mail = Annotated[str, typer.Argument(metavar="MAIL", help="A file with one mail, or -.")]


class ScanFormat(StrEnum):
    """What `scan` prints."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    ICS = "ics"


class By(StrEnum):
    """What the lines of JSON and CSV are."""

    MAIL = "mail"
    CASE = "case"


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
    now: Now = None,
    authserv_id: AuthservIds = None,
    output: Output = None,
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


def explain(
    mail: Mail,
    authserv_id: AuthservIds = None,
    now: Now = None,
    config: Config = None,
) -> None:
    """Show how a mail was read: what was seen, what decided, what was unsure."""
    from watcher.commands.explain import run

    run(config, mail, tuple(authserv_id or ()), now)


def anonymise(
    mail: Mail,
    output: Output = None,
    seed: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same text gives the same replacements.")
    ] = None,
    config: Config = None,
) -> None:
    """Write a mail fit to publish: people, addresses, numbers, prices and keys replaced, the shape kept."""
    from watcher.commands.anonymise import run

    run(config, mail, output, seed)
