"""The forms of unsafe code: for each kind regular expressions that read one statement.

A row is a kind of `guard.constitution.CodeRule`, what it finds in the words of a verdict, words of which a text holds
one wherever the row finds something (in small letters: most texts hold none, and are done), and the forms, any of which
is enough. They are those of Bandit (B102 to B703), of semgrep's registry and of CWE, as far as they can be seen in a
statement. A group `value` is looked at more closely: whether it is a secret, or stands for one.
"""

from __future__ import annotations

from guard.constitution import CodeRule

# What somebody outside can write: a variable of such a name, as scanners guess it too.
INPUT = r"(?:req(?:uest)?|body|params?|query|args|form|cookies?|input|upload\w*|payload|message|data|content|recv\w*)"
# An expression that is put together: an f-string or template with a hole, or a string and an operator after it.
HOLED = r"(?:[fF][\"'][^\"'\n]{0,300}\{|`[^`\n]{0,300}\$\{|[\"'][^\"'\n]{0,300}[\"']\s*(?:\+|%|\.\s*(?:format\b|\$)))"
# SQL from behind its opening quote, over lines, up to where a value stands; no quote of that kind is in between. What
# cannot be bound, the name of a column or a table, is left to the critic: it may come from a list.
DOUBLE, SINGLE, BACK = (
    rf"\s*(?:SELECT\b[^{q}]{{0,300}}?\bFROM|INSERT\s+INTO|UPDATE\b[^{q}]{{0,200}}?\bSET|DELETE\s+FROM)\b[^{q}]{{0,300}}?"
    rf"(?:(?<![<>!])=|<|>|\bLIKE|\bIN\s*\(|\bVALUES\s*\()\s*(?:[^{q};]{{0,200}}?,\s*)?['\"%\\]{{0,3}}"
    for q in ('"', "'", "`")
)
HELD = r"(?:s|d|%s|%d|\{\w*\})"  # where % or format put a value
NAMED = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret(?:_?key)?|api_?key|access_?key|auth_?token|access_?token|(?<![a-z])token|"
    r"private_?key|client_?secret)"
)
PHRASE = r"pass(?:word|wd|phrase)"
FAST = (
    r"(?:hashlib\.(?:md5|sha1|sha256|sha512)\(|createHash\(\s*[\"'](?:md5|sha-?1|sha256|sha512)|(?<![\w.])(?:md5|sha1)\("
    r"|DigestUtils\.(?:md5|sha)\w*|MessageDigest\.getInstance\(\s*\"(?:MD5|SHA-?\d*)\")"
)
CHANCE = (
    r"(?:\bMath\.random\(|(?<!secrets\.)\brandom\.(?:choices?|randint|random|sample|randrange)\("
    r"|\bmt_rand\(|\buniqid\()"
)
PORTS = r"(?<![\d.])(?:22|23|445|1433|2375|3306|3389|5432|5900|6379|9200|11211|27017)(?![\d.])"
QUERY = "select insert update delete"
NAMES = "pass pwd secret key token"
TLS = "verify rejectunauthorized node_tls insecure unverified check_hostname"
SAFEGUARDS = "setenforce selinux csrf ufw systemctl realtime executionpolicy audit"

