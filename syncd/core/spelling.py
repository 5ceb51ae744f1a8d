"""Words like a misspelt one, to be asked for in the statistics: those that one slip of the pen makes."""

from collections.abc import Iterator

from syncd.core.terms import term_id, word_term_ids

MIN_CHARACTERS = 4
MAX_CHARACTERS = 30
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"


def list_near_words(word: str) -> list[str]:
    """Return the words that differ from *word* by one letter too many, too few, another, or two swapped; case aside, none twice.

    None for words that are too short to be recognised, or too long to be worth it.
    """
    folded = word.casefold()
    if not MIN_CHARACTERS <= len(folded) <= MAX_CHARACTERS:
        return []
    return [near for near in dict.fromkeys(_list_edits(folded)) if near != folded]


def written_term_id(word: str) -> int:
    """Return the term of *word*, in lower case, that stands for it as it is written: cheap, where others are stemmed."""
    return term_id(f"={word}" if word.isalnum() else word)


def choose_near_words(words: list[str], frequencies: dict[int, int], *, limit: int = 3) -> list[str]:
    """Return those of *words* that stand in the docs, all their forms counted, the most frequent first.

    Two forms make a chance meeting of two hashes unlikely among a thousand guesses.
    """
    found = {}
    for word in words:
        counts = [frequencies.get(term, 0) for term in word_term_ids(word)]
        if counts and min(counts) > 0:
            found[word] = min(counts)
    return sorted(found, key=lambda word: (-found[word], word))[:limit]


def _list_edits(word: str) -> Iterator[str]:
    for index in range(len(word) + 1):
        before, after = word[:index], word[index:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS)
        yield from (before + letter + after for letter in _LETTERS)
