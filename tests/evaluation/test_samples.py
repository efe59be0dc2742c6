"""What an evaluation set is made of."""

import pytest

from guard.evaluation.samples import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Call me tomorrow.", "en"),
        ("", "en"),
        ("내일 S3 비용 알려줘", "ko"),
        ("明日のS3の費用", "ja"),
        ("東京都港区", "ja"),
        ("カタカナ is one word for 한글 and 조선글", "ko"),
    ],
)
def test_the_letters_speak_for_a_language(text: str, language: str) -> None:
    assert language_of(text) == language
