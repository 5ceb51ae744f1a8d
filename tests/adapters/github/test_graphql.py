"""An answer of GraphQL is believed only where its text hashes to the blob that was asked for."""

import json
from collections.abc import Sequence

import pytest
from graphql import GraphQLObjectType, build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from syncd.adapters.github.graphql import _Failed, _make_query, _parse_batch
from syncd.adapters.github.responses import Response
from syncd.core.hashing import git_blob_sha
from syncd.core.transports import BATCH_BLOBS, WantedBlob
from tests.fakegithub.graphql.make_subset import TARGET

_TEXTS = st.lists(st.text(max_size=30), min_size=1, max_size=6, unique=True)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _wanted(texts: Sequence[str]) -> list[WantedBlob]:
    return [WantedBlob(git_blob_sha(text.encode()), len(text.encode())) for text in texts]


def _answer(body: object) -> Response:
    return Response(200, {}, json.dumps(body).encode())


def test_the_largest_query_is_one_that_the_schema_of_github_allows() -> None:
    schema = build_schema(TARGET.read_text(encoding="utf-8"))
    assert isinstance(schema.query_type, GraphQLObjectType)
    query = _make_query([WantedBlob(f"{number:040x}", 1) for number in range(BATCH_BLOBS)])
    assert validate(schema, parse(query)) == []
    assert len(query) < 12_000


@given(_TEXTS, st.data())
def test_what_is_found_is_what_was_asked_for_whatever_the_answer(texts: list[str], data: st.DataObject) -> None:
    batch = _wanted(texts)
    told = [
        {"isTruncated": data.draw(st.booleans()), "text": data.draw(st.none() | st.sampled_from(texts))} for _ in texts
    ]
    node = {f"b{number}": data.draw(st.sampled_from([one, None, {}])) for number, one in enumerate(told)}
    errors = data.draw(st.sampled_from([[], [{"message": "Too much."}]]))
    _, answered = _parse_batch(_answer({"data": {"node": node}, "errors": errors}), batch)
    assert all(git_blob_sha(blob.content) == blob.git_sha for blob in answered.found)
    found = {blob.git_sha for blob in answered.found}
    lost = {blob.git_sha for blob in answered.lost}
    assert not found & lost
    assert bool(lost) <= bool(errors)
    right = {
        blob.git_sha
        for number, (blob, text) in enumerate(zip(batch, texts, strict=True))
        if (one := node[f"b{number}"]) and one["text"] == text and not one["isTruncated"]
    }
    assert found == right


@given(_TEXTS, _JSON)
def test_an_answer_of_another_shape_is_a_failure_or_finds_nothing(texts: list[str], body: object) -> None:
    try:
        _, answered = _parse_batch(_answer(body), _wanted(texts))
    except _Failed:
        return
    assert answered.found == []


def test_a_text_that_is_no_text_fails_the_batch() -> None:
    body = b'{"data":{"node":{"b0":{"isTruncated":false,"text":"fine"},"b1":{"isTruncated":false,"text":"\\ud800"}}}}'
    with pytest.raises(_Failed):
        _parse_batch(Response(200, {}, body), [*_wanted(["fine"]), WantedBlob("0" * 40, 3)])
