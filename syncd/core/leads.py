"""Where links lead within their project: to a document, to a name in it that is not there, or to nothing of ours."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.link_targets import LinkTarget, is_ours, list_meanings, resolve_target
from syncd.core.outline import LinkKind

# Labels that Sphinx makes by itself.
_BUILT_LABELS = frozenset({"genindex", "modindex", "py-modindex", "search"})
# What no document could be: an image, a program, a file above the docs.
NOT_MIRRORED = "not mirrored"


@dataclass(frozen=True, slots=True)
class Written:
    """A link as it stands in the document at *path*."""

    path: str
    target: str
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a link leads. *path*: of a document, if there is one; *fault*: what is not there, if anything."""

    path: str | None
    anchor: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a link may mean: *paths*, the likeliest first, or a *label*."""

    paths: Sequence[str] = ()
    target: LinkTarget | None = None
    label: str | None = None


def find_meaning(link: Written, *, docs_path: str | None) -> Meaning:
    """Return what a link may mean within its project; nothing, where it leads out of it."""
    label = _find_label(link)
    target = resolve_target(link.path, link.target) if link.kind is not LinkKind.LABEL else None
    paths = list_meanings(target, docs_path=docs_path) if target else ()
    return Meaning(paths, target, label)


def find_lead(
    link: Written,
    meaning: Meaning,
    *,
    docs_path: str | None,
    there: Collection[str],
    labels: Mapping[str, str],
    anchors: Mapping[str, Collection[str]],
) -> Lead | None:
    """Return where a link leads, given what is there: paths, labels with theirs, the names in documents whose names are known.

    None: it leads out of the project, or is nobody knows what.
    """
    if meaning.label is not None and meaning.label in labels:
        return Lead(labels[meaning.label], meaning.label)
    path = next((path for path in meaning.paths if path in there), None)
    if path is not None and meaning.target is not None:
        anchor = meaning.target.anchor
        is_there = anchor is None or path not in anchors or _is_generated(anchor)
        is_there = is_there or not list_anchor_names(anchor or "").isdisjoint(anchors[path])
        return Lead(path, anchor, None if is_there else "no such section")
    if link.kind is LinkKind.LABEL and meaning.label is not None:
        return Lead(None, fault="no such label")
    if link.kind is LinkKind.URL and meaning.target is not None:
        return Lead(None, fault="no document" if is_ours(meaning.target, docs_path=docs_path) else NOT_MIRRORED)
    return None


def list_anchor_names(anchor: str) -> frozenset[str]:
    """Return the names that *anchor* may be known by: letter case does not count where Markdown is shown, nor in labels."""
    return frozenset({anchor, " ".join(anchor.lower().split()), anchor.removeprefix("user-content-")})


def _find_label(link: Written) -> str | None:
    # A colon names the inventory of another project.
    if link.kind is LinkKind.URL or ":" in link.target or link.target in _BUILT_LABELS:
        return None
    return " ".join(link.target.split()).lower()


def _is_generated(anchor: str) -> bool:
    """Whether a page makes the name by itself: the top, lines of code, and fragments that say what to mark."""
    return anchor == "top" or anchor.startswith((":~:", "L")) or "=" in anchor
