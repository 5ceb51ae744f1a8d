"""The one place where the daemon's parts are put together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from syncd.adapters.encryption import KeyRing, parse_key_ring
from syncd.adapters.github.app import GitHubApp, open_github_app
from syncd.adapters.github.app_key import load_app_key
from syncd.adapters.models.opening import open_embedder
from syncd.adapters.parsing.parsers import open_parsers
from syncd.adapters.parsing.worker import ParseLimits
from syncd.adapters.passwords import Passwords, open_passwords
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import Identity, ProjectLocks, RedisClient, open_redis_client
from syncd.core.budgets import Rules
from syncd.core.credentials import make_app_credential
from syncd.core.ids import ProjectId
from syncd.core.schedule import Pace
from syncd.errors import BadUsage
from syncd.services.attending import Reconciling
from syncd.services.budgets import Budgets
from syncd.services.commit_statuses import CommitStatuses
from syncd.services.connecting import Connecting
from syncd.services.embedding import Embedding
from syncd.services.locking import Locking
from syncd.services.progress import open_progress_board
from syncd.services.retention import Retention
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from syncd.services.staging import Store, ignore_progress
from syncd.services.sync import Limits, Workplace
from syncd.services.watching import FolderWatches
from syncd.settings import Settings, require_setting

WEB_POOL_SIZE = 8

Report: TypeAlias = Callable[[ProjectId, int, int], None]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is particular to this way of running: `up` may mirror any folder, `run` those below SYNCD_FOLDER_ROOTS."""

    folders: FolderAccess
    report: Report = ignore_progress


@dataclass(frozen=True, slots=True)
class Parts:
    """What the daemon works with, for as long as it runs."""

    settings: Settings
    work: Workplace
    locking: Locking
    sources: Sources
    web_pool: Pool
    redis: RedisClient
    passwords: Passwords
    excluded: Sequence[Path]
    sync_url: str
    web_url: str
    connecting: Connecting | None
    budgets: Budgets
    statuses: CommitStatuses
    github: GitHubAccess
    key_ring: KeyRing | None
    embedding: Embedding | None


@asynccontextmanager
async def open_parts(settings: Settings, grounds: Grounds) -> AsyncIterator[Parts]:
    """Open everything the daemon needs. Raises `BadUsage` for a missing setting, `Unreachable` for a server that is away."""
    sync_url = require_setting(settings.sync_database_url, "SYNCD_SYNC_DATABASE_URL")
    web_url = require_setting(settings.web_database_url, "SYNCD_WEB_DATABASE_URL")
    redis_url = require_setting(settings.redis_url, "SYNCD_REDIS_URL")
    async with AsyncExitStack() as stack:
        sync_pool = await stack.enter_async_context(open_pool(sync_url, size=settings.pool_connections))
        web_pool = await stack.enter_async_context(open_pool(web_url, size=WEB_POOL_SIZE))
        redis = await stack.enter_async_context(open_redis_client(redis_url))
        limits = ParseLimits(settings.parse_seconds, settings.parse_memory_bytes)
        parsers = await stack.enter_async_context(open_parsers(workers=settings.parse_workers, limits=limits))
        board = await stack.enter_async_context(open_progress_board(redis, utc_now))
        key_ring, budgets = find_key_ring(settings), make_budgets(settings, redis)
        app = await stack.enter_async_context(open_app(settings, budgets))
        github = make_github_access(settings, app)
        sources = await stack.enter_async_context(
            Sources(
                sync_pool,
                github=github,
                folders=grounds.folders,
                key_ring=key_ring,
                max_bytes=settings.document_max_bytes,
                budgets=budgets,
            )
        )
        identity = Identity(f"syncd@{socket.gethostname()}:{os.getpid()}", socket.gethostname())
        yield Parts(
            settings=settings,
            work=Workplace(
                Store(sync_pool, parsers, _join_reports(board.count, grounds.report)),
                Limits(settings.document_max_bytes, settings.project_max_documents),
                utc_now,
                board.enter,
            ),
            locking=Locking(
                sync_pool,
                ProjectLocks(redis, identity, lease_seconds=settings.lease_seconds),
                identity.locked_by,
                settings.lease_seconds,
            ),
            sources=sources,
            web_pool=web_pool,
            redis=redis,
            passwords=stack.enter_context(open_passwords()),
            excluded=grounds.folders.excluded,
            sync_url=sync_url,
            web_url=web_url,
            connecting=Connecting(web_pool, app, key_ring, utc_now) if app and key_ring else None,
            budgets=budgets,
            statuses=CommitStatuses(
                sync_pool, open_client=sources.open_telling, target_url=make_status_url(settings), clock=utc_now
            ),
            github=github,
            key_ring=key_ring,
            embedding=await _open_embedding(settings, sync_pool, stack),
        )


