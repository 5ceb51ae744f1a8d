"""The judge of the fake can say no: a validator that accepts everything would prove nothing."""

import json

import pytest

from tests.fakegithub.openapi.validation import validate_answer

_TREE = {"sha": "1" * 40, "tree": [], "truncated": False}


def _judge(path: str, body: object, *, status: int = 200) -> None:
    validate_answer("GET", path, status=status, content_type="application/json", body=json.dumps(body).encode())


def test_a_right_answer_passes() -> None:
    _judge("/repos/a/b/git/trees/main", _TREE)
    _judge("/repositories/7/git/trees/main", _TREE)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/repos/a/b/git/trees/main", {**_TREE, "truncated": "no"}, 200),
        ("/repos/a/b/git/trees/main", {"sha": "1" * 40}, 200),
        ("/repos/a/b/git/trees/main", {**_TREE, "tree": [{"path": 1, "mode": "", "type": "", "sha": ""}]}, 200),
        ("/repos/a/b", {"id": 1}, 200),
        ("/repos/a/b", {}, 500),
        ("/repos/a/b/nothing", {}, 200),
    ],
)
def test_a_wrong_answer_does_not(path: str, body: object, status: int) -> None:
    with pytest.raises(AssertionError):
        _judge(path, body, status=status)


def test_an_unchanged_answer_has_no_body() -> None:
    validate_answer("GET", "/repos/a/b/commits/main", status=304, content_type="", body=b"")
    with pytest.raises(AssertionError):
        validate_answer("GET", "/repos/a/b/commits/main", status=304, content_type="", body=b"x")
