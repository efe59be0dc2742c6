import subprocess
import sys

import pytest

from guard.backends.company import Company
from guard.backends.recognizers import Spec, Stack, Workers
from guard.backends.source_code import SourceCode
from tests.mask.test_code_blocks import PROGRAMS, PYTHON


@pytest.fixture(scope="module")
def code():
    return SourceCode()


def found(code, text):
    return [text[r.start : r.end] for r in code.analyze(text)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_found_whole(program, code):
    assert found(code, f"Please review this:\n\n{program}\n\nIt should be quicker than that.") == [program]
    assert found(code, f"이것 좀 봐 주세요:\n```\n{program}\n```\n") == [program]


@pytest.mark.parametrize(
    "text",
    [
        "```\nTo whom it may concern,\nplease find the offer below.\nBest regards,\nAnn\n```",
        "```\nname: build\non: push\njobs:\n  test:\n    runs-on: ubuntu\n```",
        '```\n{\n  "a": 1,\n  "b": [1, 2]\n}\n```',
        "[server]\nhost = localhost\nport = 8080\n\n[log]\nlevel = info\nfile = out.log\n",
        "DATABASE=app\nUSER=guard\nPORT=5432\nDEBUG=true\n",
        "id,name,amount\n1,Ann,20\n2,Bob,30\n3,Cem,40\n",
    ],
)
def test_prose_and_data_are_none(text, code):
    assert found(code, text) == []


def test_results(code):
    (result,) = code.analyze(PYTHON)
    assert (result.entity_type, result.score) == ("SOURCE_CODE", 0.9)
    assert code.analyze(PYTHON, ["SOURCE_CODE"]) == [result]
    assert code.analyze(PYTHON, ["PERSON"]) == []
    assert found(code, f"{PYTHON}\nprint('\ud800')") == [f"{PYTHON}\nprint('\ud800')"]


def test_a_stack_finds_it_where_the_policy_asks_for_it():
    text = f"Ann wrote:\n\n{PYTHON}\n"
    asked = Stack.of(Spec("patterns", company=Company(source_code=True)))
    assert not asked.quick
    assert [(text[s.start : s.end], s.entity) for s in asked.recognize([text])[0]] == [(PYTHON, "SOURCE_CODE")]
    assert Stack.of(Spec("patterns")).recognize([text]) == ((),)


async def test_a_worker_process_finds_it():
    workers = Workers(Spec("patterns", company=Company(source_code=True)))
    text = f"Ann wrote:\n\n{PYTHON}\n"
    assert [s.entity for s in (await workers.recognize([text]))[0]] == ["SOURCE_CODE"]
    workers.close()


OFFLINE = """
import sys
from tests.mask.test_code_blocks import PYTHON
asked = []
sys.addaudithook(lambda name, _: asked.append(name) if name.startswith(("socket.connect", "socket.getaddrinfo")) else None)
from guard.backends.source_code import SourceCode
assert SourceCode().analyze(PYTHON)
print(len(asked))
"""


def test_nothing_calls_home():
    run = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=False)
    assert run.stdout == "0\n", run.stderr
