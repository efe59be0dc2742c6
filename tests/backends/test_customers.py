import stat

import pytest

from guard.backends import customers
from guard.backends.fingerprints import CustomerRecords, key_file, load
from guard.errors import ConfigError

HEAD = ("name", "birthday", "account", "mail", "city")
ROWS = [
    ("홍길동", "1985-03-12", "110-123-456789", "gildong@example.com", "Seoul"),
    ("田中 太郎", "1979-11-02", "220-987-654321", "taro@example.co.jp", "Seoul"),
    ("Alice Meyer", "1990-01-31", "330-555-000111", "alice@example.org", "Seoul"),
    *((f"Ada {a}{b}ster", f"19{60 + a}-0{b}-11", f"4{a}0-{b}{a}{b}-77{a}1{b}9", f"ada{a}{b}@example.net", "Seoul")
      for a in range(9) for b in range(1, 9)),
]  # fmt: skip


def write(path, rows=ROWS, head=HEAD, delimiter=",", encoding="utf-8", end="\n"):
    lines = [delimiter.join(row) for row in ([head] if head else []) + list(rows)]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def build(tmp_path, **options):
    index = tmp_path / "index"
    return customers.build(tmp_path / "list.csv", index, lambda _: None, **options), index


def found(index, text):
    return [text[r.start : r.end] for r in load(index).analyze(text)]


def test_customers_are_recognised_by_two_cells(tmp_path):
    write(tmp_path / "list.csv")
    report, index = build(tmp_path)
    assert (report.columns, report.rows, report.lonely) == (("name", "birthday", "account", "mail"), len(ROWS), 0)
    assert found(index, "홍길동님은 1985년 3월 12일생") == ["홍길동", "1985년 3월 12일"]
    assert found(index, "田中太郎様、口座220-987-654321") == ["田中太郎", "220-987-654321"]
    assert found(index, "홍길동님과 Alice Meyer in Seoul") == []


def test_the_recognizer_has_the_usual_shape(tmp_path):
    write(tmp_path / "list.csv")
    recognizer = load(build(tmp_path)[1])
    assert isinstance(recognizer, CustomerRecords)
    assert (recognizer.supported_entities, recognizer.supported_language) == (["CUSTOMER"], "*")
    text = "Alice Meyer, alice@example.org"
    assert [(r.entity_type, r.start) for r in recognizer.analyze(text, ["CUSTOMER"], None)] == [
        ("CUSTOMER", 0),
        ("CUSTOMER", 13),
    ]
    assert recognizer.analyze(text, ["PERSON"]) == []
    assert [name for _, name in recognizer.explain(text)] == ["", ""]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949", "shift_jis"])
def test_delimiter_and_encoding_are_guessed(tmp_path, delimiter, encoding):
    rows = [row for row in ROWS if not (encoding == "cp949" and "太" in row[0])]
    rows = [row for row in rows if not (encoding == "shift_jis" and "홍" in row[0])]
    if encoding == "shift_jis":
        rows += [("さくら商事", "2001-04-01", "550-111-222333", "sakura@example.jp", "Seoul")]
    write(tmp_path / "list.csv", rows, delimiter=delimiter, encoding=encoding, end="\r\n")
    listed = customers.read(tmp_path / "list.csv")
    assert (listed.columns, len(listed.rows)) == (HEAD, len(rows))
    _, index = build(tmp_path)
    if encoding == "shift_jis":
        assert found(index, "さくら商事様 550-111-222333") == ["さくら商事", "550-111-222333"]
    else:
        assert found(index, "홍길동님 110-123-456789") == ["홍길동", "110-123-456789"]


def test_quoted_cells_are_cells(tmp_path):
    (tmp_path / "list.csv").write_text('name,mail\n"Meyer, Alice",alice@example.org\n"He said ""x""",b@example.org\n')
    listed = customers.read(tmp_path / "list.csv")
    assert listed.rows[0][0] == ("meyeralice", "alicemeyer")
    assert listed.rows[1][0] == ("hesaidx",)


