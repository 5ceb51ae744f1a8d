"""Words are found whole, by their parts, by their stem and by their exact form, in prose and in code."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.tokens import MAX_TOKEN_CHARACTERS, TokenKind, list_words, word_tokens

VOCABULARY = Path(__file__).parents[2] / "syncd" / "adapters" / "models" / "uncased_vocabulary.txt"


def _texts(text: str, kind: TokenKind) -> list[str]:
    return [token.text for word in list_words(text) for token in word_tokens(word) if token.kind is kind]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Call `httpx.get()`, then --dry-run.", ["Call", "httpx.get", "then", "dry-run"]),
        ("kubernetes.io/apiVersion: v1", ["kubernetes.io/apiVersion", "v1"]),
        ("a@b.c std::vector C:\\x", ["a@b.c", "std::vector", "C:\\x"]),
        ("ﬁne \uff11\uff12", ["fine", "12"]),
        ("日本語のdocs、です", ["日本語の", "docs", "です"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("", []),
    ],
)
def test_words_are_split_as_people_write_them(text: str, words: list[str]) -> None:
    assert list_words(text) == words


@pytest.mark.parametrize(
    ("word", "whole", "parts"),
    [
        ("HTTPServerError", ["httpservererror"], ["http", "server", "error"]),
        ("my_func_name", ["my_func_name"], ["my", "func", "name"]),
        ("MAX_RETRIES", ["max_retries"], ["max", "retri"]),
        ("dry-run", ["dry-run"], ["dri", "run"]),
        ("httpx.AsyncClient", ["httpx.asyncclient"], ["httpx", "asyncclient", "asynccli", "async", "client"]),
        ("utf8Decode", ["utf8decode"], ["utf8", "decod"]),
    ],
)
def test_an_identifier_is_one_word_and_its_parts(word: str, whole: list[str], parts: list[str]) -> None:
    assert _texts(word, TokenKind.WHOLE) == whole
    assert _texts(word, TokenKind.PART) == parts
    assert _texts(word, TokenKind.EXACT) == []


@pytest.mark.parametrize(
    ("word", "stem", "exact"),
    [("Timeouts", "timeout", "=timeouts"), ("sha256", "sha256", "=sha256"), ("Straße", "strass", "=strasse"),
     ("ÉCOLE", "école", "=école")],
)  # fmt: skip
def test_a_plain_word_is_its_stem_and_its_exact_form(word: str, stem: str, exact: str) -> None:
    assert _texts(word, TokenKind.WHOLE) == [stem]
    assert _texts(word, TokenKind.EXACT) == [exact]


def test_stems_are_those_that_stored_chunks_are_found_by() -> None:
    # Another stemmer, or another version of this one, asks for CHUNKER_VERSION to be raised.
    words = [word for word in VOCABULARY.read_text(encoding="utf-8").split() if word.isascii() and word.isalpha()]
    stems = "\n".join(word_tokens(word)[0].text for word in words)
    assert len(words) > 20_000
    assert sha256(stems.encode()).hexdigest() == "b5f163d99ca941363ab4ab5e6d65ec08aac91c4d5c82108f9d17ba3d3bffd2ec"


def test_underscores_around_a_word_do_not_hide_it() -> None:
    assert _texts("__init__", TokenKind.WHOLE) == ["init", "__init__"]
    assert _texts("__init__", TokenKind.EXACT) == ["=init"]
    assert _texts("_", TokenKind.WHOLE) == ["_"]


def test_scripts_without_spaces_are_searched_by_pairs() -> None:
    assert _texts("日本語", TokenKind.WHOLE) == ["日本", "本語"]
    assert _texts("水", TokenKind.WHOLE) == ["水"]


@given(st.one_of(st.text(), st.text(alphabet="aZé_.-/9日", min_size=50, max_size=600)))
def test_tokens_are_distinct_bounded_and_always_the_same(text: str) -> None:
    for word in list_words(text):
        tokens = word_tokens(word)
        assert tokens == word_tokens(word)
        assert len({token.text for token in tokens}) == len(tokens)
        assert all(0 < len(token.text) <= MAX_TOKEN_CHARACTERS + 1 for token in tokens)


@given(st.text(alphabet="aZ09_ .:-\n\t“—éßñ²Ω£"))
def test_words_of_one_alphabet_are_split_as_those_beside_another_are(text: str) -> None:
    assert list_words(text) == list_words(f"{text} 水")[:-1]


@given(st.text(alphabet="abcXYZ_.-/ 12"))
def test_a_word_and_its_lower_case_meet_in_a_token(text: str) -> None:
    for word in list_words(text):
        assert {token.text for token in word_tokens(word)} & {token.text for token in word_tokens(word.lower())}
