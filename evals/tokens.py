"""Made-up secrets in the forms that services give out. They open nothing: each is drawn at random."""

from __future__ import annotations

import base64
import json
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

_WORDS = (
    "otter",
    "maple",
    "Falcon",
    "river",
    "Tango",
    "copper",
    "Winter",
    "saddle",
    "lemon",
    "Orbit",
    "quartz",
    "Panda",
)
_HEX = "0123456789abcdef"
_SAFE = ascii_letters + digits + "_-"


def run(random: Random, count: int, alphabet: str = ascii_letters + digits) -> str:
    """So many characters of an alphabet."""
    return "".join(random.choice(alphabet) for _ in range(count))


def aws_id(random: Random) -> str:
    """The public half of an AWS key."""
    return random.choice(("AKIA", "ASIA")) + run(random, 16, ascii_uppercase + "234567")


def aws_secret(random: Random) -> str:
    """The secret half of an AWS key."""
    return run(random, 40, ascii_letters + digits + "/+")


def provider_key(random: Random) -> str:
    """A key of a provider of models."""
    return random.choice((
        f"sk-proj-{run(random, 48, _SAFE)}", f"sk-ant-api03-{run(random, 93, _SAFE)}AA", f"hf_{run(random, 34)}",
        f"gsk_{run(random, 52)}", f"AIza{run(random, 35, _SAFE)}",
    ))  # fmt: skip


def service_key(random: Random) -> str:
    """A key of a hosting, chat or payment service."""
    return random.choice((
        f"ghp_{run(random, 36)}", f"github_pat_{run(random, 22)}_{run(random, 59)}", f"glpat-{run(random, 20, _SAFE)}",
        f"xoxb-{run(random, 12, digits)}-{run(random, 12, digits)}-{run(random, 24)}", f"sk_live_{run(random, 24)}",
        f"npm_{run(random, 36)}", f"SG.{run(random, 22, _SAFE)}.{run(random, 43, _SAFE)}",
        f"dop_v1_{run(random, 64, _HEX)}",
        f"pypi-AgEIcHlwaS5vcmc{run(random, 90, _SAFE)}",
    ))  # fmt: skip


def jwt(random: Random) -> str:
    """A signed token whose head and claims are real JSON."""
    claims = {"sub": run(random, 10, digits), "exp": 1_750_000_000 + random.randint(0, 9_999_999)}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    head, body = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.{run(random, 43, _SAFE)}"


def private_key(random: Random) -> str:
    """A private key in PEM."""
    kind = random.choice(("RSA ", "EC ", "OPENSSH ", ""))
    lines = [run(random, 64, ascii_letters + digits + "/+") for _ in range(random.randint(3, 5))]
    return "\n".join(
        (f"-----BEGIN {kind}PRIVATE KEY-----", *lines, run(random, 22) + "==", f"-----END {kind}PRIVATE KEY-----")
    )


def password(random: Random) -> str:
    """A password as people choose it, or as a manager does."""
    word, other = random.sample(_WORDS, 2)
    return random.choice((
        f"{word}{random.randint(10, 2030)}!", f"{word}-{other}-{random.randint(10, 99)}",
        f"{word.capitalize()}@{random.randint(100, 9999)}", run(random, 14, ascii_letters + digits + "!#%*+"),
        f"{other}{random.choice('$#!')}{word}{random.randint(1, 9)}",
    ))  # fmt: skip


def hexes(random: Random) -> str:
    """A secret in hexadecimal."""
    return run(random, random.choice((32, 40, 64)), _HEX)


def opaque(random: Random) -> str:
    """A secret that no service has marked as its own."""
    return run(random, random.choice((24, 32, 44)), _SAFE)


def user(random: Random) -> str:
    """A user of a database."""
    return random.choice(("app", "reporting", "svc_orders", "admin", "etl")) + random.choice(
        ("", "2", run(random, 2, ascii_lowercase))
    )
