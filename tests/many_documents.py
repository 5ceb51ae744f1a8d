"""Many documents at once, made inside Postgres: what plans are judged by, not what is read."""

from dataclasses import dataclass
from uuid import UUID

from syncd.adapters.postgres.connections import Connection

TENANTS = 10
SMALL_PROJECTS = 10  # of a tenant; together they hold as much as its one large project
FORMER_SHARE = 5  # one closed version for so many documents
CHUNKS_OF_A_DOCUMENT = 3

# Triggers and foreign keys are off while this runs: the rows are right by construction, and only a superuser may.
FILL = """
set local session_replication_role = replica;
create temp table places on commit drop as
select t.tenant_id, gen_random_uuid() as project_id, p.number, p.number = 0 as large,
       case when p.number = 0 then {documents} / {tenants} / 2 else {documents} / {tenants} / 2 / {small} end as documents
from (select gen_random_uuid() as tenant_id from generate_series(1, {tenants})) t
cross join generate_series(0, {small}) as p (number);
insert into tenants (tenant_id, name) select distinct tenant_id, 'tenant-' || substr(tenant_id::text, 1, 20) from places;
insert into projects (tenant_id, project_id, name, source, folder, revision)
select tenant_id, project_id, 'project-' || number, 'folder', '/f', 2 from places;
-- Tenants and projects without documents: what the loop, the lists of projects and the keys go through.
insert into projects (tenant_id, project_id, name, source, folder)
select tenant_id, gen_random_uuid(), 'empty-' || n, 'folder', '/f'
from (select distinct tenant_id from places) t cross join generate_series(1, {documents} / 40) as n;
insert into project_leases (tenant_id, project_id) select tenant_id, project_id from projects;
insert into sync_queue (tenant_id, project_id, due_at)
select tenant_id, project_id, now() + random() * interval '1 hour' from projects;
insert into tenants (name) select 'guest-' || n from generate_series(1, {documents} / 40) as n;
insert into api_keys (tenant_id, key_id, secret_hash, name, scopes, last_used_at)
select tenant_id, substr(md5(tenant_id::text || n), 1, 12), sha256(n::text::bytea), 'key', '{{docs:read}}', now()
from tenants cross join generate_series(1, 10) as n;
insert into sessions (tenant_id, session_id, user_id, secret_hash, refresh_hash, refreshed_at, expires_at, idle_until, ends_at, created_at)
select tenant_id, gen_random_uuid(), gen_random_uuid(), sha256('s'), sha256('r'), now(), now(), now(), now(), now()
from (select distinct tenant_id from places) t cross join generate_series(1, 200) as n;
insert into idempotent_requests (tenant_id, request_hash, body_hash, claimed_at)
select tenant_id, sha256(n::text::bytea), sha256('b'), now() + n * interval '1 minute'
from (select distinct tenant_id from places) t cross join generate_series(1, 500) as n;
insert into repository_routes (tenant_id, project_id, repository_id)
select tenant_id, project_id, row_number() over () from projects;
insert into webhook_deliveries (delivery_id, event, received_at, result)
select 'delivery-' || n, 'push', now() - n * interval '1 second', 'due' from generate_series(1, {documents} / 4) as n;
insert into lock_events (tenant_id, project_id, action, actor, at)
select tenant_id, project_id, 'acquire', 'daemon', now() - n * interval '1 minute'
from places cross join generate_series(1, {documents} / 40) as n where large;
insert into sync_runs (tenant_id, project_id, to_commit, outcome, fence, revision, started_at, finished_at)
select tenant_id, project_id, substr(encode(sha256(n::text::bytea), 'hex'), 1, 40), 'changed', n, n, now() - n * interval '1 minute', now()
from places cross join generate_series(1, {documents} / 40) as n where large;
insert into skipped_files (tenant_id, project_id, path, reason, revision_from)
select tenant_id, project_id, ('docs/' || n || '.bin')::bytea, 'binary', 1
from places cross join lateral generate_series(1, case when large then {documents} / 20 else 5 end) as n;
insert into term_stats (tenant_id, project_id, term_id, document_frequency)
select tenant_id, project_id, n * 101, 3 from places cross join generate_series(1, {documents} / 100) as n;

create temp table contents on commit drop as
select p.tenant_id, p.project_id, gen_random_uuid() as document_id, n,
       sha256((p.project_id::text || n)::bytea) as content_hash,
       format('docs/part%s/page%s.md', n % 20, n) as path
from places p cross join lateral generate_series(1, p.documents) as n;
insert into blobs (tenant_id, content_hash, git_sha, size, lines, encoding, text)
select tenant_id, content_hash, substr(encode(content_hash, 'hex'), 1, 40), 2000, 40, 'utf-8', repeat('word ' || n || ' ', 40) from contents;
insert into documents (tenant_id, project_id, document_id) select tenant_id, project_id, document_id from contents;
insert into document_versions (
    tenant_id, project_id, document_id, version, content_hash, path, format, title, titled, revision_from, revision_to
)
select tenant_id, project_id, document_id, 1, content_hash, path, 'md', 'Page ' || n, true, 1, case when n % {former} = 0 then 2 end
from contents
union all
select tenant_id, project_id, document_id, 2, content_hash, path, 'md', 'Page ' || n, true, 2, null from contents where n % {former} = 0;
insert into chunks (tenant_id, chunk_hash, header, body, format, chunker_version, tokens, term_ids, terms)
select tenant_id, sha256(content_hash || o::text::bytea), 'header', repeat('word ' || n || ' ', 20), 'md', 1, 40,
       array[n, n + 1000000, 2000000 + o], format('{{%s:0.5,%s:0.7,%s:0.9}}/1000000000', n, n + 1000000, 2000000 + o)::sparsevec
from contents cross join generate_series(1, {chunks}) as o;
insert into chunk_vectors (tenant_id, chunk_hash, model, passage, embedding)
select tenant_id, chunk_hash, 'words#1', 0, array_fill(0.125::real, array[64])::vector::halfvec from chunks;
insert into project_embeddings (tenant_id, project_id, model, dimensions, revision, chunks, embedded, completed_at, updated_at)
select tenant_id, project_id, 'words#1', 64, 2, 9, 9, now(), now() from projects;
insert into document_chunks (
    tenant_id, content_hash, format, title, chunker_version, ordinal, chunk_hash, titled, headings, line_from, line_to, char_from, char_to
)
select tenant_id, content_hash, 'md', 'Page ' || n, 1, o - 1, sha256(content_hash || o::text::bytea), true, '{{Page}}', o, o, o, o + 1
from contents cross join generate_series(1, {chunks}) as o;
insert into links (tenant_id, content_hash, format, ordinal, line, target, text)
select tenant_id, content_hash, 'md', o, o, 'page' || n + o || '.md', 'next' from contents cross join generate_series(1, 2) as o;
insert into outlines (tenant_id, content_hash, format, metadata) select tenant_id, content_hash, 'md', '{{}}' from contents;
insert into anchors (tenant_id, content_hash, format, name, line, is_label)
select tenant_id, content_hash, 'md', 'name' || o, o, false from contents cross join generate_series(1, {chunks}) as o
union all select tenant_id, content_hash, 'md', 'label' || n, 1, true from contents;
insert into agent_requests (tenant_id, request_id, requested_at, key_id, tool, outcome, rows, bytes, tokens, milliseconds)
select tenant_id, gen_random_uuid(), now() - n * interval '1 second', 'k', 'docs_read', 'ok', 1, 2000, 500, 3
from (select distinct tenant_id from places) t cross join generate_series(1, {documents} / 20) as n;
insert into agent_sessions (tenant_id, session_id, opened_by, created_at, expires_at)
select tenant_id, 's-aaaaaaaaaaaaa' || translate(lpad(n::text, 3, '0'), '0189', 'abcd'), 'k', now(), now() + (n - 200) * interval '1 day'
from (select distinct tenant_id from places) t cross join generate_series(0, 220) as n;
insert into agent_session_pins (tenant_id, session_id, project_id, revision)
select s.tenant_id, s.session_id, p.project_id, 1 from agent_sessions s join places p on p.tenant_id = s.tenant_id;
insert into agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
select tenant_id, session_id, 'k' || n, '', now() from agent_sessions cross join generate_series(1, 5) as n;
insert into agent_session_notes (tenant_id, session_id, note_id, number, key_id, reply_to, body, created_at)
select tenant_id, session_id, 'n' || n, n, 'k' || n % 5, 'n' || n % 10, 'note', now() from agent_sessions cross join generate_series(1, 20) as n;
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to ask for: a tenant with a project, and one of its documents."""

    tenant_id: UUID
    project_id: UUID
    document_id: UUID
    path: str
    content_hash: bytes
    git_sha: str
    chunk_hash: bytes
    title: str


