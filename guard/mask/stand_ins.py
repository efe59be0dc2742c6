"""What stands where a secret is expected and is none: stand-ins, names in programs, words of sentences."""

from __future__ import annotations

import re


def stand_in(value: str) -> bool:
    """Whether the value stands for another: `<your-key>`, `${TOKEN}`, `xxxx`, `changeme`, `REDACTED`."""
    value = value.strip(" \t")
    return any(form.fullmatch(value) for form in (_BRACKETED, _CROSSED_OUT, _INVITING))


def plain_word(value: str) -> bool:
    """Whether the value is a word that goes on with a sentence or a form after "password"."""
    return value.lower().strip(MARKS) in _PLAIN


def in_code(value: str) -> bool:
    """Whether the value is what a program has on the right side of an assignment: a call, a member, a variable."""
    return bool(_CODE.fullmatch(value))


def accessed(value: str) -> bool:
    """Whether the value is read from the environment, a configuration or an object."""
    return bool(_ACCESS.fullmatch(value))


def identifier(value: str) -> bool:
    """Whether the value is a name, a type or a call, however long: `os.environ`, `getpass()`, `tls-cert-prod`."""
    return bool(_IDENTIFIER.fullmatch(value))


def address(value: str) -> bool:
    """Whether the value is a URL, a URN or a path."""
    return bool(_ADDRESS.fullmatch(value))


def sentence(value: str) -> bool:
    """Whether several words are a sentence or what a form says to its user, and no passphrase."""
    words = [word.strip(MARKS) for word in value.lower().split()]
    return len(words) > 1 and (function_words(words) > 1 or not _FORM.isdisjoint(words))


def function_words(words: list[str]) -> int:
    """How many different articles, pronouns, prepositions and the like are among the words, in lower case."""
    return len(_FUNCTION.intersection(words))


def subject(value: str) -> bool:
    """Whether the value is a noun that "password" goes before, as in "password policy"."""
    return value.lower() in _SUBJECTS


def remark(value: str) -> bool:
    """Whether the value says in Korean or Japanese what a password is to be."""
    return bool(_REMARK.search(value))


MARKS = ".,;:!?()[]{}\"'`*"

_BRACKETED = re.compile(
    r"[$%]?[{(<\[].*|\$[0-9].*|\$\w+->.*|.*\{[^{}]{0,30}\}.*|\$[A-Za-z_]\w*|%\w+%|%s|@@?\w+@"
    r"|.*(?:\.\.\.|…|\$\{|\{\{|<[a-z_ -]{1,30}>).*"
)
_CROSSED_OUT = re.compile(r"[*•●.xX_#?-]+|.{0,20}([xX*•])\1{5,}.{0,20}")
_INVITING = re.compile(
    r"(?i:(?:your|my|the|some|any|insert|enter|replace|put|add|change|example|sample|dummy|fake|mock|test|todo)"
    r"(?:[_ -]?(?:own|real|new|actual|db|api|auth|access|secret|token|key|password|passwd|pass|pwd|user|me|this|here|"
    r"with|it|in|value|string|client|id|account|private|generated|strong|super|long|random|example))+"
    r"(?:[_ -]?(?:here|goes|now)|[_-][0-9]{1,2})*"
    r"|(?:change|replace)[_-]?(?:me|this|it)(?:[_!-].*)?|\[?redacted\]?|placeholder|example|dummy|foobar|foo|bar|baz"
    r"|n/a|tbd|user(?:name)?:pass(?:word|wd)?)"
)
_IDENTIFIER = re.compile(
    r".* \| None|[a-z]+(?:_[a-z]+)+_?[a-z]?[0-9]{1,3}|[A-Za-z_][\w.]*[!=]?=(?:True|False|None)"
    r"|[A-Za-z_][\w.]*<[\w<>, \[\]]*>?|[A-Za-z_]+(?:[._/-][A-Za-z_]+)*(?:\(.*|\[.*)?|[A-Za-z_][\w.]*[(\[].*"
)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|urn:|arn:).*|(?:\.{1,2}|~)?/(?:[a-z0-9_.-]+/)+[a-z0-9_.-]+")
_ACCESS = re.compile(r"(?:os|self|process|settings|config|env|var|args|request|secrets|data|local|module)[.\[(].*")
_CODE = re.compile(
    rf"[A-Za-z_][\w.]*[(\[].*|{_ACCESS.pattern}|[A-Za-z_]+(?:_[A-Za-z_]+)+|[a-z_]+(?:\.[a-z_]+){{2,}}"
    r"|(?:user|row|obj|cfg|conf|opts|options|params|this|creds|credentials|db)\.\w+|[a-z]+[A-Z][a-z]+(?:[A-Z][a-z]+)*"
    r"|\w+=(?:[{(\[]|True|False|None|[0-9]+)?|--?[A-Za-z][A-Za-z-]+|![a-z]+|[&*|>]\w*|[=!]=.*|\\[nrt].*"
)
_PLAIN_WORDS = (
    "a after all already also always an and any are as async at await based be because been before being blank "
    "bool both breached but by bytes can cannot case changed char classvar compromised correct cracked default "
    "different down due easily easy email empty encrypted ending enough entered even exactly expired expires "
    "expiring exposed falsch false field final fine for forgotten from func generated getting given gone good "
    "guessed has hash hashed have here hidden hide how if in incorrect input int invalid is it its just kept "
    "known label lambda leaked least less let like login longer lost made manager mandatory masked missing more "
    "must my never new nil no none not now null object obligatoire ok okay old on one only option optional or our "
    "out over part pass passcode passphrase passwd password passwords please policy private protected pw pwd "
    "quite raise random recoverable rejected required reset return rotated safe same saved secret secrets secure "
    "self sent set shared short should show so something stale still stolen stored str string strong stronger "
    "such supposed temporary text than that the their then there they this to toggle token too true unchanged "
    "undefined ungültig unique unknown unless until updated used useless user username using usually valid "
    "varchar vergessen very visible vulnerable was weak weaker what when where which who why will with working "
    "wrong yes you your"
)
_FUNCTION_WORDS = (
    "a an and are as at be by do does for from has have here if in is it its must my not of on or our should that "
    "the this to too was were which will with would you your"
)
_FORM_WORDS = (
    "cannot characters choose confirm contain enter field forgot incorrect invalid match minimum optional "
    "password passwords please required reset same type wrong your"
)
_SUBJECT_WORDS = (
    "authentication protection manager managers hashing rotation recovery policy policies field fields prompt "
    "hint length strength login based access only auth encryption complexity history expiry requirements instead "
    "safely"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_FORM = frozenset(_FORM_WORDS.split())
_SUBJECTS = frozenset(_SUBJECT_WORDS.split())
_REMARK = re.compile(
    "입력|필수|선택|확인|이상|변경|설정|숫자|영문|문자|없음|자리"
    "|必須|入力|任意|文字|以上|変更|確認|設定|なし|桁|忘れ|リセット|再"
)
