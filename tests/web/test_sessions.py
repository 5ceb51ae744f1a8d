"""Signing in: one answer to every failure, a session that ends when it should, and no write that another site made."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.postgres.tenants import add_tenant
from syncd.adapters.postgres.transactions import reading, writing
from syncd.adapters.redis.locks import RedisClient, open_redis_client
from syncd.core.sessions import SESSIONS_OF_A_USER, TokenKind, make_token
from syncd.core.users import Role
from syncd.services.signing_in import ACCOUNT_RATE, ADDRESS_RATE, sign_in_by_link
from syncd.services.users import People, change_user, make_link
from tests.mirror import Mirror
from tests.web.people import PASSWORD, Browser, add_test_user, make_test_link, now, signed_in
from tests.web.sites import Client, add_test_key, make_test_site, open_client

SESSION = "/api/v1/session"


@pytest_asyncio.fixture
async def redis(closed_port: int) -> AsyncIterator[RedisClient]:
    """No Redis: throttles then count in the process, each test by itself."""
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}/0") as opened:
        yield opened


@pytest_asyncio.fixture
async def browser(client: Client, mirror: Mirror) -> AsyncIterator[Browser]:
    """A browser in which an owner is signed in."""
    async with signed_in(client, mirror, await add_test_user(mirror)) as opened:
        yield opened


async def sign_in(
    client: Client, *, email: str = "ann@example.com", password: str = PASSWORD, tenant: str = "acme"
) -> Browser:
    """Return a browser that has tried to sign in; it has cookies where that succeeded."""
    browser = Browser(client, {})
    await browser.send("POST", SESSION, {"tenant": tenant, "email": email, "password": password})
    return browser


async def test_a_password_signs_in_and_the_cookie_says_who_it_is(client: Client, mirror: Mirror) -> None:
    user = await add_test_user(mirror)
    browser = await sign_in(client, email=" ANN@example.com")
    told = await browser.send("GET", SESSION)
    assert told.status == 200
    assert told.body["actor"] == user.username
    assert (told.body["kind"], told.body["role"], told.body["userId"]) == ("user", "owner", str(user.user_id))
    assert told.body["tenantId"] == str(mirror.tenant_id)
    assert (await browser.send("GET", "/status")).status == 200


async def test_the_cookies_are_out_of_reach_of_scripts_other_sites_and_plain_http(
    client: Client, mirror: Mirror
) -> None:
    link = await make_test_link(mirror, await add_test_user(mirror))
    answer = await client.send("POST", SESSION, {"link": link}, Host="docs.example.com")
    session, refresh = answer.headers.getall("Set-Cookie")
    for line in (session, refresh):
        assert line.startswith("__Secure-syncd_")
        assert {"HttpOnly", "Secure", "SameSite=Strict"} <= set(line.split("; "))
    assert {"Max-Age=900", "Path=/"} <= set(session.split("; "))
    assert "Path=/api/v1/session" in refresh.split("; ")


async def test_every_way_to_be_refused_looks_the_same(client: Client, mirror: Mirror) -> None:
    user = await add_test_user(mirror)
    await add_test_user(mirror, "new@example.com", password=None)
    gone = await add_test_user(mirror, "gone@example.com", role=Role.MEMBER)
    people = People(mirror.web_pool, mirror.tenant_id, now)
    await change_user(people, gone.user_id, active=False)
    async with mirror.web_pool.acquire() as connection:
        await add_tenant(connection, "other")
    replaced, used = await make_test_link(mirror, user), await make_test_link(mirror, user)
    assert (await client.send("POST", SESSION, {"link": used})).status == 201
    bodies = [
        {"tenant": "acme", "email": user.email, "password": PASSWORD + "x"},
        {"tenant": "acme", "email": user.email, "password": ""},
        {"tenant": "acme", "email": user.email, "password": PASSWORD * 50},
        {"tenant": "acme", "email": "nobody@example.com", "password": PASSWORD},
        {"tenant": "acme", "email": "no address", "password": PASSWORD},
        {"tenant": "acme", "email": "new@example.com", "password": PASSWORD},
        {"tenant": "acme", "email": gone.email, "password": PASSWORD},
        {"tenant": "other", "email": user.email, "password": PASSWORD},
        {"tenant": "no such tenant", "email": user.email, "password": PASSWORD},
        {"email": user.email, "password": PASSWORD},
        {"link": used},
        {"link": replaced},
        {"link": "made up"},
    ]
    refused = [await client.send("POST", SESSION, body) for body in bodies]
    assert [answer.status for answer in refused] == [401] * len(bodies)
    assert all(answer.error == refused[0].error for answer in refused)
    assert all("Set-Cookie" not in answer.headers for answer in refused)
    assert (await sign_in(client)).cookies != {}


async def test_an_account_is_tried_ten_times_and_then_not_even_the_right_password_helps(
    client: Client, mirror: Mirror
) -> None:
    user = await add_test_user(mirror)
    body = {"tenant": "acme", "email": user.email, "password": "Wrong Horse 1"}
    tried = [(await client.send("POST", SESSION, body)).status for _ in range(ACCOUNT_RATE.burst)]
    refused = await client.send("POST", SESSION, {**body, "password": PASSWORD})
    assert tried == [401] * ACCOUNT_RATE.burst
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # Who is locked out by a stranger's tries still has a way in.
    assert (await client.send("POST", SESSION, {"link": await make_test_link(mirror, user)})).status == 201


async def test_an_address_is_heard_forty_times_whomever_it_tries(client: Client) -> None:
    answers = [
        await client.send("POST", SESSION, {"link": f"guess {number}"}) for number in range(ADDRESS_RATE.burst + 1)
    ]
    assert [answer.status for answer in answers] == [401] * ADDRESS_RATE.burst + [429]


async def test_turns_are_shared_through_redis(mirror: Mirror, redis_server: RedisServer) -> None:
    body = {"tenant": "acme", "email": f"{mirror.tenant_id}@example.com", "password": PASSWORD}
    statuses = []
    for _ in range(2):
        async with (
            open_redis_client(redis_server.url) as shared,
            open_client(make_test_site(mirror.web_pool, shared)) as replica,
        ):
            statuses += [
                (await replica.send("POST", SESSION, body, X_Forwarded_For=str(mirror.tenant_id))).status
                for _ in range(ACCOUNT_RATE.burst // 2 + 1)
            ]
    assert statuses.count(401) == ACCOUNT_RATE.burst
    assert statuses[-2:] == [429, 429]


async def test_a_refresh_replaces_both_tokens_and_the_session_goes_on(browser: Browser) -> None:
    before = dict(browser.cookies)
    assert (await browser.send("POST", f"{SESSION}/refresh")).status == 204
    assert set(before.values()).isdisjoint(browser.cookies.values())
    assert (await browser.send("DELETE", SESSION)).status == 204  # with the csrf token of before


async def test_a_stolen_refresh_token_ends_the_session_for_both(browser: Browser) -> None:
    stolen = dict(browser.cookies)
    for _ in range(2):  # the grace is for the token before, not for older ones
        assert (await browser.send("POST", f"{SESSION}/refresh")).status == 204
    thief = Browser(browser.client, stolen)
    assert (await thief.send("POST", f"{SESSION}/refresh")).status == 401
    assert (await browser.send("GET", SESSION)).status == 401
    assert (await browser.send("POST", f"{SESSION}/refresh")).status == 401


async def test_two_tabs_that_refresh_at_once_keep_the_session(browser: Browser) -> None:
    second = Browser(browser.client, dict(browser.cookies))
    answers = await asyncio.gather(*(tab.send("POST", f"{SESSION}/refresh") for tab in (browser, second)))
    assert [answer.status for answer in answers] == [204, 204]
    assert sum("Set-Cookie" in answer.headers for answer in answers) == 1
    renewed = browser if "Set-Cookie" in answers[0].headers else second
    assert (await renewed.send("POST", f"{SESSION}/refresh")).status == 204


async def test_the_token_before_still_answers_requests_that_were_under_way(browser: Browser) -> None:
    before = Browser(browser.client, dict(browser.cookies))
    await browser.send("POST", f"{SESSION}/refresh")
    assert (await before.send("GET", SESSION)).status == 200
    await browser.send("POST", f"{SESSION}/refresh")
    assert (await before.send("GET", SESSION)).status == 401


async def test_signing_out_ends_the_session_and_takes_the_cookies(browser: Browser) -> None:
    tokens = dict(browser.cookies)
    assert (await browser.send("DELETE", SESSION)).status == 204
    assert set(browser.cookies.values()) == {""}
    again = Browser(browser.client, tokens, browser.csrf_token)
    assert (await again.send("GET", SESSION)).status == 401
    assert (await again.send("POST", f"{SESSION}/refresh")).status == 401


async def test_a_disabled_user_is_out_at_once_everywhere(client: Client, mirror: Mirror) -> None:
    await add_test_user(mirror)
    user = await add_test_user(mirror, "bob@example.com", role=Role.MEMBER)
    people = People(mirror.web_pool, mirror.tenant_id, now)
    async with signed_in(client, mirror, user) as one, signed_in(client, mirror, user) as two:
        link = await make_test_link(mirror, user)
        await change_user(people, user.user_id, active=False)
        assert [(await browser.send("GET", "/status")).status for browser in (one, two)] == [401, 401]
        assert (await client.send("POST", SESSION, {"link": link})).status == 401
        await change_user(people, user.user_id, active=True)
        assert [(await browser.send("POST", f"{SESSION}/refresh")).status for browser in (one, two)] == [401, 401]
        assert (await client.send("POST", SESSION, {"link": link})).status == 401
    assert (await sign_in(client, email=user.email)).cookies != {}


async def test_a_write_that_another_site_made_is_refused(browser: Browser) -> None:
    site = browser.client.url
    refused = [
        await browser.send("DELETE", SESSION, X_CSRF_Token=""),
        await browser.send("DELETE", SESSION, X_CSRF_Token="guess"),
        await browser.send("DELETE", SESSION, Origin=""),
        await browser.send("DELETE", SESSION, Origin="null"),
        await browser.send("DELETE", SESSION, Origin="http://evil.example"),
        await browser.send("DELETE", SESSION, Origin=site + ".evil.example"),
        await browser.send("DELETE", SESSION, Origin="http://[evil"),
        await browser.send("DELETE", SESSION, Origin=site, Sec_Fetch_Site="cross-site"),
        await browser.send("DELETE", SESSION, Origin=site, Sec_Fetch_Site="same-site"),
        await browser.send("POST", f"{SESSION}/refresh", Origin="http://evil.example"),
        await browser.send("POST", f"{SESSION}/refresh", Origin=""),
        await browser.send("POST", SESSION, {"link": "x"}, Origin="http://evil.example"),
    ]
    assert {answer.status for answer in refused} == {403}
    assert all(answer.error == refused[0].error for answer in refused)
    assert (await browser.send("DELETE", SESSION, Origin="", Sec_Fetch_Site="same-origin")).status == 204


async def test_a_first_password_is_chosen_in_the_session_of_a_link(client: Client, mirror: Mirror) -> None:
    user = await add_test_user(mirror, password=None)
    async with signed_in(client, mirror, user) as browser:
        weak = await browser.send("PUT", f"{SESSION}/password", {"new": "weak"})
        assert (weak.status, weak.error["code"]) == (400, "VALIDATION_ERROR")
        assert (await browser.send("PUT", f"{SESSION}/password", {"new": "First Horse 1"})).status == 204
        wrong = await browser.send("PUT", f"{SESSION}/password", {"new": "Second Horse 2", "current": "Wrong Horse 1"})
        missing = await browser.send("PUT", f"{SESSION}/password", {"new": "Second Horse 2"})
        assert [wrong.status, missing.status] == [403, 403]
    other = await sign_in(client, password="First Horse 1")
    right = {"new": "Second Horse 2", "current": "First Horse 1"}
    assert (await browser.send("PUT", f"{SESSION}/password", right)).status == 204
    assert (await other.send("GET", SESSION)).status == 401  # the other sessions end
    assert (await browser.send("GET", SESSION)).status == 200
    assert (await sign_in(client, password="First Horse 1")).cookies == {}
    assert (await sign_in(client, password="Second Horse 2")).cookies != {}


async def test_a_key_is_told_what_it_is_and_has_no_session_to_end(client: Client, mirror: Mirror) -> None:
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    told = await client.send("GET", SESSION, key=key)
    assert (told.body["kind"], told.body["role"], told.body["csrfToken"]) == ("key", None, None)
    assert told.body["scopes"] == ["docs:read"]
    for method, path, body in (("DELETE", SESSION, None), ("PUT", f"{SESSION}/password", {"new": "First Horse 1"})):
        assert (await client.send(method, path, body, key=key)).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ann@example.com"},
        {"password": PASSWORD},
        {"email": "ann@example.com", "password": PASSWORD, "link": "x"},
        {"link": "x", "extra": 1},
        {"link": 7},
        {"link": "\0"},
        [],
        "text",
        None,
    ],
)
async def test_a_body_that_is_none_is_refused_without_being_repeated(client: Client, body: object) -> None:
    answer = await client.send("POST", SESSION, body)
    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")
    assert PASSWORD not in str(answer.body)


async def test_a_user_has_fifty_sessions_and_the_oldest_ends(
    client: Client, mirror: Mirror, redis: RedisClient
) -> None:
    user = await add_test_user(mirror, password=None)
    async with signed_in(client, mirror, user) as first, signed_in(client, mirror, user) as second:
        people = People(mirror.web_pool, mirror.tenant_id, now)
        door = make_test_site(mirror.web_pool, redis).door
        for _ in range(SESSIONS_OF_A_USER - 1):
            link = await make_link(people, user.user_id)
            assert await sign_in_by_link(door, link.token, address=link.token) is not None
        assert (await first.send("GET", SESSION)).status == 401
        assert (await second.send("GET", SESSION)).status == 200


async def test_a_user_who_was_disabled_behind_our_back_is_out_too(client: Client, mirror: Mirror) -> None:
    user = await add_test_user(mirror)
    link = await make_test_link(mirror, user)
    async with signed_in(client, mirror, await add_test_user(mirror, "bob@example.com")) as browser:
        async with writing(mirror.web_pool, mirror.tenant_id) as connection:
            await connection.execute("update users set active = false")
        assert (await browser.send("GET", SESSION)).status == 401
        assert (await browser.send("POST", f"{SESSION}/refresh")).status == 401
    assert (await client.send("POST", SESSION, {"link": link})).status == 401
    assert (await sign_in(client)).cookies == {}
    # Neither the link nor the password opened a session that nobody was given.
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        assert await connection.fetchval("select count(*) from sessions") == 1
        assert await connection.fetchval("select count(*) from sign_in_links where user_id = $1", user.user_id) == 1


async def test_what_has_run_out_opens_nothing(client: Client, mirror: Mirror) -> None:
    user = await add_test_user(mirror)

    async def make_old(column: str, table: str) -> None:
        async with writing(mirror.web_pool, mirror.tenant_id) as connection:
            await connection.execute(f"update {table} set {column} = now() - interval '1 hour'")  # noqa: S608 - of this test

    async with signed_in(client, mirror, user) as browser:
        await make_old("expires_at", "sessions")
        assert (await browser.send("GET", SESSION)).status == 401
        former = Browser(client, dict(browser.cookies), browser.csrf_token)
        assert (await browser.send("POST", f"{SESSION}/refresh")).status == 204
        assert [(await one.send("GET", SESSION)).status for one in (browser, former)] == [
            200,
            200,
        ]  # under way when it was replaced
        await make_old("refreshed_at", "sessions")
        assert [(await one.send("GET", SESSION)).status for one in (browser, former)] == [200, 401]
    link = await make_test_link(mirror, user)
    await make_old("expires_at", "sign_in_links")
    assert (await client.send("POST", SESSION, {"link": link})).status == 401


async def test_a_token_that_was_made_up_opens_nothing(client: Client, mirror: Mirror) -> None:
    for text in (
        make_token(TokenKind.REFRESH, mirror.tenant_id, uuid4(), secret=bytes(32), generation=1),
        make_token(TokenKind.SESSION, mirror.tenant_id, uuid4(), secret=bytes(32)),
        "!" * 92,
        "",
    ):
        browser = Browser(client, {"syncd_session": text, "syncd_refresh": text})
        assert (await browser.send("GET", SESSION)).status == 401
        assert (await browser.send("POST", f"{SESSION}/refresh")).status == 401
