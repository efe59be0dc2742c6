import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mask.code_blocks import blocks
from guard.mask.code_lines import kind

PYTHON = '''def total(rows):
    """The sum of what is not paid."""
    rest = 0

    for row in rows:
        if not row.paid:
            rest += row.amount
    return rest'''
JAVA = """public class Invoice {
    private final List<Row> rows;

    // what is due
    public long due() {
        return rows.stream().mapToLong(Row::amount).sum();
    }
}"""
SQL = "SELECT name, sum(amount)\nFROM invoices i\nJOIN customers c ON c.id = i.customer\nGROUP BY name;"
GO = 'func due(rows []Row) (int, error) {\n\tif len(rows) == 0 {\n\t\treturn 0, errors.New("none")\n\t}\n\treturn len(rows), nil\n}'
SHELL = '#!/bin/sh\nset -e\nfor file in *.csv; do\n  wc -l "$file"\ndone'
SCRIPT = "const rows = await load();\nconst due = rows.filter((row) => !row.paid);\nconsole.log(due.length);"
PROGRAMS = [PYTHON, JAVA, SQL, GO, SHELL, SCRIPT]


def found(text):
    return [text[block.start : block.end] for block in blocks(text)]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("before", ["", "Please review this:\n\n", "이 함수를 고쳐 주세요.\n"])
@pytest.mark.parametrize("after", ["", "\n\nIt should return the total of all invoices.", "\n왜 틀리나요?\n"])
def test_a_program_between_prose_is_found_whole(program, before, after):
    assert found(before + program + after) == [program]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_fenced_program_is_found_between_its_fences(program):
    assert found(f"Look:\n```python\n{program}\n```\nThanks, and see you on Monday.") == [program]
    assert found(f"Look:\n~~~\n{program}\n~~~\n") == [program]
    assert found(f"```\n{program}") == [program]  # not closed


def test_what_a_fence_calls_data_is_none():
    assert found(f"```json\n{PYTHON}\n```") == []
    assert found("```YAML\nname: guard\non:\n  push: {}\n```") == []


def test_two_blocks_stay_two():
    assert found(f"First:\n\n{PYTHON}\n\nand then the second one, which I like more:\n\n{JAVA}\n") == [PYTHON, JAVA]
    assert found(f"```py\n{PYTHON}\n```\nand\n```java\n{JAVA}\n```") == [PYTHON, JAVA]


@pytest.mark.parametrize(
    "text",
    [
        "Use import os\nand then call the function.",
        "Should I call os.path.join(a, b) or not?\nI would rather return early (see the style guide).\nThanks; Ann",
        "import os\nprint(1)",  # two lines
        "```python\nimport os\n\nprint(1)\n```",
        "Agenda:\n- review (Ann)\n- plan; budget = 40k\n- return visit\n\n1) if possible: call Bob\n2) for example: mail",
        "name: build\non:\n  push:\n    branches: [main]\njobs:\n  test:\n    runs-on: ubuntu\n    steps:\n      - run: make test\n",
        '{\n  "name": "guard",\n  "list": [1, 2, 3],\n  "inner": {\n    "a": null\n  }\n}',
        "2026-01-02 10:00:01 INFO app.start(port=80);\n2026-01-02 10:00:02 WARN slow = true;\n2026-01-02 10:00:03 ERROR x();",
        "INFO starting(x);\nWARN a = b;\nERROR failed();",
        "| a | b |\n|---|---|\n| f(x); | y = 2; |\n| g(x); | z = 3; |",
        "  at com.example.A.b(A.java:3)\n  at com.example.C.d(C.java:5)\n  at com.example.E.f(E.java:7)",
        "> def f(x):\n>     return x\n> print(f(1))",  # quoted mail
        "Dear Ann,\n\nif you agree, I will:\nsend the offer (two pages);\ncall the bank;\nsign.\n\nBest, Bob",
        "안녕하세요.\n첨부 파일(계약서)을 확인해 주세요.\n감사합니다;",
        "We shall call Ann or Bob's brother when the offer is signed by all of them;\n" * 4,
        "id,name,amount\n1,Ann,20\n2,Bob,30\n3,Cem,40",
        "",
    ],
)
def test_what_is_no_program(text):
    assert found(text) == []


def test_empty_lines_and_indented_words_belong_to_a_block_and_prose_ends_it():
    assert found(f"{PYTHON}\n\n\n{PYTHON}") == [f"{PYTHON}\n\n\n{PYTHON}"]
    assert found(f"{PYTHON}\n\n\n\n{PYTHON}") == [PYTHON, PYTHON]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "blank"),
        ("   \t", "blank"),
        ("import os, sys", "strong"),
        ("    rest += 1", "weak"),
        ("    # why", "neutral"),
        ("}", "neutral"),
        ("I think that we should meet.", "other"),
        ("x = " + "1 + " * 300, "other"),  # too long for a line of a program
    ],
)
def test_lines(line, expected):
    assert kind(line) == expected


@given(st.text(st.sampled_from("ab =(){};:.,\t\n`~>#\"'한_-*") | st.characters(), max_size=120))
def test_blocks_are_disjoint_and_in_the_text(text):
    last = 0
    for block in blocks(text):
        assert last <= block.start < block.end <= len(text)
        last = block.end


@pytest.mark.parametrize("part", ["a ", "if ", "\t", "a, ", "::(", "* ", "a=", "import a, ", "fn * ", "```\n", "(\n"])
def test_no_text_is_slow(part):
    text = (part * (500 // len(part)) + "\0\n") * 20
    began = time.process_time()
    blocks(text)
    assert time.process_time() - began < 1  # 10 KB; at most .03 s on a quiet core
