"""The CommonMark parser as this project uses it: blocks with lines, links as written and with their place."""

from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, autolink, link

MAX_NESTING = 40
POSITION = "position"
_InlineRule = Callable[[StateInline, bool], bool]


class _AsWritten(MarkdownIt):
    """Leaves the targets of links as they stand; the parser's own would percent-encode some and refuse others."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the parser's name for it
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's name for it
        del url
        return True


@cache
def make_parser(*, is_mdx: bool) -> MarkdownIt:
    """Return the parser, one for all callers: it keeps nothing of what it parses.

    Each ``link_open`` token tells in ``meta[POSITION]`` where in its inline content it begins.
    """
    parser = _AsWritten("commonmark", {"maxNesting": MAX_NESTING, "inline_definitions": True}).enable("table")
    parser.inline.ruler.at("link", _with_position(link))
    parser.inline.ruler.at("autolink", _with_position(autolink))
    # MDX has no indented code: what is indented there stands inside a component.
    return parser.disable("code") if is_mdx else parser


def _with_position(rule: _InlineRule) -> _InlineRule:
    def run(state: StateInline, silent: bool) -> bool:
        position, known = state.pos, len(state.tokens)
        matched = rule(state, silent)
        if matched and not silent:
            # The rule flushes the text before the link first, so the link is not always the first new token.
            opening = next(token for token in state.tokens[known:] if token.type == "link_open")
            opening.meta[POSITION] = position
        return matched

    return run
