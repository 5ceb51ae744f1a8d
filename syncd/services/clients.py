"""Clients of GitHub, one for each token: shared by the projects that have the same one, closed when tokens come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.core.credentials import Credential
from syncd.services.budgets import Budgets

IDLE_MOST = 32


@dataclass(slots=True)
class _Held:
    """An open client, how many looks use it, and what closes it."""

    client: GitHubClient
    closing: AsyncExitStack
    users: int = 0


class Clients:
    """Opens clients. Installation tokens live for an hour: the clients of old ones are closed, the least used first."""

    def __init__(self, *, api_url: str, budgets: Budgets, idle_most: int = IDLE_MOST) -> None:
        self._api_url = api_url
        self._budgets = budgets
        self._idle_most = idle_most
        # In the order of their last use.
        self._held: dict[str | None, _Held] = {}
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        # Side by side: each may have to leave a silent GitHub behind.
        await asyncio.gather(*(held.closing.aclose() for held in self._held.values()))
        self._held.clear()

    @asynccontextmanager
    async def open(self, credential: Credential) -> AsyncIterator[GitHubClient]:
        """Open the client of *credential* for one look."""
        held = await self._take(credential)
        held.users += 1
        try:
            yield held.client
        finally:
            held.users -= 1
            await self._close_idle()

    async def _take(self, credential: Credential) -> _Held:
        async with self._opening:
            held = self._held.pop(credential.token, None) or await self._open(credential)
            self._held[credential.token] = held
            return held

    async def _open(self, credential: Credential) -> _Held:
        closing = AsyncExitStack()
        opening = open_github_client(
            api_url=self._api_url, token=credential.token, budget=self._budgets.open(credential)
        )
        return _Held(await closing.enter_async_context(opening), closing)

    async def _close_idle(self) -> None:
        idle = [token for token, held in self._held.items() if held.users == 0]
        surplus = [self._held.pop(token) for token in idle[: max(0, len(idle) - self._idle_most)]]
        for held in surplus:
            await held.closing.aclose()
