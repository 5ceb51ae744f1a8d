"""Stories of what goes wrong at GitHub or on the way from there, and of histories that would remove nearly everything."""

from tests.end_to_end.repository_life.heads import MANY, TWO, A, B, C
from tests.end_to_end.repository_life.life import (
    NAME,
    TOKEN,
    Life,
    Setting,
    Step,
    break_with,
    do,
    edit,
    heal,
    holds,
    look,
    look_while,
    move_to,
    push,
    revision,
    says,
    stands,
    story,
)
from tests.fakegithub.faults import Answer, CutBody, CutListing, WrongBytes
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.limits import slow_down, use_up

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


FAULTS = [
    *(
        story(
            f"an error {status} at the {place} changes nothing and heals",
            push(TWO),
            look(),
            edit({"docs/a.md": C}),
            break_with(Answer(status), on=route),
            look("waiting", "github_unreachable"),
            holds(TWO),
            heal(seconds=60),
            look(),
            revision(2),
        )
        for status, place, route in (
            (500, "head", "/commits/"),
            (502, "commit", "/git/commits/"),
            (503, "tree", "/git/trees/"),
            (504, "listing", "recursive=1"),
            (500, "page", "/git/blobs/"),
        )
    ),
    story(
        "an answer that breaks off is tried again",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(CutBody(20), on="recursive=1"),
        look("waiting", "github_unreachable"),
        holds(TWO),
        heal(seconds=60),
        look(),
    ),
    story(
        "an answer that is not GitHub's is not believed",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(Answer(200, body=b"<html>"), on="recursive=1"),
        look("waiting", "github_answer_malformed"),
        holds(TWO),
        heal(seconds=600),
        look(),
    ),
    story(
        "not modified that nobody asked for is not believed",
        push(TWO),
        break_with(Answer(304), on="/commits/"),
        look("waiting", "github_answer_unexpected"),
        holds({}),
        heal(seconds=600),
        look(),
    ),
    story(
        "a slow GitHub is waited for",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look_while("/commits/"),
        holds({"docs/a.md": C, "docs/b.md": B}),
    ),
    story(
        "a secondary limit is waited out",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(slow_down(retry_after=30), on="/git/trees/"),
        look("waiting", "rate_limited"),
        holds(TWO),
        heal(seconds=31),
        look(),
    ),
    story(
        "a secondary limit without a time is waited out",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(slow_down(status=429), on="/git/blobs/"),
        look("waiting", "rate_limited"),
        holds(TWO),
        heal(seconds=HOUR_SECONDS),
        look(),
    ),
    story(
        "an hour that is used up is waited out",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(use_up(reset_at=1), on="/commits/"),
        look("waiting", "rate_limited"),
        holds(TWO),
        heal(seconds=2 * HOUR_SECONDS),
        look(),
    ),
    story(
        "bytes that are not those of their SHA are fetched another way",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(WrongBytes(), on="/git/blobs/"),
        look(),
        holds({"docs/a.md": C, "docs/b.md": B}),
    ),
    story(
        "bytes that stay wrong are never published",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(WrongBytes(), on="/git/blobs/", times=None),
        look("waiting", "github_answer_malformed"),
        holds(TWO),
        heal(seconds=600),
        look(),
    ),
    story(
        "a fault in the middle of many pages publishes none of them, and heals",
        push(TWO),
        look(),
        edit({f"docs/{n}.md": b"# N%d\n" % n for n in range(6)}),
        break_with(Answer(500), on="/git/blobs/", after=3),
        look("waiting", "github_unreachable"),
        holds(TWO),
        heal(seconds=60),
        look(),
        revision(2),
    ),
    story(
        "a redirect of a page is not followed",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        break_with(Answer(302, {"Location": "/elsewhere"}), on="/git/blobs/"),
        look("waiting", "github_answer_unexpected"),
        holds(TWO),
        heal(seconds=600),
        look(),
    ),
]

DELETIONS = [
    story(
        "few documents may all go at once",
        push({**FEW, "docs/x.py": A}),
        look(),
        push({"docs/a.md": A}),
        look(),
        holds({"docs/a.md": A}),
    ),
    story("half of the documents may go at once", push(MANY), look(), edit(dict.fromkeys(list(MANY)[:15])), look()),
    story(
        "most documents gone is held, and believed when it is seen again",
        push(MANY),
        look(),
        edit(MOST_GONE),
        look("stalled", "mass_deletion_held"),
        says("29"),
        holds(MANY),
        look(),
        holds({"docs/0.md": A}),
        revision(2),
    ),
    story(
        "most documents gone and come back was nothing",
        push(MANY),
        look(),
        edit(MOST_GONE),
        look("stalled", "mass_deletion_held"),
        move_to(0),
        look(),
        holds(MANY),
        revision(1),
    ),
    story(
        "most documents gone in another way is held anew",
        push(MANY),
        look(),
        edit(MOST_GONE),
        look("stalled", "mass_deletion_held"),
        edit({"docs/0.md": B}),
        look("stalled", "mass_deletion_held"),
        holds(MANY),
        look(),
        holds({"docs/0.md": B}),
    ),
    story(
        "most documents moved is no deletion",
        push(MANY),
        look(),
        edit({**dict.fromkeys(MANY), **{path.replace("docs/", "docs/new/"): text for path, text in MANY.items()}}),
        look(),
        stands({path.replace("docs/", "docs/new/"): (path, 1) for path in MANY}),
    ),
    story(
        "a listing that GitHub cuts is read level by level",
        push({f"docs/{n % 3}/{n}.md": b"# %d\n" % n for n in range(12)}),
        limit_trees(10),
        look(),
    ),
    story(
        "a listing that cannot be read whole deletes nothing",
        push(MANY),
        look(),
        edit({"docs/0.md": C}),
        limit_trees(10),
        look("stalled", "directory_too_large"),
        holds(MANY),
        limit_trees(100_000),
        look(),
    ),
    story(
        "a listing that lacks rows and does not say so is found out by its SHA",
        push(MANY),
        look(),
        edit({"docs/0.md": C}),
        break_with(CutListing(3, silently=True), on="recursive=1"),
        look(),
        holds({**MANY, "docs/0.md": C}),
        revision(2),
    ),
]
