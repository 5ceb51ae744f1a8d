"""The commands beside a running `up`: exit codes, tables for people, JSON for machines."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from syncd.cli import main
from tests.end_to_end.running import Up
from tests.end_to_end.shells import Shell, make_folder
from tests.mcp_server.agents import post, request

PROJECT_NAMES = {
    "id", "name", "source", "branch", "docsPath", "include", "exclude", "condition", "reason", "message", "hint", "nextTry",
    "desiredCommit", "syncedCommit", "treeSha", "revision", "documents", "chunks", "skipped", "syncedAt", "checkedAt", "commitStatus",
}  # fmt: skip
STATUS_NAMES = {
    "name", "condition", "reason", "message", "lockedBy", "lockedAt", "expiresAt", "lockReason", "lockKind", "fence",
    "heartbeatAge", "desiredCommit", "syncedCommit", "revision", "documents", "chunks", "skipped", "lastSync", "lastError",
    "nextTry",
}  # fmt: skip


def test_a_project_is_added_shown_synced_listed_and_removed(shell: Shell, place: Path) -> None:
    folder = make_folder(place, "guide", "a.md", "b.md", "c.txt")
    added = shell.ask("project", "add", "--folder", str(folder), "--exclude", "**/*.txt")
    assert added.keys() == PROJECT_NAMES
    assert (added["name"], added["source"], added["exclude"]) == ("guide", str(folder), ["**/*.txt"])
    synced = shell.ask("project", "sync", "guide", "--wait", "--timeout", "30")
    assert (synced["condition"], synced["documents"], synced["revision"]) == ("ready", 2, 1)
    (folder / "d.md").write_text("# D\n")
    assert shell.ask("project", "sync", "guide", "--wait", "--timeout", "30")["documents"] == 3
    assert shell.ask("project", "sync", "guide").keys() == {"project", "requestedAt"}
    assert shell.ask("project", "show", "guide").keys() == PROJECT_NAMES
    listed = shell.ask("project", "list")
    assert listed.keys() == {"items", "nextCursor"}
    assert [project["name"] for project in listed["items"]] == ["guide", "handbook"]
    table = shell.read_table("project", "list")
    assert table[0].split() == [
        "NAME", "SOURCE", "CONDITION", "REVISION", "DOCUMENTS", "CHUNKS", "SKIPPED", "SYNCED", "(UTC)",
    ]  # fmt: skip
    assert [line.split()[0] for line in table[1:]] == ["guide", "handbook"]
    shown = shell.read_table("project", "show", "guide")
    assert any(line.split() == ["documents", "3"] for line in shown)
    assert shell.ask("project", "remove", "guide") == {"project": "guide", "removed": True}
    assert shell.refuse("project", "show", "guide") == (3, "project_not_found")
    assert [project["name"] for project in shell.ask("project", "list")["items"]] == ["handbook"]
    # The name is free again at once.
    assert shell.ask("project", "add", "--folder", str(folder))["name"] == "guide"
    assert shell.run("project", "remove", "guide")[0] == 0


def test_a_project_that_cannot_be_added_or_found_says_why(shell: Shell, place: Path, tmp_path: Path) -> None:
    assert shell.refuse("project", "add", "--folder", str(tmp_path)) == (2, "folder_not_allowed")
    assert shell.refuse("project", "add", "--folder", str(place / "none")) == (3, "folder_not_found")
    assert shell.refuse("project", "add", "--folder", str(place / "handbook")) == (1, "project_exists")
    assert shell.refuse("project", "add", "--folder", str(place / "handbook"), "--name", "a/b") == (
        1,
        "project_name_invalid",
    )
    assert shell.refuse("project", "add", "--folder", str(place / "handbook"), "--include", "[") == (2, "bad_glob")
    assert shell.refuse("project", "add", "--repo", "a/b", "--token-env", "NOWHERE") == (2, "token_missing")
    code, _, errors = shell.run("project", "show", "handbok")
    assert code == 3
    assert "Did you mean handbook?" in errors
    for words in (
        ["project", "sync", "none"],
        ["project", "remove", "none"],
        ["project", "show", "none", "--tenant", "x"],
    ):
        assert shell.refuse(*words)[0] == 3


def test_waiting_ends_with_the_trouble_of_the_look(shell: Shell, place: Path) -> None:
    folder = make_folder(place, "fading", "a.md")
    shell.ask("project", "add", "--folder", str(folder))
    assert shell.ask("project", "sync", "fading", "--wait")["documents"] == 1
    (folder / "a.md").unlink()
    folder.rmdir()
    assert shell.refuse("project", "sync", "fading", "--wait") == (1, "folder_missing")
    shown = shell.ask("project", "show", "fading")
    assert (shown["condition"], shown["reason"], shown["documents"]) == ("stalled", "folder_missing", 1)
    assert shell.run("project", "remove", "fading")[0] == 0


def test_a_check_fails_while_a_link_is_broken_and_says_where(shell: Shell, place: Path) -> None:
    folder = make_folder(place, "checked", "b.md")
    (folder / "a.md").write_text("# A\n\n[here](b.md#none)\n\n[gone](c.md)\n")
    (folder / "n.ipynb").write_text("{")
    shell.ask("project", "add", "--folder", str(folder))
    shell.ask("project", "sync", "checked", "--wait")
    code, output, _ = shell.run("project", "check", "checked", "--json")
    check = json.loads(output)
    assert (code, check["project"], check["revision"], check["links"], check["complete"]) == (1, "checked", 1, 2, True)
    assert check["brokenLinks"] == [
        {"path": "a.md", "line": 3, "text": "here", "target": "b.md#none", "fault": "no such section"},
        {"path": "a.md", "line": 5, "text": "gone", "target": "c.md", "fault": "no document"},
    ]
    (plain,) = check["plainDocuments"]
    assert (plain["path"], plain["reason"].split(":")[0]) == ("n.ipynb", "it is no JSON")
    code, output, said = shell.run("project", "check", "checked")
    assert code == 1
    assert [line.split()[0] for line in output.splitlines()] == ["LINK", "a.md:3", "a.md:5", "CUT", "n.ipynb"]
    assert said.strip() == "checked r1: 2 links looked at, 2 broken."

    (folder / "a.md").write_text("# A\n\n[here](b.md)\n")
    shell.ask("project", "sync", "checked", "--wait")
    assert shell.ask("project", "check", "checked")["brokenLinks"] == []
    assert shell.run("project", "check", "checked", "--at", "r1")[0] == 1
    assert shell.refuse("project", "check", "checked", "--at", "r99") == (3, "revision_not_found")
    assert shell.refuse("project", "check", "nothing") == (3, "project_not_found")
    shell.ask("project", "remove", "checked")


def test_an_evaluation_measures_answers_and_compares_itself_with_an_earlier_one(shell: Shell, place: Path) -> None:
    folder = make_folder(place, "zoo", "emu.md", "quokka.md", "wombat.md")
    shell.ask("project", "add", "--folder", str(folder))
    shell.ask("project", "sync", "zoo", "--wait", "--timeout", "30")
    questions = [
        {
            "question": "what about the quokka",
            "kind": "where",
            "answers": [{"path": "quokka.md", "text": "The page quokka.md."}],
        },
        {
            "question": "emu",
            "kind": "word",
            "answers": [{"path": "emu.md", "lines": [3, 3]}, {"path": "wombat.md", "lines": [3, 3]}],
        },
        {"question": "gone", "answers": [{"path": "quokka.md", "text": "This stands nowhere."}]},
    ]
    file, before = place / "questions.jsonl", place / "before.json"
    file.write_text("\n".join(map(json.dumps, questions)) + "\n")
    report = shell.ask("eval", str(file), "--project", "zoo")
    assert (report["project"], report["revision"], report["questions"], report["unanswerable"]) == (
        "zoo",
        1,
        2,
        ["gone"],
    )
    assert report["measures"]["mrr"] == {"mean": 1, "low": 1, "high": 1}
    assert report["kinds"]["where"]["recall_at_1"] == 1
    assert report["kinds"]["word"]["recall_at_1"] == 0.5
    before.write_text(json.dumps(report))
    (folder / "emu.md").write_text("# Emu\n\nA bird. The page quokka.md is another.\n")
    (folder / "other.md").write_text("# Emu, emu, emu\n")
    shell.ask("project", "sync", "zoo", "--wait", "--timeout", "30")
    comparison = shell.ask("eval", str(file), "--project", "zoo", "--compare", str(before))["comparison"]
    assert comparison["questions"] == 2
    assert comparison["worse"] == ["emu"]
    assert comparison["differences"]["mrr"]["mean"] < 0
    table = "\n".join(shell.run("eval", str(file), "--project", "zoo", "--compare", str(before))[1:])
    assert "recall_at_5" in table
    assert "worse  1: emu" in table
    file.write_text('{"question": "x"}\n')
    assert shell.refuse("eval", str(file), "--project", "zoo") == (2, "question_invalid")
    file.write_text(json.dumps(questions[2]))
    assert shell.refuse("eval", str(file), "--project", "zoo") == (1, "answers_absent")
    assert shell.refuse("eval", str(before), "--project", "zoo") == (2, "question_invalid")
    assert shell.run("project", "remove", "zoo")[0] == 0


def test_a_key_is_added_used_listed_and_revoked(shell: Shell) -> None:
    added = shell.ask(
        "key", "add", "--name", "ci", "--scope", "docs:read", "--expires-days", "2", "--project", "handbook"
    )
    assert added.keys() == {"keyId", "apiKey", "name", "scopes", "expiresAt"}
    status, answer = shell.up.get_json("/status", key=added["apiKey"])
    assert (status, [project["name"] for project in answer["projects"]]) == (200, ["handbook"])
    listed = {key["keyId"]: key for key in shell.ask("key", "list")["items"]}
    assert (listed[added["keyId"]]["name"], listed[added["keyId"]]["active"]) == ("ci", True)
    assert added["apiKey"] not in json.dumps(listed)
    table = shell.read_table("key", "list")
    assert table[0].split()[:5] == ["KEY", "ID", "NAME", "SCOPES", "PROJECTS"]
    assert sorted(line.split()[1] for line in table[1:]) == ["ci", "syncd"]
    code, _, _ = shell.run("key", "revoke", added["keyId"])
    assert code == 0
    with pytest.raises(HTTPError) as refused:
        shell.up.get_json("/status", key=added["apiKey"])
    refused.value.close()
    assert refused.value.code == 401
    assert shell.refuse("key", "revoke", "nokey") == (3, "key_not_found")
    assert shell.refuse("key", "add", "--name", "x", "--expires-days", "0") == (2, "expiry_invalid")
    assert shell.refuse("key", "add", "--name", "x", "--project", "none") == (3, "project_not_found")


def test_usage_shows_what_agents_asked_beside_the_quota(shell: Shell) -> None:
    origin, key = str(shell.up.ready["mcpUrl"]).removesuffix("/mcp"), str(shell.up.ready["apiKey"])
    asked = asyncio.run(post(origin, key, request("tools/call", name="docs_projects", arguments={})))
    assert asked[0] == 200
    deadline = time.monotonic() + 10
    while not (items := shell.ask("usage", "--by", "tool")["items"]) and time.monotonic() < deadline:
        pass
    (item,) = items
    assert (item["name"], item["calls"], item["failed"]) == ("docs_projects", 1, 0)
    assert shell.ask("tenant", "quota", "default") == {"tenant": "default", "callsPerDay": None, "tokensPerDay": None}
    assert shell.ask("tenant", "quota", "default", "--calls-per-day", "900")["callsPerDay"] == 900
    assert shell.ask("tenant", "quota", "default", "--tokens-per-day", "70")["callsPerDay"] == 900
    today = shell.ask("usage", "--days", "1")["today"]
    assert (today["calls"], today["callsPerDay"], today["tokensPerDay"]) == (1, 900, 70)
    code, table, note = shell.run("usage", "--by", "key")
    assert code == 0
    assert table.splitlines()[0].split()[:3] == ["KEY", "CALLS", "REFUSED"]
    assert "1 calls of 900" in note
    for name in ("calls", "tokens"):
        shell.ask("tenant", "quota", "default", f"--{name}-per-day", "none")
    assert shell.ask("tenant", "quota", "default")["tokensPerDay"] is None
    assert shell.refuse("tenant", "quota", "default", "--calls-per-day", "many") == (2, "quota_invalid")
    assert shell.refuse("tenant", "quota", "nobody") == (3, "tenant_not_found")
    assert shell.refuse("usage", "--days", "0") == (2, "days_invalid")


def test_a_client_is_told_where_the_running_server_is(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    told = shell.ask("mcp-config", "--client", "cursor")
    assert (told["client"], told["file"]) == ("cursor", ".cursor/mcp.json")
    assert json.loads(told["text"])["mcpServers"]["docs"]["url"] == shell.up.ready["mcpUrl"]
    code, text, note = shell.run("mcp-config", "--client", "codex", "--url", "https://docs.example.com/mcp")
    assert (code, "https://docs.example.com/mcp" in text) == (0, True)
    assert "~/.codex/config.toml" in note
    assert "OAuth" in shell.run("mcp-config", "--client", "chatgpt")[2]
    assert shell.refuse("mcp-config", "--client", "cursor", "--url", "docs") == (2, "url_invalid")
    assert shell.refuse("mcp-config", "--client", "cursor", "--with-key") == (2, "setting_missing")
    monkeypatch.setenv("SYNCD_API_KEY", "syncd_canary")
    assert "Bearer syncd_canary" in shell.ask("mcp-config", "--client", "claude-code", "--with-key")["text"]


def test_a_tenants_key_sees_nothing_of_another_tenant(shell: Shell) -> None:
    added = shell.ask("tenant", "add", "acme")
    assert added.keys() >= {"tenantId", "name"}
    listed = shell.ask("tenant", "list")
    assert {tenant["name"] for tenant in listed["items"]} == {"acme", "default"}
    assert listed["nextCursor"] is None
    assert [line.split()[0] for line in shell.read_table("tenant", "list")] == ["NAME", "acme", "default"]
    assert shell.refuse("tenant", "add", "acme")[0] == 1
    assert shell.ask("project", "list", "--tenant", "acme")["items"] == []
    assert shell.refuse("project", "show", "handbook", "--tenant", "acme") == (3, "project_not_found")
    key = shell.ask("key", "add", "--name", "a", "--tenant", "acme")
    assert shell.up.get_json("/status", key=key["apiKey"])[1]["projects"] == []
    assert shell.refuse("key", "revoke", key["keyId"]) == (3, "key_not_found")
    assert shell.refuse("project", "list", "--tenant", "nobody") == (3, "tenant_not_found")


def test_tokens_are_trusted_by_one_tenant_until_that_is_taken_away(shell: Shell) -> None:
    words = ("--issuer", "https://login.test/", "--value", "org_1")
    trusted = shell.ask("tenant", "trust", "default", *words)
    assert trusted == {"tenant": "default", "issuer": "https://login.test/", "value": "org_1", "trusted": True}
    assert shell.ask("tenant", "trust", "default", *words) == trusted  # said again
    listed = shell.ask("tenant", "trusted", "default")
    assert [(one["issuer"], one["claimValue"]) for one in listed["items"]] == [("https://login.test/", "org_1")]
    assert shell.read_table("tenant", "trusted", "default")[1].split()[:2] == ["https://login.test/", "org_1"]
    shell.ask("tenant", "add", "rival")
    assert shell.refuse("tenant", "trust", "rival", *words)[1] == "trust_taken"
    assert shell.refuse("tenant", "trust", "rival", *words[:3], "x" * 201) == (2, "trust_invalid")
    code, output, said = shell.run("tenant", "untrust", "default", *words)
    assert (code, output, said.strip()) == (
        0,
        "",
        "default no longer trusts the tokens of https://login.test/ for org_1.",
    )
    assert shell.refuse("tenant", "untrust", "default", *words) == (3, "trust_not_found")
    assert shell.ask("tenant", "trust", "rival", *words)["trusted"]


def test_status_says_in_the_terminal_what_the_endpoint_says(shell: Shell) -> None:
    said = shell.ask("status")
    (project,) = [project for project in said["projects"] if project["name"] == "handbook"]
    assert project.keys() >= STATUS_NAMES
    assert project["condition"] == "ready"
    table = shell.read_table("status")
    assert table[0].split()[:2] == ["PROJECT", "CONDITION"]
    assert any(line.split()[:2] == ["handbook", "ready"] for line in table[1:])


def test_the_schema_of_a_running_up_is_up_to_date(shell: Shell) -> None:
    assert shell.ask("migrate", "--check") == {"pending": []}
    assert shell.ask("migrate") == {"applied": []}
    assert shell.run("migrate", "--check") == (0, "", "The schema is up to date.\n")


def test_without_an_up_or_a_database_commands_say_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: Shell
) -> None:
    nowhere = Shell(shell.capture, tmp_path / "none", shell.up)
    for words in (["project", "list"], ["key", "list"], ["tenant", "list"], ["status"]):
        assert nowhere.refuse(*words) == (4, "no_database")
    assert nowhere.refuse("migrate") == (2, "setting_missing")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sing"],
        ["project"],
        ["project", "add"],
        ["project", "add", "--repo", "a/b", "--folder", "c"],
        ["key", "add"],
        ["key", "add", "--name", "x", "--scope", "everything"],
        ["up", "--repo", "a/b", "--folder", "c"],
    ],
)
def test_wrong_words_are_a_usage_error(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: syncd" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["up"], ["run"], ["migrate"], ["status"], ["project", "sync"], ["key", "add"]])
def test_every_command_shows_an_example(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    assert f"Example: syncd {' '.join(words)}" in capsys.readouterr().out


def test_a_user_signs_in_by_the_printed_link_until_disabled(shell: Shell) -> None:
    added = shell.ask("user", "add", "--email", "Ann@example.com", "--role", "owner")
    assert (added["email"], added["username"], added["role"]) == ("ann@example.com", "ann", "owner")
    for url in (shell.up.ready["signInUrl"], added["signInUrl"]):
        assert url.startswith(f"{shell.up.ready['statusUrl'].removesuffix('/status')}/sign-in#link=")
        assert sign_in(url) == 201
        assert sign_in(url) == 401
    new = shell.ask("user", "link", "--email", "ann@example.com")
    assert shell.ask("user", "disable", "--email", "ann@example.com")["active"] is False
    assert sign_in(new["signInUrl"]) == 401
    assert shell.refuse("user", "link", "--email", "ann@example.com") == (1, "user_disabled")
    assert shell.ask("user", "enable", "--email", "ann@example.com")["active"] is True
    assert [user["email"] for user in shell.ask("user", "list")["items"]] == ["admin@localhost", "ann@example.com"]
    assert shell.read_table("user", "list")[1].split()[:2] == ["admin@localhost", "admin"]
    assert shell.refuse("user", "add", "--email", "ann@example.com") == (1, "user_exists")
    assert shell.refuse("user", "add", "--email", "no address") == (2, "email_invalid")
    assert shell.refuse("user", "disable", "--email", "nobody@example.com") == (3, "user_not_found")
    assert shell.refuse("user", "disable", "--email", "ann@example.com", "--tenant", "none") == (3, "tenant_not_found")


def test_a_key_is_rotated_and_a_platform_key_acts_for_any_tenant(shell: Shell) -> None:
    first = shell.ask("key", "add", "--name", "ci", "--scope", "docs:read")
    second = shell.ask("key", "rotate", first["keyId"], "--overlap-hours", "0")
    assert (second["name"], second["scopes"]) == ("ci", ["docs:read"])
    assert shell.up.get_json("/status", key=second["apiKey"])[0] == 200
    assert read_refusal(shell.up, "/status", key=first["apiKey"]) == 401
    assert shell.refuse("key", "rotate", first["keyId"]) == (3, "key_not_found")
    assert shell.refuse("key", "rotate", second["keyId"], "--overlap-hours", "9999") == (2, "overlap_invalid")
    shell.ask("tenant", "add", "rotated")
    made = shell.ask("key", "add", "--name", "ops", "--platform", "--expires-days", "1")
    assert {"rotated", "default"} <= {one["name"] for one in read_tenants(shell.up, made["apiKey"])}
    assert read_refusal(shell.up, "/api/v1/projects", key=made["apiKey"]) == 400
    newer = shell.ask("key", "rotate", made["keyId"], "--platform")
    assert {one["keyId"] for one in shell.ask("key", "list", "--platform")["items"]} == {made["keyId"], newer["keyId"]}
    assert shell.read_table("key", "list", "--platform")[0].split()[:3] == ["KEY", "ID", "NAME"]
    for key in (made, newer):
        assert shell.run("key", "revoke", key["keyId"], "--platform")[0] == 0
        assert read_refusal(shell.up, "/api/v1/tenants", key=key["apiKey"]) == 401
    assert shell.refuse("key", "revoke", "nokey", "--platform") == (3, "key_not_found")
    assert shell.refuse("key", "add", "--name", "x", "--platform", "--scope", "admin") == (2, "platform_key_narrowed")


def read_tenants(up: Up, key: str) -> list[dict[str, str]]:
    """Return the tenants that a platform key is told of."""
    tenants: list[dict[str, str]] = up.get_json("/api/v1/tenants", key=key)[1]["items"]
    return tenants


def read_refusal(up: Up, path: str, *, key: str) -> int:
    """Return the status with which a page is refused."""
    with pytest.raises(HTTPError) as refused:
        up.get_json(path, key=key)
    refused.value.close()
    return refused.value.code


def sign_in(url: str) -> int:
    """Return the status of signing in by the link at *url*."""
    site, _, token = url.partition("/sign-in#link=")
    body = json.dumps({"link": token}).encode()
    try:
        request = Request(f"{site}/api/v1/session", body, {"Content-Type": "application/json"})  # noqa: S310 - our own
        with urlopen(request) as answer:  # noqa: S310 - the same
            status: int = answer.status
            return status
    except HTTPError as refused:
        refused.close()
        return refused.code
