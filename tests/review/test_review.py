from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.asks import Judge
from guard.constitution import Principle
from guard.errors import CriticError
from guard.review.review import Review, Settings, observe, review
from guard.types import Dialogue, Span
from tests.review.told import Answers, Words, principle, tell, unknown, verdict

REPLY = "Thanks. You fool, go away. Bye <PERSON_K7Q2M4XD>."


def told(
    critic: Any,
    *principles: Principle,
    reply: str = REPLY,
    editable: int | None = None,
    spans: tuple[Span, ...] = (),
    **settings: Any,
) -> Review:
    story = review(
        Dialogue("Hello?", reply), principles, Settings(**settings),
        editable=len(reply) if editable is None else editable, unknown_spans=spans,
    )  # fmt: skip
    found: Review = tell(story, critic)
    return found


def test_a_clean_reply_goes_out_as_it_is() -> None:
    found = told(Words({}), principle("a"))
    assert found == Review("allow", REPLY, (verdict("a"),))


def test_the_story_begins_with_the_judgement() -> None:
    story = review(Dialogue("Hello?", "Hi"), (principle("a"),), Settings(), editable=2, unknown_spans=())
    ask = next(story)
    assert ask == Judge(Dialogue("Hello?", "Hi"), (principle("a"),))
    with pytest.raises(StopIteration) as stop:
        story.send((verdict("a"),))
    assert stop.value.value.decision == "allow"


class TestNotJudged:
    @pytest.mark.parametrize("answer", [CriticError("slow"), (), None])
    def test_it_blocks(self, answer: Any) -> None:
        found = told(Answers(answer), principle("a"), principle("b"))
        assert (found.decision, found.text, found.not_judged, found.principle) == ("block", "", ("a", "b"), "a")
        assert found.reason.startswith("it could not be judged: ")

    def test_it_goes_out_where_the_policy_says_so_and_is_recorded(self) -> None:
        found = told(Answers(CriticError("slow")), principle("a"), on_failure="allow")
        assert (found.decision, found.text, found.not_judged) == ("allow", REPLY, ("a",))

    def test_a_principle_that_fired_blocks_whatever_was_not_judged(self) -> None:
        answer = (verdict("a", "not_judged"), verdict("b", "fired"))
        found = told(Answers(answer), principle("a"), principle("b", on_violation="block"), on_failure="allow")
        assert (found.decision, found.principle, found.not_judged) == ("block", "b", ("a",))

    def test_a_change_that_cannot_be_judged_does_not_go_out(self) -> None:
        critic = Answers((verdict("a", "fired", (8, 16)),), CriticError("slow"))
        found = told(critic, principle("a"))
        assert (found.decision, found.not_judged) == ("block", ("a",))
        assert found.revisions[0].reason == "it could not be judged: slow"

    def test_it_does_where_the_policy_says_so(self) -> None:
        critic = Answers((verdict("a", "fired", (8, 16)),), CriticError("slow"))
        found = told(critic, principle("a"), on_failure="allow")
        assert (found.decision, found.not_judged) == ("revise", ("a",))


class TestUnsure:
    def test_it_goes_out(self) -> None:
        assert told(Answers((verdict("a", "unsure"),)), principle("a")).decision == "allow"

    def test_it_blocks_where_the_policy_says_so(self) -> None:
        found = told(Answers((verdict("a", "unsure"),)), principle("a"), on_unsure="block")
        assert (found.decision, found.principle) == ("block", "a")


class TestWhatAViolationDoes:
    def test_annotate_notes(self) -> None:
        found = told(Words({"a": "fool"}), principle("a", on_violation="annotate"))
        assert (found.decision, found.text, found.reason) == ("allow", REPLY, "noted: a")

    def test_block_blocks_and_names_the_principle(self) -> None:
        found = told(Words({"a": "fool"}), principle("a", on_violation="block", template="No."))
        assert (found.decision, found.text, found.principle) == ("block", "", "a")
        assert found.reason == "it violates the principle 'a': The assistant keeps a."
        assert found.final == ()

    def test_escalate_holds_for_a_person(self) -> None:
        found = told(Words({"a": "fool"}), principle("a", on_violation="escalate"))
        assert (found.decision, found.principle, found.text) == ("escalate", "a", REPLY)
        assert "a person must decide" in found.reason

    @pytest.mark.parametrize("ends", [("escalate", "block"), ("block", "escalate")])
    def test_what_blocks_is_for_no_person_to_let_out(self, ends: Any) -> None:
        first, second = ends
        both = principle("a", on_violation=first), principle("b", on_violation=second)
        assert told(Words({"a": "fool", "b": "away"}), *both).decision == "block"

    def test_what_is_held_is_mended_first(self) -> None:
        both = principle("a", on_violation="escalate"), principle("b")
        found = told(Words({"a": "fool", "b": "away"}), *both)
        assert (found.decision, found.text) == ("escalate", REPLY.replace("away", "[removed: b]"))
        assert [revision.accepted for revision in found.revisions] == [True]

    def test_a_person_decides_also_where_the_mended_reply_is_clear(self) -> None:
        both = principle("a", on_violation="escalate"), principle("b")
        found = told(Words({"a": "fool", "b": "fool"}), *both)
        assert (found.decision, found.principle, found.final[0].state) == ("escalate", "a", "clear")

    def test_the_first_in_the_constitution_is_named(self) -> None:
        both = principle("a", on_violation="block"), principle("b", on_violation="block")
        assert told(Words({"a": "fool", "b": "away"}), *both).principle == "a"
        assert told(Words({"a": "fool", "b": "away"}), *reversed(both)).principle == "b"


