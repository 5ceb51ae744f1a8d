"""`syncd run` under a service manager: secrets from credentials, ready, alive, draining, ended."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import syncd
from syncd.adapters.embedded.redis import RedisServer
from tests.databases import Database
from tests.end_to_end.running import START_SECONDS


async def test_the_service_manager_hears_that_the_daemon_is_ready_lives_and_drains(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(syncd.__file__).parent.parent),
        "PYTHONWARNINGS": "error",
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "30000000",
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "SYNCD_DATA_DIR": str(tmp_path / "data"),
        "SYNCD_HTTP_LISTEN": "127.0.0.1:0",
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
    }
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "syncd_sync_database_url").write_text(database.sync_url)
    (credentials / "syncd_web_database_url").write_text(database.web_url)
    (credentials / "syncd_redis_url").write_text(redis_server.url)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(START_SECONDS)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "run", cwd=tmp_path, env=environment, stderr=asyncio.subprocess.PIPE
        )
        try:
            heard = {await asyncio.to_thread(manager.recv, 500) for _ in range(2)}
            process.send_signal(signal.SIGTERM)
            draining = await asyncio.to_thread(manager.recv, 500)
            async with asyncio.timeout(START_SECONDS):
                _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
    assert heard == {b"READY=1", b"WATCHDOG=1"}
    assert draining.startswith(b"STOPPING=1\nSTATUS=Draining")
    assert process.returncode == 0, said.decode()
    assert b"daemon drained" in said
