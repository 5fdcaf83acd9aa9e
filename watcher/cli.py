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
state = typer.Typer(no_args_is_help=True, help="What is kept: export it, back it up, let old parts go.")
app.add_typer(state, name="state")

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
    from watcher.early import heeded

    with heeded():
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
def dossier(
    name: CaseName,
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="A new folder to write into.")],
    evidence: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Your photos and videos, to be checked.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is wrong; else it is guessed from the mails.")
    ] = None,
    defect: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The main defect, in a few English words.")
    ] = None,
    config: Config = None,
) -> None:
    """Gather a case in one folder: its mails, a timeline to print, the proof there is, drafts of letters."""
    from watcher.commands.dossier import run

    gc.enable()
    run(config, name, output, evidence, reason, defect)


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


@app.command()
def anonymise(
    mail: Annotated[str, typer.Argument(metavar="MAIL", help="A file with one mail, or -.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there, not to the screen.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same text gives the same replacements.")
    ] = None,
    config: Config = None,
) -> None:
    """Write a mail fit to publish: people, addresses, numbers, prices and keys replaced, the shape kept."""
    from watcher.commands.anonymise import run

    run(config, mail, output, seed)


@account.command("list")
def account_list(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """List the configured mailboxes and when each folder was last looked at."""
    from watcher.commands.account import list_accounts

    list_accounts(config, form is ShowFormat.JSON)


_Quiet = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what has no flag takes its default.")]
_ClientId = Annotated[
    str | None, typer.Option(metavar="ID", help="OAuth2: your own client, as registered with the provider.")
]
_ClientSecret = Annotated[
    Path | None, typer.Option(metavar="FILE", help="OAuth2: a file with the client's secret alone.")
]
_Paste = Annotated[
    bool, typer.Option("--paste", help="OAuth2: sign in on another machine and paste the address it ends at.")
]
_Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="OAuth2: open the page by itself.")]
_Stdin = Annotated[bool, typer.Option("--password-stdin", help="The password is a line on standard input.")]


@account.command("add")
def account_add(
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="Your mail address.")] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="NAME", help="gmail, microsoft365, zoho, ... for your own domain.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the account is called here.")] = None,
    maildir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A Maildir on this machine, no server.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The IMAP server.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    security: Annotated[str | None, typer.Option(metavar="tls|starttls|none")] = None,
    ca_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Whose certificates to trust.")] = None,
    username: Annotated[str | None, typer.Option(help="What to sign in as, if not the address.")] = None,
    auth: Annotated[str | None, typer.Option(metavar="password|oauth2", help="How to sign in.")] = None,
    folder: Annotated[
        list[str] | None, typer.Option("--folder", metavar="F", help="Watch this folder; repeatable.")
    ] = None,
    password_command: Annotated[
        str | None, typer.Option(metavar="COMMAND", help='Prints the password: "pass show mail/home".')
    ] = None,
    password_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Holds the password.")] = None,
    password_env: Annotated[str | None, typer.Option(metavar="NAME", help="Variable with it.")] = None,
    password_credential: Annotated[
        str | None, typer.Option(metavar="NAME", help="systemd credential with it.")
    ] = None,
    password_stdin: _Stdin = False,
    store: Annotated[
        str, typer.Option(metavar="auto|keyring|file", help="Where a password that was typed is kept.")
    ] = "auto",
    ring: Annotated[
        str | None,
        typer.Option("--alert", metavar="HOW", help="desktop, email, none, or an address for Apprise."),
    ] = None,
    client_id: _ClientId = None,
    client_secret_file: _ClientSecret = None,
    paste: _Paste = False,
    browser: _Browser = True,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Try the login before writing.")] = True,
    yes: _Quiet = False,
    config: Config = None,
) -> None:
    """Add a mailbox: asks for the address and the password, fills in the rest, tries it, writes it down."""
    from watcher.commands.enroll import Wish, add

    wish = Wish(
        address=address,
        provider=provider,
        name=name,
        maildir=maildir,
        host=host,
        port=port,
        security=security,
        ca_file=ca_file,
        username=username,
        auth=auth,
        folders=tuple(folder or ()),
        password_command=password_command,
        password_credential=password_credential,
        password_file=password_file,
        password_env=password_env,
        password_stdin=password_stdin,
        store=store,
        alert=ring,
        client_id=client_id,
        client_secret_file=client_secret_file,
        paste=paste,
        browser=browser,
        test=test,
        yes=yes,
    )
    add(config, wish)


