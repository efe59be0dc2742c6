"""Rows for secrets that people tell in sentences, in English, Korean, Japanese and a few words of other languages."""

from __future__ import annotations

import re

from guard.mask.checks import (
    code_number,
    digits_in,
    japanese_password,
    korean_password,
    login_password,
    lone_password,
    mixed_password,
    password,
    password_or_pin,
    quoted_password,
    random_looking,
    spoken_password,
)
from guard.mask.rows import Row
from guard.mask.secret_forms import bare

_I = re.IGNORECASE
_HEX = "0a1b2c3d4e5f6a7b"
_OPEN = r"[\"'`“‘「『\[(*]{0,2}"

_EN = (
    r"(?<![A-Za-z])(?:[a-z-]{0,20}password|pass ?phrase|passcode|pass ?word|passwd|pwd|pw|log-?in code"
    r"|kennwort|passwort|mot de passe|contraseña|contrasena|senha|wachtwoord)"
)
_SAYS = (
    r"(?:(?: is|'s| was|: is| =|:| ?[–—→-]| now is| will be| has been (?:set|changed|reset) to| is set to"
    r"| set to| changed to"
    r"| ist| est| es| é|:|=)[ \t]{1,3}| ?[=→] ?)"
)
_ASCII = r"(?P<value>[!#-&(-+\--;=?-Z\\^-~]{4,100}?)"
_END = r"""(?=[.,;:?)\]]{0,3}(?:[\s"'`,」』”’]|$|[^\x00-\x7f]))"""

# After a Korean or Japanese word a particle may follow, and a value in letters of the language stands in brackets or
# holds digits; what is then glued to it is grammar.
_KO = r"(?:비밀\s?번호|비번|패스워드|암호(?!화)|패스\s?코드|핀\s?번호|핀\s?코드|PIN\s?번호|パスコード)"
_KO_PARTICLE = r"(?:가|는|은|를|을|도|이|란|로는|만)?"
_KO_MORE = r"(?:\s?(?:바꿨어|바꿨음|변경|바뀜|설정|알려줄게|알려드림|여기|지금|현재|원래|새|바로|다음과 같음|그냥|아마|아직|이거|이건|임시로|전부|모두|다))?"
_KO_QUOTED = r"[\"'`“‘「『\[(](?P<value>[^\"'`”’」』\])\n]{2,60})[\"'`”’」』\])]"
_KO_MIXED = (
    r"(?P<value>[가-힣]{1,20}[0-9!@#$%^&*_-]{1,20}[!-~]{0,20}?)(?=[.,!?]{0,3}(?:\s|$|입니다|이에요|예요|이야|야|로|으로|임"
    r"|이고|인데|라고|이라고|가|는|을|를))"
)
_JA = r"(?:パスワード|パスフレーズ|パスコード|暗証番号|合言葉|合い言葉|(?<=[ののは、。\s])パス|密码|密碼|口令)"
_JA_PARTICLE = r"(?:には|とは|は|が|を|も|に|で|是|为|為|\s)?"
_JA_MORE = r"(?:\s?(?:今|現在|たしか|多分|いつも|全部|次の通り|以下|こちら|変更しました|です|4桁の|四桁の|数字の))?"
_CODE_KO = r"(?:인증\s?(?:번호|코드)|보안\s?(?:번호|코드)|확인\s?(?:번호|코드)|OTP(?:\s?번호)?|일회용\s?(?:비밀번호|암호)|승인\s?번호)"
_CODE_JA = r"(?:(?:認証|確認|セキュリティ|ログイン|検証|本人確認)(?:コード|番号)|ワンタイム(?:パスワード|コード|パス)|暗証番号|验证码|PIN(?:コード)?)"

