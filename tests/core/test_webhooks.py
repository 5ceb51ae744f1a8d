"""Deliveries: the signature over the raw bytes, and what each event hints at."""

import hashlib
import hmac
import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.webhooks import (
    FORM_TYPE,
    JSON_TYPE,
    MAX_REPOSITORIES,
    Event,
    Ignored,
    InstallationChanged,
    Ping,
    Push,
    RepositoryChanged,
    is_signed,
    list_hinted,
    parse_event,
)
from syncd.errors import Rejected

# docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook payload validation".
SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

# Whole payloads of the npm package @octokit/webhooks-examples 7.6.1 (see LICENSE beside them).
EXAMPLES = Path(__file__).parent.parent / "data" / "webhooks" / "examples.jsonl"
MEANINGS: dict[tuple[str, str], Event] = {
    ("push", "a branch moved"): Push(
        186853002, "refs/heads/master", "6113728f27ae82c7b1a177c8d03f9e96e0adf246", deleted=False, installation_id=1
    ),
    ("push", "a tag was deleted"): Push(
        186853002, "refs/tags/simple-tag", "0" * 40, deleted=True, installation_id=None
    ),
    ("ping", "a repository's hook"): Ping(186853261),
    ("ping", "an organization's hook"): Ping(None),
    ("repository", "renamed"): RepositoryChanged(186853261, "Octocoders/Hello-World", "renamed"),
    ("installation", "created"): InstallationChanged(957387, "created", (186853002,)),
    ("installation", "suspended"): InstallationChanged(16598467, "suspend", ()),
    ("installation_repositories", "added"): InstallationChanged(957387, "added", (186853007,)),
    ("installation_repositories", "removed"): InstallationChanged(2, "removed", (1296269,)),
}


def read_examples() -> dict[tuple[str, str], Any]:
    rows = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
    return {(row["event"], row["what"]): row["payload"] for row in rows}


def sign(body: bytes, secret: bytes) -> str:
    """Sign as GitHub's documentation does in Python."""
    return "sha256=" + hmac.new(secret, msg=body, digestmod=hashlib.sha256).hexdigest()


def hash_by_hand(body: bytes, secret: bytes) -> str:
    """Return HMAC-SHA256 as RFC 2104 defines it: a second implementation."""
    key = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + body).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


def parse(event: str, payload: object) -> Event:
    return parse_event(event, json.dumps(payload).encode(), JSON_TYPE)


def test_the_vector_of_githubs_documentation_is_signed() -> None:
    assert is_signed(BODY, SIGNATURE, [SECRET])


@given(st.binary(), st.binary(min_size=1, max_size=100))
def test_whatever_github_signs_is_signed_and_nothing_else(body: bytes, secret: bytes) -> None:
    signature = sign(body, secret)
    assert signature == f"sha256={hash_by_hand(body, secret)}"
    assert is_signed(body, signature, [secret])
    assert not is_signed(body + b" ", signature, [secret])
    assert not is_signed(body, signature, [b"another " + secret])


def test_each_of_several_secrets_signs_while_one_is_replaced() -> None:
    old, new = b"the old secret of ours", b"the new secret of ours"
    assert is_signed(BODY, sign(BODY, old), [new, old])
    assert is_signed(BODY, sign(BODY, new), [new, old])
    assert not is_signed(BODY, sign(BODY, old), [new])


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        SIGNATURE.removeprefix("sha256="),
        SIGNATURE[:-1],
        SIGNATURE + "0",
        SIGNATURE + "\n",
        " " + SIGNATURE,
        SIGNATURE.upper(),
        SIGNATURE.replace("sha256", "SHA256"),
        SIGNATURE + "," + SIGNATURE,
        "sha256=" + "é" * 64,
        "sha1=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        "sha256=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        "sha512=" + hmac.new(SECRET, BODY, hashlib.sha512).hexdigest(),
    ],
)
def test_what_is_no_sha256_signature_is_refused(signature: str | None) -> None:
    assert not is_signed(BODY, signature, [SECRET])


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(BODY, SIGNATURE, [])
    assert not is_signed(BODY, sign(BODY, b""), [])


