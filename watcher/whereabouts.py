"""Where the configuration lies: --config, the environment, or the platform's config folder."""

import os
from collections.abc import Mapping
from pathlib import Path

CONFIG_VARIABLE = "OFFERWATCH_CONFIG"


def default_path() -> Path:
    """Where the configuration lies when nobody says otherwise."""
    import platformdirs

    return platformdirs.user_config_path("offerwatch") / "config.toml"


def find_config(option: Path | None, environ: Mapping[str, str] | None = None) -> Path | None:
    """Choose the file: --config, else OFFERWATCH_CONFIG, else the default if it is there, else None."""
    where = os.environ if environ is None else environ
    if option is not None:
        return option.expanduser()
    if where.get(CONFIG_VARIABLE):
        return Path(where[CONFIG_VARIABLE]).expanduser()
    path = default_path()
    return path if path.exists() else None
