"""`syncd doctor`: every part is asked how it is; each answer is one line with what to do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd.adapters.embedded.versions import Product, Version, find_warning
from syncd.adapters.postgres.connections import Pool, open_connection
from syncd.adapters.postgres.inspection import get_login, list_open_tables
from syncd.adapters.postgres.migrations import Migration
from syncd.adapters.postgres.outages import check_schema, explaining_outage
from syncd.adapters.postgres.projects import list_projects
from syncd.adapters.postgres.roles import get_server
from syncd.adapters.postgres.tenants import list_tenants
from syncd.adapters.postgres.transactions import reading
from syncd.adapters.redis.inspection import get_redis_facts
from syncd.adapters.redis.locks import ProjectLocks, RedisClient
from syncd.core.findings import Finding, Level
from syncd.core.projects import Project
from syncd.errors import SyncdError
from syncd.services.credentials import Credentials
from syncd.services.lock_states import list_lock_states, show_in_redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at. *logins* are the database URLs of the services by group; none of the rest is there where it is not set.

    *fix*: put right what can be put right without a person.
    """

    logins: Mapping[str, str | None]
    web_pool: Pool
    migrations: Sequence[Migration]
    redis: RedisClient
    locks: ProjectLocks
    lease_seconds: float
    credentials: Credentials | None
    api_url: str
    hook_url: str | None
    folder_roots: Sequence[Path] | None
    has_master_keys: bool
    clock: Callable[[], datetime]
    fix: bool

    async def list_projects(self) -> Sequence[Project]:
        """Return the projects of every tenant."""
        with explaining_outage():
            async with self.web_pool.acquire() as connection:
                tenants = await list_tenants(connection)
            found: list[Project] = []
            for tenant in tenants:
                async with reading(self.web_pool, tenant.tenant_id) as connection:
                    found += await list_projects(connection)
            return found


