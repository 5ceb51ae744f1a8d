"""How often GitHub can be polled: it depends on who asks."""

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.source import GitHubSource
from tests.adapters.github.conftest import NAME, Hosted


async def test_with_a_token_unchanged_polls_are_free(hosted: Hosted) -> None:
    assert hosted.open_source().poll_least_seconds == 0


async def test_without_a_token_sixty_polls_an_hour_are_shared_by_everything(hosted: Hosted) -> None:
    async with open_github_client(api_url=hosted.fake.url) as client:
        assert GitHubSource(client, NAME).poll_least_seconds == 600
