"""Every knob, read once from the environment, `.env` and systemd credentials, and right from then on."""

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from syncd.core.meaning import LOCAL_MODEL, EmbedderChoice, EmbeddingModel, RerankerChoice
from syncd.errors import BadUsage

WEBHOOK_SECRET_MIN_CHARACTERS = 16
# What stands in the text of a key: whoever finds one sees what kind of installation it opens.
KEY_ENVIRONMENTS = {"production": "live", "development": "dev", "test": "test"}


def check_address(listen: str) -> str:
    """Return HOST:PORT as it is. Raises `ValueError`, which pydantic adds to the other faults, for anything else."""
    try:
        split_address(listen)
    except BadUsage as error:
        raise ValueError("write HOST:PORT, for example 127.0.0.1:8700") from error
    return listen


def find_place(path: Path) -> Path:
    """Return *path* as it is meant: absolute, and below the home directory where it begins with ~."""
    return path.expanduser().absolute()


def check_webhook_secrets(secrets: SecretStr) -> SecretStr:
    """Return *secrets* as they are. Raises `ValueError` for one that could be guessed from a delivery that was overheard."""
    if any(len(secret) < WEBHOOK_SECRET_MIN_CHARACTERS for secret in split_secrets(secrets)):
        raise ValueError(f"each secret needs {WEBHOOK_SECRET_MIN_CHARACTERS} characters or more")
    return secrets


def split_secrets(secrets: SecretStr) -> tuple[str, ...]:
    """Return the single secrets of a list that is separated by commas."""
    return tuple(part.strip() for part in secrets.get_secret_value().split(",") if part.strip())


def check_issuer(url: str) -> str:
    """Return *url* as it is. Raises `ValueError` for an issuer whose keys could be forged on the way."""
    parts = urlsplit(url)
    here = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if (
        not parts.hostname
        or parts.scheme not in ({"https", "http"} if here else {"https"})
        or parts.query
        or parts.fragment
    ):
        raise ValueError("write the issuer as its tokens name it, for example https://login.example.com/")
    return url


# Signed with a private key: with a shared secret, whoever can check a token can make one.
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
IssuerUrl = Annotated[str, AfterValidator(check_issuer)]
# The key is sent there. It stands in errors, so it may hold no credentials.
EndpointUrl = Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]
HostPort = Annotated[str, AfterValidator(check_address)]
Place = Annotated[Path, AfterValidator(find_place)]
WebhookSecrets = Annotated[SecretStr, AfterValidator(check_webhook_secrets)]


