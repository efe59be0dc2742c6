"""How the value of a secret is written after its telling word: pieces of expressions for the rows of secrets."""

from __future__ import annotations

from guard.mask.checks_secrets import varied
from guard.mask.rows import END, START, Row

QUOTE = r"""\\{0,3}["'`]"""
SET = rf"(?:{QUOTE})?\]?\s{{0,3}}(?::=|=>|[=:])\s{{0,3}}"
"""What parts a key from its value: the quote that closes the key, then a sign of assignment."""

# A value without quotes ends at space, quote or what closes a statement; the last full stop, comma or bracket belongs
# to the sentence.
_BARE = r"[!#-&(-+\-./0-9:<-\[\]-_a-z{|}~@]"
_AFTER = r"""(?=[.,;:?)\]}]{0,3}(?:\\{0,3}["'`]|[\s,;]|$|[^\x00-\x7f]|\\[nr]|</|&[A-Za-z_][\w.-]{0,40}=))"""
_PREFIX = r"""(?:(?:N|n|b|rb?|u|f|@|\$)(?=["']))?"""  # of a quoted string in SQL, Python, C#

# What stands between quotes: no end of a line, and the quote itself only behind a backslash, also in JSON within JSON.
_INNER = r"(?:\\\\(?=\\)(?P=q)|(?!(?P=q))(?:\\[^\r\n]|[^\r\n\\]))"


def bare(least: int = 4, most: int = 200) -> str:
    """A value without quotes, as the group `value`."""
    return rf"(?P<value>{_BARE}{{{least},{most}}}?){_AFTER}"


def quoted(least: int = 3, most: int = 300) -> str:
    """A value in quotes, which end it, or else the line does."""
    return rf"{_PREFIX}(?P<q>{QUOTE})(?![\s,;):+])(?P<value>{_INNER}{{{least},{most}}})"


def either(least: int = 4, most: int = 300) -> str:
    """A value in quotes or without."""
    return (
        rf"{_PREFIX}(?P<q>{QUOTE})?"
        rf"(?P<value>(?(q){_INNER}{{{least},{most}}}|{_BARE}{{{least},{most}}}?{_AFTER}))"
    )


CHOSEN = (
    r"(?:pass(?:wor[dt]|wd|phrase|code)|pwd|kennwort|mot[ _]de[ _]passe|contrase(?:ñ|n)a|senha|wachtwoord"
    r"|비밀\s?번호|비번|패스워드|パスワード|暗証番号|密码)"
)
"""The words for a secret that a person chose, as keys of files and programs have them."""

GENERATED = (
    r"(?:api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|secret(?:[_ -]?(?:access[_ -]?)?key)?|auth[_ -]?(?:key|token)"
    r"|(?:access|refresh|bearer|session|security|bot|deploy|personal|api|id|sas|app|user|verify)[_ -]?token"
    r"|(?<!page)(?<!page[_-])(?<!next[_-])(?<!continuation)(?<!sync[_-])token"
    r"|(?:private|account|encryption|signing|master|storage|license|licence|subscription|shared|service|host|webhook"
    r"|session|consumer|app|admin|pre[_-]?shared|preshared|authorization)[_ -]?key"
    r"|(?:client|app|consumer|webhook|signing|session|jwt|cookie|oauth|totp|otp|mfa|2fa)[_ -]?secret"
    r"|credentials?|signature[_-]?key|secret[_-]?id|bearer)"
)
"""The words for a generated secret."""

ENDING = r"[_-]?(?:[0-9]{1,2}|value|text|plain|string|default|prod|dev|hash|b64|base64)?"
"""What may follow such a word in a key."""


def token(regex: str, *needs: str, example: str, near: tuple[str, ...] = (), start: str = START) -> Row:
    """A token that its own form gives away, unless it is a row of x."""
    examples = (f"use «{example}» now", f"키는 «{example}»입니다")
    return Row("SECRET", rf"{start}{regex}{END}", 0.0, examples, near, needs, check=varied, passed=0.95, failed=0.0)