ENGLISH = (
    Row(
        "SECRET",
        rf"{_EN}(?: (?:for|to|of|on|at|in) [^\n.,:;]{{1,60}}?)?{_SAYS}(?:(?:now|still|just|simply|currently) )?{_OPEN}"
        rf"(?:{bare(4)})",
        0.0,
        (
            "My password is «hunter2».",
            "the password for the staging server is «Tr0ub4dor&3», thanks",
            'password is "«correct-horse»"',
            "passphrase: «open-sesame»",
            "the wifi password is «swordfish»",
            "Mein Passwort ist «Sommer2024!»",
            "temp password for new joiners - «Welcome@2025»",
        ),
        (
            "The password is incorrect.",
            "A password is required for this page",
            "The password was changed yesterday",
            "the PIN is not shown",
            "Password: ********",
            "le mot de passe est obligatoire",
            "Passwort vergessen? Hier klicken.",
        ),
        (
            "passw",
            "passph",
            "passc",
            "pass word",
            "pass ph",
            "pwd",
            "pw",
            "pin",
            "kennwort",
            "passe",
            "contrase",
            "senha",
            "wachtwoord",
        ),
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

CODES = (
    Row(
        "SECRET",
        r"(?:(?:verification|security|log-?in|sign-?in|access|confirmation|one[- ]time|auth(?:entication"
        r"|orization)?|2fa|mfa|two-factor|door|gate|entry"
        r"|alarm|unlock|pairing|safe|lock(?:box)?|building|garage|activation|reset) (?:pass)?(?:code|pin)"
        r"|one[- ]time (?:password|passcode)"
        r"|OTP|TOTP|passcode|PIN(?: (?:code|number))?)(?: (?:for|to|of|is for) [^\n.,:;]{1,40}?)?"
        r"(?:'s| is| was|:| =| -| –)?(?: now| currently)?:?[ \t]{1,3}[\"'`“(\[]?(?P<value>"
        r"(?:[A-Z]-)?[0-9](?:[ -]?[0-9]){3,9}[#*]?)(?![0-9A-Za-z])",
        0.0,
        (
            "your verification code is «482913»",
            "OTP: «553 201»",
            "the door code is «7733#»",
            "My PIN is «48210»",
            "Your PIN is «4821».",
            "Google verification code: «G-482913»",
        ),
        ("The verification code is not arriving", "error code: 500", "zip code 90210", "pin 12", "OTP in 2024"),
        ("code", "pin", "otp", "one-time", "one time"),
        check=code_number,
        passed=0.75,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?<![0-9A-Za-z.-])(?P<value>(?:[A-Z]-)?[0-9]{4,8}) is (?:your|the|my) (?:[\w-]{1,20} ){0,3}"
        r"(?:code|passcode|PIN|OTP)(?![A-Za-z])",
        0.0,
        ("«729104» is your Acme login code.", "«4821» is my PIN"),
        ("90210 is the zip code", "2024 is the product code", "404 is the status code"),
        ("code", "pin", "otp"),
        check=code_number,
        passed=0.75,
        failed=0.0,
        against=("zip", "status", "product", "area", "country", "postal", "error", "dial"),
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_CODE_KO}{_KO_PARTICLE}\s{{0,2}}[:=]?\s{{0,2}}{_OPEN}(?P<value>[0-9](?:[ -]?[0-9]){{3,7}})"
        rf"(?![0-9])(?!\s?(?:자리|회|분|초|번))",
        0.0,
        ("인증번호 [«482913»]를 입력", "인증 번호는 «90211» 입니다", "OTP 번호 «339201» 알려줬어"),
        ("인증번호가 안 와요", "인증번호 6자리를 입력", "OTP 2024년"),
        ("인증", "보안", "확인", "otp", "일회용", "승인"),
        check=code_number,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_CODE_JA}{_JA_PARTICLE}{_JA_MORE}\s{{0,2}}[:=]?\s{{0,2}}{_OPEN}(?P<value>(?:[A-Z]-)?[0-9]"
        rf"(?:[ -]?[0-9]){{3,7}})(?![0-9])(?!\s?(?:桁|回|分|秒|件|文字))",
        0.0,
        ("認証コード:«582014»", "ワンタイムパスワード «447102» を入力", "暗証番号は4桁の«1234»です"),
        ("認証コードが届きません", "暗証番号は4桁の数字です"),
        ("コード", "番号", "ワンタイム", "验证码", "pin"),
        check=code_number,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:(?:backup|recovery|scratch|rescue|2fa|emergency) codes?|(?:백업|복구) ?코드|(?:バックアップ|リカバリー|復旧)コード)(?:는|은|は)?"
        r"(?: (?:is|are))?[\s:=「\"'`]{1,4}(?P<value>[0-9A-Za-z]{4,10}(?:[ -]?[0-9A-Za-z]{4,10})?"
        r"(?:[\s,]{1,3}[0-9A-Za-z]{4,6}-?[0-9A-Za-z]{4,6}){0,20})",
        0.0,
        ("backup codes: «4821-9930 1177-2046 8830-5512»", "복구 코드는 «a1b2c-3d4e5» 입니다"),
        ("keep the backup codes in a safe place", "recovery codes: see the manual"),
        ("code", "코드", "コード"),
        check=digits_in,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)

_KO_NEEDS = ("비밀", "비번", "패스", "암호", "핀", "pin")
_JA_NEEDS = ("パス", "暗証", "合言葉", "合い言葉", "密码", "密碼", "口令")

