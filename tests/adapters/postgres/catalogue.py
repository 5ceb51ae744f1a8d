"""The rules that every table of the schema keeps, each a question to Postgres' own catalogue that returns what breaks it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from syncd.adapters.postgres.connections import Connection
from tests.adapters.postgres.catalogue_lists import (
    APPEND_ONLY_TABLES,
    CONTROL_TABLES,
    DEFINERS,
    FORGETTABLE_RUNS,
    GROUPS_OF_SERVICES,
    KEYS_WITHOUT_TENANT,
    PLAIN_COLUMNS,
    PUBLISHED_COLUMNS,
    SECRET_COLUMNS,
    UNFENCED_TABLES,
    WIDER_POLICIES,
)


async def _list(connection: Connection, query: str, *args: object) -> list[str]:
    return [row[0] for row in await connection.fetch(query, *args)]


async def list_tenant_tables(connection: Connection) -> list[str]:
    """Return every table of the schema that is not on the list of control tables."""
    return await _list(
        connection,
        """
        select relname from pg_class
        where relnamespace = 'syncd'::regnamespace and relkind in ('r', 'p', 'f') and relname <> all($1::text[])
        order by relname
        """,
        list(CONTROL_TABLES),
    )


async def find_unisolated_tables(connection: Connection) -> list[str]:
    """Return tenant tables without a tenant, without forced row security, or with another policy than the tenant's."""
    return await _list(
        connection,
        """
        select c.relname || fault.text
        from pg_class c
        cross join lateral (
            select ': tenant_id is missing, nullable or no uuid' as text where not exists (
                select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and a.atttypid = 'uuid'::regtype
            )
            union all select ': row security is off' where not c.relrowsecurity
            union all select ': row security does not bind the owner' where not c.relforcerowsecurity
            union all select ': no policy tenant_isolation' where not exists (
                select from pg_policy p
                where p.polrelid = c.oid and p.polname = 'tenant_isolation' and p.polcmd = '*' and p.polpermissive and p.polroles = '{0}'
                  and replace(pg_get_expr(p.polqual, c.oid), 'syncd.', '') = '(tenant_id = ( SELECT current_tenant() AS current_tenant))'
                  and pg_get_expr(p.polwithcheck, c.oid) = pg_get_expr(p.polqual, c.oid)
            )
        ) as fault
        where c.oid in (select ('syncd.' || quote_ident(name))::regclass from unnest($1::text[]) as name)
        order by 1
        """,
        await list_tenant_tables(connection),
    )


async def find_unscoped_tables(connection: Connection) -> list[str]:
    """Return tables of projects that the daemon may touch beyond the project whose turn it is."""
    return await _list(
        connection,
        """
        select c.relname || ': no policy project_scope'
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'project_id' and not a.attisdropped
        where c.oid in (select ('syncd.' || quote_ident(name))::regclass from unnest($1::text[]) as name)
          and not exists (
              select from pg_policy p
              where p.polrelid = c.oid and p.polname = 'project_scope' and p.polcmd = '*' and not p.polpermissive
                and p.polroles = array['syncd_sync'::regrole::oid]
                and replace(pg_get_expr(p.polqual, c.oid), 'syncd.', '') = '(project_id = ( SELECT current_project() AS current_project))'
                and (p.polwithcheck is null or pg_get_expr(p.polwithcheck, c.oid) = pg_get_expr(p.polqual, c.oid))
          )
        order by 1
        """,
        await list_tenant_tables(connection),
    )


async def find_wider_policies(connection: Connection) -> list[str]:
    """Return permissive policies that are neither the tenant's nor on the list, and those on the list that are not there."""
    rows = await connection.fetch(
        """
        select c.relname, p.polname, p.polcmd::text as command,
               array(select coalesce(r::regrole::text, 'public') from unnest(p.polroles) as r) as roles
        from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'syncd'::regnamespace and p.polpermissive and p.polname <> 'tenant_isolation'
        """
    )
    there = {(row["relname"], row["polname"]): (",".join(row["roles"]), row["command"]) for row in rows}
    changed = there.items() ^ WIDER_POLICIES.items()
    return sorted({f"{table}: policy {name}" for (table, name), _ in changed})


async def find_keys_without_tenant(connection: Connection) -> list[str]:
    """Return unique keys, exclusions and foreign keys that are not led by the tenant on both sides."""
    return await _list(
        connection,
        """
        select i.indexrelid::regclass::text || ': a key that is not led by tenant_id'
        from pg_index i
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'syncd'::regnamespace
        join pg_class n on n.oid = i.indexrelid
        left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where (i.indisunique or i.indisexclusion) and a.attname is distinct from 'tenant_id' and n.relname <> all($1::text[])
        union all
        select k.conrelid::regclass::text || '.' || k.conname || ': a foreign key that is not led by tenant_id'
        from pg_constraint k
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
        where k.contype = 'f' and k.connamespace = 'syncd'::regnamespace and (a.attname <> 'tenant_id' or b.attname <> 'tenant_id')
        order by 1
        """,
        list(KEYS_WITHOUT_TENANT),
    )


