"""The queries that run all the time, and the index without which each of them would read a whole table."""

from dataclasses import dataclass

from syncd.adapters.postgres.statements import load_statement
from tests.many_documents import Sample, Samples

# Stands in a definer function, accept_delivery.
ROUTES_OF_A_REPOSITORY = "select 1 from repository_routes where repository_id = any($1::bigint[])"
# Stands in a definer function, list_lock_duties.
LOCK_DUTIES = "select project_id from project_leases where freeze_id is not null or redis_due is not null"
# Stands in a definer function, search_candidates.
CANDIDATES_OF_A_SEARCH = "select chunk_hash from chunks where tenant_id = $1::uuid and term_ids && $2::integer[]"
# What foreign keys and the collection of orphans ask, for every row that they remove.
USES_OF_A_CONTENT = "select 1 from document_versions where tenant_id = $1::uuid and content_hash = $2::bytea"
PINS_OF_A_PROJECT = "select 1 from agent_session_pins where tenant_id = $1::uuid and project_id = $2::uuid"
# What is ended when a user is disabled, and what the foreign key asks.
SESSIONS_OF_A_USER = (
    "select 1 from sessions where tenant_id = $1::uuid and user_id = '00000000-0000-0000-0000-000000000007'"
)
REPLIES_TO_A_NOTE = "select 1 from agent_session_notes where tenant_id = $1::uuid and session_id = 's-aaaaaaaaaaaaaaaa' and reply_to = 'n7'"
NOTES_OF_A_PARTICIPANT = "select 1 from agent_session_notes where tenant_id = $1::uuid and session_id = 's-aaaaaaaaaaaaaaaa' and key_id = 'k7'"
# Stands in a definer function, remove_requests.
OLD_REQUESTS_OF_AGENTS = "select request_id from agent_requests where tenant_id = $1::uuid and requested_at < $2 order by requested_at limit 100"
# Stand in a definer function, remove_old.
OLD_LOCK_EVENTS = "select event_id from lock_events where tenant_id = $1::uuid and at < $2 order by at limit 100"
OLD_RUNS = """
select project_id, run_id from sync_runs o
where tenant_id = $1::uuid and started_at < $2 and (outcome = 'failed' or (outcome = 'noop' and from_commit is not distinct from to_commit))
  and exists (select from sync_runs n where n.tenant_id = $1::uuid and n.project_id = o.project_id and n.started_at > o.started_at)
order by started_at limit 100
"""
OLD_AGENT_SESSIONS = (
    "select session_id from agent_sessions where tenant_id = $1::uuid and expires_at < $2 order by expires_at limit 100"
)
PLACES_OF_A_CHUNK = "select 1 from document_chunks where tenant_id = $1::uuid and chunk_hash = $2::bytea"


@dataclass(frozen=True, slots=True)
class HotQuery:
    """A query, the group (syncd_*) that runs it, and the indexes of which it takes one.

    *arguments* are SQL expressions over a `Sample`. *generic*: its plan must be right for any arguments; otherwise it depends
    on them (a limit, the size of a project). *small*: it reads a whole project, and is asked about a small one.
    """

    name: str
    group: str
    indexes: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    statement: str = ""
    generic: bool = True
    small: bool = False

    @property
    def text(self) -> str:
        return self.statement or load_statement(self.name)


PROJECT, TENANT, DOCUMENT = "'{project_id}'::uuid", "'{tenant_id}'::uuid", "'{document_id}'::uuid"
HASH = "decode('{content_hash_hex}', 'hex')"
CHUNK = "decode('{chunk_hash_hex}', 'hex')"
CURRENT_PATH, ANY_PATH = "document_versions_current_path", "document_versions_by_path"

# Several indexes lead to a project; any of them will do for what reads all of it.
VERSIONS_OF_A_PROJECT = (
    CURRENT_PATH,
    ANY_PATH,
    "document_versions_current",
    "document_versions_pkey",
    "document_versions_by_begin",
    "document_versions_by_end",
)

