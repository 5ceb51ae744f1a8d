"""The threads in which PyGithub waits for GitHub: a fixed number, none of which can hold up the end of the program."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import ParamSpec, TypeAlias, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Work: TypeAlias = Callable[[], None] | None


class AskingThreads(Executor):
    """An executor whose threads are daemons: one that waits for a silent socket is left behind, and ends with its timeout.

    Those of `ThreadPoolExecutor` are joined when the interpreter exits, whatever they wait for.
    """

    def __init__(self, count: int) -> None:
        self._waiting: SimpleQueue[_Work] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"github-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, function: Callable[_Arguments, _Result], /, *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> "Future[_Result]":
        """Return the future of what *function* gives, once a thread is free."""
        future: Future[_Result] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*arguments, **named)
            except BaseException as error:  # noqa: BLE001 - it is the future's to raise
                future.set_exception(error)
            else:
                future.set_result(result)

        self._waiting.put(work)
        return future

    def end(self, *, within_seconds: float) -> None:
        """Let the threads end, each after what it does now; wait for that no longer than *within_seconds* altogether."""
        for _ in self._threads:
            self._waiting.put(None)
        ends_at = time.monotonic() + within_seconds
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()
