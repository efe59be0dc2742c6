"""Rows for passwords on command lines and in statements of SQL and mail protocols."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import mixed_password, password, quoted_password, random_looking
from guard.mask.rows import Row
from guard.mask.secret_forms import quoted

_I = re.IGNORECASE
_WORD = r"(?<![\w./-])"
_GO = r"(?=\s)[^\n|;&]{0,300}?\s"  # the rest of a command, up to an option
_ARGUMENT = r"""(?P<q>["'])?(?P<value>(?(q)(?:(?!(?P=q))[^\n]){3,200}|(?!-)[^\s"'<>|;]{3,200}))"""
_NAME = r"""["']?[\w.@\\-]{1,60}"""


def _command(
    regex: str,
    *needs: str,
    examples: tuple[str, ...],
    near: tuple[str, ...] = (),
    value: str = _ARGUMENT,
) -> Row:
    """A password where `regex` ends, which names a program and an option."""
    return Row(
        "SECRET", rf"{_WORD}{regex}{value}", 0.0, examples, near, needs, check=quoted_password, passed=0.9, failed=0.0
    )


_OPTIONS = (
    _command(
        rf"(?:mysql(?:dump|admin|import|sh|check)?|mariadb(?:-dump|-admin)?){_GO}-p(?=[^\s=-])",
        "mysql",
        "mariadb",
        examples=("mysql -h db01 -u root -p«Gr33nTea» -e 'show tables'", "mysqldump -uroot -p'«a b!»' shop"),
        near=("mysql -u root -p -h db01", "mysql -u root -p$PASS"),
    ),
    _command(
        r"sshpass\s{1,3}-p\s{0,3}",
        "sshpass",
        examples=("sshpass -p '«Winter!2024»' ssh deploy@10.2.3.4", "sshpass -p«hunter2» ssh a@b"),
        near=('sshpass -p "$PASS" ssh deploy@host', "sshpass -f file ssh a@b"),
    ),
    _command(
        rf"(?:curl|wget|https?|aria2c|lftp|xh){_GO}(?:-u|--user|--proxy-user|-a|--auth)[ =]{{0,3}}{_NAME}[:,]",
        "curl",
        "wget",
        "http",
        "lftp",
        examples=("curl -u bob:«lemon-tree-9» https://ci.corp.example",),
        near=(
            "curl -u $USER:$PASS https://example.com",
            "curl -u username:password https://api.example.com",
            "curl -u bob https://a.b",
        ),
    ),
    _command(
        rf"(?:redis-cli{_GO}-a|(?:mongo(?:sh|dump|restore|export|import)?|docker|podman|helm|oc|cf|az|twine"
        rf"|nuget|npm|security"
        r"|snowsql|influx|vsql|jfrog|skopeo|buildah|kinit|psexec)(?=\s)(?:[^\n|;&]{0,300}?\s)?(?:login|-u"
        r"|-U|--username|upload|unlock-keychain"
        r"|--service-principal|--authenticationDatabase)\s[^\n|;&]{0,200}?(?<=\s)(?:-p|--password|-pw)|sqlcmd"
        rf"{_GO}-P|bcp{_GO}-P|isql{_GO}-P|unzip{_GO}-P|zip{_GO}-P|ldap(?:search|modify|add|delete|whoami|passwd){_GO}-w"
        rf"|keytool{_GO}-(?:storepass|keypass|srcstorepass|deststorepass)|jarsigner{_GO}-(?:storepass"
        rf"|keypass))[ =]{{1,3}}",
        *(
            "redis-cli",
            "mongo",
            "login",
            "twine",
            "sqlcmd",
            "bcp",
            "isql",
            "zip",
            "ldap",
            "keytool",
            "jarsigner",
            " -p ",
        ),
        examples=(
            "redis-cli -h cache -a «hunter2-x» ping",
            "docker login registry.corp.example -u ci -p «s3cr3t-ci»",
            "sqlcmd -S db1 -U sa -P «Str0ngSA!»",
            "ldapsearch -D cn=admin,dc=corp -w «ldap-adm1n» -b dc=corp",
            "keytool -list -keystore k.jks -storepass «changeit77»",
            "twine upload -u __token__ -p «abc123def» dist/*",
        ),
        near=("docker run -p 8080:80 nginx", "redis-cli -h cache -p 6379 info", "unzip -P"),
    ),
    _command(
        r"(?:smbclient|rpcclient|smbget|net|mount\.cifs)(?=\s)[^\n|;&]{0,300}?-U\s{0,2}[\"']?[\w.\\@-]{1,60}%",
        "-u",
        examples=("smbclient //fs01/hr -U bob%«Tulip!77»",),
        near=("smbclient //fs01/hr -U bob",),
    ),
    _command(
        r"net\s{1,3}use\s[^\n]{1,200}?/user:[\w.\\@-]{1,60}\s{1,3}",
        "net use",
        examples=("net use Z: \\\\fs01\\share /user:CORP\\bob «P@ssw0rd99»",),
        near=("net use Z: \\\\fs01\\share /user:bob /persistent:yes",),
        value=r"(?P<value>(?!/)[^\s]{3,200})",
    ),
    _command(
        r"(?:xfreerdp|wfreerdp|mstsc|cmdkey|rdesktop|winrs)(?=\s)[^\n]{1,200}?/(?:p|pass|password):",
        *("freerdp", "mstsc", "cmdkey", "rdesktop", "winrs"),
        examples=("xfreerdp /v:host /u:bob /p:«Tulip!77»",),
        near=("xfreerdp /v:host /u:bob",),
    ),
    _command(
        r"(?:openssl|osslsigncode|step)(?=\s)[^\n]{0,300}?[ :]pass:",
        "pass:",
        examples=("openssl pkcs12 -in x.p12 -passin pass:«letmein88» -nodes",),
        near=("openssl rsa -passin env:PASS", "openssl enc -pass pass:$PW"),
    ),
    _command(
        r"(?:echo|printf|<<<)(?:\s{1,3}-[ne]{1,2})?\s{0,3}(?=[^\n|]{3,200}\|\s{0,3}sudo\s[^\n|]{0,40}-S(?![A-Za-z]))",
        "sudo",
        examples=("echo '«sudoPass123»' | sudo -S apt update", "echo «hunter22» | sudo -u app -S id"),
        near=('echo "done" | sudo tee /etc/motd', "echo $PW | sudo -S ls"),
    ),
    _command(
        r"(?:echo|printf)\s{1,3}[\"']?[\w.-]{1,40}:(?=[^\n|]{3,200}\|\s{0,3}(?:sudo\s{1,3})?chpasswd)",
        "chpasswd",
        examples=("echo 'bob:«Tulip!77»' | sudo chpasswd",),
        near=("chpasswd < file",),
        value=r"(?P<value>[^\s\"'|]{3,200})",
    ),
    _command(
        r"(?:rabbitmqctl\s{1,3}(?:-\S{1,40}\s{1,3}){0,3}(?:add_user|change_password)\s{1,3}\S{1,60}"
        r"|htpasswd\s{1,3}-[A-Za-z]{0,5}b[A-Za-z]{0,5}\s{1,3}\S{1,200}\s{1,3}\S{1,60}|useradd"
        r"\s[^\n]{0,200}?-p|svn\s[^\n]{0,200}?--password"
        r"|aws\s{1,3}configure\s{1,3}set\s{1,3}\S{0,60}(?:secret\S{0,40}|token)|npm\s{1,3}config\s{1,3}set"
        r"\s{1,3}\S{0,100}_?(?:authToken|password|_auth)"
        r"|gh\s{1,3}secret\s{1,3}set\s{1,3}\S{1,60}\s{1,3}(?:-b|--body))[ =]{1,3}",
        *("rabbitmqctl", "htpasswd", "useradd", "svn", "configure", "config", "secret"),
        examples=(
            "rabbitmqctl add_user ops «bunny-hop-12»",
            "htpasswd -b .htpasswd bob «snow-owl»",
            "aws configure set aws_secret_access_key «wJalrXUtnFEMI/K7MDENG»",
        ),
        near=("htpasswd -c .htpasswd bob", "rabbitmqctl list_users"),
    ),
    _command(
        r"sqlplus\s{1,3}(?:-[A-Z]\s{1,3})?[\w$#]{1,60}/",
        "sqlplus",
        examples=("sqlplus hr/«Aut0mn_leaf»",),
        near=("sqlplus /nolog", "sqlplus hr@ORCL"),
        value=r"(?P<value>[^\s\"'@/]{3,60})",
    ),
)

STATEMENTS = (
    Row(
        "SECRET",
        rf"(?:IDENTIFIED\s{{1,3}}(?:WITH\s{{1,3}}\w{{1,60}}\s{{1,3}})?(?:BY|AS)\s{{1,3}}(?:PASSWORD\s{{1,3}})?"
        rf"|(?:ALTER|CREATE|SET|WITH|ENCRYPTED)\s(?:[^\n;]{{0,200}}\s)?PASSWORD\s{{0,3}}(?:=|FOR"
        rf"\s[^\n=]{{1,80}}=)?\s{{0,3}}(?:PASSWORD\()?){quoted(3, 200)}",
        0.0,
        (
            "ALTER USER app WITH PASSWORD '«orchid-2025»';",
            "CREATE USER 'etl'@'%' IDENTIFIED BY '«Etl#9921»';",
            "CREATE LOGIN svc WITH PASSWORD = N'«Qu1etNight»', CHECK_POLICY = OFF",
        ),
        ("ALTER TABLE users ADD password varchar(20) DEFAULT 'none'", "CREATE USER x IDENTIFIED BY '<password>'"),
        ("password", "identified"),
        check=quoted_password,
        passed=0.9,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:^|\n|[:,]\s)\s{0,3}(?:[A-Za-z]?[0-9]{1,5}\s)?(?:LOGIN\s\S{1,80}\s|USER\s\S{1,80}\r?\nPASS"
        r"\s)\"?(?P<value>[^\s\"]{3,100})",
        0.0,
        ("a1 LOGIN bob «rosebud7»", "USER bob\nPASS «rosebud7»"),
        ("LOGIN failed for bob", "USER bob\nPASS required"),
        ("login ", "pass "),
        check=mixed_password,
        passed=0.85,
        failed=0.0,
    ),
    Row(  # an option that says what it is, of any program
        "SECRET",
        r"(?<![\w-])--?(?:[a-z]{1,20}-){0,3}(?:password|passwd|pass|passphrase|pwd|requirepass)[ =]{1,3}" + _ARGUMENT,
        0.0,
        ("mongosh --host db1 -u admin --password «m0ng0Adm1n»", "gpg --passphrase '«a goose at dawn»' -d x.gpg"),
        (
            "mysql --password=$MYSQL_PWD -u root",
            "psql --no-password -h db",
            "x --password-file f",
            "add --password to ask",
        ),
        ("pass", "pwd"),
        check=password,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?<![\w-])--?(?:[a-z]{1,20}-){0,3}(?:token|secret|api-?key|auth-?key|access-?key|secret-?key"
        r"|client-?secret|auth)[ =]{1,3}" + _ARGUMENT,
        0.0,
        ("deploy --token «0a1b2c3d4e5f6a7b»", "x --client-secret=«zx81-spectrum-48K» y"),
        ("x --token $TOKEN", "x --secret db-credentials", "--auth basic"),
        ("token", "secret", "key", "auth"),
        check=random_looking,
        passed=0.85,
        failed=0.0,
        flags=_I,
    ),
)

COMMANDS: tuple[Row, ...] = (*_OPTIONS, *STATEMENTS)
