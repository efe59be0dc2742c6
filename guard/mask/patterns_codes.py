"""Rows for one-time codes, PINs and backup codes in English, Korean and Japanese."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import code_number, digits_in
from guard.mask.rows import Row

_I = re.IGNORECASE
_OPEN = r"[\"'`“‘「『\[(*]{0,2}"
_KO = r"(?:비밀\s?번호|비번|패스워드|암호(?!화)|패스\s?코드|핀\s?번호|핀\s?코드|PIN\s?번호|パスコード)"
_KO_PARTICLE = r"(?:가|는|은|를|을|도|이|란|로는|만)?"
_JA = r"(?:パスワード|パスフレーズ|パスコード|暗証番号|合言葉|合い言葉|(?<=[ののは、。\s])パス|密码|密碼|口令)"
_JA_PARTICLE = r"(?:には|とは|は|が|を|も|に|で|是|为|為|\s)?"
_JA_MORE = r"(?:\s?(?:今|現在|たしか|多分|いつも|全部|次の通り|以下|こちら|変更しました|です|4桁の|四桁の|数字の))?"
_CODE_KO = r"(?:(?:인증|보안|확인)\s?(?:번호|코드)|OTP(?:\s?번호)?|일회용\s?(?:비밀번호|암호)|승인\s?번호)"
_CODE_JA = (
    r"(?:(?:認証|確認|セキュリティ|ログイン|検証)(?:コード|番号)"
    r"|ワンタイム(?:パスワード|コード|パス)|暗証番号|验证码|PIN(?:コード)?)"
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
        r"(?:(?:backup|recovery|scratch|rescue|2fa|emergency) codes?|(?:백업|복구) ?코드"
        r"|(?:バックアップ|リカバリー|復旧)コード)(?:는|은|は)?"
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
