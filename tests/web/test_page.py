"""The page without a browser: who may have it, what it may load, how long it may be kept."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from syncd.core.projects import NewProject
from tests.browser.scenery import TEAM, put_past, put_scenes
from tests.databases import Database
from tests.mirror import Mirror
from tests.services.folder_projects import sync_folder, write
from tests.web.sites import Client, add_test_key

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def fetch(client: Client, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    async with client.session.get(client.url + path, headers=headers) as response:
        return response, await response.text()


async def test_a_browser_gets_the_page_of_which_nothing_is_anybodys(client: Client, mirror: Mirror) -> None:
    await mirror.add_project(NewProject(name="secret-plans", source="folder", folder="/srv/plans"))
    for path in ("/status", "/status/secret-plans", "/status/nothing"):
        response, text = await fetch(client, path, **BROWSER)
        assert (response.status, response.content_type) == (200, "text/html")
        assert "secret-plans" not in text
        assert response.headers["Cache-Control"] == "no-store"


async def test_the_page_may_load_its_own_files_and_nothing_else(client: Client) -> None:
    response, text = await fetch(client, "/status", **BROWSER)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(loaded) > 5
    for path in loaded:
        answer, _ = await fetch(client, path)
        assert answer.status == 200


def test_no_file_of_the_page_names_another_host_or_makes_markup_of_text() -> None:
    for entry in (files("syncd.web") / "static").iterdir():
        text = entry.read_text()
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), entry.name
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), (
            entry.name
        )


async def test_every_module_that_is_imported_is_served(client: Client) -> None:
    _, text = await fetch(client, "/status", **BROWSER)
    (base,) = set(re.findall(r"/static/[0-9a-f]{16}", text))
    names = [entry.name for entry in (files("syncd.web") / "static").iterdir() if entry.name.endswith(".js")]
    for name in names:
        response, script = await fetch(client, f"{base}/{name}")
        assert response.content_type == "text/javascript"
        assert [path for path in re.findall(r'from "\./([a-z]+\.js)"', script) if path not in names] == []


async def test_a_file_is_kept_for_ever_under_the_mark_of_its_content(client: Client) -> None:
    _, text = await fetch(client, "/status", **BROWSER)
    path = re.findall(r'"(/static/[^"]+base\.css)"', text)[0]
    response, _ = await fetch(client, path)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again, _ = await fetch(client, path, **{"If-None-Match": response.headers["ETag"]})
    assert again.status == 304
    for other in (path.replace("base.css", "nothing.css"), f"/static/{'0' * 16}/base.css", "/static/../app.py"):
        missing, _ = await fetch(client, other)
        assert missing.status == 404


async def test_one_project_is_shown_with_its_past(client: Client, mirror: Mirror, database: Database) -> None:
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=NOW)
    await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=NOW)
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    body = (await client.get("/status/handbook", key=key)).body
    assert body["project"]["name"] == "handbook"
    assert len(body["runs"]) == 36
    assert body["runs"][0]["milliseconds"]["fetch"] == 640.2
    assert [run["error"]["code"] for run in body["runs"] if run["error"]] == ["github_unavailable"] * 3
    assert [point["at"] for point in body["freshness"]] == sorted(point["at"] for point in body["freshness"])
    assert len([point for point in body["freshness"] if point["seconds"] is None]) == 3
    assert [event["action"] for event in body["lockEvents"]["items"]][:3] == ["release", "acquire", "unfreeze"]
    assert body["skippedFiles"]["items"][1] == {
        "path": "docs/changelog/2019.md",
        "reason": "too_large",
        "size": 7_340_032,
    }


async def test_skipped_files_are_listed_page_by_page(
    client: Client, mirror: Mirror, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.services.project_status.FILES_SHOWN", 3)
    await put_scenes(database.migrator_url, mirror.tenant_id, TEAM, now=NOW)
    await put_past(database.migrator_url, mirror.tenant_id, "handbook", now=NOW)
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)
    first = (await client.get("/status/handbook", key=key)).body["skippedFiles"]
    rest = (await client.get(f"/status/handbook?skipped={first['nextCursor']}", key=key)).body["skippedFiles"]
    assert [len(first["items"]), len(rest["items"]), rest["nextCursor"]] == [3, 1, None]
    paths = [file["path"] for file in (*first["items"], *rest["items"])]
    assert paths == sorted(set(paths))
    for cursor in ("nonsense!", "%ff"):
        refused = await client.get(f"/status/handbook?skipped={cursor}", key=key)
        assert (refused.status, refused.error["code"]) == (400, "VALIDATION_ERROR")


async def test_documents_that_are_read_as_plain_text_are_listed_with_the_reason_until_they_are_mended(
    client: Client, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.services.project_status.FILES_SHOWN", 2)
    broken = {f"docs/{name}.ipynb": b"{" for name in "cab"}
    write(tmp_path, {**broken, "docs/whole.md": b"# Whole\n"})
    project = await mirror.add_project(NewProject(name="books", source="folder", folder=str(tmp_path)))
    await sync_folder(mirror, project)
    key = await add_test_key(mirror.web_pool, mirror.tenant_id)

    async def ask(cursor: str = "") -> dict[str, Any]:
        return (await client.get(f"/status/books?plain={cursor}", key=key)).body["plainDocuments"]  # type: ignore[no-any-return]

    first = await ask()
    rest = await ask(first["nextCursor"])
    assert [document["path"] for document in first["items"]] == ["docs/a.ipynb", "docs/b.ipynb"]
    assert first["items"][0]["reason"].startswith("it is no JSON: line 1: ")
    assert ([document["path"] for document in rest["items"]], rest["nextCursor"]) == (["docs/c.ipynb"], None)
    for cursor, status in (("AA==", 200), ("_w==", 200), ("nonsense!", 400)):
        assert (await client.get(f"/status/books?plain={cursor}", key=key)).status == status
    write(tmp_path, dict.fromkeys(broken, b'{"cells": [{"cell_type": "markdown", "source": ["# A"]}]}'))
    await sync_folder(mirror, project)
    assert await ask() == {"items": [], "nextCursor": None}


async def test_a_project_that_is_not_yours_is_none(client: Client, mirror: Mirror) -> None:
    mine = await mirror.add_project(NewProject(name="mine", source="folder", folder="/srv/mine"))
    await mirror.add_project(NewProject(name="other", source="folder", folder="/srv/other"))
    narrow = await add_test_key(mirror.web_pool, mirror.tenant_id, project_ids=[mine.project_id])
    hidden, absent = [await client.get(f"/status/{name}", key=narrow) for name in ("other", "absent")]
    assert (hidden.status, absent.status) == (404, 404)
    assert hidden.error["message"].replace("other", "absent") == absent.error["message"]
    assert (await client.get("/status/mine", key=narrow)).status == 200
    assert (await client.get("/status/mine")).status == 401
