"""The units: accepted by systemd, closed to the outside, and naming only what the program reads."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from syncd.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
UNITS = ("syncd.service", "syncd-mcp.service")
CREDENTIALS = {
    "syncd.service": {
        "sync_database_url",
        "web_database_url",
        "redis_url",
        "master_keys",
        "github_token",
        "github_app_key",
        "webhook_secrets",
        "embeddings_api_key",
    },
    "syncd-mcp.service": {"read_database_url", "redis_url", "embeddings_api_key", "rerank_api_key"},
}
EXPOSURE_TENTHS = "11"


def read_unit(name: str) -> str:
    """Return the text of a unit."""
    return (ROOT / "systemd" / name).read_text(encoding="utf-8")


def list_values(unit: str, directive: str) -> list[str]:
    """Return every value that *unit* gives to *directive*."""
    return re.findall(rf"^{directive}=(.*)$", unit, re.MULTILINE)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: the units were NOT verified on this machine")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_unit(name: str, tmp_path: Path) -> None:
    # The program is not installed at its place here, and verify asks whether it is.
    unit = re.sub(r"(?m)^ExecStart=.*$", f"ExecStart={shutil.which('true')}", read_unit(name))
    (tmp_path / name).write_text(unit, encoding="utf-8")
    verified = analyze("verify", str(tmp_path / name))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_exposes_no_more_than_the_best_packaged_services(name: str) -> None:
    unit = str(ROOT / "systemd" / name)
    rated = analyze("security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", "--no-pager", unit)
    assert rated.returncode == 0, rated.stdout + rated.stderr


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_is_watched_and_told_when_it_is_ready(name: str) -> None:
    unit = read_unit(name)
    assert list_values(unit, "Type") == ["notify"]
    assert list_values(unit, "WatchdogSec") == ["30"]
    assert list_values(unit, "NotifyAccess") == ["main"]


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_starts_a_command_that_the_package_installs(name: str) -> None:
    (start,) = list_values(read_unit(name), "ExecStart")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    program = start.split()[0]
    assert program.startswith("/opt/syncd/bin/")
    assert Path(program).name in scripts


@pytest.mark.parametrize("name", UNITS)
def test_every_credential_of_the_unit_is_read_as_a_setting(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = list_values(read_unit(name), "LoadCredential")
    assert credentials == [f"syncd_{field}" for field in Settings.model_fields if field in CREDENTIALS[name]]
    for credential in credentials:
        monkeypatch.delenv(credential.upper(), raising=False)
        (tmp_path / credential).write_text(f"from {credential}\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    for field in CREDENTIALS[name]:
        assert getattr(settings, field).get_secret_value() == f"from syncd_{field}"


@pytest.mark.parametrize("name", UNITS)
def test_every_variable_of_the_unit_is_a_setting(name: str) -> None:
    variables = [value.partition("=")[0] for value in list_values(read_unit(name), "Environment")]
    assert variables
    assert {f"SYNCD_{field.upper()}" for field in Settings.model_fields} >= set(variables)