@account.command("login")
def account_login(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which account.")] = None,
    client_id: _ClientId = None,
    client_secret_file: _ClientSecret = None,
    paste: _Paste = False,
    browser: _Browser = True,
    password_stdin: _Stdin = False,
    config: Config = None,
) -> None:
    """Sign in to a mailbox anew: in a browser (OAuth2), or with a new password."""
    from watcher.commands.login import login

    login(config, name, client_id, client_secret_file, paste, browser, password_stdin)


@account.command("remove")
def account_remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which account.")],
    yes: _Quiet = False,
    config: Config = None,
) -> None:
    """Take a mailbox out of the configuration, and the secret that was kept for it."""
    from watcher.commands.enroll import remove

    remove(config, name, yes)


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


@state.command("export")
def state_export(
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there, not to the screen.")
    ] = None,
    config: Config = None,
) -> None:
    """Write every case, what you did about it, and every alert as one JSON object."""
    from watcher.commands.state import export

    export(config, output)


@state.command("backup")
def state_backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder to put one in.")],
    config: Config = None,
) -> None:
    """Copy the memory to a file, also while `watch` is running."""
    from watcher.commands.state import back_up

    back_up(config, target)


@state.command("prune")
def state_prune(
    older_than: Annotated[str, typer.Option(metavar="730d", help="What was over so long ago.")] = "730d",
    yes: _Quiet = False,
    config: Config = None,
) -> None:
    """Let go of mails, cases and alerts that were over long ago; what is open stays."""
    from watcher.commands.state import let_go

    let_go(config, older_than, yes)


@app.command()
def doctor(
    form: Show = ShowFormat.TABLE,
    loud: Annotated[bool, typer.Option("--loud", help="Send a test alert by every channel too.")] = False,
    config: Config = None,
) -> None:
    """Look at everything that offerwatch depends on, and list what to do; exit 3 when it is blind."""
    from watcher.doctor import run

    raise typer.Exit(run(config, form is ShowFormat.JSON, loud))


@app.command("install-service")
def install_service(
    system: Annotated[bool, typer.Option("--system", help="For the whole machine, not for a user.")] = False,
    run_as: Annotated[
        str | None, typer.Option(metavar="USER", help="With --system: who runs it; else who owns the file.")
    ] = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the unit, write nothing.")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Start it, now and at every start.")] = False,
    credential: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Where a password_credential comes from; repeatable."),
    ] = None,
    writable: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="A password_command writes there (~/.gnupg); repeatable."),
    ] = None,
    config: Config = None,
) -> None:
    """Write a hardened systemd unit that runs `watch`, checked before it is put in place."""
    from watcher.commands.service import install

    install(config, system, run_as, print_only, enable, tuple(credential or ()), tuple(writable or ()))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Run through it once, check it, and end.")] = False,
    config: Config = None,
) -> None:
    """See it work on built-in mails: an offer rings, a reminder moves the deadline, a closing settles it.

    Nothing needs to be configured; with --config it speaks that file's language and shows its time.
    """
    from watcher.demo import run

    gc.enable()
    raise typer.Exit(run(once, config))


def main() -> None:
    """Run the command line; never returns, never prints a traceback for a user's mistake."""
    app(prog_name="offerwatch")


if __name__ == "__main__":
    main()
