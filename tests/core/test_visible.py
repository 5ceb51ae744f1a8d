import ast
import re
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.visible import make_visible

HIDING = re.compile("[\u00ad\u200b\u200e\u200f\u2028\u2029\u202e\ufeff]|(?![\n\t\f])[\x00-\x1f]")
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\u2069\x1b\x00\x07\x7f\x9b\u2028\ufe0f\U000e0041\U000e0100"


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(HIDDEN + "ab\r\n\f👩❤")))
def test_twice_is_once(text: str) -> None:
    once = make_visible(text)

    assert make_visible(once.text) == type(once)(once.text, {})


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from("\n\t")))
def test_printable_ascii_passes_unchanged(text: str) -> None:
    assert make_visible(text).text == text


def test_five_hundred_source_files_pass_unchanged() -> None:
    clean = list(islice(_read_clean_sources(), 500))

    assert len(clean) == 500
    assert [text for text in clean if make_visible(text).text != text] == []


def test_source_files_still_parse_after_the_gate_though_they_hold_form_feeds() -> None:
    source = "import os\n\f\ndef f():\n    return os\n"

    assert make_visible(source).text == source
    ast.parse(make_visible(source).text)


def test_line_ends_of_windows_pass_and_a_lone_carriage_return_is_shown() -> None:
    assert make_visible("a\r\nb\r\n").text == "a\r\nb\r\n"
    assert make_visible("shown\rhidden\n").text == "shown␍hidden\n"
    assert make_visible("shown\rhidden\n").counts == {"control": 1}


@pytest.mark.parametrize(
    ("hidden", "shown", "counts"),
    [
        ("say \U000e0068\U000e0069!", "say !", {"invisible": 2}),
        ("ad\u200bmin", "admin", {"invisible": 1}),
        ("\ufeffstart", "start", {"invisible": 1}),
        ("a\u202eb\u202cc", "a<U+202E>b<U+202C>c", {"bidirectional": 2}),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m", {"control": 2}),
        ("x\x9b31m\x7f", "x<U+009B>31m␡", {"control": 2}),
        ("a\u2028b\x0bc", "a<U+2028>b␋c", {"control": 2}),
        ("page\fbreak", "page␌break", {"control": 1}),
        ("a\ufe0f\ufe01\ufe02b", "ab", {"invisible": 3}),
        ("☺\ufe0f\ufe01\ufe02", "☺\ufe0f", {"invisible": 2}),
        ("x\u200dy\u200cz", "xyz", {"invisible": 2}),
        ("port 1\U000e0101 2\U000e0162 3\ufe01", "port 1 2 3", {"invisible": 3}),
        ("\u3164\u115f\uffa0", "", {"invisible": 3}),
    ],
)
def test_hidden_characters_are_removed_or_shown(hidden: str, shown: str, counts: dict[str, int]) -> None:
    assert make_visible(hidden).text == shown
    assert make_visible(hidden).counts == counts


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧",
        "❤\ufe0f\u200d🔥",
        "1\ufe0f\u20e3",
        "葛\U000e0100城",
        "≨\ufe00",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "naïve café — “ok”",
    ],
)
def test_writing_that_needs_joiners_keeps_them(text: str) -> None:
    assert make_visible(text).text == text


def _read_clean_sources() -> Iterator[str]:
    """Read the sources of Python's own library, but for those that hide something."""
    library = Path(sysconfig.get_paths()["stdlib"])
    parts = [part for part in sorted(library.iterdir()) if part.name != "site-packages"]
    for path in chain(library.glob("*.py"), *(part.rglob("*.py") for part in parts)):
        with suppress(UnicodeDecodeError):
            text = path.read_text(encoding="utf-8")
            if HIDING.search(text) is None:
                yield text


@pytest.mark.parametrize("code", range(0x80))
def test_ascii_is_shown_the_same_among_other_writing(code: int) -> None:
    text = f"a{chr(code)}b"
    assert make_visible(f"{text}é").text == f"{make_visible(text).text}é"
