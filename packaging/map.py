"""Writes the README's map: every module with the sentence that says what it is for."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
START, END = "<!-- map: written by `make map` -->", "<!-- end of map -->"
PACKAGES = ("rules", "parsers", "watcher")


def sentence(module: Path) -> str:
    """The first line of a module's docstring, or of its first paragraph where it runs on."""
    text = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n", 1)[0].split())


def table() -> str:
    """The map as Markdown tables, one a package."""
    out = []
    for package in PACKAGES:
        folder = ROOT / package
        out.append(
            f"### {package}\n\n{sentence(folder / '__init__.py')}\n\n| module | what it is for |\n|---|---|"
        )
        for module in sorted(folder.rglob("*.py"), key=lambda path: (len(path.parts), path.as_posix())):
            if module == folder / "__init__.py":
                continue
            name = module.relative_to(folder).with_suffix("").as_posix().removesuffix("/__init__")
            out.append(f"| `{name}` | {sentence(module)} |".replace("||", "|"))
        out.append("")
    return "\n".join(out)


def with_map(readme: str) -> str:
    """The README with a fresh map between the two marks."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{table()}\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    fresh = with_map(path.read_text("utf-8"))
    if "--check" in sys.argv:
        sys.exit(0 if fresh == path.read_text("utf-8") else "README.md's map is out of date: run make map.")
    path.write_text(fresh, "utf-8")
