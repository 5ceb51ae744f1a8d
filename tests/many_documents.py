"""Many documents at once, made inside Postgres: what plans are judged by, not what is read."""

from dataclasses import dataclass
from uuid import UUID

from syncd.adapters.postgres.connections import Connection

TENANTS = 10
PROJECTS_OF_A_TENANT = 2
FORMER_SHARE = 5  # one closed version for so many documents
CHUNKS_OF_A_DOCUMENT = 3

# Triggers and foreign keys are off while this runs: the rows are right by construction, and only a superuser may.
FILL = """
set local session_replication_role = replica;
create temp table places on commit drop as
select t.number as tenant_number, p.number as project_number, gen_random_uuid() as project_id, t.tenant_id
from (select number, gen_random_uuid() as tenant_id from generate_series(1, {tenants}) as number) t
cross join generate_series(1, {projects}) as p (number);
insert into tenants (tenant_id, name) select distinct tenant_id, 'tenant-' || tenant_number from places;
insert into projects (tenant_id, project_id, name, source, folder, revision)
select tenant_id, project_id, 'project-' || project_number, 'folder', '/f', 2 from places;
-- Small projects of the same tenants: what the loop and the lists of projects go through.
insert into projects (tenant_id, project_id, name, source, folder)
select tenant_id, gen_random_uuid(), 'small-' || n, 'folder', '/f'
from (select distinct tenant_id from places) t cross join generate_series(1, {documents} / 40) as n;
insert into project_leases (tenant_id, project_id) select tenant_id, project_id from projects;
insert into sync_queue (tenant_id, project_id, due_at)
select tenant_id, project_id, now() + random() * interval '1 hour' from projects;
insert into api_keys (tenant_id, key_id, secret_hash, name, scopes)
select tenant_id, substr(md5(tenant_id::text || n), 1, 12), sha256(n::text::bytea), 'key', '{{docs:read}}'
from (select distinct tenant_id from places) t cross join generate_series(1, {documents} / 40) as n;
insert into lock_events (tenant_id, project_id, action, actor, at)
select tenant_id, project_id, 'acquire', 'daemon', now() - n * interval '1 minute'
from places cross join generate_series(1, {documents} / 40) as n;
insert into sync_runs (tenant_id, project_id, to_commit, outcome, fence, revision, started_at, finished_at)
select tenant_id, project_id, substr(encode(sha256(n::text::bytea), 'hex'), 1, 40), 'changed', n, n, now() - n * interval '1 minute', now()
from places cross join generate_series(1, {documents} / 40) as n;
insert into skipped_files (tenant_id, project_id, path, reason, revision_from)
select tenant_id, project_id, ('docs/' || n || '.bin')::bytea, 'binary', 1 from places cross join generate_series(1, {documents} / 200) as n;
insert into term_stats (tenant_id, project_id, term_id, document_frequency)
select tenant_id, project_id, n * 101, 3 from places cross join generate_series(1, {documents} / 20) as n;

create temp table contents on commit drop as
select p.tenant_id, p.project_id, gen_random_uuid() as document_id, n,
       sha256((p.project_id::text || n)::bytea) as content_hash,
       format('docs/part%s/page%s.md', n % 20, n) as path
from places p cross join generate_series(1, {documents} / {tenants} / {projects}) as n;
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
insert into document_chunks (
    tenant_id, content_hash, format, title, chunker_version, ordinal, chunk_hash, titled, headings, line_from, line_to, char_from, char_to
)
select tenant_id, content_hash, 'md', 'Page ' || n, 1, o - 1, sha256(content_hash || o::text::bytea), true, '{{Page}}', o, o, o, o + 1
from contents cross join generate_series(1, {chunks}) as o;
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


async def fill(connection: Connection, *, documents: int) -> Sample:
    """Write *documents* documents in one transaction of a superuser, and return one of them."""
    async with connection.transaction():
        await connection.execute(
            FILL.format(
                documents=documents,
                tenants=TENANTS,
                projects=PROJECTS_OF_A_TENANT,
                former=FORMER_SHARE,
                chunks=CHUNKS_OF_A_DOCUMENT,
            )
        )
    await connection.execute("analyze")
    row = await connection.fetchrow(
        """
        select v.tenant_id, v.project_id, v.document_id, v.path, v.content_hash, b.git_sha, p.chunk_hash, v.title
        from document_versions v
        join blobs b using (tenant_id, content_hash)
        join document_chunks p using (tenant_id, content_hash)
        where v.revision_to is null and p.ordinal = 0
        order by v.tenant_id, v.path
        limit 1
        """
    )
    assert row is not None
    return Sample(**row)
