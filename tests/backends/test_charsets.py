import pytest

from guard.backends.charsets import decode
from guard.errors import RequestError

KOREAN = "고객 명단: 홍길동, 서울특별시 강남구. 계약은 내년 봄에 끝난다."
JAPANESE = "顧客名簿：田中太郎、東京都港区。契約は来年の春に終わります。カタカナも。"
LATIN = "Liste des clients : Hélène Müller, à l’été, 40 €."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, encoding) for text in (KOREAN, JAPANESE, LATIN) for encoding in ("utf-8", "utf-8-sig", "utf-16")]
    + [(KOREAN, "cp949"), (KOREAN, "euc-kr"), (JAPANESE, "shift_jis"), (JAPANESE, "cp932"), (JAPANESE, "euc-jp")]
    + [
        ("田中太郎,東京都港区,鈴木商事", "cp932"),
        ("Müller, Straße 5\nPérez, année\nGößl", "cp1252"),
        ("카페 résumé", "utf-8"),
    ]
    + [(LATIN, "cp1252"), ("plain", "ascii"), ("", "ascii")],
)
def test_the_encoding_is_told(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\1\2\3", bytes(range(128, 256)), b"\xff\xfea", KOREAN.encode("johab")],
)
def test_what_is_no_text_is_refused(data):
    with pytest.raises(RequestError, match="Save it as UTF-8"):
        decode(data)
