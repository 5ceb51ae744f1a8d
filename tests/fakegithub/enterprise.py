"""A GitHub Enterprise Server: the fake behind /api/v3 and /api/graphql, as GHES puts its API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web
from yarl import URL

from tests.fakegithub.server import FakeGitHub

_HOP_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}


@asynccontextmanager
async def open_enterprise(fake: FakeGitHub) -> AsyncIterator[str]:
    """Serve *fake* on a free port of 127.0.0.1 and yield the address of its API, which ends in /api/v3."""
    async with ClientSession(auto_decompress=False) as session:
        runner = web.AppRunner(web.Application(), shutdown_timeout=1)

        async def forward(request: web.Request) -> web.Response:
            path = request.rel_url.raw_path_qs
            inner = path.removeprefix("/api/v3") if path.startswith("/api/v3/") else path.removeprefix("/api")
            if inner == path:
                return web.Response(status=404)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_HEADERS}
            url = URL(fake.url + inner, encoded=True)
            body = await request.read()
            async with session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                told = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_HEADERS}
                if "Location" in told:
                    told["Location"] = told["Location"].replace(fake.url, api_url)
                return web.Response(status=answer.status, headers=told, body=await answer.read())

        runner.app.router.add_route("*", "/{path:.*}", forward)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            api_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v3"
            yield api_url
        finally:
            await runner.cleanup()
