"""What `doctor` asks Postgres about itself: what a login may do, and which tables are open."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement

_GET_LOGIN = load_statement("inspection/get_login")
_LIST_OPEN_TABLES = load_statement("inspection/list_open_tables")


@dataclass(frozen=True, slots=True)
class LoginRights:
    """What a login may do beyond its group: all but the last should be false."""

    is_superuser: bool
    bypasses_policies: bool
    owns_tables: bool
    is_member: bool


async def get_login(connection: Connection, group: str) -> LoginRights:
    """Return what the login of *connection*, which should be of *group*, may do."""
    row = await connection.fetchrow(_GET_LOGIN, group)
    assert row is not None  # noqa: S101 - the current user has a row in pg_roles
    return LoginRights(**row)


async def list_open_tables(connection: Connection) -> Sequence[str]:
    """Return the tables of tenants that no forced row policy closes."""
    return [row["name"] for row in await connection.fetch(_LIST_OPEN_TABLES)]
