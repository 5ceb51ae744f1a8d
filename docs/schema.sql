-- The schema as Postgres has it after the last migration. Written by `python -m tests.refresh_schema_dump`, kept true by a test.

-- Name: syncd; Type: SCHEMA; Schema: -; Owner: syncd_owner

CREATE SCHEMA syncd;

ALTER SCHEMA syncd OWNER TO syncd_owner;

-- Name: accept_delivery(text, text, bigint[], timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    -- Stored and marked due in one transaction: a delivery that is known was also acted upon.
    insert into syncd.webhook_deliveries (delivery_id, event, received_at, result)
    select p_delivery_id, p_event, p_now,
           case when exists (select from syncd.repository_routes r where r.repository_id = any(p_repository_ids)) then 'due' else 'ignored' end
    on conflict (delivery_id) do nothing;
    if not found then
        return 'duplicate';
    end if;
    with meant as (
        -- In one order, so that two deliveries that mean the same projects wait for each other and never in a circle.
        select q.tenant_id, q.project_id
        from syncd.sync_queue q
        join syncd.repository_routes r on r.tenant_id = q.tenant_id and r.project_id = q.project_id
        where r.repository_id = any(p_repository_ids)
        order by q.tenant_id, q.project_id
        for update of q
    )
    update syncd.sync_queue q
    set due_at = least(q.due_at, p_now),
        -- Never twice the same: a request during a run is known by its being another one.
        requested_at = greatest(p_now, q.requested_at + interval '1 microsecond'),
        delivered_at = case when p_event = 'push' then p_now else q.delivered_at end
    from meant m
    where q.tenant_id = m.tenant_id and q.project_id = m.project_id;
    if found then
        perform pg_notify('syncd_due', '');
    end if;
    return 'accepted';
end
$$;

ALTER FUNCTION syncd.accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone) OWNER TO syncd_queue;

-- Name: FUNCTION accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone) IS 'Definer: stores a delivery whose signature was proved and marks the projects of its repositories due, whoever owns them. Tells accepted or duplicate, and nothing of who was meant.';

-- Name: add_agent_note(text, text, text, text, text, text, timestamp with time zone, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
    session syncd.agent_sessions;
    there syncd.agent_session_notes;
    last integer;
begin
    -- One writer at a time, so that numbers follow commits.
    select * into session from syncd.agent_sessions s where s.tenant_id = tenant and s.session_id = p_session_id for update;
    if not found or session.expires_at <= p_now then
        return 'absent';
    end if;
    select * into there from syncd.agent_session_notes n
    where n.tenant_id = tenant and n.session_id = p_session_id and n.note_id = p_note_id;
    if found then
        return case when there.key_id = p_key_id and there.body = p_body and there.reply_to is not distinct from p_reply_to
                    then 'repeated' else 'taken' end;
    end if;
    if session.closed_at is not null then
        return 'closed';
    end if;
    if p_reply_to is not null and not exists (
        select from syncd.agent_session_notes n where n.tenant_id = tenant and n.session_id = p_session_id and n.note_id = p_reply_to
    ) then
        return 'unanswerable';
    end if;
    select coalesce(max(n.number), 0) into last from syncd.agent_session_notes n where n.tenant_id = tenant and n.session_id = p_session_id;
    if last >= p_limit then
        return 'full';
    end if;
    insert into syncd.agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
    values (tenant, p_session_id, p_key_id, coalesce(p_role, ''), p_now)
    on conflict (tenant_id, session_id, key_id) do update set role = excluded.role where p_role is not null;
    insert into syncd.agent_session_notes (tenant_id, session_id, note_id, number, key_id, reply_to, body, created_at)
    values (tenant, p_session_id, p_note_id, last + 1, p_key_id, p_reply_to, p_body, p_now);
    return 'added';
end
$$;

ALTER FUNCTION syncd.add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer) OWNER TO syncd_queue;

-- Name: FUNCTION add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer) IS 'Definer: adds a note to a session of the current tenant, and its author to the participants. Says what became of it.';

-- Name: assert_fence(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.assert_fence() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    -- Behind whoever freezes or forces: row locks alone let writes that overlap pass a waiting one for ever (measured: 11 s with six).
    perform pg_advisory_xact_lock_shared(hashtextextended(syncd.current_tenant()::text || syncd.current_project()::text, 0));
    -- FOR SHARE makes a takeover wait for this transaction, and this transaction see a takeover: measured, nothing less is enough.
    perform 1 from syncd.project_leases l
    where l.tenant_id = syncd.current_tenant() and l.project_id = syncd.current_project()
      and l.fence = nullif(current_setting('syncd.fence', true), '')::bigint
      and l.nonce = nullif(current_setting('syncd.nonce', true), '')::uuid
      and (l.freeze_id is null or l.freeze_until < now())
    for share;
    if not found then
        raise exception 'the lock of this project is not held: lost, taken over, or frozen' using errcode = 'DS001';
    end if;
end
$$;

ALTER FUNCTION syncd.assert_fence() OWNER TO syncd_owner;

-- Name: FUNCTION assert_fence(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.assert_fence() IS 'Raises DS001 unless this transaction holds the lease of its project (settings syncd.tenant, project, fence, nonce) and no freeze stands.';

-- Name: close_agent_session(text, text, timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update syncd.agent_sessions s set closed_at = coalesce(s.closed_at, p_now)
    where s.tenant_id = syncd.current_tenant() and s.session_id = p_session_id and s.opened_by = p_key_id;
    return found;
end
$$;

ALTER FUNCTION syncd.close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone) OWNER TO syncd_queue;

-- Name: FUNCTION close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone) IS 'Definer: closes a session of whoever opened it. False: no such session of yours.';

-- Name: collect_orphans(timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_collect

CREATE FUNCTION syncd.collect_orphans(p_before timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    collected integer;
    total integer := 0;
    oldest integer;
    newest integer;
begin
    -- A content is in use while any version of any project of the tenant, current or closed, has its hash.
    delete from syncd.blobs b
    where b.tenant_id = syncd.current_tenant() and b.created_at < p_before
      and not exists (
          select from syncd.document_versions v where v.tenant_id = b.tenant_id and v.content_hash = b.content_hash
      );
    get diagnostics collected = row_count;
    total := total + collected;
    -- Layouts are compared with each other only where two chunkers have been at work: with the statistics of a table that was
    -- small a moment ago, the comparison was planned row by row, and thousands of documents took longer than a statement may.
    select min(p.chunker_version), max(p.chunker_version) into oldest, newest
    from syncd.document_chunks p
    where p.tenant_id = syncd.current_tenant();
    if oldest < newest then
        delete from syncd.document_chunks p
        using syncd.chunks c
        where p.tenant_id = syncd.current_tenant() and p.chunker_version < newest
          and c.tenant_id = p.tenant_id and c.chunk_hash = p.chunk_hash and c.created_at < p_before
          and exists (
              select from syncd.document_chunks n
              where n.tenant_id = p.tenant_id and n.content_hash = p.content_hash and n.format = p.format and n.chunker_version > p.chunker_version
          )
          and not exists (
              select from syncd.document_versions v
              where v.tenant_id = p.tenant_id and v.content_hash = p.content_hash and v.format = p.format and v.title = p.title
                and v.chunker_version = p.chunker_version
          );
        get diagnostics collected = row_count;
        total := total + collected;
    end if;
    delete from syncd.chunks c
    where c.tenant_id = syncd.current_tenant() and c.created_at < p_before
      and not exists (
          select from syncd.document_chunks p where p.tenant_id = c.tenant_id and p.chunk_hash = c.chunk_hash
      );
    get diagnostics collected = row_count;
    return total + collected;
end
$$;

ALTER FUNCTION syncd.collect_orphans(p_before timestamp with time zone) OWNER TO syncd_collect;

-- Name: FUNCTION collect_orphans(p_before timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_collect

COMMENT ON FUNCTION syncd.collect_orphans(p_before timestamp with time zone) IS 'Definer: removes content of the current tenant that was staged before the given time and that nothing refers to. Needs the fence, as every write does.';

-- Name: current_project(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.current_project() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('syncd.project'::text, true), ''::text))::uuid;

ALTER FUNCTION syncd.current_project() OWNER TO syncd_owner;

-- Name: FUNCTION current_project(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.current_project() IS 'Project of this transaction (setting syncd.project), or null. Binds the daemon''s role to one project at a time.';

-- Name: current_tenant(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('syncd.tenant'::text, true), ''::text))::uuid;

ALTER FUNCTION syncd.current_tenant() OWNER TO syncd_owner;

-- Name: FUNCTION current_tenant(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.current_tenant() IS 'Tenant of this transaction (setting syncd.tenant), or null: then row-level security shows nothing.';

-- Name: delete_agent_note(text, text, text, timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update syncd.agent_session_notes n set deleted_at = coalesce(n.deleted_at, p_now)
    where n.tenant_id = syncd.current_tenant() and n.session_id = p_session_id and n.note_id = p_note_id and n.key_id = p_key_id;
    return found;
end
$$;

ALTER FUNCTION syncd.delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone) OWNER TO syncd_queue;

-- Name: FUNCTION delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone) IS 'Definer: takes back a note of its author. False: no such note of yours.';

-- Name: end_freeze(uuid, text); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.end_freeze(p_project_id uuid, p_actor text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
    ended syncd.project_leases;
begin
    select l.* into ended from syncd.project_leases l
    where l.tenant_id = tenant and l.project_id = p_project_id and l.freeze_until < now() for update;
    if not found then
        return false;
    end if;
    -- Not the fence: whoever took the lease since the freeze ended holds it rightly.
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'freeze_ended', p_actor, ended.freeze_reason, ended.fence, ended.frozen_by);
    perform syncd.request_sync(p_project_id, now());
    return true;
end
$$;

ALTER FUNCTION syncd.end_freeze(p_project_id uuid, p_actor text) OWNER TO syncd_queue;

-- Name: FUNCTION end_freeze(p_project_id uuid, p_actor text); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.end_freeze(p_project_id uuid, p_actor text) IS 'Definer: takes away a freeze of the current tenant whose time has passed, says so in the history, and makes the project due. False: none has.';

-- Name: enter_fence(uuid, uuid, bigint, uuid); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.enter_fence(p_tenant_id uuid, p_project_id uuid, p_fence bigint, p_nonce uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    perform set_config('syncd.tenant', p_tenant_id::text, true), set_config('syncd.project', p_project_id::text, true),
            set_config('syncd.fence', p_fence::text, true), set_config('syncd.nonce', p_nonce::text, true);
    perform syncd.assert_fence();
end
$$;

ALTER FUNCTION syncd.enter_fence(p_tenant_id uuid, p_project_id uuid, p_fence bigint, p_nonce uuid) OWNER TO syncd_owner;

-- Name: FUNCTION enter_fence(p_tenant_id uuid, p_project_id uuid, p_fence bigint, p_nonce uuid); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.enter_fence(p_tenant_id uuid, p_project_id uuid, p_fence bigint, p_nonce uuid) IS 'First statement of every write transaction of a sync.';

-- Name: force_release(uuid, text, text, bigint); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
begin
    -- In line before the writes that come after this moment: those that overlap would keep a row lock from us for ever.
    perform pg_advisory_xact_lock(hashtextextended(tenant::text || p_project_id::text, 0));
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    if lease.fence <> p_expected_fence then
        return 'changed';
    end if;
    if lease.freeze_id is not null and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp()) then
        return 'frozen';
    end if;
    update syncd.project_leases l
    set fence = l.fence + 1, nonce = null, holder = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'force_release', p_actor, p_reason, lease.fence + 1, lease.holder);
    perform syncd.request_sync(p_project_id, now()), pg_notify('syncd_locks', '');
    return 'done';
end
$$;

ALTER FUNCTION syncd.force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) OWNER TO syncd_queue;

-- Name: FUNCTION force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) IS 'Definer: ends the lease of a holder of the current tenant. done, changed (the fence is another: so is the holder), frozen (unfreeze it), or null: no such project, or not yours.';

-- Name: freeze_project(uuid, text, text, timestamp with time zone, boolean); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
    stands boolean;
begin
    -- In line before the writes that come after this moment: those that overlap would keep a row lock from us for ever.
    perform pg_advisory_xact_lock(hashtextextended(tenant::text || p_project_id::text, 0));
    -- Waits for a write of the holder that is under way; what comes after this moment is refused by the new fence.
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    stands := lease.freeze_id is not null and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp());
    if stands and lease.frozen_by <> p_actor and not p_is_admin then
        return 'refused';
    end if;
    -- Asked again after a lost answer.
    if stands and (lease.frozen_by, lease.freeze_reason) = (p_actor, p_reason) and lease.freeze_until is not distinct from p_until then
        return 'done';
    end if;
    update syncd.project_leases l
    set fence = l.fence + 1, nonce = null, holder = null, redis_due = gen_random_uuid(),
        freeze_id = gen_random_uuid(), frozen_by = p_actor, frozen_at = clock_timestamp(), freeze_until = p_until, freeze_reason = p_reason
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'freeze', p_actor, p_reason, lease.fence + 1, case when stands then lease.frozen_by else lease.holder end);
    perform pg_notify('syncd_locks', '');
    return 'done';
end
$$;

ALTER FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) OWNER TO syncd_queue;

-- Name: FUNCTION freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) IS 'Definer: stops the syncs of a project of the current tenant; a holder cannot write any more. done, refused (another''s freeze stands), or null: no such project, or not yours.';

