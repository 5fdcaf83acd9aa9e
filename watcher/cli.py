"""The command line: every command in the order of the help; imports nothing heavy until one needs it."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from watcher.verbs import accounts, cases, reading, service

gc.disable()  # a short command ends before there is anything to collect; long ones switch it on again

DEBUG = "OFFERWATCH_DEBUG"


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


for verb in (
    reading.scan,
    service.watch,
    cases.status,
    cases.case,
    cases.respond,
    cases.dossier,
    cases.alerts,
    cases.answered,
    cases.due,
    cases.broken,
    cases.ack,
    cases.snooze,
    reading.explain,
    reading.anonymise,
    service.doctor,
    service.install_service,
    service.demo,
):
    app.command()(verb)

account = typer.Typer(no_args_is_help=True, help="The mailboxes that are watched.")
app.add_typer(account, name="account")
account.command("list")(accounts.account_list)
account.command("add")(accounts.account_add)
account.command("login")(accounts.account_login)
account.command("remove")(accounts.account_remove)
account.command("test")(accounts.account_test)

alert = typer.Typer(no_args_is_help=True, help="The ways alerts reach you.")
app.add_typer(alert, name="alert")
alert.command("test")(service.alert_test)

state = typer.Typer(no_args_is_help=True, help="What is kept: export it, back it up, let old parts go.")
app.add_typer(state, name="state")
state.command("export")(service.state_export)
state.command("backup")(service.state_backup)
state.command("prune")(service.state_prune)


def main() -> None:
    """Run the command line; never returns, never prints a traceback for a user's mistake."""
    app(prog_name="offerwatch")


if __name__ == "__main__":
    main()
