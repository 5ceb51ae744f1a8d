"""Users of tests, and browsers in which they are signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from uuid import uuid4

from argon2 import PasswordHasher

from syncd.adapters.postgres.transactions import writing
from syncd.adapters.postgres.users import add_user
from syncd.core.ids import UserId
from syncd.core.users import Role, User, make_new_user
from syncd.services.users import People, make_link
from tests.mirror import Mirror
from tests.web.sites import Answer, Client

PASSWORD = "Correct Horse 1"
# The cheapest that is still argon2id: the strength of the hash is not what these tests are about.
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


async def add_test_user(
    mirror: Mirror, email: str = "ann@example.com", *, role: Role = Role.OWNER, password: str | None = PASSWORD
) -> User:
    """Add a user to the tenant of *mirror*."""
    new = make_new_user(email, username=None, display_name=None, role=role)
    made = None if password is None else _CHEAP.hash(password)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        return await add_user(connection, UserId(uuid4()), new, password_hash=made)


async def make_test_link(mirror: Mirror, user: User) -> str:
    """Return the token of a new link of *user*."""
    return (await make_link(People(mirror.web_pool, mirror.tenant_id, now), user.user_id)).token


@dataclass(slots=True)
class Browser:
    """Keeps the cookies that it is given and says where its page is from, as a browser does."""

    client: Client
    cookies: dict[str, str]
    csrf_token: str = ""

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send as a page of the site does; a header given as "" is left out."""
        said = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Origin": self.client.url,
        }
        said |= {"X_CSRF_Token": self.csrf_token} | headers
        answer = await self.client.send(method, path, body, **{name: value for name, value in said.items() if value})
        for line in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer


@asynccontextmanager
async def signed_in(client: Client, mirror: Mirror, user: User) -> AsyncIterator[Browser]:
    """Sign *user* in by a link."""
    browser = Browser(client, {})
    link = await make_test_link(mirror, user)
    answer = await browser.send("POST", "/api/v1/session", {"link": link}, X_Forwarded_For=uuid4().hex)
    assert answer.status == 201, answer.body
    browser.csrf_token = answer.body["csrfToken"]
    yield browser
