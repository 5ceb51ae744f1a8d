"""What a worker process does: takes work from its pipe, and answers, within limits of processor time and memory.

It is started with nothing but this: a process that imported the daemon again would take a second before its first text.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Imported for the work to come, before what there is by then is kept from the search for rings.
import syncd.core.indexing  # noqa: F401

OUT_OF_MEMORY = 99
_PR_SET_PDEATHSIG = 1
_RINGS_AFTER = 50_000


def serve(pipe: Connection, *, parent: int, seconds: float, memory_bytes: int) -> None:
    """Answer what comes through the *pipe* until its other end is closed; *seconds* of a processor are for one answer."""
    _end_with_parent(parent)
    _limit_memory(memory_bytes)
    # Reading makes many objects and hardly a ring of them: looking for rings as often as is usual costs a fifteenth.
    gc.freeze()
    gc.set_threshold(_RINGS_AFTER, 20, 50)
    while True:
        try:
            work, part = pipe.recv()
        except EOFError:
            return
        # The kernel counts our processor time and ends us: no code of ours could interrupt a regular expression.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            pipe.send(_answer(work, part))
        except MemoryError:
            # Nothing is sure to work any more: not even to say so.
            os._exit(OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(work: Callable[[Any], object], part: object) -> tuple[object, Exception | None]:
    try:
        return work(part), None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the caller's to handle, on the other side of the pipe
        return None, error


def _end_with_parent(parent: int) -> None:
    """Make this worker end when the daemon is killed: it would wait for work for ever."""
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


if __name__ == "__main__":
    fd, parent, seconds, memory_bytes = sys.argv[1:]
    serve(Connection(int(fd)), parent=int(parent), seconds=float(seconds), memory_bytes=int(memory_bytes))
