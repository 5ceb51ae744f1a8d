from hypothesis import given
from hypothesis import strategies as st

from syncd.core.spelling import choose_near_words, list_near_words, written_term_id
from syncd.core.terms import word_term_ids


@given(word=st.from_regex(r"[a-z]{4,12}", fullmatch=True), at=st.integers(0, 11), letter=st.sampled_from("aqz"))
def test_every_single_slip_leads_back_to_the_word(word: str, at: int, letter: str) -> None:
    index = min(at, len(word) - 1)
    slips = [
        word[:index] + word[index + 1 :],
        word[:index] + letter + word[index:],
        word[:index] + letter + word[index + 1 :],
        word[:index] + word[index + 1 : index + 2] + word[index] + word[index + 2 :],
    ]
    for slip in slips:
        if len(slip) >= 4 and slip != word:
            assert word in list_near_words(slip)


def test_short_and_endless_words_have_no_neighbours() -> None:
    assert list_near_words("abc") == []
    assert list_near_words("x" * 31) == []


def test_a_word_is_meant_only_when_all_its_forms_stand_there_and_the_most_frequent_first() -> None:
    stem, exact = word_term_ids("timeouts")
    frequencies = {stem: 9, exact: 2} | dict.fromkeys(word_term_ids("redirect"), 5)
    assert choose_near_words(["timeouts", "timeout", "redirect"], frequencies) == ["redirect", "timeouts"]


@given(word=st.from_regex(r"[a-zA-Z0-9_]{1,12}([.-][a-z]{1,5})?", fullmatch=True))
def test_a_word_as_it_is_written_is_one_of_its_terms(word: str) -> None:
    for near in [word.casefold(), *list_near_words(word)]:
        assert written_term_id(near) in word_term_ids(near)
