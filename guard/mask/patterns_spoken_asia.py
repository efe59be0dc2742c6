"""Rows for secrets that people tell in Korean, Japanese and Chinese sentences."""

from __future__ import annotations

import re

from guard.mask.checks_secrets import (
    bracketed_password,
    login_password,
    random_looking,
    spoken_password,
)
from guard.mask.rows import Row

_I = re.IGNORECASE
_HEX = "0a1b2c3d4e5f6a7b"
_OPEN = r"[\"'`“‘「『\[(*]{0,2}"
_ASCII = r"(?P<value>[!#-&(-+\--;=?-Z\\^-~]{4,100}?)"
_END = r"""(?=[.,;:?)\]]{0,3}(?:[\s"'`,」』”’]|$|[^\x00-\x7f]))"""

# After a Korean or Japanese word a particle may follow, and a value in letters of the language stands in brackets or
# holds digits; what is then glued to it is grammar.
_KO = r"(?:비밀\s?번호|비번|패스워드|암호(?!화)|패스\s?코드|핀\s?번호|핀\s?코드|PIN\s?번호|パスコード)"
_KO_PARTICLE = r"(?:가|는|은|를|을|도|이|란|로는|만)?"
_KO_MORE = (
    r"(?:\s?(?:바꿨어|바꿨음|변경|바뀜|설정|알려줄게|알려드림|여기|지금|현재"
    r"|원래|새|바로|다음과 같음|그냥|아마|아직|이거|이건|임시로|전부|모두|다))?"
)
_KO_QUOTED = r"[\"'`“‘「『\[(](?P<value>[^\"'`”’」』\])\n]{2,60})[\"'`”’」』\])]"
_KO_MIXED = (
    r"(?P<value>[가-힣]{1,20}[0-9!@#$%^&*_-]{1,20}[!-~]{0,20}?)(?=[.,!?]{0,3}(?:\s|$|입니다|이에요|예요|이야|야|로|으로|임"
    r"|이고|인데|라고|이라고|가|는|을|를))"
)
_JA = r"(?:パスワード|パスフレーズ|パスコード|暗証番号|合言葉|合い言葉|(?<=[ののは、。\s])パス|密码|密碼|口令)"
_JA_PARTICLE = r"(?:には|とは|は|が|を|も|に|で|是|为|為|\s)?"
_JA_MORE = r"(?:\s?(?:今|現在|たしか|多分|いつも|全部|次の通り|以下|こちら|変更しました|です|4桁の|四桁の|数字の))?"

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
        check=bracketed_password,
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
        check=bracketed_password,
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
