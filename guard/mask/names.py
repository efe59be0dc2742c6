"""What a model takes for a name and is none: numbers, code, abbreviations, greetings. Rules over the text alone."""

from __future__ import annotations

import re

# Words that a model glues to the name beside them, in lower case.
_GLUED_WORDS = (
    "hi hello hey dear thanks thank best regards kind warm sincerely cheers greetings yours truly bye ok okay "
    "yes no please "
    "contact call ask tell email e-mail mail phone tel telephone mobile fax cell name address subject re fw fwd "
    "apt suite "
    "from to cc bcc "
    "sent date when where website web url desk office home user bot customer client agent patient employee attn "
    "sir madam "
    "signed billing password login username account invoice order iban ssn zip dob card visa mastercard amex"
)
# What stands alone and is no person, place or organisation: technology, file formats, everyday words, days and months.
_NEVER_WORDS = (
    "api apis json yaml toml xml html css http https url uri sql csv pdf svg png jpg jpeg gif utf ascii rest "
    "graphql grpc soap tcp "
    "udp dns ssl tls ssh ftp sftp smtp imap vpn cdn cpu gpu tpu ram rom ssd hdd usb lan wan ip ipv4 ipv6 os ide "
    "cli gui ui ux qa "
    "ci cd ml ai llm llms nlp ner gpt rag pr prs mr mrs ms dr prof ec2 s3 c4 eks ecs rds iam vpc sqs sns k8s "
    "aws gcp gke aks "
    "lambda vm vms jwt oauth oidc saml sso mfa otp pin pii gdpr hipaa sla kpi roi okr eta asap fyi faq tbd tba "
    "tldr diy ceo cto "
    "cfo coo hr it vp rrn ssn iban bic swift vat dob uuid guid id ids sha md5 base64 aes rsa hmac crc regex "
    "todo fixme wip mvp "
    "poc eod eow am pm utc gmt est pst cet python java javascript typescript rust golang kotlin swift ruby php "
    "perl bash docker "
    "kubernetes terraform ansible linux unix ubuntu debian git github gitlab jira slack excel powerpoint word "
    "outlook postgres "
    "postgresql mysql sqlite redis kafka mongodb elasticsearch nginx django flask fastapi react vue angular "
    "node npm pip numpy "
    "pandas pytorch tensorflow spacy presidio monday tuesday wednesday thursday friday saturday sunday january "
    "february march "
    "april june july august september october november december today tomorrow yesterday christmas easter true "
    "false null none "
    "nan zip postcode invoice total amount price qty item note notes summary agenda team everyone all internet "
    "web online "
    "covid phd mba bsc msc usd eur gbp krw jpy apt suite unit box"
)
_GLUED = frozenset(_GLUED_WORDS.split())
_NEVER = frozenset(_NEVER_WORDS.split())
_TOKEN = re.compile(r"[^\s,;:|/()\[\]{}<>\"“”!?]+")
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[a-z_]\w*)+(?:\(.*)?"  # os.system, a.b.c()
    r"|\w*_\w*|.*(?:\(\)|::|=|\\|[<>{}$#@`*^~]).*|--?\w.*|[a-z]+[A-Z]\w*"  # snake_case, Foo::bar, --flag, camelCase
)
_NUMBER = re.compile(r"(?=.*[0-9])(?:[0-9A-Fa-f]{4,}|[\W\d_]+|[A-Z]{0,4}-?[0-9][\w.,:/-]*|[0-9]+(?:st|nd|rd|th|s)?)")
_TAIL = re.compile(r"(?<=[A-Za-zÀ-ɏ])(?:['’]s|[가-힣ぁ-ヿ一-鿿].*)$")
_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_EAST = re.compile("[가-힣ぁ-ヿ一-鿿]")  # the models here know no Korean, Japanese or Chinese
_SYNTAX = re.compile(r"::|\(\)|=>|->|</|/>|\{\{|==")
_SHORT = re.compile(r"[A-Z0-9]{1,4}")  # "S3", "EKS": an abbreviation, where the text is not all capitals


def refine(text: str, start: int, end: int, entity: str, *, small: bool = False) -> tuple[int, int] | None:
    """The part of `text[start:end]` that can be a name of the kind `entity`, or None if nothing of it can.

    `small` says that one word in small letters may be a name here.
    """
    if _SYNTAX.search(text, start, end) or (_EAST.search(text, start, end) and not _LATIN.search(text, start, end)):
        return None
    words = [(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text, start, end)]
    while words and _no_part(words[0][2], entity):
        words.pop(0)
    while words and _no_part(words[-1][2], entity):
        words.pop()
    if not words or _no_name([word for _, _, word in words], entity, text, small=small):
        return None
    first, last = words[0][0], words[-1][1]
    # "Meyer님", "Meyerさん", "Meyer's": a Latin name ends where a particle, an honorific or the genitive begins.
    tail = _TAIL.search(text, words[-1][0], last)
    if tail:
        last = tail.start()
    elif text[last : last + 1] == ")" and last < end and text.find("(", first, last) >= 0:
        last += 1  # "Cyprus (Greek)"
    return first, last


def stands_alone(name: str) -> bool:
    """Whether the name says enough to be looked for elsewhere: not an everyday word, a number or an abbreviation."""
    bare = name.strip(".'’-").lower()
    return bare not in _NEVER and bare not in _GLUED and not _NUMBER.fullmatch(name)


def _no_part(word: str, entity: str) -> bool:
    """Whether a word at the edge of a name does not belong to it."""
    bare = word.strip(".'’-").lower()
    if not any(c.isalpha() for c in word):
        return entity != "LOCATION" or not any(c.isdigit() for c in word)
    return bare in _GLUED or bool(_CODE.fullmatch(word)) or (entity == "PERSON" and bool(_NUMBER.fullmatch(word)))


def _no_name(words: list[str], entity: str, text: str, *, small: bool) -> bool:
    """Whether what is left is no name."""
    bare = [word.strip(".'’-") for word in words]
    letters = [c for word in bare for c in word if c.isalpha()]
    if len(letters) < 2 or all(word.lower() in _NEVER or _NUMBER.fullmatch(word) for word in bare):
        return True
    if len(bare) == 1:
        word = bare[0]
        if word.isascii() and word == word.lower() and not small:
            return True
        if entity == "PERSON" and _SHORT.fullmatch(word) and not small and text != text.upper():
            return True
    return False