class TestRedaction:
    def test_the_passage_is_taken_out_and_the_rest_judged_again(self) -> None:
        critic = Words({"a": "You fool"})
        found = told(critic, principle("a"), principle("b"))
        assert (found.decision, found.text) == ("revise", REPLY.replace("You fool", "[removed: a]"))
        assert critic.judged[1].reply == found.text
        assert found.verdicts[0].state == "fired"
        assert found.final == (verdict("a"), verdict("b"))
        (revision,) = found.revisions
        assert (revision.method, revision.principles, revision.accepted) == ("redaction", ("a",), True)
        assert found.reason == "revised for a"

    def test_several_principles_are_mended_at_once(self) -> None:
        found = told(Words({"a": "fool", "b": "away"}), principle("a"), principle("b", template="home"))
        assert found.text == "Thanks. You [removed: a], go home. Bye <PERSON_K7Q2M4XD>."

    def test_what_still_fires_is_replaced_by_the_template(self) -> None:
        reply = "fool fool"
        found = told(Words({"a": "fool"}), principle("a", template="I will not insult."), reply=reply)
        assert (found.decision, found.text, found.final) == ("revise", "I will not insult.", ())
        assert [(r.method, r.accepted, r.round) for r in found.revisions] == [
            ("redaction", False, 1),
            ("template", True, 2),
        ]

    def test_what_still_fires_without_a_template_is_blocked(self) -> None:
        found = told(Words({"a": "fool"}), principle("a"), reply="fool fool")
        assert (found.decision, found.text, found.principle) == ("block", "", "a")
        assert "could not be mended" in found.reason

    def test_what_cannot_be_pointed_at_is_replaced_by_the_template(self) -> None:
        critic = Words({"a": "fool"}, points=False)
        found = told(critic, principle("a", template="I will not insult."))
        assert (found.text, len(critic.judged)) == ("I will not insult.", 1)

    def test_templates_are_joined_once_each(self) -> None:
        principles = (principle("a", template="No."), principle("b", template="No."), principle("c", template="Bye."))
        assert told(Words(dict.fromkeys("abc", "fool"), points=False), *principles).text == "No.\n\nBye."

    def test_what_cannot_be_pointed_at_without_a_template_is_blocked(self) -> None:
        found = told(Words({"a": "fool", "b": "away"}, points=False), principle("a", template="No."), principle("b"))
        assert (found.decision, found.principle) == ("block", "b")

    def test_a_redaction_that_breaks_another_principle_is_not_accepted(self) -> None:
        critic = Words({"a": "fool", "b": "[removed"})
        found = told(critic, principle("a"), principle("b", on_violation="block"))
        assert found.decision == "block"
        assert not found.revisions[0].accepted

    def test_what_the_prompt_violates_is_not_redacted_in_the_reply(self) -> None:
        asked = principle("a", applies_to="prompt", template="I do not help with that.")
        found = told(Words({"a": "fool"}), asked)
        assert found.text == "I do not help with that."

    def test_unknown_data_is_taken_out_exactly(self) -> None:
        reply = "Write to eve@evil.example or <PERSON_K7Q2M4XD>, not to bob@evil.example."
        spans = (unknown(reply, "eve@evil.example"), unknown(reply, "bob@evil.example"))
        check = principle("data", check="reveals_unknown_data")
        found = told(None, check, reply=reply, spans=spans)
        assert found.text == "Write to [removed: data] or <PERSON_K7Q2M4XD>, not to [removed: data]."
        assert found.final[0].state == "clear"