KOREAN = (
    Row(
        "SECRET",
        rf"{_KO}{_KO_PARTICLE}{_KO_MORE}\s{{0,2}}[:=→-]{{0,2}}\s{{0,3}}{_OPEN}{_ASCII}{_END}(?!\s?(?:자리|자 |회"
        rf"|일|개월|번|글자|자 이상|분|년))",
        0.0,
        (
            "제 비밀번호는 «abcd1234!»입니다.",
            "비번 «qwer1234»로 바꿨어요",
            "비밀번호: «P@ssw0rd»",
            "암호는 «tiger77» 이에요",
            "비밀번호 바꿨어: «newpass_77»",
            "현관 비밀번호 «3982*» 누르고 들어오세요",
        ),
        (
            "비밀번호는 required 입니다",
            "비밀번호를 잊어버렸어요",
            "암호화폐 시세",
            "비밀번호는 8자 이상",
            "비밀번호는 90일마다",
            "비밀번호 ********",
        ),
        _KO_NEEDS,
        check=spoken_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_KO}{_KO_PARTICLE}{_KO_MORE}\s{{0,2}}[:=→-]{{0,2}}\s{{0,3}}(?:{_KO_QUOTED})",
        0.0,
        ("암호는 '«사과나무2024»'로 설정했습니다", "비밀번호는 「«열려라 참깨»」야"),
        ("비밀번호는 <여기에 입력>", "비밀번호 (필수)", "비밀번호는 '필수'입니다", "비밀번호(영문 8자 이상)"),
        _KO_NEEDS,
        check=korean_password,
        passed=0.75,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_KO}{_KO_PARTICLE}\s{{0,2}}[:=→-]{{0,2}}\s{{0,3}}{_KO_MIXED}",
        0.7,
        ("비밀번호는 «사과나무2024»입니다", "비번: «나비7788»"),
        ("비밀번호는 영문, 숫자를 포함", "비밀번호는 최소 8자"),
        _KO_NEEDS,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"(?<![0-9A-Za-z])(?P<value>[!-~]{{5,60}}?)(?:이|가|이게|는|은)?\s{{1,2}}(?:(?:이게|제|내|우리|그|새|현재|지금)"
        rf"\s?){{0,2}}{_KO}(?:야|이야|임|입니다|이에요|예요|에요|인데|이고|였어|라고|거든)",
        0.0,
        ("«qwer1234!»가 내 비밀번호야", "«tiger#77» 이게 비번임"),
        ("example.com이 내 비밀번호 관리자", "그게 비밀번호야"),
        _KO_NEEDS,
        check=login_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        r"(?:API\s?키|api\s?key(?![A-Za-z_])|액세스\s?(?:키|토큰)|시크릿(?:\s?키)?|비밀\s?키|인증\s?(?:키|토큰)|토큰|보안\s?키)(?:값)?(?:는|은|가|이|를|도)?"
        rf"\s{{0,3}}[:=]?\s{{0,3}}{_OPEN}(?P<value>[!#-&(-+\--~]{{8,300}}?){_END}",
        0.0,
        (f"API 키는 «{_HEX}»입니다", f"시크릿은 «{_HEX}»야"),
        ("토큰은 tokenizer 에서", "토큰은 1000개 단위로"),
        ("키", "토큰", "시크릿", "api key"),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)

JAPANESE = (
    Row(
        "SECRET",
        rf"{_JA}{_JA_PARTICLE}{_JA_MORE}\s{{0,2}}[:=→-]{{0,2}}\s{{0,3}}{_OPEN}{_ASCII}{_END}(?!\s?(?:文字|桁|回"
        rf"|日|件|分|ヶ月|か月))",
        0.0,
        (
            "パスワードは«hunter2»です",
            "暗証番号: «4821»",
            "パスワード「«Abc-9981»」",
            "Wi-Fiのパスは «guest-wifi-8» だよ",
            "我的密码是«woaini520»",
        ),
        (
            "パスワードを忘れました",
            "パスワードは required です",
            "パスワードは8文字以上",
            "暗証番号を3回間違える",
            "密码是必填项",
        ),
        _JA_NEEDS,
        check=spoken_password,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
    Row(
        "SECRET",
        rf"{_JA}{_JA_PARTICLE}{_JA_MORE}\s{{0,2}}[:=→-]{{0,2}}\s{{0,3}}[「『\"“](?P<value>[^「」『』\"“”\n]{{2,60}})[」』\"”]",
        0.0,
        ("合言葉は「«ひらけごま»」", "初期パスワードは「«Welcome#01»」です"),
        ("パスワードは「必須」です", "パスワード「8文字以上」"),
        _JA_NEEDS,
        check=japanese_password,
        passed=0.75,
        failed=0.0,
    ),
    Row(
        "SECRET",
        rf"(?<![0-9A-Za-z])(?P<value>[!-~]{{5,60}}?)\s?(?:が|は|というのが)(?:私の|僕の|弊社の|この|その|新しい|現在の"
        rf"|[ァ-ヶー一-龠]{{0,8}}の)?{_JA}(?:です|だ|になります|でした|なんです)",
        0.0,
        ("«hunter2!» がサーバーのパスワードです",),
        ("example.comがパスワードです",),
        _JA_NEEDS,
        check=login_password,
        passed=0.8,
        failed=0.0,
    ),
    Row(
        "SECRET",
        r"(?:トークン|アクセス(?:キー|トークン)|APIキー|シークレット(?:キー)?|秘密鍵|密钥|(?<![ァ-ヶー])キー)(?:は|が|を|も|是)?"
        rf"\s{{0,3}}[:=]?\s{{0,3}}{_OPEN}(?P<value>[!#-&(-+\--~]{{8,300}}?){_END}",
        0.0,
        ("トークンは«zx81-spectrum-48K»です", f"シークレットキー:«{_HEX}»"),
        ("トークンの有効期限は24時間", "キーはcustomer_nameです"),
        ("トークン", "キー", "シークレット", "秘密鍵", "密钥"),
        check=random_looking,
        passed=0.8,
        failed=0.0,
        flags=_I,
    ),
)

SPOKEN: tuple[Row, ...] = (*ENGLISH, *CODES, *KOREAN, *JAPANESE)
