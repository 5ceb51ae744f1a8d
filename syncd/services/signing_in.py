"""Signing in, staying signed in, signing out."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from syncd.adapters.passwords import Passwords
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.sessions import (
    Secrets,
    add_session,
    end_session,
    end_sessions,
    find_session,
    lock_session,
    remove_link,
    remove_sessions,
    rotate_session,
    use_link,
)
from syncd.adapters.postgres.tenants import find_tenant
from syncd.adapters.postgres.transactions import reading, writing
from syncd.adapters.postgres.users import find_password, get_user, mark_seen, put_password
from syncd.adapters.redis.throttles import Throttle
from syncd.core.callers import Caller
from syncd.core.ids import TenantId, UserId
from syncd.core.keys import hash_secret
from syncd.core.sessions import (
    IDLE,
    LONGEST,
    SECRET_BYTES,
    SESSION,
    SESSIONS_OF_A_USER,
    Refreshing,
    TokenKind,
    decide_refresh,
    make_token,
    parse_token,
)
from syncd.core.throttles import Rate
from syncd.core.users import PASSWORD_CHARACTERS, Role, check_password, list_scopes, normalise_email, normalise_password
from syncd.errors import BadUsage, RateLimited

# Ten tries at once and one a minute then: 1,450 guesses a day at one account, from wherever they come.
ACCOUNT_RATE = Rate(interval_seconds=60.0, burst=10)
# A whole office may sit behind one address.
ADDRESS_RATE = Rate(interval_seconds=6.0, burst=40)
FORGOTTEN_AT_ONCE = 100
_NO_TENANT = TenantId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in takes."""

    pool: Pool
    passwords: Passwords
    throttle: Throttle
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Opened:
    """The two tokens of a session that was opened or refreshed: shown to its browser only."""

    session: str = field(repr=False)
    refresh: str = field(repr=False)


async def sign_in(door: SignIn, tenant_name: str, email: str, *, password: str, address: str) -> Opened | None:
    """Open a session for who proves the password; none when that fails, whatever of it was wrong. Raises `RateLimited`.

    Everything that can fail takes the same way: an unknown tenant or user costs the same statements and one proof.
    """
    await _take_turns(door, f"{tenant_name}\0{email}", address)
    try:
        known_as = normalise_email(email)
    except BadUsage:
        known_as = ""
    async with door.pool.acquire() as connection:
        tenant = await find_tenant(connection, tenant_name)
    tenant_id = tenant.tenant_id if tenant else _NO_TENANT
    async with reading(door.pool, tenant_id) as connection:
        found = await find_password(connection, known_as)
    user_id, stored = found or (None, None)
    given = normalise_password(_limit(password))
    if not await door.passwords.verify(given, stored) or user_id is None or stored is None:
        return None
    renewed = await door.passwords.hash(given) if door.passwords.is_outdated(stored) else None
    async with writing(door.pool, tenant_id) as connection:
        if renewed is not None:
            await put_password(connection, user_id, renewed, former=stored)
        return await _open_session(connection, tenant_id, user_id, door.clock())


async def sign_in_by_link(door: SignIn, text: str, *, address: str) -> Opened | None:
    """Open a session for who has a link, once; none for any other text. Raises `RateLimited`."""
    await _take_turns(door, None, address)
    token = parse_token(text, TokenKind.LINK)
    if token is None:
        return None
    async with writing(door.pool, token.tenant_id) as connection:
        user_id = await use_link(connection, token, door.clock())
        return None if user_id is None else await _open_session(connection, token.tenant_id, user_id, door.clock())


async def _take_turns(door: SignIn, account: str | None, address: str) -> None:
    await take_turn(door.throttle, "address", address, ADDRESS_RATE)
    if account is not None:
        await take_turn(door.throttle, "account", account, ACCOUNT_RATE)


