import pytest

from syncd.core.link_targets import LinkTarget, list_link_names, list_meanings, resolve_target


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("b.md", LinkTarget("docs/b.md", None)),
        ("./b.md#part", LinkTarget("docs/b.md", "part")),
        ("../b.md?raw=1", LinkTarget("b.md", None)),
        ("/docs/x/b.md", LinkTarget("docs/x/b.md", None)),
        ("a%20b.md", LinkTarget("docs/a b.md", None)),
        ("#here", LinkTarget("docs/a.md", "here")),
        ("..", LinkTarget("", None)),
        ("../..", None),
        ("../../b.md", None),
        ("https://example.org/b.md", None),
        ("//example.org/b.md", None),
        ("mailto:ada@example.org", None),
        ("http://[", None),
        ("b%00.md", None),
    ],
)
def test_a_link_is_resolved_from_where_it_stands(target: str, wanted: LinkTarget | None) -> None:
    assert resolve_target("docs/a.md", target) == wanted


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("b.md", "docs/b.md"),
        ("b", "docs/b.md"),
        ("b.html", "docs/b.rst"),
        ("deep/", "docs/deep/index.md"),
        ("deep", "docs/deep/README.md"),
        (".", "docs/index.md"),
        ("a%20b", "docs/a b.md"),
    ],
)
def test_what_a_link_may_mean_is_found_again_by_its_name(target: str, path: str) -> None:
    lead = resolve_target("docs/a.md", target)
    assert lead is not None
    assert path in list_meanings(lead, docs_path="docs")
    name = target.rstrip("/").rpartition("/")[2].rpartition(".")
    assert (name[0] if name[0] and name[2].isalpha() else target.rstrip("/")) in list_link_names(path)
