"""What syncd does in each situation that GitHub can put it into, from the request to the stored documents: one test a row.

The finer points of a row are proved beside its part: tests/adapters/github, tests/services and tests/core.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from syncd.adapters.embedded.redis import RedisServer
from syncd.core.documents import SkipReason
from tests.databases import Database
from tests.end_to_end.story import DOCS, NAME, Story, open_story
from tests.fakegithub.faults import Answer, CutBody, Fault
from tests.fakegithub.gitrepo import GitFile, GitRepository, submodule, symlink
from tests.loop import fetch
from tests.mirror import LIMITS

DAY_SECONDS = 86_400


@pytest_asyncio.fixture
async def story(database: Database, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Story]:
    """A project that was synced once, with the documents of DOCS."""
    async with open_story(database, redis_server, tmp_path) as opened:
        yield opened


async def test_poll_tick_is_one_conditional_request_that_costs_nothing(story: Story) -> None:
    used = story.reader.used
    assert await story.look() == ["/commits/heads/main"]
    assert [(request.status, request.conditional) for request in story.fake.requests] == [(304, True)]
    assert story.reader.used == used


async def test_once_a_day_everything_is_compared_and_what_drifted_is_healed_without_fetching_the_rest(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    await story.look(after_seconds=DAY_SECONDS)
    assert (await story.last_run())["outcome"] == "noop"
    assert [record.message for record in caplog.records if record.message == "drift healed"] == []
    connection = await asyncpg.connect(story.database.migrator_url)
    await connection.execute("set session_replication_role = replica")  # past every guard, as damage is
    await connection.execute("update syncd.document_versions set path = 'docs/strange.md' where path = 'docs/a.md'")
    await connection.close()
    assert await story.look() == ["/commits/heads/main"]
    asked = await story.look(after_seconds=DAY_SECONDS)
    assert await story.documents() == DOCS
    assert not any("/blobs/" in path for path in asked)
    assert (await story.state()).revision == 2
    assert [record.message for record in caplog.records if record.message == "drift healed"] == ["drift healed"]


async def test_a_project_whose_code_moves_daily_is_compared_daily_all_the_same(story: Story) -> None:
    for hour in range(5):
        story.commit({"src/main.py": b"%d\n" % hour})
        asked = await story.look(after_seconds=DAY_SECONDS / 4)
        assert any("recursive" in request.query for request in story.fake.requests) == (hour == 3), asked


async def test_head_changed_and_docs_did_not_only_the_commit_moves(story: Story) -> None:
    commit = story.commit({"src/main.py": b"pass\n"})
    asked = await story.look()
    assert asked == [
        "/commits/heads/main",
        f"/git/commits/{commit}",
        f"/git/trees/{story.git.run('rev-parse', 'main^{tree}').strip()}",
    ]
    state = await story.state()
    assert (state.synced_commit, state.revision) == (commit, 1)


async def test_docs_tree_changed_costs_one_listing_and_the_blobs_that_are_new(story: Story) -> None:
    story.commit({"docs/deep/b.md": b"# B2\n", "docs/copy.md": b"# A\n"})
    asked = await story.look()
    assert await story.documents() == {**DOCS, "docs/deep/b.md": b"# B2\n", "docs/copy.md": b"# A\n"}
    assert [path.split("/")[2] for path in asked[1:]] == ["commits", "trees", "trees", "blobs"]
    assert (await story.last_run())["requests"] == 5


async def test_a_truncated_listing_is_completed_subtree_by_subtree_and_deletes_nothing(story: Story) -> None:
    files = {f"docs/{name}/{number}.md": b"# %d\n" % number for name in "abc" for number in range(6)}
    story.commit(files)
    story.fake.limit_trees(8)
    await story.look()
    assert await story.documents() == {**DOCS, **files}
    assert (await story.last_run())["deleted"] == 0


@pytest.mark.parametrize(("count", "ways"), [(20, {"git"}), (310, {"graphql"})])
async def test_few_blobs_come_one_by_one_and_many_in_batches(story: Story, count: int, ways: set[str]) -> None:
    files = {f"docs/{number}.md": b"# Page %d\n" % number for number in range(count)}
    story.commit(files)
    asked = await story.look()
    assert await story.documents() == {**DOCS, **files}
    content = [path for path in asked if "/blobs/" in path or path == "/graphql"]
    assert {path.split("/")[1] for path in content} == ways
    assert len(content) == (count if ways == {"git"} else 4)


async def test_blobs_that_graphql_does_not_bring_come_by_rest(story: Story) -> None:
    files = {f"docs/{number}.md": b"# Page %d\n" % number for number in range(310)}
    story.commit(files)
    story.fake.faults.add(Fault(on="^/graphql", effect=Answer(502), times=None))
    await story.look()
    assert await story.documents() == {**DOCS, **files}


async def test_a_huge_import_with_a_low_quota_comes_in_an_archive_whose_bytes_are_proved(story: Story) -> None:
    files = {f"docs/{number}.md": b"# Page %d\n" % number for number in range(200)}
    story.commit({**files, ".gitattributes": b"docs/7.md export-ignore\n"})
    story.reader.used = story.reader.limit - 1100
    story.fake.faults.add(Fault(on="^/graphql", effect=Answer(502), times=None))
    asked = await story.look()
    assert await story.documents() == {**DOCS, **files}
    assert sum("tarball" in path for path in asked) == 1
    assert sum("/blobs/" in path for path in asked) == 1


async def test_a_force_push_is_mirrored_and_recorded_as_rewritten_history(story: Story) -> None:
    first = story.git.get_commit("main")
    story.commit({"docs/a.md": b"# A, once more\n"})
    await story.look()
    assert (await story.last_run())["history_rewritten"] is False
    story.git.set_branch("main", first)
    other = story.commit({"docs/other.md": b"# Other\n"})
    asked = await story.look()
    assert sum("/compare/" in path for path in asked) == 1
    run = await story.last_run()
    assert (run["to_commit"], run["history_rewritten"]) == (other, True)
    assert await story.documents() == {**DOCS, "docs/other.md": b"# Other\n"}


async def test_a_push_of_several_commits_is_no_force_push(story: Story) -> None:
    for number in range(3):
        story.commit({"docs/a.md": b"# A %d\n" % number})
    await story.look()
    assert (await story.last_run())["history_rewritten"] is False


async def test_a_deleted_branch_keeps_the_documents_until_it_is_back(story: Story) -> None:
    commit = story.git.get_commit("main")
    story.git.set_branch("other", commit)
    story.git.remove_branch("main")
    await story.look()
    assert await story.condition() == ("stalled", "branch_missing")
    assert await story.documents() == DOCS
    story.git.set_branch("main", commit)
    story.commit({"docs/back.md": b"# Back\n"})
    await story.look()
    assert await story.condition() == ("ready", None)
    assert await story.documents() == {**DOCS, "docs/back.md": b"# Back\n"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "credential_refused"),
        (403, "access_denied"),
        (404, "repository_not_found"),
        (409, "repository_empty"),
        (451, "access_denied"),
    ],
)
async def test_access_that_is_lost_is_said_and_deletes_nothing(story: Story, status: int, reason: str) -> None:
    place = f"/(repositories/{story.repository.number}|repos/acme)"
    story.fake.faults.add(Fault(on=place, effect=Answer(status, body=b'{"message": "No."}'), times=None))
    await story.look()
    assert await story.condition() == ("stalled", reason)
    state = await story.state()
    assert state.hint
    assert state.next_try_at
    assert await story.documents() == DOCS
    story.fake.faults.clear()
    await story.look()
    assert await story.condition() == ("ready", None)


async def test_a_docs_path_that_vanished_is_said_and_deletes_nothing(story: Story) -> None:
    await fetch(story.database.migrator_url, "update syncd.projects set docs_path = 'docs' returning 1")
    await story.look()
    story.commit({"docs/a.md": None, "docs/deep/b.md": None, "dogs/a.md": b"# A\n"})
    await story.look()
    assert await story.condition() == ("stalled", "path_missing")
    assert "dogs" in ((await story.state()).hint or "")
    assert await story.documents() == DOCS


async def test_a_mass_deletion_is_held_until_it_is_seen_a_second_time(story: Story) -> None:
    files = {f"docs/{number}.md": b"# %d\n" % number for number in range(30)}
    story.commit(files)
    await story.look()
    story.commit(dict.fromkeys(files))
    await story.look()
    assert await story.condition() == ("stalled", "mass_deletion_held")
    assert await story.documents() == {**DOCS, **files}
    await story.look()
    assert await story.condition() == ("ready", None)
    assert await story.documents() == DOCS


@pytest.mark.parametrize("name", ["acme/book", "umbrella/handbook"], ids=["rename", "transfer"])
async def test_a_renamed_or_transferred_repository_is_followed_and_its_new_name_recorded(
    story: Story, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    story.fake.rename_repository(story.repository, name)
    assert await story.look() == ["/commits/heads/main"]
    story.commit({"docs/new.md": b"# New\n"})
    with caplog.at_level("INFO", logger="syncd.sync"):
        await story.look()
    assert all(request.status == 200 for request in story.fake.requests)
    state = await story.state()
    assert (state.repository, state.repository_id) == (name, story.repository.number)
    assert await story.documents() == {**DOCS, "docs/new.md": b"# New\n"}
    (told,) = (record.__dict__ for record in caplog.records if record.message == "repository renamed")
    assert (told["from"], told["to"]) == (NAME, name)


async def test_another_repository_under_the_same_name_stops_the_project(story: Story, tmp_path: Path) -> None:
    story.fake.remove_repository(story.repository)
    stranger = GitRepository.create(tmp_path / "stranger.git")
    stranger.add_commit({"docs/a.md": b"# Not yours\n"})
    await story.fake.add_repository(NAME, stranger)
    await story.look()
    assert await story.condition() == ("stalled", "repository_replaced")
    assert await story.documents() == DOCS


async def test_a_renamed_file_keeps_its_identity_and_is_not_fetched(story: Story) -> None:
    before = await story.loop.mirror.list_versions(story.project)
    story.commit({"docs/deep/b.md": None, "docs/moved/c.md": b"# B\n"})
    asked = await story.look()
    after = await story.loop.mirror.list_versions(story.project)
    assert after == {"docs/a.md": before["docs/a.md"], "docs/moved/c.md": before["docs/deep/b.md"]}
    assert not any("/blobs/" in path for path in asked)
    assert (await story.last_run())["renamed"] == 1


async def test_a_missed_webhook_is_healed_by_the_poll(story: Story) -> None:
    await fetch(story.database.migrator_url, "update syncd.sync_queue set delivered_at = $1", story.loop.clock())
    story.commit({"docs/new.md": b"# New\n"})  # and nobody is told
    await story.look(after_seconds=400)
    assert await story.documents() == {**DOCS, "docs/new.md": b"# New\n"}


async def test_symlinks_submodules_lfs_pointers_and_what_is_too_large_are_listed_with_their_reason(
    story: Story,
) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    edge = b"x" * LIMITS.document_max_bytes
    story.commit(
        {
            "docs/link.md": symlink("a.md"),
            "docs/theme": submodule("1" * 40),
            "docs/pointer.md": pointer,
            "docs/edge.md": edge,
            "docs/large.md": edge + b"x",
            "docs/nul.md": b"a\x00b",
            "docs/run.md": GitFile(b"# Run\n", mode="100755"),
        }
    )
    await story.look()
    assert await story.documents() == {**DOCS, "docs/edge.md": edge, "docs/run.md": b"# Run\n"}
    assert await story.skipped() == {
        "docs/link.md": SkipReason.SYMLINK,
        "docs/theme": SkipReason.SUBMODULE,
        "docs/pointer.md": SkipReason.LFS_POINTER,
        "docs/large.md": SkipReason.TOO_LARGE,
        "docs/nul.md": SkipReason.BINARY,
    }


async def test_every_encoding_is_mirrored_byte_for_byte(story: Story) -> None:
    files = {
        "docs/bom.md": b"\xef\xbb\xbf# Mark\n",
        "docs/crlf.md": b"# Lines\r\n\r\nend\r\n",
        "docs/cp1252.md": "# Caf\u00e9 \u201cquoted\u201d\n".encode("cp1252"),
        "docs/utf16.md": "# Sixteen\n".encode("utf-16"),
        "docs/empty.md": b"",
    }
    story.commit(files)
    await story.look()
    assert await story.documents() == {**DOCS, **files}


async def test_odd_paths_are_mirrored_as_they_are_and_hostile_ones_listed(story: Story) -> None:
    odd = {
        "docs/README.md": b"# Upper\n",
        "docs/readme.md": b"# Lower\n",
        "docs/cafe\u0301.md": b"# Decomposed\n",
        "docs/caf\u00e9.md": b"# Composed\n",
        "docs/a b#c?d%20.md": b"# Signs\n",
    }
    story.commit({**odd, "docs/\udcff.md": b"# Bytes\n"})
    await story.look()
    assert await story.documents() == {**DOCS, **odd}
    assert await story.skipped() == {"docs/\ufffd.md": SkipReason.PATH_NOT_UTF8}
    blob = story.git.add_blob(b"# Out\n")
    up = story.git.add_tree([("100644", "evil.md", blob)])
    docs = story.git.add_tree([("040000", "..", up), ("100644", "a.md", blob)])
    story.git.add_commit_of_tree(story.git.add_tree([("040000", "docs", docs)]))
    await story.look()
    assert await story.documents() == {"docs/a.md": b"# Out\n"}
    assert await story.skipped() == {"docs/../evil.md": SkipReason.PATH_UNSAFE}


@pytest.mark.parametrize("effect", [Answer(500), CutBody(keep_bytes=2), Answer(429)])
async def test_a_failure_in_the_middle_of_a_sync_publishes_nothing_and_the_next_one_fetches_the_rest(
    story: Story, effect: Answer | CutBody
) -> None:
    files = {f"docs/{number}.md": b"# Page %d\n" % number for number in range(12)}
    commit = story.commit(files)
    story.fake.faults.add(Fault(on="/git/blobs/", effect=effect, after=8, times=None))
    await story.look()
    state = await story.state()
    assert (state.condition, state.revision, state.desired_commit) == ("waiting", 1, commit)
    assert await story.documents() == DOCS
    story.fake.faults.clear()
    asked = await story.look()
    assert await story.documents() == {**DOCS, **files}
    assert sum("/blobs/" in path for path in asked) < len(files)
