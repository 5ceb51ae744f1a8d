"""A shell beside a running `up`: what its commands print, and how they end."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.cli import main
from tests.end_to_end.running import Up


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in which the data directory of `up` is named."""

    capture: pytest.CaptureFixture[str]
    data: Path
    up: Up

    def run(self, *words: str) -> tuple[int, str, str]:
        """Return exit code, output and errors of one command."""
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*words, "--data-dir", str(self.data)])
        said = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in said.err
        return ended.value.code, said.out, said.err

    def ask(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a command that succeeds prints for machines."""
        code, output, errors = self.run(*words, "--json")
        assert code == 0, errors
        return json.loads(output)

    def refuse(self, *words: str) -> tuple[int, str]:
        """Return exit code and error code of a command that fails, which says a sentence and a hint in both forms."""
        code, output, errors = self.run(*words)
        assert (output, [line.split(": ")[0] for line in errors.splitlines()]) == ("", ["error", "hint"])
        again, output, errors = self.run(*words, "--json")
        assert (again, output) == (code, "")
        return code, json.loads(errors)["error"]["code"]

    def read_table(self, *words: str) -> list[str]:
        """Return the lines of the table that a command prints for people."""
        code, output, errors = self.run(*words)
        assert (code, errors) == (0, "")
        return output.splitlines()


def make_folder(place: Path, name: str, *pages: str) -> Path:
    folder = place / name
    folder.mkdir()
    for page in pages:
        (folder / page).write_text(f"# {page}\n\nThe page {page}.\n")
    return folder
