"""The repositories that the fake hosts, by number and by every name they ever had."""

from dataclasses import dataclass, field

from tests.fakegithub.objects import GitObject, ObjectReader

_FIRST_ID = 1_296_269


@dataclass(slots=True)
class HostedRepository:
    """One repository under a name. *number* is what GitHub calls its id: it outlives every name."""

    number: int
    full_name: str
    objects: ObjectReader
    default_branch: str
    private: bool

    async def find_commit(self, ref: str) -> GitObject | None:
        """Return the commit that GitHub understands by *ref*: a SHA, `heads/x`, `tags/x`, a branch, a tag, or HEAD."""
        for name in (f"refs/{ref}" if ref.startswith(("heads/", "tags/")) else "", *self._names_of(ref)):
            if name and (found := await self.objects.find(f"{name}^{{commit}}")):
                return found
        return None

    async def is_empty(self) -> bool:
        """Return whether nothing was ever pushed."""
        return not await self.objects.run("for-each-ref", "--count=1")

    async def list_branches(self) -> list[tuple[str, str]]:
        """Return (name, commit SHA) of each branch, in the order of names."""
        rows = await self.objects.run("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return [(name, sha) for name, _, sha in (row.rpartition(" ") for row in rows.decode().splitlines())]

    def _names_of(self, ref: str) -> tuple[str, ...]:
        if ref == "HEAD":
            return (f"refs/heads/{self.default_branch}",)
        is_hex = 7 <= len(ref) <= 40 and not set(ref) - set("0123456789abcdef")
        return (f"refs/heads/{ref}", f"refs/tags/{ref}", *([ref] if is_hex else []))


@dataclass(slots=True)
class Repositories:
    """Every repository of the host. A name left behind by a rename leads to the number until it is taken again."""

    _by_number: dict[int, HostedRepository] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _next_number: int = _FIRST_ID

    def add(self, full_name: str, objects: ObjectReader, *, default_branch: str, private: bool) -> HostedRepository:
        """Host a repository under *full_name*, also where another one had that name before."""
        repository = HostedRepository(self._next_number, full_name, objects, default_branch, private)
        self._next_number += 1
        self._by_number[repository.number] = repository
        self._numbers[full_name.lower()] = repository.number
        return repository

    def rename(self, repository: HostedRepository, full_name: str) -> None:
        """Give *repository* a new name; the old one redirects."""
        repository.full_name = full_name
        self._numbers[full_name.lower()] = repository.number

    def remove(self, repository: HostedRepository) -> None:
        """Delete *repository*; its names answer nothing from now on."""
        del self._by_number[repository.number]
        self._numbers = {name: number for name, number in self._numbers.items() if number != repository.number}

    def find_by_name(self, full_name: str) -> HostedRepository | None:
        """Return what stands under *full_name* or once did."""
        return self._by_number.get(self._numbers.get(full_name.lower(), 0))

    def find_by_number(self, number: int) -> HostedRepository | None:
        """Return the repository with this id."""
        return self._by_number.get(number)
