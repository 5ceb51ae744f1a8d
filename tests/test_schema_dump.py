"""docs/schema.sql says what the migrations make."""

from syncd.adapters.embedded.postgres import PostgresServer
from tests.databases import name_database
from tests.refresh_schema_dump import DUMP, dump_schema


async def test_the_dump_is_what_the_migrations_make(postgres: PostgresServer, template: str) -> None:
    made = await dump_schema(name_database(postgres.url, template))
    assert DUMP.read_text(encoding="utf-8") == made, "run `python -m tests.refresh_schema_dump`"


def test_the_dump_holds_every_kind_of_thing() -> None:
    """A dump that lost its guards would still be equal to another that lost them."""
    dump = DUMP.read_text(encoding="utf-8")
    for part in (
        "CREATE TABLE syncd.documents",
        "CREATE POLICY tenant_isolation ON syncd.documents",
        "ALTER TABLE ONLY syncd.documents FORCE ROW LEVEL SECURITY",
        "CREATE TRIGGER refuse_unfenced BEFORE",
        "CREATE UNIQUE INDEX document_versions_current_path",
        "GRANT SELECT ON TABLE syncd.documents TO syncd_read",
        "ALTER FUNCTION syncd.resolve_api_key",
        "COMMENT ON COLUMN",
    ):
        assert part in dump, part
