"""Rows for secrets after a telling key, in headers, cookies, programs and configuration; and all rows of secrets."""

from __future__ import annotations

import re

from guard.mask.checks import (
    argument_password,
    credential_pair,
    generated,
    high_entropy,
    mixed_password,
    password,
    quoted_password,
    random_looking,
)
from guard.mask.patterns_commands import COMMANDS
from guard.mask.patterns_keys import KEYS
from guard.mask.patterns_spoken import SPOKEN
from guard.mask.patterns_urls import URLS
from guard.mask.rows import START, Row
from guard.mask.secret_forms import PASSWORD, QUOTE, SET, TELLING, bare, either, quoted

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
_ENDING = r"[_-]?(?:[0-9]{1,2}|value|text|plain|string|default|prod|dev|hash|b64|base64)?"

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
        ("Cookie: theme=dark; lang=ko-KR", "session=requests.Session()", "/cart?session=new"),
        ("sess", "sid=", "aspxauth", "csrf", "remember_", "jwt", "auth", "_identity"),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)

_QUOTED_PASSWORD = Row(
    "SECRET",
    rf"(?:{PASSWORD}|(?<![A-Za-z])(?:[A-Za-z]{{1,20}}[_-])?(?:pass|pw)|psk|auth[_-]?pass){_ENDING}{SET}{quoted(3)}",
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
        rf"{PASSWORD}{_ENDING}{SET}{bare(4)}",
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
        rf"{TELLING}[A-Za-z0-9_-]{{0,20}}(?:{SET}| is (?:now )?){either(8)}",
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
        rf"(?:{TELLING}|secret|key)\s{{1,3}}(?:{QUOTE})?{bare(24)}",
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

_CALLS = r"(?:auth\s?=\s?\(|(?:login|basic(?:_?auth)?|[a-z]*credentials?|[a-z]*BasicAuth|authenticate)\()"
_STRING = rf"(?:{QUOTE})[^\"'`\n]{{1,100}}(?:{QUOTE})"

PROGRAMS = (
    Row(
        "SECRET",
        rf"{_CALLS}\s{{0,3}}{_STRING}\s?,\s{{0,3}}{quoted(3, 100)}",
        0.0,
        ('requests.get(url, auth=("bob", "«violet77»"))', 'smtp.login("alerts@acme.example", "«qkxm rtza bwpe lnvd»")'),
        ('auth=("user", "password")', 'login("bob", "<password>")'),
        ("auth", "login(", "credential", "authenticate("),
        check=argument_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"(?:set|with|use|decrypt)?_?(?:password|passwd|passphrase|api_?key|client_?secret"
        rf"|ConvertTo-SecureString)(?:\(|\s(?=[\"'])|\s-String\s){quoted(4, 200)}",
        0.0,
        ('settings.setPassword("«granite-9»");', 'ConvertTo-SecureString "«Contoso!2024»" -AsPlainText'),
        ('getPassword("Enter your password")', 'password("required")'),
        ("password", "passwd", "passphrase", "key(", "secret(", "securestring"),
        check=quoted_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(  # <add key="SmtpPassword" value="…"/>, name: DB_PASSWORD ⏎ value: …, variable "db_password" { default = "…"
        "SECRET",
        rf"(?:{PASSWORD}|secret|token|api_?key|pass){_ENDING}[\"']?[\s,]{{0,20}}"
        rf"(?:\{{[^}}\"]{{0,100}})?[\s\"']{{0,4}}(?:value|default)[\"']?\s?[=:]\s?{either(4)}",
        0.0,
        (
            '<add key="SmtpPassword" value="«mailme!99»" />',
            "- name: DB_PASSWORD\n  value: «quiet.river5»",
            'variable "db_password" {\n  default = "«terra-form-77»"\n}',
        ),
        ('<input name="password" value="">', "- name: DB_PASSWORD\n  valueFrom: x"),
        ("value", "default"),
        check=mixed_password,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"<(?:[\w.:-]{{1,60}}?)?(?:{PASSWORD}|secret|token|apikey|accesskey|privatekey|pass)(?:"
        rf"\s[^<>]{{0,100}})?>\s{{0,3}}(?P<value>[^<>\n]{{4,300}}?)\s{{0,3}}</",
        0.0,
        ("<password>«tomcat-s3cret»</password>", '<db:apiToken enc="no">«a b c 1»</db:apiToken>'),
        (
            "<password>${db.password}</password>",
            "<label>Password:</label>",
            "<password></password>",
            "<token>string</token>",
        ),
        ("</",),
        check=quoted_password,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"machine\s{1,10}\S{1,200}\s{1,10}(?:login\s{1,10}\S{1,200}\s{1,10})?password\s{1,10}(?P<value>\S{3,300})",
        0.95,
        ("machine api.heroku.com\n  login bob@acme.example\n  password «0a1b2c3d-4e5f»",),
        ("the machine asks for a password again",),
        ("machine",),
    ),
    Row(
        "SECRET",
        r"^[\w.*-]{1,100}:(?:5432|5433|6432|\*):[\w.*-]{1,60}:[\w.*-]{1,60}:(?P<value>[^\s:]{3,200})$",
        0.95,
        ("db.prod:5432:dwh:etl:«heron-lake-4»",),
        ("main.c:120:5:error:missing",),
        (":5432:", ":5433:", ":6432:", ":*:"),
        flags=re.MULTILINE,
    ),
    Row(  # the last column of a table whose head names it
        "SECRET",
        rf"\|\s{{0,9}}(?:[\w ]{{0,20}}{PASSWORD}|pw|secret|token|api[ _]key)"
        rf"\s{{0,9}}\|[ \t]*\n[ \t]*\|?[-:| ]{{3,200}}\n[^\n]{{1,400}}\|\s{{0,9}}(?P<value>[^|\s]{{3,200}})"
        rf"\s{{0,9}}\|",
        0.0,
        ("| user | password |\n|---|---|\n| admin | «Autumn#41» |",),
        ("| field | password |\n|---|---|\n| type | string |",),
        ("|-", "| -", "|:-", "| :-"),
        check=mixed_password,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
)

SECRETS: tuple[Row, ...] = (*KEYS, *URLS, *HEADERS, *ASSIGNED, *PROGRAMS, *COMMANDS, *SPOKEN)
