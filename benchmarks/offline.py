"""A scan of many mails in files, beside the loop that reads each with mail-parser and BeautifulSoup."""

from collections.abc import Iterator
from pathlib import Path

from letters import mailbox
from measure import Row, at_least, cost, offerwatch, python

_LOOP = """
import sys
from pathlib import Path
import mailparser
from bs4 import BeautifulSoup
found = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    mail = mailparser.parse_from_bytes(path.read_bytes())
    for html in mail.text_html:
        soup = BeautifulSoup(html, "lxml")
        links = [a["href"] for a in soup.find_all("a", href=True)]
        found += "aliexpress" in soup.get_text().lower() or any("aliexpress" in link for link in links)
print(found)
"""
_SHARE = 50


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """A row for so many mails, two of a hundred AliExpress's."""
    place = folder / "files"
    place.mkdir()
    for number, raw in enumerate(mailbox(mails, _SHARE)):
        (place / f"{number:06}.eml").write_bytes(raw)
    loop = cost(python(_LOOP, str(place)))
    ours = cost(offerwatch("scan", str(place), "--format", "json"))
    assert len(ours.output.splitlines()) == -(-mails // _SHARE), "not every mail of AliExpress's was found"
    yield at_least(f"scan of {mails} files, beside the loop, by the wall", loop.wall / ours.wall, 20)
    yield Row("the same, memory", f"{ours.memory:.0f} MB", "", None)