@dataclass(frozen=True, slots=True)
class Samples:
    """A document of a large project and one of a small project: lookups are judged by the first, whole projects by the second."""

    large: Sample
    small: Sample


async def fill(connection: Connection, *, documents: int) -> Samples:
    """Write *documents* documents in one transaction of a superuser, and return some of them."""
    async with connection.transaction():
        await connection.execute(
            FILL.format(
                documents=documents,
                tenants=TENANTS,
                small=SMALL_PROJECTS,
                former=FORMER_SHARE,
                chunks=CHUNKS_OF_A_DOCUMENT,
            )
        )
    await connection.execute("analyze")
    return Samples(await _find_sample(connection, "project-0"), await _find_sample(connection, "project-1"))


async def _find_sample(connection: Connection, project: str) -> Sample:
    row = await connection.fetchrow(
        """
        select v.tenant_id, v.project_id, v.document_id, v.path, v.content_hash, b.git_sha, p.chunk_hash, v.title
        from projects j
        join document_versions v using (tenant_id, project_id)
        join blobs b using (tenant_id, content_hash)
        join document_chunks p using (tenant_id, content_hash)
        where j.name = $1 and v.revision_to is null and p.ordinal = 0
        order by v.tenant_id, v.path
        limit 1
        """,
        project,
    )
    assert row is not None
    return Sample(**row)
