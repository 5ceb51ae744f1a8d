"""What people do: watch a sync, freeze, release by force; each asked first, and all of it by keyboard alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.redis.locks import RedisClient
from syncd.core.locks import Actor
from syncd.core.projects import NewProject, Project
from syncd.errors import Busy
from syncd.services.freezing import LockDesk, freeze_project
from syncd.services.keys import KeyRequest, create_key
from syncd.services.locking import holding
from syncd.services.progress import open_progress_board
from tests.browser.serving import Served
from tests.databases import Database
from tests.loop import Loop, open_loop, write_pages
from tests.mcp_server.agents import call, text_of
from tests.mcp_server.serve import serving as serving_agents
from tests.mirror import Mirror

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECONDS = 5


@pytest_asyncio.fixture(loop_scope="session")
async def loop(mirror: Mirror, database: Database, redis: RedisClient) -> AsyncIterator[Loop]:
    """A loop that says how far its syncs are, as the daemon's does."""
    async with open_progress_board(redis, mirror.work.clock) as board:
        store = replace(mirror.work.store, report=board.count)
        work = replace(mirror.work, store=store, report_phase=board.enter)
        async with open_loop(replace(mirror, work=work), database.migrator_url) as opened:
            yield opened


def make_stop() -> tuple[Callable[[], Awaitable[None]], asyncio.Event]:
    """Return where a sync waits, and what lets it go on."""
    go_on = asyncio.Event()

    async def stop() -> None:
        await asyncio.wait_for(go_on.wait(), SECONDS)

    return stop, go_on


async def enter(page: Page, served: Served, project: str) -> None:
    await page.goto(served.sign_in)
    await page.get_by_role("link", name=project, exact=True).click()
    await expect(page.get_by_role("heading", name=project, exact=True)).to_be_visible()


async def enter_new(page: Page, served: Served, mirror: Mirror) -> Project:
    """Add a project that was never synced, and open its page."""
    project = await mirror.add_project(NewProject(name="guide", source="folder", folder="/srv/guide"))
    await enter(page, served, "guide")
    return project


async def test_a_sync_is_asked_for_and_watched_through_its_phases(
    page: Page, served: Served, loop: Loop, tmp_path: Path
) -> None:
    write_pages(tmp_path / "guide", *(f"page-{number}.md" for number in range(5)))
    await loop.add_folder(tmp_path / "guide")
    await loop.step()
    await enter(page, served, "guide")
    await expect(page.locator(".facts-grid")).to_contain_text("r1")
    write_pages(tmp_path / "guide", "new-1.md", "new-2.md", "new-3.md")
    listing, list_now = make_stop()
    reading, read_now = make_stop()
    loop.door.before_listing, loop.door.after_blobs = listing, (2, reading)
    async with loop.running():
        await page.get_by_role("button", name="Sync now").click()
        await expect(page.get_by_role("dialog")).to_contain_text("The source is looked at now")
        await page.get_by_role("dialog").get_by_role("button", name="Sync now").click()
        loop.clock.advance(3600)
        loop.wake.set()
        step = page.locator(".phases li[aria-current=step]")
        await expect(step).to_have_text("gather")
        await expect(page.locator(".title")).to_contain_text("syncing")
        list_now.set()
        await expect(step).to_have_text("fetch")
        read_now.set()
        await expect(page.locator(".facts-grid")).to_contain_text("r2")
        await expect(page.locator(".phases")).to_be_hidden()
        await expect(page.locator(".title")).to_contain_text("ready")
        await expect(page.get_by_role("region", name="Runs").locator("tbody tr")).to_have_count(2)
        await expect(page.get_by_role("region", name="Runs")).to_contain_text("+3")


