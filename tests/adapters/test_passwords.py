"""Passwords are hashed slowly, beside the event loop, a few at once."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from syncd.adapters.passwords import Passwords, open_passwords
from syncd.errors import RetryLater


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    with open_passwords() as opened:
        yield opened


async def test_a_hash_proves_its_password_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash("Correct Horse 1")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await passwords.hash("Correct Horse 1")  # each has a salt of its own
    assert await passwords.verify("Correct Horse 1", stored)
    assert not await passwords.verify("correct horse 1", stored)
    assert not await passwords.verify("Correct Horse 1", "no hash")


async def test_nobody_has_a_password(passwords: Passwords) -> None:
    assert not await passwords.verify("nobody has this password", None)


async def test_a_hash_of_other_parameters_is_outdated(passwords: Passwords) -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.is_outdated(await passwords.hash("x"))


async def test_who_comes_when_too_many_wait_is_sent_away() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(gate.wait, 5)
        passwords = Passwords(executor, waiting=1)
        first = asyncio.ensure_future(passwords.hash("x"))
        await asyncio.sleep(0)
        with pytest.raises(RetryLater) as refused:
            await passwords.hash("x")
        gate.set()
        assert (await first).startswith("$argon2id$")
        assert (await passwords.hash("x")).startswith("$argon2id$")  # there is room again
    assert refused.value.code == "too_many_passwords"