-- Name: get_own_name(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.get_own_name() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select t.name from syncd.tenants t where t.tenant_id = syncd.current_tenant()
$$;

ALTER FUNCTION syncd.get_own_name() OWNER TO syncd_queue;

-- Name: FUNCTION get_own_name(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.get_own_name() IS 'Definer: what the tenant of this transaction is called.';

-- Name: lift_freeze_of_removed(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.lift_freeze_of_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = new.tenant_id and l.project_id = new.project_id and l.freeze_id is not null;
    if found then
        perform pg_notify('syncd_locks', '');
    end if;
    return null;
end
$$;

ALTER FUNCTION syncd.lift_freeze_of_removed() OWNER TO syncd_queue;

-- Name: FUNCTION lift_freeze_of_removed(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.lift_freeze_of_removed() IS 'Definer trigger: who may remove a project lifts its freeze by that.';

-- Name: list_impacts(bytea[], integer[]); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.list_impacts(p_hashes bytea[], p_terms integer[]) RETURNS TABLE(chunk_hash bytea, impacts real[])
    LANGUAGE sql STABLE
    AS $$
            with asked as materialized (
                select t.n, ('{' || t.term_id || ':1}/1000000000')::public.sparsevec as term from unnest(p_terms) with ordinality as t (term_id, n)
            )
            select c.chunk_hash, array(select (-(c.terms operator(public.<#>) asked.term))::real from asked order by asked.n)
            from syncd.chunks c
            where c.tenant_id = (select syncd.current_tenant()) and c.chunk_hash = any(p_hashes)
        $$;

ALTER FUNCTION syncd.list_impacts(p_hashes bytea[], p_terms integer[]) OWNER TO syncd_owner;

-- Name: FUNCTION list_impacts(p_hashes bytea[], p_terms integer[]); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.list_impacts(p_hashes bytea[], p_terms integer[]) IS 'The impact of each of these terms in each of these chunks, in the order of the terms.';

-- Name: list_lock_duties(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.list_lock_duties() RETURNS TABLE(tenant_id uuid, project_id uuid, freeze_id uuid, freeze_until timestamp with time zone, redis_due uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select l.tenant_id, l.project_id, l.freeze_id, l.freeze_until, l.redis_due from syncd.project_leases l
    where l.freeze_id is not null or l.redis_due is not null
$$;

ALTER FUNCTION syncd.list_lock_duties() OWNER TO syncd_queue;

-- Name: FUNCTION list_lock_duties(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.list_lock_duties() IS 'Definer: what Redis must show, of all tenants: ids and times, neither who nor why.';

-- Name: measure_embeddings(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.measure_embeddings() RETURNS TABLE(chunks bigint, embedded bigint, hindered bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select coalesce(sum(e.chunks), 0)::bigint,
           coalesce(sum(e.embedded), 0)::bigint,
           count(*) filter (where e.reason is not null)
    from (
        select distinct on (p.tenant_id, p.project_id) p.chunks, p.embedded, p.reason
        from syncd.project_embeddings p
        order by p.tenant_id, p.project_id, p.updated_at desc
    ) as e
$$;

ALTER FUNCTION syncd.measure_embeddings() OWNER TO syncd_queue;

-- Name: FUNCTION measure_embeddings(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.measure_embeddings() IS 'Definer: of the projects of all tenants whose chunks are embedded, how many chunks have vectors of the model that was last worked on, and how many projects something hinders.';

-- Name: measure_projects(timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.measure_projects(p_now timestamp with time zone) RETURNS TABLE(condition text, projects bigint, documents bigint, skipped bigint, lag_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select p.condition,
           count(*),
           coalesce(sum(p.documents), 0)::bigint,
           coalesce(sum(p.skipped), 0)::bigint,
           (select coalesce(max(greatest(0, extract(epoch from p_now - q.due_at))), 0)::double precision from syncd.sync_queue q)
    from syncd.projects p
    where p.removed_at is null
    group by p.condition
$$;

ALTER FUNCTION syncd.measure_projects(p_now timestamp with time zone) OWNER TO syncd_queue;

-- Name: FUNCTION measure_projects(p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.measure_projects(p_now timestamp with time zone) IS 'Definer: counts the projects of all tenants by condition, their documents and skipped files, and how long the one waits that is due for longest.';

-- Name: open_agent_session(text, text, text, uuid[], uuid[], integer[], text[], timestamp with time zone[], timestamp with time zone, timestamp with time zone, timestamp with time zone, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
begin
    delete from syncd.agent_sessions s where s.tenant_id = tenant and s.expires_at < p_forget_before;
    if (select count(*) from syncd.agent_sessions s where s.tenant_id = tenant) >= p_limit then
        return false;
    end if;
    insert into syncd.agent_sessions (tenant_id, session_id, opened_by, project_ids, created_at, expires_at)
    values (tenant, p_session_id, p_key_id, p_project_ids, p_now, p_expires_at);
    insert into syncd.agent_session_pins (tenant_id, session_id, project_id, revision, commit_sha, synced_at)
    select tenant, p_session_id, n.project_id, n.revision, n.commit_sha, n.synced_at
    from unnest(p_pinned, p_revisions, p_commits, p_synced_at) as n (project_id, revision, commit_sha, synced_at);
    insert into syncd.agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
    values (tenant, p_session_id, p_key_id, p_role, p_now);
    return true;
end
$$;

ALTER FUNCTION syncd.open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer) OWNER TO syncd_queue;

-- Name: FUNCTION open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer) IS 'Definer: opens a session of the current tenant with its pins, and forgets those that expired long ago. False: there are too many.';

-- Name: prepare_project(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.prepare_project() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into syncd.project_leases (tenant_id, project_id) values (new.tenant_id, new.project_id);
    insert into syncd.sync_queue (tenant_id, project_id, due_at) values (new.tenant_id, new.project_id, now());
    perform pg_notify('syncd_due', '');
    return null;
end
$$;

ALTER FUNCTION syncd.prepare_project() OWNER TO syncd_queue;

-- Name: FUNCTION prepare_project(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.prepare_project() IS 'Definer trigger: a new project has its lease and is due at once.';

-- Name: read_document(uuid, uuid[], text, text[], integer[], boolean, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer) RETURNS TABLE(project_id uuid, name text, source text, repository text, branch text, synced_docs_path text, condition text, reason text, message text, hint text, next_try_at timestamp with time zone, checked_at timestamp with time zone, desired_commit text, revision integer, newest_revision integer, synced_commit text, synced_at timestamp with time zone, documents integer, chunks integer, skipped integer, holder text, acquired_at timestamp with time zone, is_frozen boolean, frozen_by text, frozen_at timestamp with time zone, freeze_until timestamp with time zone, freeze_reason text, document_id uuid, path text, format text, title text, version integer, content_hash bytea, git_sha text, size integer, lines integer, commit_sha text, author text, committed_at timestamp with time zone, revision_from integer, revision_to integer, chunker_version integer, body text, places jsonb, reading integer)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
begin
    -- Local to the transaction, which is this statement's where none is open: nothing of it is left for whoever has the connection next.
    perform set_config('syncd.tenant', p_tenant_id::text, true);
    return query
    select p.project_id, p.name, p.source, p.repository, p.branch, p.synced_docs_path, p.condition, p.reason, p.message, p.hint, p.next_try_at,
           p.checked_at, p.desired_commit, p.revision, p.revision, p.synced_commit, p.synced_at, p.documents, p.chunks, p.skipped, l.holder,
           l.acquired_at, coalesce(l.freeze_id is not null and (l.freeze_until is null or l.freeze_until > now()), false), l.frozen_by,
           l.frozen_at, l.freeze_until, l.freeze_reason,
           d.document_id, d.path, d.format, d.title, d.version, d.content_hash, b.git_sha, b.size, b.lines, d.commit_sha, d.author,
           d.committed_at, d.revision_from, d.revision_to, d.chunker_version, b.text,
           case when p_places or length(b.text) > p_characters then (
               select jsonb_agg(jsonb_build_array(c.headings, c.anchor, c.line_from, c.line_to) order by c.ordinal)
               from syncd.document_chunks c
               where c.tenant_id = p.tenant_id and c.content_hash = d.content_hash and c.format = d.format and c.title = d.title
                 and c.chunker_version = d.chunker_version
           ) end,
           d.reading
    from syncd.projects p
    join syncd.project_leases l on l.tenant_id = p.tenant_id and l.project_id = p.project_id
    cross join lateral (
        select found.*, r.place::integer as reading
        from unnest(p_paths, p_versions) with ordinality as r (path, version, place)
        cross join lateral (
            select v.*
            from syncd.versions_at(p.project_id, p.revision) v
            where r.version is null and v.path = r.path
            union all
            (
                select v.*
                from syncd.document_versions v
                where v.tenant_id = p.tenant_id and v.project_id = p.project_id and v.version = r.version and v.revision_from <= p.revision
                  and v.document_id = (
                      select s.document_id
                      from syncd.document_versions s
                      where s.tenant_id = p.tenant_id and s.project_id = p.project_id and s.path = r.path and s.revision_from <= p.revision
                      order by s.revision_from desc
                      limit 1
                  )
                order by v.revision_from desc
                limit 1
            )
        ) as found
        order by r.place
        limit 1
    ) as d
    join syncd.blobs b on b.tenant_id = p.tenant_id and b.content_hash = d.content_hash
    where p.name = p_project and p.removed_at is null and (p_allowed is null or p.project_id = any(p_allowed));
end
$$;

ALTER FUNCTION syncd.read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer) OWNER TO syncd_owner;

-- Name: FUNCTION read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer) IS 'What stands at the first of some readings of an id, newest or in a version, for one tenant: it enters the tenant itself.';

-- Name: record_requests(jsonb, jsonb); Type: FUNCTION; Schema: syncd; Owner: syncd_account

CREATE FUNCTION syncd.record_requests(p_requests jsonb, p_usage jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    -- A batch comes again when its answer was lost. It was stored whole or not at all, so its first request tells.
    if exists (
        select from syncd.agent_requests r
        where r.tenant_id = syncd.current_tenant() and r.request_id = (p_requests -> 0 ->> 'request_id')::uuid
    ) then
        return false;
    end if;
    insert into syncd.agent_requests (
        tenant_id, request_id, requested_at, key_id, tool, argument_hash, outcome, rows, bytes, tokens, milliseconds
    )
    select syncd.current_tenant(), r.request_id, r.requested_at, r.key_id, r.tool, r.argument_hash, r.outcome, r.rows, r.bytes, r.tokens,
           r.milliseconds
    from jsonb_to_recordset(p_requests) as r (
        request_id uuid, requested_at timestamptz, key_id text, tool text, argument_hash text, outcome text, rows bigint, bytes bigint,
        tokens bigint, milliseconds double precision
    );
    insert into syncd.usage_events as e (
        tenant_id, day, key_id, tool, calls, refused, failed, rows, bytes, tokens, milliseconds, unrecorded
    )
    select syncd.current_tenant(), u.day, u.key_id, u.tool, u.calls, u.refused, u.failed, u.rows, u.bytes, u.tokens, u.milliseconds,
           u.unrecorded
    from jsonb_to_recordset(p_usage) as u (
        day date, key_id text, tool text, calls bigint, refused bigint, failed bigint, rows bigint, bytes bigint, tokens bigint,
        milliseconds double precision, unrecorded bigint
    )
    -- In one order, so that two servers that add to the same rows wait for each other and never in a circle.
    order by u.day, u.key_id, u.tool
    on conflict (tenant_id, day, key_id, tool) do update
    set calls = e.calls + excluded.calls, refused = e.refused + excluded.refused, failed = e.failed + excluded.failed,
        rows = e.rows + excluded.rows, bytes = e.bytes + excluded.bytes, tokens = e.tokens + excluded.tokens,
        milliseconds = e.milliseconds + excluded.milliseconds, unrecorded = e.unrecorded + excluded.unrecorded;
    return true;
end
$$;

ALTER FUNCTION syncd.record_requests(p_requests jsonb, p_usage jsonb) OWNER TO syncd_account;

-- Name: FUNCTION record_requests(p_requests jsonb, p_usage jsonb); Type: COMMENT; Schema: syncd; Owner: syncd_account

COMMENT ON FUNCTION syncd.record_requests(p_requests jsonb, p_usage jsonb) IS 'Definer: stores a batch of requests of the current tenant and adds it to the usage of its days. False: this batch was stored before.';

-- Name: refuse_unfenced(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.refuse_unfenced() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform syncd.assert_fence();
    return null;
end
$$;

ALTER FUNCTION syncd.refuse_unfenced() OWNER TO syncd_owner;

-- Name: FUNCTION refuse_unfenced(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.refuse_unfenced() IS 'Statement trigger: no code path can write without the lease, whatever it forgets.';

-- Name: remove_old(text, timestamp with time zone, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_account

CREATE FUNCTION syncd.remove_old(p_table text, p_before timestamp with time zone, p_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid;
    former text := current_setting('syncd.tenant', true);
    removed bigint;
    total bigint := 0;
begin
    -- Row security binds this function too: each tenant in turn.
    for tenant in select t.tenant_id from syncd.tenants t order by t.tenant_id loop
        perform set_config('syncd.tenant', tenant::text, true);
        case p_table
            when 'lock_events' then
                delete from syncd.lock_events e
                where e.tenant_id = tenant and e.event_id in (
                    select o.event_id from syncd.lock_events o
                    where o.tenant_id = tenant and o.at < p_before
                    order by o.at
                    limit p_limit - total
                );
            when 'sync_runs' then
                delete from syncd.sync_runs r
                where r.tenant_id = tenant and (r.project_id, r.run_id) in (
                    select o.project_id, o.run_id from syncd.sync_runs o
                    where o.tenant_id = tenant and o.started_at < p_before
                      and (o.outcome = 'failed' or (o.outcome = 'noop' and o.from_commit is not distinct from o.to_commit))
                      -- The last run of a project says how it stands, however long ago it was.
                      and exists (
                          select from syncd.sync_runs n
                          where n.tenant_id = tenant and n.project_id = o.project_id and n.started_at > o.started_at
                      )
                    order by o.started_at
                    limit p_limit - total
                );
            when 'sessions' then
                delete from syncd.sessions s
                where s.tenant_id = tenant and s.session_id in (
                    select o.session_id from syncd.sessions o
                    where o.tenant_id = tenant and least(o.ended_at, o.idle_until, o.ends_at) < p_before
                    limit p_limit - total
                );
            when 'sign_in_links' then
                delete from syncd.sign_in_links l
                where l.tenant_id = tenant and l.link_id in (
                    select o.link_id from syncd.sign_in_links o
                    where o.tenant_id = tenant and o.expires_at < p_before
                    limit p_limit - total
                );
            when 'idempotent_requests' then
                delete from syncd.idempotent_requests i
                where i.tenant_id = tenant and i.request_hash in (
                    select o.request_hash from syncd.idempotent_requests o
                    where o.tenant_id = tenant and o.claimed_at < p_before
                    order by o.claimed_at
                    limit p_limit - total
                );
            when 'agent_sessions' then
                -- What hangs on a session, its pins, participants and notes, goes with it.
                delete from syncd.agent_sessions a
                where a.tenant_id = tenant and a.session_id in (
                    select o.session_id from syncd.agent_sessions o
                    where o.tenant_id = tenant and o.expires_at < p_before
                    order by o.expires_at
                    limit p_limit - total
                );
        end case;
        get diagnostics removed = row_count;
        total := total + removed;
        exit when total >= p_limit;
    end loop;
    perform set_config('syncd.tenant', coalesce(former, ''), true);
    return total;
end
$$;

ALTER FUNCTION syncd.remove_old(p_table text, p_before timestamp with time zone, p_limit integer) OWNER TO syncd_account;

-- Name: FUNCTION remove_old(p_table text, p_before timestamp with time zone, p_limit integer); Type: COMMENT; Schema: syncd; Owner: syncd_account

COMMENT ON FUNCTION syncd.remove_old(p_table text, p_before timestamp with time zone, p_limit integer) IS 'Definer: forgets at most so many rows of one of six tables, of any tenant, that were over before the given time. Of runs only those that no revision needs.';

-- Name: remove_requests(timestamp with time zone, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_account

CREATE FUNCTION syncd.remove_requests(p_before timestamp with time zone, p_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid;
    former text := current_setting('syncd.tenant', true);
    removed bigint;
    total bigint := 0;
begin
    -- Row security binds this function too: each tenant in turn.
    for tenant in select t.tenant_id from syncd.tenants t order by t.tenant_id loop
        perform set_config('syncd.tenant', tenant::text, true);
        delete from syncd.agent_requests r
        where r.tenant_id = tenant and r.request_id in (
            select o.request_id from syncd.agent_requests o
            where o.tenant_id = tenant and o.requested_at < p_before
            order by o.requested_at
            limit p_limit - total
        );
        get diagnostics removed = row_count;
        total := total + removed;
        exit when total >= p_limit;
    end loop;
    perform set_config('syncd.tenant', coalesce(former, ''), true);
    return total;
end
$$;

ALTER FUNCTION syncd.remove_requests(p_before timestamp with time zone, p_limit integer) OWNER TO syncd_account;

-- Name: FUNCTION remove_requests(p_before timestamp with time zone, p_limit integer); Type: COMMENT; Schema: syncd; Owner: syncd_account

COMMENT ON FUNCTION syncd.remove_requests(p_before timestamp with time zone, p_limit integer) IS 'Definer: forgets at most so many requests, of any tenant, that came before the given time. What they sum up to stays.';

-- Name: request_sync(uuid, timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
begin
    update syncd.sync_queue q set due_at = p_now, requested_at = p_now, failures = 0
    where q.tenant_id = tenant and q.project_id = p_project_id;
    if found then
        perform pg_notify('syncd_due', '');
    end if;
    return found;
end
$$;

ALTER FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) OWNER TO syncd_queue;

-- Name: FUNCTION request_sync(p_project_id uuid, p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) IS 'Definer: marks a project of the current tenant due and wakes the loop. False: no such project, or not yours.';

-- Name: resolve_api_key(text, bytea, timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_auth

CREATE FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) RETURNS TABLE(tenant_id uuid, tenant_name text, key_id text, scopes text[], project_ids uuid[], expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
        select k.tenant_id, t.name, k.key_id, k.scopes, k.project_ids, k.expires_at
        from syncd.api_keys k join syncd.tenants t on t.tenant_id = k.tenant_id
        where k.key_id = p_key_id and k.secret_hash = p_secret_hash
          and k.active and (k.expires_at is null or k.expires_at > p_now) and t.removed_at is null;
    -- At most one write a minute and key, so that reading stays reading.
    update syncd.api_keys k set last_used_at = p_now
    where k.key_id = p_key_id and k.secret_hash = p_secret_hash
      and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
end
$$;

ALTER FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) OWNER TO syncd_auth;

-- Name: FUNCTION resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_auth

COMMENT ON FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) IS 'Definer: an active key by id and SHA-256 of its secret, whoever owns it. The only way from a secret to a tenant.';

-- Name: resolve_issuer(text, text); Type: FUNCTION; Schema: syncd; Owner: syncd_auth

CREATE FUNCTION syncd.resolve_issuer(p_issuer text, p_claim_value text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select t.tenant_id from syncd.trusted_issuers t where t.issuer = p_issuer and t.claim_value = p_claim_value;
$$;

ALTER FUNCTION syncd.resolve_issuer(p_issuer text, p_claim_value text) OWNER TO syncd_auth;

-- Name: FUNCTION resolve_issuer(p_issuer text, p_claim_value text); Type: COMMENT; Schema: syncd; Owner: syncd_auth

COMMENT ON FUNCTION syncd.resolve_issuer(p_issuer text, p_claim_value text) IS 'Definer: whose tokens these are. Asked once a token is proved, before any tenant is known.';

-- Name: resolve_platform_key(text, bytea, timestamp with time zone); Type: FUNCTION; Schema: syncd; Owner: syncd_auth

CREATE FUNCTION syncd.resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update syncd.platform_keys k set last_used_at = p_now
    where k.key_id = p_key_id and k.secret_hash = p_secret_hash
      and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
    return exists (
        select from syncd.platform_keys k
        where k.key_id = p_key_id and k.secret_hash = p_secret_hash
          and k.active and (k.expires_at is null or k.expires_at > p_now)
    );
end
$$;

ALTER FUNCTION syncd.resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) OWNER TO syncd_auth;

-- Name: FUNCTION resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone); Type: COMMENT; Schema: syncd; Owner: syncd_auth

COMMENT ON FUNCTION syncd.resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) IS 'Definer: whether this is an active platform key. Agents'' role may not ask.';

-- Name: route_repository(); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.route_repository() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if new.repository_id is null then
        delete from syncd.repository_routes r where r.tenant_id = new.tenant_id and r.project_id = new.project_id;
    else
        insert into syncd.repository_routes (tenant_id, project_id, repository_id)
        values (new.tenant_id, new.project_id, new.repository_id)
        on conflict (tenant_id, project_id) do update set repository_id = excluded.repository_id;
    end if;
    return null;
end
$$;

ALTER FUNCTION syncd.route_repository() OWNER TO syncd_queue;

-- Name: FUNCTION route_repository(); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.route_repository() IS 'Definer trigger: keeps repository_routes true to projects.repository_id; a removed project''s route goes by its foreign key.';

-- Name: search_candidates(integer[], boolean, integer[], real[], integer, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_search

CREATE FUNCTION syncd.search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer) RETURNS TABLE(chunk_hash bytea, score double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
        declare
            -- sparsevec wants its elements by rising index.
            query text := '{' || (select string_agg(w.term_id || ':' || w.weight, ',' order by w.term_id)
                                  from unnest(p_terms, p_weights) as w (term_id, weight)) || '}/1000000000';
        begin
            -- Words that stand nearly everywhere: a sample of about so many chunks is looked at instead of all.
            perform set_config('gin_fuzzy_search_limit', p_scan_limit::text, true);
            -- Planned for these terms: a rare one wants the index, one that stands everywhere does not.
            return query execute format($query$
                with scored as (
                    select c.chunk_hash, (-(c.terms operator(public.<#>) $3::public.sparsevec))::float8 as score
                    from syncd.chunks c
                    where c.tenant_id = $1 and c.term_ids %s $2
                )
                select scored.chunk_hash, scored.score
                from scored
                where scored.score > 0
                order by scored.score desc, scored.chunk_hash
                limit $6
            $query$, case when p_every then '@>' else '&&' end)
            using syncd.current_tenant(), p_lookup, query, p_terms, p_weights, p_limit;
        end
        $_$;

ALTER FUNCTION syncd.search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer) OWNER TO syncd_search;

-- Name: FUNCTION search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer); Type: COMMENT; Schema: syncd; Owner: syncd_search

COMMENT ON FUNCTION syncd.search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer) IS 'Definer: the chunks of the current tenant that hold any (or every) of the looked-up terms, best first, with their BM25 score. Hashes and numbers only: what they stand for is read under row-level security.';

-- Name: tell_status(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.tell_status() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    changed record := coalesce(new, old);
begin
    perform pg_notify('syncd_status', changed.tenant_id || ':' || changed.project_id);
    return null;
end
$$;

ALTER FUNCTION syncd.tell_status() OWNER TO syncd_owner;

-- Name: FUNCTION tell_status(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.tell_status() IS 'Trigger: tells listeners of syncd_status, when the transaction commits, whose project looks different now.';

-- Name: touch_updated_at(); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.updated_at := now();
    return new;
end
$$;

ALTER FUNCTION syncd.touch_updated_at() OWNER TO syncd_owner;

-- Name: FUNCTION touch_updated_at(); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.touch_updated_at() IS 'Trigger: keeps updated_at true.';

-- Name: unfreeze_project(uuid, text, boolean); Type: FUNCTION; Schema: syncd; Owner: syncd_queue

CREATE FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
begin
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    if lease.freeze_id is null then
        return 'done';
    end if;
    if lease.frozen_by <> p_actor and not p_is_admin and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp()) then
        return 'refused';
    end if;
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'unfreeze', p_actor, lease.freeze_reason, lease.fence, lease.frozen_by);
    perform syncd.request_sync(p_project_id, now()), pg_notify('syncd_locks', '');
    return 'done';
end
$$;

ALTER FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) OWNER TO syncd_queue;

-- Name: FUNCTION unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean); Type: COMMENT; Schema: syncd; Owner: syncd_queue

COMMENT ON FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) IS 'Definer: lifts a freeze of the current tenant and makes the project due. done (also when none stood), refused (another''s), or null: no such project, or not yours.';

-- Name: document_versions; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.document_versions (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    document_id uuid NOT NULL,
    version integer NOT NULL,
    content_hash bytea NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    format text NOT NULL,
    title text NOT NULL,
    titled boolean NOT NULL,
    commit_sha text COLLATE pg_catalog."C",
    author text,
    committed_at timestamp with time zone,
    revision_from integer NOT NULL,
    revision_to integer,
    chunker_version integer DEFAULT 1 NOT NULL,
    CONSTRAINT document_versions_check CHECK ((revision_to > revision_from)),
    CONSTRAINT document_versions_chunker_version_check CHECK ((chunker_version >= 1)),
    CONSTRAINT document_versions_path_check CHECK (((octet_length(path) >= 1) AND (octet_length(path) <= 1024))),
    CONSTRAINT document_versions_revision_from_check CHECK ((revision_from >= 1)),
    CONSTRAINT document_versions_title_check CHECK ((length(title) <= 200)),
    CONSTRAINT document_versions_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY syncd.document_versions FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.document_versions OWNER TO syncd_owner;

-- Name: TABLE document_versions; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.document_versions IS 'A temporal table: the row in force at revision r has revision_from <= r and (revision_to is null or r < revision_to). Current: revision_to is null.';

-- Name: COLUMN document_versions.version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_versions.version IS 'Counts contents of the document: a new content is a new number; a rename, or a return with the same content, keeps it.';

-- Name: COLUMN document_versions.titled; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_versions.titled IS 'The title stands in the content. Otherwise it is the file name''s, and a rename changes it.';

-- Name: COLUMN document_versions.revision_from; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_versions.revision_from IS 'The first revision that shows this version.';

-- Name: COLUMN document_versions.revision_to; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_versions.revision_to IS 'The first revision that shows it no more; null while it is current.';

-- Name: COLUMN document_versions.chunker_version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_versions.chunker_version IS 'Which layout of the content this version is read by: moved on, with title and titled, when the content was cut anew.';

-- Name: versions_at(uuid, integer); Type: FUNCTION; Schema: syncd; Owner: syncd_owner

CREATE FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) RETURNS SETOF syncd.document_versions
    LANGUAGE sql STABLE
    AS $$
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to, v.chunker_version
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to is null and v.revision_from + 0 <= p_revision
    union all
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to, v.chunker_version
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to > p_revision and v.revision_from <= p_revision
$$;

ALTER FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) OWNER TO syncd_owner;

-- Name: FUNCTION versions_at(p_project_id uuid, p_revision integer); Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) IS 'The versions of a project in force at a revision: the documents that a reader of that revision sees.';

-- Name: agent_requests; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.agent_requests (
    tenant_id uuid NOT NULL,
    request_id uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    key_id text NOT NULL,
    tool text NOT NULL,
    argument_hash text,
    outcome text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    tokens bigint NOT NULL,
    milliseconds double precision NOT NULL,
    CONSTRAINT agent_requests_argument_hash_check CHECK ((argument_hash ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT agent_requests_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT agent_requests_milliseconds_check CHECK ((milliseconds >= (0)::double precision)),
    CONSTRAINT agent_requests_outcome_check CHECK (((length(outcome) >= 1) AND (length(outcome) <= 100))),
    CONSTRAINT agent_requests_rows_check CHECK ((rows >= 0)),
    CONSTRAINT agent_requests_tokens_check CHECK ((tokens >= 0)),
    CONSTRAINT agent_requests_tool_check CHECK (((length(tool) >= 1) AND (length(tool) <= 100)))
);

ALTER TABLE ONLY syncd.agent_requests FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.agent_requests OWNER TO syncd_owner;

-- Name: TABLE agent_requests; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.agent_requests IS 'Requests of agents, one row each, kept for some weeks. Append-only: written by record_requests, removed by remove_requests.';

-- Name: COLUMN agent_requests.request_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.request_id IS 'Grows with time (UUID version 7), so that new rows stand together.';

-- Name: COLUMN agent_requests.requested_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.requested_at IS 'When it came.';

-- Name: COLUMN agent_requests.tool; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.tool IS 'The tool that was called, or the method of the protocol where it was none.';

-- Name: COLUMN agent_requests.argument_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.argument_hash IS 'Keyed hash of the arguments: equal for equal ones, and telling nothing else of them.';

-- Name: COLUMN agent_requests.rows; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.rows IS 'How many things the answer holds: hits, documents, chunks, or one text.';

-- Name: COLUMN agent_requests.bytes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.bytes IS 'Size of the text of the answer.';

-- Name: COLUMN agent_requests.tokens; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.tokens IS 'The same in tokens, counted as characters divided by four.';

-- Name: COLUMN agent_requests.milliseconds; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_requests.milliseconds IS 'How long the answer took.';

-- Name: agent_session_notes; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.agent_session_notes (
    tenant_id uuid NOT NULL,
    session_id text NOT NULL COLLATE pg_catalog."C",
    note_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    key_id text NOT NULL,
    reply_to text COLLATE pg_catalog."C",
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT agent_session_notes_body_check CHECK (((length(body) >= 1) AND (length(body) <= 4000))),
    CONSTRAINT agent_session_notes_note_id_check CHECK (((length(note_id) >= 1) AND (length(note_id) <= 100))),
    CONSTRAINT agent_session_notes_number_check CHECK ((number >= 1))
);

ALTER TABLE ONLY syncd.agent_session_notes FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.agent_session_notes OWNER TO syncd_owner;

-- Name: TABLE agent_session_notes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.agent_session_notes IS 'The log of a session: only ever added to. number counts in the order of commits, so that no page misses one.';

-- Name: COLUMN agent_session_notes.session_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_notes.session_id IS 'The session whose log it is in.';

-- Name: COLUMN agent_session_notes.note_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_notes.note_id IS 'Chosen by its author: the same note sent twice is there once.';

-- Name: COLUMN agent_session_notes.reply_to; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_notes.reply_to IS 'The note that it answers.';

-- Name: COLUMN agent_session_notes.deleted_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_notes.deleted_at IS 'When its author took it back: it is no longer shown, and keeps its place.';

-- Name: agent_session_participants; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.agent_session_participants (
    tenant_id uuid NOT NULL,
    session_id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL,
    role text NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    CONSTRAINT agent_session_participants_role_check CHECK ((length(role) <= 50))
);

ALTER TABLE ONLY syncd.agent_session_participants FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.agent_session_participants OWNER TO syncd_owner;

-- Name: TABLE agent_session_participants; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.agent_session_participants IS 'Who opened a session or wrote in it, and as what: recorded in the transaction of the first note.';

-- Name: COLUMN agent_session_participants.session_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_participants.session_id IS 'The session taken part in.';

-- Name: COLUMN agent_session_participants.role; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_participants.role IS 'What the agent says it is, or empty.';

-- Name: COLUMN agent_session_participants.joined_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_participants.joined_at IS 'When it opened the session or wrote its first note.';

-- Name: agent_session_pins; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.agent_session_pins (
    tenant_id uuid NOT NULL,
    session_id text NOT NULL COLLATE pg_catalog."C",
    project_id uuid NOT NULL,
    revision integer NOT NULL,
    commit_sha text COLLATE pg_catalog."C",
    synced_at timestamp with time zone,
    CONSTRAINT agent_session_pins_revision_check CHECK ((revision >= 1))
);

ALTER TABLE ONLY syncd.agent_session_pins FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.agent_session_pins OWNER TO syncd_owner;

-- Name: TABLE agent_session_pins; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.agent_session_pins IS 'The revision of each project that a session reads. Versions are kept as long as their project, so what is pinned stays readable.';

-- Name: COLUMN agent_session_pins.session_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_pins.session_id IS 'The session that pins it.';

-- Name: COLUMN agent_session_pins.revision; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_pins.revision IS 'The newest when the session was opened.';

-- Name: COLUMN agent_session_pins.synced_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_session_pins.synced_at IS 'When that revision became visible.';

-- Name: agent_sessions; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.agent_sessions (
    tenant_id uuid NOT NULL,
    session_id text NOT NULL COLLATE pg_catalog."C",
    opened_by text NOT NULL,
    project_ids uuid[],
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT agent_sessions_session_id_check CHECK ((session_id ~ '^s-[a-z2-7]{16}$'::text))
);

ALTER TABLE ONLY syncd.agent_sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.agent_sessions OWNER TO syncd_owner;

-- Name: TABLE agent_sessions; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.agent_sessions IS 'What agents work on together. Removed with its pins and notes some time after it has expired.';

-- Name: COLUMN agent_sessions.session_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_sessions.session_id IS 'Random: says nothing, and is no proof of who asks.';

-- Name: COLUMN agent_sessions.opened_by; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_sessions.opened_by IS 'The key of the agent that opened it, and may close it.';

-- Name: COLUMN agent_sessions.project_ids; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_sessions.project_ids IS 'The projects to which that key was narrowed; null: all. A key that does not open each of them does not see the session.';

-- Name: COLUMN agent_sessions.closed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.agent_sessions.closed_at IS 'When it was closed: no notes from then on; its pins hold until it expires.';

-- Name: anchors; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.anchors (
    tenant_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    format text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    line integer NOT NULL,
    is_label boolean NOT NULL,
    CONSTRAINT anchors_line_check CHECK ((line >= 1)),
    CONSTRAINT anchors_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY syncd.anchors FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.anchors OWNER TO syncd_owner;

-- Name: TABLE anchors; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.anchors IS 'The names that a link to a content may end in: of headings, and those given by hand.';

-- Name: COLUMN anchors.line; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.anchors.line IS 'Where the first place of that name is, counted from 1.';

-- Name: COLUMN anchors.is_label; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.anchors.is_label IS 'Links from all of the project reach it by its name alone.';

-- Name: api_keys; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.api_keys (
    tenant_id uuid NOT NULL,
    key_id text NOT NULL,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    project_ids uuid[],
    active boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_key_id_check CHECK ((key_id ~ '^[0-9A-Za-z]{12}$'::text)),
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT api_keys_scopes_check CHECK ((scopes <@ ARRAY['docs:read'::text, 'docs:sync'::text, 'locks:write'::text, 'admin'::text])),
    CONSTRAINT api_keys_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

ALTER TABLE ONLY syncd.api_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.api_keys OWNER TO syncd_owner;

-- Name: TABLE api_keys; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.api_keys IS 'Keys of agents and machines. Only the SHA-256 of the 256-bit secret is stored; project_ids null means every project.';

-- Name: COLUMN api_keys.secret_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.api_keys.secret_hash IS 'SHA-256 of the secret. No role of a service can read it.';

-- Name: COLUMN api_keys.scopes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.api_keys.scopes IS 'What the key may do, of all that a key can.';

-- Name: COLUMN api_keys.project_ids; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.api_keys.project_ids IS 'The projects that the key opens; null opens every project of the tenant, also later ones.';

-- Name: COLUMN api_keys.last_used_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.api_keys.last_used_at IS 'True to a minute, so that reading stays reading.';

-- Name: blobs; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.blobs (
    tenant_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    git_sha text NOT NULL COLLATE pg_catalog."C",
    size integer NOT NULL,
    lines integer NOT NULL,
    encoding text NOT NULL,
    text text NOT NULL,
    bytes bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT blobs_check CHECK (((encoding = 'utf-8'::text) = (bytes IS NULL))),
    CONSTRAINT blobs_content_hash_check CHECK ((octet_length(content_hash) = 32)),
    CONSTRAINT blobs_git_sha_check CHECK ((git_sha ~ '^[0-9a-f]{40}$'::text)),
    CONSTRAINT blobs_lines_check CHECK ((lines >= 0)),
    CONSTRAINT blobs_size_check CHECK ((size >= 0))
);

ALTER TABLE ONLY syncd.blobs FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.blobs OWNER TO syncd_owner;

-- Name: TABLE blobs; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.blobs IS 'Content by (tenant, SHA-256). A rename or a revert stores nothing.';

-- Name: COLUMN blobs.bytes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.blobs.bytes IS 'The exact bytes, where they are not simply the UTF-8 of text (byte order mark, UTF-16, cp1252).';

-- Name: chunk_vectors; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.chunk_vectors (
    tenant_id uuid NOT NULL,
    chunk_hash bytea NOT NULL,
    model text NOT NULL COLLATE pg_catalog."C",
    passage smallint NOT NULL,
    embedding public.halfvec NOT NULL,
    CONSTRAINT chunk_vectors_passage_check CHECK ((passage >= 0))
);
ALTER TABLE ONLY syncd.chunk_vectors ALTER COLUMN embedding SET STORAGE MAIN;

ALTER TABLE ONLY syncd.chunk_vectors FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.chunk_vectors OWNER TO syncd_owner;

-- Name: TABLE chunk_vectors; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.chunk_vectors IS 'Vectors of chunks by model, one a passage: a chunk is as near to a query as its nearest passage. Made of immutable text, and gone with it.';

-- Name: COLUMN chunk_vectors.model; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunk_vectors.model IS 'The key of the model: vectors of two models are never compared.';

-- Name: COLUMN chunk_vectors.passage; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunk_vectors.passage IS 'Which passage of the chunk, from 0.';

-- Name: COLUMN chunk_vectors.embedding; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunk_vectors.embedding IS 'Length 1. Any dimension, the same one for a model.';

-- Name: chunks; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.chunks (
    tenant_id uuid NOT NULL,
    chunk_hash bytea NOT NULL,
    header text NOT NULL,
    body text NOT NULL,
    format text NOT NULL,
    chunker_version integer NOT NULL,
    tokens integer NOT NULL,
    term_ids integer[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    terms public.sparsevec(1000000000) NOT NULL,
    CONSTRAINT chunks_chunk_hash_check CHECK ((octet_length(chunk_hash) = 32))
)
WITH (toast_tuple_target='3600');
ALTER TABLE ONLY syncd.chunks ALTER COLUMN chunk_hash SET STORAGE MAIN;
ALTER TABLE ONLY syncd.chunks ALTER COLUMN header SET STORAGE MAIN;
ALTER TABLE ONLY syncd.chunks ALTER COLUMN format SET STORAGE MAIN;
ALTER TABLE ONLY syncd.chunks ALTER COLUMN term_ids SET STORAGE EXTERNAL;
ALTER TABLE ONLY syncd.chunks ALTER COLUMN terms SET STORAGE MAIN;

ALTER TABLE ONLY syncd.chunks FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.chunks OWNER TO syncd_owner;

-- Name: TABLE chunks; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.chunks IS 'What is searched, by SHA-256 of (header, body, format, chunker version). Immutable: an unchanged chunk is never tokenised again.';

-- Name: COLUMN chunks.chunker_version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunks.chunker_version IS 'Which rules cut it: another version is another chunk.';

-- Name: COLUMN chunks.term_ids; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunks.term_ids IS 'The search terms, ascending: what document frequencies are counted from.';

-- Name: COLUMN chunks.terms; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.chunks.terms IS 'BM25 impacts (term frequency part) by term id; a query multiplies them with its idf weights.';

-- Name: document_chunks; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.document_chunks (
    tenant_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    format text NOT NULL,
    title text NOT NULL,
    chunker_version integer NOT NULL,
    ordinal integer NOT NULL,
    chunk_hash bytea NOT NULL,
    titled boolean NOT NULL,
    headings text[] NOT NULL,
    anchor text,
    line_from integer NOT NULL,
    line_to integer NOT NULL,
    char_from integer NOT NULL,
    char_to integer NOT NULL,
    CONSTRAINT document_chunks_char_from_check CHECK ((char_from >= 0)),
    CONSTRAINT document_chunks_check CHECK ((line_to >= line_from)),
    CONSTRAINT document_chunks_check1 CHECK ((char_to > char_from)),
    CONSTRAINT document_chunks_line_from_check CHECK ((line_from >= 1)),
    CONSTRAINT document_chunks_ordinal_check CHECK ((ordinal >= 0))
);

ALTER TABLE ONLY syncd.document_chunks FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.document_chunks OWNER TO syncd_owner;

-- Name: TABLE document_chunks; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.document_chunks IS 'Where a chunk stands in a content: heading trail, anchor, lines (from 1, both ends included), characters (half open). The places of one content tile its text.';

-- Name: COLUMN document_chunks.chunker_version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.chunker_version IS 'Which rules cut the content: layouts of two versions stand side by side until the older one is collected.';

-- Name: COLUMN document_chunks.titled; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.titled IS 'The title stands in the content; a rename then needs no new layout.';

-- Name: COLUMN document_chunks.headings; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.headings IS 'The trail of headings down to this place.';

-- Name: COLUMN document_chunks.line_from; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.line_from IS 'First line, counted from 1.';

-- Name: COLUMN document_chunks.line_to; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.line_to IS 'Last line, included.';

-- Name: COLUMN document_chunks.char_from; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.char_from IS 'Where it begins in the text, in characters from 0.';

-- Name: COLUMN document_chunks.char_to; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.document_chunks.char_to IS 'Where it ends, not included.';

-- Name: documents; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.documents (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    document_id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY syncd.documents FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.documents OWNER TO syncd_owner;

-- Name: TABLE documents; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.documents IS 'The identity of a document: it outlives renames, deletion and return. Everything else about it is a version.';

-- Name: github_installations; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.github_installations (
    tenant_id uuid NOT NULL,
    installation_id bigint NOT NULL,
    account text NOT NULL,
    bound_at timestamp with time zone NOT NULL,
    CONSTRAINT github_installations_account_check CHECK (((length(account) >= 1) AND (length(account) <= 100))),
    CONSTRAINT github_installations_installation_id_check CHECK ((installation_id > 0))
);

ALTER TABLE ONLY syncd.github_installations FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.github_installations OWNER TO syncd_owner;

-- Name: TABLE github_installations; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.github_installations IS 'The installations of the GitHub App that a tenant may read through. Bound by a signed set-up state, and to one tenant only.';

-- Name: COLUMN github_installations.installation_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_installations.installation_id IS 'GitHub''s id of the installation; it is never used again.';

-- Name: COLUMN github_installations.account; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_installations.account IS 'Login of the user or organisation where the App was installed, as it was then.';

-- Name: COLUMN github_installations.bound_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_installations.bound_at IS 'When it was bound.';

-- Name: github_setups; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.github_setups (
    tenant_id uuid NOT NULL,
    nonce uuid NOT NULL,
    installation_id bigint NOT NULL,
    used_at timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL
);

ALTER TABLE ONLY syncd.github_setups FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.github_setups OWNER TO syncd_owner;

-- Name: TABLE github_setups; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.github_setups IS 'Set-up states that were used, so that each works once. A row is removed when its state has expired.';

-- Name: COLUMN github_setups.nonce; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_setups.nonce IS 'What tells one state from another; worthless without its signature.';

-- Name: COLUMN github_setups.installation_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_setups.installation_id IS 'What it was used for.';

-- Name: COLUMN github_setups.used_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_setups.used_at IS 'When.';

-- Name: COLUMN github_setups.valid_until; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.github_setups.valid_until IS 'When the state expires: until then it must be known as used.';

-- Name: idempotent_requests; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.idempotent_requests (
    tenant_id uuid NOT NULL,
    request_hash bytea NOT NULL,
    body_hash bytea NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    status integer,
    answer text,
    CONSTRAINT idempotent_requests_answer_check CHECK ((length(answer) <= 65536)),
    CONSTRAINT idempotent_requests_body_hash_check CHECK ((octet_length(body_hash) = 32)),
    CONSTRAINT idempotent_requests_request_hash_check CHECK ((octet_length(request_hash) = 32))
);

ALTER TABLE ONLY syncd.idempotent_requests FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.idempotent_requests OWNER TO syncd_owner;

-- Name: TABLE idempotent_requests; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.idempotent_requests IS 'Writes over REST that carry an Idempotency-Key, with their answers: the same request gets the same answer for a day and is done once.';

-- Name: COLUMN idempotent_requests.request_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.idempotent_requests.request_hash IS 'SHA-256 of caller, method, path and key.';

-- Name: COLUMN idempotent_requests.body_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.idempotent_requests.body_hash IS 'SHA-256 of the body: the same key with another body is a mistake.';

-- Name: COLUMN idempotent_requests.claimed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.idempotent_requests.claimed_at IS 'When it was begun. One that has no answer after a minute was killed, and may be begun again.';

-- Name: COLUMN idempotent_requests.status; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.idempotent_requests.status IS 'The status of the answer; null while it is under way.';

-- Name: COLUMN idempotent_requests.answer; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.idempotent_requests.answer IS 'The body of the answer, without secrets.';

-- Name: links; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.links (
    tenant_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    format text NOT NULL,
    ordinal integer NOT NULL,
    line integer NOT NULL,
    target text NOT NULL,
    text text NOT NULL,
    target_name text GENERATED ALWAYS AS (NULLIF("left"(regexp_replace(regexp_replace(regexp_replace(regexp_replace(target, '[?#].*$'::text, ''::text), '/+$'::text, ''::text), '^.*/'::text, ''::text), '\.[A-Za-z]+$'::text, ''::text), 100), ''::text)) STORED,
    kind text DEFAULT 'url'::text NOT NULL,
    CONSTRAINT links_kind_check CHECK ((kind = ANY (ARRAY['url'::text, 'label'::text, 'any'::text]))),
    CONSTRAINT links_ordinal_check CHECK ((ordinal >= 0))
);

ALTER TABLE ONLY syncd.links FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.links OWNER TO syncd_owner;

-- Name: TABLE links; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.links IS 'Links as written in a content. Resolved by path and revision when read.';

-- Name: COLUMN links.target_name; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.links.target_name IS 'The last name of the target without its extension; null for an anchor of the same document.';

-- Name: COLUMN links.kind; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.links.kind IS 'What the target is: a relative URL; a label, known in all of the project; or either of them, or nothing of ours.';

-- Name: lock_events; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.lock_events (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    event_id uuid DEFAULT gen_random_uuid() NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text,
    fence bigint,
    previous_holder text,
    request_id text DEFAULT "left"(NULLIF(current_setting('syncd.request'::text, true), ''::text), 64),
    CONSTRAINT lock_events_action_check CHECK ((action = ANY (ARRAY['acquire'::text, 'renew_lost'::text, 'release'::text, 'expire_takeover'::text, 'freeze'::text, 'unfreeze'::text, 'freeze_ended'::text, 'force_release'::text, 'clamp'::text, 'redis_rebuilt'::text])))
);

ALTER TABLE ONLY syncd.lock_events FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.lock_events OWNER TO syncd_owner;

-- Name: TABLE lock_events; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.lock_events IS 'Append-only history of every lock. No role of a service may update or delete a row.';

-- Name: COLUMN lock_events.reason; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.lock_events.reason IS 'Why, in the words of the actor.';

-- Name: COLUMN lock_events.fence; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.lock_events.fence IS 'The fence that the event made or ended.';

-- Name: COLUMN lock_events.previous_holder; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.lock_events.previous_holder IS 'Who held the lock until then.';

-- Name: COLUMN lock_events.request_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.lock_events.request_id IS 'The request over REST or MCP that made it, as its transaction named it; null for a daemon or a command.';

-- Name: outlines; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.outlines (
    tenant_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    format text NOT NULL,
    language text,
    metadata jsonb NOT NULL,
    fallback text,
    CONSTRAINT outlines_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text))
);

ALTER TABLE ONLY syncd.outlines FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.outlines OWNER TO syncd_owner;

-- Name: TABLE outlines; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.outlines IS 'What a content says of itself, read in a format. No row: it was cut by a release that did not look.';

-- Name: COLUMN outlines.language; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.outlines.language IS 'The language that it says it is written in; of a notebook, that of its code.';

-- Name: COLUMN outlines.metadata; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.outlines.metadata IS 'Its front matter, document header or the like: texts by name.';

-- Name: COLUMN outlines.fallback; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.outlines.fallback IS 'Why it is cut as plain text although its format has a structure; null: it is not.';

-- Name: platform_keys; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.platform_keys (
    key_id text NOT NULL,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT platform_keys_key_id_check CHECK ((key_id ~ '^[0-9A-Za-z]{12}$'::text)),
    CONSTRAINT platform_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT platform_keys_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

ALTER TABLE syncd.platform_keys OWNER TO syncd_owner;

-- Name: TABLE platform_keys; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.platform_keys IS 'Control table: keys of whoever runs the installation. They act for any tenant, over REST only, so they belong to none. Only the SHA-256 of the secret is stored.';

-- Name: COLUMN platform_keys.secret_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.platform_keys.secret_hash IS 'SHA-256 of the secret. No role of a service can read it.';

-- Name: COLUMN platform_keys.last_used_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.platform_keys.last_used_at IS 'True to a minute, so that reading stays reading.';

-- Name: project_embeddings; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.project_embeddings (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    model text NOT NULL COLLATE pg_catalog."C",
    dimensions integer,
    revision integer DEFAULT 0 NOT NULL,
    chunker_version integer DEFAULT 0 NOT NULL,
    chunks integer DEFAULT 0 NOT NULL,
    embedded integer DEFAULT 0 NOT NULL,
    completed_at timestamp with time zone,
    reason text,
    message text,
    claim uuid,
    claimed_until timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT project_embeddings_chunks_check CHECK ((chunks >= 0)),
    CONSTRAINT project_embeddings_dimensions_check CHECK ((dimensions >= 1)),
    CONSTRAINT project_embeddings_embedded_check CHECK ((embedded >= 0)),
    CONSTRAINT project_embeddings_revision_check CHECK ((revision >= 0))
);

ALTER TABLE ONLY syncd.project_embeddings FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.project_embeddings OWNER TO syncd_owner;

-- Name: TABLE project_embeddings; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.project_embeddings IS 'How far the vectors of a project''s published revision are, by model, and who is making them.';

-- Name: COLUMN project_embeddings.model; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.model IS 'The key of the model, as in chunk_vectors.';

-- Name: COLUMN project_embeddings.dimensions; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.dimensions IS 'How long its vectors are; null until there is one.';

-- Name: COLUMN project_embeddings.revision; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.revision IS 'The revision that chunks and embedded were counted at.';

-- Name: COLUMN project_embeddings.chunker_version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.chunker_version IS 'The chunker that had cut the project then.';

-- Name: COLUMN project_embeddings.embedded; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.embedded IS 'How many of the chunks have vectors.';

-- Name: COLUMN project_embeddings.completed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.completed_at IS 'When all of them had, for the first time: from then on searches use this model.';

-- Name: COLUMN project_embeddings.reason; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.reason IS 'What hinders the work, by the code of an error; null when nothing does.';

-- Name: COLUMN project_embeddings.message; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.message IS 'The same in a sentence.';

-- Name: COLUMN project_embeddings.claim; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.claim IS 'Drawn by the daemon that works on it; a write without it is not made.';

-- Name: COLUMN project_embeddings.claimed_until; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.claimed_until IS 'When the claim of a daemon that died is free again.';

-- Name: COLUMN project_embeddings.updated_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_embeddings.updated_at IS 'When it was last worked on.';

-- Name: project_leases; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.project_leases (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    nonce uuid,
    holder text,
    acquired_at timestamp with time zone,
    freeze_id uuid,
    frozen_by text,
    frozen_at timestamp with time zone,
    freeze_until timestamp with time zone,
    freeze_reason text,
    redis_due uuid
)
WITH (fillfactor='50');

ALTER TABLE ONLY syncd.project_leases FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.project_leases OWNER TO syncd_owner;

-- Name: TABLE project_leases; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.project_leases IS 'The authority behind the Redis lock: who may write now (fence and nonce), and the durable freeze.';

-- Name: COLUMN project_leases.fence; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.fence IS 'Grows by one with every holder. A write that names an older one is refused.';

-- Name: COLUMN project_leases.nonce; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.nonce IS 'Random secret of the holder: a fence can be guessed, this cannot. Only the daemon''s role can read it.';

-- Name: COLUMN project_leases.holder; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.holder IS 'Who minted the fence: shown to operators.';

-- Name: COLUMN project_leases.acquired_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.acquired_at IS 'When the fence was minted.';

-- Name: COLUMN project_leases.freeze_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.freeze_id IS 'Set while a person holds the project frozen.';

-- Name: COLUMN project_leases.frozen_by; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.frozen_by IS 'Who froze it.';

-- Name: COLUMN project_leases.frozen_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.frozen_at IS 'Since when.';

-- Name: COLUMN project_leases.freeze_until; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.freeze_until IS 'Until when; null until it is lifted. A time that has passed is no freeze.';

-- Name: COLUMN project_leases.freeze_reason; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.freeze_reason IS 'Why, in the words of who froze it.';

-- Name: COLUMN project_leases.redis_due; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.project_leases.redis_due IS 'Set when a person changed what Redis must show; cleared by the daemon that has told Redis. Random, so that a later change is never taken for an earlier one.';

-- Name: projects; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.projects (
    tenant_id uuid NOT NULL,
    project_id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    repository text,
    repository_id bigint,
    folder text,
    branch text,
    docs_path text,
    include text[] DEFAULT '{}'::text[] NOT NULL,
    exclude text[] DEFAULT '{}'::text[] NOT NULL,
    credential bytea,
    condition text DEFAULT 'waiting'::text NOT NULL,
    reason text,
    message text,
    hint text,
    next_try_at timestamp with time zone,
    checked_at timestamp with time zone,
    attempted_at timestamp with time zone,
    desired_commit text,
    held_tree_sha text,
    revision integer DEFAULT 0 NOT NULL,
    synced_commit text,
    tree_sha text,
    source_mark text,
    selection_hash bytea,
    synced_docs_path text,
    synced_at timestamp with time zone,
    documents integer DEFAULT 0 NOT NULL,
    chunks integer DEFAULT 0 NOT NULL,
    skipped integer DEFAULT 0 NOT NULL,
    removed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    chunker_version integer DEFAULT 1 NOT NULL,
    compared_at timestamp with time zone,
    commit_status boolean DEFAULT false NOT NULL,
    status_mark text,
    CONSTRAINT projects_check CHECK (((source = 'github'::text) = (repository IS NOT NULL))),
    CONSTRAINT projects_check1 CHECK (((source = 'folder'::text) = (folder IS NOT NULL))),
    CONSTRAINT projects_chunker_version_check CHECK ((chunker_version >= 1)),
    CONSTRAINT projects_condition_check CHECK ((condition = ANY (ARRAY['waiting'::text, 'syncing'::text, 'ready'::text, 'frozen'::text, 'stalled'::text]))),
    CONSTRAINT projects_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'::text)),
    CONSTRAINT projects_source_check CHECK ((source = ANY (ARRAY['github'::text, 'folder'::text]))),
    CONSTRAINT projects_status_mark_check CHECK ((length(status_mark) <= 200))
)
WITH (fillfactor='80');

ALTER TABLE ONLY syncd.projects FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.projects OWNER TO syncd_owner;

-- Name: TABLE projects; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.projects IS 'What is mirrored: a source, what of it, and the state that is published. documents, chunks and skipped count the published revision.';

-- Name: COLUMN projects.repository_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.repository_id IS 'The source''s own id of the repository: it stays when the repository is renamed, and changes when another takes its name.';

-- Name: COLUMN projects.include; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.include IS 'Globs of more files that are documents, beside the formats known by extension.';

-- Name: COLUMN projects.exclude; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.exclude IS 'Globs of files that are no documents, whatever includes them.';

-- Name: COLUMN projects.credential; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.credential IS 'AES-256-GCM ciphertext of the source''s token, bound to tenant and project. Agents'' role cannot read it.';

-- Name: COLUMN projects.condition; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.condition IS 'How the project stands: waiting, syncing, ready, frozen, or stalled until a person acts.';

-- Name: COLUMN projects.reason; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.reason IS 'Code of the trouble that condition speaks of; message and hint say it in words.';

-- Name: COLUMN projects.next_try_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.next_try_at IS 'When a project in trouble is tried again by itself.';

-- Name: COLUMN projects.checked_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.checked_at IS 'When the source was last seen to be what is published.';

-- Name: COLUMN projects.attempted_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.attempted_at IS 'When the last look at the source that has ended, however it ended, began: what changed before then was seen.';

-- Name: COLUMN projects.desired_commit; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.desired_commit IS 'The commit that the source was last seen at.';

-- Name: COLUMN projects.held_tree_sha; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.held_tree_sha IS 'A tree that would remove most documents, seen once. Seen again, it is believed.';

-- Name: COLUMN projects.revision; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.revision IS 'Counts the published states of the project; 0 before the first.';

-- Name: COLUMN projects.synced_commit; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.synced_commit IS 'The commit of the published revision; null for a folder that is not a clean work tree.';

-- Name: COLUMN projects.tree_sha; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.tree_sha IS 'SHA of the docs tree that is published: the same tree is not listed again.';

-- Name: COLUMN projects.source_mark; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.source_mark IS 'What the source gave for the synced head (an ETag): an unchanged head costs one conditional request.';

-- Name: COLUMN projects.selection_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.selection_hash IS 'Hash of docs path, globs and limits at the last sync: a change of them makes the same tree a new question.';

-- Name: COLUMN projects.synced_docs_path; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.synced_docs_path IS 'Where the published docs stand in the source, also when docs_path was left to be found.';

-- Name: COLUMN projects.synced_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.synced_at IS 'When the published commit became visible.';

-- Name: COLUMN projects.removed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.removed_at IS 'Set by a person; the daemon then deletes the project under its lease. Readers stop seeing it at once.';

-- Name: COLUMN projects.chunker_version; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.chunker_version IS 'No version of the project is read by an older layout: what says whether there is something to cut anew.';

-- Name: COLUMN projects.compared_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.compared_at IS 'When the complete listing of the source was last held against every stored document; null before the first time.';

-- Name: COLUMN projects.commit_status; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.commit_status IS 'Whether the outcome of a sync is told to GitHub, as a status of the commit.';

-- Name: COLUMN projects.status_mark; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.projects.status_mark IS 'What GitHub was last told: commit, state, and revision or reason. The same is not told twice.';

-- Name: repository_routes; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.repository_routes (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    repository_id bigint NOT NULL
);

ALTER TABLE syncd.repository_routes OWNER TO syncd_owner;

-- Name: TABLE repository_routes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.repository_routes IS 'Control table: which projects a repository''s deliveries lead to, of any tenant. Kept by a trigger on projects; no role of a service can read it.';

-- Name: COLUMN repository_routes.repository_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.repository_routes.repository_id IS 'As in projects.';

-- Name: schema_migrations; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE syncd.schema_migrations OWNER TO syncd_owner;

-- Name: TABLE schema_migrations; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.schema_migrations IS 'Control table of `syncd migrate`: which migrations this database has run. Made by the runner before the first of them.';

-- Name: COLUMN schema_migrations.checksum; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.schema_migrations.checksum IS 'SHA-256 of the file with LF line ends: an applied file may not change.';

-- Name: sessions; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.sessions (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    former_secret_hash bytea,
    generation integer DEFAULT 1 NOT NULL,
    refresh_hash bytea NOT NULL,
    former_refresh_hash bytea,
    refreshed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    idle_until timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_former_refresh_hash_check CHECK ((octet_length(former_refresh_hash) = 32)),
    CONSTRAINT sessions_former_secret_hash_check CHECK ((octet_length(former_secret_hash) = 32)),
    CONSTRAINT sessions_generation_check CHECK ((generation >= 1)),
    CONSTRAINT sessions_refresh_hash_check CHECK ((octet_length(refresh_hash) = 32)),
    CONSTRAINT sessions_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

ALTER TABLE ONLY syncd.sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.sessions OWNER TO syncd_owner;

-- Name: TABLE sessions; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.sessions IS 'Signed-in users. A cookie names tenant and session and proves itself by a secret, of which only the SHA-256 is here; it is asked for at every request.';

-- Name: COLUMN sessions.session_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.session_id IS 'Which session: it stands in both of its tokens.';

-- Name: COLUMN sessions.user_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.user_id IS 'Who is signed in.';

-- Name: COLUMN sessions.secret_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.secret_hash IS 'SHA-256 of the secret in the session''s cookie.';

-- Name: COLUMN sessions.former_secret_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.former_secret_hash IS 'The one before the last refresh: requests that were under way then are still answered, for seconds.';

-- Name: COLUMN sessions.generation; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.generation IS 'Counts the refresh tokens of the session. An older one that is shown again was stolen: the session ends.';

-- Name: COLUMN sessions.refresh_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.refresh_hash IS 'SHA-256 of the secret in the refresh token that works now, once.';

-- Name: COLUMN sessions.former_refresh_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.former_refresh_hash IS 'The one before: a browser that asks twice at once is no thief.';

-- Name: COLUMN sessions.refreshed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.refreshed_at IS 'When the tokens were last replaced.';

-- Name: COLUMN sessions.expires_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.expires_at IS 'When the session''s cookie stops working unless it is refreshed.';

-- Name: COLUMN sessions.idle_until; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.idle_until IS 'When the refresh token stops working.';

-- Name: COLUMN sessions.ends_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.ends_at IS 'When the session ends, however often it was refreshed.';

-- Name: COLUMN sessions.ended_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sessions.ended_at IS 'When it was ended: by signing out, by an admin, or because a token was stolen.';

-- Name: sign_in_links; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.sign_in_links (
    tenant_id uuid NOT NULL,
    link_id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_links_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

ALTER TABLE ONLY syncd.sign_in_links FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.sign_in_links OWNER TO syncd_owner;

-- Name: TABLE sign_in_links; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.sign_in_links IS 'Links that sign a user in once. Using one removes it; a new one of the same user replaces the old.';

-- Name: COLUMN sign_in_links.link_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sign_in_links.link_id IS 'Which link: it stands in the link beside the tenant.';

-- Name: COLUMN sign_in_links.user_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sign_in_links.user_id IS 'Whom it signs in.';

-- Name: COLUMN sign_in_links.secret_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sign_in_links.secret_hash IS 'SHA-256 of the secret in the link.';

-- Name: skipped_files; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.skipped_files (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    path bytea NOT NULL,
    reason text NOT NULL,
    size bigint,
    git_sha text COLLATE pg_catalog."C",
    revision_from integer NOT NULL,
    revision_to integer,
    path_hash bytea GENERATED ALWAYS AS (sha256(path)) STORED NOT NULL,
    CONSTRAINT skipped_files_check CHECK ((revision_to > revision_from)),
    CONSTRAINT skipped_files_path_check CHECK (((octet_length(path) >= 1) AND (octet_length(path) <= 8192))),
    CONSTRAINT skipped_files_revision_from_check CHECK ((revision_from >= 1))
);

ALTER TABLE ONLY syncd.skipped_files FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.skipped_files OWNER TO syncd_owner;

-- Name: TABLE skipped_files; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.skipped_files IS 'Files that match the project''s globs and are not mirrored, with the reason. path is bytes: it may not be UTF-8. Temporal like document_versions.';

-- Name: COLUMN skipped_files.reason; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.skipped_files.reason IS 'Why it is not mirrored: one of the reasons of docs/glossary.md.';

-- Name: COLUMN skipped_files.git_sha; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.skipped_files.git_sha IS 'The blob, where its content was the reason: it is not fetched again to find that out.';

-- Name: COLUMN skipped_files.revision_from; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.skipped_files.revision_from IS 'The first revision that skips it for this reason.';

-- Name: COLUMN skipped_files.revision_to; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.skipped_files.revision_to IS 'The first revision that does not; null while it is skipped.';

-- Name: COLUMN skipped_files.path_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.skipped_files.path_hash IS 'SHA-256 of path.';

-- Name: sync_queue; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.sync_queue (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    requested_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    delivered_at timestamp with time zone
)
WITH (fillfactor='50');

ALTER TABLE syncd.sync_queue OWNER TO syncd_owner;

-- Name: TABLE sync_queue; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.sync_queue IS 'Control table: when to look at which project next. requested_at is the dirty flag: a request during a run causes one more. Holds no content.';

-- Name: COLUMN sync_queue.due_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_queue.due_at IS 'When to look next. A claim moves it on, so that the project of a daemon that died comes back by itself.';

-- Name: COLUMN sync_queue.requested_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_queue.requested_at IS 'When somebody last asked for a look.';

-- Name: COLUMN sync_queue.failures; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_queue.failures IS 'Failures in a row: the pause before the next try grows with it.';

-- Name: COLUMN sync_queue.delivered_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_queue.delivered_at IS 'When the last signed push of the project''s repository was delivered: while its hook works, the project is polled seldom.';

-- Name: sync_runs; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.sync_runs (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid DEFAULT gen_random_uuid() NOT NULL,
    from_commit text COLLATE pg_catalog."C",
    to_commit text COLLATE pg_catalog."C",
    tree_sha text COLLATE pg_catalog."C",
    revision integer,
    outcome text NOT NULL,
    added integer DEFAULT 0 NOT NULL,
    modified integer DEFAULT 0 NOT NULL,
    renamed integer DEFAULT 0 NOT NULL,
    deleted integer DEFAULT 0 NOT NULL,
    skipped integer DEFAULT 0 NOT NULL,
    requests integer DEFAULT 0 NOT NULL,
    received_bytes bigint DEFAULT 0 NOT NULL,
    milliseconds jsonb DEFAULT '{}'::jsonb NOT NULL,
    fence bigint NOT NULL,
    error_code text,
    error_message text,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    history_rewritten boolean,
    CONSTRAINT sync_runs_outcome_check CHECK ((outcome = ANY (ARRAY['changed'::text, 'noop'::text, 'failed'::text])))
);

ALTER TABLE ONLY syncd.sync_runs FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.sync_runs OWNER TO syncd_owner;

-- Name: TABLE sync_runs; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.sync_runs IS 'One row a run that did or tried something; an unchanged poll leaves none. The row of a published commit is written in its transaction.';

-- Name: COLUMN sync_runs.from_commit; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.from_commit IS 'The commit that was published before.';

-- Name: COLUMN sync_runs.to_commit; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.to_commit IS 'The commit that the run looked at.';

-- Name: COLUMN sync_runs.tree_sha; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.tree_sha IS 'SHA of its docs tree.';

-- Name: COLUMN sync_runs.revision; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.revision IS 'The revision that is published after the run.';

-- Name: COLUMN sync_runs.milliseconds; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.milliseconds IS 'Wall time by phase: gather, plan, fetch, chunk, apply.';

-- Name: COLUMN sync_runs.fence; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.fence IS 'The fence it wrote under: orders runs beyond any clock.';

-- Name: COLUMN sync_runs.error_code; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.error_code IS 'The trouble of a failed run; null otherwise.';

-- Name: COLUMN sync_runs.error_message; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.error_message IS 'The same in a sentence.';

-- Name: COLUMN sync_runs.history_rewritten; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.sync_runs.history_rewritten IS 'The commit of the run does not descend from the one before it (a force-push); null where nobody could tell.';

-- Name: tenant_quotas; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.tenant_quotas (
    tenant_id uuid NOT NULL,
    calls_per_day bigint,
    tokens_per_day bigint,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tenant_quotas_calls_per_day_check CHECK ((calls_per_day >= 0)),
    CONSTRAINT tenant_quotas_tokens_per_day_check CHECK ((tokens_per_day >= 0))
);

ALTER TABLE ONLY syncd.tenant_quotas FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.tenant_quotas OWNER TO syncd_owner;

-- Name: TABLE tenant_quotas; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.tenant_quotas IS 'How much the agents of a tenant may ask in a day (UTC). No row, or null: as much as they like.';

-- Name: COLUMN tenant_quotas.calls_per_day; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.tenant_quotas.calls_per_day IS 'Answered requests of a day.';

-- Name: COLUMN tenant_quotas.tokens_per_day; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.tenant_quotas.tokens_per_day IS 'Tokens of the answers of a day.';

-- Name: tenants; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.tenants (
    tenant_id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT tenants_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text))
);

ALTER TABLE syncd.tenants OWNER TO syncd_owner;

-- Name: TABLE tenants; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.tenants IS 'Control table: who uses this installation. Holds no content, so it has no row policy; agents cannot see it.';

-- Name: COLUMN tenants.removed_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.tenants.removed_at IS 'Set by a person: keys and users of the tenant are refused at once, the daemon deletes its projects, then the row.';

-- Name: term_stats; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.term_stats (
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    term_id integer NOT NULL,
    document_frequency integer NOT NULL
)
WITH (fillfactor='80');

ALTER TABLE ONLY syncd.term_stats FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.term_stats OWNER TO syncd_owner;

-- Name: TABLE term_stats; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.term_stats IS 'In how many chunk places of the project''s published revision a term stands: the idf of BM25. Kept by difference in the publishing transaction.';

-- Name: COLUMN term_stats.term_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.term_stats.term_id IS 'Hash of the term: the position in chunks.terms.';

-- Name: COLUMN term_stats.document_frequency; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.term_stats.document_frequency IS 'Chunk places that hold the term; rows that fell to 0 stay.';

-- Name: trusted_issuers; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.trusted_issuers (
    tenant_id uuid NOT NULL,
    issuer text NOT NULL,
    claim_value text NOT NULL,
    trusted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT trusted_issuers_claim_value_check CHECK (((length(claim_value) >= 1) AND (length(claim_value) <= 200))),
    CONSTRAINT trusted_issuers_issuer_check CHECK (((length(issuer) >= 1) AND (length(issuer) <= 500)))
);

ALTER TABLE ONLY syncd.trusted_issuers FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.trusted_issuers OWNER TO syncd_owner;

-- Name: TABLE trusted_issuers; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.trusted_issuers IS 'The tokens that a tenant trusts: of which issuer, with which value of the claim that names a tenant there.';

-- Name: COLUMN trusted_issuers.issuer; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.trusted_issuers.issuer IS 'The issuer (iss) exactly as its tokens name it.';

-- Name: COLUMN trusted_issuers.claim_value; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.trusted_issuers.claim_value IS 'Value of the claim SYNCD_OAUTH_TENANT_CLAIM.';

-- Name: COLUMN trusted_issuers.trusted_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.trusted_issuers.trusted_at IS 'Since when.';

-- Name: usage_events; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.usage_events (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    key_id text NOT NULL,
    tool text NOT NULL,
    calls bigint NOT NULL,
    refused bigint NOT NULL,
    failed bigint NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    tokens bigint NOT NULL,
    milliseconds double precision NOT NULL,
    unrecorded bigint NOT NULL
);

ALTER TABLE ONLY syncd.usage_events FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.usage_events OWNER TO syncd_owner;

-- Name: TABLE usage_events; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.usage_events IS 'What agents asked by day (UTC), key and tool, kept for good. Written by record_requests only.';

-- Name: COLUMN usage_events.day; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.day IS 'Day in UTC.';

-- Name: COLUMN usage_events.tool; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.tool IS 'As in agent_requests.';

-- Name: COLUMN usage_events.calls; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.calls IS 'All requests, refused and failed ones too.';

-- Name: COLUMN usage_events.refused; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.refused IS 'Of these, refused by a limit: they count against no quota.';

-- Name: COLUMN usage_events.failed; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.failed IS 'Of these, answered by an error.';

-- Name: COLUMN usage_events.rows; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.rows IS 'As in agent_requests, added up.';

-- Name: COLUMN usage_events.bytes; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.bytes IS 'As in agent_requests, added up.';

-- Name: COLUMN usage_events.tokens; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.tokens IS 'As in agent_requests, added up.';

-- Name: COLUMN usage_events.milliseconds; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.milliseconds IS 'As in agent_requests, added up.';

-- Name: COLUMN usage_events.unrecorded; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.usage_events.unrecorded IS 'Requests that are counted here and have no row in agent_requests: more came than could be written.';

-- Name: users; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.users (
    tenant_id uuid NOT NULL,
    user_id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    username text NOT NULL,
    display_name text NOT NULL,
    role text NOT NULL,
    password_hash text,
    active boolean DEFAULT true NOT NULL,
    last_seen_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 100))),
    CONSTRAINT users_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
    CONSTRAINT users_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text]))),
    CONSTRAINT users_username_check CHECK ((username ~ '^[A-Za-z0-9_]{3,50}$'::text))
);

ALTER TABLE ONLY syncd.users FORCE ROW LEVEL SECURITY;

ALTER TABLE syncd.users OWNER TO syncd_owner;

-- Name: TABLE users; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.users IS 'People who sign in. A user belongs to one tenant: whoever works for two has two, so that no tenant''s admin can act in another (decision 7).';

-- Name: COLUMN users.user_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.user_id IS 'Random: who a session, a link or an action belongs to.';

-- Name: COLUMN users.email; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.email IS 'What they sign in with: normalised, so that equal addresses are equal text.';

-- Name: COLUMN users.username; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.username IS 'Shown as who did something. Unique in the tenant, whatever its case.';

-- Name: COLUMN users.display_name; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.display_name IS 'What they are called.';

-- Name: COLUMN users.role; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.role IS 'What they may do: docs/rest.md has the table.';

-- Name: COLUMN users.password_hash; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.password_hash IS 'argon2id, with its parameters. Null until the user has chosen a password.';

-- Name: COLUMN users.last_seen_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.users.last_seen_at IS 'When they last signed in, or their session was last refreshed.';

-- Name: webhook_deliveries; Type: TABLE; Schema: syncd; Owner: syncd_owner

CREATE TABLE syncd.webhook_deliveries (
    delivery_id text NOT NULL,
    event text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    result text NOT NULL,
    CONSTRAINT webhook_deliveries_delivery_id_check CHECK ((delivery_id ~ '^[0-9A-Za-z-]{1,64}$'::text)),
    CONSTRAINT webhook_deliveries_event_check CHECK ((event ~ '^[a-z_]{1,64}$'::text)),
    CONSTRAINT webhook_deliveries_result_check CHECK ((result = ANY (ARRAY['due'::text, 'ignored'::text])))
);

ALTER TABLE syncd.webhook_deliveries OWNER TO syncd_owner;

-- Name: TABLE webhook_deliveries; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON TABLE syncd.webhook_deliveries IS 'Control table: signed deliveries that were taken in, so that each counts once. Holds nothing of their content; old rows are removed by the daemon.';

-- Name: COLUMN webhook_deliveries.delivery_id; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.webhook_deliveries.delivery_id IS 'The GUID that GitHub gave it (X-GitHub-Delivery); a redelivery has the same.';

-- Name: COLUMN webhook_deliveries.event; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.webhook_deliveries.event IS 'Name of the event (X-GitHub-Event).';

-- Name: COLUMN webhook_deliveries.received_at; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.webhook_deliveries.received_at IS 'When it came.';

-- Name: COLUMN webhook_deliveries.result; Type: COMMENT; Schema: syncd; Owner: syncd_owner

COMMENT ON COLUMN syncd.webhook_deliveries.result IS 'due: projects of its repositories were marked due; ignored: nobody mirrors them, or the event says nothing of docs.';

-- Name: agent_requests agent_requests_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_requests
    ADD CONSTRAINT agent_requests_pkey PRIMARY KEY (tenant_id, request_id);

-- Name: agent_session_notes agent_session_notes_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_notes
    ADD CONSTRAINT agent_session_notes_pkey PRIMARY KEY (tenant_id, session_id, note_id);

-- Name: agent_session_notes agent_session_notes_tenant_id_session_id_number_key; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_notes
    ADD CONSTRAINT agent_session_notes_tenant_id_session_id_number_key UNIQUE (tenant_id, session_id, number);

-- Name: agent_session_participants agent_session_participants_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_participants
    ADD CONSTRAINT agent_session_participants_pkey PRIMARY KEY (tenant_id, session_id, key_id);

-- Name: agent_session_pins agent_session_pins_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_pins
    ADD CONSTRAINT agent_session_pins_pkey PRIMARY KEY (tenant_id, session_id, project_id);

-- Name: agent_sessions agent_sessions_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_sessions
    ADD CONSTRAINT agent_sessions_pkey PRIMARY KEY (tenant_id, session_id);

-- Name: anchors anchors_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.anchors
    ADD CONSTRAINT anchors_pkey PRIMARY KEY (tenant_id, content_hash, format, name);

-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, key_id);

-- Name: blobs blobs_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (tenant_id, content_hash);

-- Name: chunk_vectors chunk_vectors_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.chunk_vectors
    ADD CONSTRAINT chunk_vectors_pkey PRIMARY KEY (tenant_id, chunk_hash, model, passage);

-- Name: chunks chunks_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (tenant_id, chunk_hash);

-- Name: document_chunks document_chunks_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_chunks
    ADD CONSTRAINT document_chunks_pkey PRIMARY KEY (tenant_id, content_hash, format, title, chunker_version, ordinal);

-- Name: document_versions document_versions_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_versions
    ADD CONSTRAINT document_versions_pkey PRIMARY KEY (tenant_id, project_id, document_id, revision_from);

-- Name: documents documents_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (tenant_id, project_id, document_id);

-- Name: github_installations github_installations_one_tenant; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.github_installations
    ADD CONSTRAINT github_installations_one_tenant UNIQUE (installation_id);

-- Name: github_installations github_installations_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.github_installations
    ADD CONSTRAINT github_installations_pkey PRIMARY KEY (tenant_id, installation_id);

-- Name: github_setups github_setups_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.github_setups
    ADD CONSTRAINT github_setups_pkey PRIMARY KEY (tenant_id, nonce);

-- Name: idempotent_requests idempotent_requests_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.idempotent_requests
    ADD CONSTRAINT idempotent_requests_pkey PRIMARY KEY (tenant_id, request_hash);

-- Name: links links_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (tenant_id, content_hash, format, ordinal);

-- Name: lock_events lock_events_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.lock_events
    ADD CONSTRAINT lock_events_pkey PRIMARY KEY (tenant_id, project_id, event_id);

-- Name: outlines outlines_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.outlines
    ADD CONSTRAINT outlines_pkey PRIMARY KEY (tenant_id, content_hash, format);

-- Name: platform_keys platform_keys_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.platform_keys
    ADD CONSTRAINT platform_keys_pkey PRIMARY KEY (key_id);

-- Name: project_embeddings project_embeddings_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.project_embeddings
    ADD CONSTRAINT project_embeddings_pkey PRIMARY KEY (tenant_id, project_id, model);

-- Name: project_leases project_leases_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.project_leases
    ADD CONSTRAINT project_leases_pkey PRIMARY KEY (tenant_id, project_id);

-- Name: projects projects_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (tenant_id, project_id);

-- Name: repository_routes repository_routes_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.repository_routes
    ADD CONSTRAINT repository_routes_pkey PRIMARY KEY (tenant_id, project_id);

-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, session_id);

-- Name: sign_in_links sign_in_links_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (tenant_id, link_id);

-- Name: skipped_files skipped_files_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.skipped_files
    ADD CONSTRAINT skipped_files_pkey PRIMARY KEY (tenant_id, project_id, path_hash, revision_from);

-- Name: sync_queue sync_queue_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sync_queue
    ADD CONSTRAINT sync_queue_pkey PRIMARY KEY (tenant_id, project_id);

-- Name: sync_runs sync_runs_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sync_runs
    ADD CONSTRAINT sync_runs_pkey PRIMARY KEY (tenant_id, project_id, run_id);

-- Name: tenant_quotas tenant_quotas_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.tenant_quotas
    ADD CONSTRAINT tenant_quotas_pkey PRIMARY KEY (tenant_id);

-- Name: tenants tenants_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id);

-- Name: term_stats term_stats_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.term_stats
    ADD CONSTRAINT term_stats_pkey PRIMARY KEY (tenant_id, project_id, term_id);

-- Name: trusted_issuers trusted_issuers_one_tenant; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.trusted_issuers
    ADD CONSTRAINT trusted_issuers_one_tenant UNIQUE (issuer, claim_value);

-- Name: trusted_issuers trusted_issuers_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.trusted_issuers
    ADD CONSTRAINT trusted_issuers_pkey PRIMARY KEY (tenant_id, issuer, claim_value);

-- Name: usage_events usage_events_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.usage_events
    ADD CONSTRAINT usage_events_pkey PRIMARY KEY (tenant_id, day, key_id, tool);

-- Name: users users_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (tenant_id, user_id);

-- Name: users users_tenant_id_email_key; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.users
    ADD CONSTRAINT users_tenant_id_email_key UNIQUE (tenant_id, email);

-- Name: webhook_deliveries webhook_deliveries_pkey; Type: CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (delivery_id);

-- Name: agent_requests_by_time; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX agent_requests_by_time ON syncd.agent_requests USING btree (tenant_id, requested_at);

-- Name: agent_session_notes_by_author; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX agent_session_notes_by_author ON syncd.agent_session_notes USING btree (tenant_id, session_id, key_id);

-- Name: agent_session_notes_by_reply; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX agent_session_notes_by_reply ON syncd.agent_session_notes USING btree (tenant_id, session_id, reply_to);

-- Name: agent_session_pins_by_project; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX agent_session_pins_by_project ON syncd.agent_session_pins USING btree (tenant_id, project_id);

-- Name: agent_sessions_by_expiry; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX agent_sessions_by_expiry ON syncd.agent_sessions USING btree (tenant_id, expires_at DESC);

-- Name: anchors_by_label; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX anchors_by_label ON syncd.anchors USING btree (tenant_id, name) WHERE is_label;

-- Name: api_keys_by_key_id; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX api_keys_by_key_id ON syncd.api_keys USING btree (key_id);

-- Name: blobs_by_git_sha; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX blobs_by_git_sha ON syncd.blobs USING btree (tenant_id, git_sha);

-- Name: chunks_by_term; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX chunks_by_term ON syncd.chunks USING gin (tenant_id, term_ids) WITH (gin_pending_list_limit='512');

-- Name: document_chunks_by_chunk; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX document_chunks_by_chunk ON syncd.document_chunks USING btree (tenant_id, chunk_hash);

-- Name: document_versions_by_begin; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX document_versions_by_begin ON syncd.document_versions USING btree (tenant_id, project_id, revision_from);

-- Name: document_versions_by_content; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX document_versions_by_content ON syncd.document_versions USING btree (tenant_id, content_hash);

-- Name: document_versions_by_end; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX document_versions_by_end ON syncd.document_versions USING btree (tenant_id, project_id, revision_to) WHERE (revision_to IS NOT NULL);

-- Name: document_versions_by_path; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX document_versions_by_path ON syncd.document_versions USING btree (tenant_id, project_id, path, revision_from DESC);

-- Name: document_versions_current; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX document_versions_current ON syncd.document_versions USING btree (tenant_id, project_id, document_id) WHERE (revision_to IS NULL);

-- Name: document_versions_current_path; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX document_versions_current_path ON syncd.document_versions USING btree (tenant_id, project_id, path) WHERE (revision_to IS NULL);

-- Name: documents_by_id; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX documents_by_id ON syncd.documents USING btree (tenant_id, document_id);

-- Name: idempotent_requests_by_time; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX idempotent_requests_by_time ON syncd.idempotent_requests USING btree (tenant_id, claimed_at);

-- Name: links_by_target_name; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX links_by_target_name ON syncd.links USING btree (tenant_id, target_name) WHERE (target_name IS NOT NULL);

-- Name: lock_events_by_age; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX lock_events_by_age ON syncd.lock_events USING btree (tenant_id, at);

-- Name: lock_events_by_time; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX lock_events_by_time ON syncd.lock_events USING btree (tenant_id, project_id, at DESC, event_id DESC);

-- Name: outlines_cut_as_plain; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX outlines_cut_as_plain ON syncd.outlines USING btree (tenant_id, content_hash, format) WHERE (fallback IS NOT NULL);

-- Name: project_leases_to_show; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX project_leases_to_show ON syncd.project_leases USING btree (tenant_id, project_id) WHERE ((freeze_id IS NOT NULL) OR (redis_due IS NOT NULL));

-- Name: projects_by_name; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX projects_by_name ON syncd.projects USING btree (tenant_id, name) WHERE (removed_at IS NULL);

-- Name: repository_routes_by_repository; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX repository_routes_by_repository ON syncd.repository_routes USING btree (repository_id);

-- Name: sessions_by_user; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sessions_by_user ON syncd.sessions USING btree (tenant_id, user_id);

-- Name: sign_in_links_by_user; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX sign_in_links_by_user ON syncd.sign_in_links USING btree (tenant_id, user_id);

-- Name: sync_queue_by_due; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sync_queue_by_due ON syncd.sync_queue USING btree (due_at);

-- Name: sync_runs_by_commit; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sync_runs_by_commit ON syncd.sync_runs USING btree (tenant_id, project_id, to_commit, started_at DESC) WHERE (outcome <> 'failed'::text);

-- Name: sync_runs_by_revision; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sync_runs_by_revision ON syncd.sync_runs USING btree (tenant_id, project_id, revision, started_at DESC) WHERE (outcome <> 'failed'::text);

-- Name: sync_runs_by_time; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sync_runs_by_time ON syncd.sync_runs USING btree (tenant_id, project_id, started_at DESC);

-- Name: sync_runs_forgettable; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX sync_runs_forgettable ON syncd.sync_runs USING btree (tenant_id, started_at) WHERE ((outcome = 'failed'::text) OR ((outcome = 'noop'::text) AND (NOT (from_commit IS DISTINCT FROM to_commit))));

-- Name: tenants_by_name; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX tenants_by_name ON syncd.tenants USING btree (name) WHERE (removed_at IS NULL);

-- Name: users_by_username; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE UNIQUE INDEX users_by_username ON syncd.users USING btree (tenant_id, lower(username));

-- Name: webhook_deliveries_by_time; Type: INDEX; Schema: syncd; Owner: syncd_owner

CREATE INDEX webhook_deliveries_by_time ON syncd.webhook_deliveries USING btree (received_at);

-- Name: projects lift_freeze_of_removed; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER lift_freeze_of_removed AFTER UPDATE OF removed_at ON syncd.projects FOR EACH ROW WHEN (((old.removed_at IS NULL) AND (new.removed_at IS NOT NULL))) EXECUTE FUNCTION syncd.lift_freeze_of_removed();

-- Name: projects prepare_project; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER prepare_project AFTER INSERT ON syncd.projects FOR EACH ROW EXECUTE FUNCTION syncd.prepare_project();

-- Name: anchors refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.anchors FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: blobs refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.blobs FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: chunks refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.chunks FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: document_chunks refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.document_chunks FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: document_versions refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.document_versions FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: documents refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.documents FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: links refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.links FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: outlines refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.outlines FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: projects refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE UPDATE OF revision, synced_commit, tree_sha, source_mark, selection_hash, synced_docs_path, synced_at, documents, chunks, skipped, chunker_version ON syncd.projects FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: skipped_files refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.skipped_files FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: sync_runs refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR UPDATE ON syncd.sync_runs FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: term_stats refuse_unfenced; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced BEFORE INSERT OR DELETE OR UPDATE ON syncd.term_stats FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: projects refuse_unfenced_delete; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced_delete BEFORE DELETE ON syncd.projects FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: sync_runs refuse_unfenced_delete; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER refuse_unfenced_delete BEFORE DELETE ON syncd.sync_runs FOR EACH STATEMENT WHEN ((CURRENT_USER <> 'syncd_account'::name)) EXECUTE FUNCTION syncd.refuse_unfenced();

-- Name: projects route_repository; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER route_repository AFTER INSERT OR UPDATE OF repository_id ON syncd.projects FOR EACH ROW EXECUTE FUNCTION syncd.route_repository();

-- Name: projects tell_status; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER tell_status AFTER INSERT OR DELETE ON syncd.projects FOR EACH ROW EXECUTE FUNCTION syncd.tell_status();

-- Name: projects tell_status_of_change; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER tell_status_of_change AFTER UPDATE ON syncd.projects FOR EACH ROW WHEN (((((((((((old.name IS DISTINCT FROM new.name) OR (old.branch IS DISTINCT FROM new.branch)) OR (old.condition IS DISTINCT FROM new.condition)) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.message IS DISTINCT FROM new.message)) OR (old.next_try_at IS DISTINCT FROM new.next_try_at)) OR (old.desired_commit IS DISTINCT FROM new.desired_commit)) OR (old.synced_commit IS DISTINCT FROM new.synced_commit)) OR (old.revision IS DISTINCT FROM new.revision)) OR (old.removed_at IS DISTINCT FROM new.removed_at))) EXECUTE FUNCTION syncd.tell_status();

-- Name: project_leases tell_status_of_freeze; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER tell_status_of_freeze AFTER UPDATE ON syncd.project_leases FOR EACH ROW WHEN ((((old.freeze_id IS DISTINCT FROM new.freeze_id) OR (old.freeze_until IS DISTINCT FROM new.freeze_until)) OR (old.freeze_reason IS DISTINCT FROM new.freeze_reason))) EXECUTE FUNCTION syncd.tell_status();

-- Name: api_keys touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE OF name, scopes, project_ids, active, expires_at ON syncd.api_keys FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: platform_keys touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE OF name, active, expires_at ON syncd.platform_keys FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: projects touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE OF name, repository, branch, docs_path, include, exclude, credential, removed_at ON syncd.projects FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: tenant_quotas touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON syncd.tenant_quotas FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: tenants touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON syncd.tenants FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: users touch_updated_at; Type: TRIGGER; Schema: syncd; Owner: syncd_owner

CREATE TRIGGER touch_updated_at BEFORE UPDATE OF username, display_name, role, password_hash, active ON syncd.users FOR EACH ROW EXECUTE FUNCTION syncd.touch_updated_at();

-- Name: agent_requests agent_requests_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_requests
    ADD CONSTRAINT agent_requests_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: agent_session_notes agent_session_notes_tenant_id_session_id_key_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_notes
    ADD CONSTRAINT agent_session_notes_tenant_id_session_id_key_id_fkey FOREIGN KEY (tenant_id, session_id, key_id) REFERENCES syncd.agent_session_participants(tenant_id, session_id, key_id) ON DELETE CASCADE;

-- Name: agent_session_notes agent_session_notes_tenant_id_session_id_reply_to_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_notes
    ADD CONSTRAINT agent_session_notes_tenant_id_session_id_reply_to_fkey FOREIGN KEY (tenant_id, session_id, reply_to) REFERENCES syncd.agent_session_notes(tenant_id, session_id, note_id) ON DELETE CASCADE;

-- Name: agent_session_participants agent_session_participants_tenant_id_session_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_participants
    ADD CONSTRAINT agent_session_participants_tenant_id_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES syncd.agent_sessions(tenant_id, session_id) ON DELETE CASCADE;

-- Name: agent_session_pins agent_session_pins_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_pins
    ADD CONSTRAINT agent_session_pins_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: agent_session_pins agent_session_pins_tenant_id_session_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_session_pins
    ADD CONSTRAINT agent_session_pins_tenant_id_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES syncd.agent_sessions(tenant_id, session_id) ON DELETE CASCADE;

-- Name: agent_sessions agent_sessions_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.agent_sessions
    ADD CONSTRAINT agent_sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: anchors anchors_tenant_id_content_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.anchors
    ADD CONSTRAINT anchors_tenant_id_content_hash_fkey FOREIGN KEY (tenant_id, content_hash) REFERENCES syncd.blobs(tenant_id, content_hash) ON DELETE CASCADE;

-- Name: api_keys api_keys_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.api_keys
    ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: blobs blobs_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.blobs
    ADD CONSTRAINT blobs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id);

-- Name: chunk_vectors chunk_vectors_tenant_id_chunk_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.chunk_vectors
    ADD CONSTRAINT chunk_vectors_tenant_id_chunk_hash_fkey FOREIGN KEY (tenant_id, chunk_hash) REFERENCES syncd.chunks(tenant_id, chunk_hash) ON DELETE CASCADE;

-- Name: chunks chunks_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.chunks
    ADD CONSTRAINT chunks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id);

-- Name: document_chunks document_chunks_tenant_id_chunk_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_chunks
    ADD CONSTRAINT document_chunks_tenant_id_chunk_hash_fkey FOREIGN KEY (tenant_id, chunk_hash) REFERENCES syncd.chunks(tenant_id, chunk_hash);

-- Name: document_chunks document_chunks_tenant_id_content_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_chunks
    ADD CONSTRAINT document_chunks_tenant_id_content_hash_fkey FOREIGN KEY (tenant_id, content_hash) REFERENCES syncd.blobs(tenant_id, content_hash) ON DELETE CASCADE;

-- Name: document_versions document_versions_tenant_id_content_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_versions
    ADD CONSTRAINT document_versions_tenant_id_content_hash_fkey FOREIGN KEY (tenant_id, content_hash) REFERENCES syncd.blobs(tenant_id, content_hash);

-- Name: document_versions document_versions_tenant_id_project_id_document_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.document_versions
    ADD CONSTRAINT document_versions_tenant_id_project_id_document_id_fkey FOREIGN KEY (tenant_id, project_id, document_id) REFERENCES syncd.documents(tenant_id, project_id, document_id);

-- Name: documents documents_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.documents
    ADD CONSTRAINT documents_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id);

-- Name: github_installations github_installations_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.github_installations
    ADD CONSTRAINT github_installations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: github_setups github_setups_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.github_setups
    ADD CONSTRAINT github_setups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: idempotent_requests idempotent_requests_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.idempotent_requests
    ADD CONSTRAINT idempotent_requests_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: links links_tenant_id_content_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.links
    ADD CONSTRAINT links_tenant_id_content_hash_fkey FOREIGN KEY (tenant_id, content_hash) REFERENCES syncd.blobs(tenant_id, content_hash) ON DELETE CASCADE;

-- Name: lock_events lock_events_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.lock_events
    ADD CONSTRAINT lock_events_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: outlines outlines_tenant_id_content_hash_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.outlines
    ADD CONSTRAINT outlines_tenant_id_content_hash_fkey FOREIGN KEY (tenant_id, content_hash) REFERENCES syncd.blobs(tenant_id, content_hash) ON DELETE CASCADE;

-- Name: project_embeddings project_embeddings_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.project_embeddings
    ADD CONSTRAINT project_embeddings_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: project_leases project_leases_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.project_leases
    ADD CONSTRAINT project_leases_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: projects projects_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.projects
    ADD CONSTRAINT projects_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id);

-- Name: repository_routes repository_routes_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.repository_routes
    ADD CONSTRAINT repository_routes_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: sessions sessions_tenant_id_user_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sessions
    ADD CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES syncd.users(tenant_id, user_id) ON DELETE CASCADE;

-- Name: sign_in_links sign_in_links_tenant_id_user_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sign_in_links
    ADD CONSTRAINT sign_in_links_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES syncd.users(tenant_id, user_id) ON DELETE CASCADE;

-- Name: skipped_files skipped_files_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.skipped_files
    ADD CONSTRAINT skipped_files_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id);

-- Name: sync_queue sync_queue_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sync_queue
    ADD CONSTRAINT sync_queue_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id) ON DELETE CASCADE;

-- Name: sync_runs sync_runs_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.sync_runs
    ADD CONSTRAINT sync_runs_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id);

-- Name: tenant_quotas tenant_quotas_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.tenant_quotas
    ADD CONSTRAINT tenant_quotas_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: term_stats term_stats_tenant_id_project_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.term_stats
    ADD CONSTRAINT term_stats_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES syncd.projects(tenant_id, project_id);

-- Name: trusted_issuers trusted_issuers_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.trusted_issuers
    ADD CONSTRAINT trusted_issuers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: usage_events usage_events_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.usage_events
    ADD CONSTRAINT usage_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: users users_tenant_id_fkey; Type: FK CONSTRAINT; Schema: syncd; Owner: syncd_owner

ALTER TABLE ONLY syncd.users
    ADD CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES syncd.tenants(tenant_id) ON DELETE CASCADE;

-- Name: agent_requests; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.agent_requests ENABLE ROW LEVEL SECURITY;

-- Name: agent_session_notes; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.agent_session_notes ENABLE ROW LEVEL SECURITY;

-- Name: agent_session_participants; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.agent_session_participants ENABLE ROW LEVEL SECURITY;

-- Name: agent_session_pins; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.agent_session_pins ENABLE ROW LEVEL SECURITY;

-- Name: agent_sessions; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.agent_sessions ENABLE ROW LEVEL SECURITY;

-- Name: anchors; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.anchors ENABLE ROW LEVEL SECURITY;

-- Name: api_keys; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.api_keys ENABLE ROW LEVEL SECURITY;

-- Name: blobs; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.blobs ENABLE ROW LEVEL SECURITY;

-- Name: chunk_vectors; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.chunk_vectors ENABLE ROW LEVEL SECURITY;

-- Name: chunks; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.chunks ENABLE ROW LEVEL SECURITY;

-- Name: document_chunks; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.document_chunks ENABLE ROW LEVEL SECURITY;

-- Name: document_versions; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.document_versions ENABLE ROW LEVEL SECURITY;

-- Name: documents; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.documents ENABLE ROW LEVEL SECURITY;

-- Name: sync_runs forgettable; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY forgettable ON syncd.sync_runs AS RESTRICTIVE FOR DELETE TO syncd_account USING (((outcome = 'failed'::text) OR ((outcome = 'noop'::text) AND (NOT (from_commit IS DISTINCT FROM to_commit)))));

-- Name: github_installations; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.github_installations ENABLE ROW LEVEL SECURITY;

-- Name: github_setups; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.github_setups ENABLE ROW LEVEL SECURITY;

-- Name: idempotent_requests; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.idempotent_requests ENABLE ROW LEVEL SECURITY;

-- Name: links; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.links ENABLE ROW LEVEL SECURITY;

-- Name: lock_events; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.lock_events ENABLE ROW LEVEL SECURITY;

-- Name: project_embeddings measure_any_embedding; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY measure_any_embedding ON syncd.project_embeddings FOR SELECT TO syncd_queue USING (true);

-- Name: projects measure_any_project; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY measure_any_project ON syncd.projects FOR SELECT TO syncd_queue USING (true);

-- Name: outlines; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.outlines ENABLE ROW LEVEL SECURITY;

-- Name: project_leases prepare_any_project; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY prepare_any_project ON syncd.project_leases FOR INSERT TO syncd_queue WITH CHECK (true);

-- Name: project_embeddings; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.project_embeddings ENABLE ROW LEVEL SECURITY;

-- Name: project_leases; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.project_leases ENABLE ROW LEVEL SECURITY;

-- Name: agent_session_pins project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.agent_session_pins AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: document_versions project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.document_versions AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: documents project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.documents AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: lock_events project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.lock_events AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: project_embeddings project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.project_embeddings AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: project_leases project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.project_leases AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: projects project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.projects AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: skipped_files project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.skipped_files AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: sync_runs project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.sync_runs AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: term_stats project_scope; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY project_scope ON syncd.term_stats AS RESTRICTIVE TO syncd_sync USING ((project_id = ( SELECT syncd.current_project() AS current_project)));

-- Name: projects; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.projects ENABLE ROW LEVEL SECURITY;

-- Name: trusted_issuers resolve_any_issuer; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY resolve_any_issuer ON syncd.trusted_issuers FOR SELECT TO syncd_auth USING (true);

-- Name: api_keys resolve_any_key; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY resolve_any_key ON syncd.api_keys FOR SELECT TO syncd_auth USING (true);

-- Name: chunks search_any_chunk; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY search_any_chunk ON syncd.chunks FOR SELECT TO syncd_search USING (true);

-- Name: sessions; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.sessions ENABLE ROW LEVEL SECURITY;

-- Name: project_leases show_any_freeze; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY show_any_freeze ON syncd.project_leases FOR SELECT TO syncd_queue USING (true);

-- Name: sign_in_links; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.sign_in_links ENABLE ROW LEVEL SECURITY;

-- Name: skipped_files; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.skipped_files ENABLE ROW LEVEL SECURITY;

-- Name: api_keys stamp_any_key; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY stamp_any_key ON syncd.api_keys FOR UPDATE TO syncd_auth USING (true);

-- Name: sync_runs; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.sync_runs ENABLE ROW LEVEL SECURITY;

-- Name: agent_requests tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.agent_requests USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: agent_session_notes tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.agent_session_notes USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: agent_session_participants tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.agent_session_participants USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: agent_session_pins tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.agent_session_pins USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: agent_sessions tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.agent_sessions USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: anchors tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.anchors USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: api_keys tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.api_keys USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: blobs tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.blobs USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: chunk_vectors tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.chunk_vectors USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: chunks tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.chunks USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: document_chunks tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.document_chunks USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: document_versions tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.document_versions USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: documents tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.documents USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: github_installations tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.github_installations USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: github_setups tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.github_setups USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: idempotent_requests tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.idempotent_requests USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: links tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.links USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: lock_events tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.lock_events USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: outlines tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.outlines USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: project_embeddings tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.project_embeddings USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: project_leases tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.project_leases USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: projects tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.projects USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: sessions tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.sessions USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: sign_in_links tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.sign_in_links USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: skipped_files tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.skipped_files USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: sync_runs tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.sync_runs USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: tenant_quotas tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.tenant_quotas USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: term_stats tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.term_stats USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: trusted_issuers tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.trusted_issuers USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: usage_events tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.usage_events USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: users tenant_isolation; Type: POLICY; Schema: syncd; Owner: syncd_owner

CREATE POLICY tenant_isolation ON syncd.users USING ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT syncd.current_tenant() AS current_tenant)));

-- Name: tenant_quotas; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.tenant_quotas ENABLE ROW LEVEL SECURITY;

-- Name: term_stats; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.term_stats ENABLE ROW LEVEL SECURITY;

-- Name: trusted_issuers; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.trusted_issuers ENABLE ROW LEVEL SECURITY;

-- Name: usage_events; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.usage_events ENABLE ROW LEVEL SECURITY;

-- Name: users; Type: ROW SECURITY; Schema: syncd; Owner: syncd_owner

ALTER TABLE syncd.users ENABLE ROW LEVEL SECURITY;

-- Name: SCHEMA syncd; Type: ACL; Schema: -; Owner: syncd_owner

GRANT USAGE ON SCHEMA syncd TO syncd_sync;
GRANT USAGE ON SCHEMA syncd TO syncd_web;
GRANT USAGE ON SCHEMA syncd TO syncd_read;
GRANT USAGE ON SCHEMA syncd TO syncd_auth;
GRANT USAGE ON SCHEMA syncd TO syncd_queue;
GRANT USAGE ON SCHEMA syncd TO syncd_collect;
GRANT USAGE ON SCHEMA syncd TO syncd_account;
GRANT USAGE ON SCHEMA syncd TO syncd_search;

-- Name: FUNCTION accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamp with time zone) TO syncd_web;

