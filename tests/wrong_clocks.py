"""A clock that a process believes and that a test sets: libfaketime, of which only the wall clock is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(slots=True)
class WrongClock:
    """What a process takes for the wall clock, by so many seconds ahead of the true one. Its monotonic clock is right."""

    library: Path
    file: Path
    ahead_seconds: float = 0.0

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process must be started with."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: float) -> None:
        """Let the clock jump."""
        self.ahead_seconds += seconds
        # Replaced, not written: who reads it at this moment reads the old one or the new one.
        new = self.file.with_suffix(".new")
        new.write_text(f"{self.ahead_seconds:+.3f}s\n")
        new.replace(self.file)


@pytest.fixture
def wrong_clock(tmp_path: Path) -> WrongClock:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("FAKETIME IS NOT INSTALLED (apt-get install faketime): CLOCKS THAT REALLY JUMP ARE NOT TESTED")
    clock = WrongClock(found[0], tmp_path / "clock")
    clock.jump(0)
    return clock
