"""Rows for passwords in calls, markup, manifests, tables and files of clients."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import argument_password, mixed_password, quoted_password
from guard.mask.rows import Row
from guard.mask.secret_forms import CHOSEN, ENDING, QUOTE, either, quoted

_I = re.IGNORECASE

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
        rf"(?:{CHOSEN}|secret|token|api_?key|pass){ENDING}[\"']?[\s,]{{0,20}}"
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
        rf"<(?:[\w.:-]{{1,60}}?)?(?:{CHOSEN}|secret|token|apikey|accesskey|privatekey|pass)(?:"
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
        rf"\|\s{{0,9}}(?:[\w ]{{0,20}}{CHOSEN}|pw|secret|token|api[ _]key)"
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
