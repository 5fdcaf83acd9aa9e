"""Reading one mail beside mail-parser alone, and the worst of the strange ones."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from letters import order_mail
from measure import Row, against, best, python

_CODE = """
import json, sys, time
from pathlib import Path
{prepare}
mails = [Path(each).read_bytes() for each in Path(sys.argv[1]).read_text().split()]
for raw in mails[:3]:
    read(raw)
out = []
for raw in mails:
    began = time.process_time()
    try:
        read(raw)
    except Exception:
        if not {forgiven}:
            raise
    out.append(time.process_time() - began)
print(json.dumps(out))
"""
_OURS = """
from datetime import UTC, datetime
from parsers.origin import Provider
from watcher.loading import load_lexicon, load_policy
from parsers.read import read as read_mail
words, hosts, now = load_lexicon(), load_policy().hosts, datetime(2025, 3, 9, tzinfo=UTC)
read = lambda raw: read_mail(raw, now, words, Provider((), ()), hosts)
"""
_PARSER = (
    "import mailparser\n"
    "def read(raw):\n    mail = mailparser.parse_from_bytes(raw)\n"
    "    return mail.text_html, mail.text_plain, mail.headers\n"
)
_SOUP = (
    "import mailparser\nfrom bs4 import BeautifulSoup\n"
    "def read(raw):\n    mail = mailparser.parse_from_bytes(raw)\n"
    "    for html in mail.text_html:\n        soup = BeautifulSoup(html, 'lxml')\n"
    "        soup.get_text(), [a['href'] for a in soup.find_all('a', href=True)]\n"
)


def _times(prepare: str, listing: Path, forgiven: bool = False) -> list[float]:
    code = _CODE.format(prepare=prepare, forgiven=forgiven)
    found: list[float] = json.loads(best(python(code, str(listing)), 3).output)
    return found


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """Rows for one mail of AliExpress's, and for the worst of the strange corpora where they lie at hand."""
    rng, names = random.Random(1), []
    for number in range(40):
        path = folder / f"letter{number}.eml"
        path.write_bytes(order_mail(rng, number))
        names.append(str(path))
    listing = folder / "letters.txt"
    listing.write_text("\n".join(names))
    ours, parser, soup = (_times(each, listing) for each in (_OURS, _PARSER, _SOUP))
    yield against("one mail of ours, beside mail-parser alone", median(ours) / median(parser), 3)
    yield against("one mail of ours, beside mail-parser + bs4", median(ours) / median(soup), 1)
    corpora = os.environ.get("OFFERWATCH_CORPORA")
    if corpora:
        listing.write_text(
            "\n".join(str(path) for path in Path(corpora).rglob("*.eml") if " " not in str(path))
        )
        yield against("the slowest of the strange mails", max(_times(_OURS, listing)), 5, "s")
