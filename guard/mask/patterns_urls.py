"""Rows for addresses that let in whoever holds them: URLs with passwords, webhooks, signed URLs, connection strings."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import random_looking, url_password, varied
from guard.mask.rows import START, Row

_I = re.IGNORECASE
_URL = r"[!#-&(*-;=?-\[\\^_a-z|~]"  # what a URL goes on with: ASCII but for quotes, angles and closing brackets
_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples below
_UUID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
_NOT_AT_END = r"(?<![.,;:?!])"

WITH_PASSWORD = (
    Row(
        "SECRET",
        rf"{START}[A-Za-z][A-Za-z0-9+.-]{{1,30}}://[^\s/:@\"'<>]{{0,100}}:[^\s/@\"'<>]{{1,200}}@{_URL}{{1,500}}{_NOT_AT_END}",
        0.0,
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
            "postgres://user:password@localhost:5432/mydb",
            "postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}/app",
        ),
        ("://",),
        check=url_password,
        passed=0.95,
        failed=0.0,
    ),
    Row(  # a password with a slash or an at sign in it, which only data sources let pass
        "SECRET",
        rf"{START}(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|oracle|clickhouse"
        rf"|jdbc:[a-z]{{1,20}}|ftps?|sftp|smb|ldaps?|smtps?|imaps?|cassandra|neo4j|bolt|couchbase|nats|kafka|mqtts?)"
        rf"(?:\+[a-z0-9_]{{1,20}})?://[^\s:@/\"'<>]{{0,100}}:[^\s\"'<>]{{1,200}}@{_URL}{{1,500}}{_NOT_AT_END}",
        0.0,
        ("url «mysql+pymysql://root:p/a@ss@10.0.0.5/shop»", "«amqps://svc:a/b@mq.example.com/vhost»"),
        ("postgres://localhost:5432/app", "mysql://root:<password>@db/shop"),
        ("://",),
        check=url_password,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
    Row(  # Oracle's thin driver and Go's MySQL driver have forms of their own
        "SECRET",
        r"(?:jdbc:oracle:(?:thin|oci):|sqlplus\s{1,3}(?:-[A-Z]\s{1,3})?|(?:exp|imp)dp\s{1,3}(?:userid=)?)"
        r"(?P<value>[\w$#]{1,60}/[^\s\"'@]{1,60})@",
        0.9,
        ("jdbc:oracle:thin:«scott/Tig3rTail»@//ora01:1521/ORCL", "sqlplus «hr/Aut0mn»@ORCL"),
        ("jdbc:oracle:thin:@//ora01:1521/ORCL",),
        ("jdbc:oracle", "sqlplus", "dp "),
    ),
    Row(
        "SECRET",
        r"(?<![\w/:.-])(?P<value>[\w.-]{1,60}:[^\s:@\"'/]{1,100}@(?:tcp|unix"
        r"|udp)\([^\s()\"']{1,200}\)/[^\s\"']{0,200})",
        0.9,
        ("dsn: «bob:Mango-88@tcp(10.0.0.7:3306)/orders?parseTime=true»",),
        ("tcp(10.0.0.7:3306)",),
        ("@tcp(", "@unix(", "@udp("),
    ),
)

PAIRS = (
    Row(
        "SECRET",
        r"(?:Server|Data Source|Host|Hostname|Provider|Driver|Dsn|DefaultEndpointsProtocol|Endpoint|AccountName"
        r"|AccountEndpoint|User ?Id|Uid|BlobEndpoint)\s?=[^\n\"']{0,400}?"
        r"(?:Password|Pwd|AccountKey|SharedAccessKey|SharedAccessSignature)\s?=\s?[^\s;\"']{1,300}",
        0.0,
        (
            "cs «Server=db1;Database=hr;User Id=sa;Password=Tr0ub4dor»;Encrypt=yes",
            f"«DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={_A}{_A}==»;EndpointSuffix=core.windows.net",
            "psql '«host=db.prod user=etl password=flamingo77» dbname=dwh'",
        ),
        (
            "Server=db1;Database=hr;Integrated Security=true",
            "Server=myServer;Database=myDB;User Id=myUser;Password=myPassword;",
        ),
        ("password", "pwd", "accountkey", "sharedaccess"),
        check=url_password,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"jdbc:[a-z0-9]{2,20}:[^\s\"'<>]{1,300}[?;&](?:password|pwd)=[^\s;&\"'<>]{1,200}",
        0.0,
        (
            "«jdbc:postgresql://db:5432/crm?user=crm&password=Kiwi_2291»",
            "«jdbc:sqlserver://s:1433;user=ro;password=R3d.Panda»;",
        ),
        ("jdbc:postgresql://db:5432/crm", "jdbc:mysql://db/crm?user=a&password=${PW}"),
        ("jdbc:",),
        check=url_password,
        passed=0.95,
        failed=0.0,
        flags=_I,
    ),
)

WEBHOOKS = (
    Row(
        "SECRET",
        r"https://(?:hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Za-z/_-]{20,200}"
        r"|(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,21}/[0-9A-Za-z_-]{40,100}"
        r"|[a-z0-9-]{1,60}\.webhook\.office\.com/webhookb2/[0-9A-Za-z/@-]{40,400}"
        r"|outlook\.office(?:365)?\.com/webhook/[0-9A-Za-z/@-]{40,400}"
        r"|hooks\.zapier\.com/hooks/(?:catch|standard)/[0-9]{4,12}/[0-9a-z]{4,20}/?"
        r"|hook\.(?:[a-z]{2}[0-9]\.)?make\.com/[0-9a-z]{20,60}"
        r"|maker\.ifttt\.com/(?:use|trigger/[\w-]{1,60}/(?:json/)?with/key)/[0-9A-Za-z_-]{20,60}"
        r"|chat\.googleapis\.com/v1/spaces/[^\s\"'<>]{10,400}"
        r"|api\.telegram\.org/bot[0-9]{6,12}:[0-9A-Za-z_-]{30,40}"
        r"|(?:hook\.dooray\.com/services|wh\.jandi\.com/connect-api/webhook|open\.(?:feishu\.cn"
        r"|larksuite\.com)/open-apis"
        r"/bot/v2/hook|events\.pagerduty\.com/integration|[a-z0-9.-]{1,80}/hooks(?=/[a-z0-9]{26}(?![a-z0-9])))"
        r"/[0-9A-Za-z/_-]{16,120})",
        0.0,
        (
            "https «https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/aB3dE6gH9jK2mN5p»",
            f"«https://discord.com/api/webhooks/123456789012345678/{_A}{_A}»로 보내",
            f"«https://acme.webhook.office.com/webhookb2/{_UUID}@{_UUID}/IncomingWebhook/0123456789abcdef/{_UUID}»",
            "zap «https://hooks.zapier.com/hooks/catch/1234567/a1b2c3d/» twice",
        ),
        (
            "https://hooks.slack.com/services/XXX/YYY/ZZZ",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "https://discord.com/channels/1/2",
        ),
        ("hook", "chat.googleapis.com", "api.telegram.org", "maker.ifttt.com", "pagerduty"),
        check=varied,
        passed=0.98,
        failed=0.0,
    ),
)

SIGNED = (
    Row(
        "SECRET",
        rf"https?://[^\s\"'<>?]{{3,600}}\?(?:{_URL}{{0,2000}}?&)?(?:sig|signature|x-amz-signature"
        rf"|x-goog-signature|x-oss-signature"
        rf"|x-cos-signature|hmac|hdnts|policy)=[0-9A-Za-z%_~+/=.-]{{16,1000}}(?:&{_URL}{{1,1500}})?{_NOT_AT_END}",
        0.95,
        (
            f"get «https://acme.blob.core.windows.net/hr/a.xlsx?sv=2023-11-03&sr=b&sig={_A}%3D» and sum it up",
            f"«https://acme.s3.amazonaws.com/q3.csv?X-Amz-Expires=3600&X-Amz-Signature={'0123456789abcdef' * 4}».",
        ),
        ("https://example.com/a?sig=1&x=2", "https://example.com/signature?x=1"),
        ("sig=", "signature=", "hmac=", "hdnts=", "policy="),
        flags=_I,
    ),
    Row(  # a link that is sent to one person to let them in
        "SECRET",
        rf"https?://[^\s\"'<>?]{{1,200}}/[^\s\"'<>?]{{0,200}}(?:reset|magic|invite|invitation|verify|confirm"
        rf"|activate|login|signin|sso|unlock"
        rf"|recover|share|join|callback)[^\s\"'<>?]{{0,100}}\?(?:{_URL}{{0,500}}?&)?(?:token|code|ticket|key"
        rf"|otp|t|auth|invite)="
        rf"(?P<check>[0-9A-Za-z%_~+/=.-]{{20,1000}})(?:&{_URL}{{1,500}})?{_NOT_AT_END}",
        0.9,
        (f"«https://portal.acme.example/reset?token={_A}» was sent to me",),
        ("https://example.com/reset?token=TOKEN", "https://example.com/login?next=/home"),
        ("token=", "code=", "ticket=", "key=", "otp=", "?t=", "&t=", "auth=", "invite="),
        flags=_I,
    ),
    Row(
        "SECRET",
        r"[?&;](?:access_token|api[_-]?key|apikey|auth(?:_token)?|token|key|client_secret|secret|jwt|sid"
        r"|session(?:_?id)?|subscription-key"
        r"|appid|ticket|code|refresh_token|id_token)=(?P<value>[0-9A-Za-z%_~+/=.-]{16,2000})",
        0.0,
        (
            "GET /v1/items?api_key=«0123456789abcdef0123456789abcdef»&limit=10",
            f"https://maps.example.com/tile?x=1&access_token=«{_A}»",
        ),
        ("/items?key=customer_name_and_city", "/search?token=YOUR_TOKEN_GOES_HERE", "?code=authorization_code"),
        ("token=", "key=", "secret=", "jwt=", "sid=", "session", "auth=", "appid=", "ticket=", "code="),
        check=random_looking,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
)

URLS: tuple[Row, ...] = (*WITH_PASSWORD, *PAIRS, *WEBHOOKS, *SIGNED)
