"""What follows from the address of the API: where GraphQL is, and which downloads are fetched."""

import asyncio

import pytest

from syncd.adapters.github.addresses import is_safe_download, make_graphql_url
from syncd.adapters.github.client import ClientLimits, open_github_client
from syncd.errors import Unreachable
from tests.adapters.github.conftest import TOKEN, Hosted
from tests.fakegithub.faults import Fault, Silence


@pytest.mark.parametrize(
    ("api_url", "graphql_url"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghes.example/api/v3", "https://ghes.example/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/graphql"),
    ],
)
def test_graphql_lies_beside_rest(api_url: str, graphql_url: str) -> None:
    assert make_graphql_url(api_url) == graphql_url


@pytest.mark.parametrize(
    ("url", "api_url", "safe"),
    [
        ("https://codeload.github.com/a/b", "https://api.github.com", True),
        ("https://ghes.example/_codeload/a/b?token=x", "https://ghes.example/api/v3", True),
        ("http://127.0.0.1:8080/_codeload/a/b", "http://127.0.0.1:8080", True),
        ("http://127.0.0.1:8081/_codeload/a/b", "http://127.0.0.1:8080", False),
        ("http://codeload.github.com/a/b", "https://api.github.com", False),
        ("http://ghes.example/_codeload/a/b", "https://ghes.example/api/v3", False),
        ("https://name:word@codeload.github.com/a/b", "https://api.github.com", False),
        ("ftp://codeload.github.com/a/b", "https://api.github.com", False),
        ("https:///a/b", "https://api.github.com", False),
        ("/a/b", "https://api.github.com", False),
        ("", "https://api.github.com", False),
    ],
)
def test_a_download_comes_by_https_or_from_the_host_of_the_api(url: str, api_url: str, safe: bool) -> None:
    assert is_safe_download(url, api_url) is safe


async def test_an_enterprise_server_is_asked_beside_its_rest_api(hosted: Hosted) -> None:
    async with open_github_client(api_url=f"{hosted.fake.url}/api/v3", token=TOKEN) as client:
        await client.post_graphql("{ rateLimit { cost } }", {})
    assert [(request.method, request.path) for request in hosted.fake.requests] == [("POST", "/api/graphql")]


async def test_a_download_that_does_not_come_is_given_up(hosted: Hosted) -> None:
    silence = Silence(asyncio.Event())
    hosted.fake.faults.add(Fault(on="/_codeload/", effect=silence))
    limits = ClientLimits(download_deadline_seconds=0.05)
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=limits) as client:
        with pytest.raises(Unreachable):
            await anext(client.download(f"{hosted.fake.url}/_codeload/acme/handbook/legacy.tar.gz/main"))
    silence.until.set()


async def test_a_graphql_answer_beyond_its_bound_is_given_up(hosted: Hosted) -> None:
    limits = ClientLimits(answer_max_bytes=10)
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=limits) as client:
        with pytest.raises(Unreachable):
            await client.post_graphql("{ rateLimit { cost remaining } }", {})


async def test_an_archive_is_asked_for_without_the_token(hosted: Hosted) -> None:
    url = f"{hosted.fake.url}/_codeload/acme/handbook/legacy.tar.gz/main"
    chunks = [chunk async for chunk in hosted.client.download(url)]
    assert b"".join(chunks).startswith(b"\x1f\x8b")
    assert [request.authorized for request in hosted.fake.requests] == [False]
