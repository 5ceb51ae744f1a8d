"""The private key of a GitHub App, and the tokens by which the App says who it is."""

from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from syncd.errors import BadUsage

# A minute back for clocks that differ; GitHub takes at most ten minutes from its own now
# (docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App").
ISSUED_BEFORE_SECONDS = 60
LIFETIME_SECONDS = 540
_KEY_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AppKey:
    """An App's id, and the key that proves it."""

    app_id: int
    _private_key: RSAPrivateKey = field(repr=False)

    def make_token(self, *, now: float) -> str:
        """Return a JSON Web Token of the App, good for nine minutes from *now* (epoch seconds)."""
        claims = {"iat": int(now) - ISSUED_BEFORE_SECONDS, "exp": int(now) + LIFETIME_SECONDS, "iss": str(self.app_id)}
        return jwt.encode(claims, self._private_key, algorithm="RS256")


def load_app_key(app_id: int, written: str) -> AppKey:
    """Return the key *written* as PEM (line ends may be `\\n`) or as the path of a PEM file. BadUsage, without it, if bad."""
    text = written.strip()
    if not text.startswith("-----BEGIN"):
        text = _read_key(Path(text).expanduser())
    try:
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not `from`: what the parser says could hold a part of the key.
        raise _make_key_error("it is no private key in PEM, or one with a password") from None
    if not isinstance(key, RSAPrivateKey):
        raise _make_key_error("it is no RSA key")
    return AppKey(app_id, key)


def _read_key(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_MAX_BYTES).decode("ascii").strip()
    except (OSError, ValueError) as error:
        # The path is not said: a key that was cut or wrapped looks like one.
        raise _make_key_error(f"it is neither PEM nor a file that can be read ({type(error).__name__})") from None


def _make_key_error(why: str) -> BadUsage:
    return BadUsage(
        "bad_github_app_key",
        f"SYNCD_GITHUB_APP_KEY cannot be used: {why}.",
        hint="Set it to the PEM file that GitHub gave for the App, or to its path.",
    )
