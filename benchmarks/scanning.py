"""A scan of a mailbox on a real Dovecot, beside the least a client can do and the script people write."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from letters import SHARE, mailbox
from measure import Cost, Row, against, at_least, cost, offerwatch, python

from support.dovecot import Dovecot

_FLOOR = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
file = sock.makefile("rb")
def ask(tag, line):
    sock.sendall(f"{tag} {line}\\r\\n".encode())
    out = []
    while True:
        line = file.readline()
        out.append(line)
        if line.rstrip().endswith(b"}"):
            out.append(file.read(int(line.rsplit(b"{", 1)[1].rstrip()[:-1])))
        if line.startswith(tag.encode()):
            return out
file.readline()
ask("a", f"LOGIN {sys.argv[2]} {sys.argv[3]}")
ask("b", "EXAMINE INBOX")
found = ask("c", "UID SEARCH FROM aliexpress.com")[0].split()[2:]
mails = ask("d", "UID FETCH " + b",".join(found).decode() + " (BODY.PEEK[])")
print(len(found), sum(map(len, mails)))
"""
_SCRIPT = """
import sys
from imap_tools import MailBoxUnencrypted
found = 0
with MailBoxUnencrypted("127.0.0.1", int(sys.argv[1])).login(sys.argv[2], sys.argv[3]) as box:
    for mail in box.fetch(mark_seen=False):
        found += "aliexpress" in mail.from_ and bool(mail.html)
print(found)
"""


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """Rows for a mailbox of so many mails, one of a hundred AliExpress's."""
    with Dovecot() as server:
        for raw in mailbox(mails):
            server.deliver(raw)
        config = folder / "scan.toml"
        (folder / "secret").write_text(server.password)
        (folder / "secret").chmod(0o600)
        config.write_text(
            f'state_dir = "{folder}/state"\n[[account]]\nname = "home"\nhost = "127.0.0.1"\n'
            f"port = {server.port}\n"
            f'security = "none"\nusername = "{server.user}"\npassword_file = "{folder}/secret"\n'
            'folders = ["INBOX"]\n'
        )
        words = (str(server.port), server.user, server.password)
        scan = offerwatch(
            "scan", "--account", "home", "--since", "4000d", "--format", "json", "--config", str(config)
        )
        cost(python(_FLOOR, *words))  # the server's first search builds its index
        server.forget_commands()
        found = len(cost(scan).output.splitlines())
        trips = len(server.commands())
        assert found == -(-mails // SHARE), f"{found} mails of AliExpress's were found"
        shutil.rmtree(server.home / "mail" / server.user / "dovecot.rawlog")  # from here on without a record
        floor, ours = (_best(each) for each in (python(_FLOOR, *words), scan))
        fast = _best([*scan, "--fast"])
        script = cost(python(_SCRIPT, *words))
    yield against(
        f"scan of {mails} mails, complete, beside the floor, by the wall", ours.wall / floor.wall, 8
    )
    yield against("the same, trusting the sender search", fast.wall / floor.wall, 3.5)
    yield at_least("the script people write, beside the complete scan, processor", script.cpu / ours.cpu, 25)
    yield against("round trips of the complete scan", trips, 80, "")
    yield against("memory of the complete scan", ours.memory, 90, "MB")
    yield Row("wall: floor, fast, complete, script", _walls(floor, fast, ours, script), "", None)


def _best(command: list[str]) -> Cost:
    return min((cost(command) for _ in range(3)), key=lambda each: each.wall)


def _walls(*costs: Cost) -> str:
    return ", ".join(f"{each.wall:.2f} s" for each in costs)
