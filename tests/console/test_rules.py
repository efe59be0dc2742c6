import json
import re

from tests.console.desk import desk


def test_policies_are_told_in_words_and_lists_without_their_terms(tmp_path):
    with desk(tmp_path) as here, here.client("viewer") as client:
        from guard.policy import Policy, Recognition, Terms

        terms = Recognition(profile="patterns", lists=(Terms(entity="CODE_NAME", terms=("Project Bluebird",)),))
        own = Policy(policy="own", precedence=3, recognize=terms)
        here.service.policies = (own, *here.service.policies)
        text = client.get("/console/policies").text
        assert text.index(">own<") < text.index(">default<")
        assert "patterns alone" in text
        assert "CODE_NAME" in text
        assert "Bluebird" not in text
        assert '<a href="/console/constitutions/test">test</a>' in text


def test_validators_are_told_with_what_they_stop(tmp_path):
    from guard.policy import Policy

    validators = [
        {"class": "own.checks.NoGold", "on": "prompt", "options": {"word": "bullion"}},
        {"class": "own.checks.NoTin", "on": "reply", "on_fail": "annotate"},
    ]
    review = {"constitution": None, "stream": "hold", "on_failure": "allow", "validators": validators}
    with desk(tmp_path, exchanges=0) as here, here.client("viewer") as client:
        here.service.policies = (Policy.model_validate({"policy": "own", "review": review}),)
        text = client.get("/console/policies").text
        facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", text))
        assert facts["A prompt is validated by"] == "guardrails/NoGold (own.checks.NoGold); what fails is withheld"
        assert facts["A reply is validated by"] == "guardrails/NoTin (own.checks.NoTin); what fails is noted"
        assert "bullion" not in text  # an option may hold what is secret
        assert facts["Where the critic or a validator fails, the reply is"] == "let through"
        assert "Replies reach the caller" in facts
        assert not any("unsure" in fact for fact in facts)


def test_constitutions_are_told_with_the_result_of_their_tests(tmp_path):
    with desk(tmp_path) as here, here.client("viewer") as client:
        assert "no test on record" in client.get("/console/constitutions").text
        document = here.service.constitutions["test"]
        kept = {"constitution": "test", "digest": document.digest, "critic": "scripted", "critic_digest": "s1"}
        folder = here.service.config.data / "proofs"
        folder.mkdir(exist_ok=True)
        (folder / "a.json").write_text(json.dumps({**kept, "problems": []}))
        (folder / "b.json").write_text(json.dumps({**kept, "digest": "e" * 64, "problems": ["principle 'x': <late>"]}))
        (folder / "c.json").write_text("{")
        assert "passed (scripted)" in client.get("/console/constitutions").text
        text = client.get("/console/constitutions/test").text
        assert "1 principles failed" in text
        assert "principle &#39;x&#39;: &lt;late&gt;" in text


def test_a_constitution_is_told_with_its_principles_and_versions(viewer):
    text = viewer.get("/console/constitutions/test").text
    for words in ("The assistant does not threaten.", "Does the reply threaten?", "decided exactly", "4 examples"):
        assert words in text
    versions = text.split('id="h-versions"')[1].split("</section>")[0]
    assert versions.index("in force") < versions.index("former")
    assert "cccccccccccc" in versions
    assert viewer.get("/console/constitutions/none").status_code == 404