async def examine(name: str, checking: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    """Return what a check found; what keeps it from looking is a finding too."""
    try:
        return await checking
    except SyncdError as error:
        return [Finding(name, Level.BAD, error.message, error.hint)]


async def check_database(patient: Patient) -> Sequence[Finding]:
    """Is the server new enough, the schema complete, and every tenant's table closed to others?"""
    with explaining_outage():
        async with patient.web_pool.acquire() as connection:
            server = await get_server(connection)
            open_tables = await list_open_tables(connection)
    version = Version(Product.POSTGRES, (server.version_number // 10000, server.version_number % 10000))
    warning = find_warning(version)
    findings = [
        Finding("postgres", Level.WARN, warning, "Update the server; no data has to be moved within a major version.")
        if warning
        else Finding("postgres", Level.OK, f"{version} answers.")
    ]
    findings += await examine("schema", _check_schema(patient))
    if open_tables:
        said = f"No forced row policy closes {', '.join(open_tables)}: one tenant may read another's rows."
        findings.append(
            Finding(
                "policies", Level.BAD, said, "Somebody changed the schema by hand; restore what the migrations made."
            )
        )
    else:
        findings.append(Finding("policies", Level.OK, "Row policies close every tenant's table."))
    return findings


async def _check_schema(patient: Patient) -> Sequence[Finding]:
    await check_schema(patient.web_pool, patient.migrations)
    return [Finding("schema", Level.OK, f"All {len(patient.migrations)} migrations are applied.")]


async def check_logins(patient: Patient) -> Sequence[Finding]:
    """Does each service sign in as a login that may do its work and no more?"""
    findings: list[Finding] = []
    for group, url in patient.logins.items():
        if url is None:
            said = f"The login of {group} is not set here: it was not looked at."
            findings.append(
                Finding("roles", Level.WARN, said, f"Set SYNCD_{group.removeprefix('syncd_').upper()}_DATABASE_URL.")
            )
        else:
            findings += await examine("roles", _check_login(group, url))
    return findings


async def _check_login(group: str, url: str) -> Sequence[Finding]:
    async with open_connection(url) as connection:
        rights = await get_login(connection, group)
    faults = {
        "is a superuser": rights.is_superuser,
        "has BYPASSRLS": rights.bypasses_policies,
        "owns tables": rights.owns_tables,
        f"is no member of {group}": not rights.is_member,
    }
    said = [fault for fault, holds in faults.items() if holds]
    if said:
        message = f"The login of {group} {' and '.join(said)}: row policies may not bind it."
        return [
            Finding(
                "roles",
                Level.BAD,
                message,
                "Run `syncd migrate --roles`, and let the service sign in as its own login.",
            )
        ]
    return [Finding("roles", Level.OK, f"The login of {group} may do its work and no more.")]


async def check_redis_server(patient: Patient) -> Sequence[Finding]:
    """Does Redis answer, is it new enough, and does it keep what it was told?"""
    facts = await get_redis_facts(patient.redis)
    numbers = tuple(int(part) for part in facts.version.split(".") if part.isdigit())
    version = Version(Product(facts.product), numbers)
    warning = find_warning(version)
    findings = [
        Finding("redis", Level.WARN, warning, "Update the server.")
        if warning
        else Finding("redis", Level.OK, f"{version} answers.")
    ]
    if facts.memory_policy != "noeviction":
        said = (
            f"Redis throws locks away when its memory is full (maxmemory-policy is {facts.memory_policy or 'unknown'})."
        )
        findings.append(Finding("redis", Level.BAD, said, "Set maxmemory-policy to noeviction."))
    return findings


async def check_locks(patient: Patient) -> Sequence[Finding]:
    """Does Redis show what Postgres says of freezes and leases?"""
    findings: list[Finding] = []
    by_tenant: dict[object, list[Project]] = {}
    for project in await patient.list_projects():
        by_tenant.setdefault(project.tenant_id, []).append(project)
    for projects in by_tenant.values():
        states = await list_lock_states(
            patient.web_pool,
            patient.redis,
            projects[0].tenant_id,
            project_ids=[project.project_id for project in projects],
            lease_seconds=patient.lease_seconds,
            now=patient.clock(),
        )
        if states.redis_trouble is not None:
            raise states.redis_trouble
        for project in projects:
            state = states.states.get(project.project_id)
            for oddity in state.oddities if state else ():
                fixed = (
                    patient.fix
                    and state is not None
                    and await show_in_redis(patient.locks, project.project_id, state.lease)
                )
                said = f"{project.name}: {oddity.message}{' Put right.' if fixed else ''}"
                hint = "" if fixed else "A daemon puts it right; `syncd doctor --fix` does too."
                findings.append(Finding("locks", Level.OK if fixed else Level.WARN, said, hint))
    return findings or [Finding("locks", Level.OK, "Redis shows what Postgres says.")]


async def check_projects(patient: Patient) -> Sequence[Finding]:
    """Does any project wait for a person, and can each folder be read?"""
    findings: list[Finding] = []
    projects = await patient.list_projects()
    for project in projects:
        if project.condition == "stalled":
            findings.append(Finding("projects", Level.WARN, f"{project.name}: {project.message}", project.hint or ""))
        if project.folder is not None and (
            fault := await asyncio.to_thread(_find_folder_fault, patient, project.folder)
        ):
            findings.append(
                Finding(
                    "folders",
                    Level.BAD,
                    f"{project.name}: {fault}",
                    "Name its root in SYNCD_FOLDER_ROOTS, or restore it.",
                )
            )
    findings += [
        Finding("folders", Level.BAD, f"The folder root {root} is not there.", "Correct SYNCD_FOLDER_ROOTS.")
        for root in patient.folder_roots or ()
        if not root.is_dir()
    ]
    return findings or [Finding("projects", Level.OK, f"None of {len(projects)} projects waits for a person.")]


def _find_folder_fault(patient: Patient, folder: str) -> str | None:
    place = Path(folder).resolve()
    if not place.is_dir():
        return f"there is no folder {folder}."
    roots = patient.folder_roots
    if roots is not None and not any(place.is_relative_to(root.resolve()) for root in roots):
        return f"{folder} is not below a folder root."
    return None
