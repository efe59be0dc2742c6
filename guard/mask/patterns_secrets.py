"""Rows for secrets after a telling key, as in configuration; and all rows of secrets but tokens."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import generated, high_entropy, mixed_password, password, quoted_password, random_looking
from guard.mask.patterns_codes import CODES
from guard.mask.patterns_commands import COMMANDS
from guard.mask.patterns_headers import HEADERS
from guard.mask.patterns_keys import KEYS
from guard.mask.patterns_programs import PROGRAMS
from guard.mask.patterns_spoken import ENGLISH
from guard.mask.patterns_spoken_asia import JAPANESE, KOREAN
from guard.mask.patterns_urls import URLS
from guard.mask.rows import Row
from guard.mask.secret_forms import CHOSEN, ENDING, GENERATED, QUOTE, SET, bare, either, quoted

_I = re.IGNORECASE
_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples below
_HEX = "0123456789abcdef0123456789abcdef"

_PASSWORD_WORDS = (
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "kennwort",
    "passe",
    "contrase",
    "senha",
    "wachtwoord",
    "비밀",
    "비번",
    "패스워드",
    "パスワード",
    "暗証",
    "密码",
)
_TELLING_WORDS = ("key", "secret", "token", "credential", "bearer")

_QUOTED_PASSWORD = Row(
    "SECRET",
    rf"(?:{CHOSEN}|(?<![A-Za-z])(?:[A-Za-z]{{1,20}}[_-])?(?:pass|pw)|psk|auth[_-]?pass){ENDING}{SET}{quoted(3)}",
    0.0,
    (
        'DB_PASSWORD = "«s3cr3t-pw»"',
        '{"password": "«it\'s a se(ret»", "a": 1}',
        '{\\"password\\": \\"«hunter2»\\"}',
        "password: '«snow_owl»'",
        'psk="«ourwifi2023»"',
        '"비밀번호": "«사과나무2024»"',
    ),
    (
        '"password": "Enter your password"',
        '"password": ""',
        '"password": "${DB_PASSWORD}"',
        'password = "<password>"',
        '"password": "string"',
        'password: "YOUR_PASSWORD"',
    ),
    ("pass", "pwd", "pw", "psk", *_PASSWORD_WORDS),
    check=quoted_password,
    passed=0.85,
    failed=0.0,
    flags=_I,
)

ASSIGNED = (
    _QUOTED_PASSWORD,
    Row(
        "SECRET",
        rf"{CHOSEN}{ENDING}{SET}{bare(4)}",
        0.0,
        (
            "passwd=«hunter2»",
            "spring.datasource.password=«wildhorses»",
            "mysql --password=«Abc12345» -u root",
            "username=bob&password=«hunter2%21»&remember=1",
        ),
        (
            "password = getpass()",
            "password: str",
            "password=os.environ['DB_PASSWORD']",
            "password = ${DB_PASSWORD}",
            "password: <your-password>",
            "passwd = None",
            "password: {{ vault_db_password }}",
            "password: changeme",
            "user.password == other.password",
        ),
        _PASSWORD_WORDS,
        check=password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"(?:(?<![A-Za-z])(?:[A-Za-z]{{1,20}}[_-])?(?:pass|pw)|psk|requirepass|masterauth)(?:{SET}|"
        rf"(?<=requirepass)\s|(?<=masterauth)\s){either(4)}",
        0.0,
        (
            "DB_PASS=«m0nkey-bars»",
            "ID: tanaka PW: «tanaka#55»",
            "requirepass «aB3dE6gH9jK2»",
            "user: admin, pass: «admin@123»",
        ),
        ("pass: true", "tests: pass=12 fail=3", "pw = 5", "--pass: nothing"),
        ("pass", "pw", "psk", "masterauth"),
        check=mixed_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{GENERATED}[A-Za-z0-9_-]{{0,20}}(?:{SET}| is (?:now )?){either(8)}",
        0.0,
        (
            'api_key = "«0a1b2c3d4e5f6a7b»"',
            "aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»",
            "AccountKey=«aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cFx7==»",
            "the api key is «zx81-spectrum-48K»",
            "client_secret: «Ab8~Q.xyzXYZ0123»",
            f"X-Shop-Access-Token: «{_HEX}»",
        ),
        (
            "max_tokens: 256",
            "token = tokenizer.decode(ids)",
            "api_key = os.getenv('KEY')",
            "secret: your-secret-here",
            "the token is expired",
            "token: string",
            "the key is important",
            'next_page_token: "CAUQAA0123456789"',
        ),
        _TELLING_WORDS,
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(  # with no sign between, the value must tell the rest
        "SECRET",
        rf"(?:{GENERATED}|secret|key)\s{{1,3}}(?:{QUOTE})?{bare(24)}",
        0.0,
        (f"auth token «{_HEX}»", f"id x secret «{_A}»"),
        ("the token authenticationauthentication", "key reports/2024/05/q3-final-v2.parquet"),
        _TELLING_WORDS,
        check=generated,
        passed=0.7,
        failed=0.0,
        flags=_I,
    ),
    Row(  # the word "key" alone tells too little, so the value must tell the rest
        "SECRET",
        rf"(?<![\w-])(?<!public )(?<!host )(?:[\w-]{{1,40}}[_-])?(?:key|salt|secret|pass|seed|dsn|encrypted"
        rf"|auth|totp secret){SET}{either(24)}",
        0.0,
        (f'HMAC_KEY = "«{_A}»"', f"key: «{_A}»"),
        (f"cache-key: deps-{_HEX}", 'publicKey: "abc"', "sort_key: customer_name_and_city_and_more"),
        ("key", "salt", "secret", "pass", "seed", "dsn", "auth"),
        check=high_entropy,
        passed=0.7,
        failed=0.0,
        flags=_I,
    ),
)

SECRETS: tuple[Row, ...] = (
    *KEYS,
    *URLS,
    *HEADERS,
    *ASSIGNED,
    *PROGRAMS,
    *COMMANDS,
    *ENGLISH,
    *CODES,
    *KOREAN,
    *JAPANESE,
)