FORMS: tuple[tuple[CodeRule, str, str, tuple[str, ...]], ...] = (
    ("injection", "code that is evaluated", "eval( exec(", (
        r"(?<![\w.$])eval\(\s*(?!\s*[\"'`][^\"'`\n]*[\"'`]\s*[,)])(?=[\w\"'`$(])",
        rf"(?<![\w.$>])exec\(\s*(?:{HOLED}|{INPUT}\b|\w*code\b)",
    )),
    ("injection", "a command built from strings", "os.system( os.popen( child_process shell", (
        rf"\b(?:os\.(?:system|popen)|child_process\.exec(?:Sync)?)\(\s*{HOLED}",
        rf"\b(?:run|call|Popen|check_output|check_call)\(\s*(?:{HOLED}|[a-z_]\w*\s*,)[^\n]{{0,200}}shell\s*=\s*True",
    )),
    ("injection", "SQL built from strings", QUERY, (
        rf"[fF]\"+{DOUBLE}\{{(?!\{{)",
        rf"[fF]'+{SINGLE}\{{(?!\{{)",
        rf"`{BACK}\$\{{",
        rf"(?:\"{DOUBLE}\"|'{SINGLE}')\s*(?:\+|\.|\|\|)\s*(?!=)[\w$\"'(]",
        rf"\"{DOUBLE}{HELD}[^\"\n]{{0,100}}\"\s*(?:%\s*[\w(]|\.format\()",
        rf"'{SINGLE}{HELD}[^'\n]{{0,100}}'\s*(?:%\s*[\w(]|\.format\()",
        rf"\"{DOUBLE}\{{?\$_?(?:{INPUT}|GET|POST|REQUEST|COOKIE)\b",
    )),
    ("injection", "objects read from input", "pickle dill marshal yaml. unserialize", (
        rf"\b(?:pickle|cPickle|dill|marshal)\.loads?\([^\n]{{0,120}}\b{INPUT}\b",
        r"\byaml\.(?:unsafe_load\(|load\((?![^\n]{0,200}Safe))",
        r"(?<![\w>])unserialize\(\s*(?:\$_(?:GET|POST|COOKIE|REQUEST)|base64_decode)",
    )),
    ("injection", "HTML built from strings", "innerhtml outerhtml __html", (
        r"\.(?:innerHTML|outerHTML)\s*\+?=(?!=)(?!\s*[\"'`][^\"'`\n]{0,300}[\"'`]\s*(?:;|$))"
        r"(?![^\n]{0,300}(?i:sanitiz|purify|escape|encode))",
        r"__html\s*:\s*(?![^\n]{0,200}(?i:sanitiz|purify|escape))(?=[\w$.]+\s*\})",
    )),
    ("injection", "a template read from input", "render_template_string", (
        r"\brender_template_string\(\s*(?![\"'])\w",
    )),
    ("injection", "a path read from input", "request. req.", (
        r"\b(?:open|FileResponse|send_file|sendFile|readFile(?:Sync)?|createReadStream)\([^\n)]{0,120}"
        r"\b(?:request|req)\.(?:args|form|params|query|body|files|GET|POST)\b",
    )),
    ("written_secret", "a key", "akia asia gh glpat- xox npm_ aiza sk- sk_ private", (
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{30,}",
        r"\bglpat-[\w-]{16,}",
        r"\bxox[abprs]-[\w-]{10,}",
        r"\bnpm_[A-Za-z0-9]{16,}",
        r"\bAIza[\w-]{30,}",
        r"\bsk[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{20,}",
        r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    )),
    ("written_secret", "a password in code", NAMES, (
        rf"(?i:\b\w*{NAMED}\w*[\"']?\s*(?:=>?|:=?)\s*b?[\"'](?P<value>[^\"'\s]{{6,200}})[\"'])",
    )),
    ("written_secret", "a password in settings", NAMES, (
        rf"(?i:^\s*(?:export\s+|ENV\s+|set\s+|-\s+)?\w*{NAMED}\w*\s*=\s*(?P<value>[^\s\"'$<{{(\[,;)]{{8,200}})\s*$)",
    )),
    ("written_secret", "a password in code", "auth", (
        r"\bauth\s*=\s*\(\s*[\"'][^\"'\n]+[\"'],\s*[\"'](?P<value>[^\"'\s]{4,200})[\"']\)",
    )),
    ("written_secret", "a password in an address", "://", (
        r"\b[a-z][a-z0-9+]*://[^\s:/@\"'<>${]{1,80}:(?P<value>[^\s:/@\"'>${]{4,200})@",
    )),
    ("written_secret", "a key in an address", "key= token= secret=", (
        r"[?&](?:api_?key|(?:access_|auth_)?token|secret)=(?P<value>[\w.~-]{8,200})",
    )),
    ("weak_crypto", "a fast hash of a password", "md5 sha", (
        rf"(?i:{FAST}[^\n]{{0,120}}{PHRASE})",
        rf"(?i:\b{PHRASE}\w*\s*=[^\n]{{0,80}}{FAST})",
    )),
    ("weak_crypto", "a weak cipher", "ecb des arc4 rc4 blowfish", (
        r"\bMODE_ECB\b",
        r"\bmodes\.ECB\(",
        r"\b(?i:aes-?(?:128|192|256)-ecb|AES/ECB)\b",
        r"\b(?:DES3?|ARC4|Blowfish)\.new\(",
        r"[\"'](?i:des|des-cbc|des-ede3?|rc4|DES/[A-Z0-9/]+)[\"']",
    )),
    ("weak_crypto", "a value that can be guessed", "random mt_rand uniqid", (
        r"(?i:\b\w*(?:token|secret|passw(?:or)?d|session_?id|nonce|otp|reset_?code|\bcode)\w*)"
        rf"\s*[=:](?!=)[^\n]{{0,80}}?{CHANCE}",
    )),
    ("weak_crypto", "a fixed nonce", "iv nonce vector", (
        r"(?i:\b(?:iv|nonce|initialization_?vector)\s*[=:]\s*(?:b?[\"'][^\"'\n]{4,}[\"']|bytes\(\d+\)))",
    )),
    ("weak_crypto", "a signature that is not checked", "signature none", (
        r"verify_signature[\"']?\s*[:=]\s*(?i:false)",
        r"\balgorithms?[\"']?\s*[=:]\s*\[?\s*[\"'](?i:none)[\"']",
    )),
    ("weak_crypto", "an old protocol", "ssl", (
        r"\bPROTOCOL_(?:SSLv[23]|TLSv1(?:_1)?)\b",
        r"\bssl_protocols\s[^;\n]{0,80}\b(?:SSLv[23]|TLSv1(?:\.1)?)(?=[\s;])",
    )),
    ("checks_off", "certificates that are not checked", TLS, (
        r"\bverify\s*=\s*False\b",
        r"\bInsecureSkipVerify\s*:\s*true\b",
        r"\brejectUnauthorized\s*:\s*false\b",
        r"\bNODE_TLS_REJECT_UNAUTHORIZED\b[\"'\]]*\s*[=:]\s*[\"']?0",
        r"\binsecure-skip-tls-verify(?:=|:\s*)true",
        r"\bsslVerify[\s=]+false",
        r"\bGIT_SSL_NO_VERIFY\b",
        r"\bCURLOPT_SSL_VERIFY(?:PEER|HOST)\s*,\s*(?:false|0)\b",
        r"\b_create_unverified_context\b",
        r"\bverify_mode\s*=\s*(?:ssl\.)?CERT_NONE",
        r"\bcheck_hostname\s*=\s*False",
    )),
    ("checks_off", "certificates that are not checked", "curl --no-check strict-ssl --trusted-host", (
        r"\bcurl\b[^\n]{0,200}?(?:\s-[a-zA-Z]*k[a-zA-Z]*\s|--insecure\b)",
        r"--no-check-certificate\b",
        r"--trusted-host\b",
        r"\bstrict-ssl[\s=]+false",
    )),
    ("checks_off", "host keys that are not checked", "hostkey hostsfile host_key", (
        r"\bStrictHostKeyChecking[\s=]+(?:no|off)\b",
        r"\bUserKnownHostsFile[\s=]+/dev/null",
        r"\bInsecureIgnoreHostKey\(",
        r"\bset_missing_host_key_policy\([^\n]{0,60}(?:AutoAdd|Warning)Policy",
    )),
    ("checks_off", "signatures of packages that are not checked", "--allow-un gpg trusted=", (
        r"--allow-unauthenticated\b",
        r"--no-gpg-checks?\b",
        r"\bgpgcheck\s*=\s*0",
        r"\btrusted=yes\b",
    )),
    ("checks_off", "hooks that are skipped", "--no-verify", (
        r"\bgit\s+(?:commit|push|merge)\b[^\n]{0,120}--no-verify\b",
    )),
    ("checks_off", "a safeguard that is switched off", SAFEGUARDS, (
        r"\bsetenforce\s+0\b",
        r"\bSELINUX=(?:disabled|permissive)\b",
        r"@csrf_exempt\b",
        r"\bcsrf\(\)\.disable\(\)",
        r"\bcsrf\s*->\s*csrf\.disable\(\)",
        r"\bufw\s+disable\b",
        r"\bsystemctl\s+(?:stop|disable)\s+(?:--now\s+)?(?:firewalld|apparmor)\b",
        r"-DisableRealtimeMonitoring\s+\$true",
        r"\bSet-ExecutionPolicy\s+(?:-\w+\s+)?(?:Unrestricted|Bypass)\b",
        r"\b(?:npm|yarn|pnpm|pip-|cargo)\s?audit\b[^\n]{0,80}\|\|\s*true\b",
    )),
    ("open_rights", "files that all may change", "chmod icacls", (
        r"\bchmod\s+(?:-\w+\s+)*(?:0?777|a\+rwx|ugo\+rwx)\b",
        r"\bchmod\([^\n)]{0,80}\b0?o?777\b",
        r"\bicacls\b[^\n]{0,120}Everyone:\(?\w*\)?\(?F",
    )),
    ("open_rights", "every right on everything", "action administratoraccess clusterrole roles/ write-all nopasswd", (
        r"[\"']?Action[\"']?\s*[:=]\s*\[?\s*[\"']\*[\"']",
        r"\bpolicy/AdministratorAccess\b",
        r"--clusterrole[= ]cluster-admin\b",
        r"\broles/(?:owner|editor)\b",
        r"\bpermissions:\s*write-all\b",
        r"\bNOPASSWD:\s*ALL\b",
    )),
    ("open_rights", "a port that is open to all", "0.0.0.0/0", (
        rf"{PORTS}[^\n]{{0,60}}\b0\.0\.0\.0/0",
        rf"\b0\.0\.0\.0/0[^\n]{{0,60}}{PORTS}",
    )),
    ("open_rights", "a container with the rights of its host", "privileged docker.sock", (
        r"\bdocker\s+run\b[^\n]{0,200}--privileged\b",
        r"\bprivileged:\s*true\b",
        r"/var/run/docker\.sock:",
    )),
    ("open_rights", "a database user with every right", "superuser grant", (
        r"\b(?:CREATE|ALTER)\s+(?:USER|ROLE)\b[^\n;]{0,80}(?<!NO)\bSUPERUSER\b",
        r"(?i:\bGRANT\s+ALL(?:\s+PRIVILEGES)?\s+ON\s+(?:\*\.\*|ALL\b|DATABASE\b|SCHEMA\b))",
    )),
    ("open_rights", "storage that is open to all", "public-read allusers", (
        r"\bpublic-read(?:-write)?\b",
        r"\ballUsers\b",
    )),
)  # fmt: skip

# A notice of the GPL family, or another's copyright in a comment.
NOTICE = (
    r"SPDX-License-Identifier:\s*\(?(?:A|L)?GPL|\bGNU (?:Affero |Lesser )?General Public License\b"
    r"|^[ \t]*(?:#|//|/?\*+|--|;|%)[ \t]*(?:Copyright\b|\(c\)|©)[^\n]*\d{4}[^\n]*"
)
# A value that is no secret: it says where the secret is, or that one has to stand there.
STAND_IN = (
    r"\$|\{|%|\*\*\*|\.\.\.|…|(?i:your|change|example|placeholder|dummy|redacted|insert|enter|todo|xxx|fake|secret_?name)"
    r"|<(?!SECRET_)|(?i:env|vault|config|settings|getenv|param)[.\[(:/]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$"
)
