"""The ground of a watch is where docs can change, and nowhere else."""

from pathlib import Path

from syncd.adapters.folder.ground import Ground, survey_ground
from tests.adapters.folders import commit_all, run_git, write_files


def _survey(folder: Path, *excluded: Path) -> Ground:
    ground = survey_ground(folder, excluded)
    assert ground is not None
    return ground


def _list_watched(ground: Ground) -> list[str]:
    return sorted(Path(path).relative_to(ground.folder).as_posix() for path in ground.watched)


def test_ignored_directories_are_not_watched_and_ignored_files_do_not_count(tmp_path: Path) -> None:
    left = [".venv", "node_modules", "__pycache__", "data", "env", "build", "sub/build"]
    write_files(
        tmp_path, {".gitignore": "build/\n*.log\n", "env/pyvenv.cfg": "", "docs/deep/a.md": "", "file/build": ""}
    )
    write_files(tmp_path, {f"{name}/a.md": "" for name in left})
    ground = _survey(tmp_path, tmp_path / "data", tmp_path / "none")
    assert _list_watched(ground) == [".", "docs", "docs/deep", "file", "sub"]
    unwanted = [*left[:4], "build", "sub/build", *(f"{name}/a.md" for name in left), "x.log", "docs/x.log", ".git"]
    assert [path for path in unwanted if ground.concerns(str(tmp_path / path))] == []
    wanted = ["a.md", "docs", "docs/gone.md", "docs/deep", "file/build", ".gitignore", "new"]
    assert [path for path in wanted if ground.concerns(str(tmp_path / path))] == wanted
    assert ground.concerns(str(tmp_path))


def test_links_are_not_entered(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside/a.md": "", "folder/.gitignore": "build/\n", "folder/a.md": ""})
    for name, target in (("out", "../outside"), ("loop", "."), ("root", "/"), ("build", "../outside")):
        (tmp_path / "folder" / name).symlink_to(target)
    ground = _survey(tmp_path / "folder")
    assert _list_watched(ground) == ["."]
    # To git a link is a file, and a rule for directories does not ignore it.
    assert ground.concerns(str(tmp_path / "folder/build"))


def test_of_git_itself_only_what_a_commit_or_a_checkout_writes_counts(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "-b", "main")
    write_files(tmp_path, {"a.md": ""})
    commit_all(tmp_path)
    run_git(tmp_path, "branch", "feature/x")
    ground = _survey(tmp_path)
    assert _list_watched(ground) == [".", ".git", ".git/refs/heads", ".git/refs/heads/feature"]
    for path in (".git/HEAD", ".git/packed-refs", ".git/refs/heads/main", ".git/refs/heads/feature/x"):
        assert ground.concerns(str(tmp_path / path))
    for path in (".git/index", ".git/index.lock", ".git/HEAD.lock", ".git/refs/heads/main.lock", ".git/objects/ab"):
        assert not ground.concerns(str(tmp_path / path))


def test_the_tracked_files_of_an_ignored_directory_count_alone(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    write_files(tmp_path, {"build/kept.md": ""})
    commit_all(tmp_path)
    write_files(tmp_path, {".gitignore": "build/\n", "build/new.md": ""})
    ground = _survey(tmp_path)
    assert ground.concerns(str(tmp_path / "build/kept.md"))
    assert not ground.concerns(str(tmp_path / "build/new.md"))


def test_a_folder_that_is_missing_or_a_file_has_no_ground(tmp_path: Path) -> None:
    write_files(tmp_path, {"file": ""})
    assert survey_ground(tmp_path / "none", ()) is None
    assert survey_ground(tmp_path / "file", ()) is None
