"""What every answer says of its project: how new it is, and why it may be behind."""

from datetime import UTC, datetime

from syncd.adapters.postgres.reading.projects import ReadableProject


def format_time(moment: datetime | None) -> str | None:
    """Return a time as agents read it: UTC, to the second."""
    return None if moment is None else f"{moment.astimezone(UTC).isoformat()[:19]}Z"


def describe_state(project: ReadableProject) -> str:
    """Return how the project stands: `ready`, `syncing …`, `waiting: …`, `stalled: …`, `frozen …`."""
    if project.is_frozen:
        return _describe_freeze(project)
    match project.condition:
        case "syncing":
            held = f" by {project.holder} since {format_time(project.acquired_at)}" if project.holder else ""
            return f"syncing{held}"
        case "waiting" | "stalled" as condition:
            said = project.message or project.reason
            again = f" (next try {format_time(project.next_try_at)})" if project.next_try_at else ""
            return f"{condition}: {said}{again}" if said else f"{condition}{again}"
        case condition:
            return condition


def _describe_freeze(project: ReadableProject) -> str:
    until = f" until {format_time(project.freeze_until)}" if project.freeze_until else ""
    reason = f": {project.freeze_reason}" if project.freeze_reason else ""
    return f"frozen by {project.frozen_by} since {format_time(project.frozen_at)}{until}{reason}"


def freshness_line(project: ReadableProject) -> str:
    """Return the line that opens a text answer."""
    if project.revision == 0:
        return f"{project.name} · nothing synced yet · {describe_state(project)}"
    commit = f"commit {project.synced_commit[:12]}" if project.synced_commit else "no commit (folder)"
    if project.revision != project.newest_revision:
        behind = f" · as of r{project.revision}: the newest is r{project.newest_revision}"
    elif project.desired_commit and project.desired_commit != project.synced_commit:
        behind = f" · behind: newest commit is {project.desired_commit[:12]}"
    else:
        behind = ""
    synced = format_time(project.synced_at)
    return f"{project.name} · r{project.revision} · {commit} · synced {synced} · {describe_state(project)}{behind}"


def freshness_values(project: ReadableProject) -> dict[str, str | int | None]:
    """Return the same as values."""
    viewed = {} if project.revision == project.newest_revision else {"newestRevision": project.newest_revision}
    return {
        "project": project.name,
        "revision": project.revision,
        **viewed,
        "commit": project.synced_commit,
        "syncedAt": format_time(project.synced_at),
        "state": describe_state(project),
    }


def lock_values(project: ReadableProject) -> dict[str, str | int | None] | None:
    """Return who holds or froze the project; none where it is free."""
    if project.is_frozen:
        return {
            "lockedBy": project.frozen_by,
            "lockedAt": format_time(project.frozen_at),
            "expiresAt": format_time(project.freeze_until),
            "reason": project.freeze_reason,
            "kind": "freeze",
        }
    if project.holder is None:
        return None
    return {"lockedBy": project.holder, "lockedAt": format_time(project.acquired_at), "kind": "sync"}
