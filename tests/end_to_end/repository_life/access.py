"""Stories of who may read a repository, and of what it is called."""

from tests.end_to_end.repository_life.heads import MANY, TWO, A, B, C
from tests.end_to_end.repository_life.life import (
    NAME,
    TOKEN,
    Life,
    Setting,
    Step,
    break_with,
    cost,
    do,
    edit,
    heal,
    holds,
    look,
    look_while,
    push,
    revision,
    says,
    story,
)
from tests.fakegithub.faults import Answer
from tests.fakegithub.gitrepo import GitRepository

HOUR_SECONDS = 3600
FEW = {path: text for path, text in MANY.items() if int(path[5:-3]) < 9}
MOST_GONE = {**dict.fromkeys(MANY), "docs/0.md": A}
_ANONYMOUS = Setting(token=False)
_PRIVATE = Setting(private=True)


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


ACCESS = [
    story(
        "a renamed repository is followed", push(TWO), look(), rename("acme/handbuch"), edit({"docs/a.md": C}), look()
    ),
    story(
        "a repository that goes to another owner is followed",
        push(TWO),
        look(),
        rename("globex/handbook"),
        edit({"docs/a.md": C}),
        look(),
    ),
    story(
        "a name that somebody else took is not followed",
        push(TWO),
        look(),
        rename("acme/old"),
        take_name,
        edit({"docs/a.md": C}),
        look(),
        holds({"docs/a.md": C, "docs/b.md": B}),
    ),
    story(
        "the name of a deleted repository that somebody else took stops the project",
        push(TWO),
        look(),
        do(remove),
        take_name,
        look("stalled", "repository_replaced"),
        holds(TWO),
    ),
    story(
        "a deleted repository keeps its documents",
        push(TWO),
        look(),
        do(remove),
        look("stalled", "repository_not_found"),
        look("stalled", "repository_not_found"),
        holds(TWO),
        revision(1),
    ),
    story(
        "a repository that is hidden keeps its documents, and goes on when it is shown",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        do(hide),
        look("stalled", "repository_not_found"),
        holds(TWO),
        do(show),
        look(),
        holds({"docs/a.md": C, "docs/b.md": B}),
    ),
    story("a private repository is read with a token that may", push(TWO), look(), setting=_PRIVATE),
    story(
        "a private repository is not found with a token that may not",
        push(TWO),
        do(hide),
        look("stalled", "repository_not_found"),
        says("token"),
        holds({}),
        setting=_PRIVATE,
    ),
    story(
        "a private repository is not found without a token",
        push(TWO),
        look("stalled", "repository_not_found"),
        says("token"),
        setting=Setting(private=True, token=False),
    ),
    story("a public repository is read without a token", push(TWO), look(), look(), cost(1), setting=_ANONYMOUS),
    story(
        "a revoked token stops the project, and a new one lets it go on",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        do(revoke),
        look("stalled", "credential_refused"),
        holds(TWO),
        do(renew),
        look(),
    ),
    story(
        "a token that is revoked during a look publishes nothing",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look_while("/git/trees/", do(revoke)),
        holds(TWO),
        look("stalled", "credential_refused"),
        do(renew),
        look(),
    ),
    story(
        "access that is denied keeps the documents",
        push(TWO),
        look(),
        break_with(
            Answer(403, body=b'{"message":"Resource protected by organization SAML enforcement."}'),
            on="/commits/",
            times=None,
        ),
        look("stalled", "access_denied"),
        says("SAML"),
        holds(TWO),
        heal(),
        look(),
    ),
    story(
        "a repository that is blocked by law keeps the documents",
        push(TWO),
        look(),
        break_with(Answer(451, body=b'{"message":"Repository access blocked"}'), on="/commits/", times=None),
        look("stalled", "access_denied"),
        holds(TWO),
        heal(),
        look(),
    ),
    story(
        "sixty requests an hour without a token are waited out",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        use_anonymous(60),
        look("waiting", "rate_limited"),
        says("token"),
        holds(TWO),
        use_anonymous(0),
        heal(seconds=2 * HOUR_SECONDS),
        look(),
        setting=_ANONYMOUS,
    ),
]
