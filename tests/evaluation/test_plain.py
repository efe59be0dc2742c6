"""Presidio as it comes: with what it finds and misses, and with its Korean recognizers for Korean alone."""

from guard.evaluation.plain import plain_presidio


def test_presidio_as_it_comes() -> None:
    find = plain_presidio()
    text = "My name is Alice Meyer, mail alice.meyer@example.com"
    assert {(11, 22, "PERSON"), (29, 52, "EMAIL_ADDRESS")} <= set(find(text, "en"))
    number = "900101-2345671"
    assert any(entity == "KR_RRN" for _, _, entity in find(f"주민번호 {number} 입니다", "ko"))
    assert not any(entity == "KR_RRN" for _, _, entity in find(f"Number {number} here", "en"))
