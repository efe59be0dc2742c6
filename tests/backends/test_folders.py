import os
import stat

import pytest

from guard.backends import arrays, folders
from guard.backends.fingerprints import ConfidentialText, load
from guard.errors import ConfigError
from tests.backends.test_extract import docx, pdf, says
from tests.prose import edited, prose


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "documents"
    (place / "more").mkdir(parents=True)
    (place / "plan.txt").write_text(prose("en", 1))
    (place / "more" / "계획.md").write_text(prose("ko", 1), encoding="cp949")
    (place / "more" / "計画.txt").write_text(prose("ja", 1), encoding="shift_jis")
    return place


def build(folder, **options):
    index = folder.parent / "index"
    said = []
    return folders.build(folder, index, said.append, **options), index, said


def found(index, text):
    return sorted({name for _, name in load(index).explain(text)})


def test_documents_are_recognised_by_name(folder):
    report, index, said = build(folder)
    assert sorted(report.new) == ["more/計画.txt", "more/계획.md", "plan.txt"]
    assert len(said) == 3
    assert found(index, f"Shorten: {edited(prose('en', 1)[300:500], 0.03, 'en', 1)}") == ["plan.txt"]
    assert found(index, prose("ko", 1)[100:300]) == ["more/계획.md"]
    assert found(index, prose("ja", 1)[100:300]) == ["more/計画.txt"]
    assert found(index, prose("en", 2)) == []


def test_pdf_and_docx_are_read(folder):
    lines = prose("en", 5).split(". ")
    (folder / "a.pdf").write_bytes(pdf(*(says(line) for line in lines)))
    (folder / "b.docx").write_bytes(docx(f"<w:p><w:r><w:t>{prose('ko', 6)}</w:t></w:r></w:p>"))
    (folder / "c.html").write_text(f"<p>{prose('en', 7)}</p>")
    report, index, _ = build(folder)
    assert report.unreadable == {}
    assert found(index, prose("en", 5)[200:400]) == ["a.pdf"]
    assert found(index, prose("ko", 6)[200:400]) == ["b.docx"]
    assert found(index, prose("en", 7)[200:400]) == ["c.html"]


def test_the_recognizer_has_the_usual_shape(folder):
    _, index, _ = build(folder)
    recognizer = load(index)
    assert isinstance(recognizer, ConfidentialText)
    assert (recognizer.supported_entities, recognizer.supported_language) == (["CONFIDENTIAL_TEXT"], "*")
    text = f"Look: {prose('en', 1)[:400]}"
    (result,) = recognizer.analyze(text, ["CONFIDENTIAL_TEXT"], None)
    assert (result.entity_type, result.start, result.score > 0.9) == ("CONFIDENTIAL_TEXT", 6, True)
    assert recognizer.analyze(text, ["PERSON"]) == []


def test_only_what_changed_is_read_again(folder):
    _, index, _ = build(folder)
    before = load(index).version
    report, _, said = build(folder)
    assert (said, report.new, report.changed, report.removed) == ([], (), (), ())
    assert load(index).version != before
    os.utime(folder / "plan.txt", (1, 1))  # the same bytes at another time
    assert build(folder)[2] == []
    (folder / "plan.txt").write_text(prose("en", 3))
    (folder / "more" / "계획.md").unlink()
    (folder / "new.txt").write_text(prose("en", 4))
    report, _, said = build(folder)
    assert (report.new, report.changed, report.removed) == (("new.txt",), ("plan.txt",), ("more/계획.md",))
    assert len(said) == 2
    assert found(index, prose("en", 1)) == []
    assert found(index, prose("ko", 1)) == []
    assert found(index, prose("en", 3)) == ["plan.txt"]
    assert found(index, prose("ja", 1)) == ["more/計画.txt"]


def test_an_index_brought_up_to_date_equals_a_new_one(folder, tmp_path):
    footer = prose("en", 90, 4)
    (folder / "a.txt").write_text(f"{prose('en', 10)} {footer}")
    build(folder)
    (folder / "b.txt").write_text(f"{prose('en', 11)} {footer}")
    report, index, _ = build(folder)
    fresh = folders.build(folder, tmp_path / "fresh", lambda _: None)
    for updated, new in zip(report.entries, fresh.entries, strict=True):  # whose keys differ, and so what is kept
        assert (updated.name, updated.role) == (new.name, new.role)
        assert (updated.count, updated.own) == (pytest.approx(new.count, 0.1), pytest.approx(new.own, 0.1))
    assert found(index, footer) == []
    (folder / "b.txt").unlink()
    build(folder)
    assert found(index, footer) == ["a.txt"]


def test_words_of_a_template_are_no_alarm(folder):
    def filled(seed):
        return " ".join(f"{prose('en', 900 + i, 4)} {prose('en', 100 * seed + i, 3)}" for i in range(4))

    for seed in (1, 2, 3):
        (folder / f"form {seed}.txt").write_text(filled(seed))
    _, index, _ = build(folder)
    assert found(index, filled(9)) == []
    assert found(index, filled(2)) == ["form 2.txt"]


