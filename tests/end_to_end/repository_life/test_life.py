"""The life of a repository, told in stories: whatever its people and GitHub do, the mirror is one whole commit, and says how it stands."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.end_to_end.repository_life.access import ACCESS
from tests.end_to_end.repository_life.costs import COSTS
from tests.end_to_end.repository_life.decisions import SITUATIONS
from tests.end_to_end.repository_life.edits import EDITS
from tests.end_to_end.repository_life.faults import DELETIONS, FAULTS
from tests.end_to_end.repository_life.git_sync import CASES
from tests.end_to_end.repository_life.heads import HEADS
from tests.end_to_end.repository_life.life import Story, open_life
from tests.end_to_end.repository_life.odd_files import OTHERS
from tests.end_to_end.repository_life.places import PLACES
from tests.end_to_end.repository_life.pulls import PULLS
from tests.loop import Loop

ROOT = Path(__file__).parents[3]
STORIES: Sequence[Story] = [*HEADS, *PLACES, *EDITS, *OTHERS, *ACCESS, *FAULTS, *DELETIONS, *PULLS, *COSTS]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_story(shared_loop: Loop, tmp_path: Path, story: Story) -> None:
    name = f"story-{STORIES.index(story)}"
    async with open_life(shared_loop, tmp_path, name, story.setting) as life:
        for number, step in enumerate(story.steps, start=1):
            try:
                await step(life)
            except AssertionError as error:
                error.add_note(f"{story.name}: step {number} of {len(story.steps)}")
                raise


def test_no_story_is_told_twice() -> None:
    assert [name for name, times in Counter(story.name for story in STORIES).items() if times > 1] == []


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_case_of_git_sync_has_its_story_or_the_reason_why_not(case: str) -> None:
    for place in CASES[case]:
        assert place.startswith("- ") or is_told(place), place


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_has_its_stories(situation: str) -> None:
    for place in SITUATIONS[situation]:
        assert is_told(place), place


def is_told(place: str) -> bool:
    """Return whether *place* is the name of a story, or of a test elsewhere."""
    file, _, test = place.partition("::")
    return place in {story.name for story in STORIES} or bool(test and f"def {test}(" in (ROOT / file).read_text())
