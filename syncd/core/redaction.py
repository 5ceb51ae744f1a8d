"""Takes secrets out of text that will be read by people who must not have them: logs, and whatever leaves the process."""

import re
from functools import lru_cache

REDACTED = "[redacted]"

_SECRET_NAMES = re.compile(
    r"(?i)(authorization|cookie|password|passwd|secret|token|credential|api_?key|master_?key|private_?key)"
)
# A count or a hash is no secret, whatever else its name says.
_HARMLESS_NAMES = re.compile(r"(?i)(_count|_seconds|_id|_hash|tokens)$")

_WHOLE = re.compile(
    r"""
    gh[pousr]_[A-Za-z0-9._-]{10,}                     # GitHub: personal, OAuth, user, server (may be a JWT), refresh
    | github_pat_[A-Za-z0-9_]{10,}
    | syncd_[a-z]{1,16}_[0-9A-Za-z]{12}_[0-9A-Za-z]{20,}(?:_[0-9A-Za-z]{1,6})?
    | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
# Up to the last @: a password that holds @ or / unescaped is still a password. Also with an empty user, as Redis has it.
_URL_PASSWORD = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:@/?\#]{0,200}:)[^\s\"'<>]{1,1000}(?=@)")
_HEADER = re.compile(
    r"""(?ix) (?P<before> \bauthorization \\? ["']? \s* [:=,] \s* \\? (?: b (?=["']) )? ["']? )
        (?: (?: bearer|basic|token|digest ) \s+ )? (?! \[redacted\] ) [^\s"',;})\]\\]+"""
)
# What every secret of the kinds above holds: most texts hold none of it, and are looked through once.
# In small letters what is ASCII, which is much faster than to look for both cases.
_MARKS = "gh[pousr]_|github_pat_|syncd_|eyj|-----begin|://|authorization|bearer|basic"
_SUSPICIOUS_IN_LOWER = re.compile(_MARKS)
_SUSPICIOUS = re.compile(_MARKS, re.IGNORECASE)
_BEARER = re.compile(r"(?i)(?P<before>\b(?:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{16,}")


def redact(text: str) -> str:
    """Return *text* without tokens, keys, passwords in URLs and values of Authorization headers; once more changes nothing."""
    marked = _SUSPICIOUS_IN_LOWER.search(text.lower()) if text.isascii() else _SUSPICIOUS.search(text)
    if marked is None:
        return text
    text = _WHOLE.sub(REDACTED, text)
    text = _URL_PASSWORD.sub(rf"\g<before>{REDACTED}", text)
    text = _HEADER.sub(rf"\g<before>{REDACTED}", text)
    return _BEARER.sub(rf"\g<before>{REDACTED}", text)


@lru_cache(maxsize=1000)
def is_secret_name(name: str) -> bool:
    """Whether what is called *name* must not be shown, whatever it looks like."""
    return _SECRET_NAMES.search(name) is not None and _HARMLESS_NAMES.search(name) is None
