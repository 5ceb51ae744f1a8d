"""The command line: people and scripts come in here."""

import asyncio
import sys
from collections.abc import Sequence

from syncd.cli.arguments import make_parser
from syncd.cli.output import print_error
from syncd.cli.run import INTERRUPTED
from syncd.errors import SyncdError


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code (contract: 0 ok, 1 failed, 2 usage, 3 not found, 4 unreachable, 5 busy)."""
    arguments = make_parser().parse_args(argv)
    try:
        with asyncio.Runner(loop_factory=arguments.loop_factory) as runner:
            sys.exit(runner.run(arguments.handler(arguments)))
    except SyncdError as error:
        print_error(error, as_json=arguments.json)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)  # the reader of our output has gone: `syncd project list | head`