async def find_foreign_keys_without_index(connection: Connection) -> list[str]:
    """Return foreign keys whose columns lead no complete index: every delete at the other side would scan the table."""
    return await _list(
        connection,
        """
        select k.conrelid::regclass::text || '.' || k.conname || ': no index leads with its columns'
        from pg_constraint k
        where k.contype = 'f' and k.connamespace = 'syncd'::regnamespace and not exists (
            select from pg_index i
            where i.indrelid = k.conrelid and i.indpred is null and i.indisvalid
              and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
        )
        order by 1
        """,
    )


async def find_unfenced_tables(connection: Connection) -> list[str]:
    """Return tables that the daemon may write and no trigger protects, and published columns that it could change unfenced."""
    return await _list(
        connection,
        """
        with writes as (
            select c.oid, c.relname, w.privilege, w.bit
            from pg_class c
            cross join (values ('insert', 4), ('delete', 8), ('update', 16)) as w (privilege, bit)
            where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p')
              and (case when w.privilege = 'delete' then has_table_privilege('syncd_sync', c.oid, 'delete')
                        else has_any_column_privilege('syncd_sync', c.oid, w.privilege) end)
        ), guards as (
            -- tgtype: 1 for each row, 2 before, then the events; enabled in ordinary sessions, without a condition.
            select t.tgrelid, t.tgtype, t.tgattr::int2[] as columns
            from pg_trigger t
            where t.tgfoid = 'syncd.refuse_unfenced()'::regprocedure and t.tgenabled in ('O', 'A')
              and t.tgtype & 1 = 0 and t.tgtype & 2 = 2
              -- But for who forgets runs: a role that nobody signs in as, which may remove those only that no revision needs.
              and (t.tgqual is null or t.tgrelid = 'syncd.sync_runs'::regclass and t.tgtype = 2 + 8
                   and pg_get_expr(t.tgqual, t.tgrelid) = '(CURRENT_USER <> ''syncd_account''::name)'
                   and exists (
                       select from pg_policy p
                       where p.polrelid = t.tgrelid and p.polname = 'forgettable' and p.polcmd = 'd' and not p.polpermissive
                         and p.polroles = array['syncd_account'::regrole::oid]
                         and pg_get_expr(p.polqual, p.polrelid) = $3
                   ))
        )
        select w.relname || ': ' || w.privilege || ' needs no fence'
        from writes w
        where w.relname <> all($1::text[])
          and not exists (select from guards g where g.tgrelid = w.oid and g.tgtype & w.bit <> 0 and cardinality(g.columns) = 0)
        union all
        select 'projects: delete needs no fence'
        where not exists (select from guards g where g.tgrelid = 'syncd.projects'::regclass and g.tgtype & 8 <> 0)
        union all
        select 'projects.' || name || ': update needs no fence'
        from unnest($2::text[]) as name
        where not exists (
            select from guards g
            join pg_attribute a on a.attrelid = g.tgrelid and a.attnum = any(g.columns)
            where g.tgrelid = 'syncd.projects'::regclass and g.tgtype & 16 <> 0 and a.attname = name
        )
        order by 1
        """,
        list(UNFENCED_TABLES),
        list(PUBLISHED_COLUMNS),
        FORGETTABLE_RUNS,
    )


async def find_wrong_definers(connection: Connection) -> list[str]:
    """Return definer functions that are not on the list, or whose search path, owner or grants are not as they must be."""
    rows = await connection.fetch(
        """
        select p.proname, r.rolname, r.rolcanlogin or r.rolsuper as strong,
               coalesce(p.proconfig = array['search_path=pg_catalog, pg_temp'], false) as fixed,
               exists (
                   select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
                   where g.grantee = 0
               ) as public
        from pg_proc p join pg_roles r on r.oid = p.proowner
        where p.pronamespace = 'syncd'::regnamespace and p.prosecdef
        """
    )
    faults = [f"{name}: the definer function is missing" for name in DEFINERS.keys() - {row["proname"] for row in rows}]
    for row in rows:
        name = row["proname"]
        if DEFINERS.get(name) != row["rolname"] or row["strong"]:
            faults.append(f"{name}: a definer function of {row['rolname']} is not on the list")
        if not row["fixed"]:
            faults.append(f"{name}: its search path is not fixed")
        if row["public"]:
            faults.append(f"{name}: everybody may call it")
    return sorted(faults)


async def find_leaking_views(connection: Connection) -> list[str]:
    """Return views that show their owner's rows, and materialised views, which show everybody's."""
    return await _list(
        connection,
        """
        select relname || ': a view that does not run as its caller'
        from pg_class
        where relnamespace = 'syncd'::regnamespace
          and (relkind = 'm' or relkind = 'v' and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false))
        order by 1
        """,
    )


