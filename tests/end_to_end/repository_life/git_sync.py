"""Every kind of case in git-sync's own end-to-end suite (kubernetes/git-sync, test_e2e.sh), and where ours is told.

A case names our stories; or tests elsewhere, as `file::name`; or, after a dash, why there is nothing here that it could be about.
"""

from collections.abc import Mapping, Sequence

_PULL = "tests/end_to_end/test_pull.py"
_RUN = "tests/end_to_end/test_run.py"
_STATUS = "tests/web/test_health.py"

CASES: Mapping[str, Sequence[str]] = {
    "head once, root does not exist": (
        "the first look mirrors the whole head",
        "the docs are pulled to a directory that is not there yet",
    ),
    "head once, root exists and is empty": ("the docs are pulled to an empty directory",),
    "head once, root flag is weird": ("the docs are pulled to a directory of a roundabout name",),
    "head once, root flag has a symlink": ("the docs are pulled below a symlink",),
    "head once, root is under another repository": ("the docs are pulled inside the work tree of another repository",),
    "head once, root fails sanity": (
        "a directory that holds what is not ours is left alone",
        "a file in the place of the directory is left alone",
    ),
    "absolute link, link in a subdirectory": ("the docs are pulled to a directory that is not there yet",),
    "non-zero exit for a bad ref": (
        "a branch that is not there yet is mirrored when it comes",
        f"{_PULL}::test_what_cannot_be_pulled_is_said_with_its_exit_code",
    ),
    "default branch": ("the default branch is followed without its name", "another branch becomes the default"),
    "head: forward and back": (
        "the branch moves forward",
        "the branch moves back",
        "a pull follows the branch forward and back",
    ),
    "named branch: forward and back": ("a branch by name is followed forward and back",),
    "branch switch": ("the project is asked for another branch", "the project is asked back for the branch it had"),
    "tag, annotated tag, moved tag": (
        "a tag that moves moves nothing",
        "a tag of the branch's name does not stand for it",
    ),
    "sha: a fixed revision": ("an older commit is pulled, and the newest again",),
    "readlink tells the revision": ("a pull of what is there changes nothing",),
    "worktree cleanup": ("a document that was changed by hand is put right", "a document that was added by hand goes"),
    "worktree removed unexpectedly": ("the files behind the directory were removed, and come back",),
    "stale worktrees": (
        "a pull follows the branch forward and back",
        "tests/adapters/test_pulled_directory.py::test_a_reader_keeps_the_tree_that_it_has_opened_until_the_pull_after_the_next",
    ),
    "crash, and go on after it": (
        "a directory that was removed comes back",
        "tests/end_to_end/test_crashes.py::test_a_daemon_killed_anywhere_leaves_one_whole_commit_and_the_next_one_goes_on",
    ),
    "repository switch": (
        "a name that somebody else took is not followed",
        "the name of a deleted repository that somebody else took stops the project",
    ),
    "slow git, short timeout": (
        "tests/adapters/github/test_client.py::test_an_answer_that_takes_longer_than_its_deadline_is_given_up",
    ),
    "slow git, long timeout": ("a slow GitHub is waited for",),
    "depth": ("many pushes between two looks are one revision", "pushes that cancel each other leave the revision"),
    "fetch skips a commit": (
        "a push during a look is seen by the next look",
        "a forced push during a look is seen by the next look",
    ),
    "password: wrong": ("a revoked token stops the project, and a new one lets it go on",),
    "password: right": ("a private repository is read with a token that may",),
    "password in a file": ("tests/adapters/github/test_app.py::test_a_key_is_read_from_its_text_or_its_file",),
    "askpass URL: wrong, right, flaky, slow": (
        "tests/services/test_credentials.py::test_a_token_that_github_refuses_is_minted_anew",
    ),
    "GitHub App": (
        "tests/end_to_end/test_github_app.py::test_a_tenant_mirrors_its_private_repository_through_the_app",
    ),
    "ssh, ssh with several keys, wrong key": ("- GitHub is read over its API; there is no ssh",),
    "sync on a signal": (
        f"{_RUN}::test_sigterm_lets_the_running_sync_end_and_gives_its_lock_back",
        "tests/services/test_attending.py::test_a_request_of_a_person_forgets_the_failures",
    ),
    "exechook: success, once, with environment": (f"{_PULL}::test_follow_pulls_what_is_published_until_ctrl_c",),
    "exechook: failure and retry, after a crash": (
        "tests/services/test_pulling.py::test_follow_goes_on_after_an_outage_with_what_was_published_meanwhile",
    ),
    "webhook out: success, failure, retry, fire and forget": (
        "tests/services/test_sync.py::test_listeners_hear_of_a_revision_when_it_is_visible",
    ),
    "http: health, metrics, after a restart": (f"{_STATUS}::test_without_postgres_the_process_lives_and_is_not_ready",),
    "submodules: present, moved, nested, removed": (
        "a submodule is left out with its reason",
        "a submodule that moves on changes no document",
        "a submodule deep below is listed by its path",
        "a submodule is removed",
        "a submodule becomes a folder of pages",
    ),
    "submodules: depth, shallow, off, over http, relative, by ssh": (
        "- a submodule is another repository: it is a project of its own here",
    ),
    "sparse checkout": (
        "the project is asked for more files",
        "the project is asked for fewer files",
        "a folder that is named is mirrored alone",
    ),
    "additional git configuration": ("- no git runs",),
    "export of errors": (
        "a folder that is named and missing says which are there",
        "the project is asked for a branch that is not there, and keeps what it has",
    ),
    "touch file": ("tests/services/test_sync.py::test_listeners_hear_of_a_revision_when_it_is_visible",),
    "github over https": (
        "- the real GitHub is not reached by tests; its recordings are: tests/adapters/github/test_recordings.py",
    ),
    "git gc: auto, always, aggressive, off": (
        "tests/services/test_removing.py::test_a_removed_project_leaves_no_row_and_no_content_behind",
    ),
}
