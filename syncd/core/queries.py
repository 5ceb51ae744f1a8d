"""What an agent asks: words, quoted phrases, and the filters `path:` and `lang:`."""

import re
from dataclasses import dataclass

from syncd.core.terms import query_term_ids
from syncd.errors import BadUsage

MAX_STARS = 30

_FILTER = re.compile(r'(?<!\S)(path|lang):(?:"([^"]+)"|(\S+))')
_PHRASE = re.compile(r'"([^"]+)"|\u201c([^\u201d]+)\u201d')
# What people call a language, and what fences call it.
_LANGUAGES = {
    "python": ("python", "python3", "py", "pycon"),
    "javascript": ("javascript", "js", "jsx", "mjs"),
    "typescript": ("typescript", "ts", "tsx"),
    "shell": ("shell", "sh", "bash", "zsh", "console", "shell-session"),
    "yaml": ("yaml", "yml"),
    "c++": ("c++", "cpp", "cxx"),
    "c#": ("c#", "csharp", "cs"),
    "go": ("go", "golang"),
    "rust": ("rust", "rs"),
    "ruby": ("ruby", "rb"),
    "markdown": ("markdown", "md", "mdx"),
}


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query, taken apart. *text* is what is ranked by, the words of phrases included.

    *paths* and *languages* are patterns as Postgres reads regular expressions: a place must match one of each that there is.
    """

    text: str
    phrases: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether some places that hold the words are left out."""
        return bool(self.phrases or self.paths or self.languages)


def parse_query(query: str) -> SearchQuery:
    """Return *query* taken apart. A phrase without a letter or digit finds nothing by itself, and only filters."""
    filters = [(match[1], match[2] or match[3]) for match in _FILTER.finditer(query)]
    text = _FILTER.sub(" ", query)
    phrases = [" ".join((match[1] or match[2]).split()) for match in _PHRASE.finditer(text)]
    return SearchQuery(
        text=text,
        phrases=tuple(phrase for phrase in phrases if phrase),
        paths=tuple(_make_path_pattern(value) for name, value in filters if name == "path"),
        languages=tuple(_make_language_pattern(value) for name, value in filters if name == "lang"),
    )


def phrase_term_ids(query: SearchQuery) -> frozenset[int]:
    """Return the terms that every place with all the phrases holds: those of the words inside, whose ends are sure.

    The first and the last word may be parts of longer ones: "time out" stands in "runtime outage" too.
    """
    inner = [phrase.split()[1:-1] for phrase in query.phrases]
    return query_term_ids(" ".join(word for words in inner for word in words))


def make_glob_pattern(glob: str) -> str:
    """Return the pattern of the paths that end as *glob* says, from the start of some name on; `dir/` is all below it.

    Raises `BadUsage` for one with so many stars that Postgres would be long at it.
    """
    if glob.count("*") > MAX_STARS:
        raise BadUsage(
            "bad_glob",
            f"The pattern {glob[:40]!r}… cannot be used: it has more than {MAX_STARS} stars.",
            hint="A pattern looks like docs/**/*.md.",
        )
    return _make_path_pattern(f"{glob}**" if glob.endswith("/") else glob) + "$"


def _make_path_pattern(value: str) -> str:
    """Return a pattern for paths: from the start of any name on; * stands for a stretch of a name, ** for any stretch, **/ for any folders."""
    parts = re.split(r"((?:\*\*/)+|\*\*|\*)", value.strip("/"))
    wild = {"**": ".*", "*": "[^/]*"}
    return "(^|/)" + "".join("(.*/)?" if part.startswith("**/") else wild.get(part) or _escape(part) for part in parts)


def _make_language_pattern(value: str) -> str:
    """Return a pattern for bodies that hold a block of code in a language, as Markdown, reStructuredText, AsciiDoc and Org mark it."""
    folded = value.casefold()
    names = next((names for names in _LANGUAGES.values() if folded in names), (folded,))
    named = "(" + "|".join(_escape(name) for name in names) + ")"
    fence = r"(```+|~~~+)[ \t]*[{.]*"
    directive = r"\.\. (code|code-block|sourcecode|highlight):: *"
    block = r"\[source[^],\n]*, *|#\+begin_src +"
    return rf"(^|\n)[ \t>]*({fence}|{directive}|{block}){named}([^\w+#-]|$)"


def _escape(text: str) -> str:
    return re.sub(r"([^\w\s/-])", r"\\\1", text)
