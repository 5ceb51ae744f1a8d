"""What git ignores is not mirrored, and what it tracks is."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.adapters.folder.hash_cache import HashCache
from syncd.adapters.folder.scanning import Folder, scan_folder
from tests.adapters.folders import commit_all, list_paths, run_git, write_files


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run_git(folder, "init", "-q")
    return folder


async def test_ignore_files_hold_below_where_they_stand_and_the_inner_one_decides(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            ".gitignore": "# comment\r\ndraft*.md\r\n/top.md\nbuild/\n*.log.md\n!keep.log.md\n",
            "sub/.gitignore": "!draft2.md\n/only.md\n",
            "draft1.md": "",
            "top.md": "",
            "x.log.md": "",
            "keep.log.md": "",
            "build/a.md": "",
            "sub/build/a.md": "",
            "sub/draft1.md": "",
            "sub/draft2.md": "",
            "sub/only.md": "",
            "sub/top.md": "",
            "sub/sub/only.md": "",
        },
    )
    assert await list_paths(tmp_path) == ["keep.log.md", "sub/draft2.md", "sub/sub/only.md", "sub/top.md"]


async def test_a_line_that_is_no_pattern_and_a_byte_order_mark_harm_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "", "b.md": "", ".gitignore": "\ufeffa.md\n!\n/\n[\n***\\\n"})
    assert await list_paths(tmp_path) == ["b.md"]


async def test_a_linked_ignore_file_is_not_followed(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside": "*\n", "folder/a.md": ""})
    (tmp_path / "folder/.gitignore").symlink_to("../outside")
    assert await list_paths(tmp_path / "folder") == ["a.md"]


async def test_the_ignore_files_above_a_folder_and_the_exclude_file_hold_too(repository: Path) -> None:
    write_files(repository, {".gitignore": "a.md\n", "in/.gitignore": "b.md\n", ".git/info/exclude": "/in/part/c.md\n"})
    write_files(repository, {f"in/part/{name}.md": "" for name in "abcd"})
    assert await list_paths(repository / "in/part") == ["d.md"]
    assert await list_paths(repository, docs_path="in/part") == ["in/part/d.md"]


async def test_a_folder_or_docs_path_that_a_person_named_is_wanted_although_ignored(repository: Path) -> None:
    write_files(repository, {".gitignore": "build/\n", "build/html/a.html": "", "build/b.md": ""})
    assert await list_paths(repository / "build") == ["b.md", "html/a.html"]
    assert await list_paths(repository, docs_path="build/html") == ["build/html/a.html"]
    assert await list_paths(repository) == []


async def test_files_that_are_tracked_are_kept_although_ignored(repository: Path) -> None:
    write_files(repository, {"build/kept.md": "", "build/deep/kept.md": "", "top.md": ""})
    commit_all(repository)
    write_files(
        repository,
        {".gitignore": "build/\n*.md\n!build/new.md\n", "build/new.md": "", "build/deep/new.md": "", "new.md": ""},
    )
    assert await list_paths(repository) == ["build/deep/kept.md", "build/kept.md", "top.md"]


_NAMES = ["a", "b", "ab", "a.md", "b.md"]
_SEGMENTS = st.sampled_from(
    [
        *_NAMES,
        "*",
        "a*",
        "*.md",
        "?",
        "[ab]",
        "**",
        "[!a]*",
        "\\*",
        "a\\b",
        "a ",
        "\\#a",
        "#a",
        "\\!a",
        "{a}",
        "**b",
        "",
        "..",
        "[]a]",
        "[^b]",
    ]
)
_LINES = st.builds(
    lambda negated, rooted, segments, directory: (
        f"{'!' if negated else ''}{'/' if rooted else ''}{'/'.join(segments)}{'/' if directory else ''}"
    ),
    st.booleans(),
    st.booleans(),
    st.lists(_SEGMENTS, min_size=1, max_size=3),
    st.booleans(),
)
_IGNORE_FILES = st.dictionaries(st.sampled_from(["", "a", "a/b"]), st.lists(_LINES, max_size=4), min_size=1, max_size=3)
_PATHS = [
    "a/a.md",
    "a/b/a.md",
    "a/b/b.md",
    "a/b/ab/a.md",
    "b/a/a.md",
    "b/b.md",
    "ab/b.md",
    "a.md",
    "b.md",
    "ab/ab/a",
    "#a/!a",
    "{a}",
    "*/a",
    "a /b",
]


@settings(max_examples=30, deadline=None)
@given(_IGNORE_FILES)
def test_the_files_listed_are_those_that_git_lists(ignore_files: dict[str, list[str]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, dict.fromkeys(_PATHS, ""))
        write_files(
            folder,
            {f"{directory}/.gitignore".lstrip("/"): "\n".join(lines) for directory, lines in ignore_files.items()},
        )
        subprocess.run(["git", "init", "-q", "--template="], cwd=folder, check=True)
        listed = subprocess.run(
            ["git", "-c", "core.excludesFile=", "ls-files", "-coz", "--exclude-standard"],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        scan = scan_folder(Folder(folder, lambda path: not path.endswith(".gitignore"), 1000, ""), HashCache())
        assert [entry.path for entry in scan.entries] == sorted(
            path for path in os.fsdecode(listed.stdout).split("\0") if path and not path.endswith(".gitignore")
        )
