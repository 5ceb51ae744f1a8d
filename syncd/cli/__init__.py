"""The command line: people and scripts come in here."""

import sys
from collections.abc import Sequence

from syncd.cli.arguments import make_parser
from syncd.cli.loading import load


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = make_parser().parse_args(argv)
    sys.exit(load("exit_codes.run_to_exit_code")(arguments))