def default_data_directory() -> Path:
    """Return where `up` keeps its servers: `$XDG_DATA_HOME/syncd`, which is `~/.local/share/syncd` unless set."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "syncd"


class Settings(BaseSettings):
    """The settings of one process. Names and defaults are those of `.env.example`, which a test holds to this class."""

    # An empty value is an unset one: compose files and unit files pass variables on that nobody has set.
    model_config = SettingsConfigDict(
        env_prefix="SYNCD_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    env: Literal["development", "test", "production"] = "production"
    log: Literal["auto", "json", "text"] = "auto"

    database_url: SecretStr | None = None
    sync_database_url: SecretStr | None = None
    web_database_url: SecretStr | None = None
    read_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    data_dir: Place = Field(default_factory=default_data_directory)
    folder_roots: Annotated[tuple[Place, ...], NoDecode] = ()
    master_keys: SecretStr | None = None

    http_listen: HostPort = "127.0.0.1:8700"
    mcp_listen: HostPort = "127.0.0.1:8701"
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s@/]+/?$")
    public_status: str | None = Field(default=None, min_length=1)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    rest_requests_per_minute: int = Field(default=6000, ge=1, le=1_000_000)
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    mcp_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    mcp_allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    mcp_url: str | None = Field(default=None, pattern=r"^https?://[^\s@?#]+$")
    oauth_issuers: Annotated[tuple[IssuerUrl, ...], NoDecode] = ()
    oauth_tenant_claim: str = Field(default="org_id", min_length=1)
    oauth_algorithms: Annotated[tuple[SigningAlgorithm, ...], NoDecode] = ("RS256", "PS256", "ES256", "EdDSA")
    mcp_calls_per_minute: float = Field(default=1200.0, ge=1, le=1_000_000)
    mcp_burst_calls: int = Field(default=300, ge=1, le=1_000_000)
    mcp_header_seconds: float = Field(default=10.0, gt=0, le=300)
    mcp_write_seconds: float = Field(default=30.0, gt=0, le=600)
    mcp_connections: int = Field(default=4000, ge=1, le=100_000)
    mcp_connections_per_address: int = Field(default=256, ge=1, le=100_000)
    mcp_wrong_keys_per_minute: int = Field(default=30, ge=1, le=1_000_000)
    mcp_streams: int = Field(default=2048, ge=1, le=100_000)
    mcp_streams_per_tenant: int = Field(default=1024, ge=1, le=100_000)
    mcp_sessions_per_tenant: int = Field(default=200, ge=1, le=100_000)
    mcp_session_days: float = Field(default=7.0, gt=0, le=365)
    mcp_notes_per_session: int = Field(default=1000, ge=1, le=100_000)
    mcp_concurrency: int = Field(default=8, ge=1, le=1_000)
    api_key: SecretStr | None = None

    github_api_url: str = Field(default="https://api.github.com", pattern=r"^https?://[^\s@]+$")
    github_token: SecretStr | None = None
    github_token_tenants: Annotated[tuple[str, ...], NoDecode] = ("default",)
    github_app_id: int | None = Field(default=None, ge=1)
    github_app_key: SecretStr | None = None
    github_concurrency: int = Field(default=8, ge=1, le=100)
    github_reserve_percent: float = Field(default=5.0, ge=0, le=90)
    webhook_secrets: WebhookSecrets | None = None
    webhook_url: str | None = Field(default=None, pattern=r"^https?://[^\s@]+$")
    delivery_retention_days: float = Field(default=14.0, ge=1, le=365)
    request_retention_days: float = Field(default=30.0, ge=1, le=3650)
    lock_event_retention_days: float = Field(default=365.0, ge=1, le=3650)
    run_retention_days: float = Field(default=90.0, ge=1, le=3650)

    embeddings: Literal["none", "openai", "local"] = "none"
    embeddings_url: EndpointUrl | None = None
    embeddings_model: str | None = Field(default=None, min_length=1, max_length=200)
    embeddings_api_key: SecretStr | None = None
    embeddings_tenants: Annotated[tuple[str, ...], NoDecode] = ()
    embeddings_query_prefix: str = Field(default="", max_length=1_000)
    embeddings_document_prefix: str = Field(default="", max_length=1_000)
    embeddings_passage_characters: int = Field(default=1_000, ge=200, le=10_000)
    embeddings_batch: int = Field(default=32, ge=1, le=1_000)
    embeddings_concurrency: int = Field(default=2, ge=1, le=64)
    embeddings_query_seconds: float = Field(default=0.3, gt=0, le=5)
    rerank_url: EndpointUrl | None = None
    rerank_model: str | None = Field(default=None, min_length=1, max_length=200)
    rerank_api_key: SecretStr | None = None
    rerank_tenants: Annotated[tuple[str, ...], NoDecode] = ()
    rerank_passages: int = Field(default=30, ge=2, le=60)
    rerank_seconds: float = Field(default=1.0, gt=0, le=5)

    poll_seconds: float = Field(default=60.0, ge=1, le=86_400)
    poll_seconds_with_hook: float = Field(default=300.0, ge=1, le=86_400)
    full_reconcile_seconds: float = Field(default=86_400.0, ge=60, le=30 * 86_400)
    sync_concurrency: int = Field(default=4, ge=1, le=64)
    parse_workers: int = Field(default=2, ge=0, le=64)
    parse_seconds: float = Field(default=20.0, ge=0.1, le=600)
    parse_memory_bytes: int = Field(default=1024 * 1024 * 1024, ge=64 * 1024 * 1024)
    lease_seconds: float = Field(default=30.0, ge=1, le=600)
    document_max_bytes: int = Field(default=5 * 1024 * 1024, ge=1, le=100 * 1024 * 1024)
    project_max_documents: int = Field(default=200_000, ge=1)
    event_readers: int = Field(default=400, ge=1, le=10_000)
    event_readers_per_caller: int = Field(default=32, ge=1, le=10_000)
    pool_connections: int = Field(default=20, ge=1, le=200)
    drain_seconds: float = Field(default=20.0, ge=0, le=300)

    @field_validator(
        "folder_roots",
        "github_token_tenants",
        "mcp_allowed_hosts",
        "mcp_allowed_origins",
        "cors_origins",
        "oauth_issuers",
        "oauth_algorithms",
        "trusted_proxies",
        "embeddings_tenants",
        "rerank_tenants",
        mode="before",
    )
    @classmethod
    def split_list(cls, value: object) -> object:
        """Read lists as people write them in an environment: separated by commas."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def require_audience(self) -> "Settings":
        """Refuse issuers without an address of ours: a token must be made for us, and it names us by that."""
        if self.oauth_issuers and self.mcp_url is None:
            raise ValueError("SYNCD_OAUTH_ISSUERS needs SYNCD_MCP_URL, the audience of tokens")
        return self

    @model_validator(mode="after")
    def require_models(self) -> "Settings":
        """Refuse half of what names a model."""
        if self.embeddings == "openai" and (self.embeddings_url is None or self.embeddings_model is None):
            raise ValueError("SYNCD_EMBEDDINGS=openai needs SYNCD_EMBEDDINGS_URL and SYNCD_EMBEDDINGS_MODEL")
        if (self.rerank_url is None) != (self.rerank_model is None):
            raise ValueError("SYNCD_RERANK_URL and SYNCD_RERANK_MODEL need each other")
        return self

    @field_validator("github_api_url", "public_url", "embeddings_url", "rerank_url")
    @classmethod
    def strip_slash(cls, value: str | None) -> str | None:
        """Drop the trailing slash, so that paths can be appended."""
        return None if value is None else value.rstrip("/")

    @cached_property
    def webhook_secret_bytes(self) -> tuple[bytes, ...]:
        """Return the secrets that may sign deliveries, the newest first; none: webhooks are off."""
        return tuple(secret.encode() for secret in split_secrets(self.webhook_secrets)) if self.webhook_secrets else ()

    @cached_property
    def embedder(self) -> EmbedderChoice | None:
        """Return which model embeds, if one does."""
        if self.embeddings == "none":
            return None
        name = LOCAL_MODEL if self.embeddings == "local" else str(self.embeddings_model)
        return EmbedderChoice(
            EmbeddingModel(name, self.embeddings_document_prefix, self.embeddings_passage_characters),
            self.embeddings_url if self.embeddings == "openai" else None,
            self.embeddings_tenants,
            api_key=self.embeddings_api_key.get_secret_value() if self.embeddings_api_key else None,
            query_prefix=self.embeddings_query_prefix,
            batch=self.embeddings_batch,
            concurrency=self.embeddings_concurrency,
            query_seconds=self.embeddings_query_seconds,
        )

    @cached_property
    def reranker(self) -> RerankerChoice | None:
        """Return which model reranks, if one does."""
        if self.rerank_url is None or self.rerank_model is None:
            return None
        return RerankerChoice(
            self.rerank_model,
            self.rerank_url,
            self.rerank_tenants,
            api_key=self.rerank_api_key.get_secret_value() if self.rerank_api_key else None,
            passages=self.rerank_passages,
            seconds=self.rerank_seconds,
        )

    @cached_property
    def http_address(self) -> tuple[str, int]:
        """Return host and port of the status endpoint."""
        return split_address(self.http_listen)

    @cached_property
    def mcp_address(self) -> tuple[str, int]:
        """Return host and port of the MCP server."""
        return split_address(self.mcp_listen)


