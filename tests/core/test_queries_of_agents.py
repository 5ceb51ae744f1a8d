import re

import pytest

from syncd.core.queries import MAX_STARS, make_glob_pattern, parse_query, phrase_term_ids
from syncd.core.terms import make_impacts
from syncd.errors import BadUsage


def test_a_query_is_taken_apart() -> None:
    query = parse_query('how to "follow  redirects" path:docs/advanced lang:py "x y z"')
    assert query.text.split() == ["how", "to", '"follow', 'redirects"', '"x', "y", 'z"']
    assert query.phrases == ("follow redirects", "x y z")
    assert len(query.paths) == len(query.languages) == 1
    assert query.is_filtered
    assert not parse_query("path : x, a lang: and https://a.b/path:c").is_filtered


@pytest.mark.parametrize(
    ("written", "path", "matches"),
    [
        ("docs", "docs/a.md", True),
        ("advanced/", "docs/advanced/ssl.md", True),
        ("advanced", "docs/notadvanced/ssl.md", False),
        ("*.md", "docs/a.md", True),
        ("docs/*.md", "docs/deep/a.md", False),
        ("docs/**.md", "docs/deep/a.md", True),
        ("a+b(c", "x/a+b(c.md", True),
        ("a.c", "abc", False),
    ],
)
def test_a_path_filter_begins_at_a_name_and_knows_stars(written: str, path: str, matches: bool) -> None:
    (pattern,) = parse_query(f"path:{written} x").paths
    assert bool(re.search(pattern, path)) is matches


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("docs/**/*.md", "docs/a.md", True),
        ("docs/**/*.md", "docs/b/c/a.md", True),
        ("docs/**/*.md", "docs/a.mdx", False),
        ("docs/*.md", "en/docs/a.md", True),
        ("docs/*.md", "mydocs/a.md", False),
        ("docs/*.md", "docs/b/a.md", False),
        ("**/*.md", "a.md", True),
        ("a*/", "ab/c/d.md", True),
        ("/docs/**", "docs/b/a.md", True),
        ("*.(md)+", "a.(md)+", True),
        ("docs/**/**/a.md", "docs/a.md", True),
    ],
)
def test_a_glob_is_of_whole_paths_from_the_start_of_a_name_on(glob: str, path: str, matches: bool) -> None:
    assert bool(re.search(make_glob_pattern(glob), path)) is matches


def test_a_glob_of_many_stars_is_refused() -> None:
    assert make_glob_pattern("*a" * MAX_STARS)
    with pytest.raises(BadUsage, match="more than 30 stars"):
        make_glob_pattern("*a" * (MAX_STARS + 1))


@pytest.mark.parametrize(
    ("written", "body", "matches"),
    [
        ("python", "text\n```python\nx\n```", True),
        ("py", "~~~ {.python title=x}\n", True),
        ("python", "> ```pycon\n", True),
        ("shell", "```console\n", True),
        ("python", ".. code-block:: python\n", True),
        ("python", "[source,python]\n", True),
        ("c", "```c++\n", False),
        ("c++", "```cpp\n", True),
        ("java", "```javascript\n", False),
        ("python", "[source%linenums,python]\n----\nx\n----", True),
        ("python", "#+BEGIN_SRC python :results output\nx\n#+END_SRC", True),
        ("python", "python is a language", False),
    ],
)
def test_a_language_filter_finds_blocks_of_code(written: str, body: str, matches: bool) -> None:
    (pattern,) = parse_query(f"lang:{written} x").languages
    assert bool(re.search(pattern, body, re.IGNORECASE)) is matches


def test_what_is_looked_up_for_a_phrase_stands_in_every_text_that_holds_it() -> None:
    query = parse_query('"certificate verify failed: certificate has expired"')
    held = make_impacts("", "SSL: CERTIFICATE_certificate verify failed: certificate has expiredx").counts
    assert phrase_term_ids(query)
    assert phrase_term_ids(query) <= held.keys()
    assert not phrase_term_ids(parse_query('"two words"'))
