"""Where a link leads: to a document, a section or a label that is there, or what of them is not."""

import pytest

from syncd.core.leads import Lead, Written, find_lead, find_meaning
from syncd.core.outline import LinkKind

PATHS = {"docs/index.md", "docs/guide/start.rst", "docs/api.adoc"}
LABELS = {"my label": "docs/guide/start.rst"}
ANCHORS = {"docs/index.md": {"top-part"}, "docs/guide/start.rst": {"install"}}


def _find(target: str, kind: LinkKind = LinkKind.URL, *, path: str = "docs/guide/start.rst") -> Lead | None:
    link = Written(path, target, kind)
    meaning = find_meaning(link, docs_path="docs")
    return find_lead(link, meaning, docs_path="docs", there=PATHS, labels=LABELS, anchors=ANCHORS)


@pytest.mark.parametrize(
    ("target", "lead"),
    [
        ("../index.md", Lead("docs/index.md")),
        ("/index", Lead("docs/index.md")),
        ("../api.html", Lead("docs/api.adoc")),
        ("../index.md#top-part", Lead("docs/index.md", "top-part")),
        ("../index.md#Top-Part", Lead("docs/index.md", "Top-Part")),
        ("../index.md#none", Lead("docs/index.md", "none", "no such section")),
        ("#install", Lead("docs/guide/start.rst", "install")),
        ("#none", Lead("docs/guide/start.rst", "none", "no such section")),
        # The names in it are not known: an older chunker cut it.
        ("../api#anything", Lead("docs/api.adoc", "anything")),
        ("../index.md#L10-L20", Lead("docs/index.md", "L10-L20")),
        ("missing", Lead(None, fault="no document")),
        ("missing.md#x", Lead(None, fault="no document")),
        ("../../LICENSE", Lead(None, fault="not mirrored")),
        ("image.png", Lead(None, fault="not mirrored")),
        ("https://example.com/missing.md", None),
        ("mailto:ann@example.com", None),
        ("../../../outside.md", None),
        ("{attribute}/page.adoc", None),
    ],
)
def test_a_relative_url_leads_to_a_document_or_to_none(target: str, lead: Lead | None) -> None:
    assert _find(target) == lead


@pytest.mark.parametrize(
    ("target", "kind", "lead"),
    [
        ("my label", LinkKind.LABEL, Lead("docs/guide/start.rst", "my label")),
        ("My  Label", LinkKind.ANY, Lead("docs/guide/start.rst", "my label")),
        ("other", LinkKind.LABEL, Lead(None, fault="no such label")),
        ("genindex", LinkKind.LABEL, None),
        ("python:label", LinkKind.LABEL, None),
        ("/index", LinkKind.ANY, Lead("docs/index.md")),
        # It may name a function, which nobody here knows.
        ("Client.get", LinkKind.ANY, None),
    ],
)
def test_a_label_leads_to_the_document_that_it_stands_in(target: str, kind: LinkKind, lead: Lead | None) -> None:
    assert _find(target, kind) == lead
