"""Documents are made here byte by byte, so that what hides in them is known."""

import io
import logging
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from guard.backends import budget, images
from guard.backends.extract import KINDS, LIMITS, Limits, extract_text, place
from guard.errors import GuardError, PolicyError, RequestError, TooLargeError

MAIL = "alice.meyer@example.com"
OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{OFFICE}wordprocessingml.document"
XLSX = f"{OFFICE}spreadsheetml.sheet"
PPTX = f"{OFFICE}presentationml.presentation"
PDF = "application/pdf"


def package(kind: str, parts: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An Office document with these parts, in which a prefix need not be declared."""
    types = f'<Types><Override PartName="/x" ContentType="application/vnd.openxmlformats-officedocument.{kind.removeprefix(OFFICE)}.main+xml"/></Types>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        archive.writestr("[Content_Types].xml", types)
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def docx(body: str, packing: int = zipfile.ZIP_DEFLATED, **others: str) -> bytes:
    others = {f"word/{name}.xml": f"<w:x>{part}</w:x>" for name, part in others.items()}
    return package(DOCX, {"word/document.xml": f"<w:document><w:body>{body}</w:body></w:document>", **others}, packing)


def pdf(
    *contents: bytes,
    objects: tuple[bytes, ...] = (),
    page: bytes = b"",
    catalog: bytes = b"",
    trailer: bytes = b"",
    font: bytes = b"/BaseFont/Helvetica",
    packed: bool = True,
) -> bytes:
    """A PDF of pages with these contents. Object 3 is its font, then come `objects`, then pages and contents."""
    first = 4 + len(objects)
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(contents)))
    body = [b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(contents))]
    body += [b"<</Type/Font/Subtype/Type1%s>>" % font, *objects]
    for number, content in enumerate(contents):
        stream = zlib.compress(content) if packed else content
        body.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R%s>>"
            % (first + 2 * number + 1, page or b"/Resources<</Font<</F1 3 0 R>>>>")
        )
        body.append(
            b"<</Length %d%s>>stream\n%s\nendstream" % (len(stream), b"/Filter/FlateDecode" if packed else b"", stream)
        )
    out, places = b"%PDF-1.7\n", []
    for number, item in enumerate(body, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % position for position in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
        len(body) + 1, table, len(body) + 1, trailer, len(out)
    )  # fmt: skip


def says(text: str, more: str = "") -> bytes:
    return f"BT /F1 12 Tf {more} 72 700 Td ({text}) Tj ET".encode()


def lines(data: bytes, kind: str, limits: Limits = LIMITS) -> list[str]:
    return [
        line.strip() for line in extract_text(data, kind, limits=limits).replace("\f", "\n").split("\n") if line.strip()
    ]


# --- text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(kind for kind, reader in KINDS.items() if reader == "text"))
def test_text_stands_as_it_came(kind: str) -> None:
    text = f'{{"mail": "{MAIL}"}}\r\n\t홍길동,010-1234-5678\n'
    assert extract_text(text.encode(), kind) == text
    assert extract_text(text.encode("utf-16"), kind) == text
    assert extract_text(b"\xef\xbb\xbf" + text.encode(), kind.upper()) == text


@pytest.mark.parametrize("encoding", ["EUC-KR", "cp949", "Shift_JIS", "windows-1252", "gb18030"])
def test_a_charset_is_heeded(encoding: str) -> None:
    text = (
        "Zürich"
        if encoding == "windows-1252"
        else "東京"
        if encoding == "Shift_JIS"
        else "中"
        if encoding == "gb18030"
        else "홍길동"
    )
    assert extract_text(text.encode(encoding), f'text/csv; charset="{encoding}"') == text


def test_a_charset_in_the_file_is_heeded_where_files_name_theirs() -> None:
    assert "홍길동" in extract_text('<?xml version="1.0" encoding="EUC-KR"?><a>홍길동</a>'.encode("euc-kr"), "text/xml")
    assert extract_text('<meta charset="Shift_JIS"><p>田中太郎</p>'.encode("shift_jis"), "text/html") == "田中太郎"
    assert extract_text(b"charset=shift_jis \xc3\xbc", "text/plain") == "charset=shift_jis ü"


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "base64", "rot13", "idna", "no-such-one"])
def test_encodings_that_hide_text_are_refused(charset: str) -> None:
    with pytest.raises(RequestError, match="Save it as UTF-8"):
        extract_text(b"+AGEAbABpAGMAZQ-", f"text/plain; charset={charset}")


def test_xml_stands_with_its_references_written_out() -> None:
    assert (
        extract_text(b"<a b='x&#64;y'>alice&#x40;example.com &lt;!</a>", "application/xml")
        == "<a b='x@y'>alice@example.com <!</a>"
    )
    bomb = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    assert extract_text(bomb, "application/xml") == bomb.decode()


HTML = f"""<!DOCTYPE html><html><head><title>The title</title><meta name="author" content="Bob Author"><style>p::after {{content: "from css"}}</style>
<script type="application/ld+json">{{"from": "script"}}</script></head><body class="layout" style="color: red" onclick="run()">
<!-- said in a comment --><p>Mail al<b>ice</b>.mey<!-- x -->er&#64;exa<span title="a tip">mple</span>.com now</p><div hidden>not shown</div>
<table><tr><td>Name</td><td> Eve </td></tr><tr><td>Card</td><td>4111</td></tr></table>
<a href="mailto:eve@example.com">write</a><img alt="a picture" src="data:image/png;base64,c2VjcmV0"><input value="typed" placeholder="hint">
<textarea>{MAIL}</textarea>one<br>two<template>kept back</template><p>open"""


def test_html_says_all_that_a_model_could_read() -> None:
    found = lines(HTML.encode(), "text/html")
    assert "Mail alice.meyer@example.com now" in found
    assert {
        "The title",
        'p::after {content: "from css"}',
        '{"from": "script"}',
        "not shown",
        "one",
        "two",
        "kept back",
        "open",
        MAIL,
    } <= set(found)
    assert {"Name\tEve", "Card\t4111"} <= set(found)
    assert {
        "[content: Bob Author]",
        "[comment: said in a comment]",
        "[title: a tip]",
        "[href: mailto:eve@example.com]",
        "[alt: a picture]",
        "[value: typed]",
        "[placeholder: hint]",
    } <= set(found)
    assert not [line for line in found if "layout" in line or "color" in line or "run()" in line]


def test_what_a_data_url_holds_does_not_leave() -> None:
    text = extract_text(HTML.encode(), "text/html")
    assert "[src: data:image/png;base64]" in text
    assert "c2VjcmV0" not in text


# --- Office --------------------------------------------------------------------------------------------------------


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_a_paragraph_is_whole_however_it_is_cut_into_runs() -> None:
    body = f"<w:p>{run('Mail al')}<w:hyperlink>{run('ice.mey')}</w:hyperlink><w:ins>{run('er@example.com')}</w:ins></w:p><w:p>{run('a')}<w:r><w:tab/></w:r>{run('b')}<w:r><w:br/></w:r>{run('c')}</w:p>"
    assert extract_text(docx(body), DOCX) == f"Mail {MAIL}\na\tb\nc"


def test_tables_keep_their_rows() -> None:
    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"

    def p(text: str) -> str:
        return f"<w:p>{run(text)}</w:p>"

    table = (
        row(p("Name"), p("Phone")) + row(p("Bob"), p("010-1234-5678")) + row("<w:p/>", p("x")) + row(p("y"), "<w:p/>")
    )
    assert (
        extract_text(docx(f"{p('before')}<w:tbl>{table}</w:tbl>{p('after')}"), DOCX)
        == "before\nName\tPhone\nBob\t010-1234-5678\nx\ny\nafter"
    )


def test_all_parts_of_a_document_are_read() -> None:
    data = package(
        DOCX,
        {
            "word/document.xml": f"<w:document><w:p>{run('body')}<w:r><w:delText>deleted</w:delText></w:r><w:r><w:instrText> HYPERLINK field</w:instrText></w:r></w:p>"
            f'<w:drawing><wp:docPr descr="alternative" title="its title"/><wp:posOffset>123456789</wp:posOffset><wps:txbx><w:p>{run("in a box")}</w:p></wps:txbx></w:drawing>'
            '<w:sdt><w:alias w:val="control"/><w:listItem w:displayText="choice"/></w:sdt></w:document>',
            "word/header1.xml": f"<w:hdr><w:p>{run('head')}</w:p></w:hdr>",
            "word/footer1.xml": f"<w:ftr><w:p>{run('foot')}</w:p></w:ftr>",
            "word/footnotes.xml": f"<w:footnotes><w:p>{run('footnote')}</w:p></w:footnotes>",
            "word/endnotes.xml": f"<w:endnotes><w:p>{run('endnote')}</w:p></w:endnotes>",
            "word/comments.xml": f'<w:comments><w:comment w:author="Carol" w:initials="CC"><w:p>{run("comment")}</w:p></w:comment></w:comments>',
            "word/settings.xml": '<w:settings><w:docVar w:name="variable" w:val="its value"/></w:settings>',
            "word/_rels/document.xml.rels": '<Relationships><R Target="mailto:eve@example.com" TargetMode="External"/><R Target="styles.xml"/></Relationships>',
            "docProps/core.xml": "<cp:core><dc:creator>Alice Author</dc:creator></cp:core>",
            "docProps/app.xml": "<Properties><Company>Acme</Company><Pages>2</Pages></Properties>",
            "customXml/item1.xml": "<a>mixed <b>content</b> here</a>",
            "word/styles.xml": '<w:styles><w:name w:val="Heading 1"/></w:styles>',
            "word/media/image1.png": b"\x89PNG",
        },
    )
    assert lines(data, DOCX) == [
        *["bodydeleted HYPERLINK field", "alternative", "its title", "in a box", "control", "choice", "foot", "head"],
        *["Carol", "CC", "comment", "endnote", "footnote", "mixed", "content", "here", "Acme", "Alice Author"],
        *["mailto:eve@example.com", "variable", "its value"],
    ]  # fmt: skip


def workbook(sheet: str, *, strings: str = "", formats: str = "", properties: str = "", **others: str) -> bytes:
    return package(
        XLSX,
        {
            "xl/workbook.xml": f'<workbook><workbookPr {properties}/><sheets><sheet name="First"/><sheet name="Second" state="veryHidden"/></sheets><definedName name="range">First!A1</definedName></workbook>',
            "xl/sharedStrings.xml": f"<sst>{strings}</sst>",
            "xl/styles.xml": f'<styleSheet><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>',
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData><oddHeader>printed above</oddHeader></worksheet>",
            **{f"xl/{name.replace('_', '/')}.xml": part for name, part in others.items()},
        },
    )


def cell(value: str, kind: str = "n", style: int = 0) -> str:
    return f'<c r="A1" t="{kind}" s="{style}"><v>{value}</v></c>'


def test_cells_are_read_in_rows_with_shared_strings_formulas_and_what_surrounds_them() -> None:
    strings = "<si><t>Name</t></si><si><r><t>al</t></r><r><t>ice</t></r><rPh><t>reading</t></rPh></si>"
    sheet = f"<row>{cell('0', 's')}{cell('1', 's')}</row><row><c t='inlineStr'><is><r><t>in</t></r><r><t>line</t></r></is></c><c t='str'><f>A1&amp;\"x\"</f><v>result</v></c>{cell('1', 'b')}</row>"
    data = workbook(
        sheet,
        strings=strings,
        worksheets_sheet2="<worksheet><row><c><v>7</v></c><c/></row></worksheet>",
        comments1="<comments><author>Mallory</author><text><r><t>com</t></r><r><t>ment</t></r></text></comments>",
        pivotCache_records='<records><s v="pivot value"/><n v="4111111111111111"/><n v="12"/></records>',
        drawings_drawing1='<xdr:sp><xdr:cNvPr descr="shape"/><a:p><a:r><a:t>on a shape</a:t></a:r></a:p></xdr:sp>',
    )
    assert lines(data, XLSX) == [
        *["Name\talice (reading)", 'inline\tresult (=A1&"x")\t1', "printed above", "7"],
        *["Mallory", "comment", "shape", "on a shape", "pivot value", "4111111111111111", "First", "Second", "range", "First!A1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "style", "code", "shown"),
    [
        ("4.111111111111111E15", 0, "", "4111111111111111"),
        ("1.5", 0, "", "1.5"),
        ("1E99", 0, "", "1" + "0" * 99),
        ("1E999", 0, "", "1E999"),
        ("31118", 1, "", "1985-03-12"),
        ("31118.5", 2, "yyyy\\-mm\\-dd hh:mm", "1985-03-12 12:00:00"),
        ("31118", 2, "[Red]0.00", "31118"),
        ("31118", 2, '0" days"', "31118"),
        ("9999999", 1, "", "9999999"),
        ("536221234", 2, "000\\-00\\-0000", "536-22-1234"),
        ("1012345678", 2, "000-0000-0000", "010-1234-5678"),
        ("1012345678", 2, "###-####-####;@", "10-1234-5678"),
        ("1234.5", 2, "#,##0.00", "1234.5"),
    ],
)
def test_numbers_are_written_as_one_sees_them(value: str, style: int, code: str, shown: str) -> None:
    data = workbook(f"<row>{cell(value, style=style)}</row>", formats=f"<numFmt numFmtId='164' formatCode='{code}'/>")
    assert lines(data, XLSX)[0] == shown


def test_a_workbook_may_count_from_1904() -> None:
    assert lines(workbook(f"<row>{cell('0', style=1)}</row>", properties='date1904="1"'), XLSX)[0] == "1904-01-01"


def test_slides_come_in_order_with_their_notes_and_masters() -> None:
    def shape(*texts: str) -> str:
        return f"<p:sp>{''.join(f'<a:p><a:r><a:t>{text}</a:t></a:r></a:p>' for text in texts)}</p:sp>"

    data = package(
        PPTX,
        {
            "ppt/presentation.xml": "<p:presentation/>",
            "ppt/slides/slide10.xml": shape("ten"),
            "ppt/slides/slide2.xml": shape("two"),
            "ppt/notesSlides/notesSlide1.xml": shape("note"),
            "ppt/comments/comment1.xml": "<p:cmLst><p:text>remark</p:text></p:cmLst>",
            "ppt/slideMasters/slideMaster1.xml": shape("on every slide", "two"),
            "ppt/slideLayouts/slideLayout1.xml": shape("on every slide"),
            "ppt/charts/chart1.xml": "<c:chart><c:v>in a chart</c:v></c:chart>",
        },
    )
    assert lines(data, PPTX) == ["two", "ten", "note", "remark", "in a chart", "on every slide"]


# --- PDF -----------------------------------------------------------------------------------------------------------


def test_pages_are_parted_and_places_are_named() -> None:
    text = extract_text(pdf(says("first page"), says(f"Mail {MAIL}")), PDF)
    assert [page.strip() for page in text.split("\f")] == ["first page", f"Mail {MAIL}"]
    assert place(text, text.index(MAIL)) == "part 2, line 1"
    assert place("a\nb\fc\nd\ne", 8) == "part 2, line 3"


def test_what_hangs_on_a_pdf_is_read() -> None:
    objects = (
        b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(a comment)/T(Carol)>>",
        b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(mailto:eve@example.com)>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/Rect[0 0 9 9]/T(field)/V(typed in)>>",
        b"<</Title(bookmark)/Parent 8 0 R>>",
        b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Author(Alice Author)/Title(The title)>>",
    )
    data = pdf(
        says("seen") + says("not seen", "3 Tr"),
        objects=objects,
        page=b"/Resources<</Font<</F1 3 0 R>>>>/Annots[4 0 R 5 0 R 6 0 R]",
        catalog=b"/AcroForm<</Fields[6 0 R]>>/Outlines 8 0 R",
        trailer=b"/Info 9 0 R",
    )
    found = set(lines(data, PDF))
    assert {
        "a comment",
        "Carol",
        "mailto:eve@example.com",
        "field",
        "typed in",
        "bookmark",
        "Alice Author",
        "The title",
    } <= found
    assert any("not seen" in line for line in found)


def scan(text: str) -> bytes:
    """A page that is a picture of `text`."""
    image = Image.new("L", (420, 80), 255)
    ImageDraw.Draw(image).text((20, 25), text, fill=0, font=ImageFont.load_default(size=20))
    pixels = zlib.compress(image.tobytes())
    picture = (
        b"<</Type/XObject/Subtype/Image/Width 420/Height 80/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
        % (len(pixels), pixels)
    )
    return pdf(b"q 420 0 0 80 72 600 cm /I Do Q", objects=(picture,), page=b"/Resources<</XObject<</I 4 0 R>>>>")


def test_a_scanned_page_is_read_by_ocr() -> None:
    assert lines(scan(f"Mail {MAIL}"), PDF) == [f"Mail {MAIL}"]


def test_the_time_for_scans_is_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(data: bytes, *, longest_side: int) -> tuple[str, float]:
        time.sleep(2)
        return "hello", 1.0

    monkeypatch.setattr(images, "read_image", slowly)
    assert lines(scan("hello"), PDF, Limits(seconds=1.5)) == ["hello"]
    with pytest.raises(TooLargeError, match="Send fewer pages"):
        extract_text(scan("hello"), PDF, limits=Limits(scan_seconds=1))


def test_a_pdf_without_anything_to_read_is_refused() -> None:
    with pytest.raises(PolicyError, match="text layer"):
        extract_text(pdf(b"0 0 100 100 re f"), PDF)


def test_letters_without_a_meaning_are_refused() -> None:
    differences = b"/BaseFont/X/Encoding<</Type/Encoding/Differences[65/uniE001/uniE002/uniE003]>>"
    with pytest.raises(PolicyError, match="page 1"):
        extract_text(pdf(says("ABCABCABC"), font=differences), PDF)


# --- what cannot be read -------------------------------------------------------------------------------------------


def doctype() -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return package(
        DOCX, {"word/document.xml": f'<!DOCTYPE x [<!ENTITY l0 "{MAIL}">{laughs}]><x><w:p><w:t>&l9;</w:t></w:p></x>'}
    )


def encrypted_zip() -> bytes:
    data = bytearray(docx("<w:p/>"))
    for head, place_of_flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + place_of_flags] |= 1
    return bytes(data)


def twice() -> bytes:
    """A part that stands in the table twice: programs differ in which of the two they show."""
    return docx("<w:p/>", comments="<w:p/>").replace(b"word/comments.xml", b"word/document.xml")


DEEP = b"[" * 200_000
REFUSED: dict[str, tuple[bytes, str, type[GuardError], str]] = {
    "unknown kind": (MAIL.encode(), "application/x-alice", PolicyError, "Send PDF"),
    "picture": (b"\x89PNG", "image/png", PolicyError, "Send PDF"),
    "rtf": (b"{\\rtf1 x}", "application/rtf", PolicyError, "Send PDF"),
    "pdf as text": (pdf(says(MAIL)), "text/plain", RequestError, "kind"),
    "zip as text": (docx("<w:p/>"), "text/csv", RequestError, "kind"),
    "png as html": (b"\x89PNG\r\n", "text/html", RequestError, "kind"),
    "text as pdf": (MAIL.encode(), PDF, RequestError, "kind"),
    "text as docx": (MAIL.encode(), DOCX, RequestError, "kind"),
    "docx as xlsx": (docx("<w:p/>"), XLSX, RequestError, "kind"),
    "zip as docx": (package(DOCX, {}).replace(b"[Content_Types]", b"[Content_Typez]"), DOCX, RequestError, "kind"),
    "old office": (b"\xd0\xcf\x11\xe0" + MAIL.encode(), DOCX, RequestError, "unprotected"),
    "binary as text": (MAIL.encode() + b"\0\1", "text/plain", RequestError, "UTF-8"),
    "latin as utf-8": (f"Zürich {MAIL}".encode("latin1"), "text/plain", RequestError, "UTF-8"),
    "broken xml": (docx(f"<w:p>{MAIL}<"), DOCX, RequestError, "Save it anew"),
    "cut zip": (docx("<w:p/>")[:-30], DOCX, RequestError, "Save it anew"),
    "doctype": (doctype(), DOCX, RequestError, "Save it anew"),
    "encrypted zip": (encrypted_zip(), DOCX, RequestError, "unusual"),
    "other packing": (docx("<w:p/>", packing=zipfile.ZIP_BZIP2), DOCX, RequestError, "unusual"),
    "part that stands twice": (twice(), DOCX, RequestError, "unusual"),
    "string that is not there": (workbook(f"<row>{cell('9', 's')}</row>"), XLSX, RequestError, "Save it anew"),
    "cut pdf": (pdf(says(MAIL))[:150], PDF, RequestError, "Save it anew"),
    "pdf of noise": (b"%PDF-1.7\n" + MAIL.encode() * 1000, PDF, RequestError, "Save it anew"),
    "nested pdf": (pdf(b"BT " + DEEP), PDF, RequestError, "Save it anew"),
    "encrypted pdf": (pdf(says(MAIL), objects=(b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"00" * 32, b"00" * 32),), trailer=b"/Encrypt 4 0 R/ID[<00><00>]"), PDF, RequestError, "password"),
    "zip bomb": (package(DOCX, {"word/document.xml": b"<a>" + b" " * (130 << 20)}), DOCX, TooLargeError, "Send a smaller"),
    "zip of many": (package(DOCX, {f"word/{n}.xml": "" for n in range(5_001)}), DOCX, TooLargeError, "Send a smaller"),
    "pdf bomb": (pdf(b" " * (60 << 20)), PDF, TooLargeError, "Send"),
    "pdf of strokes": (pdf(b" " * (9 << 20)), PDF, TooLargeError, "Send"),
    "pdf of operators": (pdf(b"BT /F1 12 Tf " + b"() Tj " * 600_000), PDF, TooLargeError, "Send"),
    "pdf of pages": (pdf(*[b""] * 501), PDF, TooLargeError, "Send a part"),
    "large file": (b" " * ((32 << 20) + 1), "text/plain", TooLargeError, "32 MiB. Send a part"),
    "long text": (b"x" * 5_000_001, "text/plain", TooLargeError, "Send a part"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_soon_with_a_remedy(case: str) -> None:
    data, kind, error, remedy = REFUSED[case]
    began = time.monotonic()
    with pytest.raises(error) as caught:
        extract_text(data, kind)
    assert time.monotonic() - began < 30
    assert type(caught.value) is error
    assert remedy in caught.value.message
    assert "alice" not in caught.value.message
    assert caught.value.__cause__ is caught.value.__context__ is None  # their messages could hold a part of the file


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<a" * 200_000, "text/html"),
        (b"<!--" * 200_000, "text/html"),
        (docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 300_000), DOCX),
        (pdf(b"BT /F1 12 Tf " + b"(a) Tj " * 100_000), PDF),
    ],
    ids=["html of tags", "html of comments", "docx", "pdf"],
)
def test_time_is_bounded(data: bytes, kind: str) -> None:
    began = time.monotonic()
    with pytest.raises(TooLargeError, match="Send a part"):
        extract_text(data, kind, limits=Limits(seconds=0.3))
    assert time.monotonic() - began < 20


def test_an_entry_cannot_unpack_to_more_than_it_says() -> None:
    honest = package(DOCX, {"word/document.xml": b"<a>" + b"x" * 100_000 + b"</a>"})
    lying = honest.replace((100_007).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(RequestError):
        extract_text(lying, DOCX, limits=Limits(unpacked=1_000))


def test_the_clock_is_read_at_every_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(budget.Budget, "spend", lambda self, text="": looks.append(text) or text)
    extract_text(pdf(b"BT /F1 12 Tf " + b"(a) Tj " * 1_000 + b"ET"), PDF)
    assert len(looks) > 1_000


def test_nothing_of_a_file_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(PolicyError):
        extract_text(pdf(b"q Q", page=f"/Resources<</XObject({MAIL})>>".encode()), PDF)
    assert caplog.text == ""


SAMPLES = {
    PDF: pdf(says(MAIL), packed=False),
    DOCX: docx(f"<w:p>{run(MAIL)}</w:p>", comments="<w:p/>"),
    XLSX: workbook(f"<row>{cell('31118', style=1)}</row>"),
    "text/html": HTML.encode(),
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(SAMPLES)),
    cuts=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_a_damaged_file_gives_text_or_a_typed_error(kind: str, cuts: list[tuple[int, bytes]]) -> None:
    data = SAMPLES[kind]
    for cut, noise in cuts:
        position = cut % len(data)
        data = data[:position] + noise + data[position + len(noise) :]
    with suppress(RequestError):
        assert isinstance(extract_text(data, kind, limits=Limits(seconds=5)), str)


def test_parsers_are_loaded_late() -> None:
    check = "import sys, guard.backends.extract; sys.exit(bool({'pypdf', 'PIL', 'onnxruntime', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], timeout=60, check=False).returncode == 0


def test_kinds_are_tables_of_lower_case() -> None:
    assert all(kind == kind.lower() for kind in KINDS)
    assert {PDF, DOCX, XLSX, PPTX} <= set(KINDS)
