"""Settings: one message for all faults, no secret in any of them, and `.env.example` true to the class."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from syncd.cli.up import _make_mcp_environment
from syncd.errors import BadUsage
from syncd.settings import Settings, load_settings, require_setting, split_address

EXAMPLE = Path(__file__).parent.parent / ".env.example"
CANARY = "canary-b1946ac92492d2347c6235b4d2611184"
SECRETS = (
    "database_url",
    "sync_database_url",
    "web_database_url",
    "read_database_url",
    "redis_url",
    "master_keys",
    "api_key",
    "github_token",
    "github_app_key",
    "webhook_secrets",
    "embeddings_api_key",
    "rerank_api_key",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from outside the test."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"SYNCD_{field.upper()}", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)


def read_example() -> dict[str, str]:
    """Return name and default of every setting that `.env.example` shows."""
    return dict(re.findall(r"^#(SYNCD_[A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def write_default(default: object) -> str:
    """Return a default as it is written in an environment; what is unset, or found out at the start, is empty."""
    if default is None or default is PydanticUndefined:
        return ""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_env_example_shows_every_setting_with_its_default() -> None:
    defaults = {f"SYNCD_{name.upper()}": write_default(field.default) for name, field in Settings.model_fields.items()}
    assert read_example() == defaults


def test_every_line_of_env_example_is_a_setting_or_explains_one() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert all(not line or re.match(r"^# |^#SYNCD_", line) for line in lines)
    explained = [lines[i - 1].startswith("# ") for i, line in enumerate(lines) if line.startswith("#SYNCD_")]
    assert all(explained)


def test_env_example_taken_literally_changes_nothing(tmp_path: Path) -> None:
    before = load_settings()
    settings = [f"{name}={value}" for name, value in read_example().items()]
    (tmp_path / ".env").write_text("\n".join(settings), encoding="utf-8")
    assert load_settings() == before


def test_one_message_names_every_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_ENV", "staging")
    monkeypatch.setenv("SYNCD_POLL_SECONDS", "0")
    monkeypatch.setenv("SYNCD_HTTP_LISTEN", "8700")
    monkeypatch.setenv("SYNCD_MCP_LISTEN", "localhost:99999")
    monkeypatch.setenv("SYNCD_GITHUB_API_URL", f"https://user:{CANARY}@github.example.com")
    with pytest.raises(BadUsage) as caught:
        load_settings()
    for name in ("ENV", "POLL_SECONDS", "HTTP_LISTEN", "MCP_LISTEN", "GITHUB_API_URL"):
        assert f"SYNCD_{name}:" in caught.value.message
    assert caught.value.message.startswith("5 settings are wrong: ")
    assert caught.value.exit_code == 2
    assert CANARY not in repr_chain(caught.value)


def repr_chain(error: BaseException) -> str:
    """Return everything that a traceback of *error* could show of its causes."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        texts += [str(cause), repr(cause)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SYNCD_{name.upper()}", CANARY)
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert CANARY not in shown
    assert getattr(settings, name).get_secret_value() == CANARY


def test_the_secrets_of_webhooks_are_several_and_none_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().webhook_secret_bytes == ()
    monkeypatch.setenv("SYNCD_WEBHOOK_SECRETS", f" {CANARY}, sixteen letters! ,")
    assert load_settings().webhook_secret_bytes == (CANARY.encode(), b"sixteen letters!")
    monkeypatch.setenv("SYNCD_WEBHOOK_SECRETS", f"{CANARY},fifteen letters")
    with pytest.raises(BadUsage, match=r"SYNCD_WEBHOOK_SECRETS: .*16 characters") as caught:
        load_settings()
    assert CANARY not in repr_chain(caught.value)


def test_the_list_of_secrets_is_complete() -> None:
    declared = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert declared == set(SECRETS)


@pytest.mark.parametrize("name", ["github_token_tenants", "mcp_allowed_hosts", "mcp_allowed_origins"])
def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SYNCD_{name.upper()}", " one, two ,,three,")
    assert getattr(load_settings(), name) == ("one", "two", "three")


def test_places_are_absolute_and_know_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNCD_DATA_DIR", "~/syncd")
    monkeypatch.setenv("SYNCD_FOLDER_ROOTS", "handbook,/srv/docs")
    settings = load_settings()
    assert settings.data_dir == tmp_path / "home" / "syncd"
    assert settings.folder_roots == (tmp_path / "handbook", Path("/srv/docs"))


