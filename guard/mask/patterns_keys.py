"""Rows for secrets that are a block of their own: private keys, hashes of passwords, recovery phrases, manifests."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import digits_in, phrase, varied
from guard.mask.rows import Row

_I = re.IGNORECASE
_LINE = r"(?:\s|\\{1,2}[nr]){1,4}"  # the end of a line, also as it is written within JSON
_HASH = r"[./0-9A-Za-z]"
_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples below
_WORD = r"(?:[0-9]{1,2}[.):]?[ \t]{0,3})?[a-z]{3,8}"
_WORDS = "tilt anchor velvet moral suggest guard orbit cinnamon tuna lava gesture famous"

PRIVATE_KEYS = (
    Row(
        "SECRET",
        # The end line may be missing where somebody pasted half a key: then the block ends with its base64 lines.
        rf"-----BEGIN (?:[A-Z0-9]{{1,20}} ){{0,4}}PRIVATE KEY(?: BLOCK)?-----(?={_LINE}[A-Za-z0-9+/=])"
        r"(?:(?:(?!-----)[\s\S]){0,20000}-----END [A-Z0-9 ]{1,60}-----"
        rf"|(?:{_LINE}(?:[A-Za-z-]{{4,20}}: [^\r\n]{{0,100}}|[A-Za-z0-9+/=]{{8,80}})){{0,400}})(?:\\n(?=[\"']))?",
        1.0,
        (
            "key:\n«-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEjRWeJA=\n-----END RSA PRIVATE "
            "KEY-----»\nbye",
            "«-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n-----END OPENSSH PRIVATE KEY-----»",
            "half: «-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nq83vEjRWeJA=»\nis it",
            "«-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\nlQOYBFaB3dE6gH9j\n"
            "-----END PGP PRIVATE KEY BLOCK-----»",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        ),
        ("private key",),
    ),
    Row(  # the tail of one, of which the beginning was cut off
        "SECRET",
        rf"(?:[A-Za-z0-9+/]{{40,80}}{_LINE}){{1,400}}[A-Za-z0-9+/=]{{0,80}}(?:{_LINE})?"
        r"-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----",
        1.0,
        (f"it ends with «{_A}{_A}\nq83vEjRWeJA=\n-----END PRIVATE KEY-----»",),
        ("-----END PRIVATE KEY-----",),
        ("-----end",),
    ),
    Row(
        "SECRET",
        r"PuTTY-User-Key-File-[0-9]: [^\r\n]{1,60}(?:\r?\n[^\r\n]{1,200}){0,200}?\r?\nPrivate-(?:MAC|Hash):"
        r" [0-9a-f]{40,64}",
        1.0,
        (
            "«PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAAC3Nz\nPrivate-MAC: "
            f"{'0123456789abcdef' * 4}»\nwhat now",
        ),
        ("PuTTY-User-Key-File-3: is the first line",),
        ("putty-user-key-file",),
    ),
    Row(
        "SECRET",
        r"(?:PrivateKey|PresharedKey)\s{0,3}=\s{0,3}(?P<value>[A-Za-z0-9+/]{42,43}={1,2})",
        1.0,
        (f"[Interface]\nPrivateKey = «{_A}x7BqR4tY8uI=»",),
        (f"[Peer]\nPublicKey = {_A}x7BqR4tY8uI=",),
        ("privatekey", "presharedkey"),
    ),
    Row(
        "SECRET",
        r"(?:private[ _-]?key|secret[ _-]?key|priv[ _-]?key|개인\s?키|비밀\s?키|秘密鍵)[^\n0-9]{0,30}?(?P<value>"
        r"(?:0x)?[0-9a-f]{64})(?![0-9a-f])",
        0.95,
        ("the eth private key is «0x" + "0123456789abcdef" * 4 + "»",),
        ("the key of commit 0x0123",),
        ("key", "키", "秘密鍵"),
        flags=_I,
    ),
    Row(  # one parameter of a JSON Web Key (RFC 7518): `d` is private, `n` and `x` are not
        "SECRET",
        r"\"(?:d|p|q|dp|dq|qi|k)\"\s{0,3}:\s{0,3}\"(?P<value>[A-Za-z0-9_-]{20,1400})\"",
        0.0,
        (f'{{"kty": "EC", "d": "«{_A}x7BqR4tY8uI»"}}',),
        ('{"kty": "oct", "k": "short"}',),
        ('"kty"',),
        check=varied,
        failed=0.0,
    ),
)

HASHES = (
    Row(  # crypt(3) and what the databases of users of web frameworks hold
        "SECRET",
        rf"(?:\$(?:1|5|6|y|7|apr1|md5)\$(?:rounds=[0-9]{{1,7}}\$)?[./0-9A-Za-z$]{{1,40}}\${_HASH}{{20,90}}"
        rf"|\$2[abxy]?\$[0-9]{{2}}\${_HASH}{{53}}|\$argon2(?:id|i"
        rf"|d)\$v=[0-9]{{1,3}}\$[a-z0-9=,]{{1,60}}\$[+./0-9A-Za-z$]{{20,200}}"
        r"|pbkdf2_sha(?:1|256|512)\$[0-9]{1,8}\$[0-9A-Za-z]{4,40}\$[A-Za-z0-9+/]{20,90}={0,2}"
        r"|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{20,120}={0,2})",
        0.9,
        (
            "bob:«$apr1$kd82hs71$R1uYz0r6bQmKx8VbV5oQW/»",
            "«$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW» in the dump",
            "userPassword: «{SSHA}aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF»",
        ),
        ("it costs $5 or $6 a month", "echo $1 $2a"),
        (
            "$1$",
            "$5$",
            "$6$",
            "$y$",
            "$7$",
            "$apr1$",
            "$md5$",
            "$2",
            "$argon2",
            "pbkdf2_sha",
            "sha}",
            "sha256}",
            "sha512}",
        ),
    ),
    Row(
        "SECRET",
        r"(?:password|secret|key)[ \t](?:[0-9]|encrypted)[ \t](?P<value>[./0-9A-Za-z$]{8,200})(?=\s|$)",
        0.9,
        ("username bob password 7 «0822455D0A16»", "key 7 «13061E010803»"),
        ("the key 5 minutes", "password 1 was better"),
        ("password ", "secret ", "key "),
        check=digits_in,
        passed=0.9,
        failed=0.0,
    ),
    Row(
        "SECRET",
        r"snmp-server community (?P<value>[^\s]{4,64})",
        0.8,
        ("snmp-server community «n3t-m0n» RO",),
        ("an snmp server for the community",),
        ("snmp-server",),
    ),
)

PHRASES = (
    Row(
        "SECRET",
        r"(?:(?:seed|recovery|secret|backup|wallet)[ _-]?(?:recovery )?(?:phrase|words?)|mnemonic(?: phrase)?|BIP-?39"
        r"|복구\s?(?:구문|문구|단어)|니모닉|시드\s?(?:구문|문구|단어)?|リカバリーフレーズ|シードフレーズ|ニーモニック"
        r"|復元フレーズ|助记词)[^\n.]{0,40}?[\s:=\"'`「([]{1,4}"
        rf"(?P<value>{_WORD}(?:[\s,]{{1,3}}{_WORD}){{11,23}})(?![a-z])",
        0.0,
        (
            f"seed phrase: «{_WORDS}»",
            "my recovery phrase is «" + " ".join(f"{n}. {w}" for n, w in enumerate(_WORDS.split(), 1)) + "»",
            f"복구 구문은 «{_WORDS}» 입니다",
            f"リカバリーフレーズは「«{_WORDS}»」です",
        ),
        (
            "a seed phrase is a list of words that restores a wallet and that must be kept in a safe place",
            "The recovery phrase has twelve words and must stay offline.",
        ),
        ("phrase", "words", "mnemonic", "bip", "복구", "니모닉", "시드", "フレーズ", "ニーモニック", "助记词"),
        check=phrase,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
)

_HEAD = r"^kind:[ \t]{1,3}Secret[ \t]*\n(?:(?!---)[^\n]{0,200}\n){0,30}?(?:data|stringData):[ \t]*\n"
_ENTRY = r"[ \t]{1,8}[\w.-]{1,100}:[^\n]{0,4000}\n"
_OPEN_KEY = r"(?:user(?:name)?|login|host(?:name)?|port|type|database|name|endpoint|region)(?![\w.-])"


def _manifest(place: int) -> Row:
    """The value at a place of a Kubernetes Secret, whatever its key, unless the key tells that it is open."""
    before = "  HOST: db\n" * place
    return Row(
        "SECRET",
        rf"{_HEAD}(?:{_ENTRY}){{{place}}}[ \t]{{1,8}}(?!{_OPEN_KEY})[\w.-]{{1,100}}:[ \t]{{1,3}}[\"']?"
        rf"(?P<value>[^\s\"'|>][^\n\"']{{0,4000}})",
        0.95,
        (f"kind: Secret\nmetadata:\n  name: db\ndata:\n{before}  word: «aHVudGVyMg==»\n  more: x",),
        ("kind: ConfigMap\ndata:\n  LEVEL: debug", "kind: Secret\nmetadata:\n  name: db\ntype: Opaque"),
        ("kind: secret",),
        flags=re.MULTILINE | re.IGNORECASE,
    )


MANIFESTS = tuple(_manifest(place) for place in range(12))

KEYS: tuple[Row, ...] = (*PRIVATE_KEYS, *HASHES, *PHRASES, *MANIFESTS)
