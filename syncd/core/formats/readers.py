"""Chooses the reader of a format. Whatever a reader fails on becomes plain text with the reason: no document stops its commit."""

from syncd.core.formats.asciidoc import make_asciidoc_outline
from syncd.core.formats.html import make_html_outline
from syncd.core.formats.notebook import make_notebook_outline
from syncd.core.formats.org import make_org_outline
from syncd.core.formats.rst import make_rst_outline
from syncd.core.markdown import make_markdown_outline
from syncd.core.outline import Outline, make_coarse_outline, make_plain_outline

_MAX_SECTIONS = 20_000
_MAX_LINES = 200_000
_COARSE_CHARACTERS = 400
# The readers that go line by line, and those that do not.
_LINE_READERS = {"rst": make_rst_outline, "adoc": make_asciidoc_outline, "org": make_org_outline}
_PAGE_READERS = {"html": make_html_outline, "ipynb": make_notebook_outline, "md": make_markdown_outline}
# What a reader might raise on text that nobody thought of. RecursionError is a RuntimeError.
_READER_ERRORS = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def make_outline(text: str, format: str) -> Outline:  # noqa: A002 - the contract's word for it
    """Return the outline of *text* as its format has it; of plain text, and of what has no reader, one without structure."""
    if text.count("\n") > _MAX_LINES:
        is_structured = format in _LINE_READERS or format in _PAGE_READERS or format == "mdx"
        reason = f"more than {_MAX_LINES} lines" if is_structured else None
        return make_coarse_outline(text, size=_COARSE_CHARACTERS, fallback=reason)
    try:
        outline = _read(text, format)
    except _READER_ERRORS as error:
        return make_plain_outline(fallback=f"the reader of {format} failed: {type(error).__name__}")
    if len(outline.sections) > _MAX_SECTIONS:
        return make_plain_outline(title=outline.title, fallback=f"more than {_MAX_SECTIONS} headings")
    return outline


def _read(text: str, format: str) -> Outline:  # noqa: A002 - the contract's word for it
    if format == "mdx":
        return make_markdown_outline(text, is_mdx=True)
    reader = _LINE_READERS.get(format) or _PAGE_READERS.get(format)
    return reader(text) if reader else make_plain_outline()
