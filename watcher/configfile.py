"""Changes the user's configuration as a careful person would: comments kept, checked before it is written."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from watcher.mistakes import Mistake, SettingsError
from watcher.privatefile import private_folder, write_whole
from watcher.settings import Settings, settings_from

_HEAD = """\
# offerwatch watches the mailboxes named here and rings by the channels named here.
# What else can be said (language, when to ring, quiet hours): see the README.
# Check it with: offerwatch doctor
"""


class ConfigFile:
    """One configuration being changed; nothing is written before `save`, and nothing that would not load."""

    def __init__(self, path: Path) -> None:
        """Read the file; one that isn't there yet counts as empty. Raises SettingsError."""
        self.path = path
        self.is_new = not path.exists()
        try:
            text = _HEAD if self.is_new else path.read_bytes().decode("utf-8")
            self._document = tomlkit.parse(text)
        except OSError as error:
            mistake = Mistake("", error.strerror or "unreadable", "a file that can be read")
            raise SettingsError(path, [mistake]) from None
        except (UnicodeDecodeError, TOMLKitError) as error:
            raise SettingsError(path, [Mistake("", str(error), "TOML, see https://toml.io")]) from None
        self.settings = self.checked()

    def checked(self) -> Settings:
        """What the file would mean as it stands now. Raises SettingsError with every mistake."""
        return settings_from(self._document.unwrap(), self.path)

    def add(self, key: str, fields: Mapping[str, Any]) -> None:
        """Append one `[[key]]` with these fields; those that are None are left out."""
        table = tomlkit.table()
        for name, value in fields.items():
            if value is not None:
                table.add(name, value)
        tables = self._document.get(key)
        if tables is None:
            tables = tomlkit.aot()
            tables.append(table)
            self._document.append(key, tables)
        elif isinstance(tables, AoT):
            tables.append(table)
        else:  # written as a list of inline tables
            inline = tomlkit.inline_table()
            inline.update(table.unwrap())
            tables.append(inline)

    def change(self, key: str, name: str, fields: Mapping[str, Any]) -> None:
        """Set fields of the entry of this name; a field that is None is removed."""
        table: Any = self._document[key]
        entry = table[self._position(key, name)]
        for field, value in fields.items():
            if value is not None:
                entry[field] = value
            elif field in entry:
                del entry[field]

    def remove(self, key: str, name: str) -> None:
        """Take the entry of this name out."""
        tables: Any = self._document[key]
        del tables[self._position(key, name)]
        if not len(tables):
            del self._document[key]

    def save(self) -> Settings:
        """Check all of it, then write it in one step. Raises SettingsError and OSError."""
        settings = self.checked()
        private_folder(self.path.parent)
        write_whole(self.path, tomlkit.dumps(self._document).encode("utf-8"))
        self.settings = settings
        return settings

    def _position(self, key: str, name: str) -> int:
        tables: Any = self._document.get(key, [])
        found = [number for number, entry in enumerate(tables) if entry.get("name") == name]
        if not found:
            raise KeyError(name)
        return found[0]


def free_name(usual: str, taken: Collection[str]) -> str:
    """The usual name of an entry, with a number behind it where it is taken."""
    name, number = usual, 1
    while name in taken:
        number += 1
        name = f"{usual}-{number}"
    return name
