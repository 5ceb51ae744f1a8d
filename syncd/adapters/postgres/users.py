"""The users of a tenant."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import UserId
from syncd.core.users import NewUser, User
from syncd.errors import NotFound, Rejected

_ADD_USER = load_statement("users/add_user")
_GET_USER = load_statement("users/get_user")
_FIND_USER = load_statement("users/find_user")
_LIST_USERS = load_statement("users/list_users")
_FIND_PASSWORD = load_statement("users/find_password")
_UPDATE_USER = load_statement("users/update_user")
_PUT_PASSWORD = load_statement("users/put_password")
_MARK_SEEN = load_statement("users/mark_seen")
_LOCK_OWNERS = load_statement("users/lock_owners")

LIST_LIMIT = 1000


async def add_user(connection: Connection, user_id: UserId, new: NewUser, *, password_hash: str | None) -> User:
    """Add a user. Raises `Rejected` when the address or the username is taken in the tenant."""
    try:
        row = await connection.fetchrow(
            _ADD_USER, user_id, new.email, new.username, new.display_name, new.role, password_hash
        )
    except asyncpg.UniqueViolationError as error:
        raise make_taken_error() from error
    assert row is not None  # noqa: S101 - `insert ... returning` of one row gives one row
    return User(**row)


async def get_user(connection: Connection, user_id: UserId) -> User:
    """Return a user of the tenant. Raises `NotFound`."""
    row = await connection.fetchrow(_GET_USER, user_id)
    if row is None:
        raise make_user_not_found(str(user_id))
    return User(**row)


async def find_user(connection: Connection, email: str) -> User | None:
    """Return the user of this normalised address."""
    row = await connection.fetchrow(_FIND_USER, email)
    return User(**row) if row else None


async def list_users(connection: Connection, *, after: str = "", limit: int = LIST_LIMIT) -> Sequence[User]:
    """Return the users by address, after the address *after*; disabled ones too."""
    return [User(**row) for row in await connection.fetch(_LIST_USERS, after, limit)]


async def find_password(connection: Connection, email: str) -> tuple[UserId, str | None] | None:
    """Return the active user of this address with the hash of the password (none: not chosen yet)."""
    row = await connection.fetchrow(_FIND_PASSWORD, email)
    return (UserId(row["user_id"]), row["password_hash"]) if row else None


async def update_user(connection: Connection, user: User) -> User:
    """Store what an admin may change of *user*. Raises `Rejected` when the username is taken, `NotFound`."""
    try:
        row = await connection.fetchrow(
            _UPDATE_USER, user.user_id, user.username, user.display_name, user.role, user.active
        )
    except asyncpg.UniqueViolationError as error:
        raise make_taken_error() from error
    if row is None:
        raise make_user_not_found(str(user.user_id))
    return User(**row)


async def put_password(connection: Connection, user_id: UserId, made: str, *, former: str | None) -> bool:
    """Set the password of a user whose hash is *former* (none: no password yet); false where it has changed since."""
    return await connection.fetchval(_PUT_PASSWORD, user_id, made, former) is not None


async def mark_seen(connection: Connection, user_id: UserId, now: datetime) -> None:
    """Note that a user was there."""
    await connection.execute(_MARK_SEEN, user_id, now)


async def lock_owners(connection: Connection) -> frozenset[UserId]:
    """Return the active owners, and let nobody else change them before this transaction ends."""
    return frozenset(UserId(row["user_id"]) for row in await connection.fetch(_LOCK_OWNERS))


def make_taken_error() -> Rejected:
    """Return the error for an address or a username that another user of the tenant has."""
    return Rejected(
        "user_exists",
        "Another user of this tenant has this e-mail address or this username.",
        hint="Choose another username, or change the user who is there.",
    )


def make_user_not_found(name: str) -> NotFound:
    """Return the error for a user that is not there, or not of this tenant."""
    return NotFound("user_not_found", f"There is no user {name}.", hint="`syncd user list` shows the users.")
