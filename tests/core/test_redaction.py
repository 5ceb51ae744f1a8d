"""Secrets do not come through, whatever stands around them; everything else does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.keys import make_key, make_key_id
from syncd.core.redaction import REDACTED, is_secret_name, redact

KEY = make_key("production", make_key_id(bytes(range(16))), bytes(range(32)))
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"iss":"x"}', b"s" * 30)
)
SECRETS = [
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "ghs_" + "a1B2" * 9,
    f"ghs_{JWT}",
    "github_pat_" + "A1b2" * 10 + "_" + "Z9" * 20,
    KEY,
    JWT,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nxyz\n-----END RSA PRIVATE KEY-----",
]
AROUND = st.sampled_from(["", " ", "'", '"', "\n", "(", "token=", "https://", "url: ", "\\", "x ", "=", "/"])


@pytest.mark.parametrize("secret", SECRETS)
@given(before=AROUND, after=AROUND)
def test_a_token_never_comes_through(secret: str, before: str, after: str) -> None:
    cleaned = redact(f"{before}{secret}{after}")
    assert secret not in cleaned
    assert secret[-12:] not in cleaned
    assert REDACTED in cleaned


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("postgresql://syncd:c4nary@db:5432/syncd", "c4nary"),
        ("cannot use redis://:c4nary@localhost:6379/0 now", "c4nary"),
        ("unix://syncd:c4nary@/run/redis.sock", "c4nary"),
        ("https://x-access-token:c4nary@github.com/acme/guide.git", "c4nary"),
        ("postgresql://u:c4n@ary@db/x", "c4n"),
        ("postgresql://u:c4n/ary@db/x", "c4n"),
        ("Authorization: Bearer c4nary", "c4nary"),
        ("authorization: token c4nary", "c4nary"),
        ("{'Authorization': 'Basic c4nary=='}", "c4nary"),
        ("{'Authorization': b'Basic c4nary=='}", "c4nary"),
        ('{"authorization": "c4nary"}', "c4nary"),
        ("curl -H 'Authorization: c4nary'", "c4nary"),
        ("sent bearer c4naryc4naryc4nary to it", "c4nary"),
    ],
)
def test_a_password_or_a_header_never_comes_through(text: str, canary: str) -> None:
    assert canary not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/guide/blob/main/docs/a.md#L10",
        "redis://127.0.0.1:6379/0 does not answer",
        "the commit 0123456789abcdef0123456789abcdef01234567 of acme/guide",
        "ask owner@example.org about http://localhost:8700",
        "the authorization of this key",
        "syncd_web may not write",
        "a bearer of news",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@given(
    st.lists(st.sampled_from([*SECRETS, "Authorization: Bearer abc", "a://u:p@h", " ", "\n", "'", "word"])).map("".join)
)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "name", ["password", "Authorization", "api_key", "apiKey", "github_token", "master_keys", "set-cookie"]
)
def test_the_name_alone_makes_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["key_id", "project", "tokens", "token_count", "secret_hash", "request_id", "path"])
def test_an_id_or_a_count_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)
