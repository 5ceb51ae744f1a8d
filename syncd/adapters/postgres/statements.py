"""Where the SQL files are, in a checkout and in an installed package."""

from functools import cache
from pathlib import Path

import syncd


@cache
def sql_directory() -> Path:
    """Return the directory `sql`: beside the package in a checkout, inside it when installed (pyproject.toml, force-include)."""
    package = Path(syncd.__file__).parent
    installed = package / "sql"
    return installed if installed.is_dir() else package.parent / "sql"


def load_statement(name: str) -> str:
    """Return the text of `sql/queries/{name}.sql`."""
    return (sql_directory() / "queries" / f"{name}.sql").read_text(encoding="utf-8")
