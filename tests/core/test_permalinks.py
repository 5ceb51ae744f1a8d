from syncd.core.permalinks import make_permalink, make_web_url
from syncd.core.references import list_readings, parse_blob_url


def test_a_document_of_a_repository_is_linked_at_its_commit() -> None:
    url = make_permalink(
        repository="acme/docs", commit="abc", project="guide", path="docs/a b#c.md", version=3, lines=(4, 9)
    )

    assert url == "https://github.com/acme/docs/blob/abc/docs/a%20b%23c.md?plain=1#L4-L9"
    parsed = parse_blob_url(url)
    assert parsed is not None
    assert (parsed.rest, parsed.lines) == ("abc/docs/a b#c.md", (4, 9))


def test_a_document_of_an_own_github_is_linked_there() -> None:
    web_url = make_web_url("https://ghe.example.com/api/v3")

    assert (
        make_permalink(repository="acme/docs", commit="abc", project="g", path="a.md", version=1, web_url=web_url)
        == "https://ghe.example.com/acme/docs/blob/abc/a.md"
    )


def test_without_lines_the_link_is_to_the_whole() -> None:
    url = make_permalink(repository="acme/docs", commit="abc", project="guide", path="a.md", version=1)

    assert url == "https://github.com/acme/docs/blob/abc/a.md"


def test_a_document_without_repository_or_commit_has_a_uri_that_reads_as_its_id() -> None:
    for repository, commit in ((None, "abc"), ("acme/docs", None), (None, None)):
        uri = make_permalink(
            repository=repository, commit=commit, project="notes", path="a b.txt", version=2, lines=(1, 5)
        )
        assert uri == "doc://notes/a%20b.txt@v2#L1-L5"
        assert any(
            (reading.name, reading.version, reading.lines) == ("notes/a b.txt", 2, (1, 5))
            for reading in list_readings(uri)
        )
