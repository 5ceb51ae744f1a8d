"""A sync moves forward, and is seen to."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.progress import PHASES, Phase, Progress, enter_phase

START = Progress(datetime(2026, 11, 20, tzinfo=UTC))


@given(st.lists(st.sampled_from(PHASES)))
def test_the_phase_is_the_furthest_that_was_entered(entered: list[Phase]) -> None:
    progress = START
    for phase in entered:
        progress = enter_phase(progress, phase)
    assert PHASES.index(progress.phase) == max([0, *map(PHASES.index, entered)])