async def take_turn(throttle: Throttle, kind: str, subject: str, rate: Rate) -> None:
    """Take a turn at proving a password. Raises `RateLimited`."""
    # Hashed: Redis needs to know neither addresses nor accounts.
    digest = sha256(f"{kind}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    wait = await throttle.take(f"sign-in:{digest}", rate)
    if wait > 0:
        raise RateLimited(
            "too_many_sign_ins",
            "There were too many tries to sign in.",
            hint="Wait, and try again; an admin can make you a sign-in link.",
            after_seconds=wait,
        )


async def _open_session(connection: Connection, tenant_id: TenantId, user_id: UserId, now: datetime) -> Opened:
    session_id = uuid4()
    opened, stored = _make_tokens(tenant_id, session_id, generation=1, now=now)
    await remove_sessions(connection, now, limit=FORGOTTEN_AT_ONCE)
    await end_sessions(connection, user_id, now, keep=SESSIONS_OF_A_USER - 1)
    await add_session(connection, session_id, user_id, stored, ends_at=now + LONGEST, now=now)
    await mark_seen(connection, user_id, now)
    return opened


def _make_tokens(tenant_id: TenantId, session_id: UUID, *, generation: int, now: datetime) -> tuple[Opened, Secrets]:
    secret, refresh = secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES)
    opened = Opened(
        make_token(TokenKind.SESSION, tenant_id, session_id, secret=secret),
        make_token(TokenKind.REFRESH, tenant_id, session_id, secret=refresh, generation=generation),
    )
    stored = Secrets(
        secret_hash=hash_secret(secret),
        refresh_hash=hash_secret(refresh),
        expires_at=now + SESSION,
        idle_until=now + IDLE,
    )
    return opened, stored


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How a refresh ended. *opened*: the new tokens; none where the same browser has just been given them."""

    opened: Opened | None


async def refresh_session(door: SignIn, text: str) -> Refreshed | None:
    """Replace the tokens of the session whose refresh token is *text*; none when it opens nothing. A stolen one ends the session."""
    token = parse_token(text, TokenKind.REFRESH)
    if token is None:
        return None
    now = door.clock()
    async with writing(door.pool, token.tenant_id) as connection:
        session = await lock_session(connection, token.subject)
        if session is None:
            return None
        match decide_refresh(session, token, now):
            case Refreshing.ROTATE:
                opened, stored = _make_tokens(
                    token.tenant_id, token.subject, generation=session.generation + 1, now=now
                )
                await rotate_session(connection, token.subject, stored, now)
                await mark_seen(connection, UserId(session.user_id), now)
                return Refreshed(opened)
            case Refreshing.REPEAT:
                return Refreshed(None)
            case Refreshing.STOLEN:
                await end_session(connection, token.subject, now)
                return None
            case Refreshing.REFUSE:
                return None


async def resolve_session(pool: Pool, text: str, now: datetime) -> Caller | None:
    """Return who is signed in with the session token *text*, or none. Asks Postgres each time: an end is an end everywhere."""
    token = parse_token(text, TokenKind.SESSION)
    if token is None:
        return None
    async with reading(pool, token.tenant_id) as connection:
        live = await find_session(connection, token, now)
    if live is None:
        return None
    role = Role(live.role)
    return Caller(
        tenant_id=token.tenant_id,
        tenant_name=live.tenant_name,
        actor=live.username,
        scopes=list_scopes(role),
        role=role,
        user_id=live.user_id,
        session_id=token.subject,
    )


async def sign_out(door: SignIn, tenant_id: TenantId, session_id: UUID) -> None:
    """End a session."""
    async with writing(door.pool, tenant_id) as connection:
        await end_session(connection, session_id, door.clock())


async def change_password(door: SignIn, caller: Caller, *, current: str | None, new: str) -> bool:
    """Set a signed-in user's own password and end the other sessions; false when *current* does not prove the one that is set.

    Raises `BadUsage` for a password that cannot be chosen, `RateLimited`.
    """
    assert caller.user_id is not None  # noqa: S101 - only who is signed in gets here
    chosen = check_password(new)
    await take_turn(door.throttle, "account", str(caller.user_id), ACCOUNT_RATE)
    async with reading(door.pool, caller.tenant_id) as connection:
        user = await get_user(connection, caller.user_id)
        _, stored = await find_password(connection, user.email) or (None, None)
    if stored is not None and not await door.passwords.verify(normalise_password(_limit(current or "")), stored):
        return False
    made = await door.passwords.hash(chosen)
    async with writing(door.pool, caller.tenant_id) as connection:
        if not await put_password(connection, user.user_id, made, former=stored):
            return False
        await end_sessions(connection, user.user_id, door.clock(), but=caller.session_id)
        await remove_link(connection, user.user_id)
    return True


def _limit(password: str) -> str:
    # One character more than can be chosen is enough to be wrong: nobody makes us hash a megabyte.
    return password[: PASSWORD_CHARACTERS[1] + 1]
