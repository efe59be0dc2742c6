"""Rows for secrets in headers of HTTP and in cookies."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import credential_pair, random_looking, session
from guard.mask.rows import START, Row
from guard.mask.secret_forms import QUOTE, SET

_I = re.IGNORECASE
_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples below
_HEX = "0123456789abcdef0123456789abcdef"

HEADERS = (
    Row(
        "SECRET",
        rf"Authorization{SET}(?:(?:{QUOTE})?[A-Za-z]{{0,3}}{QUOTE})?(?:Bearer|Token|ApiKey|Key|Bot|Splunk"
        rf"|GenieKey|SSWS|OAuth|DPoP|Negotiate)\s{{1,3}}"
        r"(?P<value>[0-9A-Za-z._~+/=:-]{8,4000})",
        0.0,
        ("Authorization: Bearer «abcdef123456.ghi»", f'{{"Authorization": "token «{_HEX}»"}}'),
        (
            "Authorization: Bearer <token>",
            'headers = {"Authorization": f"Bearer {token}"}',
            "Authorization: Bearer accessToken",
        ),
        ("authorization",),
        check=random_looking,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"(?:Authorization{SET}(?:{QUOTE})?|AUTH )(?:Basic|PLAIN)\s{{1,3}}(?P<value>[0-9A-Za-z+/=]{{8,1000}})",
        0.0,
        ('"Authorization": "Basic «Ym9iOmh1bnRlcjI=»"', "AUTH PLAIN «AGJvYgBzdW1tZXIyMDI0»"),
        ("Authorization: Basic credentials",),
        ("authorization", "auth plain"),
        check=credential_pair,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:response|cnonce)=\"?(?P<value>[0-9a-f]{32,64})\"?",
        0.9,
        (f'Authorization: Digest username="bob", response="«{_HEX}»"',),
        ('response="ok"',),
        ("digest",),
    ),
    Row(
        "SECRET",
        rf"{START}Bearer\s{{1,3}}(?P<value>[0-9A-Za-z._~+/=-]{{20,4000}})",
        0.0,
        (f"curl -H 'Bearer «{_A}»'",),
        ("the bearer of this letter", "Bearer authenticationauthentication"),
        ("bearer ",),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?<![A-Za-z0-9])(?:__Host-|__Secure-)?[\w.-]{0,40}?(?:sess(?:ion)?(?:[_.-]?id)?|connect\.sid"
        r"|[_.-]sid|sid|aspxauth|jsessionid|phpsessid"
        r"|csrf_?token|remember_(?:me|web|user)\w{0,50}|jwt|auth(?:[_-]?token)?|_identity\w{0,20})(?: cookie)?"
        r"(?:=|\s?:\s?[\"']|\sis\s)(?P<value>[0-9A-Za-z._~+/=:%!-]{12,4000})",
        0.0,
        (
            "Cookie: JSESSIONID=«0A1B2C3D4E5F60718293A4B5C6D7E8F9»; theme=dark",
            f"connect.sid=s%3A«{_A}.{_A}»".replace("s%3A«", "«s%3A"),
            "the sessionid cookie is «a1b2c3d4e5f6g7h8i9j0»",
        ),
        (
            "Cookie: theme=dark; lang=ko-KR",
            "session=requests.Session()",
            "/cart?session=new",
            "log: session=0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
        ),
        ("sess", "sid=", "aspxauth", "csrf", "remember_", "jwt", "auth", "_identity"),
        check=session,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)
