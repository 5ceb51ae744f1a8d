"""What GitHub is told follows from how a project stands."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from syncd.core.commit_statuses import DESCRIPTION_LENGTH, CommitState, make_commit_status
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import Project

OLD, NEW = "1" * 40, "2" * 40
BLANK: Any = dict.fromkeys(Project.__dataclass_fields__)
READY = replace(
    Project(**BLANK),
    tenant_id=TenantId(uuid4()),
    project_id=ProjectId(uuid4()),
    name="handbook",
    source="github",
    repository="acme/handbook",
    repository_id=7,
    include=(),
    exclude=(),
    condition="ready",
    desired_commit=OLD,
    synced_commit=OLD,
    revision=42,
    skipped=1,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    commit_status=True,
)


def trouble(condition: str, reason: str, *, desired: str | None = NEW) -> Project:
    return replace(READY, condition=condition, reason=reason, message="So it is.", desired_commit=desired)


def test_a_synced_commit_is_told_with_its_revision_and_counts() -> None:
    status = make_commit_status(READY, changed=5)
    assert status is not None
    assert (status.commit, status.context, status.state) == (OLD, "syncd", CommitState.SUCCESS)
    assert status.description == "docs synced: r42, 5 changed, 1 skipped"
    assert status.mark == f"{OLD} success r42"


@pytest.mark.parametrize(
    ("project", "state"),
    [
        (trouble("stalled", "path_missing"), CommitState.FAILURE),
        (trouble("stalled", "directory_too_large"), CommitState.FAILURE),
        (trouble("stalled", "mass_deletion_held"), CommitState.PENDING),
        (trouble("frozen", "project_frozen"), CommitState.PENDING),
        (trouble("waiting", "internal_error"), CommitState.PENDING),
    ],
)
def test_what_hinders_a_pushed_commit_is_told_with_the_reason(project: Project, state: CommitState) -> None:
    status = make_commit_status(project, changed=0)
    assert status is not None
    assert (status.commit, status.state, status.description) == (NEW, state, "docs not synced: So it is.")
    assert status.mark == f"{NEW} {state} {project.reason}"


@pytest.mark.parametrize(
    "project",
    [
        replace(READY, commit_status=False),
        replace(READY, repository_id=None),
        replace(READY, synced_commit=None),
        trouble("stalled", "repository_not_found", desired=OLD),
        trouble("stalled", "repository_not_found", desired=None),
        trouble("waiting", "rate_limited"),
        trouble("waiting", "github_unreachable"),
        trouble("waiting", "project_locked"),
        replace(READY, condition="syncing", desired_commit=NEW),
    ],
)
def test_of_the_rest_nothing_is_told(project: Project) -> None:
    assert make_commit_status(project, changed=0) is None


def test_a_project_of_another_name_than_its_repository_has_a_context_of_its_own() -> None:
    status = make_commit_status(replace(READY, name="handbook-next"), changed=0)
    assert status is not None
    assert status.context == "syncd/handbook-next"


def test_a_description_is_as_long_as_github_takes() -> None:
    long = replace(trouble("stalled", "path_missing"), message="x" * 500)
    status = make_commit_status(long, changed=0)
    assert status is not None
    assert len(status.description) == DESCRIPTION_LENGTH
