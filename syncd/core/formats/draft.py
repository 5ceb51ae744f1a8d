"""An outline in the making, of a text that is read by lines: what was found so far, within limits that all such formats share."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from syncd.core.anchors import Slugs, make_slug
from syncd.core.formats.prose_links import MAX_LINKS, find_prose_links
from syncd.core.frontmatter import clean_value, find_language
from syncd.core.outline import Anchor, Block, Heading, Link, Outline
from syncd.core.sectioning import find_title, make_sections

MAX_NESTING = 40
MAX_TITLE_CHARACTERS = 1000
MAX_HEADING_CHARACTERS = 200
_MAX_FIELDS = 64


@dataclass(slots=True)
class Draft:
    """What was found in *lines*, which have no space at their end. *verbatim* marks those that hold no markup."""

    lines: Sequence[str]
    verbatim: bytearray
    headings: list[Heading] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    slugs: Slugs = field(default_factory=Slugs)

    def mark_verbatim(self, begin: int, end: int) -> None:
        """Say that the lines from *begin* up to *end* hold no markup."""
        self.verbatim[begin:end] = b"\1" * (end - begin)

    def keep_field(self, name: str, value: str) -> None:
        """Keep what the document says of itself; of two that have one name, the first."""
        if (value := clean_value(value)) and len(self.fields) < _MAX_FIELDS:
            self.fields.setdefault(name.lower(), value)

    def add_anchor(self, name: str, number: int, *, is_label: bool = False) -> str:
        """Keep a name that line *number* (counted from 0) was given; return it as it is kept."""
        name = name[:MAX_HEADING_CHARACTERS]
        self.anchors.append(Anchor(name, number + 1, is_label=is_label))
        return name

    def name_heading(self, text: str, number: int, *ids: str) -> str | None:
        """Return the anchor that GitHub makes for a heading on line *number*, and keep it with the *ids* that others make."""
        slug = self.slugs.make_unique(make_slug(text))
        self.anchors += [Anchor(name, number + 1) for name in dict.fromkeys((slug, *ids)) if name]
        return slug or None

    def make_outline(
        self, blocks: Sequence[Block], link: re.Pattern[str], read: Callable[[re.Match[str], int], Link | None]
    ) -> Outline:
        """Return the outline, with the links that *read* makes of the matches of *link* in what is prose."""
        links = [*self.links, *find_prose_links(self.lines, self.verbatim, link, read)]
        return Outline(
            title=find_title(self.headings, first_line=0),
            sections=tuple(make_sections(self.headings, blocks)),
            links=tuple(sorted(links, key=lambda link: link.line)[:MAX_LINKS]),
            anchors=tuple(self.anchors),
            language=find_language(self.fields),
            metadata=self.fields,
        )


def show_title(title: str, markup: re.Pattern[str]) -> str:
    """Return *title* without its *markup*, whose groups hold what is shown of it; but for the third, which is a mark."""

    def reveal(found: re.Match[str]) -> str:
        return found[1] or found[2] or found[4] or ""

    return " ".join(markup.sub(reveal, title).split())


def make_draft(text: str) -> Draft:
    """Return a draft in which nothing was found yet."""
    lines = [line.rstrip() for line in text.split("\n")]
    return Draft(lines, bytearray(len(lines)))
