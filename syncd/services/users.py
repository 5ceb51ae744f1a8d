"""Users as admins add, change and disable them, and as they change their own password."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.sessions import end_sessions, put_link, remove_link
from syncd.adapters.postgres.transactions import writing
from syncd.adapters.postgres.users import add_user, get_user, list_users, lock_owners, update_user
from syncd.core.ids import TenantId, UserId
from syncd.core.keys import hash_secret
from syncd.core.sessions import LINK, SECRET_BYTES, TokenKind, make_token
from syncd.core.users import (
    NewUser,
    Role,
    User,
    check_display_name,
    check_username,
    make_new_user,
    may_manage,
)
from syncd.errors import Forbidden, Rejected

FIRST_EMAIL = "admin@localhost"
SIGN_IN_PATH = "/sign-in"


@dataclass(frozen=True, slots=True)
class People:
    """The users of one tenant."""

    pool: Pool
    tenant_id: TenantId
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Link:
    """What signs a user in, once: it goes into the address after `#link=`, which no server and no log sees."""

    user: User
    token: str = field(repr=False)
    expires_at: datetime

    def make_url(self, site: str) -> str:
        """Return the address that signs in. The token stands behind the #: browsers send that to nobody, so no log has it."""
        return f"{site}{SIGN_IN_PATH}#link={self.token}"


async def create_user(people: People, new: NewUser, *, by: Role = Role.OWNER) -> Link:
    """Add a user, with a link to sign in with. Raises `Rejected` when the address or the username is taken, `Forbidden`."""
    require_manager(by, new.role)
    async with writing(people.pool, people.tenant_id) as connection:
        user = await add_user(connection, UserId(uuid4()), new, password_hash=None)
        return await _put_link(connection, people, user)


def require_manager(by: Role, target: Role) -> None:
    """Raise `Forbidden` unless one role may manage users of the other."""
    if not may_manage(by, target):
        raise Forbidden("owners_only", "Only an owner adds and changes owners.", hint="Sign in as an owner.")


async def change_user(
    people: People,
    user_id: UserId,
    *,
    username: str | None = None,
    display_name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    by: Role = Role.OWNER,
) -> User:
    """Change what is named of a user; disabling ends every session and link.

    The last active owner stays one: nobody could make another. *by*: as whom it is done; who runs the installation is as an owner.
    Raises `NotFound`, `BadUsage`, `Rejected`, `Forbidden`.
    """
    async with writing(people.pool, people.tenant_id) as connection:
        owners = await lock_owners(connection)
        user = await get_user(connection, user_id)
        changed = replace(
            user,
            username=user.username if username is None else check_username(username),
            display_name=user.display_name if display_name is None else check_display_name(display_name),
            role=user.role if role is None else role,
            active=user.active if active is None else active,
        )
        for target in (user.role, changed.role):
            require_manager(by, Role(target))
        if owners == {user_id} and (changed.role != Role.OWNER or not changed.active):
            raise Rejected(
                "last_owner", "This is the last active owner of the tenant.", hint="Make another user an owner first."
            )
        stored = await update_user(connection, changed)
        if not stored.active:
            await end_sessions(connection, user_id, people.clock())
            await remove_link(connection, user_id)
        return stored


async def make_link(people: People, user_id: UserId, *, by: Role = Role.OWNER) -> Link:
    """Return a new sign-in link of an active user; the one before stops working. Raises `NotFound`, `Rejected`, `Forbidden`."""
    async with writing(people.pool, people.tenant_id) as connection:
        user = await get_user(connection, user_id)
        require_manager(by, Role(user.role))
        if not user.active:
            raise Rejected("user_disabled", f"{user.username} is disabled.", hint="Enable the user first.")
        return await _put_link(connection, people, user)


async def _put_link(connection: Connection, people: People, user: User) -> Link:
    link_id, secret, now = uuid4(), secrets.token_bytes(SECRET_BYTES), people.clock()
    expires_at = now + LINK
    secret_hash = hash_secret(secret)
    await put_link(connection, link_id, user.user_id, secret_hash=secret_hash, expires_at=expires_at, now=now)
    return Link(user, make_token(TokenKind.LINK, people.tenant_id, link_id, secret=secret), expires_at)


async def open_first_user(people: People) -> Link | None:
    """Return a link for the first owner of a tenant, who is added where there is no user; none once somebody has a password."""
    async with writing(people.pool, people.tenant_id) as connection:
        users = await list_users(connection)
        if any(user.has_password for user in users):
            return None
        owners = [user for user in users if user.role == Role.OWNER and user.active]
        if not users:
            new = make_new_user(FIRST_EMAIL, username="admin", display_name="Admin", role=Role.OWNER)
            owners = [await add_user(connection, UserId(uuid4()), new, password_hash=None)]
        return await _put_link(connection, people, owners[0]) if owners else None
