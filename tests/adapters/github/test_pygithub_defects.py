"""Every defect of PyGithub that was met, and the test that would notice if it reached us; the one without another home is here."""

import asyncio
from importlib import import_module

import pytest

from syncd.errors import RetryLater
from tests.adapters.github.conftest import Hosted
from tests.fakegithub.faults import Answer, Fault

REGRESSIONS = {
    "a 301 is followed without the query": ("test_source", "a_repository_that_was_renamed_before_the_first_look_is_found"),
    "a 307 or 308 is taken as success": ("test_errors", "a_redirect_of_data_is_never_followed"),
    "threads get each other's answers": ("test_client", "many_threads_get_each_their_own_answer"),
    "a client is freed while its thread still asks": ("test_client", "a_caller_that_gives_up_does_not_free_the_client_of_its_thread"),
    "Retry-After is slept in the thread, beyond any maximum": ("test_pygithub_defects", "a_stated_wait_is_handed_back_and_never_slept"),
    "a 429 without Retry-After is no rate limit": ("test_errors", "a_rate_limit_is_waited_out"),
    "a 202 is asked again for ever": ("test_errors", "an_accepted_answer_is_not_waited_for_in_the_thread"),
    "raw bytes are decoded and lost": ("test_source", "the_docs_folder_is_mirrored_byte_for_byte"),
    "a body of any size is read": ("test_errors", "an_answer_larger_than_its_limit_stalls"),
    "a body that drips has no deadline": ("test_client", "an_answer_that_takes_longer_than_its_deadline_is_given_up"),
    "one partial error throws a whole GraphQL answer away": ("test_transport_faults", "a_batch_may_lose_objects_again_and_again"),
    "tokens are logged at DEBUG": ("test_errors", "the_token_is_in_no_log_record"),
    "secrets in bodies are logged at DEBUG": ("test_hooks", "the_secret_stands_in_no_log_and_no_error"),
    "a token cannot be limited to a repository": ("test_app", "a_token_is_for_one_repository_and_for_reading"),
    "installation tokens are minted twice": (None, "a_token_is_minted_once_for_all_who_wait_and_refreshed_before_it_ends"),
}  # fmt: skip


@pytest.mark.parametrize("defect", REGRESSIONS)
def test_a_known_defect_has_its_test(defect: str) -> None:
    module, name = REGRESSIONS[defect]
    place = f"tests.adapters.github.{module}" if module else "tests.services.test_credentials"
    assert callable(getattr(import_module(place), f"test_{name}"))


@pytest.mark.parametrize("status", [403, 429])
async def test_a_stated_wait_is_handed_back_and_never_slept(hosted: Hosted, status: int) -> None:
    hosted.fake.faults.add(Fault(on="/commits/", effect=Answer(status, {"Retry-After": "3600"})))
    async with asyncio.timeout(5):
        with pytest.raises(RetryLater) as caught:
            await hosted.open_source().find_head(None)
    assert (caught.value.code, caught.value.after_seconds) == ("rate_limited", 3600)
    assert len(hosted.fake.requests) == 1
