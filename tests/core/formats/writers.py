"""Writes the same made-up document in each format: sections of paragraphs, code and tables."""

import html
import json
import random
from collections.abc import Sequence

WORDS = "the client sends a request to server and waits for answer with timeout option header body stream pool".split()  # noqa: SIM905 - prose


def make_sentence(chance: random.Random) -> str:
    """Return a sentence of some words."""
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(6, 18))).capitalize() + "."


def make_parts(chance: random.Random, *, sections: int) -> list[tuple[str, list[str]]]:
    """Return parts in order: of each its kind (title, text, code or table), and its words or lines."""
    parts: list[tuple[str, list[str]]] = []
    for number in range(sections):
        parts.append(("title", [f"Part {number} {chance.choice(WORDS)}"]))
        texts = [[make_sentence(chance) for _ in range(chance.randint(1, 6))] for _ in range(chance.randint(2, 9))]
        parts.extend(("text", text) for text in texts)
        parts.append(("code", [f"value_{chance.choice(WORDS)} = {line}" for line in range(chance.randint(2, 12))]))
        if chance.random() < 0.3:
            parts.append(("table", [f"{chance.choice(WORDS)} {row}" for row in range(chance.randint(2, 9))]))
    return parts


def write(parts: Sequence[tuple[str, list[str]]], format_name: str) -> str:
    """Return the document that *parts* make in a format."""
    if format_name == "ipynb":
        return _write_notebook(parts)
    blocks = [_WRITERS[format_name](kind, lines) for kind, lines in parts]
    return "\n\n".join(blocks) + "\n"


def _write_markdown(kind: str, lines: list[str]) -> str:
    match kind:
        case "title":
            return f"## {lines[0]}"
        case "code":
            return "```python\n" + "\n".join(lines) + "\n```"
        case "table":
            return "| name | value |\n|---|---|\n" + "\n".join(f"| {line} | x |" for line in lines)
        case _:
            return " ".join(lines)


def _write_rst(kind: str, lines: list[str]) -> str:
    match kind:
        case "title":
            return f"{lines[0]}\n{'=' * len(lines[0])}"
        case "code":
            return ".. code-block:: python\n\n   " + "\n   ".join(lines)
        case "table":
            rule = f"{'=' * 20}  ====="
            return "\n".join((rule, f"{'name':22}value", rule, *(f"{line:22}x" for line in lines), rule))
        case _:
            return "\n".join(lines)


def _write_asciidoc(kind: str, lines: list[str]) -> str:
    match kind:
        case "title":
            return f"== {lines[0]}"
        case "code":
            return "[source,python]\n----\n" + "\n".join(lines) + "\n----"
        case "table":
            return "|===\n|name |value\n\n" + "\n".join(f"|{line} |x" for line in lines) + "\n|==="
        case _:
            return "\n".join(lines)


def _write_org(kind: str, lines: list[str]) -> str:
    match kind:
        case "title":
            return f"* {lines[0]}"
        case "code":
            return "#+begin_src python\n" + "\n".join(lines) + "\n#+end_src"
        case "table":
            return "| name | value |\n|------+-------|\n" + "\n".join(f"| {line} | x |" for line in lines)
        case _:
            return "\n".join(lines)


def _write_html(kind: str, lines: list[str]) -> str:
    match kind:
        case "title":
            return f"<h2>{lines[0]}</h2>"
        case "code":
            return '<pre><code class="language-python">' + html.escape("\n".join(lines)) + "</code></pre>"
        case "table":
            rows = "".join(f"<tr><td>{line}</td><td>x</td></tr>\n" for line in lines)
            return f"<table>\n<tr><th>name</th><th>value</th></tr>\n{rows}</table>"
        case _:
            return f"<p>{' '.join(lines)}</p>"


def _write_text(kind: str, lines: list[str]) -> str:
    return lines[0].upper() if kind == "title" else "\n".join(lines)


def _write_notebook(parts: Sequence[tuple[str, list[str]]]) -> str:
    cells = []
    for kind, lines in parts:
        is_code = kind == "code"
        text = "\n".join(lines) if is_code else _write_markdown(kind, lines)
        outputs = {"outputs": [{"data": {"text/plain": lines}}], "execution_count": 1} if is_code else {}
        cells.append(
            {"cell_type": "code" if is_code else "markdown", **outputs, "source": text.splitlines(keepends=True)}
        )
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "python"}}}, indent=1)


_WRITERS = {
    "md": _write_markdown,
    "mdx": _write_markdown,
    "rst": _write_rst,
    "adoc": _write_asciidoc,
    "org": _write_org,
    "html": _write_html,
    "txt": _write_text,
}
FORMATS = (*_WRITERS, "ipynb")
