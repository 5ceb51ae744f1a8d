"""Tells which words share a term with a query. Stemming is dear, and nearly no word does: most are told apart by how they begin."""

import re

from syncd.core.terms import query_term_ids, word_term_ids
from syncd.core.tokens import list_words, word_tokens

# A stem begins as its word does, but for some short words: tries and try, dying and die.
_BEGINNING = 3
_SHORT_WORD = 5


class WantedTerms:
    """The terms of a query, to be looked for in the words of texts."""

    def __init__(self, query: str) -> None:
        self.terms = query_term_ids(query)
        texts = {token.text.lstrip("=") for word in list_words(query) for token in word_tokens(word)}
        beginnings = sorted({text[:_BEGINNING] for text in texts})
        self._beginnings = tuple(beginning for beginning in beginnings if len(beginning) == _BEGINNING)
        self._anywhere = re.compile("|".join(map(re.escape, beginnings)) or "(?!)")

    def find(self, word: str) -> frozenset[int]:
        """Return which terms of the query one of the words of `list_words` has."""
        if not self._may_have_any(word):
            return frozenset()
        return self.terms.intersection(word_term_ids(word))

    def _may_have_any(self, word: str) -> bool:
        if word.isascii() and word.isalpha() and word[1:].islower():
            return len(word) <= _SHORT_WORD or word.casefold().startswith(self._beginnings)
        # The parts of identifiers, and the pairs of scripts without spaces, may begin anywhere.
        return self._anywhere.search(word.casefold()) is not None
