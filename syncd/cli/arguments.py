"""The command line, written out: every command, its arguments, its example."""

import argparse
from typing import TypeAlias

import syncd
from syncd.core.client_config import CLIENTS
from syncd.core.keys import ALL_SCOPES
from syncd.core.users import Role


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `syncd`; each command leaves the name of what runs it in `handler`, which `load` takes."""
    parser = argparse.ArgumentParser(
        prog="syncd",
        description="Mirrors the docs of GitHub repositories and folders into Postgres and serves them to AI agents.",
        epilog="Example: syncd up --repo encode/httpx    Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unreachable, 5 busy.",
    )
    parser.add_argument("--version", action="version", version=f"syncd {syncd.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_up(commands)
    running = _add(commands, "run", "run.run_command", "Run the daemon alone (production).", "syncd run")
    running.set_defaults(has_many_sockets=True)
    _add_migrate(commands)
    _add_tenants(commands)
    _add_users(commands)
    _add_keys(commands)
    _add_projects(commands)
    _add_pull(commands)
    _add_github(commands)
    _add_locks(commands)
    _add_status(commands)
    _add_eval(commands)
    _add_usage(commands)
    _add_mcp_config(commands)
    _add_doctor(commands)
    return parser


# argparse gives this type no public name.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def _add(commands: Subparsers, name: str, handler: str, does: str, example: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=does, description=does, epilog=f"Example: {example}")
    parser.add_argument("--json", action="store_true", help="print one JSON document for machines")
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where `syncd up` keeps its servers (default: SYNCD_DATA_DIR)"
    )
    parser.set_defaults(handler=handler, has_many_sockets=False)
    return parser


def _add_group(commands: Subparsers, name: str, does: str) -> Subparsers:
    group = commands.add_parser(name, help=does, description=does)
    return group.add_subparsers(metavar="ACTION", required=True)


def _add_tenant_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", default="default", metavar="NAME", help="whose (default: default)")


def _add_up(commands: Subparsers) -> None:
    parser = _add(
        commands,
        "up",
        "up.up_command",
        "Everything in one command: Postgres, Redis, schema, key, project, daemon, MCP server.",
        "syncd up --repo encode/httpx",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--repo", metavar="OWNER/NAME", help="mirror this GitHub repository")
    where.add_argument("--folder", metavar="PATH", help="mirror this folder (default: the one you stand in)")
    _add_source_options(parser)
    parser.add_argument(
        "--http", metavar="HOST:PORT", help="where the status endpoint listens (default: 127.0.0.1:8700)"
    )
    parser.add_argument("--mcp", metavar="HOST:PORT", help="where the MCP server listens (default: 127.0.0.1:8701)")
    parser.add_argument("--once", action="store_true", help="sync, print the table, exit")


def _add_source_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--branch", metavar="B", help="branch to mirror (default: the repository's own)")
    parser.add_argument(
        "--docs-path", metavar="P", help="folder of the docs (default: docs where it exists, else the root)"
    )
    parser.add_argument("--name", metavar="N", help="name of the project (default: that of the repository or folder)")
    parser.add_argument(
        "--include", action="append", default=[], metavar="GLOB", help="more files that are docs (repeatable)"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="files that are not (repeatable)"
    )


def _add_migrate(commands: Subparsers) -> None:
    parser = _add(commands, "migrate", "migrate.migrate_command", "Bring the schema forward.", "syncd migrate --roles")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if something is pending")
    parser.add_argument("--roles", action="store_true", help="also create or update the roles and the services' logins")


def _add_tenants(commands: Subparsers) -> None:
    group = _add_group(commands, "tenant", "Who uses this installation.")
    adding = _add(group, "add", "tenants.add_command", "Add a tenant.", "syncd tenant add acme")
    adding.add_argument("name", metavar="NAME")
    _add(group, "list", "tenants.list_command", "List the tenants.", "syncd tenant list")
    example = "syncd tenant quota acme --calls-per-day 50000"
    quota = _add(group, "quota", "usage.quota_command", "Show or set how much its agents may ask in a day.", example)
    quota.add_argument("name", metavar="NAME")
    quota.add_argument("--calls-per-day", metavar="N", help="calls that are answered, or none for as many as they like")
    quota.add_argument("--tokens-per-day", metavar="N", help="tokens of the answers, or none for as many as they like")
    _add_trust(group)


def _add_trust(group: Subparsers) -> None:
    example = "syncd tenant trust acme --issuer https://login.example.com/ --value org_123"
    trusting = _add(group, "trust", "issuers.trust_command", "Let OAuth tokens speak for a tenant.", example)
    ending = _add(
        group, "untrust", "issuers.untrust_command", "Take that away.", example.replace("trust", "untrust", 1)
    )
    for parser in (trusting, ending):
        parser.add_argument("--issuer", required=True, metavar="URL", help="the issuer, as its tokens name it")
        parser.add_argument("--value", required=True, help="value of the claim SYNCD_OAUTH_TENANT_CLAIM")
    listing = _add(group, "trusted", "issuers.trusted_command", "List these tokens.", "syncd tenant trusted acme")
    for parser in (trusting, ending, listing):
        parser.add_argument("name", metavar="NAME")


def _add_users(commands: Subparsers) -> None:
    group = _add_group(commands, "user", "People who sign in.")
    example = "syncd user add --email ann@example.com --role admin"
    adding = _add(group, "add", "users.add_command", "Add a user; the link to sign in with is printed once.", example)
    adding.add_argument(
        "--username", metavar="NAME", help="3 to 50 letters, digits, underscores (default: from --email)"
    )
    adding.add_argument("--display-name", metavar="NAME", help="what they are called (default: the username)")
    adding.add_argument(
        "--role", choices=[role.value for role in Role], default="member", help="what they may do (default: member)"
    )
    listing = _add(group, "list", "users.list_command", "List the users.", "syncd user list")
    example = "syncd user disable --email ann@example.com"
    disabling = _add(group, "disable", "users.disable_command", "Sign a user out and keep them out.", example)
    example = "syncd user enable --email ann@example.com"
    enabling = _add(group, "enable", "users.enable_command", "Let a user sign in again.", example)
    example = "syncd user link --email ann@example.com"
    linking = _add(group, "link", "users.link_command", "Print a new link to sign in with, once.", example)
    for parser in (adding, disabling, enabling, linking):
        parser.add_argument("--email", required=True, metavar="ADDRESS", help="what they sign in with")
    for parser in (adding, listing, disabling, enabling, linking):
        _add_tenant_option(parser)


def _add_keys(commands: Subparsers) -> None:
    group = _add_group(commands, "key", "API keys of agents and machines.")
    adding = _add(group, "add", "keys.add_command", "Add a key; its secret is printed once.", "syncd key add --name ci")
    adding.add_argument("--name", required=True, metavar="NAME", help="what the key is for")
    adding.add_argument(
        "--scope",
        action="append",
        choices=ALL_SCOPES,
        metavar="SCOPE",
        help=f"one of {', '.join(ALL_SCOPES)} (default: docs:read)",
    )
    adding.add_argument("--project", action="append", metavar="NAME", help="allow only this project (repeatable)")
    adding.add_argument("--expires-days", type=int, metavar="DAYS", help="end the key after so many days")
    listing = _add(group, "list", "keys.list_command", "List the keys.", "syncd key list")
    revoking = _add(group, "revoke", "keys.revoke_command", "End a key.", "syncd key revoke 4fJ2kQ81xYzA")
    revoking.add_argument("key_id", metavar="KEY_ID")
    example = "syncd key rotate 4fJ2kQ81xYzA"
    rotating = _add(group, "rotate", "keys.rotate_command", "Make the successor of a key.", example)
    rotating.add_argument("key_id", metavar="KEY_ID")
    rotating.add_argument(
        "--overlap-hours", type=float, default=24.0, metavar="HOURS", help="how long the old one works on (default: 24)"
    )
    for parser in (adding, listing, revoking, rotating):
        parser.add_argument("--platform", action="store_true", help="a key that acts for any tenant, over REST only")
        _add_tenant_option(parser)


def _add_projects(commands: Subparsers) -> None:
    group = _add_group(commands, "project", "What is mirrored.")
    adding = _add(group, "add", "projects.add_command", "Add a project.", "syncd project add --repo encode/httpx")
    where = adding.add_mutually_exclusive_group(required=True)
    where.add_argument("--repo", metavar="OWNER/NAME", help="a GitHub repository")
    where.add_argument("--folder", metavar="PATH", help="a folder below SYNCD_FOLDER_ROOTS")
    _add_source_options(adding)
    adding.add_argument(
        "--token-env", metavar="VARIABLE", help="environment variable with a token for a private repository"
    )
    adding.add_argument("--webhook", action="store_true", help="also make the webhook on GitHub, to SYNCD_WEBHOOK_URL")
    adding.add_argument(
        "--commit-status", action="store_true", help="tell GitHub beside each pushed commit whether its docs are synced"
    )
    listing = _add(group, "list", "projects.list_command", "List the projects.", "syncd project list")
    showing = _add(group, "show", "projects.show_command", "Show one project.", "syncd project show httpx")
    syncing = _add(group, "sync", "projects.sync_command", "Look at the source now.", "syncd project sync httpx --wait")
    syncing.add_argument("--wait", action="store_true", help="return when the commit at the head is visible")
    syncing.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="how long to wait (default: 600)"
    )
    checking = _add(
        group,
        "check",
        "checks.check_command",
        "List broken links, and documents cut as plain text; exit 1 where a link is broken.",
        "syncd project check httpx --at r42",
    )
    checking.add_argument("--at", metavar="MOMENT", help="revision, commit or time (default: now)")
    setting = _add(
        group,
        "set",
        "projects.set_command",
        "Change a project.",
        "syncd project set httpx --branch main --commit-status",
    )
    setting.add_argument("--name", dest="new_name", metavar="N", help="what it is called from now on")
    setting.add_argument("--branch", metavar="B", help="branch to mirror (empty: the repository's own)")
    setting.add_argument(
        "--docs-path", metavar="P", help="folder of the docs (empty: docs where it exists, else the root)"
    )
    setting.add_argument(
        "--token-env", metavar="VARIABLE", help="environment variable with its new token (empty: none any more)"
    )
    setting.add_argument("--include", action="append", metavar="GLOB", help="the files that are docs too (repeatable)")
    setting.add_argument("--exclude", action="append", metavar="GLOB", help="the files that are not (repeatable)")
    setting.add_argument(
        "--commit-status",
        action=argparse.BooleanOptionalAction,
        help="tell GitHub beside each pushed commit whether its docs are synced",
    )
    removing = _add(
        group, "remove", "projects.remove_command", "Remove a project and its documents.", "syncd project remove httpx"
    )
    for parser in (showing, syncing, checking, setting, removing):
        parser.add_argument("name", metavar="PROJECT")
    for parser in (adding, listing, showing, syncing, checking, setting, removing):
        _add_tenant_option(parser)


def _add_locks(commands: Subparsers) -> None:
    group = _add_group(commands, "lock", "Who holds or froze what.")
    listing = _add(group, "list", "locks.list_command", "List the locks.", "syncd lock list")
    showing = _add(group, "show", "locks.show_command", "Show the lock of a project.", "syncd lock show httpx")
    example = 'syncd lock freeze httpx --reason "release 2.0" --until 2h'
    freezing = _add(group, "freeze", "locks.freeze_command", "Stop the syncs of a project; reads go on.", example)
    freezing.add_argument(
        "--until", metavar="TIME", help="2026-11-20T22:00:00Z, or 30m, 2h, 3d (default: until lifted)"
    )
    lifting = _add(
        group, "unfreeze", "locks.unfreeze_command", "Lift a freeze, and sync at once.", "syncd lock unfreeze httpx"
    )
    example = 'syncd lock force-release httpx --fence 42 --reason "stuck on a dead host"'
    forcing = _add(group, "force-release", "locks.force_release_command", "End the lease of a holder.", example)
    forcing.add_argument(
        "--fence",
        type=int,
        required=True,
        metavar="N",
        help="its fence, as `lock show` tells: another holder is left alone",
    )
    history = _add(
        group,
        "history",
        "locks.history_command",
        "List what happened to a lock.",
        "syncd lock history httpx --limit 20",
    )
    history.add_argument("--limit", type=_parse_page_size, default=100, metavar="N", help="1 to 1000 (default: 100)")
    history.add_argument("--cursor", metavar="CURSOR", help="go on where an earlier page ended")
    for parser in (freezing, forcing):
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; people and agents are told")
    for parser in (showing, freezing, lifting, forcing, history):
        parser.add_argument("name", metavar="PROJECT")
    for parser in (listing, showing, freezing, lifting, forcing, history):
        _add_tenant_option(parser)


def _parse_page_size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError("write a number from 1 to 1000")
    return int(text)


def _add_pull(commands: Subparsers) -> None:
    parser = _add(
        commands,
        "pull",
        "pull.pull_command",
        "Write a project's docs to a directory, all at once.",
        "syncd pull httpx ./httpx-docs --at r42",
    )
    parser.add_argument("name", metavar="PROJECT")
    parser.add_argument("directory", metavar="DIR", help="what is made, or was made by an earlier pull")
    # A revision that is named does not change: there is nothing to follow.
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--at", metavar="REV", help="r42, a commit, or a time of ISO 8601 (default: the newest)")
    when.add_argument("--follow", action="store_true", help="pull again at each revision, until Ctrl-C")
    _add_tenant_option(parser)


def _add_github(commands: Subparsers) -> None:
    group = _add_group(commands, "github", "The GitHub App and whom it serves.")
    example = "syncd github connect --tenant acme --account acme-corp"
    connecting = _add(group, "connect", "github.connect_command", "Print the link that connects an account.", example)
    connecting.add_argument(
        "--account", required=True, metavar="OWNER", help="the user or organisation that owns the repositories"
    )
    listing = _add(group, "list", "github.list_command", "List a tenant's installations.", "syncd github list")
    ending = _add(
        group,
        "disconnect",
        "github.disconnect_command",
        "Take an installation away.",
        "syncd github disconnect 40000001",
    )
    ending.add_argument("installation_id", type=int, metavar="INSTALLATION")
    for parser in (connecting, listing, ending):
        _add_tenant_option(parser)


def _add_status(commands: Subparsers) -> None:
    parser = _add(
        commands, "status", "status.status_command", "Show the projects and who works on them.", "syncd status --watch"
    )
    parser.add_argument("--watch", action="store_true", help="stay, and show syncs as they go, until Ctrl-C")
    _add_tenant_option(parser)


def _add_eval(commands: Subparsers) -> None:
    parser = _add(
        commands,
        "eval",
        "evaluation.eval_command",
        "Measure how well search answers questions whose answers are known.",
        "syncd eval questions.jsonl --project httpx --compare before.json",
    )
    parser.add_argument(
        "questions", metavar="QUESTIONS.jsonl", help="one question with its answers a line (docs/search.md)"
    )
    parser.add_argument("--project", required=True, metavar="PROJECT")
    parser.add_argument("--compare", metavar="FILE", help="what an earlier `syncd eval --json` printed")
    parser.add_argument(
        "--per-document", type=int, default=3, metavar="N", help="chunks of a document, as agents ask (default: 3)"
    )
    _add_tenant_option(parser)


def _add_usage(commands: Subparsers) -> None:
    parser = _add(commands, "usage", "usage.usage_command", "Show what agents asked.", "syncd usage --by tool --days 7")
    parser.add_argument("--days", type=int, default=30, metavar="DAYS", help="of how many days (default: 30)")
    parser.add_argument("--by", choices=("day", "tool", "key"), default="day", help="summed up by what (default: day)")
    _add_tenant_option(parser)


def _add_doctor(commands: Subparsers) -> None:
    parser = _add(
        commands, "doctor", "doctor.doctor_command", "Check every part, and say what to do.", "syncd doctor --fix"
    )
    parser.add_argument("--fix", action="store_true", help="also put right what can be put right without a person")


def _add_mcp_config(commands: Subparsers) -> None:
    does, example = "Print the configuration of an MCP client, to paste.", "syncd mcp-config --client claude-code"
    parser = _add(commands, "mcp-config", "mcp_config.mcp_config_command", does, example)
    parser.add_argument("--client", required=True, choices=CLIENTS, help=f"one of {', '.join(CLIENTS)}")
    parser.add_argument(
        "--url", metavar="URL", help="where the client reaches the server (default: SYNCD_MCP_URL, else here)"
    )
    parser.add_argument("--with-key", action="store_true", help="write the key of SYNCD_API_KEY into it")
