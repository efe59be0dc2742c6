"""What a company lists: read, kept current while the files change, and laid beside what others find."""

import os
import threading
import time

import pytest

from guard.backends.company import Company, Edition, Lists, exact
from guard.backends.recognizers import Cache, CachedRecognizer, Spec, Stack, Workers
from guard.backends.terms import TermList
from guard.errors import ConfigError, RecognizerError
from guard.policy import Policy
from guard.types import Span
from tests.backends.presidio_examples import Broken, Words

EXAMPLES = "tests.backends.presidio_examples"


def company(folder, *lines, **more):
    file = folder / "names.txt"
    file.write_text("\n".join(lines) + "\n")
    return Company(lists=(TermList("CODE_NAME", file),), **more)


def found(text, edition):
    (spans,) = edition.find([text])
    return [(text[s.start : s.end], s.entity) for s in spans]


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- what a policy says ------------------------------------------------------------------------------------------


def test_a_policy_names_files_from_its_folder(tmp_path):
    policy = Policy.model_validate({
        "policy": "p",
        "mask": {"entities": {"CUSTOMER": "block", "URL": "keep"}},
        "recognize": {
            "lists": [{"entity": "CODE_NAME", "file": "lists/a.txt"}, {"entity": "CUSTOMER", "terms": ["Blue Harbor"]}],
            "fingerprints": ["plans.fingerprints"],
            "code": {"source_code": True, "internal": ["git.example.com"]},
        },
    })  # fmt: skip
    assert Company.of(policy, tmp_path) == Company(
        lists=(TermList("CODE_NAME", tmp_path / "lists/a.txt"), TermList("CUSTOMER", None, ("Blue Harbor",))),
        fingerprints=(tmp_path / "plans.fingerprints",),
        internal=("git.example.com",),
        source_code=True,
        gravity=(("CUSTOMER", 3), ("URL", 0)),
    )


def test_policies_that_list_nothing_differ_in_nothing():
    policy = Policy.model_validate({"policy": "p", "mask": {"default": "keep"}})
    assert Company.of(policy, None) == Company()


def test_the_version_of_a_spec_holds_what_is_listed(tmp_path):
    specs = [Spec(), *(Spec(company=Company(**keys)) for keys in (
        {"lists": (TermList("A", None, ("x1",)),)}, {"lists": (TermList("B", None, ("x1",)),)}, {"internal": ("abcd",)},
        {"fingerprints": (tmp_path,)}, {"source_code": True}, {"gravity": (("A", 0),)}, {"usual": 0},
    ))]  # fmt: skip
    assert len({spec.version for spec in specs}) == len(specs)


def test_lists_are_quick_and_a_model_for_source_code_is_not(tmp_path):
    assert Spec(profile="patterns", company=company(tmp_path, "Falcon")).quick
    assert not Spec(profile="patterns", company=Company(source_code=True)).quick


# --- an edition --------------------------------------------------------------------------------------------------


def test_an_edition_reads_the_clean_text(tmp_path):
    edition = Lists(company(tmp_path, "Falcon", internal=("git.example.com",))).edition
    assert edition.find(["Fal\u200bcon on git.example.com"]) == ((
        Span(0, 6, "CODE_NAME", 1.0, "lists"), Span(10, 25, "INTERNAL_NAME", 1.0, "internal"),
    ),)  # fmt: skip
    assert edition.find(["", "Falcon"])[0] == ()


def test_where_nothing_is_listed_nothing_is_read():
    assert Lists(Company()).edition.find(["text"]) is None
    assert Edition().find(["text"]) is None


def test_a_recognizer_that_fails_is_named_and_its_text_is_not():
    class Failing(Broken):
        def analyze(self, text, entities=(), nlp_artifacts=None):
            return super().analyze(text, entities, nlp_artifacts)

    with pytest.raises(RecognizerError) as raised:
        exact([Failing()], "my secret text")
    assert raised.value.message == "recognizer Words failed (ValueError)"
    assert raised.value.__context__ is None


