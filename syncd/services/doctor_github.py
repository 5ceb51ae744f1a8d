"""The part of `syncd doctor` that asks GitHub: is each token good, and do deliveries arrive?"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.hooks import SentDelivery, find_hook, list_sent_deliveries, request_redelivery
from syncd.adapters.github.tokens import TokenFacts, get_token_facts
from syncd.core.credentials import Credential, CredentialKind
from syncd.core.findings import Finding, Level
from syncd.core.projects import Project
from syncd.errors import Rejected, SyncdError
from syncd.services.doctor import Patient

EXPIRES_SOON = timedelta(days=14)
LOW_SHARE = 0.1
REDELIVERIES_MOST = 20
_NAMES = {
    CredentialKind.PROJECT_TOKEN: "its own token",
    CredentialKind.SERVER_TOKEN: "the server's token",
    CredentialKind.INSTALLATION: "a token of the GitHub App",
    CredentialKind.ANONYMOUS: "no token",
}


async def check_tokens(patient: Patient) -> Sequence[Finding]:
    """Does GitHub take the token of each project, for how long, and how much is left of its hour?"""
    findings: list[Finding] = []
    seen: set[str] = set()
    for project, credential, trouble in await _find_credentials(patient):
        if trouble is not None or credential is None:
            findings.append(trouble or _make_unknown(project))
            continue
        if credential.budget_id in seen:
            continue
        seen.add(credential.budget_id)
        who = f"{project.name} asks with {_NAMES.get(credential.kind, credential.kind.value)}"
        try:
            async with open_github_client(api_url=patient.api_url, token=credential.token) as client:
                findings.append(_judge(who, await get_token_facts(client), credential, patient.clock()))
        except SyncdError as error:
            findings.append(Finding("tokens", Level.BAD, f"{who}: {error.message}", error.hint))
    return findings or [Finding("tokens", Level.OK, "No project asks GitHub.")]


async def check_webhooks(patient: Patient) -> Sequence[Finding]:
    """Do the last deliveries of each webhook arrive? With *fix* GitHub is asked to send again what did not."""
    if patient.hook_url is None:
        return [Finding("webhooks", Level.OK, "SYNCD_WEBHOOK_URL is not set: repositories are polled.")]
    findings: list[Finding] = []
    seen: set[int] = set()
    for project, credential, _ in await _find_credentials(patient):
        repository_id = project.repository_id
        if credential is None or credential.token is None or repository_id is None or repository_id in seen:
            continue
        seen.add(repository_id)
        if credential.kind is CredentialKind.INSTALLATION:
            findings.append(Finding("webhooks", Level.OK, f"{project.origin} reports through the App's own webhook."))
            continue
        try:
            async with open_github_client(api_url=patient.api_url, token=credential.token) as client:
                findings.append(await _check_hook(patient, client, project, repository_id))
        except Rejected as error:  # a token that only reads is right; it just cannot tell
            findings.append(Finding("webhooks", Level.OK, f"Not looked at: {error.message}"))
        except SyncdError as error:
            findings.append(Finding("webhooks", Level.WARN, f"{project.origin}: {error.message}", error.hint))
    return findings or [Finding("webhooks", Level.OK, "No token may look after webhooks.")]


async def _find_credentials(patient: Patient) -> Sequence[tuple[Project, Credential | None, Finding | None]]:
    found: list[tuple[Project, Credential | None, Finding | None]] = []
    for project in await patient.list_projects():
        if project.source != "github":
            continue
        if patient.credentials is None:
            found.append((project, None, None))
            continue
        try:
            found.append((project, await patient.credentials.find(project), None))
        except SyncdError as error:
            said = f"{project.name}: {error.message}"
            found.append((project, None, Finding("tokens", Level.BAD, said, error.hint)))
    return found


def _make_unknown(project: Project) -> Finding:
    said = f"{project.name}: what it asks GitHub with can only be read by the daemon's login."
    return Finding("tokens", Level.WARN, said, "Set SYNCD_SYNC_DATABASE_URL here.")


def _judge(who: str, facts: TokenFacts, credential: Credential, now: datetime) -> Finding:
    left = f", {facts.window.remaining} of {facts.window.limit} requests left" if facts.window else ""
    scopes = f" (classic, scopes {facts.scopes})" if facts.scopes else ""
    if facts.expires_at is not None and facts.expires_at - now < EXPIRES_SOON:
        said = f"{who}{scopes}, which expires on {facts.expires_at:%Y-%m-%d}{left}."
        return Finding("tokens", Level.WARN, said, "Make a new token and give it to the project before that day.")
    if facts.window is not None and facts.window.remaining < LOW_SHARE * facts.window.limit:
        with_token = "" if credential.token else " With a token there are 5,000 an hour."
        return Finding("tokens", Level.WARN, f"{who}{scopes}{left}.", f"It is full again within the hour.{with_token}")
    until = f", good until {facts.expires_at:%Y-%m-%d}" if facts.expires_at else ""
    return Finding("tokens", Level.OK, f"{who}{scopes}{until}{left}.")


async def _check_hook(patient: Patient, client: GitHubClient, project: Project, repository_id: int) -> Finding:
    name = project.origin
    hook = await find_hook(client, repository_id, patient.hook_url or "", name=name)
    if hook is None:
        said = f"{name} has no webhook to {patient.hook_url}: it is polled."
        return Finding("webhooks", Level.WARN, said, "Make it by hand, or add the project with --webhook.")
    if not hook.active:
        return Finding(
            "webhooks",
            Level.WARN,
            f"The webhook of {name} is switched off.",
            "Tick *Active* in its settings on GitHub.",
        )
    sent = await list_sent_deliveries(client, repository_id, hook.hook_id, name=name)
    failed = list_failed(sent)
    if not failed:
        return Finding("webhooks", Level.OK, f"The last {len(sent)} deliveries of {name} arrived.")
    said = (
        f"{len(failed)} of the last {len(sent)} deliveries of {name} did not arrive (the newest: {failed[0].status})."
    )
    if not patient.fix:
        hint = "The poll heals what they told; `syncd doctor --fix` asks GitHub to send them again."
        return Finding("webhooks", Level.WARN, said, hint)
    for delivery in failed[:REDELIVERIES_MOST]:
        await request_redelivery(client, repository_id, hook.hook_id, delivery.delivery_id, name=name)
    return Finding("webhooks", Level.OK, f"{said} GitHub was asked to send them again.")


def list_failed(sent: Sequence[SentDelivery]) -> Sequence[SentDelivery]:
    """Return the deliveries whose newest attempt failed; *sent* has the newest first."""
    newest: dict[str, SentDelivery] = {}
    for delivery in sent:
        newest.setdefault(delivery.guid, delivery)
    return [delivery for delivery in newest.values() if not 200 <= delivery.status_code < 300]
