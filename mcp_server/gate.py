"""The one way out: every answer of every tool passes here, is made visible, fenced, and held to a size."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from mcp_types import CallToolResult, TextContent

from mcp_server.answers import Answer, ErrorAnswer, Json, TextAnswer, Untrusted, ValueAnswer
from syncd.core.visible import make_visible

MAX_ANSWER_BYTES = 256 * 1024
MAX_ERROR_CHARACTERS = 4_000
_ROOM_AROUND_TEXT = 8 * 1024
_MOST_BYTES_A_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Gate:
    """Releases answers. *key* is the installation's: whoever writes a document cannot foretell the mark of its fence."""

    key: bytes

    def release(self, answer: Answer) -> CallToolResult:
        """Return the result that leaves the server."""
        match answer:
            case TextAnswer():
                return CallToolResult(content=[TextContent(text=self.release_text(answer))])
            case ValueAnswer():
                return self._release_values(answer)
            case ErrorAnswer():
                text = make_visible(answer.text).text[:MAX_ERROR_CHARACTERS]
                return CallToolResult(content=[TextContent(text=text)], is_error=True)
            case _:
                assert_never(answer)

    def release_text(self, answer: TextAnswer) -> str:
        """Return the text that leaves the server, as a tool's answer or as a resource."""
        shown = make_visible(answer.document_text)
        text, cut = _cut_bytes(shown.text, MAX_ANSWER_BYTES - _ROOM_AROUND_TEXT)
        notes = [_describe(Counter(shown.counts))] if shown.counts else []
        if cut:
            notes.append(f"Cut at {MAX_ANSWER_BYTES // 1024} KiB: ask for less (lines, limit, max_chars).")
        fenced = self._fence(text, make_visible(answer.source).text) if text else ""
        parts = (make_visible(answer.head).text, fenced, *notes, make_visible(answer.tail).text)
        return "\n".join(part for part in parts if part)

    def release_values(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """Return values that leave the server beside a text."""
        shown = self._make_values_visible(values, Counter())
        assert isinstance(shown, dict)  # noqa: S101 - a mapping went in
        return shown

    def _fence(self, text: str, source: str) -> str:
        mark = hmac.digest(self.key, f"{source}\n{text}".encode(), hashlib.sha256).hex()[:16]
        name = f"untrusted-{mark}"
        end = "" if text.endswith("\n") else "\n"
        return f'<{name} source="{source.replace(chr(34), "%22")}">\n{text}{end}</{name}>'

    def _release_values(self, answer: ValueAnswer) -> CallToolResult:
        counts: Counter[str] = Counter()
        values = self._make_values_visible(answer.values, counts)
        assert isinstance(values, dict)  # noqa: S101 - a mapping went in
        if counts:
            values["removed"] = _describe(counts)
        beside = self._make_values_visible(answer.beside, Counter())
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode()) > MAX_ANSWER_BYTES:
            return CallToolResult(
                content=[
                    TextContent(
                        text=f"The answer is larger than {MAX_ANSWER_BYTES // 1024} KiB. Ask for less (path, limit)."
                    )
                ],
                is_error=True,
            )
        return CallToolResult(content=[TextContent(text=text)], structured_content=values, _meta=beside or None)

    def _make_values_visible(self, value: Json, counts: Counter[str]) -> Json:
        match value:
            case str():
                shown = make_visible(value)
                counts.update(shown.counts)
                return shown.text
            case list() | tuple():
                return [self._make_values_visible(item, counts) for item in value]
            case None | bool() | int() | float():
                return value
            case Untrusted(text, source):
                shown = make_visible(text)
                counts.update(shown.counts)
                return self._fence(shown.text, make_visible(source).text)
            case _:
                return {name: self._make_values_visible(item, counts) for name, item in value.items()}


def _describe(counts: Counter[str]) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    return f"Hidden characters removed or shown as signs: {kinds}."


def _cut_bytes(text: str, limit: int) -> tuple[str, bool]:
    if len(text) * _MOST_BYTES_A_CHARACTER <= limit:
        return text, False
    encoded = text.encode()
    if len(encoded) <= limit:
        return text, False
    kept = encoded[:limit].decode("utf-8", "ignore")
    return kept[: kept.rfind("\n") + 1] or kept, True
