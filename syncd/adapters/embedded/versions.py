"""Versions of servers: what they print, what is safe, and which of two is the better one. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

POSTGRES_MAJOR_MIN = 15


class Product(StrEnum):
    """A server that we can start. Valkey is the BSD fork of Redis 7.2, with versions of its own."""

    POSTGRES = "Postgres"
    REDIS = "Redis"
    VALKEY = "Valkey"


@dataclass(frozen=True, slots=True)
class Version:
    """A product and its release, as `Valkey 9.1.2`."""

    product: Product
    numbers: tuple[int, ...]

    @property
    def text(self) -> str:
        return ".".join(str(number) for number in self.numbers)

    @property
    def major(self) -> int:
        return self.numbers[0]

    def __str__(self) -> str:
        return f"{self.product} {self.text}"


# The first release of each line that has the security fixes known in November 2026; Valkey's are those of the Lua
# holes of October 2025 (CVE-2025-49844 and its sisters). A line that is not here has no fixed release, unless it is newer than all.
FLOORS: dict[Product, tuple[tuple[int, ...], ...]] = {
    Product.POSTGRES: ((15, 20), (16, 16), (17, 12), (18, 6)),
    Product.REDIS: ((6, 2, 20), (7, 4, 9), (8, 2, 6), (8, 4, 3), (8, 6, 3)),
    Product.VALKEY: ((7, 2, 11), (8, 0, 6), (8, 1, 4), (9, 0, 0)),
}
VALKEY_SPEAKS_REDIS = (7, 2)

_PRINTED = re.compile(r"^(?:(postgres) \(PostgreSQL\) |(Redis|Valkey) server v=)(\d+(?:\.\d+)*)")
_BY_NAME = {"postgres": Product.POSTGRES, "Redis": Product.REDIS, "Valkey": Product.VALKEY}


def parse_version(printed: str) -> Version | None:
    """Return what a server's `--version` line says, or none when it is not one of ours."""
    found = _PRINTED.match(printed)
    if found is None:
        return None
    postgres, redis, numbers = found.groups()
    return Version(_BY_NAME[postgres or redis], tuple(int(number) for number in numbers.split(".")))


def find_warning(version: Version) -> str | None:
    """Return a sentence when *version* is below the security floor of its line."""
    floors = FLOORS[version.product]
    depth = len(floors[0]) - 1
    if version.numbers[:depth] > floors[-1][:depth]:
        return None
    floor = next((floor for floor in floors if floor[:depth] == version.numbers[:depth]), None)
    if floor is not None and version.numbers >= floor:
        return None
    wanted = ".".join(str(number) for number in floor or floors[-1])
    return f"{version} has known security holes: update it to {version.product} {wanted} or newer."


def is_better(candidate: Version, than: Version) -> bool:
    """Return whether *candidate*, a Redis or Valkey found on PATH, replaces *than*, the one that came with the package.

    A safe one beats an unsafe one; of two alike the newer one wins, where a Valkey counts as the Redis it was forked from.
    """
    safe, than_safe = find_warning(candidate) is None, find_warning(than) is None
    if safe != than_safe:
        return safe
    if candidate.product is than.product:
        return candidate.numbers > than.numbers
    return _in_redis_line(candidate) > _in_redis_line(than)


def _in_redis_line(version: Version) -> tuple[int, ...]:
    return VALKEY_SPEAKS_REDIS if version.product is Product.VALKEY else version.numbers[:2]
