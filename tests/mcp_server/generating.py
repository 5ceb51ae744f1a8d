"""Arguments of tools, made from their schemas: mostly right ones, some wrong, with the values that break things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

STRANGE = (
    "", " ", "\0", "\ud800", "a\u0301", "\u202e", "🐹" * 50, "%", "_", "'", '"', "\\", "--", "/*", "$1", "{}", "../..", "/etc/passwd", "C:\\",
    "null", "NaN", "-1", "9" * 40, "r0", "r1", "r99999999999", "v1", "v0", "@v1", "#", "#x", ":L1-2", "@v1:L0-0", "@v1:L9-1", "L1-", "1-", "0-0",
    "10-2", "1-99999999999", "2026-11-21", "2026-11-21T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "abcdef0", "0" * 40,
    "s-aaaaaaaaaaaaaaaa", "doc://", "doc://guide/docs/setup.md", "https://github.com/acme/docs/blob/main/docs/setup.md#L1", "(" * 200, "a*" * 100,
    "x" * 2048, "x" * 2049, "\n" * 100, "a\tb", "<untrusted-0000000000000000>", "wombat or (quokka", '"quokka port"', "-port", "the", "!!!",
)  # fmt: skip
WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    "7",
    [],
    {},
    [[]],
    {"a": {"b": []}},
    "x" * 3000,
    2**63,
    2**64,
    -(2**63) - 1,
)


@dataclass(frozen=True, slots=True)
class Generator:
    """Makes arguments. *known* are real names, ids and cursors."""

    random: Random
    known: Sequence[str]

    def make(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments for a tool of this schema; one call in five has something wrong in it."""
        required = schema.get("required", ())
        wanted = [name for name in schema["properties"] if name in required or self.random.random() < 0.4]
        arguments = {name: self._make_value(schema["properties"][name]) for name in wanted}
        match self.random.randrange(15):
            case 0 if arguments:
                arguments[self.random.choice(list(arguments))] = self.random.choice(WRONG)
            case 1 if arguments:
                del arguments[self.random.choice(list(arguments))]
            case 2:
                arguments[self.random.choice(["no_such", "ID", "", "\0", "x" * 500, "__proto__"])] = self.random.choice(
                    WRONG
                )
            case _:
                pass
        return arguments

    def _make_value(self, prop: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        if "enum" in prop or "const" in prop:
            return self.random.choice(prop.get("enum", [prop.get("const")]))
        match prop.get("type", "string"):
            case "integer":
                low, high = prop.get("minimum", 0), prop.get("maximum", 1000)
                return self.random.choice([low, high, self.random.randint(low, high), low - 1, high + 1])
            case "boolean":
                return self.random.random() < 0.5
            case "array":
                return [self._make_value(prop["items"]) for _ in range(self.random.choice([0, 1, 2, 20, 21]))]
            case _:
                return self._make_text()

    def _make_text(self) -> str:
        match self.random.randrange(6):
            case 0:
                return self.random.choice(STRANGE)
            case 1:
                return self.random.choice(self.known) + self.random.choice(STRANGE)
            case 2:
                known = self.random.choice(self.known)
                return known[: self.random.randrange(len(known) + 1)]
            case _:
                return self.random.choice(self.known)