async def test_a_freeze_is_asked_for_refuses_syncs_and_agents_with_its_reason_and_is_lifted(
    page: Page, served: Served, mirror: Mirror, database: Database
) -> None:
    project = await enter_new(page, served, mirror)
    await page.get_by_role("button", name="Freeze…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Syncs stop.")
    await dialog.get_by_role("button", name="Freeze").click()
    await expect(dialog).to_be_visible()  # without a reason nothing happens
    await dialog.get_by_label("Reason").fill("release <4.2> & friends")
    await dialog.get_by_label("How long").select_option("for an hour")
    await dialog.get_by_role("button", name="Freeze").click()
    await expect(page.locator(".title")).to_contain_text("frozen")
    await expect(page.locator(".facts-grid")).to_contain_text("release <4.2> & friends")
    await expect(page.locator(".facts-grid")).to_contain_text("min left")
    with pytest.raises(Busy, match=r"frozen by ann: release <4\.2> & friends"):
        async with holding(mirror.locking, mirror.tenant_id, project.project_id, reason="test"):
            pytest.fail("a frozen project was synced")
    async with serving_agents(database.read_url) as origin:
        wanted = KeyRequest(
            name="agent", scopes=("docs:read", "locks:write"), project_ids=None, expires_at=None, environment="test"
        )
        key = (await create_key(mirror.web_pool, mirror.tenant_id, wanted)).text
        refused = await call(origin, key, "docs_lock", project="guide", action="freeze", reason="mine")
    assert refused.is_error
    assert "release <4.2> & friends" in text_of(refused)
    await page.get_by_role("button", name="Unfreeze…").click()
    await expect(dialog).to_contain_text("The freeze by ann ends (release <4.2> & friends).")
    await dialog.get_by_role("button", name="Unfreeze").click()
    await expect(page.locator(".title")).not_to_contain_text("frozen")
    await expect(page.locator(".events")).to_contain_text("unfrozen by ann")
    await page.get_by_role("button", name="Freeze…").click()
    await dialog.get_by_label("Reason").fill("until the fair")
    await expect(dialog.get_by_label("Until (your time)")).to_be_hidden()
    await dialog.get_by_label("How long").select_option("until a time of your choice")
    await dialog.get_by_role("button", name="Freeze").click()
    await expect(dialog.get_by_label("Until (your time)")).to_be_focused()  # without a time nothing happens
    await dialog.get_by_label("Until (your time)").fill("2031-02-03T04:05")
    await dialog.get_by_role("button", name="Freeze").click()
    left = page.locator(".facts-grid time[data-form=left]")
    told = await page.evaluate("new Date('2031-02-03T04:05').toISOString()")
    await expect(left).to_have_attribute("datetime", told.replace(".000Z", "+00:00"))


async def test_a_lock_is_released_by_force_and_its_holder_loses_it(page: Page, served: Served, mirror: Mirror) -> None:
    project = await mirror.add_project(NewProject(name="guide", source="folder", folder="/srv/guide"))
    held, lost = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        locking = replace(mirror.locking, lease_seconds=1.0)
        try:
            async with holding(locking, mirror.tenant_id, project.project_id, reason="a long sync"):
                held.set()
                await asyncio.Event().wait()
        except LeaseLost:
            lost.set()

    hanging = asyncio.ensure_future(hang())
    try:
        await asyncio.wait_for(held.wait(), SECONDS)
        await enter(page, served, "guide")
        await expect(page.locator(".facts-grid")).to_contain_text("a long sync")
        await page.get_by_role("button", name="Force-release…").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("(fence 1) ends")
        await dialog.get_by_label("Reason").fill("it hangs")
        await dialog.get_by_role("button", name="Force-release").click()
        await expect(page.locator(".events")).to_contain_text("released by force by ann")
        await expect(page.locator(".events")).to_contain_text("it hangs")
        await asyncio.wait_for(lost.wait(), SECONDS)
    finally:
        hanging.cancel()
        await asyncio.wait([hanging])


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called *name* has the focus."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        focused = page.locator(
            "body :focus"
        )  # where nothing has the focus, body counts as active, with the text of the whole page
        if await focused.count() and name in (await focused.inner_text() or await focused.get_attribute("name") or ""):
            return
    pytest.fail(f"{name} is not reached by Tab")


async def test_everything_can_be_done_by_keyboard(page: Page, served: Served, mirror: Mirror) -> None:
    await mirror.add_project(NewProject(name="guide", source="folder", folder="/srv/guide"))
    await page.goto(served.sign_in)
    await expect(page.locator("tr[data-id]")).to_have_count(1)

    await tab_to(page, "Skip to the content")
    await page.keyboard.press("Enter")
    await tab_to(page, "guide")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="guide", exact=True)).to_be_visible()
    await tab_to(page, "Freeze…")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await expect(page.locator(".title")).to_contain_text("frozen")
    await expect(page.get_by_role("button", name="Unfreeze…")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Unfreeze…")).to_be_focused()


async def test_the_focus_goes_to_the_next_button_when_an_answer_comes_after_its_event(
    page: Page, served: Served, mirror: Mirror
) -> None:
    await enter_new(page, served, mirror)

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await expect(page.locator(".title")).to_contain_text("frozen")
        await route.fulfill(response=answer)

    await page.route("**/lock", answer_late)
    await page.get_by_role("button", name="Freeze…").click()
    await page.get_by_label("Reason").fill("a release")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Unfreeze…")).to_be_focused()


async def test_the_focus_goes_to_the_next_button_when_somebody_else_freezes(
    page: Page, served: Served, mirror: Mirror, redis: RedisClient
) -> None:
    project = await enter_new(page, served, mirror)
    await page.get_by_role("button", name="Freeze…").focus()
    bob = Actor("bob", is_admin=False)
    desk = LockDesk(mirror.web_pool, redis, mirror.locking.locks, mirror.tenant_id, bob, 30, mirror.work.clock)
    await freeze_project(desk, project.project_id, reason="a release")
    await expect(page.get_by_role("button", name="Unfreeze…")).to_be_focused()
