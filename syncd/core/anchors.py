"""Gives headings the anchors that GitHub gives them."""

import re
from unicodedata import category

_PLAIN = re.compile(r"[^a-z0-9_ -]")


def make_slug(heading: str) -> str:
    """Return the anchor of a heading's plain text: lower case, spaces as dashes, no punctuation."""
    # As GitHub does it, and github-slugger after it: letters, marks, numbers, connectors, dashes and spaces stay.
    lowered = heading.strip().lower()
    if lowered.isascii():
        return _PLAIN.sub("", lowered).replace(" ", "-")
    kept = (char for char in lowered if char in "- " or category(char)[0] in "LMN" or category(char) == "Pc")
    return "".join(kept).replace(" ", "-")


class Slugs:
    """The anchors of one document so far: a second heading of the same text gets ``-1``, a third ``-2``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def make_unique(self, slug: str) -> str:
        """Return *slug*, numbered if it was given before."""
        unique = slug
        while unique in self._seen:
            self._seen[slug] += 1
            unique = f"{slug}-{self._seen[slug]}"
        self._seen[unique] = 0
        return unique
