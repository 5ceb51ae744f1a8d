"""How long the phases of a run took, and which it is in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncd.core.progress import Phase


def ignore_phase(_phase: Phase) -> None:
    """Tell nobody."""


class Stopwatch:
    """Milliseconds by phase. *on_enter* is told of each phase as it begins."""

    def __init__(self, on_enter: Callable[[Phase], None] = ignore_phase) -> None:
        self._on_enter = on_enter
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Count the time of the body to *name*."""
        self._on_enter(name)
        begun = time.monotonic()
        try:
            yield
        finally:
            spent = (time.monotonic() - begun) * 1000
            self.milliseconds[name] = round(self.milliseconds.get(name, 0.0) + spent, 1)
