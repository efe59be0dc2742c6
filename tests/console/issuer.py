"""Identity providers on sockets: a certified one that is not ours, and one that says whatever a test wants."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.upstream import serve

FOLDER = Path(__file__).parent / "provider"
CLIENT = "guard-console"


@contextmanager
def certified(accounts: Mapping[str, Mapping[str, Any]], redirect_uri: str, secret: str) -> Iterator[str]:
    """Start node-oidc-provider, which insists on PKCE; gives its address. `make install-provider` fetches it."""
    node = shutil.which("node")
    assert node, "node is missing: run make install-clients install-provider"
    assert (FOLDER / "node_modules").is_dir(), "run: make install-provider"
    client = {"client_id": CLIENT, "client_secret": secret, "redirect_uris": [redirect_uri]}
    told = json.dumps({"client": client, "accounts": accounts})
    command = [node, str(FOLDER / "provider.mjs"), told]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


def log_in(client: httpx.Client, url: str, login: str) -> str:
    """Go through the certified provider's form as a person does; gives the address that it sends back to."""
    issuer = urlsplit(url).netloc
    reply = client.get(url)
    for _ in range(8):
        if reply.has_redirect_location:
            target = str(reply.url.join(reply.headers["location"]))
            if urlsplit(target).netloc != issuer:
                return target
            reply = client.get(target)
        else:
            action = re.search(r'action="([^"]+)"', reply.text)
            assert action is not None, reply.text
            reply = client.post(action[1], data={"prompt": "login", "login": login, "password": "any"})
    raise AssertionError(f"no way back: {reply.status_code}")


KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "alg": "RS256", "use": "sig"})


class Issuer:
    """A provider that is right unless a test changes what it says: `claims`, `metadata`, `key`, `token` and so on."""

    def __init__(self) -> None:
        self.url = ""
        self.key = KEY
        self.published: list[RSAKey] = [self.key]
        self.claims: dict[str, Any] = {}
        self.without: tuple[str, ...] = ()
        self.metadata: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.id_token: str | None = None
        self.back: dict[str, str] = {}
        self.status = 200
        self.redeemed: list[dict[str, str]] = []
        self.seen: list[str] = []
        self._asked: dict[str, dict[str, str]] = {}
        routes = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/jwks", self._jwks),
            Route("/userinfo", self._userinfo),
        ]
        self.app = Starlette(routes=routes)

    @staticmethod
    def new_key(name: str) -> RSAKey:
        """A signing key."""
        return RSAKey.generate_key(2048, parameters={"kid": name, "alg": "RS256", "use": "sig"})

    async def _discovery(self, request: Request) -> Response:
        self.seen.append("discovery")
        own = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }
        return JSONResponse({**own, **self.metadata}, self.status)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self._asked["code"] = asked
        back = {"code": "code", "state": asked["state"], "iss": self.url, **self.back}
        query = httpx.QueryParams({name: value for name, value in back.items() if value})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    async def _token(self, request: Request) -> Response:
        self.seen.append("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.redeemed.append({**form, "authorization": request.headers.get("authorization", "")})
        if self.status != 200:
            return JSONResponse({"error": "invalid_grant", "error_description": "zebra"}, self.status)
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token or self.signed()})

    def signed(self) -> str:
        """The ID token."""
        now = int(time.time())
        asked = self._asked["code"]
        own = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims = {**own, "email": "ada@example.com", "email_verified": True, **self.claims}
        kept = {name: value for name, value in claims.items() if name not in self.without}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        registry = JWSRegistry(algorithms=["RS256", "HS256", "none"], strict_check_header=False)
        return jwt.encode(header, kept, self.key, registry=registry)

    async def _jwks(self, request: Request) -> Response:
        self.seen.append("jwks")
        return JSONResponse(KeySet(self.published).as_dict(private=False))

    async def _userinfo(self, request: Request) -> Response:
        self.seen.append(f"userinfo {request.headers.get('authorization')}")
        return JSONResponse(self.userinfo)


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Serve a provider that says what a test wants."""
    made = Issuer()
    with serve(made.app) as made.url:
        yield made
