"""Stories of branches and heads: forward, backward, sideways, away and back."""

from tests.end_to_end.repository_life.life import (
    Life,
    Setting,
    ask_for,
    cost,
    do,
    edit,
    holds,
    is_new,
    look,
    look_while,
    move_to,
    push,
    remove_branch,
    revision,
    says,
    stands,
    story,
)

A, B, C = b"# A\n", b"# B\n", b"# C\n"
TWO = {"docs/a.md": A, "docs/b.md": B}
MANY = {f"docs/{number}.md": b"# Page %d\n" % number for number in range(30)}
_PINNED = Setting(branch="release")


def tag(life: Life) -> None:
    """Move a tag that is called like the branch, lightly and with a note, to another commit than the branch."""
    life.git.run("update-ref", "refs/tags/main", life.heads[0])
    life.git.run("tag", "-f", "-a", "v1", "-m", "one", life.heads[0])


def change_default(life: Life) -> None:
    life.git.set_branch("trunk", life.git.add_commit({"docs/trunk.md": C}, branch="trunk"))
    life.hosted.default_branch = "trunk"


def merge(life: Life) -> None:
    """Merge a side branch that began at the first commit."""
    life.git.set_branch("side", life.heads[0])
    side = life.git.add_commit({"docs/side.md": C}, branch="side", keep=True)
    ours = life.git.get_commit("main")
    tree = life.git.run("rev-parse", f"{life.git.add_commit({'docs/side.md': C}, keep=True)}^{{tree}}").strip()
    life.git.set_branch("main", life.git.run("commit-tree", tree, "-p", ours, "-p", side, stdin=b"Merge\n").strip())


def begin_anew(life: Life) -> None:
    """Push a history that has no commit in common with the one before."""
    life.git.remove_branch("main")
    life.git.add_commit({"docs/a.md": A, "docs/new.md": C})


