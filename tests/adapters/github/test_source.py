"""The source says what git says, at the lowest number of requests."""

from datetime import UTC, datetime

import pytest

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import EntryKind, Head, Source
from syncd.errors import RetryLater, Stalled
from tests.adapters.github.conftest import NAME, Hosted, gather, mirror
from tests.fakegithub.faults import Answer, CutListing, Fault
from tests.fakegithub.gitrepo import GitFile, submodule, symlink


def _oracle(hosted: Hosted, docs_path: str, commit: str = "main") -> dict[str, bytes]:
    files = hosted.git.list_tree(commit, docs_path)
    return {
        path: file.content for path, file in files.items() if file.content is not None and file.mode.startswith("100")
    }


async def test_the_docs_folder_is_mirrored_byte_for_byte(hosted: Hosted) -> None:
    hosted.git.add_commit({"docs/all.md": bytes(range(256)), "docs/empty.md": b""}, keep=True)
    assert await mirror(hosted.open_source()) == _oracle(hosted, "docs")


async def test_without_a_docs_folder_the_root_is_mirrored(hosted: Hosted) -> None:
    hosted.git.add_commit({"README.md": b"# Only\n", "docs": b"a file of that name\n"})
    tree, _ = await gather(hosted.open_source())
    assert tree.docs_path == ""
    assert await mirror(hosted.open_source()) == _oracle(hosted, "")


async def test_the_root_can_be_named(hosted: Hosted) -> None:
    assert await mirror(hosted.open_source(docs_path="")) == _oracle(hosted, "")


async def test_a_docs_path_of_two_levels_is_walked(hosted: Hosted) -> None:
    tree, entries = await gather(hosted.open_source(docs_path="/docs/deep/"))
    assert tree.docs_path == "docs/deep"
    assert tree.tree_sha == hosted.git.run("rev-parse", "main:docs/deep").strip()
    assert [entry.path for entry in entries] == ["docs/deep/page.md"]


async def test_a_docs_tree_names_author_time_and_the_true_tree_sha(hosted: Hosted) -> None:
    tree, _ = await gather(hosted.open_source())
    assert tree.author == "Ada Lovelace"
    assert tree.committed_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert tree.tree_sha == hosted.git.run("rev-parse", "main:docs").strip()


async def test_an_unchanged_head_costs_one_conditional_request(hosted: Hosted) -> None:
    head = await hosted.open_source().find_head(None)
    assert head
    hosted.fake.forget_requests()
    source = hosted.open_source()
    assert await source.find_head(head.mark) is None
    assert [(request.status, request.conditional) for request in hosted.fake.requests] == [(304, True)]
    assert source.cost.requests == 1


async def test_an_unchanged_head_is_recognised_when_its_etag_is_another(hosted: Hosted) -> None:
    head = await hosted.open_source().find_head(None)
    assert head
    assert await hosted.open_source().find_head(f'{head.commit} W/"of another token"') is None


async def test_a_moved_head_is_seen(hosted: Hosted) -> None:
    head = await hosted.open_source().find_head(None)
    assert head
    commit = hosted.git.add_commit({"docs/index.md": b"# New\n"})
    moved = await hosted.open_source().find_head(head.mark)
    assert moved
    assert moved.commit == commit


@pytest.mark.parametrize(("docs_path", "depth"), [("", 0), ("docs", 1), (None, 1), ("docs/deep", 2)])
async def test_changed_docs_cost_three_requests_and_one_a_level_and_one_a_blob(
    hosted: Hosted, docs_path: str | None, depth: int
) -> None:
    source = hosted.open_source(docs_path=docs_path)
    contents = await mirror(source)
    blobs = len({git_blob_sha(content) for content in contents.values()})
    assert source.cost.requests == len(hosted.fake.requests) == 3 + depth + blobs


async def test_a_repository_whose_number_is_unknown_costs_one_request_more(hosted: Hosted) -> None:
    source = hosted.open_source(known=False)
    await source.find_head(None)
    assert [request.path for request in hosted.fake.requests] == [
        "/repos/acme/handbook",
        f"/repositories/{hosted.repository.number}/commits/HEAD",
    ]
    assert source.repository_id == hosted.repository.number


async def test_data_is_asked_by_number_and_trees_by_their_own_sha(hosted: Hosted) -> None:
    tree, _ = await gather(hosted.open_source(branch="main"))
    root = hosted.git.run("rev-parse", "main^{tree}").strip()
    assert hosted.paths() == [
        "/commits/heads/main",
        f"/git/commits/{tree.head.commit}",
        f"/git/trees/{root}",
        f"/git/trees/{tree.tree_sha}?recursive=1",
    ]


