"""Globs of a project, translated to regular expressions that cannot backtrack far.

A glob is matched against a whole path, from the root. `?` is one character and `*` any run of them, neither crossing a
slash; `[ab0-9]` and `[!ab]` are one character of a class; `**` as a whole segment is any number of directories, and at the
end everything below; `dir/` is `dir/**`. Letter case counts. There is no escape: `[*]` is a star.

The text between two stars has a fixed length, so its first match is as good as any later one: each star is an atomic
group that ends with the text behind it. Only the last star of a segment and the last `**` try more than one place.
"""

import re

from syncd.errors import BadUsage

MAX_GLOB_CHARS = 1024
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TOKEN = re.compile(r"\*+|\?|\[(?P<not>[!^]?)(?P<members>\]?[^\]]*)\]|(?P<fault>[\[\\{])|(?P<plain>[^*?\[\\{]+)")
_MEMBER = re.compile(r"(?P<first>.)-(?P<last>.)|(?P<one>.)")


def parse_glob(glob: str) -> re.Pattern[str]:
    """Return the pattern whose `fullmatch` decides *glob*; BadUsage says what is wrong with it."""
    segments = _split_segments(glob)
    blocks: list[list[str]] = [[]]
    for segment in segments:
        if segment != "**":
            blocks[-1].append(_translate_segment(glob, segment))
        elif blocks[-1] or len(blocks) == 1:
            blocks.append([])
    return re.compile(_join_blocks(blocks))


def _split_segments(glob: str) -> list[str]:
    if len(glob) > MAX_GLOB_CHARS:
        raise _bad_glob(glob[:40] + "…", f"it is longer than {MAX_GLOB_CHARS} characters")
    if _FORBIDDEN.search(glob):
        raise _bad_glob(glob, "it holds a control character")
    if glob.startswith("!"):
        raise _bad_glob(glob, "it starts with an exclamation mark; name it as an exclude glob instead")
    segments = glob.removeprefix("/").split("/")
    if segments[-1] == "":
        segments[-1] = "**"
    if glob in {"", "/"} or any(segment in {"", ".", ".."} for segment in segments):
        raise _bad_glob(glob, "it has an empty, '.' or '..' segment")
    return segments


def _join_blocks(blocks: list[list[str]]) -> str:
    """Join the runs of segments between the `**`: each inner run is taken where it first fits."""
    first, *others = blocks
    if not others:
        return "/".join(first)
    *inner, last = others
    pattern = "".join(f"{segment}/" for segment in first)
    pattern += "".join(f"(?>(?:[^/]+/)*?{''.join(f'{segment}/' for segment in run)})" for run in inner)
    return pattern + (f"(?:[^/]+/)*?{'/'.join(last)}" if last else r"[\s\S]+")


def _translate_segment(glob: str, segment: str) -> str:
    """Translate one segment: the text before its first star, then each star with the text behind it."""
    pieces = [""]
    for token in _TOKEN.finditer(segment):
        if token["fault"]:
            raise _bad_glob(glob, _FAULTS[token["fault"]])
        if token[0].startswith("*"):
            pieces.append("")
        else:
            pieces[-1] += _translate_token(glob, token)
    head, *starred = pieces
    if not starred:
        return head
    *inner, last = starred
    return head + "".join(f"(?>[^/]*?{piece})" for piece in inner if piece) + f"[^/]*{last}"


_FAULTS = {
    "[": "a bracket is not closed",
    "\\": "it holds a backslash; separate directories by /, and write [*] for a star itself",
    "{": "braces are not known; write one glob for each alternative, or [{] for a brace itself",
}


def _translate_token(glob: str, token: re.Match[str]) -> str:
    if token["plain"] is not None:
        return re.escape(token["plain"])
    if token[0] == "?":
        return "[^/]"
    if not token["members"]:
        raise _bad_glob(glob, "a bracket is empty")
    members = "".join(_translate_member(glob, member) for member in _MEMBER.finditer(token["members"]))
    return f"[^/{members}]" if token["not"] else f"(?!/)[{members}]"


def _translate_member(glob: str, member: re.Match[str]) -> str:
    if member["one"]:
        return re.escape(member["one"])
    if member["first"] > member["last"]:
        raise _bad_glob(glob, f"the range {member[0]} runs backwards")
    return f"{re.escape(member['first'])}-{re.escape(member['last'])}"


def _bad_glob(glob: str, why: str) -> BadUsage:
    return BadUsage(
        "bad_glob",
        f"The glob {glob!r} cannot be used: {why}.",
        hint="A glob looks like docs/**/*.txt or notes/[a-f]?.log.",
    )
