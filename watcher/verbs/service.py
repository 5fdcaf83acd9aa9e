"""The commands about the watcher itself: running it, trying it, what it depends on, and what it keeps."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from watcher.verbs import Config, Output, Show, ShowFormat, Yes


def watch(config: Config = None) -> None:
    """Watch the configured mailboxes and ring before deadlines pass; ends on SIGTERM or SIGINT."""
    from watcher.early import heeded

    with heeded():
        from watcher.commands.watch import run

        gc.enable()
        raise typer.Exit(run(config))


def doctor(
    form: Show = ShowFormat.TABLE,
    loud: Annotated[bool, typer.Option("--loud", help="Send a test alert by every channel too.")] = False,
    config: Config = None,
) -> None:
    """Look at everything that offerwatch depends on, and list what to do; exit 3 when it is blind."""
    from watcher.doctor import run

    raise typer.Exit(run(config, form is ShowFormat.JSON, loud))


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


def alert_test(
    channel: Annotated[str | None, typer.Argument(metavar="CHANNEL", help="Only this one.")] = None,
    config: Config = None,
) -> None:
    """Send a test alert by every channel, and say which ones work."""
    from watcher.commands.alert import run

    raise typer.Exit(run(config, channel))


def state_export(
    output: Output = None,
    config: Config = None,
) -> None:
    """Write every case, what you did about it, and every alert as one JSON object."""
    from watcher.commands.state import export

    export(config, output)


def state_backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder to put one in.")],
    config: Config = None,
) -> None:
    """Copy the memory to a file, also while `watch` is running."""
    from watcher.commands.state import back_up

    back_up(config, target)


def state_prune(
    older_than: Annotated[str, typer.Option(metavar="730d", help="What was over so long ago.")] = "730d",
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Let go of mails, cases and alerts that were over long ago; what is open stays."""
    from watcher.commands.state import let_go

    let_go(config, older_than, yes)
