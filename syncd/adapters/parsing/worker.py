"""A process that reads texts within limits of processor time and memory, and may be killed by either."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import Any, TypeVar

from syncd.adapters.parsing import serving

# A worker that says nothing for so many times its processor time is stuck, on however busy a machine.
_PATIENCE = 10
_START_SECONDS = 60

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What the reading of one slice of texts may take: seconds of a processor, bytes of memory."""

    seconds: float = 20.0
    memory_bytes: int = 1024 * 1024 * 1024


DEFAULT_LIMITS = ParseLimits()


class WorkerGoneError(Exception):
    """The worker is gone, or gave up; the message says why, as it is told of a document. *is_limit*: it would again."""

    def __init__(self, message: str, *, is_limit: bool) -> None:
        super().__init__(message)
        self.is_limit = is_limit


class Worker:
    """One process and the pipe to it. Start it in the main thread: it ends with the thread that started it."""

    def __init__(self, limits: ParseLimits) -> None:
        self._limits = limits
        self._ending = threading.Lock()
        self._pipe, theirs = Pipe()
        with theirs:
            fd = theirs.fileno()
            work = [fd, os.getpid(), limits.seconds, limits.memory_bytes]
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by the same Python
                [sys.executable, "-P", "-m", serving.__name__, *map(str, work)],
                stdin=subprocess.DEVNULL,
                pass_fds=[fd],
                # What is imported here is found there, and nothing else.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def call(self, work: Callable[[Any], Made], part: object) -> Made:
        """Return what *work* makes of *part*, there. Blocks; raises `WorkerGoneError`, and what *work* raises."""
        try:
            self._pipe.send((work, part))
            if not self._pipe.poll(_START_SECONDS + self._limits.seconds * _PATIENCE):
                self.end()
            made, error = self._pipe.recv()
        except (EOFError, OSError) as gone:
            raise self._reap() from gone
        if error is not None:
            raise error
        result: Made = made
        return result

    def end(self) -> None:
        """Kill the process; whoever waits for its answer is told that it is gone."""
        with self._ending:
            if not self._pipe.closed:
                self._process.kill()

    def close(self) -> None:
        """Kill the process, wait for its end, and give back what it held."""
        self.end()
        self._reap()

    def _reap(self) -> WorkerGoneError:
        """Wait for the end of the process, and return what it died of. Several threads may ask for it."""
        code = None
        with self._ending:
            if not self._pipe.closed:
                code = self._process.wait()
                self._pipe.close()
        if code == -signal.SIGPROF:
            return WorkerGoneError(f"reading it took more than {self._limits.seconds:g} s", is_limit=True)
        if code == serving.OUT_OF_MEMORY:
            mebibytes = self._limits.memory_bytes // 1024**2
            return WorkerGoneError(f"reading it took more than {mebibytes} MiB", is_limit=True)
        return WorkerGoneError("its reader was killed", is_limit=False)
