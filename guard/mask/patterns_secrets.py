"""Rows for secrets without a prefix of their own: private keys, connection strings, passwords, assigned keys."""

from __future__ import annotations

import re

from guard.mask.checks import password, random_looking
from guard.mask.rows import START, Row

_I = re.IGNORECASE
_QUOTE = r"""\\{0,2}["'`]?"""
_SET = rf"{_QUOTE}\s{{0,3}}(?::=|=>|[=:])\s{{0,3}}{_QUOTE}"
_URL = r"[!#-&(*-;=?-\[\\^_a-z|~]"  # what a URL goes on with: ASCII but for quotes, angles and closing brackets
# A value ends at space, quote or what closes a statement; the last full stop or comma belongs to the sentence.
_VALUE = (
    r"(?P<value>[!#-&(-+\-./0-9:<-\[\]-_a-z{|}~@]{4,200}?)"
    r"""(?=[.,;:?)]{0,3}(?:\\?["'`]|[\s,;]|$|[^\x00-\x7f]|\\[nr]))"""
)


_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples below

BLOCKS = (
    Row(
        "SECRET",
        # The end line may be missing where somebody pasted half a key: then the block ends with its base64 lines.
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:(?!-----)[\s\S]){0,20000}-----END [A-Z0-9 ]{1,60}-----"
        r"|(?:(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=]{8,80}){0,400})",
        1.0,
        (
            "key:\n«-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEjRWeJA=\n-----END RSA PRIVATE "
            "KEY-----»\nbye",
            "«-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n-----END OPENSSH PRIVATE KEY-----»",
            "half: «-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nq83vEjRWeJA=»\nis it",
        ),
        ("-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----"),
        ("private key",),
    ),
    Row(
        "SECRET",
        rf"{START}[A-Za-z][A-Za-z0-9+.-]{{1,30}}://[^\s/:@\"'<>]{{0,100}}:[^\s/@\"'<>]{{1,200}}@{_URL}{{1,500}}",
        0.95,
        (
            "see «https://bob:hunter2@git.corp.example/x.git» please",
            "use «postgres://app:s3cr3t@db.internal:5432/prod»로 접속",
            "«mongodb+srv://u:p%40ss@cluster0.example.net/?retryWrites=true»",
            "«redis://:topsecret@cache:6379/0»",
        ),
        (
            "https://example.com:8080/a",
            "http://a.example/@bob",
            "git@github.com:acme/repo.git",
            "https://bob@example.com/",
        ),
        ("://",),
    ),
    Row(  # a password with a slash or an at sign in it, which only data sources let pass
        "SECRET",
        rf"{START}(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|oracle|clickhouse"
        rf"|jdbc:[a-z]{{1,20}}|ftps?|sftp|smb|ldaps?)"
        rf"(?:\+[a-z0-9]{{1,20}})?://[^\s:@/\"'<>]{{0,100}}:[^\s\"'<>]{{1,200}}@{_URL}{{1,500}}",
        0.95,
        ("url «mysql+pymysql://root:p/a@ss@10.0.0.5/shop»", "«amqps://svc:a/b@mq.example.com/vhost»"),
        ("postgres://localhost:5432/app",),
        ("://",),
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:Server|Data Source|Host|Provider|Driver|DefaultEndpointsProtocol|Endpoint|AccountName|User Id"
        r"|Uid)\s?=[^\n\"']{0,400}"
        r"(?:Password|Pwd|AccountKey|SharedAccessKey|SharedAccessSignature)\s?=[^\s;\"']{1,300}",
        0.95,
        (
            "cs «Server=db1;Database=hr;User Id=sa;Password=Tr0ub4dor»;Encrypt=yes",
            f"«DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={_A}{_A}==»;EndpointSuffix=core.windows.net",
        ),
        ("Server=db1;Database=hr;Integrated Security=true",),
        ("password", "pwd", "accountkey", "sharedaccess"),
        flags=_I,
    ),
)

