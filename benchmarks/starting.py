"""What it takes to say a first word, beside a typer program that does nothing."""

from collections.abc import Iterator
from pathlib import Path

from measure import Row, against, best, offerwatch, python

_NOTHING = """
import typer
app = typer.Typer()
@app.command()
def one(): "Nothing."
@app.command()
def two(): "Nothing."
app()
"""


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """Rows for `--help` and `status`."""
    (folder / "Maildir" / "new").mkdir(parents=True)
    (folder / "Maildir" / "cur").mkdir()
    config = folder / "start.toml"
    config.write_text(
        f'state_dir = "{folder}/start"\n[[account]]\nname = "home"\nkind = "maildir"\n'
        f'path = "{folder}/Maildir"\n'
        '[[channel]]\nkind = "command"\nrun = ["/bin/true"]\n'
    )
    nothing = best(python(_NOTHING, "--help")).cpu
    yield against("--help", best(offerwatch("--help")).cpu / nothing, 1.3)
    status = best(offerwatch("status", "--config", str(config)), codes=(0, 3)).cpu
    yield against("status", status / nothing, 1.3)