def test_the_data_directory_follows_the_desktop_convention(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert load_settings().data_dir == tmp_path / ".local" / "share" / "syncd"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert load_settings().data_dir == tmp_path / "elsewhere" / "syncd"


def test_an_empty_value_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_DATABASE_URL", "")
    monkeypatch.setenv("SYNCD_POLL_SECONDS", "")
    settings = load_settings()
    assert settings.database_url is None
    assert settings.poll_seconds == 60.0


def test_credentials_of_systemd_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "syncd_redis_url").write_text(f"redis://:{CANARY}@127.0.0.1:6379/0\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    redis_url = load_settings().redis_url
    assert redis_url is not None
    assert redis_url.get_secret_value() == f"redis://:{CANARY}@127.0.0.1:6379/0"


def test_the_nearer_source_of_a_setting_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "syncd_http_listen").write_text("127.0.0.1:1", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    seen = [load_settings().http_listen]
    (tmp_path / ".env").write_text("SYNCD_HTTP_LISTEN=127.0.0.1:2", encoding="utf-8")
    seen.append(load_settings().http_listen)
    monkeypatch.setenv("SYNCD_HTTP_LISTEN", "127.0.0.1:3")
    seen.append(load_settings().http_listen)
    seen.append(load_settings(http_listen="127.0.0.1:4").http_listen)
    assert seen == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"]


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8700", ("127.0.0.1", 8700)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_an_address_is_split_into_host_and_port(listen: str, address: tuple[str, int]) -> None:
    assert split_address(listen) == address
    assert load_settings(http_listen=listen, mcp_listen=listen).http_address == address
    assert load_settings(http_listen=listen, mcp_listen=listen).mcp_address == address


@pytest.mark.parametrize(
    "listen", ["8700", ":8700", "localhost", "localhost:", "localhost:65536", "localhost:http", ""]
)
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(BadUsage):
        split_address(listen)


def test_a_setting_that_must_be_there_is_named_when_it_is_not() -> None:
    with pytest.raises(BadUsage, match="SYNCD_REDIS_URL is not set"):
        require_setting(load_settings().redis_url, "SYNCD_REDIS_URL")
    assert require_setting(SecretStr("redis://here"), "SYNCD_REDIS_URL") == "redis://here"


def test_a_key_of_several_lines_is_read_from_a_credential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "syncd_github_app_key").write_text("-----BEGIN KEY-----\nb25l\ndHdv\n-----END KEY-----\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    key = load_settings().github_app_key
    assert key is not None
    assert key.get_secret_value().splitlines() == ["-----BEGIN KEY-----", "b25l", "dHdv", "-----END KEY-----"]


def test_the_mcp_server_of_up_gets_the_settings_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "READ_DATABASE_URL": f"postgresql://reader:{CANARY}@127.0.0.1/syncd",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "EMBEDDINGS": "openai",
        "EMBEDDINGS_URL": "http://127.0.0.1:11434/v1",
        "EMBEDDINGS_MODEL": "words",
        "EMBEDDINGS_API_KEY": CANARY,
        "EMBEDDINGS_TENANTS": "acme,globex",
        "EMBEDDINGS_QUERY_SECONDS": "1.5",
        "RERANK_URL": "http://127.0.0.1:11434/v1",
        "RERANK_MODEL": "judge",
        "RERANK_API_KEY": CANARY,
        "RERANK_TENANTS": "*",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"SYNCD_{name}", value)
    settings = load_settings()
    handed_on = _make_mcp_environment(settings)
    for name in given:
        monkeypatch.delenv(f"SYNCD_{name}")
    for name, value in handed_on.items():
        monkeypatch.setenv(name, value)
    received = load_settings()
    assert (received.embedder, received.reranker) == (settings.embedder, settings.reranker)
    assert received.embedder is not None
    assert received.embedder.api_key == CANARY
    assert CANARY not in repr(received.embedder) + repr(received.reranker)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"EMBEDDINGS": "openai", "EMBEDDINGS_MODEL": "words"}, "SYNCD_EMBEDDINGS_URL"),
        ({"EMBEDDINGS": "openai", "EMBEDDINGS_URL": "http://127.0.0.1/v1"}, "SYNCD_EMBEDDINGS_MODEL"),
        ({"RERANK_URL": "http://127.0.0.1/v1"}, "SYNCD_RERANK_MODEL"),
        ({"EMBEDDINGS_URL": "http://user:secret@127.0.0.1/v1"}, "SYNCD_EMBEDDINGS_URL"),
    ],
)
def test_half_of_a_model_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"SYNCD_{name}", value)
    with pytest.raises(BadUsage, match=missing) as caught:
        load_settings()
    assert "secret" not in repr_chain(caught.value)


def test_the_local_model_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_EMBEDDINGS", "local")
    monkeypatch.setenv("SYNCD_EMBEDDINGS_URL", "http://127.0.0.1/v1")
    embedder = load_settings().embedder
    assert embedder is not None
    assert (embedder.url, embedder.tenants) == (None, ())
