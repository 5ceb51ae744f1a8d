"""GitHub's deliveries: proved by their signature, stored and marked due in one transaction, answered before any work."""

import logging
import re

from aiohttp import hdrs, web

from syncd.adapters.postgres.deliveries import accept_delivery
from syncd.adapters.postgres.outages import explaining_outage
from syncd.core.webhooks import is_signed, list_hinted, parse_event
from syncd.errors import BadUsage, RetryLater
from syncd.web.answers import Unauthorized
from syncd.web.site import Site

log = logging.getLogger("syncd.web")

DELIVERY_HEADER = "X-GitHub-Delivery"
EVENT_HEADER = "X-GitHub-Event"
SIGNATURE_HEADER = "X-Hub-Signature-256"

_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,64}")
_EVENT = re.compile(r"[a-z_]{1,64}")


async def take_delivery(site: Site, request: web.Request) -> web.Response:
    """Answer 202 to what is signed, also where nobody mirrors its repository: who may not know that learns nothing here."""
    body = await _read_signed(site, request)
    delivery_id = _get_header(request, DELIVERY_HEADER, _DELIVERY)
    event = _get_header(request, EVENT_HEADER, _EVENT)
    repository_ids = list_hinted(parse_event(event, body, request.content_type.lower()))
    with explaining_outage():
        async with site.pool.acquire() as connection:
            result = await accept_delivery(
                connection, delivery_id, event=event, repository_ids=repository_ids, now=site.clock()
            )
    site.metrics.count_delivery(result)
    log.info("delivery", extra={"delivery_id": delivery_id, "github_event": event, "result": result})
    return web.json_response({"result": result}, status=202)


async def _read_signed(site: Site, request: web.Request) -> bytes:
    if not site.webhook_secrets:
        raise RetryLater(
            "webhooks_off",
            "This server takes no webhooks: it has no secret to prove them by.",
            hint="Set SYNCD_WEBHOOK_SECRETS and start the daemon again.",
            after_seconds=300,
        )
    if hdrs.CONTENT_ENCODING in request.headers:
        # The signature is of the bytes that were sent, and aiohttp would hand over others.
        raise BadUsage("webhook_encoded", "The delivery is compressed.", hint="GitHub sends deliveries as they are.")
    body = await site.webhook_reader.read(request)
    if not is_signed(body, request.headers.get(SIGNATURE_HEADER), site.webhook_secrets):
        raise Unauthorized(
            "signature_invalid",
            f"{SIGNATURE_HEADER} does not prove this delivery.",
            hint="Give the webhook one of the secrets in SYNCD_WEBHOOK_SECRETS.",
        )
    return body


def _get_header(request: web.Request, name: str, form: re.Pattern[str]) -> str:
    value = request.headers.get(name, "")
    if not form.fullmatch(value):
        raise BadUsage("webhook_malformed", f"{name} is missing or is not GitHub's.", hint="Send it as GitHub does.")
    return value
