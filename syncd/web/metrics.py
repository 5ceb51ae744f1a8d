"""What Prometheus scrapes: the figures of this process and sums over all tenants, for who runs the installation."""

from aiohttp import hdrs, web

from syncd.services.measuring import ask_for_figures
from syncd.web.auth import get_platform_key
from syncd.web.site import Site

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def show_metrics(site: Site, request: web.Request) -> web.Response:
    """Answer the metrics. Needs a platform key: they tell how busy all tenants are together."""
    await get_platform_key(site, request)
    await ask_for_figures(site.metrics, site.pool, site.budgets, now=site.clock())
    site.metrics.show_readers(0 if site.feeds is None else site.feeds.readers)
    counts = site.rest.reads.counts
    site.metrics.show_reads({"hit": counts.hits, "miss": counts.misses, "skipped": counts.skipped})
    return web.Response(body=site.metrics.write(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})
