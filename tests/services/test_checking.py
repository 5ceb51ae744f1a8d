"""The links of a project are looked at as of a revision; what leads to nothing is listed, and what is cut as plain text."""

from pathlib import Path

import pytest

from syncd.adapters.postgres.reading import broken_links
from syncd.adapters.postgres.reading.broken_links import BrokenLink
from syncd.core.moments import AtRevision
from syncd.errors import NotFound
from syncd.services.checking import check_project
from tests.mirror import Mirror
from tests.services.folder_projects import add_folder, sync_folder, write

FILES = {
    "index.md": b"# Start\n\n[good](guide.rst#install) [label](guide.rst#none)\n[gone](gone.md) [file](../x.png) [out](https://a.b)\n",
    "guide.rst": b".. _the guide:\n\nGuide\n=====\n\nInstall\n-------\n\n:ref:`The Guide`, :ref:`none`, :doc:`index`, :doc:`missing`\n",
    "page.adoc": b"= Page\n\nxref:guide.rst[], <<other>>\n\n[[here]]\nText <<here>>.\n",
    "broken.ipynb": b'{"cells": [',
}


async def test_broken_links_and_plain_documents_are_listed_by_revision(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broken_links, "BATCH_LINKS", 2)
    write(tmp_path, FILES)
    project = await add_folder(mirror, tmp_path)
    await sync_folder(mirror, project)
    first = await check_project(mirror.web_pool, mirror.tenant_id, project.name, moment=None)
    assert [(one.path, one.line, one.target, one.fault) for one in first.broken] == [
        ("guide.rst", 9, "none", "no such label"),
        ("guide.rst", 9, "missing", "no document"),
        ("index.md", 3, "guide.rst#none", "no such section"),
        ("index.md", 4, "gone.md", "no document"),
        ("page.adoc", 3, "#other", "no such section"),
    ]
    assert first.links == 12
    assert [(one.path, one.reason) for one in first.plain] == [
        ("broken.ipynb", "it is no JSON: line 1: Expecting value")
    ]
    write(tmp_path, {"gone.md": b"# Back\n", "broken.ipynb": b'{"cells": [{"source": "# A"}]}'})
    await sync_folder(mirror, project)
    second = await check_project(mirror.web_pool, mirror.tenant_id, project.name, moment=None)
    assert (len(second.broken), second.plain, second.revision) == (4, (), 2)
    again = await check_project(mirror.web_pool, mirror.tenant_id, project.name, moment=AtRevision(1))
    assert again == first
    assert BrokenLink("index.md", 2, 4, "gone", "gone.md", "no document") in again.broken


async def test_a_project_that_is_not_ours_is_not_found(mirror: Mirror) -> None:
    with pytest.raises(NotFound):
        await check_project(mirror.web_pool, mirror.tenant_id, "none", moment=None)
