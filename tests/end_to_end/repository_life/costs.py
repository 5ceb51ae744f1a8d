"""Stories of what a large repository costs: the number of requests depends on what changed, and on nothing else."""

from tests.end_to_end.repository_life.life import Setting, cost, cost_at_most, edit, look, push, story
from tests.end_to_end.whole import Question

_LARGE = Setting(question=Question(max_documents=10_000))


def write_pages(count: int) -> dict[str, bytes]:
    """Return so many pages, a hundred in each folder."""
    return {f"docs/{number // 100}/{number}.md": b"# Page %d\n" % number for number in range(count)}


COSTS = [
    story(
        "one page of five thousand costs its head, its commit, a level, the listing and itself",
        push(write_pages(5000)),
        look(),
        look(),
        cost(1),
        edit({"docs/17/1742.md": b"# Changed\n"}),
        look(),
        cost(5),
        setting=_LARGE,
    ),
    story(
        "an import of 1,656 documents costs at most 25 requests",
        push(write_pages(1656)),
        look(),
        cost_at_most(25),
        setting=_LARGE,
    ),
]
