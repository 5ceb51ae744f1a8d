"""Which of many names a person means who has typed a part of one."""

from collections.abc import Iterable, Sequence


def rank_names(names: Iterable[str], typed: str) -> Sequence[str]:
    """Return the names that *typed* may become, letter case aside: those that begin with it, that hold it, that have its letters in order."""
    folded = typed.casefold()
    ranked = [(rank, name) for name in dict.fromkeys(names) if (rank := _rank(name.casefold(), folded)) is not None]
    # Stable: within a rank they keep their order.
    return tuple(name for _, name in sorted(ranked, key=lambda pair: pair[0]))


def _rank(name: str, typed: str) -> int | None:
    if name.startswith(typed):
        return 0
    if typed in name:
        return 1
    letters = iter(name)
    return 2 if all(letter in letters for letter in typed) else None
