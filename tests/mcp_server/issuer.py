"""An OAuth authorization server as far as a resource server knows one: metadata, keys, and tokens signed by them."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AUDIENCE = "https://docs.example.com/mcp"


def make_private_key(algorithm: str) -> PrivateKey:
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_jwk(key: PrivateKey, key_id: str, algorithm: str) -> dict[str, Any]:
    match key:
        case rsa.RSAPrivateKey():
            text = RSAAlgorithm.to_jwk(key.public_key())
        case ec.EllipticCurvePrivateKey():
            text = ECAlgorithm.to_jwk(key.public_key())
        case _:
            text = OKPAlgorithm.to_jwk(key.public_key())
    return {**json.loads(text), "kid": key_id, "alg": algorithm, "use": "sig"}


@dataclass(slots=True)
class Issuer:
    """A running authorization server. A test changes *keys*, *metadata* and *broken* at will."""

    url: str = ""
    keys: dict[str, tuple[PrivateKey, str]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    openid_only: bool = False

    def add_key(self, key_id: str, algorithm: str = "RS256") -> None:
        self.keys[key_id] = (make_private_key(algorithm), algorithm)

    def sign(self, key_id: str = "one", *, headers: dict[str, Any] | None = None, **claims: object) -> str:
        """Return a token that is right but for *claims* and *headers*; a claim of none is left out."""
        key, algorithm = self.keys[key_id]
        now = int(time.time())
        said = {
            "iss": self.url, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600, "org_id": "org-acme",
            "scope": "docs:read openid", **claims,
        }  # fmt: skip
        payload = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(payload, key, algorithm, headers={"kid": key_id, "typ": "at+jwt", **(headers or {})})

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.broken:
            return web.Response(status=500)
        if request.path == "/keys":
            return web.json_response({"keys": [make_jwk(key, kid, alg) for kid, (key, alg) in self.keys.items()]})
        if self.openid_only and "oauth-authorization-server" in request.path:
            return web.Response(status=404)
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.metadata})


@asynccontextmanager
async def open_issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/{path:.*}", issuer.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        issuer.url = str(server.make_url("")).rstrip("/")
        issuer.add_key("one")
        yield issuer
    finally:
        await server.close()