-- Name: FUNCTION add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.add_agent_note(p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamp with time zone, p_limit integer) TO syncd_read;

-- Name: FUNCTION close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.close_agent_session(p_session_id text, p_key_id text, p_now timestamp with time zone) TO syncd_read;

-- Name: FUNCTION collect_orphans(p_before timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_collect

REVOKE ALL ON FUNCTION syncd.collect_orphans(p_before timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.collect_orphans(p_before timestamp with time zone) TO syncd_sync;

-- Name: FUNCTION delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamp with time zone) TO syncd_read;

-- Name: FUNCTION end_freeze(p_project_id uuid, p_actor text); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.end_freeze(p_project_id uuid, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.end_freeze(p_project_id uuid, p_actor text) TO syncd_sync;

-- Name: FUNCTION force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) TO syncd_web;

-- Name: FUNCTION freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) TO syncd_web;
GRANT ALL ON FUNCTION syncd.freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamp with time zone, p_is_admin boolean) TO syncd_read;

-- Name: FUNCTION get_own_name(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.get_own_name() FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.get_own_name() TO syncd_read;

-- Name: FUNCTION lift_freeze_of_removed(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.lift_freeze_of_removed() FROM PUBLIC;

-- Name: FUNCTION list_impacts(p_hashes bytea[], p_terms integer[]); Type: ACL; Schema: syncd; Owner: syncd_owner

REVOKE ALL ON FUNCTION syncd.list_impacts(p_hashes bytea[], p_terms integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.list_impacts(p_hashes bytea[], p_terms integer[]) TO syncd_read;

-- Name: FUNCTION list_lock_duties(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.list_lock_duties() FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.list_lock_duties() TO syncd_sync;

-- Name: FUNCTION measure_embeddings(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.measure_embeddings() FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.measure_embeddings() TO syncd_web;

-- Name: FUNCTION measure_projects(p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.measure_projects(p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.measure_projects(p_now timestamp with time zone) TO syncd_web;

-- Name: FUNCTION open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.open_agent_session(p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[], p_synced_at timestamp with time zone[], p_now timestamp with time zone, p_expires_at timestamp with time zone, p_forget_before timestamp with time zone, p_limit integer) TO syncd_read;

-- Name: FUNCTION prepare_project(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.prepare_project() FROM PUBLIC;

-- Name: FUNCTION read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer); Type: ACL; Schema: syncd; Owner: syncd_owner

REVOKE ALL ON FUNCTION syncd.read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.read_document(p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer) TO syncd_read;

-- Name: FUNCTION record_requests(p_requests jsonb, p_usage jsonb); Type: ACL; Schema: syncd; Owner: syncd_account

REVOKE ALL ON FUNCTION syncd.record_requests(p_requests jsonb, p_usage jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.record_requests(p_requests jsonb, p_usage jsonb) TO syncd_read;

-- Name: FUNCTION remove_old(p_table text, p_before timestamp with time zone, p_limit integer); Type: ACL; Schema: syncd; Owner: syncd_account

REVOKE ALL ON FUNCTION syncd.remove_old(p_table text, p_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.remove_old(p_table text, p_before timestamp with time zone, p_limit integer) TO syncd_sync;

-- Name: FUNCTION remove_requests(p_before timestamp with time zone, p_limit integer); Type: ACL; Schema: syncd; Owner: syncd_account

REVOKE ALL ON FUNCTION syncd.remove_requests(p_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.remove_requests(p_before timestamp with time zone, p_limit integer) TO syncd_sync;

-- Name: FUNCTION request_sync(p_project_id uuid, p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) TO syncd_web;
GRANT ALL ON FUNCTION syncd.request_sync(p_project_id uuid, p_now timestamp with time zone) TO syncd_read;

-- Name: FUNCTION resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_auth

REVOKE ALL ON FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) TO syncd_web;
GRANT ALL ON FUNCTION syncd.resolve_api_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) TO syncd_read;

-- Name: FUNCTION resolve_issuer(p_issuer text, p_claim_value text); Type: ACL; Schema: syncd; Owner: syncd_auth

REVOKE ALL ON FUNCTION syncd.resolve_issuer(p_issuer text, p_claim_value text) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.resolve_issuer(p_issuer text, p_claim_value text) TO syncd_read;

-- Name: FUNCTION resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone); Type: ACL; Schema: syncd; Owner: syncd_auth

REVOKE ALL ON FUNCTION syncd.resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.resolve_platform_key(p_key_id text, p_secret_hash bytea, p_now timestamp with time zone) TO syncd_web;

-- Name: FUNCTION route_repository(); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.route_repository() FROM PUBLIC;

-- Name: FUNCTION search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer); Type: ACL; Schema: syncd; Owner: syncd_search

REVOKE ALL ON FUNCTION syncd.search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.search_candidates(p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer) TO syncd_read;

-- Name: FUNCTION unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean); Type: ACL; Schema: syncd; Owner: syncd_queue

REVOKE ALL ON FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) TO syncd_web;
GRANT ALL ON FUNCTION syncd.unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) TO syncd_read;

-- Name: TABLE document_versions; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.document_versions TO syncd_sync;
GRANT SELECT ON TABLE syncd.document_versions TO syncd_read;
GRANT SELECT ON TABLE syncd.document_versions TO syncd_web;
GRANT SELECT ON TABLE syncd.document_versions TO syncd_collect;

-- Name: COLUMN document_versions.title; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(title) ON TABLE syncd.document_versions TO syncd_sync;

-- Name: COLUMN document_versions.titled; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(titled) ON TABLE syncd.document_versions TO syncd_sync;

-- Name: COLUMN document_versions.revision_to; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(revision_to) ON TABLE syncd.document_versions TO syncd_sync;

-- Name: COLUMN document_versions.chunker_version; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(chunker_version) ON TABLE syncd.document_versions TO syncd_sync;

-- Name: FUNCTION versions_at(p_project_id uuid, p_revision integer); Type: ACL; Schema: syncd; Owner: syncd_owner

REVOKE ALL ON FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) FROM PUBLIC;
GRANT ALL ON FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) TO syncd_read;
GRANT ALL ON FUNCTION syncd.versions_at(p_project_id uuid, p_revision integer) TO syncd_web;

-- Name: TABLE agent_requests; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT ON TABLE syncd.agent_requests TO syncd_web;
GRANT SELECT,INSERT,DELETE ON TABLE syncd.agent_requests TO syncd_account;

-- Name: TABLE agent_session_notes; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,UPDATE ON TABLE syncd.agent_session_notes TO syncd_queue;
GRANT SELECT ON TABLE syncd.agent_session_notes TO syncd_read;
GRANT SELECT ON TABLE syncd.agent_session_notes TO syncd_web;

-- Name: TABLE agent_session_participants; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,UPDATE ON TABLE syncd.agent_session_participants TO syncd_queue;
GRANT SELECT ON TABLE syncd.agent_session_participants TO syncd_read;
GRANT SELECT ON TABLE syncd.agent_session_participants TO syncd_web;

-- Name: TABLE agent_session_pins; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT INSERT ON TABLE syncd.agent_session_pins TO syncd_queue;
GRANT SELECT ON TABLE syncd.agent_session_pins TO syncd_read;
GRANT SELECT ON TABLE syncd.agent_session_pins TO syncd_web;
GRANT SELECT ON TABLE syncd.agent_session_pins TO syncd_sync;

-- Name: TABLE agent_sessions; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE syncd.agent_sessions TO syncd_queue;
GRANT SELECT ON TABLE syncd.agent_sessions TO syncd_read;
GRANT SELECT ON TABLE syncd.agent_sessions TO syncd_web;
GRANT DELETE ON TABLE syncd.agent_sessions TO syncd_account;

-- Name: COLUMN agent_sessions.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.agent_sessions TO syncd_account;

-- Name: COLUMN agent_sessions.session_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(session_id) ON TABLE syncd.agent_sessions TO syncd_account;

-- Name: COLUMN agent_sessions.expires_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(expires_at) ON TABLE syncd.agent_sessions TO syncd_account;

-- Name: TABLE anchors; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.anchors TO syncd_sync;
GRANT SELECT ON TABLE syncd.anchors TO syncd_read;
GRANT SELECT ON TABLE syncd.anchors TO syncd_web;

-- Name: TABLE api_keys; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT INSERT,DELETE ON TABLE syncd.api_keys TO syncd_web;
GRANT SELECT ON TABLE syncd.api_keys TO syncd_auth;

-- Name: COLUMN api_keys.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.key_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(key_id) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.name; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(name),UPDATE(name) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.scopes; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(scopes),UPDATE(scopes) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.project_ids; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(project_ids),UPDATE(project_ids) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.active; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(active),UPDATE(active) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.expires_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.last_used_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(last_used_at) ON TABLE syncd.api_keys TO syncd_web;
GRANT UPDATE(last_used_at) ON TABLE syncd.api_keys TO syncd_auth;

-- Name: COLUMN api_keys.created_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(created_at) ON TABLE syncd.api_keys TO syncd_web;

-- Name: COLUMN api_keys.updated_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(updated_at) ON TABLE syncd.api_keys TO syncd_web;

-- Name: TABLE blobs; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.blobs TO syncd_sync;
GRANT SELECT ON TABLE syncd.blobs TO syncd_read;
GRANT SELECT ON TABLE syncd.blobs TO syncd_web;
GRANT SELECT,DELETE ON TABLE syncd.blobs TO syncd_collect;

-- Name: TABLE chunk_vectors; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.chunk_vectors TO syncd_sync;
GRANT SELECT ON TABLE syncd.chunk_vectors TO syncd_read;
GRANT SELECT ON TABLE syncd.chunk_vectors TO syncd_web;

-- Name: TABLE chunks; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.chunks TO syncd_sync;
GRANT SELECT ON TABLE syncd.chunks TO syncd_read;
GRANT SELECT ON TABLE syncd.chunks TO syncd_web;
GRANT SELECT,DELETE ON TABLE syncd.chunks TO syncd_collect;
GRANT SELECT ON TABLE syncd.chunks TO syncd_search;

-- Name: TABLE document_chunks; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.document_chunks TO syncd_sync;
GRANT SELECT ON TABLE syncd.document_chunks TO syncd_read;
GRANT SELECT ON TABLE syncd.document_chunks TO syncd_web;
GRANT SELECT,DELETE ON TABLE syncd.document_chunks TO syncd_collect;

-- Name: TABLE documents; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.documents TO syncd_sync;
GRANT SELECT ON TABLE syncd.documents TO syncd_read;
GRANT SELECT ON TABLE syncd.documents TO syncd_web;

-- Name: TABLE github_installations; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.github_installations TO syncd_web;
GRANT SELECT ON TABLE syncd.github_installations TO syncd_sync;

-- Name: TABLE github_setups; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.github_setups TO syncd_web;

-- Name: TABLE idempotent_requests; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.idempotent_requests TO syncd_web;
GRANT DELETE ON TABLE syncd.idempotent_requests TO syncd_account;

-- Name: COLUMN idempotent_requests.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.idempotent_requests TO syncd_account;

-- Name: COLUMN idempotent_requests.request_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(request_hash) ON TABLE syncd.idempotent_requests TO syncd_account;

-- Name: COLUMN idempotent_requests.body_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(body_hash) ON TABLE syncd.idempotent_requests TO syncd_web;

-- Name: COLUMN idempotent_requests.claimed_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(claimed_at) ON TABLE syncd.idempotent_requests TO syncd_web;
GRANT SELECT(claimed_at) ON TABLE syncd.idempotent_requests TO syncd_account;

-- Name: COLUMN idempotent_requests.status; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(status) ON TABLE syncd.idempotent_requests TO syncd_web;

-- Name: COLUMN idempotent_requests.answer; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(answer) ON TABLE syncd.idempotent_requests TO syncd_web;

-- Name: TABLE links; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.links TO syncd_sync;
GRANT SELECT ON TABLE syncd.links TO syncd_read;
GRANT SELECT ON TABLE syncd.links TO syncd_web;
GRANT DELETE ON TABLE syncd.links TO syncd_collect;

-- Name: TABLE lock_events; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT ON TABLE syncd.lock_events TO syncd_sync;
GRANT SELECT ON TABLE syncd.lock_events TO syncd_web;
GRANT SELECT ON TABLE syncd.lock_events TO syncd_read;
GRANT INSERT ON TABLE syncd.lock_events TO syncd_queue;
GRANT DELETE ON TABLE syncd.lock_events TO syncd_account;

-- Name: COLUMN lock_events.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.lock_events TO syncd_account;

-- Name: COLUMN lock_events.event_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(event_id) ON TABLE syncd.lock_events TO syncd_account;

-- Name: COLUMN lock_events.at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(at) ON TABLE syncd.lock_events TO syncd_account;

-- Name: TABLE outlines; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.outlines TO syncd_sync;
GRANT SELECT ON TABLE syncd.outlines TO syncd_read;
GRANT SELECT ON TABLE syncd.outlines TO syncd_web;

-- Name: TABLE platform_keys; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT INSERT ON TABLE syncd.platform_keys TO syncd_web;
GRANT SELECT ON TABLE syncd.platform_keys TO syncd_auth;

-- Name: COLUMN platform_keys.key_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(key_id) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: COLUMN platform_keys.name; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(name),UPDATE(name) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: COLUMN platform_keys.active; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(active),UPDATE(active) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: COLUMN platform_keys.expires_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: COLUMN platform_keys.last_used_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(last_used_at) ON TABLE syncd.platform_keys TO syncd_web;
GRANT UPDATE(last_used_at) ON TABLE syncd.platform_keys TO syncd_auth;

-- Name: COLUMN platform_keys.created_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(created_at) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: COLUMN platform_keys.updated_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(updated_at) ON TABLE syncd.platform_keys TO syncd_web;

-- Name: TABLE project_embeddings; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE syncd.project_embeddings TO syncd_sync;
GRANT SELECT ON TABLE syncd.project_embeddings TO syncd_read;
GRANT SELECT ON TABLE syncd.project_embeddings TO syncd_web;
GRANT SELECT ON TABLE syncd.project_embeddings TO syncd_queue;

-- Name: TABLE project_leases; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,UPDATE ON TABLE syncd.project_leases TO syncd_queue;
GRANT SELECT ON TABLE syncd.project_leases TO syncd_sync;
GRANT SELECT,UPDATE ON TABLE syncd.project_leases TO syncd_collect;

-- Name: COLUMN project_leases.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(tenant_id) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.project_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(project_id) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(project_id) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.fence; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(fence) ON TABLE syncd.project_leases TO syncd_sync;
GRANT SELECT(fence) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(fence) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.nonce; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(nonce) ON TABLE syncd.project_leases TO syncd_sync;

-- Name: COLUMN project_leases.holder; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(holder) ON TABLE syncd.project_leases TO syncd_sync;
GRANT SELECT(holder) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(holder) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.acquired_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(acquired_at) ON TABLE syncd.project_leases TO syncd_sync;
GRANT SELECT(acquired_at) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(acquired_at) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.freeze_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(freeze_id) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(freeze_id) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.frozen_by; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(frozen_by) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(frozen_by) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.frozen_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(frozen_at) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(frozen_at) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.freeze_until; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(freeze_until) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(freeze_until) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.freeze_reason; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(freeze_reason) ON TABLE syncd.project_leases TO syncd_web;
GRANT SELECT(freeze_reason) ON TABLE syncd.project_leases TO syncd_read;

-- Name: COLUMN project_leases.redis_due; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(redis_due) ON TABLE syncd.project_leases TO syncd_sync;

-- Name: TABLE projects; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,DELETE ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT,INSERT ON TABLE syncd.projects TO syncd_web;

-- Name: COLUMN projects.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(tenant_id) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.project_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(project_id) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(project_id) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.name; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(name) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(name) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.source; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(source) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.repository; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(repository) ON TABLE syncd.projects TO syncd_sync;
GRANT UPDATE(repository) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(repository) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.repository_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(repository_id) ON TABLE syncd.projects TO syncd_sync;
GRANT UPDATE(repository_id) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(repository_id) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.folder; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(folder) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.branch; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(branch) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(branch) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.docs_path; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(docs_path) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(docs_path) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.include; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(include) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(include) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.exclude; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(exclude) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(exclude) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.credential; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(credential) ON TABLE syncd.projects TO syncd_web;

-- Name: COLUMN projects.condition; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(condition) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(condition) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(condition) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.reason; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(reason) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(reason) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.message; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(message) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(message) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.hint; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(hint) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(hint) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.next_try_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(next_try_at) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(next_try_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.checked_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(checked_at) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(checked_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.attempted_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(attempted_at) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(attempted_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.desired_commit; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(desired_commit) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(desired_commit) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.held_tree_sha; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(held_tree_sha) ON TABLE syncd.projects TO syncd_sync;

-- Name: COLUMN projects.revision; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(revision) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(revision) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.synced_commit; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(synced_commit) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(synced_commit) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.tree_sha; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(tree_sha) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(tree_sha) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.source_mark; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(source_mark) ON TABLE syncd.projects TO syncd_sync;

-- Name: COLUMN projects.selection_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(selection_hash) ON TABLE syncd.projects TO syncd_sync;

-- Name: COLUMN projects.synced_docs_path; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(synced_docs_path) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(synced_docs_path) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.synced_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(synced_at) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(synced_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.documents; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(documents) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(documents) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(documents) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.chunks; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(chunks) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(chunks) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.skipped; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(skipped) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(skipped) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(skipped) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.removed_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(removed_at) ON TABLE syncd.projects TO syncd_web;
GRANT SELECT(removed_at) ON TABLE syncd.projects TO syncd_read;
GRANT SELECT(removed_at) ON TABLE syncd.projects TO syncd_queue;

-- Name: COLUMN projects.created_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(created_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.updated_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(updated_at) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.chunker_version; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(chunker_version) ON TABLE syncd.projects TO syncd_sync;
GRANT SELECT(chunker_version) ON TABLE syncd.projects TO syncd_read;

-- Name: COLUMN projects.compared_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(compared_at) ON TABLE syncd.projects TO syncd_sync;

-- Name: COLUMN projects.commit_status; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(commit_status) ON TABLE syncd.projects TO syncd_web;

-- Name: COLUMN projects.status_mark; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(status_mark) ON TABLE syncd.projects TO syncd_sync;

-- Name: TABLE repository_routes; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE syncd.repository_routes TO syncd_queue;

-- Name: TABLE schema_migrations; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT ON TABLE syncd.schema_migrations TO syncd_sync;
GRANT SELECT ON TABLE syncd.schema_migrations TO syncd_web;
GRANT SELECT ON TABLE syncd.schema_migrations TO syncd_read;

-- Name: TABLE sessions; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.sessions TO syncd_web;
GRANT DELETE ON TABLE syncd.sessions TO syncd_account;

-- Name: COLUMN sessions.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.sessions TO syncd_account;

-- Name: COLUMN sessions.session_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(session_id) ON TABLE syncd.sessions TO syncd_account;

-- Name: COLUMN sessions.secret_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(secret_hash) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.former_secret_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(former_secret_hash) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.generation; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(generation) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.refresh_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(refresh_hash) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.former_refresh_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(former_refresh_hash) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.refreshed_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(refreshed_at) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.expires_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(expires_at) ON TABLE syncd.sessions TO syncd_web;

-- Name: COLUMN sessions.idle_until; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(idle_until) ON TABLE syncd.sessions TO syncd_web;
GRANT SELECT(idle_until) ON TABLE syncd.sessions TO syncd_account;

-- Name: COLUMN sessions.ends_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(ends_at) ON TABLE syncd.sessions TO syncd_account;

-- Name: COLUMN sessions.ended_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(ended_at) ON TABLE syncd.sessions TO syncd_web;
GRANT SELECT(ended_at) ON TABLE syncd.sessions TO syncd_account;

-- Name: TABLE sign_in_links; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.sign_in_links TO syncd_web;
GRANT DELETE ON TABLE syncd.sign_in_links TO syncd_account;

-- Name: COLUMN sign_in_links.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.sign_in_links TO syncd_account;

-- Name: COLUMN sign_in_links.link_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(link_id) ON TABLE syncd.sign_in_links TO syncd_web;
GRANT SELECT(link_id) ON TABLE syncd.sign_in_links TO syncd_account;

-- Name: COLUMN sign_in_links.secret_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(secret_hash) ON TABLE syncd.sign_in_links TO syncd_web;

-- Name: COLUMN sign_in_links.expires_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(expires_at) ON TABLE syncd.sign_in_links TO syncd_web;
GRANT SELECT(expires_at) ON TABLE syncd.sign_in_links TO syncd_account;

-- Name: COLUMN sign_in_links.created_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(created_at) ON TABLE syncd.sign_in_links TO syncd_web;

-- Name: TABLE skipped_files; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.skipped_files TO syncd_sync;
GRANT SELECT ON TABLE syncd.skipped_files TO syncd_read;
GRANT SELECT ON TABLE syncd.skipped_files TO syncd_web;

-- Name: COLUMN skipped_files.revision_to; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(revision_to) ON TABLE syncd.skipped_files TO syncd_sync;

-- Name: TABLE sync_queue; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,UPDATE ON TABLE syncd.sync_queue TO syncd_queue;
GRANT SELECT,DELETE,UPDATE ON TABLE syncd.sync_queue TO syncd_sync;

-- Name: TABLE sync_runs; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.sync_runs TO syncd_sync;
GRANT SELECT ON TABLE syncd.sync_runs TO syncd_read;
GRANT SELECT ON TABLE syncd.sync_runs TO syncd_web;
GRANT DELETE ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.tenant_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(tenant_id) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.project_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(project_id) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.run_id; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(run_id) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.from_commit; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(from_commit) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.to_commit; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(to_commit) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.outcome; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(outcome) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.started_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT(started_at) ON TABLE syncd.sync_runs TO syncd_account;

-- Name: COLUMN sync_runs.history_rewritten; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(history_rewritten) ON TABLE syncd.sync_runs TO syncd_sync;

-- Name: TABLE tenant_quotas; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE syncd.tenant_quotas TO syncd_web;
GRANT SELECT ON TABLE syncd.tenant_quotas TO syncd_read;

-- Name: TABLE tenants; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,UPDATE ON TABLE syncd.tenants TO syncd_web;
GRANT SELECT,DELETE ON TABLE syncd.tenants TO syncd_sync;
GRANT SELECT ON TABLE syncd.tenants TO syncd_auth;
GRANT SELECT ON TABLE syncd.tenants TO syncd_account;
GRANT SELECT ON TABLE syncd.tenants TO syncd_queue;

-- Name: TABLE term_stats; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE syncd.term_stats TO syncd_sync;
GRANT SELECT ON TABLE syncd.term_stats TO syncd_read;
GRANT SELECT ON TABLE syncd.term_stats TO syncd_web;

-- Name: TABLE trusted_issuers; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT,DELETE ON TABLE syncd.trusted_issuers TO syncd_web;
GRANT SELECT ON TABLE syncd.trusted_issuers TO syncd_auth;

-- Name: TABLE usage_events; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT ON TABLE syncd.usage_events TO syncd_web;
GRANT SELECT ON TABLE syncd.usage_events TO syncd_read;
GRANT SELECT,INSERT,UPDATE ON TABLE syncd.usage_events TO syncd_account;

-- Name: TABLE users; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.username; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(username) ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.display_name; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(display_name) ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.role; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(role) ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.password_hash; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(password_hash) ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.active; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(active) ON TABLE syncd.users TO syncd_web;

-- Name: COLUMN users.last_seen_at; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT UPDATE(last_seen_at) ON TABLE syncd.users TO syncd_web;

-- Name: TABLE webhook_deliveries; Type: ACL; Schema: syncd; Owner: syncd_owner

GRANT SELECT,INSERT ON TABLE syncd.webhook_deliveries TO syncd_queue;
GRANT SELECT,DELETE ON TABLE syncd.webhook_deliveries TO syncd_sync;
