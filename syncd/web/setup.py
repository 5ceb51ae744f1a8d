"""Where GitHub sends people back to who installed the App. The state in the address proves itself."""

from aiohttp import web

from syncd.adapters.postgres.outages import explaining_outage
from syncd.errors import BadUsage, RetryLater
from syncd.services.connecting import complete_setup
from syncd.web.site import Site

_NUMBER_MAX_DIGITS = 18


async def complete(site: Site, request: web.Request) -> web.Response:
    """Answer that the installation now serves the tenant of the state."""
    if site.connecting is None:
        raise RetryLater(
            "github_app_off",
            "This server has no GitHub App, or no master key to prove the link by.",
            hint="Set SYNCD_GITHUB_APP_ID, SYNCD_GITHUB_APP_KEY and SYNCD_MASTER_KEYS, and start the daemon again.",
            after_seconds=300,
        )
    number = request.query.get("installation_id", "")
    if not (number.isascii() and number.isdigit() and len(number) <= _NUMBER_MAX_DIGITS):
        raise BadUsage(
            "setup_malformed",
            "GitHub named no installation: it may still have to be approved by an owner of the organisation.",
            hint="Follow the link again when it is approved.",
        )
    with explaining_outage():
        bound = await complete_setup(site.connecting, request.query.get("state", ""), int(number))
    return web.Response(text=f"The GitHub App at {bound.account} is connected. You can close this page.\n")