@pytest.mark.parametrize("key", MEANINGS, ids=" ".join)
def test_a_published_example_means_what_it_says(key: tuple[str, str]) -> None:
    event, payload = key[0], read_examples()[key]
    body = json.dumps(payload).encode()
    assert parse_event(event, body, JSON_TYPE) == MEANINGS[key]
    assert parse_event(event, urlencode({"payload": body}).encode(), FORM_TYPE) == MEANINGS[key]


def test_every_published_example_has_a_meaning() -> None:
    assert read_examples().keys() == MEANINGS.keys()


@pytest.mark.parametrize(
    ("key", "hinted"),
    [
        (("push", "a branch moved"), [186853002]),
        (("repository", "renamed"), [186853261]),
        (("installation", "created"), [186853002]),
        (("installation_repositories", "removed"), [1296269]),
        (("ping", "a repository's hook"), []),
        (("installation", "suspended"), []),
    ],
)
def test_an_event_hints_at_its_repositories(key: tuple[str, str], hinted: list[int]) -> None:
    assert list(list_hinted(MEANINGS[key])) == hinted


def test_an_unknown_event_is_ignored() -> None:
    event = parse("issues", {"action": "opened", "repository": {"id": 1}})
    assert event == Ignored("issues")
    assert list_hinted(event) == ()


def test_a_payload_that_lost_or_gained_fields_is_understood() -> None:
    least = {"ref": "refs/heads/main", "after": "1" * 40, "repository": {"id": 7}}
    assert parse("push", least) == Push(7, "refs/heads/main", "1" * 40, deleted=False, installation_id=None)
    more: dict[str, object] = least | {
        "commits": None,
        "installation": "new shape",
        "deleted": "maybe",
        "unheard": {"of": []},
    }
    assert parse("push", more) == parse("push", least)


def test_what_names_no_repository_in_a_list_is_passed_over() -> None:
    listed = [None, 7, {}, {"id": "8"}, {"id": 9}]
    payload = {"action": "added", "installation": {"id": 1}, "repositories_added": listed, "repositories": "none"}
    assert list_hinted(parse("installation_repositories", payload)) == (9,)


def test_the_repositories_of_an_installation_are_named_once_and_bounded() -> None:
    listed = [{"id": number} for number in range(1, MAX_REPOSITORIES + 2)]
    payload = {"action": "created", "installation": {"id": 1}, "repositories": listed, "repositories_added": listed}
    assert list(list_hinted(parse("installation", payload))) == list(range(1, MAX_REPOSITORIES + 1))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"push"', b"{}", b"[" * 100_000, b'{"repository":' + b"1" * 5000 + b"}"],
)
@pytest.mark.parametrize("event", ["push", "repository", "installation", "installation_repositories"])
def test_a_body_that_github_would_not_send_is_rejected(event: str, body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        parse_event(event, body, JSON_TYPE)
    assert caught.value.code == "webhook_malformed"


@pytest.mark.parametrize("number", [None, 0, -1, 2**63, True, "7", 7.0, [7], {"id": 7}])
def test_what_is_no_repository_id_is_rejected(number: object) -> None:
    with pytest.raises(Rejected):
        parse("push", {"ref": "refs/heads/main", "after": "1" * 40, "repository": {"id": number}})


@pytest.mark.parametrize("body", [b"", b"other=1", b"payload=", b"payload={}&payload={}", b"%ff=1", b"a=1&" * 20])
def test_a_form_without_one_payload_is_rejected(body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        parse_event("push", body, FORM_TYPE)
    assert caught.value.code == "webhook_malformed"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "multipart/form-data"])
def test_another_content_type_is_rejected(content_type: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_event("push", b"{}", content_type)
    assert caught.value.code == "webhook_content_type"


@given(st.sampled_from(["push", "ping", "repository", "installation", "issues"]), st.binary(), st.booleans())
def test_no_body_does_more_than_be_rejected(event: str, body: bytes, as_form: bool) -> None:
    with suppress(Rejected):
        assert isinstance(parse_event(event, body, FORM_TYPE if as_form else JSON_TYPE), Event)
