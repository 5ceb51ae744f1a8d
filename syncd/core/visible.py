"""Makes text show everything it says: what a person would not see in it, an agent does not read in it.

Code is never corrupted: printable text, tabs, line feeds, CRLF line ends and a form feed that begins a line pass unchanged. Of the
rest, what has no width or no glyph is removed, and what has an effect is shown as a sign of the same place. Twice is once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# No glyph, no width, and no part in any writing that needs it: soft hyphen, fillers, joiners of words, tags, marks, annotations.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u061c\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
# These change the order in which text is shown (CVE-2021-42574), or break lines where no line feed is.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("\r(?!\n)|(?<![\n])(?<!\\A)\f|[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029]")
# Joiners and variation selectors belong to emoji and to scripts that shape letters; long runs of them carry hidden bytes.
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_JOINED_RUN = re.compile("[\ufe0e\ufe0f]?\u200d|\u200c|[\ufe00-\ufe0f]|[\U000e0100-\U000e01ef]")
_MAY_JOIN = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff]"
)
# Emoji and text style (U+FE0E, U+FE0F) belong to what can be an emoji, the other selectors to symbols and ideographs, and those of the
# supplement to ideographs: after a digit or a letter one would be a hidden byte.
_MAY_STYLE = re.compile(
    "[#*0-9\u00a9\u00ae\u203c-\u3299\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff]"
)
_MAY_VARY = re.compile("[\u1000-\u109f\u2190-\u2bff\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_MAY_VARY_MORE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Whatever one of the above may find: of ASCII, which most text is, that is told many times faster by a set of its own.
_ASCII_SUSPECT = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_SUSPECT = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_INVISIBLE.pattern[1:-1]}{_BIDI.pattern[1:-1]}{_JOINERS.pattern[1:-2]}]"
)


@dataclass(frozen=True, slots=True)
class VisibleText:
    """Text without hidden parts, and how many characters of each kind were removed or shown as signs."""

    text: str
    counts: Mapping[str, int]


def make_visible(text: str) -> VisibleText:
    """Return *text* as it may be shown. Counts name the kinds `invisible`, `bidirectional` and `control`; none for clean text."""
    if (_ASCII_SUSPECT if text.isascii() else _SUSPECT).search(text) is None:
        return VisibleText(text, {})
    counts = {"invisible": 0, "bidirectional": 0, "control": 0}
    text, counts["bidirectional"] = _BIDI.subn(_show, text)
    text, counts["control"] = _CONTROL.subn(_show, text)
    stripped = _JOINERS.sub(_keep_joined, _INVISIBLE.sub("", text))
    counts["invisible"] = len(text) - len(stripped)
    return VisibleText(stripped, {kind: count for kind, count in counts.items() if count})


def _show(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def _keep_joined(match: re.Match[str]) -> str:
    """Return the part of a run of joiners and selectors that its neighbours give a meaning to."""
    text = match.string
    before = text[match.start() - 1 : match.start()] if match.start() else ""
    after = text[match.end() : match.end() + 1]
    run = _JOINED_RUN.findall(match[0])[0]
    if run[-1] in "\u200c\u200d":
        return run if _MAY_JOIN.match(before) and _MAY_JOIN.match(after) else ""
    allowed = _MAY_STYLE if run in "\ufe0e\ufe0f" else _MAY_VARY if run <= "\ufe0f" else _MAY_VARY_MORE
    return run if allowed.match(before) else ""
