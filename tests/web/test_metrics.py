"""Metrics tell who runs the installation how it goes, and nobody whose it is."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncd.adapters.metrics import Metrics
from syncd.adapters.postgres.connections import LeaseLost
from syncd.adapters.redis.locks import RedisClient
from syncd.core.budgets import KnownBudget, Standing
from syncd.core.credentials import BudgetId
from syncd.core.projects import NewProject
from syncd.core.runs import Outcome, Run
from syncd.services.keys import create_platform_key
from syncd.services.locking import holding
from tests.browser.scenery import TEAM, put_scenes
from tests.databases import Database
from tests.mirror import Mirror
from tests.web.sites import Client, add_test_key, make_test_site, open_client

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent
SERIES_MAX = 1000


def read(text: str) -> dict[str, float]:
    """Return the value of each series, by its name with its labels."""
    return {
        f"{sample.name}{dict(sorted(sample.labels.items())) if sample.labels else ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(client: Client, key: str | None) -> tuple[aiohttp.ClientResponse, str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with client.session.get(f"{client.url}/metrics", headers=headers) as response:
        return response, await response.text()


def make_run(outcome: Outcome) -> Run:
    return Run(
        outcome,
        None,
        None,
        None,
        1,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=2),
        added=3,
        modified=1,
        milliseconds={"fetch": 1500.0},
    )


def test_every_metric_is_explained_and_none_that_is_not_there() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    explained = re.findall(r"(?m)^\| `(syncd_[a-z_]+)(?:\{[a-z, ]+\})?` \|", page)
    families = list(Metrics().registry.collect())
    told = [family.name + ("_total" if family.type == "counter" else "") for family in families]
    assert sorted(explained) == sorted(told)


def test_no_label_names_anybody_and_no_series_can_multiply() -> None:
    metrics = Metrics()
    for outcome in Outcome:
        metrics.count_run(make_run(outcome))
    budgets = [
        KnownBudget(BudgetId(f"{number:064}"), "project_token", [Standing("core", 5000, number, 0.0, 0.0, "", True)])
        for number in range(2000)
    ]
    metrics.show_budgets(budgets)
    metrics.show_projects({"ready": 10_000, "stalled": 3}, documents=1, skipped=2, lag_seconds=0.5)
    series = read(metrics.write().decode())
    labels = {label for name in series for label in re.findall(r"'([a-z_]+)': ", name)}
    assert labels <= {"version", "outcome", "phase", "change", "condition", "credential", "resource", "result", "le"}
    assert len(series) < SERIES_MAX
    assert series["syncd_github_rate_remaining{'credential': 'project_token', 'resource': 'core'}"] == 0


def test_a_run_is_counted_with_its_seconds_and_its_changes() -> None:
    metrics = Metrics()
    metrics.count_run(make_run(Outcome.CHANGED))
    series = read(metrics.write().decode())
    assert series["syncd_sync_duration_seconds_sum{'outcome': 'changed'}"] == 2.0
    assert series["syncd_sync_phase_duration_seconds_sum{'phase': 'fetch'}"] == 1.5
    assert series["syncd_document_changes_total{'change': 'added'}"] == 3


async def test_locks_are_counted_as_they_are_held_taken_over_and_lost(mirror: Mirror, database: Database) -> None:
    metrics = Metrics()
    locking = replace(mirror.locking, metrics=metrics)
    project = await mirror.add_project(NewProject(name="guide", source="folder", folder="/srv/guide"))
    async with holding(locking, mirror.tenant_id, project.project_id, reason="test"):
        assert read(metrics.write().decode())["syncd_locks_held"] == 1
    series = read(metrics.write().decode())
    assert (series["syncd_locks_held"], series["syncd_lock_age_seconds"]) == (0, 0)
    metrics.count_lock(uuid4(), taken_over=True)
    with pytest.raises(LeaseLost):
        async with holding(locking, mirror.tenant_id, project.project_id, reason="test"):
            raise LeaseLost("lease_lost", "Lost.", hint="", after_seconds=1) from ValueError("DS001")
    series = read(metrics.write().decode())
    assert (series["syncd_lock_takeovers_total"], series["syncd_lease_lost_total"]) == (1, 1)
    assert series["syncd_fence_rejected_total"] == 1
    assert series["syncd_lock_age_seconds"] > 0


async def test_the_projects_of_all_tenants_are_sums_for_a_platform_key_alone(
    mirror: Mirror, database: Database, redis: RedisClient
) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=NOW)
    async with open_client(make_test_site(mirror.web_pool, redis)) as client:
        assert (await scrape(client, None))[0].status == 401
        assert (await scrape(client, await add_test_key(mirror.web_pool, mirror.tenant_id)))[0].status == 403
        response, text = await scrape(
            client, (await create_platform_key(mirror.web_pool, name="prometheus", expires_at=None)).text
        )
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    series = read(text)
    assert series["syncd_projects{'condition': 'stalled'}"] == 1
    assert series["syncd_documents"] == sum(scene.documents for scene in TEAM)
    assert series["syncd_skipped_files"] == 16
    assert series["syncd_build_info{'version': '0.1.0'}"] == 1
    assert "syncd_cache_reads_total{'result': 'hit'}" in series
    assert str(mirror.tenant_id) not in text
    assert "acme" not in text
