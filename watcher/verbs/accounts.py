"""The commands of `account`: list, add, sign in to, remove and test the mailboxes that are watched."""

from pathlib import Path
from typing import Annotated

import typer

from watcher.verbs import Config, Show, ShowFormat, Yes

ClientId = Annotated[
    str | None, typer.Option(metavar="ID", help="OAuth2: your own client, as registered with the provider.")
]
ClientSecret = Annotated[
    Path | None, typer.Option(metavar="FILE", help="OAuth2: a file with the client's secret alone.")
]
Paste = Annotated[
    bool, typer.Option("--paste", help="OAuth2: sign in on another machine and paste the address it ends at.")
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="OAuth2: open the page by itself.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="The password is a line on standard input.")]


def account_list(form: Show = ShowFormat.TABLE, config: Config = None) -> None:
    """List the configured mailboxes and when each folder was last looked at."""
    from watcher.commands.account import list_accounts

    list_accounts(config, form is ShowFormat.JSON)


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
    password_stdin: Stdin = False,
    store: Annotated[
        str, typer.Option(metavar="auto|keyring|file", help="Where a password that was typed is kept.")
    ] = "auto",
    ring: Annotated[
        str | None,
        typer.Option("--alert", metavar="HOW", help="desktop, email, none, or an address for Apprise."),
    ] = None,
    client_id: ClientId = None,
    client_secret_file: ClientSecret = None,
    paste: Paste = False,
    browser: Browser = True,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Try the login before writing.")] = True,
    yes: Yes = False,
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


def account_login(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which account.")] = None,
    client_id: ClientId = None,
    client_secret_file: ClientSecret = None,
    paste: Paste = False,
    browser: Browser = True,
    password_stdin: Stdin = False,
    config: Config = None,
) -> None:
    """Sign in to a mailbox anew: in a browser (OAuth2), or with a new password."""
    from watcher.commands.login import login

    login(config, name, client_id, client_secret_file, paste, browser, password_stdin)


def account_remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which account.")],
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Take a mailbox out of the configuration, and the secret that was kept for it."""
    from watcher.commands.enroll import remove

    remove(config, name, yes)


def account_test(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this one.")] = None,
    config: Config = None,
) -> None:
    """Sign in to the mailboxes and open their folders; changes nothing."""
    from watcher.commands.account import test_accounts

    raise typer.Exit(test_accounts(config, name))