class TestBeyondReach:
    TOOLS = REPLY + '\ncall({"x": "fool"})'

    def test_a_violation_in_what_may_not_change_blocks(self) -> None:
        critic = Answers((verdict("a", "fired", (len(REPLY) + 5, len(REPLY) + 9)),))
        found = told(critic, principle("a", template="No."), reply=self.TOOLS, editable=len(REPLY))
        assert (found.decision, found.principle) == ("block", "a")
        assert "cannot be changed" in found.reason

    def test_so_does_one_that_reaches_into_it(self) -> None:
        critic = Answers((verdict("a", "fired", (len(REPLY) - 2, len(REPLY) + 2)),))
        assert told(critic, principle("a"), reply=self.TOOLS, editable=len(REPLY)).decision == "block"

    def test_an_annotation_of_it_does_not(self) -> None:
        critic = Answers((verdict("a", "fired", (len(REPLY) + 5, len(REPLY) + 9)),))
        found = told(critic, principle("a", on_violation="annotate"), reply=self.TOOLS, editable=len(REPLY))
        assert (found.decision, found.text) == ("allow", REPLY)

    def test_a_template_does_not_excuse_what_goes_out_beside_it(self) -> None:
        critic = Words({"a": "fool"}, points=False)
        found = told(critic, principle("a", template="No."), reply=self.TOOLS, editable=len(REPLY))
        assert (found.decision, found.principle) == ("block", "a")
        assert critic.judged[1].reply == "No." + self.TOOLS[len(REPLY) :]
        assert found.final[0].state == "fired"

    def test_a_template_stands_where_the_rest_is_clean(self) -> None:
        reply = REPLY + "\ncall()"
        critic = Words({"a": "fool"}, points=False)
        found = told(critic, principle("a", template="No."), reply=reply, editable=len(REPLY))
        assert (found.decision, found.text, found.final) == ("revise", "No.", (verdict("a"),))

    def test_unknown_data_behind_the_text_is_still_there_after_a_redaction(self) -> None:
        reply = "You fool. x@y.example"
        both = principle("a"), principle("data", check="reveals_unknown_data", on_violation="annotate")
        found = told(Words({"a": "fool"}), *both, reply=reply, editable=10, spans=(unknown(reply, "x@y.example"),))
        assert found.text == "You [removed: a]. "
        assert found.final[1].spans == ((len(found.text), len(found.text) + len("x@y.example")),)


class TestRewriting:
    CRITIQUE = "QUOTE: You fool, go away.\nWHY: It insults."

    def test_the_passage_is_rewritten_and_judged_again(self) -> None:
        critic = Words({"a": "fool"}, self.CRITIQUE, "New passage: Please leave it to us.")
        found = told(critic, principle("a"), principle("b"), writes=True)
        assert (found.decision, found.text) == ("revise", "Thanks. Please leave it to us. Bye <PERSON_K7Q2M4XD>.")
        assert found.final == (verdict("a"), verdict("b"))
        (revision,) = found.revisions
        assert (revision.method, revision.round, revision.accepted, revision.critique) == (
            "rewrite",
            1,
            True,
            self.CRITIQUE,
        )
        assert "Passage: You fool, go away." in critic.prompts[1]
        assert "Problem: It insults." in critic.prompts[1]

    def test_a_second_round_is_the_last(self) -> None:
        critic = Words({"a": "fool"}, *[self.CRITIQUE, "Still you are a fool."] * 2, points=False)
        found = told(critic, principle("a"), writes=True)
        assert [(r.method, r.round, r.accepted) for r in found.revisions] == [
            ("rewrite", 1, False),
            ("rewrite", 2, False),
            ("redaction", 3, True),
        ]
        assert found.text == "Thanks. [removed: a] Bye <PERSON_K7Q2M4XD>."
        assert critic.written == []

    def test_a_second_round_may_succeed(self) -> None:
        critic = Words({"a": "fool"}, "Nothing to say.", self.CRITIQUE, "Please leave it to us.")
        found = told(critic, principle("a"), writes=True)
        assert [(r.round, r.accepted) for r in found.revisions] == [(1, False), (2, True)]

    def test_no_round_leaves_the_principles_own_end(self) -> None:
        found = told(Words({"a": "fool"}), principle("a"), writes=True, rounds=0)
        assert [r.method for r in found.revisions] == ["redaction"]

    def test_a_rewrite_that_makes_another_principle_worse_is_not_accepted(self) -> None:
        critic = Words({"a": "fool", "b": "idiot"}, *[self.CRITIQUE, "You idiot, leave it."] * 2)
        found = told(critic, principle("a", template="(left out)"), principle("b"), writes=True)
        assert found.revisions[0].reason == "The principle b got worse."
        assert found.text == "Thanks. You (left out), go away. Bye <PERSON_K7Q2M4XD>."

    def test_a_rewrite_that_makes_things_up_is_not_even_judged(self) -> None:
        critic = Words({"a": "fool"}, *[self.CRITIQUE, "Call 5551234, please."] * 2)
        found = told(critic, principle("a"), writes=True)
        assert "makes up a number" in found.revisions[0].reason
        assert len(critic.judged) == 2

    def test_several_principles_are_rewritten_one_after_the_other(self) -> None:
        critic = Words(
            {"a": "fool", "b": "Thanks"},
            self.CRITIQUE, "Please leave it to us.", "QUOTE: Thanks.\nWHY: x", "Good day.",
        )  # fmt: skip
        found = told(critic, principle("a"), principle("b"), writes=True)
        assert found.text == "Good day. Please leave it to us. Bye <PERSON_K7Q2M4XD>."
        assert found.reason == "revised for a, b"

    @pytest.mark.parametrize("written", [[CriticError("slow")], [CRITIQUE, CriticError("slow")]])
    def test_a_critic_that_cannot_write_leaves_the_principles_own_end(self, written: list[Any]) -> None:
        found = told(Words({"a": "fool"}, *written, *written), principle("a"), writes=True)
        assert found.decision == "revise"
        assert [r.method for r in found.revisions] == ["rewrite", "rewrite", "redaction"]

    def test_a_revision_that_is_no_text_is_none(self) -> None:
        story = review(
            Dialogue("", REPLY),
            (principle("a"),),
            Settings(writes=True, rounds=1),
            editable=len(REPLY),
            unknown_spans=(),
        )
        for answer in (None, (verdict("a", "fired"),), self.CRITIQUE, None):
            story.send(answer)
        with pytest.raises(StopIteration) as stop:
            story.send((verdict("a"),))
        assert stop.value.value.revisions[0].reason == "The critic could not write a revision."

    def test_unknown_data_is_never_rewritten(self) -> None:
        reply = "Ask eve@evil.example."
        check = principle("data", check="reveals_unknown_data")
        found = told(None, check, reply=reply, spans=(unknown(reply, "eve@evil.example"),), writes=True)
        assert found.text == "Ask [removed: data]."


