"""The CommonMark parser as this project uses it: blocks with lines, links as written and with their place."""

from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, autolink, link

MAX_NESTING = 40
POSITION = "position"
_ITEMS = frozenset({"- ", "* ", "+ "})
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
    parser.block.ruler.before("table", "prose", _take_prose)
    parser.inline.ruler.at("link", _with_position(link))
    parser.inline.ruler.at("autolink", _with_position(autolink))
    # MDX has no indented code: what is indented there stands inside a component.
    return parser.disable("code") if is_mdx else parser


def _take_prose(state: StateBlock, line_from: int, _line_to: int, _silent: bool) -> bool:
    """Take a paragraph as the parser would, without asking at each line whether another block begins: none does with a letter."""
    line = line_from
    while line < state.lineMax and not state.isEmpty(line):
        if not state.src[state.bMarks[line] + state.tShift[line]].isalpha():
            if line == line_from or not _is_next_item(state, line):
                return False
            break
        line += 1
    if state.is_code_block(line_from):
        return False
    state.line, lines = line, [line_from, line]
    state.push("paragraph_open", "p", 1).map = lines
    inline = state.push("inline", "", 0)
    inline.content = mdTrim(state.getLines(line_from, line, state.blkIndent, False))
    inline.map, inline.children = lines, []
    state.push("paragraph_close", "p", -1)
    return True


def _is_next_item(state: StateBlock, line: int) -> bool:
    """Whether the next item of the list begins that the paragraph before *line* stands in."""
    begin = state.bMarks[line] + state.tShift[line]
    return (
        0 <= state.sCount[line] < min(state.blkIndent, state.listIndent + 4) and state.src[begin : begin + 2] in _ITEMS
    )


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