async def test_the_cost_of_one_change_does_not_grow_with_the_repository(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/{number // 100}/{number}.md": b"%d" % number for number in range(5000)})
    source = hosted.open_source()
    _, entries = await gather(source)
    assert len(entries) == 5000
    assert source.cost.requests == 4


@pytest.mark.parametrize("branch", ["docs/next/one", "odd#name&%41;+x", "ünï", "1234567"])
async def test_a_branch_may_have_any_name_that_git_allows(hosted: Hosted, branch: str) -> None:
    commit = hosted.git.add_commit({"docs/only-here.md": b"here\n"}, branch="other")
    hosted.git.set_branch(branch, commit)
    assert await mirror(hosted.open_source(branch=branch)) == {"docs/only-here.md": b"here\n"}


async def test_a_tag_of_the_same_name_does_not_stand_for_the_branch(hosted: Hosted) -> None:
    first = hosted.git.get_commit("main")
    second = hosted.git.add_commit({"docs/new.md": b"new\n"})
    hosted.git.run("update-ref", "refs/tags/main", first)
    head = await hosted.open_source(branch="main").find_head(None)
    assert head
    assert head.commit == second


async def test_the_default_branch_is_followed_when_it_becomes_another(hosted: Hosted) -> None:
    commit = hosted.git.add_commit({"docs/trunk.md": b"trunk\n"}, branch="trunk")
    hosted.repository.default_branch = "trunk"
    head = await hosted.open_source().find_head(None)
    assert head
    assert head.commit == commit


async def test_entries_have_the_kind_of_their_mode(hosted: Hosted) -> None:
    hosted.git.add_commit(
        {
            "docs/run.md": GitFile(b"x\n", mode="100755"),
            "docs/link.md": symlink("run.md"),
            "docs/theme": submodule("1" * 40),
            "docs/plain.md": b"plain\n",
        }
    )
    _, entries = await gather(hosted.open_source())
    assert {entry.path: (entry.kind, entry.size) for entry in entries} == {
        "docs/run.md": (EntryKind.FILE, 2),
        "docs/link.md": (EntryKind.SYMLINK, 6),
        "docs/theme": (EntryKind.SUBMODULE, None),
        "docs/plain.md": (EntryKind.FILE, 6),
    }
    assert set(await mirror(hosted.open_source())) == {"docs/run.md", "docs/plain.md"}


async def test_a_blob_that_stands_at_two_paths_is_fetched_once(hosted: Hosted) -> None:
    hosted.git.add_commit({"docs/a.md": b"same\n", "docs/b.md": b"same\n"})
    source = hosted.open_source()
    assert await mirror(source) == {"docs/a.md": b"same\n", "docs/b.md": b"same\n"}
    assert source.cost.requests == 5


async def test_a_listing_that_is_cut_is_completed_subtree_by_subtree(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/{name}/{number}.md": b"%d" % number for name in "abc" for number in range(6)})
    hosted.fake.limit_trees(7)
    assert await mirror(hosted.open_source()) == _oracle(hosted, "docs")


async def test_a_directory_that_github_cannot_list_is_said_and_nothing_is_listed(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/{number}.md": b"%d" % number for number in range(6)})
    hosted.fake.limit_trees(3)
    with pytest.raises(Stalled) as caught:
        await gather(hosted.open_source())
    assert caught.value.code == "directory_too_large"


async def test_a_listing_that_is_cut_without_saying_so_is_found_out(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/{name}/{number}.md": b"%d" % number for name in "abc" for number in range(6)})
    hosted.fake.faults.add(Fault(on="recursive=1", effect=CutListing(keep_entries=8, silently=True)))
    assert await mirror(hosted.open_source()) == _oracle(hosted, "docs")


async def test_a_root_that_is_cut_without_saying_so_leads_to_no_other_docs_folder(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="/git/trees/", effect=CutListing(keep_entries=1, silently=True)))
    tree, _ = await gather(hosted.open_source())
    assert tree.docs_path == "docs"


async def test_a_root_that_is_listed_in_two_ways_is_asked_again_later(hosted: Hosted) -> None:
    for keep in (1, 2):
        hosted.fake.faults.add(Fault(on="/git/trees/", effect=CutListing(keep, silently=True)))
    with pytest.raises(RetryLater) as caught:
        await gather(hosted.open_source())
    assert caught.value.code == "listing_unstable"


async def test_an_answer_that_nothing_changed_is_believed_only_when_that_was_asked(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="/commits/", effect=Answer(304)))
    with pytest.raises(RetryLater) as caught:
        await hosted.open_source().find_head(None)
    assert caught.value.code == "github_answer_unexpected"


async def test_a_tree_that_is_listed_in_two_ways_is_asked_again_later(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="recursive=1", effect=CutListing(keep_entries=0, silently=True), times=None))
    with pytest.raises(RetryLater) as caught:
        await gather(hosted.open_source())
    assert caught.value.code == "listing_unstable"


async def test_a_listing_without_proof_is_believed_when_a_second_way_agrees(hosted: Hosted) -> None:
    # An empty directory is part of the tree's SHA, and no file of a listing tells of it.
    blob = hosted.git.add_blob(b"old\n")
    empty = hosted.git.add_tree([])
    docs = hosted.git.add_tree([("100644", "old.md", blob), ("040000", "void", empty)])
    hosted.git.add_commit_of_tree(hosted.git.add_tree([("040000", "docs", docs)]))
    assert await mirror(hosted.open_source()) == {"docs/old.md": b"old\n"}


async def test_a_docs_folder_without_files_lists_nothing(hosted: Hosted) -> None:
    hosted.git.add_commit_of_tree(hosted.git.add_tree([]))
    assert await gather(hosted.open_source(docs_path="")) == (
        await hosted.open_source(docs_path="").get_docs_tree(await _head(hosted)),
        [],
    )
    assert (await gather(hosted.open_source()))[1] == []


async def test_paths_that_are_not_utf8_are_recognised_by_the_replacement_character(hosted: Hosted) -> None:
    lost = {f"docs/{chr(0xDC00 + byte)}.md": b"%d" % byte for byte in (0xFE, 0xFF)}
    hosted.git.add_commit({**lost, "docs/ä.md": b"fine\n"})
    _, entries = await gather(hosted.open_source())
    assert sorted(entry.path for entry in entries) == ["docs/ä.md", "docs/\ufffd.md", "docs/\ufffd.md"]


async def test_a_renamed_repository_is_followed_by_its_number(hosted: Hosted) -> None:
    hosted.fake.rename_repository(hosted.repository, "acme/book")
    assert await mirror(hosted.open_source()) == _oracle(hosted, "docs")
    assert all(request.status == 200 for request in hosted.fake.requests)


async def test_a_repository_that_was_renamed_before_the_first_look_is_found(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/deep/er/{number}.md": b"%d" % number for number in range(9)})
    hosted.fake.rename_repository(hosted.repository, "acme/book")
    # A client that followed the redirect without its query would see the top level only.
    assert await mirror(hosted.open_source(known=False)) == _oracle(hosted, "docs")


async def test_a_history_that_was_rewritten_is_told_from_one_that_went_on(hosted: Hosted) -> None:
    first = hosted.git.get_commit("main")
    second = hosted.git.add_commit({"docs/a.md": b"2\n"})
    third = hosted.git.add_commit({"docs/a.md": b"3\n"})
    source = hosted.open_source()
    tree, _ = await gather(source)
    assert tree.parents == {second}
    for since, rewritten in ((third, False), (second, False), (first, False), ("1" * 40, True)):
        assert await source.is_rewritten(tree.head, since) is rewritten
    assert source.cost.requests == 8
    hosted.git.set_branch("main", first)
    source = hosted.open_source()
    tree, _ = await gather(source)
    assert await source.is_rewritten(tree.head, third) is True
    hosted.fake.faults.add(Fault(on="/compare/", effect=Answer(500)))
    assert await source.is_rewritten(tree.head, third) is None


async def test_a_docs_tree_names_the_repository_as_it_is_called_today(hosted: Hosted) -> None:
    hosted.fake.rename_repository(hosted.repository, "umbrella/book")
    tree, _ = await gather(hosted.open_source())
    assert tree.repository == "umbrella/book"


async def test_a_commit_that_is_gone_is_looked_at_again_soon(hosted: Hosted) -> None:
    with pytest.raises(RetryLater) as caught:
        await hosted.open_source().get_docs_tree(Head("0" * 40, "mark"))
    assert caught.value.code == "source_moved"


async def _head(hosted: Hosted) -> Head:
    head = await hosted.open_source().find_head(None)
    assert head
    return head


async def test_a_listing_that_no_tree_can_have_is_listed_anew(hosted: Hosted) -> None:
    row = '{"path":"a.md","mode":"100644","type":"blob","sha":"%s","size":1}' % ("1" * 40)
    body = f'{{"sha":"{"2" * 40}","tree":[{row},{row}],"truncated":false}}'.encode()
    hosted.fake.faults.add(Fault(on="recursive=1", effect=Answer(200, body=body)))
    assert await mirror(hosted.open_source()) == _oracle(hosted, "docs")


async def test_a_public_repository_is_mirrored_without_a_token(hosted: Hosted) -> None:
    async with open_github_client(api_url=hosted.fake.url) as anonymous:
        source: Source = GitHubSource(anonymous, NAME)
        head = await source.find_head(None)
        assert head
        entries = await source.list_entries(await source.get_docs_tree(head))
        assert {blob.content async for blob in source.read_blobs(entries)} == {b"# Start\n", b"deep\n"}
    assert not any(request.authorized for request in hosted.fake.requests)
