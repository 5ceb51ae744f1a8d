"""An environment in which no setting of the developer's machine reaches a test."""

import os

import pytest


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting of syncd, and every variable that Postgres' clients read, out of the environment."""
    for name in os.environ:
        if name.startswith(("SYNCD_", "PG")) or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
