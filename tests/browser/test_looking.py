"""What people see: everything at once, live, in any light, on any screen, by any means; and nothing that came from outside as markup."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from syncd.adapters.redis.budgets import SharedBudgets
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.budgets import Rules
from syncd.core.credentials import BudgetId
from syncd.core.ids import ProjectId
from syncd.core.rates import Report, Window
from syncd.core.users import Role
from syncd.services.users import SIGN_IN_PATH
from tests.browser.scenery import TEAM, Scene, make_id, make_many, put_past, put_scenes
from tests.browser.serving import Served, serving
from tests.databases import Database
from tests.mirror import Mirror
from tests.valkeys import running_valkey
from tests.web.people import PASSWORD, add_test_user, make_test_link
from tests.web.streams import open_live_client

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;<script>alert(2)</script>"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def enter(page: Page, served: Served) -> None:
    """Sign in by the link, and wait for what is shown then."""
    await page.goto(served.sign_in)
    await expect(page.locator("#live")).to_have_text("Live")


async def list_faults(page: Page) -> list[str]:
    """Return what axe finds wrong that hinders people seriously."""
    # As a string to Chromium itself: the page's own policy lets no script in.
    found = await Axe().run(page)
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


async def test_a_person_signs_in_with_a_password_and_out_again(page: Page, served: Served) -> None:
    await page.goto(f"{served.url}/status")
    await page.get_by_label("E-mail").fill("ann@example.com")
    await page.get_by_text("Another tenant").click()
    await page.get_by_label("Tenant").fill("acme")
    await page.get_by_label("Password").fill("Wrong Horse 1")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("This does not sign you in.")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#who")).to_contain_text("ann · acme")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_link_signs_in_once_and_does_not_stay_in_the_address(page: Page, served: Served) -> None:
    await enter(page, served)
    assert page.url == f"{served.url}/status"
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("about:blank")
    await page.goto(served.sign_in)
    await expect(page.get_by_role("alert")).to_contain_text("This does not sign you in.")


async def test_where_the_operator_lets_everybody_look_everybody_does_and_nothing_more(
    page: Page, mirror: Mirror, redis: RedisClient, database: Database, now: datetime
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    async with open_live_client(mirror, redis, database, public_tenant="acme") as (client, _):
        await page.goto(f"{client.url}/status")
        await expect(page.locator("tr[data-id]")).to_have_count(len(TEAM))
        await page.get_by_role("link", name="handbook", exact=True).click()
        await expect(page.get_by_role("heading", name="Runs")).to_be_visible()
        await expect(page.get_by_role("group", name="Actions").get_by_role("button")).to_have_count(0)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_member_is_offered_what_a_member_may_and_no_more(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    held, nonce = ProjectId(make_id("handbook")), uuid4()
    await mirror.locking.locks.acquire(held, nonce, reason="a long sync", kind="sync")
    await mirror.locking.locks.renew(held, nonce, fence=319)
    member = await add_test_user(mirror, "bob@example.com", role=Role.MEMBER)
    await page.goto(f"{served.url}{SIGN_IN_PATH}#link={await make_test_link(mirror, member)}")
    actions = page.get_by_role("group", name="Actions").get_by_role("button")
    await page.get_by_role("link", name="checkout", exact=True).click()
    await expect(page.locator(".facts-grid")).to_contain_text("frozen by ada")
    await expect(actions).to_have_count(0)
    await page.get_by_role("link", name="All projects").click()
    await page.get_by_role("link", name="handbook", exact=True).click()
    await expect(page.locator(".facts-grid")).to_contain_text("a long sync")
    await expect(actions).to_have_text(["Sync now", "Freeze…"])


async def test_the_projects_are_filtered_by_word_and_by_condition(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    await enter(page, served)
    rows = page.locator("tr[data-id]")
    await expect(rows).to_have_count(len(TEAM))
    assert await rows.first.locator("a.name").inner_text() == "legacy-portal"
    await expect(rows.first).to_contain_text("Give the token access again, or remove the project.")
    await page.get_by_role("button", name="frozen 1").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("frozen by ada")
    await page.get_by_role("button", name="all 9").click()
    await page.get_by_label("Filter projects").fill("design")
    await expect(rows).to_have_count(1)
    await expect(page.locator("#shown")).to_have_text("1 of 9 projects")


async def test_of_a_thousand_projects_a_hundred_are_drawn_and_all_are_found(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, make_many(1000), now=now)
    await enter(page, served)
    rows = page.locator("tr[data-id]")
    await expect(page.locator("#shown")).to_have_text("1 to 100 of 1000 projects")
    await expect(rows).to_have_count(100)
    await page.get_by_role("button", name="Next").click()
    await expect(page.locator("#shown")).to_have_text("101 to 200 of 1000 projects")
    await page.get_by_label("Filter projects").fill("project-0777")
    await expect(rows).to_have_count(1)


async def test_the_top_line_warns_of_a_redis_that_evicts_and_tells_what_github_still_allows(
    page: Page, mirror: Mirror, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody tells of a setting of Redis that changes: it is seen at the next look.
    monkeypatch.setattr("syncd.services.feeds.LOOK_SECONDS", 0.5)
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM[:1], now=now)
    async with (
        running_valkey("--maxmemory-policy", "allkeys-lru") as url,
        open_redis_client(url) as redis,
        serving(mirror, redis, database) as served,
    ):
        budgets, budget_id = SharedBudgets(redis, Rules()), BudgetId(uuid4().hex)
        await budgets.mark_used(ProjectId(make_id(TEAM[0].name)), budget_id, "server_token")
        window = Window(5000, 321, int(now.timestamp()) + 600, 600.0)
        await budgets.tell(budget_id, uuid4(), Report("core", window, limited=True), fraction=0)
        await enter(page, served)
        line = page.get_by_role("region", name="Servers")
        await expect(line).to_contain_text("GitHub server token")
        await expect(line).to_contain_text("321 of 5,000")
        await expect(line).to_contain_text("waits, ")
        await expect(line).to_contain_text("up, with a warning")
        await expect(line.get_by_role("alert")).to_contain_text("maxmemory-policy of Redis is allkeys-lru")
        await expect(line.get_by_role("alert")).to_contain_text("Set it to noeviction")
        assert await list_faults(page) == []
        await redis.config_set("maxmemory-policy", "noeviction")
        await expect(line.get_by_role("alert")).to_have_count(0)


async def test_skipped_files_come_page_by_page_and_documents_read_as_plain_text_below_them(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.services.project_status.FILES_SHOWN", 3)
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=now)
    await enter(page, served)
    await page.get_by_role("link", name="handbook", exact=True).click()
    rows = page.get_by_role("region", name="Skipped files").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="More files").click()
    await expect(rows).to_have_count(4)
    await expect(page.get_by_role("button", name="More files")).to_have_count(0)
    plain = page.get_by_role("region", name="Read as plain text").locator("tbody tr")
    await expect(plain).to_have_count(2)
    await expect(plain.last).to_contain_text("reading it took more than 5 s")


async def test_what_comes_from_outside_is_text_wherever_it_stands(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime
) -> None:
    hostile = Scene(
        name="evil",
        repository=f"acme/{HOSTILE}",
        condition="stalled",
        trouble=("odd", HOSTILE, HOSTILE),
        frozen=(HOSTILE, HOSTILE),
    )
    await put_scenes(database.migrator_url, mirror.tenant_id, [hostile], now=now)
    await put_past(database.migrator_url, mirror.tenant_id, "evil", now=now, text=HOSTILE)
    await enter(page, served)
    row = page.locator("tr[data-id]")
    assert (await row.inner_text()).count(HOSTILE) >= 4
    await page.get_by_role("link", name="evil", exact=True).click()
    await expect(page.get_by_role("heading", name="Lock history")).to_be_visible()
    shown = await page.locator("main").inner_text()
    assert shown.count(HOSTILE) >= 10
    assert await page.locator("main img, main script, main [onerror]").count() == 0


async def test_a_page_whose_server_is_gone_says_so_and_comes_back_by_itself(
    page: Page, mirror: Mirror, redis: RedisClient, database: Database, now: datetime, kept_port: int
) -> None:
    async with serving(mirror, redis, database, port=kept_port) as served:
        await enter(page, served)
    await expect(page.locator("#live")).to_contain_text("Stale since")
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM[:1], now=now)
    async with open_live_client(mirror, redis, database, port=kept_port):
        await expect(page.locator("#live")).to_have_text("Live")
        await expect(page.locator("tr[data-id]")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_on_any_part_of_the_page_hinders_people_seriously(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime, scheme: str
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=now)
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    await page.goto(f"{served.url}/status")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    faults = {"sign-in": await list_faults(page)}
    await enter(page, served)
    await expect(page.locator("tr[data-id]")).to_have_count(len(TEAM))
    faults["projects"] = await list_faults(page)
    await page.get_by_role("link", name="handbook", exact=True).click()
    await expect(page.locator(".plot")).to_be_visible()
    faults["project"] = await list_faults(page)
    await page.get_by_role("button", name="Freeze…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    faults["dialog"] = await list_faults(page)
    await page.keyboard.press("Escape")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{served.url}/status")
    await expect(page.locator("tr[data-id]")).to_have_count(len(TEAM))
    faults["phone"] = await list_faults(page)
    assert {part: found for part, found in faults.items() if found} == {}


async def test_the_colours_follow_the_system_until_others_are_chosen_and_stay_chosen(
    page: Page, served: Served
) -> None:
    async def read_ground(theme: str) -> str:
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
        return str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))

    await page.emulate_media(color_scheme="dark")
    await enter(page, served)
    dark = await read_ground("dark")
    await page.emulate_media(color_scheme="light")
    light = await read_ground("light")
    assert dark != light
    await page.get_by_role("button", name="Change to dark colours").click()
    assert await read_ground("dark") == dark
    await page.reload()
    assert await read_ground("dark") == dark


async def test_on_a_narrow_screen_nothing_has_to_be_scrolled_sideways(
    page: Page, served: Served, mirror: Mirror, database: Database, now: datetime
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=now)
    await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=now)
    await enter(page, served)
    beyond = "document.documentElement.scrollWidth - innerWidth"
    for width in (320, 390, 768):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{served.url}/status")
        await expect(page.locator("tr[data-id]")).to_have_count(len(TEAM))
        assert await page.evaluate(beyond) <= 0, width
        await page.get_by_role("link", name="handbook", exact=True).click()
        await expect(page.locator(".plot")).to_be_visible()
        assert await page.evaluate(beyond) <= 0, width