async def _open_embedding(settings: Settings, pool: Pool, stack: AsyncExitStack) -> Embedding | None:
    """Return what makes vectors, if a model was chosen, and tenants whose text it may be sent."""
    if settings.embedder is None or not settings.embedder.tenants:
        return None
    choice = settings.embedder
    embedder = await stack.enter_async_context(open_embedder(choice))
    return Embedding(pool, embedder, choice.tenants, utc_now, texts_at_once=choice.texts_at_once)


def make_status_url(settings: Settings) -> str | None:
    """Return where the status page is for people at GitHub: beside the address that GitHub delivers to, if that is known."""
    base, found, _ = (settings.webhook_url or "").rpartition("/webhooks/github")
    return f"{base}/status" if found else None


def _join_reports(*reports: Report) -> Report:
    def report(project_id: ProjectId, done: int, total: int) -> None:
        for one in reports:
            one(project_id, done, total)

    return report


def make_reconciling(
    parts: Parts, group: asyncio.TaskGroup, *, wake: asyncio.Event, stop: asyncio.Event
) -> Reconciling:
    """Return what the loop works with; the watchers of folders belong to *group*."""
    return Reconciling(
        work=parts.work,
        locking=parts.locking,
        open_source=parts.sources.open,
        watches=FolderWatches(group, excluded=parts.excluded, wake=wake, stop=stop),
        pace=make_pace(parts.settings),
        concurrency=parts.settings.sync_concurrency,
        claim_seconds=parts.settings.lease_seconds,
        tell=parts.statuses.put,
    )


def make_pace(settings: Settings) -> Pace:
    """Return how often sources are looked at."""
    return Pace(settings.poll_seconds, settings.poll_seconds_with_hook, settings.full_reconcile_seconds)


def make_retention(settings: Settings) -> Retention:
    """Return how long what people may look back at is kept."""
    return Retention(
        deliveries=timedelta(days=settings.delivery_retention_days),
        requests=timedelta(days=settings.request_retention_days),
        lock_events=timedelta(days=settings.lock_event_retention_days),
        runs=timedelta(days=settings.run_retention_days),
    )


def make_github_access(settings: Settings, app: GitHubApp | None) -> GitHubAccess:
    """Return where GitHub is, the server's own token with the tenants that it serves, and its App."""
    token = settings.github_token.get_secret_value() if settings.github_token else None
    return GitHubAccess(settings.github_api_url, token, settings.github_token_tenants, app)


def make_budgets(settings: Settings, redis: RedisClient) -> Budgets:
    """Return what counts the requests of each credential, together with all daemons on *redis*."""
    share = settings.github_reserve_percent / 100
    rules = replace(
        Rules(), concurrency=settings.github_concurrency, reserve_share=share, bulk_reserve_share=max(share, 0.2)
    )
    return Budgets(SharedBudgets(redis, rules), rules, clock=lambda: utc_now().timestamp())


@asynccontextmanager
async def open_app(settings: Settings, budgets: Budgets | None = None) -> AsyncIterator[GitHubApp | None]:
    """Open the GitHub App of the settings, if there is one. Raises `BadUsage` for half of its settings, or a key that is none."""
    if settings.github_app_id is None and settings.github_app_key is None:
        yield None
        return
    if settings.github_app_id is None or settings.github_app_key is None:
        missing = "SYNCD_GITHUB_APP_ID" if settings.github_app_id is None else "SYNCD_GITHUB_APP_KEY"
        raise BadUsage("setting_missing", f"{missing} is not set.", hint="A GitHub App needs its id and its key.")
    api_url = settings.github_api_url
    key = load_app_key(settings.github_app_id, settings.github_app_key.get_secret_value())
    budget = budgets.open(make_app_credential(key.app_id, api_url=api_url)) if budgets else None
    async with open_github_app(api_url=api_url, key=key, budget=budget) as app:
        yield app


def find_key_ring(settings: Settings) -> KeyRing | None:
    """Return the key ring of SYNCD_MASTER_KEYS, if it is set. Raises `BadUsage` when it cannot be read."""
    return parse_key_ring(settings.master_keys.get_secret_value()) if settings.master_keys else None


def utc_now() -> datetime:
    """Return the time: the only clock of the daemon."""
    return datetime.now(UTC)
