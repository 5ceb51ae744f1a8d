"""Draws the two pictures of the README anew: `python -m tests.refresh_screenshots`, with Chromium installed."""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import async_playwright

from syncd.adapters.embedded.postgres import open_postgres
from syncd.adapters.embedded.redis import open_redis
from syncd.adapters.postgres.leases import get_lease
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import Identity, ProjectLocks, RedisClient, open_redis_client
from syncd.adapters.redis.progress import put_progress
from syncd.core.budgets import Rules
from syncd.core.credentials import BudgetId, CredentialKind
from syncd.core.ids import ProjectId
from syncd.core.progress import Progress
from syncd.services.lock_states import show_in_redis
from syncd.services.locking import Locking, holding
from tests.browser.chromium import find_chromium, open_browser, open_page
from tests.browser.scenery import TEAM, make_id, put_past, put_scenes
from tests.browser.serving import serving
from tests.databases import make_database, make_template
from tests.mirror import open_mirror

DOCS = Path(__file__).parent.parent / "docs"


async def show_budget(redis: RedisClient, project_ids: Sequence[ProjectId], now: datetime) -> None:
    """Let the projects draw on a GitHub App that has most of its hour left."""
    shared, budget_id = SharedBudgets(redis, Rules()), BudgetId("f3a1" * 16)
    for project_id in project_ids:
        await shared.mark_used(project_id, budget_id, CredentialKind.INSTALLATION.value)
    ends_at = round((now.timestamp() + 1900) * 1_000_000)
    known = {"limit:core": 5000, "remaining:core": 4612, "ends_at:core": ends_at}
    await redis.hset(f"syncd:{{b:{budget_id}}}:budget", mapping={name: str(value) for name, value in known.items()})


async def draw(folder: Path) -> None:
    """Draw the projects in light and one project in dark into *folder*."""
    program = find_chromium()
    assert program, "Chromium is not installed (apt-get install chromium)."
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncd-pictures-")))
        postgres = await stack.enter_async_context(
            open_postgres(place / "cluster", run_directory=place / "run", fast_and_unsafe=True)
        )
        server = await stack.enter_async_context(open_redis(place / "redis", run_directory=place / "run-redis"))
        database = await stack.enter_async_context(make_database(postgres, await make_template(postgres)))
        mirror = await stack.enter_async_context(open_mirror(database, server))
        redis = await stack.enter_async_context(open_redis_client(server.url))
        now = datetime.now(UTC)
        await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
        await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=now)
        who = Identity("syncd@docs-1:4121", "docs-1")
        locking = Locking(mirror.pool, ProjectLocks(redis, who, lease_seconds=30), who.locked_by, 30)
        running = ProjectId(make_id("infra"))
        await stack.enter_async_context(
            holding(locking, mirror.tenant_id, running, reason="syncing acme/infrastructure")
        )
        await show_budget(redis, [ProjectId(make_id(scene.name)) for scene in TEAM], now)
        frozen = ProjectId(make_id("checkout"))
        async with reading(mirror.web_pool, mirror.tenant_id) as reader:
            lease = await get_lease(reader, frozen)
        assert lease
        await show_in_redis(mirror.locking.locks, frozen, lease)
        await put_progress(redis, {running: Progress(now, "fetch", 112, 164)})
        served = await stack.enter_async_context(serving(mirror, redis, database))
        browser = await stack.enter_async_context(
            open_browser(await stack.enter_async_context(async_playwright()), program)
        )
        page = await stack.enter_async_context(open_page(browser))
        await page.set_viewport_size({"width": 1280, "height": 880})
        await page.goto(served.sign_in)
        await page.locator("tr[data-id]").nth(len(TEAM) - 1).wait_for()
        await page.screenshot(path=folder / "status-light.png")
        await page.emulate_media(color_scheme="dark")
        await page.get_by_role("link", name="handbook", exact=True).click()
        await page.locator(".plot").wait_for()
        await page.screenshot(path=folder / "status-dark.png")


if __name__ == "__main__":
    asyncio.run(draw(DOCS))
