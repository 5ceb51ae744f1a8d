"""How long the phases of a run took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Milliseconds by phase."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the body to *name*."""
        begun = time.monotonic()
        try:
            yield
        finally:
            spent = (time.monotonic() - begun) * 1000
            self.milliseconds[name] = round(self.milliseconds.get(name, 0.0) + spent, 1)