HOT_QUERIES = (
    HotQuery(
        "queue/claim_due", "sync", ("sync_queue_by_due",), ("'2000-01-01'", "now()", "16"), generic=False
    ),  # mostly, nothing is due
    HotQuery("queue/get_next_due", "sync", ("sync_queue_by_due",)),
    HotQuery(
        "deliveries/remove_deliveries", "sync", ("webhook_deliveries_by_time",), ("'2000-01-01'", "100"), generic=False
    ),  # mostly, none is old
    HotQuery(
        "routes of a repository", "queue", ("repository_routes_by_repository",), ("array[7]",), ROUTES_OF_A_REPOSITORY
    ),
    HotQuery("mirror/list_stored", "sync", VERSIONS_OF_A_PROJECT, (PROJECT,), small=True),
    HotQuery("mirror/list_skipped", "sync", ("skipped_files_pkey",), (PROJECT,), small=True),
    HotQuery("mirror/list_former", "sync", (ANY_PATH,), (PROJECT, "array['{path}', 'docs/new.md']"), generic=False),
    HotQuery("mirror/list_known_blobs", "sync", ("blobs_by_git_sha",), ("array['{git_sha}']",)),
    HotQuery("mirror/list_known_layouts", "sync", ("document_chunks_pkey",), (f"array[{HASH}]", "1")),
    HotQuery("mirror/list_known_chunks", "sync", ("chunks_pkey",), (f"array[{CHUNK}]",)),
    HotQuery("mirror/close_versions", "sync", VERSIONS_OF_A_PROJECT, (PROJECT, f"array[{DOCUMENT}]", "9"), small=True),
    HotQuery("projects/find_project", "web", ("projects_by_name",), ("'project-1'",)),
    HotQuery(
        "reading/list_documents_at", "read", (CURRENT_PATH, ANY_PATH), (PROJECT, "array['{path}']", "2"), generic=False
    ),
    HotQuery(
        "reading/list_present",
        "read",
        (CURRENT_PATH, ANY_PATH),
        (f"array[{PROJECT}]", "array[2]", "array['docs/part1/']", "array['docs/part10']"),
    ),
    HotQuery(
        "reading/list_documents",
        "read",
        (CURRENT_PATH, ANY_PATH),
        (PROJECT, "'docs/'", "'docs0'", "'{path}'", "50", "2", "''"),
    ),
    HotQuery("reading/find_version", "read", (ANY_PATH,), (PROJECT, "'{path}'", "1", "2")),
    HotQuery(
        "reading/list_changes",
        "read",
        ("document_versions_by_begin", "document_versions_by_end"),
        (PROJECT, "1", "2", "''", "0", "50"),
        generic=False,
    ),
    HotQuery(
        "reading/list_versions", "read", ("document_versions_pkey",), (PROJECT, DOCUMENT, "9", "50"), generic=False
    ),
    HotQuery("reading/find_former", "read", (ANY_PATH,), (PROJECT, "'{path}'", "2")),
    HotQuery("reading/find_document", "read", VERSIONS_OF_A_PROJECT, (PROJECT, DOCUMENT, "2"), generic=False),
    HotQuery("reading/list_links", "read", ("links_pkey",), (HASH, "'md'", "0", "100")),
    HotQuery("reading/find_outline", "read", ("outlines_pkey",), (HASH, "'md'")),
    HotQuery("reading/find_anchor", "read", ("anchors_pkey",), (HASH, "'md'", "array['name1']")),
    HotQuery("reading/list_labels_of", "read", ("anchors_pkey",), (HASH, "'md'", "200")),
    HotQuery("reading/list_labels", "read", ("anchors_by_label",), (PROJECT, "array['label7']", "2")),
    HotQuery("reading/list_links_at", "read", ("links_pkey",), (PROJECT, "2", "''", "-1", "2000"), generic=False),
    HotQuery("reading/list_links_to", "read", ("links_by_target_name",), (PROJECT, "2", "array['page7']", "100")),
    HotQuery("agent_sessions/list_sessions", "read", ("agent_sessions_by_expiry",), ("now()", "20")),
    HotQuery(
        "agent_sessions/list_notes",
        "read",
        ("agent_session_notes_tenant_id_session_id_number_key", "agent_session_notes_pkey"),
        ("'s-aaaaaaaaaaaaaaaa'", "0", "20"),
    ),
    HotQuery("pins of a project", "read", ("agent_session_pins_by_project",), (TENANT, PROJECT), PINS_OF_A_PROJECT),
    HotQuery("replies to a note", "read", ("agent_session_notes_by_reply",), (TENANT,), REPLIES_TO_A_NOTE),
    HotQuery("notes of a participant", "read", ("agent_session_notes_by_author",), (TENANT,), NOTES_OF_A_PARTICIPANT),
    HotQuery("reading/get_text", "read", ("blobs_pkey",), (HASH,)),
    HotQuery("reading/list_places", "read", ("document_chunks_pkey",), (HASH, "'md'", "'{title}'", "1")),
    HotQuery(
        "reading/list_chunks",
        "read",
        ("document_chunks_pkey",),
        (HASH, "'md'", "'{title}'", "1", "1", "9", "0", "0", "9"),
    ),
    HotQuery(
        "reading/list_parts",
        "read",
        ("document_chunks_pkey",),
        (f"array[{HASH}]", "array['md']", "array['{title}']", "array[1]", "array[3]"),
    ),
    HotQuery(
        "reading/search_chunks",
        "read",
        ("chunks_pkey", "document_chunks_pkey"),
        (
            f"array[{PROJECT}]",
            "1",
            "'docs/part1/'",
            "'docs/part10'",
            "'{{7:1.0,1000007:2.0}}/1000000000'",
            "10",
            "0",
            "array[2]",
        ),
    ),
    HotQuery(
        "reading/search_vectors",
        "read",
        ("chunk_vectors_pkey",),
        (
            "'words#1'",
            "array_fill(0.125::real, array[64])::vector::text",
            "400",
            f"array[{PROJECT}]",
            "array[2]",
            "'docs/part1/'",
            "'docs/part10'",
            "'{{}}'",
            "'{{}}'",
            "'{{}}'",
            "100",
        ),
        small=True,
    ),
    HotQuery("reading/list_similarities", "read", ("chunk_vectors_pkey",), ("'words#1'", "'[1,2]'", f"array[{CHUNK}]")),
    HotQuery("reading/list_embeddings", "read", ("project_embeddings_pkey",), (f"array[{PROJECT}]", "'words#1'")),
    HotQuery(
        "embeddings/list_unembedded",
        "sync",
        ("chunk_vectors_pkey",),
        (PROJECT, "'words#1'", "2000", "''"),
        generic=False,
        small=True,
    ),
    HotQuery(
        "embeddings/count_embedded", "sync", ("chunk_vectors_pkey",), (PROJECT, "'words#1'"), generic=False, small=True
    ),
    HotQuery("embeddings/find_unfinished", "sync", ("project_embeddings_pkey",), (PROJECT, "'words#1'")),
    HotQuery("reading/find_document_by_id", "web", ("documents_by_id",), (DOCUMENT,)),
    HotQuery("sessions of a user", "web", ("sessions_by_user",), (TENANT,), SESSIONS_OF_A_USER),
    HotQuery(
        "idempotency/remove_requests", "web", ("idempotent_requests_by_time",), ("now()", "100"), generic=False
    ),  # mostly, none is old
    HotQuery("reading/list_plain_documents", "web", ("outlines_cut_as_plain",), (PROJECT, "42", "''", "200")),
    HotQuery("status/list_project_states", "web", ("sync_runs_by_time",), (f"array[{PROJECT}]", "50")),
    HotQuery(
        "old requests of agents",
        "account",
        ("agent_requests_by_time",),
        (TENANT, "timestamptz '2001-01-01'"),
        OLD_REQUESTS_OF_AGENTS,
        generic=False,
    ),  # mostly, none is old
    HotQuery(
        "old lock events",
        "account",
        ("lock_events_by_age",),
        (TENANT, "timestamptz '2001-01-01'"),
        OLD_LOCK_EVENTS,
        generic=False,
    ),
    HotQuery(
        "old runs", "account", ("sync_runs_forgettable",), (TENANT, "timestamptz '2001-01-01'"), OLD_RUNS, generic=False
    ),
    HotQuery(
        "old sessions of agents",
        "account",
        ("agent_sessions_by_expiry",),
        (TENANT, "timestamptz '2001-01-01'"),
        OLD_AGENT_SESSIONS,
        generic=False,
    ),
    HotQuery("candidates of a search", "search", ("chunks_by_term",), (TENANT, "array[7]"), CANDIDATES_OF_A_SEARCH),
    HotQuery(
        "pulling/list_revisions_of_commits",
        "web",
        ("sync_runs_by_commit",),
        (PROJECT, "substr(encode(sha256('7'), 'hex'), 1, 40)", "substr(encode(sha256('7'), 'hex'), 1, 40) || 'g'", "2"),
    ),
    HotQuery("pulling/find_revision", "read", ("sync_runs_by_revision",), (PROJECT, "7")),
    HotQuery("reading/list_revisions_at_time", "read", ("sync_runs_by_time",), (f"array[{PROJECT}]", "now()")),
    HotQuery("pulling/find_revision_at_time", "web", ("sync_runs_by_time",), (PROJECT, "now()")),
    HotQuery("pulling/list_files", "web", VERSIONS_OF_A_PROJECT, (PROJECT, "1"), small=True),
    HotQuery("pulling/list_contents", "web", ("blobs_pkey",), (f"array[{HASH}]",)),
    HotQuery("leases/list_lock_events", "web", ("lock_events_by_time",), (PROJECT, "null", "null", "50")),
    HotQuery("leases/list_leases", "web", ("project_leases_pkey",), (f"array[{PROJECT}]",)),
    HotQuery("duties of the locks", "queue", ("project_leases_to_show",), (), LOCK_DUTIES),
    HotQuery("uses of a content", "sync", ("document_versions_by_content",), (TENANT, HASH), USES_OF_A_CONTENT),
    HotQuery("places of a chunk", "sync", ("document_chunks_by_chunk",), (TENANT, CHUNK), PLACES_OF_A_CHUNK),
)


def choose_sample(query: HotQuery, samples: Samples) -> Sample:
    """Return what *query* is asked about."""
    return samples.small if query.small else samples.large


def fill_in(query: HotQuery, samples: Samples) -> tuple[str, ...]:
    """Return the arguments of *query*."""
    sample = choose_sample(query, samples)
    values = {name: getattr(sample, name) for name in Sample.__slots__}
    values |= {f"{name}_hex": values[name].hex() for name in ("content_hash", "chunk_hash")}
    return tuple(argument.format(**values) for argument in query.arguments)