HEADS = [
    story("the first look mirrors the whole head", push(TWO), look(), holds(TWO), revision(1)),
    story("an unchanged head costs one request and writes nothing", push(TWO), look(), look(), cost(1), revision(1)),
    story(
        "the branch moves forward",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
        revision(2),
    ),
    story(
        "the branch moves back", push(TWO), edit({"docs/c.md": C}), look(), move_to(0), look(), holds(TWO), revision(2)
    ),
    story(
        "the branch moves forward, back, and forward again: the document that returns is the same one",
        push(TWO),
        edit({"docs/c.md": C}),
        look(),
        move_to(0),
        look(),
        move_to(1),
        look(),
        stands({"docs/c.md": ("docs/c.md", 1)}),
        revision(3),
    ),
    story(
        "many pushes between two looks are one revision",
        push(TWO),
        look(),
        *(edit({"docs/a.md": b"# %d\n" % n}) for n in range(5)),
        look(),
        stands({"docs/a.md": ("docs/a.md", 2)}),
        revision(2),
    ),
    story(
        "pushes that cancel each other leave the revision",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        edit({"docs/a.md": A}),
        look(),
        revision(1),
    ),
    story(
        "a commit without a change moves the commit alone", push(TWO), look(), edit({}), look(), cost(3), revision(1)
    ),
    story(
        "a commit beside the docs moves the commit alone",
        push(TWO),
        look(),
        edit({"setup.py": b"1\n"}),
        look(),
        cost(3),
        revision(1),
    ),
    story(
        "a reverted edit is a new version of what is stored",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        edit({"docs/a.md": A}),
        look(),
        cost(4),
        stands({"docs/a.md": ("docs/a.md", 3)}),
    ),
    story(
        "a merge brings both sides",
        push(TWO),
        edit({"docs/a.md": C}),
        look(),
        do(merge),
        look(),
        is_new("docs/side.md"),
    ),
    story(
        "a history that was rewritten is a change like any other",
        push(TWO),
        look(),
        do(begin_anew),
        look(),
        stands({"docs/a.md": ("docs/a.md", 1)}),
        is_new("docs/new.md"),
    ),
    story(
        "the default branch is followed without its name",
        push({"docs/a.md": A}),
        look(),
        edit({"docs/a.md": B}),
        look(),
        move_to(0),
        look(),
        setting=Setting(default_branch="weird-name"),
    ),
    story(
        "another branch becomes the default", push(TWO), look(), do(change_default), look(), holds({"docs/trunk.md": C})
    ),
    story(
        "a branch by name is followed forward and back",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        move_to(0),
        look(),
        setting=_PINNED,
    ),
    story(
        "a push to another branch changes nothing",
        push(TWO),
        look(),
        edit({"docs/a.md": C}, branch="other"),
        look(),
        cost(1),
        holds(TWO),
    ),
    story(
        "a branch with a slash in its name is followed",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        setting=Setting(branch="docs/next/one"),
    ),
    story(
        "a branch with odd characters in its name is followed",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        setting=Setting(branch="odd#name&%41;+x"),
    ),
    story(
        "a branch that looks like a commit is followed as a branch",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look(),
        setting=Setting(branch="1234567"),
    ),
    story(
        "a tag of the branch's name does not stand for it",
        push(TWO),
        edit({"docs/a.md": C}),
        do(tag),
        look(),
        look(),
        cost(1),
    ),
    story(
        "a tag that moves moves nothing",
        push(TWO),
        edit({"docs/a.md": C}),
        look(),
        do(tag),
        look(),
        cost(1),
        revision(1),
    ),
    story(
        "the project is asked for another branch",
        push(TWO),
        look(),
        push({"docs/next.md": C}, branch="next"),
        ask_for(branch="next"),
        look(),
        holds({"docs/next.md": C}),
    ),
    story(
        "the project is asked back for the branch it had",
        push(TWO),
        look(),
        push({"docs/next.md": C}, branch="next"),
        ask_for(branch="next"),
        look(),
        ask_for(branch="main"),
        look(),
        stands({"docs/a.md": ("docs/a.md", 1)}),
    ),
    story(
        "the project is asked for a branch that is not there, and keeps what it has",
        push(TWO),
        look(),
        ask_for(branch="nxt"),
        look("stalled", "branch_missing"),
        holds(TWO),
        says("nxt"),
    ),
    story(
        "a branch that is not there yet is mirrored when it comes",
        push(TWO, branch="main"),
        look("stalled", "branch_missing"),
        says("main"),
        push(TWO),
        look(),
        setting=_PINNED,
    ),
    story(
        "a deleted branch keeps its documents",
        push(TWO),
        look(),
        remove_branch(),
        look("stalled", "branch_missing"),
        look("stalled", "branch_missing"),
        holds(TWO),
        revision(1),
    ),
    story(
        "a deleted branch comes back as it was",
        push(TWO),
        look(),
        remove_branch(),
        look("stalled", "branch_missing"),
        move_to(0),
        look(),
        revision(1),
    ),
    story(
        "a deleted branch comes back elsewhere",
        push(TWO),
        edit({"docs/a.md": C}),
        look(),
        remove_branch(),
        look("stalled", "branch_missing"),
        move_to(0),
        look(),
        holds(TWO),
        revision(2),
    ),
    story(
        "an empty repository waits for its first push",
        look("stalled", "repository_empty"),
        push(TWO),
        look(),
        revision(1),
    ),
    story(
        "a push during a look is seen by the next look",
        push(TWO),
        look(),
        edit({"docs/a.md": C}),
        look_while("/git/trees/", edit({"docs/b.md": C})),
        holds({"docs/a.md": C, "docs/b.md": B}),
        look(),
        holds({"docs/a.md": C, "docs/b.md": C}),
    ),
    story(
        "a forced push during a look is seen by the next look",
        push(TWO),
        edit({"docs/c.md": C}),
        look_while("recursive=1", move_to(0)),
        holds({**TWO, "docs/c.md": C}),
        look(),
        holds(TWO),
    ),
    story(
        "a branch deleted during a look leaves a whole commit",
        push(TWO),
        look_while("/git/trees/", remove_branch()),
        holds(TWO),
        look("stalled", "branch_missing"),
        holds(TWO),
    ),
]
