"""A process that reads texts within limits of processor time and memory, and may be killed by either."""

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

_PR_SET_PDEATHSIG = 1
# A worker that says nothing for so many times its processor time is stuck, on however busy a machine.
_PATIENCE = 10
_START_SECONDS = 60
_OUT_OF_MEMORY = 99
_RINGS_AFTER = 50_000
_SPAWN = multiprocessing.get_context("spawn")

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
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, os.getpid(), limits), daemon=True)
        self._process.start()
        theirs.close()

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
                self._process.join()
                code = self._process.exitcode
                self._process.close()
                self._pipe.close()
        if code == -signal.SIGPROF:
            return WorkerGoneError(f"reading it took more than {self._limits.seconds:g} s", is_limit=True)
        if code == _OUT_OF_MEMORY:
            mebibytes = self._limits.memory_bytes // 1024**2
            return WorkerGoneError(f"reading it took more than {mebibytes} MiB", is_limit=True)
        return WorkerGoneError("its reader was killed", is_limit=False)


def _serve(pipe: Connection, parent: int, limits: ParseLimits) -> None:
    _end_with_parent(parent)
    _limit_memory(limits.memory_bytes)
    # Reading makes many objects and hardly a ring of them: looking for rings as often as is usual costs a fifteenth.
    gc.freeze()
    gc.set_threshold(_RINGS_AFTER, 20, 50)
    while True:
        try:
            work, part = pipe.recv()
        except EOFError:
            return
        # The kernel counts our processor time and ends us: no code of ours could interrupt a regular expression.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        try:
            pipe.send(_answer(work, part))
        except MemoryError:
            # Nothing is sure to work any more: not even to say so.
            os._exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(work: Callable[[Any], object], part: object) -> tuple[object, Exception | None]:
    try:
        return work(part), None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the caller's to handle, on the other side of the pipe
        return None, error


def _end_with_parent(parent: int) -> None:
    """Make this worker end when the daemon is killed: it would wait for work for ever (its own end of the pipe stays open)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    """Let this process have so much more than it has now. Other systems than Linux do not keep such a limit."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