def test_boilerplate_of_ones_own_is_remembered(folder, tmp_path):
    ignored = tmp_path / "ignored"
    ignored.mkdir()
    (ignored / "terms.txt").write_text(prose("en", 1)[:1_000])
    _, index, _ = build(folder)
    assert found(index, prose("en", 1)[200:600]) == ["plan.txt"]
    for options in ({"ignore": ignored}, {}):
        build(folder, **options)
        assert found(index, prose("en", 1)[200:600]) == []
        assert found(index, prose("en", 1)[1_200:1_600]) == ["plan.txt"]
    assert [e.name for e in folders.entries(index) if e.role == "ignored"] == ["terms.txt"]


def test_boilerplate_that_comes_with_guard_is_ignored(folder):
    common = (
        "If you have received this email in error, please notify the sender by reply and delete it from your system.",
        "본 메일을 잘못 수신하신 경우 즉시 발신인에게 알려 주시고 본 메일과 첨부 파일을 삭제하여 주시기 바랍니다.",
        "誤って受信された場合は、直ちに送信者へご連絡いただくとともに、本メールおよび添付ファイルを削除してください",
    )
    (folder / "mail.txt").write_text(f"{prose('en', 20)} {' '.join(common)}")
    _, index, _ = build(folder)
    assert [found(index, text) for text in common] == [[], [], []]
    assert found(index, prose("en", 20)) == ["mail.txt"]


def test_what_cannot_be_read_is_told_and_the_rest_is_kept(folder):
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (folder / "locked.pdf").write_bytes(b"%PDF-1.7 nonsense")
    (folder / "short.txt").write_text("x")
    for ignored in (".hidden", "~$lock.docx", "Thumbs.db"):
        (folder / ignored).write_bytes(b"\0")
    report, index, _ = build(folder)
    assert sorted(report.unreadable) == ["locked.pdf", "logo.png", "short.txt"]
    assert all(reason.endswith(".") for reason in report.unreadable.values())
    assert found(index, prose("en", 1)) == ["plan.txt"]


def test_an_encrypted_pdf_says_so(folder):
    encrypted = pdf(says("x"), objects=(b"<</Filter/Standard/V 1/R 2/P -4/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")>>",),
                    trailer=b"/Encrypt 4 0 R/ID[(0123456789abcdef)(0123456789abcdef)]")  # fmt: skip
    (folder / "secret.pdf").write_bytes(encrypted)
    report, _, _ = build(folder)
    assert "encrypted" in report.unreadable["secret.pdf"]


def test_a_file_that_became_unreadable_keeps_its_fingerprints(folder):
    build(folder)
    (folder / "plan.txt").write_bytes(b"\0\0\0")
    report, index, _ = build(folder)
    assert list(report.unreadable) == ["plan.txt"]
    assert found(index, prose("en", 1)) == ["plan.txt"]


def test_documents_without_text_of_their_own_are_told(folder):
    for number in range(4):
        (folder / f"draft {number}.txt").write_text(f"{prose('en', 30, 60)} {prose('en', 40 + number, 3)}")
    report, _, _ = build(folder)
    assert [e.name for e in report.entries if e.little] == [f"draft {number}.txt" for number in range(4)]
    report, index, _ = build(folder, shared_from=0)
    assert not any(e.little for e in report.entries)
    assert "draft 2.txt" in found(index, prose("en", 30, 60))


@pytest.mark.parametrize("content", ["", "\0"])
def test_a_folder_with_nothing_to_read_is_refused(tmp_path, content):
    place = tmp_path / "empty"
    place.mkdir()
    if content:
        (place / "x.bin").write_text(content)
    with pytest.raises(ConfigError, match=str(place)):
        folders.build(place, tmp_path / "index", lambda _: None)
    with pytest.raises(ConfigError, match="is no folder"):
        folders.build(tmp_path / "nowhere", tmp_path / "index", lambda _: None)
    assert not (tmp_path / "index").exists()


def test_an_index_of_something_else_is_not_overwritten(folder, tmp_path):
    arrays.write(tmp_path / "index", {"kind": "rows"}, {})
    with pytest.raises(ConfigError, match="holds no documents"):
        build(folder)
    with pytest.raises(ConfigError, match="holds no documents"):
        folders.entries(tmp_path / "index")
    (tmp_path / "index").write_text("my own notes, and no index at all")
    with pytest.raises(ConfigError, match="was not made by"):
        build(folder)


def test_nothing_of_a_document_can_be_read_in_the_index(folder):
    _, index, _ = build(folder)
    data = index.read_bytes()
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    for word in prose("en", 1).split()[:50] + prose("ko", 1).split()[:50]:
        if len(word) > 4:
            assert word.encode() not in data