def test_terms_of_several_lists_and_of_the_policy_are_one_dictionary(tmp_path):
    both = (
        *company(tmp_path, "Falcon").lists,
        TermList("CODE_NAME", None, ("Kestrel",)),
        TermList("X", None, ("Owl",)),
    )
    text = "Falcon Kestrel Owl"
    assert found(text, Lists(Company(lists=both)).edition) == [
        ("Falcon", "CODE_NAME"),
        ("Kestrel", "CODE_NAME"),
        ("Owl", "X"),
    ]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda f: Company(lists=(TermList("A", f / "none.txt"),)), r"none.txt: cannot be read \(No such file"),
        (lambda f: Company(lists=(TermList("A", f),)), r"cannot be read \(Is a directory\)"),
        (lambda f: Company(lists=(TermList("A", None, ("x",)),)), "recognize.lists, A, term 1"),
        (lambda f: Company(internal=("x",)), "recognize.code.internal, name 1"),
        (lambda f: company(f, ""), "names.txt: holds no term"),
        (lambda f: Company(fingerprints=(f / "none",)), r"none: cannot be read"),
    ],
)
def test_what_cannot_be_read_at_the_start_ends_it(made, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        Lists(made(tmp_path))


# --- a file that changes -----------------------------------------------------------------------------------------


def test_a_change_takes_effect_when_the_file_is_still(tmp_path):
    said = []
    lists = Lists(company(tmp_path, "Falcon"), said.append)
    first = lists.edition
    (tmp_path / "names.txt").write_text("Kestrel\n")
    lists.look()
    assert lists.edition is first  # it may be in the middle of being written
    lists.look()
    assert found("Falcon Kestrel", lists.edition) == [("Kestrel", "CODE_NAME")]
    assert found("Falcon Kestrel", first) == [("Falcon", "CODE_NAME")]
    assert lists.edition.version != first.version
    assert said == [f"{tmp_path / 'names.txt'}: read anew"]
    second = lists.edition
    lists.look()
    assert lists.edition is second


def test_a_file_of_the_same_content_is_the_same_edition(tmp_path):
    lists = Lists(company(tmp_path, "Falcon"))
    first = lists.edition
    os.utime(tmp_path / "names.txt", (1, 1))
    lists.look()
    lists.look()
    assert lists.edition is first


@pytest.mark.parametrize("broken", [b"", b"Kestrel\nx\n", b"\xff\xfe", None])
def test_a_broken_file_keeps_what_it_held_and_is_reported_once(broken, tmp_path):
    said = []
    lists = Lists(company(tmp_path, "Falcon"), said.append)
    file = tmp_path / "names.txt"
    file.unlink()
    if broken is not None:
        file.write_bytes(broken)
    for _ in range(4):
        lists.look()
    assert found("Falcon Kestrel", lists.edition) == [("Falcon", "CODE_NAME")]
    assert len(said) == 1
    assert said[0].startswith(str(file))
    assert said[0].endswith("Until then, what it held before stays in force.")
    file.write_text("Kestrel\n")
    lists.look()
    lists.look()
    assert found("Falcon Kestrel", lists.edition) == [("Kestrel", "CODE_NAME")]


def test_the_thread_looks_and_ends(tmp_path):
    before = threading.active_count()
    lists = Lists(company(tmp_path, "Falcon"))
    lists.watch()
    lists.watch()
    assert threading.active_count() == before + 1
    (tmp_path / "names.txt").write_text("Kestrel\n")
    began = time.monotonic()
    wait_until(lambda: found("Kestrel", lists.edition))
    assert time.monotonic() - began < 5  # .6 s on a quiet machine
    lists.close()
    assert threading.active_count() == before
    inline = Lists(Company(lists=(TermList("A", None, ("Owl",)),)))
    inline.watch()  # no file, no thread
    assert threading.active_count() == before
    inline.close()


def test_the_thread_survives_what_it_is_told_and_says_so(tmp_path):
    said = []

    def progress(message):
        said.append(message)
        if len(said) == 1:
            raise OSError("the terminal is gone")

    lists = Lists(company(tmp_path, "Falcon"), progress)
    lists.watch()
    (tmp_path / "names.txt").write_text("Kestrel\n")
    wait_until(lambda: len(said) == 2)
    assert said[1] == "the lists could not be read anew (OSError); the former stay in force"
    (tmp_path / "names.txt").write_text("Merlin\n")
    wait_until(lambda: found("Merlin", lists.edition))
    lists.close()


# --- beside what others find -------------------------------------------------------------------------------------


def stack(text, *, names=(), **keys):
    spec = Spec(
        profile="patterns", company=Company(lists=(TermList("CUSTOMER", None, ("Blue Harbor", "Kestrel")),), **keys)
    )
    own = Stack.of(spec)
    made = Stack(names, edition=Lists(spec.company).edition, company=spec.company) if names else own
    return [(text[s.start : s.end], s.entity) for s in made.recognize([text])[0]]


def test_a_stack_finds_what_is_listed_beside_the_patterns():
    assert stack("Blue Harbor에 bob@blueharbor.com 전달") == [
        ("Blue Harbor", "CUSTOMER"),
        ("bob@blueharbor.com", "EMAIL_ADDRESS"),
    ]


def test_what_leaves_carries_no_listed_term_along():
    kept = (("EMAIL_ADDRESS", 0),)
    assert stack("bob@blueharbor.com, ann@x.com", gravity=kept) == [
        ("blueharbor", "CUSTOMER"),
        ("ann@x.com", "EMAIL_ADDRESS"),
    ]


def test_a_listed_term_that_stops_the_exchange_is_not_hidden_in_what_is_only_masked():
    assert stack("bob@blueharbor.com, ann@x.com", gravity=(("CUSTOMER", 3),)) == [
        ("bob@blueharbor.com", "CUSTOMER"), ("ann@x.com", "EMAIL_ADDRESS"),
    ]  # fmt: skip


def test_a_listed_term_goes_before_what_a_model_guesses_and_stays_by_itself():
    words = Words(word="Blue Harbor Kestrel Inc")
    assert stack("Blue Harbor Kestrel Inc", names=[words]) == [
        ("Blue Harbor", "CUSTOMER"), ("Kestrel", "CUSTOMER"), ("Inc", "CODE_NAME"),
    ]  # fmt: skip


# --- behind a cache and in processes -----------------------------------------------------------------------------


def test_the_cache_gives_no_result_of_a_former_edition(tmp_path):
    own = company(tmp_path, "Falcon")
    lists = Lists(own)
    recognizer = CachedRecognizer(
        Stack.of(Spec("patterns", company=own.without_lists)), Cache(), version="1", lists=lists
    )
    text = "Falcon and Kestrel"
    assert recognizer.quick
    (before,) = recognizer.recognize_blocking([text])
    (tmp_path / "names.txt").write_text("Kestrel\n")
    lists.look()
    lists.look()
    (after,) = recognizer.recognize_blocking([text])
    assert [text[s.start : s.end] for s in (*before, *after)] == ["Falcon", "Kestrel"]
    recognizer.close()


async def test_worker_processes_are_told_what_is_listed(tmp_path):
    own = company(tmp_path, "Kestrel")
    spec = Spec("patterns", extra=((f"{EXAMPLES}.Words", {"word": "Falcon"}),), company=own)
    lists = Lists(own)
    recognizer = CachedRecognizer(Workers(spec.without_lists), Cache(), version="1", lists=lists)
    text = "Falcon Kestrel Merlin"
    assert [len(spans) for spans in await recognizer.recognize([text, "x", text])] == [2, 0, 2]
    (tmp_path / "names.txt").write_text("Kestrel\nMerlin\n")
    lists.look()
    lists.look()
    assert [len(spans) for spans in await recognizer.recognize([text])] == [3]
    long = "lorem ipsum " * 2_000 + text  # looked up in a thread
    assert [len(spans) for spans in await recognizer.recognize([long])] == [3]
    assert [len(spans) for spans in recognizer.recognize_blocking([f"{text}!"])] == [3]
    recognizer.close()


async def test_a_stack_with_models_is_told_as_well(tmp_path):
    own = company(tmp_path, "Kestrel")
    recognizer = CachedRecognizer(Stack([Words()], company=own), Cache(), version="1", lists=Lists(own))
    assert [len(spans) for spans in await recognizer.recognize(["Falcon Kestrel"])] == [2]
    recognizer.close()


def test_closing_a_recognizer_ends_the_thread_of_its_lists(tmp_path):
    lists = Lists(company(tmp_path, "Kestrel"))
    lists.watch()
    assert "guard-lists" in {thread.name for thread in threading.enumerate()}
    CachedRecognizer(Stack(), Cache(), version="1", lists=lists).close()
    assert "guard-lists" not in {thread.name for thread in threading.enumerate()}


def test_what_is_listed_is_held_to_the_threshold():
    weak = (Span(0, 4, "CONFIDENTIAL_TEXT", 0.3, "fingerprints"),)
    assert Stack(threshold=0.4).recognize(["plan"], [weak]) == ((),)
    assert Stack(threshold=0.2).recognize(["plan"], [weak]) == (weak,)


def test_a_listed_term_hides_no_graver_one() -> None:
    company = Company(gravity=(("CODE_NAME", 3), ("CUSTOMER", 1), ("PRODUCT", 0)), usual=1)
    code, customer = Span(12, 18, "CODE_NAME", 1.0, "lists"), Span(0, 18, "CUSTOMER", 1.0, "lists")
    product = Span(12, 26, "PRODUCT", 1.0, "lists")
    assert {(s.start, s.end, s.entity) for s in company.beside((), (customer, code))} == {
        (12, 18, "CODE_NAME"),
        (0, 18, "CODE_NAME"),
    }
    assert company.beside((), (product, code)) == [code]


def test_a_term_inside_one_of_another_entity_is_found() -> None:
    lists = (TermList("CUSTOMER", None, ("Blue Harbor Falcon",)), TermList("CODE_NAME", None, ("Falcon",)))
    (spans,) = Lists(Company(lists=lists)).edition.find(["ask Blue Harbor Falcon today"]) or ((),)
    assert {span.entity for span in spans} == {"CUSTOMER", "CODE_NAME"}


@pytest.mark.parametrize("graver", ["CODE_NAME", "CUSTOMER"])
def test_a_term_of_two_lists_is_held_to_the_graver(graver: str) -> None:
    lists = (TermList("CODE_NAME", None, ("Falcon",)), TermList("CUSTOMER", None, ("FALCON", "Blue Harbor")))
    spec = Spec(profile="patterns", company=Company(lists=lists, gravity=((graver, 3),)))
    (spans,) = Stack.of(spec).recognize(["the Falcon plan"])
    assert [span.entity for span in spans] == [graver]
