"""Creates the roles of the cluster and the logins of the services."""

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement, sql_directory
from syncd.errors import BadUsage, Stalled


@dataclass(frozen=True, slots=True)
class Login:
    """A login of one service: a member of *group* and nothing else."""

    name: str
    password: str
    group: str

    def __repr__(self) -> str:
        return f"Login(name={self.name!r}, group={self.group!r})"


@dataclass(frozen=True, slots=True)
class Server:
    """The server that a connection reached."""

    version_number: int
    version: str
    database: str
    creates_roles: bool


async def get_server(connection: Connection) -> Server:
    """Return which server this is, and whether the login may create roles."""
    row = await connection.fetchrow(load_statement("roles/get_server"))
    assert row is not None  # noqa: S101 - the current user has a row in pg_roles
    return Server(**row)


def parse_login(url: str, group: str) -> Login:
    """Return the login that a service's database URL names. Raises `BadUsage` when it has no user or password."""
    parts = urlsplit(url)
    if not parts.username or not parts.password:
        raise BadUsage(
            "database_login_missing",
            f"The database URL for {group} names no user or no password.",
            hint="Write it as postgresql://USER:PASSWORD@HOST/DATABASE.",
        )
    return Login(unquote(parts.username), unquote(parts.password), group)


def make_login_url(base_url: str, login: Login) -> str:
    """Return *base_url* with the user and password of *login*."""
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(login.name, safe='')}:{quote(login.password, safe='')}@{host}"))


async def put_groups(connection: Connection) -> None:
    """Create the roles of the cluster and prepare the database, where they are not there yet.

    Raises `Stalled` when the login may not create roles.
    """
    try:
        for name in ("groups", "database"):
            async with connection.transaction():
                await connection.execute((sql_directory() / "roles" / f"{name}.sql").read_text(encoding="utf-8"))
    except asyncpg.InsufficientPrivilegeError as error:
        raise Stalled(
            "roles_refused",
            f"This login may not prepare roles and schema: {error}.",
            hint="Run `syncd migrate --roles` with a login that has CREATEROLE and CREATE on the database (or a superuser).",
        ) from error


async def put_logins(connection: Connection, logins: list[Login]) -> None:
    """Create or update the services' logins; a repeated call changes nothing but passwords."""
    async with connection.transaction():
        await connection.execute((sql_directory() / "roles" / "logins.sql").read_text(encoding="utf-8"))
        for login in logins:
            await connection.execute(load_statement("roles/put_login"), login.name, login.password, login.group)
