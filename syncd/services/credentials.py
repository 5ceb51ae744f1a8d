"""With what a project asks GitHub: its own token, an installation bound to its tenant, the server's token if it serves it, or nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.encryption import KeyRing
from syncd.adapters.github.app import READING, TELLING, GitHubApp
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.installations import list_installations
from syncd.adapters.postgres.projects import get_credential
from syncd.adapters.postgres.tenants import get_tenant_name
from syncd.adapters.postgres.transactions import in_project
from syncd.core.credentials import (
    Credential,
    CredentialKind,
    make_anonymous_credential,
    make_installation_credential,
    make_token_credential,
)
from syncd.core.projects import Project
from syncd.errors import Stalled

# A token is replaced when it has no more than this left: no sync may outlive its token.
REFRESH_SECONDS = 300.0
# Where the App is installed is asked again after this.
PLACE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCredentials:
    """What the server itself has: a token for the tenants that *find_token* knows by name, and an App."""

    api_url: str
    find_token: Callable[[str], str | None]
    app: GitHubApp | None


@dataclass(frozen=True, slots=True)
class _Minted:
    credential: Credential
    fresh_until: float


@dataclass(frozen=True, slots=True)
class _Place:
    """Which installation sees a repository, as far as was known until *until*."""

    installation_id: int | None
    until: float


class Credentials:
    """Finds credentials, and keeps installation tokens in memory until shortly before they expire: they are never stored."""

    def __init__(
        self, pool: Pool, server: ServerCredentials, *, key_ring: KeyRing | None, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._server = server
        self._key_ring = key_ring
        self._clock = clock
        self._places: dict[int | str, _Place] = {}
        self._minted: dict[tuple[int, int | str, bool], _Minted] = {}
        self._minting: defaultdict[int | str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, project: Project, *, tells: bool = False) -> Credential:
        """Return what *project* asks with. `Stalled` where its own token cannot be read, or its installation gives none.

        *tells*: an installation gives a token that tells the status of commits, and reads nothing; else one that only reads.
        """
        async with in_project(self._pool, project.tenant_id, project.project_id) as connection:
            sealed = await get_credential(connection, project.project_id)
            tenant_name = await get_tenant_name(connection, project.tenant_id)
            bound = await list_installations(connection, project.tenant_id)
        api_url = self._server.api_url
        if sealed is not None:
            token = self._unseal(project, sealed)
            return make_token_credential(CredentialKind.PROJECT_TOKEN, token, api_url=api_url)
        if bound and self._server.app is not None:
            ids = frozenset(one.installation_id for one in bound)
            found = await self._find_installation(self._server.app, project, ids, tells=tells)
            if found is not None:
                return found
        server_token = self._server.find_token(tenant_name)
        if server_token is not None:
            return make_token_credential(CredentialKind.SERVER_TOKEN, server_token, api_url=api_url)
        return make_anonymous_credential(api_url=api_url)

    def forget(self, credential: Credential) -> None:
        """Mint anew next time: GitHub refuses *credential*."""
        self._minted = {
            key: minted for key, minted in self._minted.items() if minted.credential.token != credential.token
        }

    def _unseal(self, project: Project, sealed: bytes) -> str:
        if self._key_ring is None:
            raise Stalled(
                "master_keys_missing",
                "The project has a token of its own, and this daemon has no master key to read it.",
                hint="Set SYNCD_MASTER_KEYS as it was when the project was added, and start the daemon again.",
            )
        return self._key_ring.decrypt(
            sealed, tenant_id=project.tenant_id, project_id=project.project_id, column="credential"
        )

    async def _find_installation(
        self, app: GitHubApp, project: Project, bound: Collection[int], *, tells: bool
    ) -> Credential | None:
        """Return a token of the installation that sees the repository, if that is one of the tenant's own (*bound*)."""
        repository = project.repository_id or project.repository or ""
        # One at a time for each repository: whoever waited finds the answer, and GitHub is asked once.
        async with self._minting[repository]:
            installation_id = await self._find_place(app, repository)
            if installation_id is None or installation_id not in bound:
                return None
            minted = self._minted.get((installation_id, repository, tells))
            if minted is None or minted.fresh_until <= self._now():
                minted = await self._mint(app, installation_id, repository, tells=tells)
            return minted.credential

    async def _find_place(self, app: GitHubApp, repository: int | str) -> int | None:
        place = self._places.get(repository)
        if place is None or place.until <= self._now():
            found = await app.find_installation_of(repository)
            place = _Place(found.installation_id if found else None, self._now() + PLACE_SECONDS)
            self._places[repository] = place
        return place.installation_id

    async def _mint(self, app: GitHubApp, installation_id: int, repository: int | str, *, tells: bool) -> _Minted:
        self._minted.pop((installation_id, repository, tells), None)
        try:
            token = await app.mint_token(
                installation_id, repository=repository, permissions=TELLING if tells else READING
            )
        except Stalled:
            if not tells:  # it may just lack the permission to tell
                self._places.pop(repository, None)
            raise
        credential = make_installation_credential(installation_id, token.token, api_url=self._server.api_url)
        minted = _Minted(credential, self._now() + token.lifetime_seconds - REFRESH_SECONDS)
        self._minted[installation_id, repository, tells] = minted
        return minted

    def _now(self) -> float:
        return self._clock().timestamp()
