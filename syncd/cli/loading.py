"""Loads what a command stands on when it runs: whoever asks for help, or types a wrong word, waits for no driver."""

from importlib import import_module
from typing import Any


def load(name: str) -> Any:  # noqa: ANN401 - whatever stands under the name
    """Return what stands in a module of the command line: `projects.add_command`."""
    module, _, member = name.partition(".")
    return getattr(import_module(f"syncd.cli.{module}"), member)
