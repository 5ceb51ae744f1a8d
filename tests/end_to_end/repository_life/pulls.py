"""Stories of directories that a project's docs are pulled to: wherever they are and whatever was there."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.core.moments import AtCommit
from syncd.errors import Rejected
from syncd.services.pulling import Order, pull_project
from tests.end_to_end.repository_life.heads import TWO, A, B, C
from tests.end_to_end.repository_life.life import Life, Step, do, edit, look, move_to, push, story
from tests.end_to_end.running import run_git


def pull(where: str = "out", *, changed: bool = True, at: int | None = None) -> Step:
    """Pull to *where*, and expect there what the mirror holds, or held at the commit of number *at*."""

    async def step(life: Life) -> None:
        moment = None if at is None else AtCommit(life.heads[at])
        order = Order(life.project.tenant_id, life.name, life.directory / where, moment)
        pulled = await pull_project(life.loop.mirror.web_pool, order)
        head = life.heads[at] if at is not None else life.git.get_commit("main")
        whole = life.find_whole(head)
        assert whole
        assert (pulled.commit, pulled.changed) == (head, changed)
        assert read(life.directory / where) == whole.documents

    return step


def is_refused(where: str) -> Step:
    async def step(life: Life) -> None:
        with pytest.raises(Rejected) as caught:
            await pull_project(
                life.loop.mirror.web_pool, Order(life.project.tenant_id, life.name, life.directory / where)
            )
        assert caught.value.code == "directory_taken"

    return step


def read(directory: Path) -> dict[str, bytes]:
    tree = directory.resolve()
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def there(does: Callable[[Path], object]) -> Step:
    """Do something by hand where the story takes place."""
    return do(lambda life: does(life.directory))


def put(path: str, content: bytes) -> Step:
    def write(directory: Path) -> None:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)

    return there(write)


def link(path: str, target: str) -> Step:
    return there(lambda directory: (directory / path).symlink_to(directory / target))


def make(path: str) -> Step:
    return there(lambda directory: (directory / path).mkdir(parents=True))


def begin_git(directory: Path) -> None:
    (directory / "tree/out").mkdir(parents=True)
    run_git(directory / "tree", "init", "-q")


PULLS = [
    story("the docs are pulled to a directory that is not there yet", push(TWO), look(), pull("new/deep/out")),
    story("the docs are pulled to an empty directory", push(TWO), look(), make("out"), pull()),
    story(
        "the docs are pulled to a directory of a roundabout name", push(TWO), look(), make("x"), pull("x/../x/./../out")
    ),
    story(
        "the docs are pulled below a symlink",
        push(TWO),
        look(),
        make("real"),
        link("linked", "real"),
        pull("linked/out"),
    ),
    story(
        "the docs are pulled inside the work tree of another repository",
        push(TWO),
        look(),
        there(begin_git),
        pull("tree/out"),
    ),
    story(
        "a directory that holds what is not ours is left alone",
        push(TWO),
        look(),
        put("out/letter.txt", C),
        is_refused("out"),
    ),
    story("a file in the place of the directory is left alone", push(TWO), look(), put("out", C), is_refused("out")),
    story("a pull of what is there changes nothing", push(TWO), look(), pull(), pull(changed=False)),
    story(
        "a pull follows the branch forward and back",
        push(TWO),
        look(),
        pull(),
        edit({"docs/c.md": C}),
        look(),
        pull(),
        move_to(0),
        look(),
        pull(),
    ),
    story(
        "a pull follows a history that was rewritten",
        push(TWO),
        look(),
        pull(),
        push({"docs/new.md": C}),
        look(),
        pull(),
    ),
    story(
        "a document that was changed by hand is put right", push(TWO), look(), pull(), put("out/docs/a.md", B), pull()
    ),
    story("a document that was added by hand goes", push(TWO), look(), pull(), put("out/docs/mine.md", A), pull()),
    story(
        "a directory that was removed comes back",
        push(TWO),
        look(),
        pull(),
        there(lambda directory: (directory / "out").unlink()),
        pull(),
    ),
    story(
        "the files behind the directory were removed, and come back",
        push(TWO),
        look(),
        pull(),
        there(lambda directory: shutil.rmtree((directory / "out").resolve())),
        pull(),
    ),
    story(
        "an older commit is pulled, and the newest again",
        push(TWO),
        look(),
        edit({"docs/c.md": C}),
        look(),
        pull(at=0),
        pull(),
    ),
]
