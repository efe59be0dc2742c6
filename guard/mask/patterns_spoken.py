"""Rows for passwords that people tell in sentences, in English and a few words of other languages."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import (
    login_password,
    lone_password,
    mixed_password,
    password,
    password_or_pin,
    quoted_password,
    told_password,
)
from guard.mask.rows import Row
from guard.mask.secret_forms import bare

_I = re.IGNORECASE
_OPEN = r"[\"'`“‘「『\[(*]{0,2}"
_EN = (
    r"(?<![A-Za-z])(?:[a-z-]{0,20}password|pass ?phrase|passcode|pass ?word|passwd|pwd|pw|log-?in code"
    r"|kennwort|passwort|mot de passe|contraseña|contrasena|senha|wachtwoord)"
)
_FOR = r"(?: (?:for|to|of|on|at|in) (?:[^\n.,:;]|[.:](?=\w)){1,60}?)?"
_SAYS = (
    r"(?: is|'s| was|: is| now is| will be| has been (?:set|changed|reset) to| is set to| set to| changed to"
    r"| ist| est| es| é)[ \t]{1,3}(?:(?:now|still|just|simply|currently) )?"
)
_SIGN = r"(?:(?: =|:| ?[–—→-])[ \t]{1,3}| ?[=→] ?)"
_NEEDS = (
    *("passw", "passph", "passc", "pass word", "pass ph", "pwd", "pw"),
    *("kennwort", "passe", "contrase", "senha", "wachtwoord"),
)

ENGLISH = (
    Row(
        "SECRET",
        rf"{_EN}{_FOR}{_SAYS}{_OPEN}{bare(4)}",
        0.0,
        (
            "My password is «hunter2».",
            "the password for the staging server is «Tr0ub4dor&3», thanks",
            'password is "«correct-horse»"',
            "the wifi password is «swordfish»",
            "my password is «greenGoose»",
            "Mein Passwort ist «Sommer2024!»",
            "The password in ~/.pgpass is «mango$Ferry»",
        ),
        (
            "The password is incorrect.",
            "A password is required for this page",
            "The password was changed yesterday",
            "the password is get_password(user)",
            "le mot de passe est obligatoire",
        ),
        _NEEDS,
        check=told_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_EN}{_FOR}{_SIGN}{_OPEN}{bare(4)}",
        0.0,
        (
            "passphrase: «open-sesame»",
            "the password for staging: «swordfish»",
            "temp password for new joiners - «Welcome@2025»",
        ),
        ("Password: ********", "Passwort vergessen? Hier klicken.", "password: userPassword", "pw = args.pw"),
        _NEEDS,
        check=password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(  # a phrase of several words, in quotes
        "SECRET",
        rf"(?:{_EN}|security (?:answer|word)|safe ?word|secret (?:answer|word))(?: (?:for|to|of)"
        rf" [^\n.,:;]{{1,60}}?)?{_SAYS}"
        r"(?P<q>[\"'`“‘])(?P<value>[^\"'`”’\n]{3,100})[\"'`”’]",
        0.0,
        ('The passphrase for the backup is "«four quiet geese at dawn»".',),
        ('The label of the password is "Enter your password".', "the password is 'required'"),
        ("passw", "passph", "passc", "pass word", "pass ph", "pwd", "answer", "word"),
        check=quoted_password,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
    Row(  # with no word between, a value must look like one
        "SECRET",
        rf"(?<![A-Za-z])(?:password|passphrase|passwd|passcode|pass|pw|pwd)[ (]{{1,2}}{_OPEN}{bare(5, 60)}",
        0.0,
        ("log in as bob with password «swordfish9»", "user bob pass «Blue-42-x»", "the password («n3v3r!») works"),
        ("the password field", "pass 2024-10-11 on", "password reset", "the pass rate", "a pass/fail test"),
        ("pass", "pw"),
        check=mixed_password,
        passed=0.75,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"(?:with|use|using|the following) (?:password|passphrase|passcode) {_OPEN}{bare(5, 60)}"
        rf"(?=[\"'`”]?[.,;]?\s{{0,3}}(?:$|\n|to (?:log|connect|sign|get)|and ))",
        0.0,
        ("log in as bob with password «swordfish»",),
        ("log in with password authentication", "with password and token", "use password managers"),
        ("passw", "passph", "passc"),
        check=lone_password,
        passed=0.6,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:^|(?<=[\s\"'`(“]))(?P<value>[!-~]{5,60}?)[\"'`)”]? (?:is|as|was|for) (?:the|my|our|your|their"
        r"|a|his|her) (?:[a-z-]{2,20} ){0,2}(?:password|passphrase|passcode|pwd|pw)(?![A-Za-z])",
        0.0,
        ("use «Tr0ub4dor&3» as the password for staging", "«hunter2» is my password"),
        ("Monday is the password day", "it was my password", "https://a.example is the password manager"),
        ("passw", "passph", "passc", "pwd", "pw"),
        check=login_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:password|passphrase|pwd|pw|PIN)(?: [^\n.,:;]{1,40}?)? from [\"'`“]?"
        r"(?P<value>[!-~]{4,60}?)[\"'`”]? to (?=[\"'`“]?[!-~]{4,60})",
        0.0,
        ("changed the password from «Spring2024!» to Summer2025!",),
        ("move the password from vault to vault2",),
        (" from ",),
        check=mixed_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:password|passphrase|passcode|pwd|pw|PIN)(?: [^\n.,:;]{1,40}?)? (?:to|back to|into) (?:be"
        r" )?[\"'`“]?(?P<value>[!-~]{4,60}?)[\"'`”]?(?=[.,;?)]{0,2}(?:\s|$))",
        0.0,
        ("I changed the admin password to «Spring2025!» yesterday", "set my PIN to «48213»"),
        (
            "I need the password to log in",
            "a password to access https://x.example/a1",
            "reset the password to continue",
        ),
        ("passw", "passph", "passc", "pwd", "pw", "pin"),
        check=password_or_pin,
        passed=0.75,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:credentials?|logins?|log-?in|account|creds|user/pass(?:word)?|ID ?/ ?PW|아이디\s?/\s?(?:비번|비밀번호"
        r"|패스워드|암호|PW)|계정|ID\s?[/とと・&]\s?(?:パスワード|パス|PW)"
        r"|ログイン情報|アカウント)(?:는|은|이|가|は|が)?(?: (?:is|are|was|were))?\s{0,2}[:=]?"
        r"\s{0,2}[\"'`「]?[\w.@+-]{2,60}[\"'`」]?\s?[/:|]\s?[\"'`「]?"
        rf"{bare(4, 60)}",
        0.0,
        (
            "credentials are bob / «green.apple.7»",
            "ID/PW : admin / «admin12#$»",
            "아이디/비번 = guest / «guest00»",
            "IDとパスワードは bob / «hunter2» です",
        ),
        ("login: https://example.com/a1", "account 12/2024", "credentials: see docs/setup.md", "계정: 영업/마케팅"),
        (
            "credential",
            "creds",
            "login",
            "log-in",
            "account",
            "user/pass",
            "id",
            "아이디",
            "계정",
            "ログイン",
            "アカウント",
        ),
        check=login_password,
        passed=0.75,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:security (?:question )?answer|secret answer|maiden name)(?: is| was|:| =)[ \t]{1,3}[\"'`“]?"
        r"(?P<value>[A-Z][\w'-]{2,40})",
        0.7,
        ("security answer: «Bartholomew» (my cat)", "my mother's maiden name is «Oyelaran»"),
        ("the security answer is required", "Security answer: case matters"),
        ("answer", "maiden"),
    ),
)
