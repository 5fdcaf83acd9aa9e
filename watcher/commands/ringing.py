"""The first way to be told: an account alone can't ring, so adding one offers a channel beside it."""

import os
from importlib.util import find_spec
from typing import Any

from watcher.commands import WRONG, StopError
from watcher.commands.asking import Asker
from watcher.commands.entry import Entry, keep_typed, secret_path
from watcher.configfile import ConfigFile, free_name
from watcher.privatefile import private_folder, write_whole

_NONE_YET = "No channel can ring yet: add a [[channel]], or run `account add` with --alert."


def add_channel(
    file: ConfigFile, asker: Asker, entry: Entry, secret: dict[str, Any], wanted: str | None
) -> list[str]:
    """Add the channel asked for by --alert, or, where there is none at all, the one that suits this machine.

    `wanted` is desktop, email, none, or an Apprise address. Returns what to tell. Raises StopError.
    """
    if wanted is None:
        if file.settings.channel:
            return []
        wanted = _chosen(asker, entry)
    if wanted == "none":
        return [] if file.settings.channel else [_NONE_YET]
    if wanted == "desktop":
        file.add("channel", {"kind": "desktop"})
        return ["Alerts are shown on this desktop."]
    if wanted == "email":
        return _email(file, entry, secret)
    if "://" in wanted:
        return _push(file, wanted)
    known = "It is desktop, email, none, or an address for Apprise such as ntfy://ntfy.sh/TOPIC."
    raise StopError(f'--alert "{wanted}" is not known.', known, WRONG)


def _chosen(asker: Asker, entry: Entry) -> str:
    usual = "none"
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        usual = "desktop"
    elif _smtp(entry) is not None:
        usual = "email"
    question = "How to ring (desktop, email, none, or an Apprise address such as ntfy://ntfy.sh/TOPIC)"
    return asker.text(question, "--alert", usual)


def _smtp(entry: Entry) -> Any:
    return entry.provider.smtp if entry.provider is not None and "@" in entry.address else None


def _email(file: ConfigFile, entry: Entry, secret: dict[str, Any]) -> list[str]:
    server = _smtp(entry)
    if server is None:
        remedy = "Add a [[channel]] of kind email to the configuration: host, username, from, to, a secret."
        raise StopError("It is not known by which server this account sends mail.", remedy, WRONG)
    name = _free(file, "email")
    fields: dict[str, Any] = {
        "kind": "email",
        "name": name if name != "email" else None,
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "ca_file": entry.server.get("ca_file"),
        "username": entry.server["username"],
    }
    if entry.by_token:
        fields |= {"auth": "oauth2", "account": entry.name}
    elif entry.typed is not None and not secret:  # the keyring has one entry for each use
        secret = keep_typed(file.path, f"channel-{name}", entry.server["username"], entry.typed, "keyring")
    own = {} if entry.by_token else secret
    file.add("channel", {**fields, **own, "from": entry.address, "to": [entry.address]})
    return [f"Alerts are mailed to {entry.address}: let your phone ring for mail from yourself."]


def _push(file: ConfigFile, url: str) -> list[str]:
    name = _free(file, "push")
    path = secret_path(file.path, f"channel-{name}")
    private_folder(path.parent)
    path.unlink(missing_ok=True)
    write_whole(path, url.encode("utf-8") + b"\n")
    file.add("channel", {"kind": "apprise", "name": name, "url_file": f"{path.parent.name}/{path.name}"})
    told = [f"Alerts are pushed by Apprise; the address is in {path}."]
    if find_spec("apprise") is None:
        told.append("Apprise is not there yet: pip install apprise, where offerwatch is.")
    return told


def _free(file: ConfigFile, usual: str) -> str:
    return free_name(usual, {name for name, _ in file.settings.named_channels})
