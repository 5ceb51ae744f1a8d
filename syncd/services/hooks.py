"""The webhook of a repository that is added: there, or refused with what is missing."""

from dataclasses import dataclass, field

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.hooks import Hook, create_hook, find_hook, update_hook
from syncd.core.projects import NewProject
from syncd.errors import BadUsage


@dataclass(frozen=True, slots=True)
class HookTarget:
    """Where deliveries go, and the secret that signs them."""

    url: str
    secret: str = field(repr=False)


async def put_hook(new: NewProject, target: HookTarget, *, api_url: str, token: str | None) -> Hook:
    """Return the webhook of the repository of *new*: made, or where it is there given the secret that signs now.

    Which secret it had GitHub shows to nobody. Raises `BadUsage`, `Rejected`, and as GitHub refuses.
    """
    if new.repository is None or new.repository_id is None:
        raise BadUsage("webhook_needs_repository", "A folder has no webhook.", hint="Use --webhook with --repo.")
    if token is None:
        raise BadUsage(
            "webhook_needs_token",
            "A webhook cannot be made without a token.",
            hint="Name one with --token-env, with the permission Webhooks: read and write; or add the webhook by hand on GitHub.",
        )
    async with open_github_client(api_url=api_url, token=token) as client:
        found = await find_hook(client, new.repository_id, target.url, name=new.repository)
        if found is not None:
            return await update_hook(client, new.repository_id, found, secret=target.secret, name=new.repository)
        return await create_hook(client, new.repository_id, target.url, secret=target.secret, name=new.repository)
