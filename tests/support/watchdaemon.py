"""A whole daemon on folders and files, to be run as a process of its own and killed."""

import sys
from datetime import timedelta
from pathlib import Path

from support.watching import (
    FileChannel,
    FolderMailbox,
    MailChannel,
    PlainSpeech,
    judge,
    open_store,
    read_facts,
)
from watcher.app import App
from watcher.daemon import AlreadyWatchingError, Daemon
from watcher.delivery import Delivery, Patience
from watcher.emergency import Emergency
from watcher.looking import Watch


def main(folder: Path) -> int:
    """Watch `folder`/mail with `folder`/state; alerts go to `folder`/mail too, and to a file."""
    store = open_store(folder / "state")
    channels = [
        MailChannel("email", folder / "mail", store.own_mail.probe),
        FileChannel("push", folder / "push.txt"),
    ]
    app = App(store, PlainSpeech(), read_facts, channels, watched=[("home", "INBOX")])
    patience = Patience(grace=timedelta(0), at_most=timedelta(seconds=20))
    daemon = Daemon(
        app,
        [Watch("home", "INBOX", FolderMailbox(folder / "mail"), poll_every=timedelta(seconds=1))],
        Delivery(store.outbox, channels, probed=["email"], patience=patience),
        Emergency(app, channels, judge),
        folder / "state",
        tick_every=1.0,
    )
    try:
        return daemon.run()
    except AlreadyWatchingError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