def test_a_list_without_names_of_columns(tmp_path):
    write(tmp_path / "list.csv", head=())
    report, index = build(tmp_path, columns=["1", "3"])
    assert (report.columns, report.rows) == (("1", "3"), len(ROWS))
    assert found(index, "홍길동 110-123-456789") == ["홍길동", "110-123-456789"]


def test_columns_can_be_chosen(tmp_path):
    write(tmp_path / "list.csv")
    report, index = build(tmp_path, columns=["Name", "city"])
    assert report.columns == ("name", "city")
    assert report.lonely == len(ROWS)  # a city of all customers says nothing
    assert found(index, "홍길동 Seoul") == []
    with pytest.raises(ConfigError, match="has no column 'nme'"):
        build(tmp_path, columns=["nme"])


def test_cells_that_are_enough_alone(tmp_path):
    write(tmp_path / "list.csv", [*ROWS, ("X Ypsilon", "2000-01-01", "1234", "x@example.com", "Seoul")])
    report, index = build(tmp_path, alone=["mail", "account"])
    assert report.alone > len(ROWS)
    assert report.weak == 1  # the account 1234
    assert found(index, "Mail taro@example.co.jp about 330555000111") == ["taro@example.co.jp", "330555000111"]
    assert found(index, "1234 and 홍길동") == []
    assert found(index, "X Ypsilon has 1234") == ["X Ypsilon", "1234"]


def test_three_cells(tmp_path):
    write(tmp_path / "list.csv")
    _, index = build(tmp_path, cells=3)
    assert found(index, "홍길동 1985-03-12") == []
    assert len(found(index, "홍길동 1985-03-12 gildong@example.com")) == 3


def test_no_value_is_in_the_files_and_the_key_is_apart(tmp_path):
    write(tmp_path / "list.csv")
    _, index = build(tmp_path, alone=["mail"])
    key = key_file(index)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (index, key)} == {0o600}
    data = index.read_bytes()
    assert key.read_bytes() not in data
    for row in ROWS:
        for cell in row[:4]:
            for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
                assert cell.encode(encoding) not in data
                assert cell.replace("-", "").encode(encoding) not in data


def test_a_rebuilt_index_keeps_its_key_and_forgets_who_left(tmp_path):
    write(tmp_path / "list.csv")
    _, index = build(tmp_path)
    key = key_file(index).read_bytes()
    write(tmp_path / "list.csv", ROWS[1:])
    build(tmp_path)
    assert key_file(index).read_bytes() == key
    assert found(index, "홍길동 1985-03-12") == []
    assert len(found(index, "田中太郎 1979-11-02")) == 2


def test_a_key_that_is_wrong_missing_or_open_is_refused(tmp_path):
    write(tmp_path / "list.csv")
    _, index = build(tmp_path)
    key = key_file(index)
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(index)
    key.chmod(0o600)
    key.write_bytes(bytes(32))
    with pytest.raises(ConfigError, match="is not the key of index"):
        load(index)
    key.write_bytes(b"short")
    with pytest.raises(ConfigError, match="is no key"):
        load(index)
    key.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(index)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no rows"),
        (b"name,mail\n", "holds no rows but its first"),
        (b"\0\0\1", "Save it as UTF-8"),
        (b"city\nSeoul\nSeoul\n", "columns hold rare values"),
        (b'name,mail\n"' + b"x" * 200_000 + b'",secret@example.com\n', "line 2: is not CSV"),
    ],
)
def test_what_is_no_list_is_refused_without_a_value(tmp_path, content, message):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=message) as error:
        build(tmp_path)
    assert "list.csv" in error.value.message
    assert "secret" not in error.value.message
    assert not (tmp_path / "index.key").exists()


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"list\.csv: cannot be read"):
        build(tmp_path)
