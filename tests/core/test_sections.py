from hypothesis import given
from hypothesis import strategies as st

from syncd.core.chunking import make_layout
from syncd.core.sections import (
    Place,
    SectionSpan,
    cut_characters,
    cut_lines,
    find_section,
    list_sections,
    nearest_sections,
)

texts = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30), max_size=30).map(
    "\n".join
)
headings = st.integers(1, 4).map(lambda depth: f"{'#' * depth} Heading {depth}\n")
documents = st.lists(headings | st.sampled_from(["text\n", "\n", "more text, a longer line of it\n"]), max_size=30).map(
    "".join
)


def places_of(text: str) -> list[Place]:
    layout = make_layout(text, format="md", path="a.md")
    return [Place(chunk.headings, chunk.anchor, chunk.line_from, chunk.line_to) for chunk in layout.chunks]


@given(texts, st.integers(1, 200), st.lists(st.integers(1, 40)))
def test_cuts_that_go_on_from_each_other_make_up_the_text(text: str, budget: int, at: list[int]) -> None:
    cut = cut_lines(text, (1, 10**9), max_characters=budget, headings=at)
    collected = cut.text
    while cut.next_line is not None or cut.rest is not None:
        assert 0 < len(cut.text) <= budget
        # A line that does not fit even alone is gone on with by its characters.
        if cut.rest is None:
            cut = cut_lines(text, (cut.next_line or 0, 10**9), max_characters=budget, headings=at)
        else:
            assert cut.rest == (len(collected) + 1, len(text))
            cut = cut_characters(text, cut.rest, max_characters=budget)
        collected += cut.text
    assert collected == text


@given(texts.filter(bool), st.integers(1, 40), st.integers(0, 200), st.integers(1, 60))
def test_cut_characters_say_on_which_lines_they_stand(text: str, first: int, more: int, budget: int) -> None:
    first = min(first, len(text))

    cut = cut_characters(text, (first, first + more), max_characters=budget)

    assert text[first - 1 :].startswith(cut.text)
    assert cut.line_from == text[: first - 1].count("\n") + 1
    assert cut.line_to == cut.line_from + cut.text[:-1].count("\n")
    assert (cut.rest is None) is (len(cut.text) == min(more + 1, len(text) - first + 1))


@given(texts, st.integers(1, 40), st.integers(0, 40))
def test_a_cut_stays_within_the_lines_that_were_asked_for(text: str, first: int, more: int) -> None:
    cut = cut_lines(text, (first, first + more), max_characters=10**6)

    assert cut.next_line is None
    every = [f"{line}\n" for line in text.split("\n")]
    assert cut.text == "".join(every[first - 1 : first + more]).removesuffix("" if first + more < len(every) else "\n")


def test_a_cut_is_made_at_a_heading_of_the_second_half() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 21))

    assert cut_lines(text, (1, 20), max_characters=80, headings=[2, 8]).next_line == 8
    assert cut_lines(text, (1, 20), max_characters=80, headings=[2, 3]).next_line == 12


@given(documents)
def test_every_section_begins_and_ends_within_the_document_and_holds_its_parts(text: str) -> None:
    places = places_of(text)
    sections = list_sections(places)

    total = max((place.line_to for place in places), default=0)
    for section in sections:
        assert 1 <= section.line_from <= section.line_to <= total
    for place in places:
        for depth in range(1, len(place.headings) + 1):
            assert any(
                section.headings == place.headings[:depth]
                and section.line_from <= place.line_from
                and place.line_to <= section.line_to
                for section in sections
            )


def test_a_heading_without_text_of_its_own_is_a_section() -> None:
    sections = list_sections(
        places_of("# Title\n\ntext\n\n## Part\n\n### Deep\n\ntext\n\n### Other\n\ntext\n\n## Last\n\nx\n")
    )

    assert [(section.headings[-1], section.line_from) for section in sections] == [
        ("Title", 1),
        ("Part", 5),
        ("Deep", 5),
        ("Other", 11),
        ("Last", 15),
    ]
    part = find_section(sections, "#part")
    assert part is not None
    assert (part.line_from, part.line_to) == (5, 14)


def test_sections_of_one_name_are_told_apart_by_their_anchors() -> None:
    sections = list_sections(places_of("# T\n\na\n\n## Same\n\nb\n\n## Same\n\nc\n"))

    first, second = find_section(sections, "same"), find_section(sections, "same-1")
    assert (first, second) == (SectionSpan(("T", "Same"), "same", 5, 8), SectionSpan(("T", "Same"), "same-1", 9, 11))


def test_a_section_is_found_by_its_trail_whatever_its_case() -> None:
    sections = list_sections(places_of("# T\n\n## A\n\n### X\n\na\n\n## B\n\n### X\n\nb\n"))

    assert find_section(list_sections([Place(("T", "Plain"), None, 1, 2)]), "plain") is not None
    found = find_section(sections, "b > x")
    assert found is not None
    assert found.headings == ("T", "B", "X")
    assert find_section(sections, "c") is None


def test_the_nearest_sections_are_named_or_else_the_first() -> None:
    sections = list_sections(places_of("# Setup\n\n## Install\n\na\n\n## Configure\n\nb\n"))

    assert nearest_sections(sections, "configur")[0] == "configure"
    assert nearest_sections(sections, "zzzz") == ("setup", "install", "configure")
    assert nearest_sections((), "x") == ()