SPOKEN = (
    Row(
        "SECRET",
        r"(?:password|passphrase|passcode|pass ?word|passwd|pwd|PIN(?: code| number)?)"
        r"(?: for [^\n.,:;]{1,60}?| to [^\n.,:;]{1,60}?| of [^\n.,:;]{1,60}?)?"
        r"(?: is|'s| was|: is| =|:| now is| will be| has been (?:set|changed|reset) to| set to| changed to)[ \t]{1,3}"
        rf"(?:now |still |just |simply |currently )?[\"'`*“]{{0,2}}{_VALUE}",
        0.0,
        (
            "My password is «hunter2».",
            "the password for the staging server is «Tr0ub4dor&3», thanks",
            'password is "«correct-horse»"',
            "passphrase: «open-sesame»",
            "Your PIN is «4821».",
            "the wifi password is «swordfish»",
        ),
        (
            "The password is incorrect.",
            "A password is required for this page",
            "The password was changed yesterday",
            "the PIN is not shown",
            "Password: ********",
        ),
        ("passw", "passph", "passc", "pass word", "pwd", "pin "),
        check=password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:비밀\s?번호|비번|패스워드|암호|인증번호|핀번호)(?:가|는|은|를|을|도)?\s?(?:[:=]|(?=[!-~])|\s)\s{0,3}[\"'`]?"
        r"(?P<value>[!#-&(-+\--~]{4,100}?)"
        r"(?=[.,;:?)\]]{0,3}(?:[\s\"'`,]|$|[^\x00-\x7f]))",
        0.0,
        (
            "제 비밀번호는 «abcd1234!»입니다.",
            "비번 «qwer1234»로 바꿨어요",
            "비밀번호: «P@ssw0rd»",
            "암호는 «tiger77» 이에요",
        ),
        ("비밀번호는 required 입니다", "비밀번호를 잊어버렸어요", "암호화폐 시세"),
        ("비밀", "비번", "패스워드", "암호", "인증번호", "핀번호"),
        check=password,
        passed=0.8,
        failed=0.0,
    ),
    Row(
        "SECRET",
        r"(?:パスワード|パスフレーズ|暗証番号|合言葉|密码|密碼)(?:は|が|を|も|是|为)?\s?(?:[:=]\s{0,3})?[\"'`「]?(?P<value>[!#-&(-+\--~]{4,100}?)"
        r"(?=[.,;:?)\]]{0,3}(?:[\s\"'`,]|$|[^\x00-\x7f]))",
        0.0,
        ("パスワードは«hunter2»です", "暗証番号: «4821»", "パスワード「«Abc-9981»」"),
        ("パスワードを忘れました", "パスワードは required です"),
        ("パス", "暗証", "合言葉", "密码", "密碼"),
        check=password,
        passed=0.8,
        failed=0.0,
    ),
    Row(
        "SECRET",
        rf"(?:Authorization|Proxy-Authorization|X-Api-Key|Api-Key|X-Auth-Token|Private-Token){_SET}"
        r"(?:Bearer |Basic |Token |Digest )?(?P<value>[0-9A-Za-z._~+/=:-]{8,4000})",
        0.9,
        (
            "Authorization: Bearer «abcdef123456.ghi»",
            '"Authorization": "Basic «Ym9iOmh1bnRlcjI=»"',
            "curl -H 'X-Api-Key: «0a1b2c3d4e5f»'",
        ),
        ("Authorization: required",),
        ("authorization", "api-key", "token"),
        check=random_looking,
        passed=0.9,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{START}Bearer (?P<value>[0-9A-Za-z._~+/=-]{{20,4000}})",
        0.8,
        (f"curl -H 'Bearer «{_A}»'",),
        ("the bearer of this letter", "Bearer authenticationauthentication"),
        ("bearer ",),
        check=random_looking,
        passed=0.8,
        flags=_I,
    ),
)

_TELLING = (
    r"(?:api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|secret(?:[_ -]?(?:access[_ -]?)?key)?|auth[_ -]?(?:key|token)"
    r"|access[_ -]?token"
    r"|refresh[_ -]?token|token|private[_ -]?key|client[_ -]?secret|account[_ -]?key|encryption[_ -]?key"
    r"|signing[_ -]?key"
    r"|credentials?|webhook[_ -]?secret)"
)

ASSIGNED = (
    Row(
        "SECRET",
        rf"(?:passw(?:or)?d|passwd|passphrase|pwd|PGPASSWORD){_SET}{_VALUE}",
        0.0,
        (
            "passwd=«hunter2»",
            'DB_PASSWORD = "«s3cr3t-pw»"',
            '{"password": "«hunter2»", "a": 1}',
            '{\\"password\\": \\"«hunter2»\\"}',
            "mysql --password=«Abc12345» -u root",
        ),
        (
            "password = getpass()",
            "password: str",
            "password=os.environ['DB_PASSWORD']",
            "password = ${DB_PASSWORD}",
            "password: <your-password>",
            "passwd = None",
        ),
        ("passw", "passphrase", "pwd"),
        check=password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_TELLING}[A-Za-z0-9_-]{{0,20}}(?:{_SET}| is (?:now )?[\"'`]?){_VALUE}",
        0.0,
        (
            'api_key = "«0a1b2c3d4e5f6a7b»"',
            "aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»",
            "AccountKey=«aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cFx7==»",
            "the api key is «zx81-spectrum-48K»",
            "client_secret: «Ab8~Q.xyzXYZ0123»",
        ),
        (
            "max_tokens: 256",
            "token = tokenizer.decode(ids)",
            "api_key = os.getenv('KEY')",
            "secret: your-secret-here",
            "the token is expired",
            "token: string",
            "the key is important",
        ),
        ("key", "secret", "token", "credential"),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(  # in Korean and Japanese the telling word comes first and a particle follows
        "SECRET",
        r"(?:API\s?키|api\s?key|액세스\s?키|시크릿\s?키|토큰|トークン|アクセスキー|APIキー|シークレット)(?:는|은|가|は|が|:)?\s{0,3}[:=]?\s{0,3}[\"'`]?"
        r"(?P<value>[!#-&(-+\--~]{8,200}?)(?=[.,;:?)\]]{0,3}(?:[\s\"'`,]|$|[^\x00-\x7f]))",
        0.0,
        ("API 키는 «0a1b2c3d4e5f6a7b»입니다", "トークンは«zx81-spectrum-48K»です"),
        ("토큰은 tokenizer 에서",),
        ("키", "토큰", "トークン", "アクセスキー", "apiキー", "シークレット", "api key"),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)

SECRETS: tuple[Row, ...] = (*BLOCKS, *SPOKEN, *ASSIGNED)
