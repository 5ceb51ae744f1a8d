"""What a person waits for who only asks how a command is called."""

import subprocess
import sys

# What the adapters drive, what serves, and what checks settings.
HEAVY = {
    "aiohttp",
    "asyncio",
    "asyncpg",
    "github",
    "mcp",
    "pydantic",
    "redis",
    "requests",
    "rich",
    "syncd.adapters",
    "uvloop",
}
ASK = """
import sys
from syncd.cli import main
for words in (["--help"], ["--version"], ["lock", "freeze", "--help"], ["project", "nonsense"]):
    try:
        main(words)
    except SystemExit as ended:
        print("ended with", ended.code)
print("loaded", *sys.modules)
"""


def test_help_and_wrong_words_load_no_driver() -> None:
    said = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line for line in said if line.startswith("ended with")] == [f"ended with {code}" for code in (0, 0, 0, 2)]
    assert HEAVY.intersection(said[-1].split()) == set()
