"""Sign-in by an identity provider: OpenID Connect's authorization code flow with PKCE, state and nonce.

Nobody but the configured issuer is contacted: its endpoints are looked up there and must be on its host, or on a host
that the configuration names; no redirect is followed and no proxy of the environment used. Authlib speaks OAuth 2.0,
joserfc checks the ID token's signature (OpenID Connect Core 1.0, 3.1.3.7).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import urlsplit

from guard.config import OidcConfig, Role
from guard.console.people import proper
from guard.console.refusals import SignInRefused
from guard.console.tokens import fresh, same, seal, unseal
from guard.errors import ConfigError

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

BEGUN_S: Final = 600.0  # how long a person may take at the provider
FRESH_S: Final = 3600.0  # how long what the provider says of itself is remembered
REFETCH_S: Final = 60.0  # how soon its keys may be asked for again because a token names an unknown one
TIMEOUT_S: Final = 10.0
LEEWAY_S: Final = 60  # how far the clocks may differ
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
PURPOSE: Final = "oidc"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider says somebody is: a subject for good, a name, and a role where its claims give one."""

    subject: str
    name: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself, as of `since`."""

    values: Mapping[str, Any]
    keys: Mapping[str, Any]
    since: float


class Provider:
    """The identity provider of a configuration; `redirect_uri` is where it sends people back.

    `key` seals what a browser keeps between leaving and coming back. `clock` gives Unix seconds. Nothing is contacted
    before the first sign-in.
    """

    def __init__(
        self,
        config: OidcConfig,
        secret: str | None,
        redirect_uri: str,
        key: bytes,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self._secret = secret
        self._redirect_uri = redirect_uri
        self._key = key
        self._clock = clock
        self._metadata: Metadata | None = None
        self._hosts = frozenset({urlsplit(config.issuer).netloc, *config.hosts})

    async def begin(self, back_to: str) -> tuple[str, str]:
        """Where to send somebody who wants to sign in, and what their browser must keep. Raises SignInRefused."""
        metadata = await self._discover()
        state, nonce, verifier = fresh(), fresh(), fresh()
        async with self._client(metadata) as client:
            url, _ = client.create_authorization_url(
                metadata.values["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
            )
        until = self._clock() + BEGUN_S
        kept: dict[str, str | float] = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "until": until,
            "back_to": back_to,
        }
        return str(url), seal(self._key, PURPOSE, kept)

    async def finish(self, query: Mapping[str, str], kept: str) -> tuple[Identity, str]:
        """Who came back with `query`, and where they wanted to go; `kept` is what `begin` gave.

        Raises SignInRefused.
        """
        begun = unseal(self._key, PURPOSE, kept)
        if begun is None or float(begun["until"]) <= self._clock():
            raise SignInRefused("state")
        if not same(query.get("state", ""), str(begun["state"])):
            raise SignInRefused("state")
        metadata = await self._discover()
        _check_issuer(query.get("iss"), metadata.values)
        if "error" in query or not query.get("code"):
            raise SignInRefused("denied")
        token = await self._redeem(metadata, query["code"], str(begun["verifier"]))
        claims = await self._claims(metadata, token, str(begun["nonce"]))
        claims = {**await self._told_apart(metadata, token, claims), **claims}
        return self._identity(claims), str(begun["back_to"])

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        given = claims.get(self.config.name_claim)
        unsure = self.config.name_claim == "email" and claims.get("email_verified") is not True
        if not isinstance(given, str) or unsure:
            raise SignInRefused("name")
        try:
            name = proper(given)
        except ConfigError:
            raise SignInRefused("name") from None  # what it says may be the value
        return Identity(f"{claims['iss']} {claims['sub']}", name, self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that the claims give. Raises SignInRefused where claims decide and give none."""
        rules = self.config.roles
        if rules is None:
            return None
        held = claims.get(rules.claim)
        values = [held] if isinstance(held, str) else held if isinstance(held, list) else []
        roles = {rules.map[value] for value in values if isinstance(value, str) and value in rules.map}
        for role in reversed(get_args(Role)):
            if role in roles:
                highest: Role = role
                return highest
        raise SignInRefused("no_role")

    async def _discover(self) -> Metadata:
        """What the provider says of itself, asked for anew where it is old. Raises SignInRefused."""
        known = self._metadata
        if known is not None and self._clock() - known.since < FRESH_S:
            return known
        issuer = self.config.issuer
        values = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        places = [values.get(endpoint) for endpoint in ENDPOINTS]
        if values.get("issuer") != issuer or not all(self._is_theirs(place) for place in places):
            raise SignInRefused("provider")
        self._metadata = Metadata(values, await self._get(values["jwks_uri"]), self._clock())
        return self._metadata

    async def _changed_keys(self, metadata: Metadata) -> Metadata:
        """The same with its keys asked for anew, unless that was just done."""
        if self._clock() - metadata.since < REFETCH_S:
            raise SignInRefused("token")
        self._metadata = Metadata(metadata.values, await self._get(metadata.values["jwks_uri"]), self._clock())
        return self._metadata

    def _is_theirs(self, url: object) -> bool:
        """Whether this is an address on a host of the provider, as safe as the issuer's own."""
        if not isinstance(url, str):
            return False
        parts = urlsplit(url)
        return parts.netloc in self._hosts and parts.scheme in {"https", urlsplit(self.config.issuer).scheme}

    async def _get(self, url: str) -> dict[str, Any]:
        import httpx2

        try:
            async with httpx2.AsyncClient(verify=_trusted(), **_CLIENT) as client:
                reply = await client.get(url)
                values = reply.json() if reply.status_code == 200 else None
        except (httpx2.HTTPError, ValueError) as error:
            raise SignInRefused("provider") from error
        if not isinstance(values, dict):
            raise SignInRefused("provider")
        return values

    async def _redeem(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        """The tokens that a code is good for. Raises SignInRefused."""
        import httpx2
        from authlib.common.errors import AuthlibBaseError

        try:
            async with self._client(metadata) as client:
                endpoint = metadata.values["token_endpoint"]
                token: Mapping[str, Any] = await client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except (httpx2.HTTPError, ValueError) as error:
            raise SignInRefused("provider") from error
        except AuthlibBaseError:
            raise SignInRefused("token") from None  # what it says comes from the provider, and may hold a value
        return token

    async def _claims(self, metadata: Metadata, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token, every one of them checked. Raises SignInRefused."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import InvalidKeyIdError, JoseError

        options = {name: {"essential": True, "value": value} for name, value in self._expected().items()}
        params = {"nonce": nonce, "client_id": self.config.client_id, "access_token": token.get("access_token")}
        try:
            try:
                decoded = _decode(token, metadata.keys)
            except InvalidKeyIdError:
                decoded = _decode(token, (await self._changed_keys(metadata)).keys)
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=int(self._clock()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError):
            raise SignInRefused("token") from None  # what it says may be the token
        return dict(claims)

    async def _told_apart(
        self, metadata: Metadata, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What the provider tells only at its userinfo endpoint (Core 5.3), where the ID token lacks what is needed."""
        import httpx2

        wanted = {self.config.name_claim, *({self.config.roles.claim} if self.config.roles else ())}
        endpoint = metadata.values.get("userinfo_endpoint")
        if wanted <= claims.keys() or endpoint is None:
            return {}
        if not self._is_theirs(endpoint):
            raise SignInRefused("provider")
        try:
            async with self._client(metadata, token) as client:
                told = (await client.get(endpoint)).raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise SignInRefused("provider") from error
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise SignInRefused("token")
        return told

    def _expected(self) -> dict[str, str]:
        return {"iss": self.config.issuer, "aud": self.config.client_id}

    def _client(self, metadata: Metadata, token: Mapping[str, Any] | None = None) -> AsyncOAuth2Client:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        known = metadata.values.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_secret = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        return AsyncOAuth2Client(
            client_id=self.config.client_id,
            client_secret=self._secret,
            token=dict(token) if token else None,
            token_endpoint_auth_method=by_secret if self._secret else "none",
            code_challenge_method="S256",
            scope=" ".join(self.config.scopes),
            redirect_uri=self._redirect_uri,
            verify=_trusted(),
            **_CLIENT,
        )


_CLIENT: Final[Mapping[str, Any]] = {"trust_env": False, "follow_redirects": False, "timeout": TIMEOUT_S}


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names; reading them takes a while."""
    return ssl.create_default_context()


def _check_issuer(given: str | None, metadata: Mapping[str, Any]) -> None:
    """Refuse an answer of another issuer than the one that was asked (RFC 9207)."""
    required = metadata.get("authorization_response_iss_parameter_supported") is True
    if (given is None and required) or (given is not None and given != metadata["issuer"]):
        raise SignInRefused("state")


def _decode(token: Mapping[str, Any], keys: Mapping[str, Any]) -> Any:
    from joserfc import jwt
    from joserfc.jwk import KeySet
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    return jwt.decode(token["id_token"], KeySet.import_key_set(dict(keys)), registry=registry)  # type: ignore[arg-type]