async def find_strong_roles(connection: Connection) -> list[str]:
    """Return roles of ours that could pass row security, logins that own something, and logins in more than one group."""
    return await _list(
        connection,
        """
        with recursive ours as (
            select oid, rolname from pg_roles where rolname like 'syncd\\_%'
            union
            select m.member, r.rolname from ours o
            -- Who made a role administers it, which gives nothing of what the role may do.
            join pg_auth_members m on m.roleid = o.oid and o.rolname = any($1::text[]) and (m.inherit_option or m.set_option)
            join pg_roles r on r.oid = m.member
        )
        select o.rolname || fault.text
        from ours o join pg_roles r on r.oid = o.oid
        cross join lateral (
            select ': is stronger than row security' as text
            where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
            union all select ': a group that can sign in' where r.rolcanlogin and r.rolname like 'syncd\\_%'
            union all select ': a login that owns something'
            where r.rolcanlogin and exists (select from pg_shdepend d where d.refobjid = r.oid and d.deptype = 'o')
            union all select ': a login that is in more than its group'
            where r.rolcanlogin and (select count(*) from pg_auth_members m where m.member = r.oid) <> 1
            union all select ': a service''s group that is in another'
            where r.rolname = any($1::text[]) and exists (select from pg_auth_members m where m.member = r.oid)
        ) as fault
        order by 1
        """,
        list(GROUPS_OF_SERVICES),
    )


async def find_wrong_owners(connection: Connection) -> list[str]:
    """Return what in the schema does not belong to a role that cannot sign in."""
    return await _list(
        connection,
        """
        select c.relname || ': belongs to ' || r.rolname
        from pg_class c join pg_roles r on r.oid = c.relowner
        where c.relnamespace = 'syncd'::regnamespace and r.rolname <> 'syncd_owner'
        union all
        select p.proname || ': belongs to ' || r.rolname
        from pg_proc p join pg_roles r on r.oid = p.proowner
        where p.pronamespace = 'syncd'::regnamespace and (r.rolcanlogin or r.rolsuper)
        order by 1
        """,
    )


async def find_wrong_grants(connection: Connection) -> list[str]:
    """Return grants to everybody, secrets and writes granted to agents, changeable history, and truncation."""
    return await _list(
        connection,
        """
        with tables as (
            select c.oid, c.relname, c.relacl from pg_class c
            where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        ), columns as (
            select t.oid, t.relname, a.attname, a.attacl from tables t
            join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        )
        select t.relname || ': granted to everybody' from tables t, aclexplode(t.relacl) g where g.grantee = 0
        union select c.relname || '.' || c.attname || ': granted to everybody' from columns c, aclexplode(c.attacl) g where g.grantee = 0
        union select 'schema: granted to everybody'
        from pg_namespace n, aclexplode(n.nspacl) g where n.nspname = 'syncd' and g.grantee = 0
        union select c.relname || '.' || c.attname || ': a secret that agents can read'
        from columns c where c.attname = any($1::text[]) and has_column_privilege('syncd_read', c.oid, c.attname, 'select')
        union select t.relname || ': agents can write' from tables t
        where has_any_column_privilege('syncd_read', t.oid, 'insert, update') or has_table_privilege('syncd_read', t.oid, 'delete')
        union select t.relname || ': ' || r || ' can change history'
        from tables t, unnest($2::text[]) as r
        where t.relname = any($3::text[]) and (has_any_column_privilege(r, t.oid, 'update') or has_table_privilege(r, t.oid, 'delete'))
        union select t.relname || ': ' || r || ' can truncate or hang triggers on it'
        from tables t, unnest($2::text[]) as r where has_table_privilege(r, t.oid, 'truncate, references, trigger')
        union select r || ': can create in the schema' from unnest($2::text[]) as r where has_schema_privilege(r, 'syncd', 'create')
        order by 1
        """,
        list(SECRET_COLUMNS),
        list(GROUPS_OF_SERVICES),
        list(APPEND_ONLY_TABLES),
    )


async def find_uncommented(connection: Connection) -> list[str]:
    """Return tables, functions, and columns that say nothing of themselves."""
    return await _list(
        connection,
        """
        select c.relname || ': the table has no comment' from pg_class c
        where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p', 'v') and obj_description(c.oid, 'pg_class') is null
        union all
        select c.relname || '.' || a.attname || ': the column has no comment'
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'syncd'::regnamespace and c.relkind in ('r', 'p') and a.attname <> all($1::text[])
          and col_description(c.oid, a.attnum) is null
        union all
        select p.proname || ': the function has no comment' from pg_proc p
        where p.pronamespace = 'syncd'::regnamespace and obj_description(p.oid, 'pg_proc') is null
        order by 1
        """,
        PLAIN_COLUMNS.split(),
    )


Check = Callable[[Connection], Awaitable[list[str]]]
CHECKS: Mapping[str, Check] = {
    "isolation": find_unisolated_tables,
    "project scope": find_unscoped_tables,
    "policies": find_wider_policies,
    "keys": find_keys_without_tenant,
    "foreign key indexes": find_foreign_keys_without_index,
    "fence": find_unfenced_tables,
    "definers": find_wrong_definers,
    "views": find_leaking_views,
    "roles": find_strong_roles,
    "owners": find_wrong_owners,
    "grants": find_wrong_grants,
    "comments": find_uncommented,
}


async def list_faults(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return every (check, fault) of the schema."""
    return [(name, fault) for name, check in CHECKS.items() for fault in await check(connection)]
