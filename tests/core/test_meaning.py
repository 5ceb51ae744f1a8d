"""Vectors: which passages are embedded, what a model is, what is a direction, and whose text may be sent."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.meaning import (
    MAX_DIMENSIONS,
    EmbeddingModel,
    Helpers,
    Unavailable,
    Vector,
    format_vector,
    make_passages,
    make_unit_vector,
)

TEXT = st.text(alphabet=st.sampled_from("ab .\n"), max_size=2_000)


@given(TEXT, st.integers(200, 500))
def test_the_passages_of_a_chunk_are_its_body_cut_up_below_its_header(body: str, most: int) -> None:
    passages = make_passages("Title > Heading", body, max_characters=most)
    pieces = [passage.removeprefix("Title > Heading\n") for passage in passages]
    assert "".join(pieces) == body
    assert all(len(piece) <= most for piece in pieces)
    assert all(len(piece) >= most // 2 for piece in pieces[:-1])


def test_a_passage_ends_where_the_most_ends() -> None:
    body = "word " * 30 + "end.\n\n" + "word " * 20
    first, second = make_passages("T", body, max_characters=200)
    assert first == "T\n" + "word " * 30 + "end.\n\n"
    assert second == "T\n" + "word " * 20
    words, _ = make_passages("T", "a" * 150 + ". b c " + "d" * 100, max_characters=200)
    assert words.endswith("a. ")
    unbroken = make_passages("T", "x" * 450, max_characters=200)
    assert [len(one) for one in unbroken] == [202, 202, 52]


def test_what_makes_vectors_different_makes_another_model() -> None:
    model = EmbeddingModel("words", "", 1000)
    others = [
        EmbeddingModel("words", "passage: ", 1000),
        EmbeddingModel("words", "", 500),
        EmbeddingModel("w", "", 1000),
    ]
    assert model.key.startswith("words#")
    assert len({model.key, *(other.key for other in others)}) == 4
    assert EmbeddingModel("words", "", 1000).key == model.key


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20).filter(lambda numbers: math.hypot(*numbers) > 1e-6))
def test_a_vector_keeps_its_direction_and_has_length_one(numbers: list[float]) -> None:
    vector = make_unit_vector(numbers)
    assert math.isclose(math.hypot(*vector), 1, rel_tol=1e-9)
    length = math.hypot(*numbers)
    assert all(math.isclose(one * length, number, abs_tol=1e-3) for one, number in zip(vector, numbers, strict=True))


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [0.0, 0.0],
        [1e308, 1e308, 1e308],
        [1.0, math.nan],
        [1.0, -math.inf],
        [1.0, "2.0"],
        [1.0, True],
        [1.0, None],
        [0.1] * (MAX_DIMENSIONS + 1),
    ],
)
def test_what_has_no_direction_is_no_vector(numbers: list[object]) -> None:
    with pytest.raises(ValueError, match="a vector"):
        make_unit_vector(numbers)


def test_a_vector_is_written_to_the_digits_that_are_kept() -> None:
    assert format_vector([1 / 3, -1.0, 0.0, 1e-9]) == "[0.33333,-1,0,1e-09]"


def test_models_are_asked_for_the_tenants_that_are_named() -> None:
    async def embed(_: str) -> Vector | Unavailable:
        return Unavailable("not asked")

    helpers = Helpers(model="words#1", embed=embed, embeds_for=("acme",))
    assert helpers.are_there
    assert helpers.choose("acme").embed is embed
    for stranger in ("acm", "acme2", "*", ""):
        assert (helpers.choose(stranger).embed, helpers.choose(stranger).model) == (None, None)
    assert Helpers(model="words#1", embed=embed, embeds_for=("*",)).choose("globex").embed is embed
    assert not Helpers(model="words#1", embed=embed).are_there
    assert not Helpers().are_there
