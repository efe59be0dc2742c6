"""Unsafe code that is told by its form: what scanners of code look for, found in a reply without a critic.

Each row of RULES is a regular expression that reads one line, of a kind that `guard.constitution.CodeRule` names; it is
tried where the reply holds one of the row's words, in small letters. The forms are those of Bandit (B102 to B703), of semgrep's registry and of CWE, as far as a line shows them. What has no form
(a path that nobody checked, rights that are too wide for the task) is left to the critic. A row is silent where the
sentence warns of what it quotes, where a heading calls the code bad, and on lines that a diff removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from guard.constitution import CodeRule

MOST = 100  # places that a row looks at: one is enough to fire, and a reply may be made to have thousands
REACH = 1000  # characters of a statement on either side of what was found

Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at `start` to `end`, the whole statement or sentence, and in which words it is told."""

    rule: CodeRule
    what: str
    start: int
    end: int


# What somebody outside can write: a variable of such a name, as scanners guess it too.
INPUT = r"(?:req(?:uest)?|body|params?|query|args|form|cookies?|input|upload\w*|payload|message|data|content|recv\w*)"
# An expression that is put together: an f-string or template with a hole, or a string and an operator after it.
HOLED = r"(?:[fF][\"'][^\"'\n]{0,300}\{|`[^`\n]{0,300}\$\{|[\"'][^\"'\n]{0,300}[\"']\s*(?:\+|%|\.\s*(?:format\b|\$)))"
# SQL from behind its opening quote, over lines, up to where a value stands; no quote of that kind is in between.
DOUBLE, SINGLE, BACK = (
    rf"\s*(?:SELECT\b[^{quote}]{{0,300}}?\bFROM|INSERT\s+INTO|UPDATE\b[^{quote}]{{0,200}}?\bSET|DELETE\s+FROM)\b[^{quote}]{{0,300}}?"
    rf"(?:(?<![<>!])=|<|>|\bLIKE|\bIN\s*\(|\bVALUES\s*\()\s*(?:[^{quote};]{{0,200}}?,\s*)?['\"%\\]{{0,3}}"
    for quote in ('"', "'", "`")
)
NAMED = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret(?:_?key)?|api_?key|access_?key|auth_?token|access_?token|(?<![a-z])token|"
    r"private_?key|client_?secret)"
)
WEAK_HASH = (
    r"(?:hashlib\.(?:md5|sha1|sha256|sha512)\(|createHash\(\s*[\"'](?:md5|sha-?1|sha256|sha512)|(?<![\w.])(?:md5|sha1)\("
    r"|DigestUtils\.(?:md5|sha)\w*|MessageDigest\.getInstance\(\s*\"(?:MD5|SHA-?\d*)\")"
)
PORTS = r"(?:22|23|445|1433|2375|3306|3389|5432|5900|6379|9200|11211|27017)"

