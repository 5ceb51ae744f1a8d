"""Where a link leads: from the path it stands in and its target as written to the paths that may be meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import normpath
from urllib.parse import quote, unquote, urlsplit

from syncd.core.paths import FORMAT_BY_EXTENSION
from syncd.core.references import INDEX_NAMES, list_spellings


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What a link names within its source: a path that is not yet resolved, and an anchor."""

    path: str
    anchor: str | None


def resolve_target(path: str, target: str) -> LinkTarget | None:
    """Return what *target* in the document at *path* names; none where it leads out of the source."""
    try:
        parts = urlsplit(target.strip())
    except ValueError:
        return None
    # What stands in braces is filled in by whoever builds the pages.
    if parts.scheme or parts.netloc or "{" in parts.path:
        return None
    named = unquote(parts.path)
    anchor = unquote(parts.fragment) or None
    if not named:
        return LinkTarget(path, anchor)
    base = "" if named.startswith("/") else path.rpartition("/")[0]
    joined = normpath(f"{base}/{named.lstrip('/')}".lstrip("/"))
    if joined == ".." or joined.startswith("../") or "\0" in joined:
        return None
    return LinkTarget("" if joined == "." else joined, anchor)


def list_meanings(target: LinkTarget, *, docs_path: str | None) -> Sequence[str]:
    """Return the paths that a link's target may stand for, the likeliest first; a page's .html is the document it was made of."""
    bases = [target.path, target.path.removesuffix(".html")] if target.path.endswith(".html") else [target.path]
    return tuple(dict.fromkeys(path for base in bases for path in list_spellings(base, docs_path)))


def is_ours(target: LinkTarget, *, docs_path: str | None) -> bool:
    """Whether what *target* names would be a document: it stands below the docs path, and its name is that of one, or has no extension."""
    folder = f"{docs_path}/" if docs_path else ""
    name = target.path.rpartition("/")[2]
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return f"{target.path}/".startswith(folder) and (not extension or extension in FORMAT_BY_EXTENSION)


def name_label(label: str) -> str:
    """Return the name that links to *label* are found by, as Postgres makes it of a target."""
    name = re.sub(r"[?#].*$", "", label, flags=re.DOTALL).rstrip("/").rpartition("/")[2]
    return re.sub(r"\.[A-Za-z]+$", "", name)[:100]


def list_link_names(path: str) -> Sequence[str]:
    """Return the last names that a link to the document at *path* may end in, without extension, as they are written."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    names = [stem]
    if stem in INDEX_NAMES:
        names += [folder.rpartition("/")[2], ".", ".."]
    written = [form for name in names if name for form in (name, quote(name))]
    return tuple(dict.fromkeys(form[:100] for form in written))
