"""What the rules of the catalogue know by name: their exceptions, each with its reason, and what must be there."""

# Whoever adds a table does not change these lists, unless the table holds no content of any tenant (docs/architecture.md).
CONTROL_TABLES = (
    "platform_keys",
    "repository_routes",
    "schema_migrations",
    "sync_queue",
    "tenants",
    "webhook_deliveries",
)
KEYS_WITHOUT_TENANT = (
    "github_installations_one_tenant",  # an installation must never open its repositories for a second tenant
    "schema_migrations_pkey",
    "platform_keys_pkey",
    "tenants_by_name",
    "tenants_pkey",
    "trusted_issuers_one_tenant",  # a token must never open a second tenant
    "webhook_deliveries_pkey",
)
# Tables that the daemon may write without the fence, and why.
UNFENCED_TABLES = {
    "tenants": "goes only when it was marked for removal, and its projects went under their fences",
    "sync_queue": "says when to look, never what was found",
    "webhook_deliveries": "says which deliveries came, and forgets old ones",
    "project_leases": "is the fence",
    "lock_events": "also tells of locks that were lost",
    "chunk_vectors": "are made of immutable text by its hash, under a claim; nobody makes others",
    "project_embeddings": "says how far they are, and whose claim that is",
    "projects": "conditions are told while a project is frozen; PUBLISHED_COLUMNS need the fence",
}
FORGETTABLE_RUNS = (
    "((outcome = 'failed'::text) OR ((outcome = 'noop'::text) AND (NOT (from_commit IS DISTINCT FROM to_commit))))"
)
PUBLISHED_COLUMNS = (
    "revision",
    "synced_commit",
    "tree_sha",
    "source_mark",
    "selection_hash",
    "synced_docs_path",
    "synced_at",
    "documents",
    "chunks",
    "skipped",
    "chunker_version",
)
APPEND_ONLY_TABLES = (
    "agent_requests",
    "usage_events",
    "lock_events",
)
# Policies beside tenant_isolation that let a role see more: role and command.
WIDER_POLICIES = {
    ("api_keys", "resolve_any_key"): ("syncd_auth", "r"),
    ("api_keys", "stamp_any_key"): ("syncd_auth", "w"),
    ("trusted_issuers", "resolve_any_issuer"): ("syncd_auth", "r"),
    ("chunks", "search_any_chunk"): ("syncd_search", "r"),
    ("project_leases", "prepare_any_project"): ("syncd_queue", "a"),
    ("projects", "measure_any_project"): ("syncd_queue", "r"),
    ("project_embeddings", "measure_any_embedding"): ("syncd_queue", "r"),
    ("project_leases", "show_any_freeze"): ("syncd_queue", "r"),
}
DEFINERS = {
    "resolve_api_key": "syncd_auth",
    "resolve_platform_key": "syncd_auth",
    "prepare_project": "syncd_queue",
    "request_sync": "syncd_queue",
    "freeze_project": "syncd_queue",
    "unfreeze_project": "syncd_queue",
    "end_freeze": "syncd_queue",
    "force_release": "syncd_queue",
    "lift_freeze_of_removed": "syncd_queue",
    "list_lock_duties": "syncd_queue",
    "open_agent_session": "syncd_queue",
    "add_agent_note": "syncd_queue",
    "delete_agent_note": "syncd_queue",
    "close_agent_session": "syncd_queue",
    "collect_orphans": "syncd_collect",
    "search_candidates": "syncd_search",
    "route_repository": "syncd_queue",
    "accept_delivery": "syncd_queue",
    "measure_projects": "syncd_queue",
    "measure_embeddings": "syncd_queue",
    "get_own_name": "syncd_queue",
    "record_requests": "syncd_account",
    "resolve_issuer": "syncd_auth",
    "remove_requests": "syncd_account",
    "remove_old": "syncd_account",
}
SECRET_COLUMNS = ("credential", "nonce", "secret_hash", "source_mark")
GROUPS_OF_SERVICES = ("syncd_read", "syncd_sync", "syncd_web")
# Columns whose name says it all, wherever they stand. Every other column has a comment.
PLAIN_COLUMNS = """
    tenant_id project_id document_id key_id run_id event_id name created_at updated_at expires_at active
    source repository branch folder docs_path message hint documents chunks skipped
    content_hash chunk_hash git_sha size lines encoding text format title path commit_sha author committed_at
    added modified renamed deleted requests received_bytes started_at finished_at outcome
    header body tokens anchor ordinal line target number applied_at actor action at
"""