RULES: tuple[tuple[CodeRule, str, str, str], ...] = (
    ("injection", "code that is evaluated", "eval(", r"(?<![\w.$])eval\(\s*(?!\s*[\"'`][^\"'`\n]*[\"'`]\s*[,)])(?=[\w\"'`$(])"),
    ("injection", "code that is evaluated", "exec(", rf"(?<![\w.$>])exec\(\s*(?:{HOLED}|{INPUT}\b|\w*code\b)"),
    ("injection", "a command built from strings", "os.system( os.popen( child_process", rf"\b(?:os\.(?:system|popen)|child_process\.exec(?:Sync)?)\(\s*{HOLED}"),
    ("injection", "a command built from strings", "shell",
     rf"\b(?:run|call|Popen|check_output|check_call)\(\s*(?:{HOLED}|[a-z_]\w*\s*,)[^\n]{{0,200}}shell\s*=\s*True"),
    ("injection", "SQL built from strings", "select insert update delete", rf"[fF]\"+{DOUBLE}\{{(?!\{{)|[fF]'+{SINGLE}\{{(?!\{{)"),
    ("injection", "SQL built from strings", "select insert update delete", rf"`{BACK}\$\{{"),
    ("injection", "SQL built from strings", "select insert update delete", rf"(?:\"{DOUBLE}\"|'{SINGLE}')\s*(?:\+|\.|\|\|)\s*(?!=)[\w$\"'(]"),
    ("injection", "SQL built from strings", "select insert update delete", rf"(?:\"{DOUBLE}(?:%s|%d|s|d|\{{\w*\}})[^\"\n]{{0,100}}\"|'{SINGLE}(?:%s|%d|s|d|\{{\w*\}})[^'\n]{{0,100}}')\s*(?:%\s*[\w(]|\.format\()"),
    ("injection", "SQL built from strings", "select insert update delete", rf"\"{DOUBLE}\{{?\$_?(?:{INPUT}|GET|POST|REQUEST|COOKIE)\b"),
    ("injection", "objects read from input", "pickle dill marshal", rf"\b(?:pickle|cPickle|dill|marshal)\.loads?\([^\n]{{0,120}}\b{INPUT}\b"),
    ("injection", "objects read from input", "yaml.", r"\byaml\.(?:unsafe_load|full_load|load)\((?![^\n]{0,200}Safe)(?<!full_load\()"),
    ("injection", "objects read from input", "unserialize", r"(?<![\w>])unserialize\(\s*(?:\$_(?:GET|POST|COOKIE|REQUEST)|base64_decode)"),
    ("injection", "HTML built from strings", "innerhtml outerhtml",
     r"\.(?:innerHTML|outerHTML)\s*\+?=(?!=)(?!\s*[\"'`][^\"'`\n]{0,300}[\"'`]\s*(?:;|$))(?![^\n]{0,300}(?i:sanitiz|purify|escape|encode))"),
    ("injection", "HTML built from strings", "__html", r"__html\s*:\s*(?![^\n]{0,200}(?i:sanitiz|purify|escape))(?=[\w$.]+\s*\})"),
    ("injection", "a template read from input", "render_template_string", r"\brender_template_string\(\s*(?![\"'])\w"),
    ("injection", "a path read from input", "request. req.",
     r"\b(?:open|FileResponse|send_file|sendFile|readFile(?:Sync)?|createReadStream)\([^\n)]{0,120}\b(?:request|req)\."
     r"(?:args|form|params|query|body|files|GET|POST)\b"),
    ("written_secret", "a key", "akia asia gh glpat- xox npm_ aiza sk- sk_", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[\w-]{16,}"
     r"|\bxox[abprs]-[\w-]{10,}|\bnpm_[A-Za-z0-9]{16,}|\bAIza[\w-]{30,}|\bsk[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{20,}"),
    ("written_secret", "a private key", "private key", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    ("written_secret", "a password in code", "pass pwd secret key token",
     rf"(?i)\b\w*{NAMED}\w*[\"']?\s*(?:=>?|:=?)\s*b?[\"'](?P<value>[^\"'\s]{{6,200}})[\"']"),
    ("written_secret", "a password in code", "pass pwd secret key token",
     rf"(?i)^\s*(?:export\s+|ENV\s+|set\s+|-\s+)?\w*{NAMED}\w*\s*=\s*(?P<value>[^\s\"'$<{{(\[,;)]{{8,200}})\s*$"),
    ("written_secret", "a password in code", "auth", r"\bauth\s*=\s*\(\s*[\"'][^\"'\n]+[\"'],\s*[\"'](?P<value>[^\"'\s]{4,200})[\"']\)"),
    ("written_secret", "a password in an address", "://", r"\b[a-z][a-z0-9+]*://[^\s:/@\"'<>${]{1,80}:(?P<value>[^\s:/@\"'>${]{4,200})@"),
    ("written_secret", "a key in an address", "key= token= secret=", r"[?&](?:api_?key|(?:access_|auth_)?token|secret)=(?P<value>[\w.~-]{8,200})"),
    ("weak_crypto", "a fast hash of a password", "md5 sha", rf"(?i){WEAK_HASH}[^\n]{{0,120}}pass(?:word|wd|phrase)"),
    ("weak_crypto", "a fast hash of a password", "md5 sha", rf"(?i)\bpass(?:word|wd|phrase)\w*\s*=[^\n]{{0,80}}{WEAK_HASH}"),
    ("weak_crypto", "a weak cipher", "ecb des arc4 rc4 blowfish", r"\bMODE_ECB\b|\bmodes\.ECB\(|\b(?i:aes-?(?:128|192|256)-ecb|AES/ECB)\b"
     r"|\b(?:DES3?|ARC4|Blowfish)\.new\(|[\"'](?i:des|des-cbc|des-ede3?|rc4|DES/[A-Z0-9/]+)[\"']"),
    ("weak_crypto", "a value that can be guessed", "random mt_rand uniqid",
     r"(?i)\b\w*(?:token|secret|passw(?:or)?d|session_?id|nonce|otp|reset_?code|\bcode)\w*\s*[=:](?!=)[^\n]{0,80}?"
     r"(?<!system)(?:\bMath\.random\(|(?<!secrets\.)\brandom\.(?:choices?|randint|random|sample|randrange)\(|\bmt_rand\(|\buniqid\()"),
    ("weak_crypto", "a fixed nonce", "iv nonce vector", r"(?i)\b(?:iv|nonce|initialization_?vector)\s*[=:]\s*(?:b?[\"'][^\"'\n]{4,}[\"']|bytes\(\d+\)|b[\"']\\x?0+[\"']\s*\*)"),
    ("weak_crypto", "a signature that is not checked", "signature none",
     r"(?i)verify_signature[\"']?\s*[:=]\s*False|\balgorithms?[\"']?\s*[=:]\s*\[?\s*[\"']none[\"']"),
    ("weak_crypto", "an old protocol", "ssl", r"\bPROTOCOL_(?:SSLv[23]|TLSv1(?:_1)?)\b|\bssl_protocols\s[^;\n]{0,80}\b(?:SSLv[23]|TLSv1(?:\.1)?)(?=[\s;])"),
    ("checks_off", "certificates that are not checked", "verify rejectunauthorized node_tls curl --no-check ssl --trusted-host insecure unverified check_hostname",
     r"\bverify\s*=\s*False\b|\bInsecureSkipVerify\s*:\s*true\b|\brejectUnauthorized\s*:\s*false\b"
     r"|\bNODE_TLS_REJECT_UNAUTHORIZED\b[\"'\]]*\s*[=:]\s*[\"']?0|\bcurl\s[^\n]{0,200}?(?:\s-[a-zA-Z]*k[a-zA-Z]*\s|--insecure\b)"
     r"|--no-check-certificate\b|\bsslVerify[\s=]+false|\bGIT_SSL_NO_VERIFY\b|--trusted-host\b|\bstrict-ssl[\s=]+false"
     r"|\binsecure-skip-tls-verify(?:=|:\s*)true|CURLOPT_SSL_VERIFY(?:PEER|HOST)\s*,\s*(?:false|0)\b"
     r"|\b_create_unverified_context\b|\bverify_mode\s*=\s*(?:ssl\.)?CERT_NONE|\bcheck_hostname\s*=\s*False"),
    ("checks_off", "host keys that are not checked", "hostkey hostsfile host_key", r"\bStrictHostKeyChecking[\s=]+(?:no|off)\b|\bUserKnownHostsFile[\s=]+/dev/null"
     r"|\bInsecureIgnoreHostKey\(|\bset_missing_host_key_policy\([^\n]{0,60}(?:AutoAdd|Warning)Policy"),
    ("checks_off", "signatures of packages that are not checked", "--allow-un gpg trusted=", r"--allow-unauthenticated\b|--no-gpg-checks?\b|\bgpgcheck\s*=\s*0|\btrusted=yes\b"),
    ("checks_off", "hooks that are skipped", "--no-verify", r"\bgit\s+(?:commit|push|merge)\b[^\n]{0,120}--no-verify\b"),
    ("checks_off", "a safeguard that is switched off", "setenforce selinux csrf ufw systemctl disablerealtime executionpolicy audit", r"\bsetenforce\s+0\b|\bSELINUX=(?:disabled|permissive)\b|@csrf_exempt\b|\bcsrf\(\)\.disable\(\)"
     r"|\bcsrf\s*->\s*csrf\.disable\(\)|\bufw\s+disable\b|\bsystemctl\s+(?:stop|disable)\s+(?:--now\s+)?(?:firewalld|apparmor)\b"
     r"|-DisableRealtimeMonitoring\s+\$true|\bSet-ExecutionPolicy\s+(?:-\w+\s+)?(?:Unrestricted|Bypass)\b|\baudit\b[^\n]{0,80}\|\|\s*true\b"),
    ("open_rights", "files that all may change", "chmod icacls", r"\bchmod\s+(?:-\w+\s+)*(?:0?777|a\+rwx|ugo\+rwx)\b|\bchmod\([^\n)]{0,80}\b0?o?777\b|\bicacls\b[^\n]{0,120}Everyone:\(?\w*\)?\(?F"),
    ("open_rights", "every right on everything", "action administratoraccess clusterrole roles/ write-all nopasswd", r"[\"']?Action[\"']?\s*[:=]\s*\[?\s*[\"']\*[\"']|\bpolicy/AdministratorAccess\b|--clusterrole[= ]cluster-admin\b"
     r"|\broles/(?:owner|editor)\b|\bpermissions:\s*write-all\b|\bNOPASSWD:\s*ALL\b"),
    ("open_rights", "a port that is open to all", "0.0.0.0/0", rf"(?<![\d.]){PORTS}(?![\d.])[^\n]{{0,60}}\b0\.0\.0\.0/0|\b0\.0\.0\.0/0[^\n]{{0,60}}(?<![\d.]){PORTS}(?![\d.])"),
    ("open_rights", "a container with the rights of its host", "privileged docker.sock", r"\bdocker\s+run\b[^\n]{0,200}--privileged\b|\bprivileged:\s*true\b|/var/run/docker\.sock:"),
    ("open_rights", "a database user with every right", "superuser grant", r"\b(?:CREATE|ALTER)\s+(?:USER|ROLE)\b[^\n;]{0,80}(?<!NO)\bSUPERUSER\b|(?i:\bGRANT\s+ALL(?:\s+PRIVILEGES)?\s+ON\s+"
     r"(?:\*\.\*|ALL\b|DATABASE\b|SCHEMA\b))"),
    ("open_rights", "storage that is open to all", "public-read allusers", r"\bpublic-read(?:-write)?\b|\ballUsers\b"),
)  # fmt: skip

NOTICE = re.compile(
    r"SPDX-License-Identifier:\s*\(?(?:A|L)?GPL|\bGNU (?:Affero |Lesser )?General Public License\b"
    r"|^[ \t]*(?:#|//|/?\*+|--|;|%)[ \t]*(?:Copyright\b|\(c\)|©)[^\n]*\d{4}[^\n]*",
    re.MULTILINE,
)
LICENCES = re.compile(r"licen[cs]|copyright|\b[AL]?GPL|SPDX", re.IGNORECASE)

# A value that is no secret: it says where the secret is, or that one has to stand there.
_STAND_IN = re.compile(
    r"\$|\{|%|\*\*\*|\.\.\.|…|(?i:your|change|example|placeholder|dummy|redacted|insert|enter|todo|xxx|fake|secret_?name)"
    r"|<(?!SECRET_)|(?i:env|vault|config|settings|getenv|param)[.\[(:/]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$"
)
_STATEMENT = re.compile(r"[.!?;]\s+(?=[A-Z\"“(])|\n")
_WARNED = re.compile(
    r"\b(?:never|not|no|nor|avoid|don['’]t|doesn['’]t|isn['’]t|cannot|can['’]t|stop|remove|delete|drop|replace|revert|instead of|rather than|"
    r"without|unsafe|insecure|vulnerable|dangerous|forbid\w*|ban(?:ned|s)?|refuse\w*|warn\w*|flag(?:s|ged)|wrong|bad|"
    r"away from|means|explain\w*)\b|하지 ?마|말고|금지|위험|대신|않|ない|禁止|危険|避け",
    re.IGNORECASE,
)
_WARNED_AFTER = re.compile(
    r"\b(?:is|are|would be|opens?|lets?|allows?|exposes?|means)\b[^\n]{0,60}\b(?:anyone|everyone|everybody|all|attacker|"
    r"unsafe|insecure|vulnerable|dangerous|risky?|wrong|injection)\b|\bavoid\b|\bnever\b|\bdangerous\b|\binsecure\b",
    re.IGNORECASE,
)
_BAD = re.compile(r"\b(?:bad|wrong|vulnerable|insecure|unsafe|before|avoid|never|not|don['’]t)\b", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*(?P<language>[\w+-]*)[^\n]*$", re.MULTILINE)

_COMPILED = tuple((rule, what, words.split(), re.compile(pattern, re.MULTILINE)) for rule, what, words, pattern in RULES)


def unsafe(reply: str, rules: Sequence[CodeRule], prompt: str = "") -> tuple[Found, ...]:
    """What `rules` find in `reply`, in order, each statement once for each kind; `prompt` is what was asked."""
    blocks, lowered = tuple(_blocks(reply)), reply.lower()
    found: dict[tuple[str, int], Found] = {}
    for rule, what, words, pattern in _COMPILED:
        if rule in rules and any(word in lowered for word in words):
            for match in islice(pattern.finditer(reply), MOST):
                if _counts(reply, match, blocks):
                    start, end = _statement(reply, *match.span())
                    found.setdefault((rule, start), Found(rule, what, start, end))
    if "foreign_licence" in rules and not LICENCES.search(prompt):
        for match in islice(NOTICE.finditer(reply), MOST):
            start, end = _licensed(reply, match, blocks)
            found.setdefault(("foreign_licence", start), Found("foreign_licence", "code with another's notice", start, end))
    return tuple(sorted(found.values(), key=lambda one: (one.start, one.end, one.rule)))


def _counts(reply: str, match: re.Match[str], blocks: Sequence[tuple[Range, str, str]]) -> bool:
    """Whether a match is meant: no stand-in, not warned of, not called bad, not taken out by a diff."""
    value = match.groupdict().get("value")
    if value is not None and not _is_secret(value):
        return False
    start, end = _statement(reply, *match.span())
    if _WARNED.search(reply, start, match.start()) or _WARNED_AFTER.search(reply, match.end(), end):
        return False
    for (first, last), language, heading in blocks:
        if first <= match.start() < last:
            return not _BAD.search(heading) and not (language == "diff" and reply[start] == "-")
    return True


def _is_secret(value: str) -> bool:
    """Words alone are the name of a setting, or text; what people choose has a digit or a sign in it."""
    return not _STAND_IN.search(value) and any(not one.isalpha() and one not in "_-./ " for one in value)


def _statement(reply: str, start: int, end: int) -> Range:
    """The line or, in a paragraph, the sentence around `start` to `end`, without white space at the ends."""
    lowest = max(0, start - REACH)
    first = max((match.end() for match in _STATEMENT.finditer(reply, lowest, start)), default=lowest)
    after = _STATEMENT.search(reply, end, end + REACH)
    last = min(len(reply), end + REACH) if after is None else after.start() + (reply[after.start()] != "\n")
    text = reply[first:last]
    return first + len(text) - len(text.lstrip()), last - len(text) + len(text.rstrip())


def _blocks(reply: str) -> Iterator[tuple[Range, str, str]]:
    """The fenced blocks of code: where, in which language, and the last line before each that says something."""
    fences = [*_FENCE.finditer(reply)]
    for opened, closed in zip(fences[::2], [*fences[1::2], None], strict=False):
        before = reply[: opened.start()].rstrip().rpartition("\n")[2]
        end = len(reply) if closed is None else closed.start()
        yield (opened.end() + 1, end), opened["language"].lower(), before


def _licensed(reply: str, match: re.Match[str], blocks: Sequence[tuple[Range, str, str]]) -> Range:
    """The notice with the code that it is for: to take out the notice alone would be a wrong of its own."""
    for (first, last), _, _ in blocks:
        if first <= match.start() < last:
            return first, last
    start = reply.rfind("\n", 0, match.start()) + 1
    return start, len(reply.rstrip())
