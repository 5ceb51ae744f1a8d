"""Every situation in which a mirror of a repository must decide something, and the stories and tests in which it does."""

from collections.abc import Mapping, Sequence

_TRANSPORTS = "tests/adapters/github/test_transports.py"
_IMPORT = "tests/services/test_import.py"

SITUATIONS: Mapping[str, Sequence[str]] = {
    "nothing moved": (
        "an unchanged head costs one request and writes nothing",
        "tests/services/test_polling.py::test_a_head_that_did_not_move_is_compared_as_a_whole_once_a_day",
    ),
    "the head moved and the docs did not": (
        "a commit beside the docs moves the commit alone",
        "a commit without a change moves the commit alone",
    ),
    "the docs moved": (
        "a page is edited and the others are left alone",
        "one page of five thousand costs its head, its commit, a level, the listing and itself",
    ),
    "a listing is truncated": (
        "a listing that GitHub cuts is read level by level",
        "a listing that cannot be read whole deletes nothing",
        "a listing that lacks rows and does not say so is found out by its SHA",
    ),
    "few or many blobs are missing": (
        "an import of 1,656 documents costs at most 25 requests",
        f"{_TRANSPORTS}::test_few_blobs_come_one_by_one_byte_for_byte",
        f"{_TRANSPORTS}::test_many_blobs_come_in_batches_and_the_odd_ones_one_by_one",
    ),
    "a huge import, and few requests left": (f"{_IMPORT}::test_an_import_beyond_the_hour_goes_on_in_the_next",),
    "a forced push": (
        "the branch moves back",
        "a history that was rewritten is a change like any other",
        "a forced push during a look is seen by the next look",
    ),
    "the branch is deleted": (
        "a deleted branch keeps its documents",
        "a deleted branch comes back as it was",
        "a deleted branch comes back elsewhere",
        "a branch deleted during a look leaves a whole commit",
    ),
    "access is lost: 404, 401, 403, 451": (
        "a repository that is hidden keeps its documents, and goes on when it is shown",
        "a revoked token stops the project, and a new one lets it go on",
        "access that is denied keeps the documents",
        "a repository that is blocked by law keeps the documents",
    ),
    "the repository is empty: 409": ("an empty repository waits for its first push",),
    "the docs path vanished": (
        "a folder that is named and vanishes keeps its documents, and they live on when it returns",
        "a folder that is named and missing says which are there",
    ),
    "most documents are gone": (
        "most documents gone is held, and believed when it is seen again",
        "most documents gone in another way is held anew",
        "most documents gone and come back was nothing",
    ),
    "renamed or transferred": (
        "a renamed repository is followed",
        "a repository that goes to another owner is followed",
    ),
    "the name belongs to somebody else": (
        "the name of a deleted repository that somebody else took stops the project",
        "a name that somebody else took is not followed",
    ),
    "a file is renamed": ("a page is renamed and nothing is fetched", "a folder moves and nothing is fetched"),
    "a webhook is lost": ("tests/end_to_end/test_webhooks.py::test_no_mishap_of_deliveries_leaves_a_wrong_mirror",),
    "a symlink": ("a symlink is left out with its reason", "a page becomes a symlink, and a page again"),
    "a submodule": ("a submodule is left out with its reason",),
    "an LFS pointer": ("an LFS pointer is left out, and its file is mirrored when it is checked in",),
    "no UTF-8, a mark, CRLF, NUL": (
        "line ends and marks are kept byte for byte",
        "a page in UTF-16 is read, and its bytes are kept",
        "a page in an old encoding is read, and its bytes are kept",
        "a page becomes binary, and a page again",
    ),
    "too large": ("a page grows too large, and shrinks again",),
    "paths that collide in case, are odd, climb, or are no UTF-8": (
        "letter case alone makes another path",
        "composed and decomposed letters are two paths",
        "odd and harmless paths are kept as they are",
        "a path that climbs out is left out with its reason",
        "a path that is not UTF-8 is left out with its reason",
    ),
    "a failure in the middle": (
        "a fault in the middle of many pages publishes none of them, and heals",
        "tests/end_to_end/test_crashes.py::test_a_daemon_killed_anywhere_leaves_one_whole_commit_and_the_next_one_goes_on",
    ),
}