def test_observing_judges_and_changes_nothing() -> None:
    dialogue = Dialogue("Hello?", REPLY)
    both = (principle("a", on_violation="block"), principle("data", check="reveals_unknown_data"))
    found = tell(observe(dialogue, both, Settings(), ()), Words({"a": "fool"}))
    assert (found.decision, found.text, found.reason, found.final) == ("allow", REPLY, "observed: a", ())
    lost = tell(observe(dialogue, both, Settings(), ()), Answers(CriticError("slow")))
    assert (lost.decision, lost.not_judged) == ("allow", ("a",))


names = ("a", "b", "c")
states = st.sampled_from(["clear", "unsure", "fired", "not_judged"])
pointed = st.lists(st.integers(-1, len(REPLY) + 1), unique=True, max_size=4).map(sorted)


@st.composite
def verdicts(draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([None, (), CriticError("slow"), (verdict("x"),) * 3]))
    found = []
    for name in names:
        edges = draw(pointed)
        spans = list(zip(edges[::2], edges[1::2], strict=False))
        found.append(verdict(name, draw(states), *spans, score=draw(st.sampled_from([0.0, 0.5, 1.0, 2.0]))))
    return tuple(found)


@st.composite
def constitutions(draw: st.DrawFn) -> tuple[Principle, ...]:
    ends = st.sampled_from(["annotate", "revise", "block", "escalate"])
    return tuple(
        principle(name, on_violation=draw(ends), template=draw(st.sampled_from([None, f"Template of {name}."])))
        for name in names
    )


@given(
    constitutions(), st.lists(verdicts(), min_size=3, max_size=3), st.sampled_from(["block", "allow"]),
    st.sampled_from(["block", "allow"]), st.integers(0, len(REPLY)),
)  # fmt: skip
def test_whatever_the_critic_says(
    principles: tuple[Principle, ...], answers: list[Any], on_failure: Any, on_unsure: Any, editable: int
) -> None:
    def once() -> Review:
        return told(Answers(*answers), *principles, editable=editable, on_failure=on_failure, on_unsure=on_unsure)

    found = once()
    assert found == once()
    last = {v.principle: v.state for v in found.final or found.verdicts}
    mended = {name for r in found.revisions if r.accepted for name in r.principles}
    first = {v.principle: v.state for v in found.verdicts}
    if found.decision == "block":
        assert found.text == ""
        assert found.principle in names
        return
    if on_failure == "block":
        assert "not_judged" not in first.values()
        assert "not_judged" not in last.values() or not found.final
    for p in principles:
        if first[p.id] == "fired":
            assert p.on_violation != "block"
            assert p.on_violation != "revise" or p.id in mended
            assert p.on_violation != "escalate" or found.decision == "escalate"
        if on_unsure == "block":
            assert first[p.id] != "unsure"
    if found.decision == "allow" or not mended:
        assert found.text == REPLY[:editable]
    if found.decision == "escalate":
        assert {v.state for v in (*found.verdicts, *found.final) if v.principle == found.principle} >= {"fired"}
    assert set(found.not_judged) >= {name for name, state in first.items() if state == "not_judged"}
