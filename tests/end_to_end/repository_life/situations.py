"""What becomes of a repository at GitHub, and who may see it: the situations that stories of access and of faults share."""

from tests.end_to_end.repository_life.heads import MANY, A
from tests.end_to_end.repository_life.life import (
    NAME,
    TOKEN,
    Life,
    Setting,
    Step,
    do,
)
from tests.fakegithub.gitrepo import GitRepository

HOUR_SECONDS = 3600
FEW = {path: text for path, text in MANY.items() if int(path[5:-3]) < 9}
MOST_GONE = {**dict.fromkeys(MANY), "docs/0.md": A}
ANONYMOUS = Setting(token=False)
PRIVATE = Setting(private=True)


def rename(full_name: str) -> Step:
    return do(lambda life: life.fake.rename_repository(life.hosted, full_name))


def remove(life: Life) -> None:
    life.fake.remove_repository(life.hosted)


def hide(life: Life) -> None:
    """Make the repository private, and take it from the token."""
    life.hosted.private = True
    life.fake.add_token(TOKEN)


def show(life: Life) -> None:
    life.fake.add_token(TOKEN, reads=[NAME])


def revoke(life: Life) -> None:
    life.fake.revoke_token(TOKEN)


def renew(life: Life) -> None:
    life.fake.add_token(TOKEN, reads=None)


def use_anonymous(requests: int) -> Step:
    def use(life: Life) -> None:
        life.fake.anonymous.used = requests

    return do(use)


def limit_trees(entries: int) -> Step:
    return do(lambda life: life.fake.limit_trees(entries))


async def take_name(life: Life) -> None:
    """Let somebody else take the name that the repository had."""
    git = GitRepository.create(life.directory / "another.git")
    git.add_commit({"docs/a.md": b"# Of somebody else\n"})
    await life.fake.add_repository(NAME, git)
