"""What GitHub is told of a commit whose docs were pushed: that they are synced, or why not yet."""

from dataclasses import dataclass
from enum import StrEnum

from syncd.core.projects import Project

CONTEXT = "syncd"
DESCRIPTION_LENGTH = 140  # GitHub takes no more
# GitHub itself is the trouble, or another daemon has just begun: nothing worth a remark on the commit.
_UNTOLD = frozenset({"github_unreachable", "rate_limited", "project_locked", "lease_lost"})
_PASSING = frozenset({"mass_deletion_held"})


class CommitState(StrEnum):
    """The states of GitHub that are used here."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One status. *mark* tells it from others of the project: the same is not told twice."""

    commit: str
    context: str
    state: CommitState
    description: str
    mark: str


def make_commit_status(project: Project, *, changed: int) -> CommitStatus | None:
    """Return what is to be told of how *project* stands, or none. *changed* documents came with the synced commit."""
    if not project.commit_status or project.repository_id is None:
        return None
    if project.condition == "ready" and project.synced_commit is not None:
        said = f"docs synced: r{project.revision}, {changed} changed, {project.skipped} skipped"
        return _make(project, project.synced_commit, CommitState.SUCCESS, said, f"r{project.revision}")
    wanted, reason = project.desired_commit, project.reason
    if wanted is None or wanted == project.synced_commit or reason is None or reason in _UNTOLD:
        return None
    stalled = project.condition == "stalled" and reason not in _PASSING
    state = CommitState.FAILURE if stalled else CommitState.PENDING
    return _make(project, wanted, state, f"docs not synced: {project.message or reason}", reason)


def _make(project: Project, commit: str, state: CommitState, said: str, detail: str) -> CommitStatus:
    # Two projects of one repository would otherwise take each other's word.
    plain = project.name == (project.repository or "").rpartition("/")[2]
    context = CONTEXT if plain else f"{CONTEXT}/{project.name}"
    short = said if len(said) <= DESCRIPTION_LENGTH else said[: DESCRIPTION_LENGTH - 1] + "\u2026"
    return CommitStatus(commit, context, state, short, f"{commit} {state} {detail}")
