"""The wires of the kills hang up what they opened: a socket left to the garbage collector fails whatever test runs then."""

import asyncio
import gc
from pathlib import Path

import pytest

from tests.end_to_end.wires import RedisTalk, Sighting, open_wire

CALLERS = 7


async def let_pass(_sighting: Sighting) -> bool:
    return True


@pytest.mark.parametrize("turns", range(8))
async def test_a_wire_that_ends_while_its_callers_hang_up_leaves_no_socket_open(tmp_path: Path, turns: int) -> None:
    there: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.put_nowait(writer)
        await reader.read()

    server = await asyncio.start_unix_server(serve, str(tmp_path / "s"))
    async with open_wire(tmp_path / "s", RedisTalk, let_pass) as port:
        callers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(CALLERS)]
        served = [await asyncio.wait_for(there.get(), 5) for _ in range(CALLERS)]
        for caller in callers:
            caller.transport.abort()
        for _ in range(turns):  # how far the wire has come with hanging up when it ends
            await asyncio.sleep(0)
    server.close()
    for writer in served:
        writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in [*callers, *served]), return_exceptions=True)
    gc.collect()