def split_address(listen: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises `BadUsage` for anything else."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise BadUsage(
            "address_invalid",
            f"{listen!r} is not HOST:PORT.",
            hint="For example 127.0.0.1:8700; port 0 takes a free one.",
        )
    return host.strip("[]"), int(port)


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - pydantic validates whatever comes in
    """Return the settings of this process; *overrides* (from the command line) win.

    Raises `BadUsage` with one message that names every bad setting and repeats no value, since a value may be a secret.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        return Settings(
            _secrets_dir=credentials, **{name: value for name, value in overrides.items() if value is not None}
        )
    except ValidationError as error:
        faults = [_describe_fault(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
        raise BadUsage(
            "settings_invalid",
            f"{len(faults)} setting{'s are' if len(faults) > 1 else ' is'} wrong: {'; '.join(faults)}.",
            hint="Correct them in the environment or in .env; .env.example explains each.",
        ) from error


def _describe_fault(place: tuple[int | str, ...], said: str) -> str:
    """Return what is wrong with a setting, or with several together."""
    return f"SYNCD_{str(place[0]).upper()}: {said}" if place else said.removeprefix("Value error, ")


def require_setting(value: SecretStr | None, name: str) -> str:
    """Return the secret value of a setting that this process cannot do without. Raises `BadUsage` naming it."""
    if value is None:
        raise BadUsage(
            "setting_missing",
            f"{name} is not set.",
            hint=f"Set {name} in the environment or in .env (see .env.example).",
        )
    return value.get_secret_value()
