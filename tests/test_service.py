"""What outlives one exchange: how it is made from files, what is wrong with them, and how it ends."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard import config as configuration
from guard.asks import Judge, Recognize, Write
from guard.audit.acts import new_id
from guard.audit.breakglass import create_pair
from guard.audit.retention import Steward, Subject, hold, release
from guard.config import DEFAULTS
from guard.drive import BlockingAnswers
from guard.errors import AccessError, AuditError, ConfigError, PolicyError, RecognizerError, RequestError, RouteError
from guard.service import Service, start
from guard.types import Dialogue, Principal
from tests.audit.samples import OPENING
from tests.audit.test_held import HELD
from tests.backends.model_servers import chance, serving, words
from tests.backends.model_servers import text as told
from tests.house import PRINCIPLES, Scripted, policy

ANN = Principal("ann", "legal")
WORDS = {"class": "tests.backends.presidio_examples.Words", "options": {"word": "Falcon"}}

UPSTREAMS = [
    {"name": "cloud", "url": "http://c/v1"},
    {"name": "house", "url": "http://h/v1", "trusted": True},
    {"name": "local", "url": "http://l/v1", "trusted": True},
]

Begin = Callable[..., Service]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A function that starts the parts of a folder: policies, constitutions by name, and what guard.yaml says."""
    made: list[Service] = []

    def start_(
        *rules: dict[str, Any], documents: dict[str, str] | None = None, workers: bool = True, **config: Any
    ) -> Service:
        for folder in ("policies", "constitutions"):
            (tmp_path / folder).mkdir(exist_ok=True)
        for rule in rules:
            (tmp_path / "policies" / f"{rule['policy']}.yaml").write_text(yaml.safe_dump(rule))
        for name, text in (documents or {}).items():
            (tmp_path / "constitutions" / f"{name}.yaml").write_text(text)
        (tmp_path / "guard.yaml").write_text(yaml.safe_dump(config))
        loaded = configuration.load(tmp_path / "guard.yaml", {})
        made.append(start(loaded, lambda _: None, workers=workers))
        return made[-1]

    yield start_
    for service in made:
        service.close()


# --- content of the log ------------------------------------------------------------------------------------------


def test_the_start_destroys_content_whose_time_is_over(begin: Begin) -> None:
    first = begin(policy(), audit={"retention_days": 1})
    first.writer.record(OPENING)
    first.close()
    service = begin(policy(), audit={"retention_days": 1})
    found = service.store.show(OPENING.exchange)
    assert found is not None
    assert (found.opening.request, str(found.lack)[:20]) == ("", "content destroyed on")
    assert service.expire() == 0


def test_a_held_reply_on_legal_hold_is_not_destroyed_until_the_hold_ends(begin: Begin) -> None:
    service = begin(policy(), held={"lifetime_hours": 1e-5})
    service.writer.record(OPENING)
    for exchange, user in (("x-1", "ann"), ("x-2", "bob")):
        service.held.hold(replace(HELD, exchange=exchange, principal=Principal(user)))
    steward, ann = Steward("op", "operator", time.time), Subject("user", "ann")
    hold(service.store, ann, "a lawsuit", steward)
    time.sleep(0.04)
    service.expire()
    assert (service.held.of("ann"), service.held.of("bob")) == (("x-1",), ())
    release(service.store, ann, "it is over", steward)
    service.expire()
    assert service.held.of("ann") == ()


def test_content_is_sealed_for_a_break_glass_key_that_is_there(begin: Begin, tmp_path: Path) -> None:
    rule = policy(log={"content": "encrypted"})
    with pytest.raises(ConfigError, match=r"log.content 'encrypted' needs a key.*break-glass-key"):
        begin(rule)
    with pytest.raises(ConfigError, match="nowhere"):
        begin(rule, audit={"break_glass_public": "nowhere"})
    create_pair(tmp_path / "glass")
    assert begin(rule, audit={"break_glass_public": "glass.pub"}).policies[0].log.content == "encrypted"


# --- start -------------------------------------------------------------------------------------------------------


def test_a_start_makes_every_file_once_and_goes_on_with_it(begin: Begin, tmp_path: Path) -> None:
    first = begin(policy())
    first.writer.record(OPENING)
    token, _ = first.keys.create("ann", "legal")
    first.close()
    second = begin(policy())
    assert second.store.show(OPENING.exchange) is not None
    assert second.identify(token) == ANN
    assert (second.tenant_key, second.coder.code("PERSON", "alice")) == (
        first.tenant_key,
        first.coder.code("PERSON", "alice"),
    )
    with pytest.raises(AccessError):
        second.identify("guard_no_key")
    assert {file.name for file in (tmp_path / "guard-data").iterdir()} >= {"audit.db", "vault.db", "keys.db"}


def test_another_tenant_has_other_codes_and_the_files_are_where_the_configuration_says(
    begin: Begin, tmp_path: Path
) -> None:
    here = begin(policy(), tenant="acme", data="kept", audit={"path": "log.db"})
    other = begin(policy(), tenant="other", data="kept", audit={"path": "log.db"})
    assert here.coder.code("PERSON", "alice") != other.coder.code("PERSON", "alice")
    assert (tmp_path / "kept" / "log.db").exists()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "policies: holds no policy. Add one, such as default.yaml."),
        ([policy(review={"constitution": "lost"})],
         "policy 'default': there is no constitution 'lost' in {folder}. Known are: other, test."),
        ([policy(review={"constitution": ["test", "lost"]})],
         "policy 'default': there is no constitution 'lost' in {folder}. Known are: other, test."),
        ([policy(mask={"default": "route"}, route={"to": "cloud"})],
         "policy 'default': routes to 'cloud', which is no upstream with 'trusted: true'. Trusted are: house, local."),
        ([policy(review={"constitution": "test"})],
         "constitution 'test', principle 'no-threats', key 'violates': the embedded critic needs 8 examples and there are 2."),
        ([policy(recognize={"profile": "patterns", "recognizers": [{"class": "nowhere.Words"}]})],
         "recognizer 'nowhere.Words' cannot be imported. Check the path and that it is installed."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_the_start_with_a_remedy(
    begin: Begin, tmp_path: Path, rules: list[dict[str, Any]], message: str
) -> None:
    asked = PRINCIPLES.replace("constitution: test", "constitution: other")
    with pytest.raises(ConfigError) as caught:
        begin(*rules, documents={"test": PRINCIPLES, "other": asked}, workers=False, upstreams=UPSTREAMS)
    assert message.format(folder=tmp_path / "constitutions") in caught.value.message


def test_a_critic_that_cannot_be_loaded_is_told_at_the_start(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    rule = policy(review={"constitution": "test"})
    with pytest.raises(ConfigError, match=r"empty' cannot be loaded .*Name a folder with config"):
        begin(rule, documents={"test": PRINCIPLES}, critic={"model": str(tmp_path / "empty"), "device": "cpu"})


# How the scripted model on the server says yes and no: it takes offence at the violating examples of PRINCIPLES.
OFFENDING = ("replied:\nb\n", "replied:\nd\n", "or else")


def offended(body: dict[str, Any]) -> dict[str, Any]:
    return chance(0.97 if any(part in words(body) for part in OFFENDING) else 0.02)


# What no critic of these tests would pass otherwise.
LAX = f"tests: {{precision: 0, recall: 0, missed: 1, margin: -1}}\n{PRINCIPLES}"


def test_a_critic_on_a_server_judges_writes_and_is_fitted_once(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-judge")
    rule = policy(review={"constitution": "test"})
    with serving(offended) as server:
        wish = {"model": "judge", "url": server.url, "key_env": "JUDGE_KEY", "concurrency": 3}
        service = begin(rule, documents={"test": PRINCIPLES}, workers=False, critic=wish)
        principles = [one for one in service.constitutions["test"].principles if one.check is None]
        assert len(server.seen) == 8  # two principles with four examples each; the third has a check
        plan = service.plan(ANN, "m", "chat")
        assert (plan.critic, plan.settings.writes) == ("remote:judge", True)
        answers = BlockingAnswers(service, None)  # type: ignore[arg-type]
        verdicts = answers(Judge(Dialogue("Hi", "Pay now, or else."), tuple(principles)))
        assert [verdict.state for verdict in verdicts] == ["fired", "fired"]
        server.say = lambda _: told("Please pay today.")
        assert answers(Write("Mend it.", 20)) == "Please pay today."
        assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in server.seen)
        assert {headers["authorization"] for headers in server.headers} == {"Bearer sk-judge"}
        asked = len(server.seen)
        again = begin(rule, documents={"test": PRINCIPLES}, workers=False, critic=wish)
        assert len(server.seen) == asked
        assert again.critic is not None
        assert again.critic.digest == plan.critic_digest
        service.close()
        with pytest.raises(RuntimeError, match="shutdown"):
            service.critic_thread.submit(print)


def test_a_critic_that_answers_in_text_is_named_by_its_form(begin: Begin) -> None:
    with serving(lambda _: told("<score> no </score>")) as server:
        wish = {"model": "granite-guardian", "url": server.url, "form": "granite", "calibrate": False}
        rule = policy(review={"constitution": "test"})
        service = begin(rule, documents={"test": LAX}, workers=False, critic=wish)
        plan = service.plan(ANN, "m", "chat")
        assert (plan.critic, plan.settings.writes) == ("granite:granite-guardian", False)
        ask = Judge(Dialogue("Hi", "Hello."), service.constitutions["test"].principles[:1])
        assert [v.state for v in BlockingAnswers(service, None)(ask)] == ["clear"]  # type: ignore[arg-type]


def test_several_exchanges_are_judged_at_a_time_on_a_server(begin: Begin) -> None:
    with serving(lambda _: chance(0.02)) as server:
        wish = {"model": "judge", "url": server.url, "calibrate": False, "concurrency": 4}
        rule = policy(review={"constitution": "test"})
        service = begin(rule, documents={"test": LAX}, workers=False, critic=wish)
        ask = Judge(Dialogue("Hi", "WAITS"), service.constitutions["test"].principles[:1])
        answers = BlockingAnswers(service, None)  # type: ignore[arg-type]
        with ThreadPoolExecutor(3) as pool:
            judged = [pool.submit(answers, ask) for _ in range(3)]
            while server.under_way < 3:
                time.sleep(0.005)
            server.gate.set()
            assert [future.result()[0].state for future in judged] == ["clear"] * 3


def test_the_embedded_critic_may_judge_before_one_on_a_server(begin: Begin) -> None:
    known = DEFAULTS / "constitutions" / "workplace.yaml"
    document = yaml.safe_load(known.read_text())
    document["principles"] = [one for one in document["principles"] if one["id"] in {"no-violence", "no-fraud"}]
    with serving(lambda _: chance(0.97)) as server:
        wish = {"model": "judge", "url": server.url, "first": "embedded", "calibrate": False}
        rule = policy(review={"constitution": "workplace"})
        service = begin(rule, documents={"workplace": yaml.safe_dump(document)}, workers=False, critic=wish)
        assert service.plan(ANN, "m", "chat").critic == "embedded:all-MiniLM-L6-v2 > remote:judge"
        answers = BlockingAnswers(service, None)  # type: ignore[arg-type]
        principles = service.constitutions["workplace"].principles
        asked = len(server.seen)  # about the examples
        dull = answers(Judge(Dialogue("When do we meet?", "On Tuesday at ten, in the small room."), principles))
        spared = [one for one in dull if len(one.scores) == 1]
        assert spared
        assert {one.state for one in spared} == {"clear"}
        assert len(server.seen) - asked == len(dull) - len(spared)
        violent = principles[0].violates[0] if principles[0].id == "no-violence" else principles[1].violates[0]
        verdicts = answers(Judge(violent, principles))
        assert [name for name, _ in next(one for one in verdicts if len(one.scores) == 2).scores][1] == "remote:judge"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (401, "critic: its examples cannot be judged. The critic's server answered 401. Check critic.key_env"),
        (told("No"), "critic: its examples cannot be judged. The critic's server tells no log-probabilities."),
    ],
)
def test_a_critic_on_a_server_that_cannot_judge_is_told_at_the_start(begin: Begin, answer: Any, message: str) -> None:
    rule = policy(review={"constitution": "test"})
    with serving(lambda _: answer) as server:
        wish = {"model": "judge", "url": server.url}
        with pytest.raises(ConfigError) as caught:
            begin(rule, documents={"test": PRINCIPLES}, workers=False, critic=wish)
    assert caught.value.message.startswith(message)


def test_without_a_constitution_no_critic_is_loaded(begin: Begin) -> None:
    service = begin(policy(), critic={"model": "nowhere/at-all"})
    assert (service.critic, dict(service.constitutions)) == (None, {})
    plan = service.plan(ANN, "m", "chat")
    assert (plan.critic, plan.critic_digest, plan.constitution, plan.settings.writes) == ("", "", None, False)


# --- recognizers -------------------------------------------------------------------------------------------------


def test_policies_that_ask_for_the_same_share_a_recognizer_and_all_share_the_cache(begin: Begin) -> None:
    extra = {"profile": "patterns", "recognizers": [WORDS]}
    service = begin(
        policy("a"),
        policy("b", mask={"default": "redact"}),
        policy("c", recognize=extra),
        policy("d", recognize=extra),
        policy("e", recognize={"profile": "patterns", "threshold": 0.9}),
        policy("f", recognize={"profile": "none"}, log={"content": "none"}),
    )
    groups: dict[int, set[str]] = {}
    for name, recognizer in service.recognizers.items():
        groups.setdefault(id(recognizer), set()).add(name)
    assert sorted(map(sorted, groups.values())) == [["a", "b"], ["c", "d"], ["e"], ["f"]]
    assert len({id(recognizer._cache) for recognizer in service.recognizers.values()}) == 1

    answers = BlockingAnswers(service, None)  # type: ignore[arg-type]
    text = "Falcon is at 192.0.2.7"
    found = {name: [span.entity for span in answers(Recognize((text,), name))[0]] for name in "acef"}
    assert found == {"a": ["IP_ADDRESS"], "c": ["CODE_NAME", "IP_ADDRESS"], "e": [], "f": []}


def test_names_are_read_in_processes_of_their_own_unless_told_otherwise(begin: Begin) -> None:
    rule = policy(recognize={"profile": "patterns", "recognizers": [WORDS]})
    apart, here = begin(rule), begin(rule, workers=False)
    for service in (apart, here):
        assert service.recognizers["default"].recognize_blocking(["Falcon"])[0][0].entity == "CODE_NAME"
        service.close()
    with pytest.raises(RecognizerError, match="the recognizers are closed"):
        apart.recognizers["default"].recognize_blocking(["Falcon flies"])
    assert here.recognizers["default"].recognize_blocking(["Falcon flies"])[0][0].entity == "CODE_NAME"


# --- the plan of an exchange -------------------------------------------------------------------------------------


def test_the_plan_says_all_that_decides(begin: Begin) -> None:
    rules = {"constitution": None, "on_failure": "allow", "on_unsure": "block", "rounds": 1}
    service = begin(
        policy("team", applies_to={"teams": ["legal"], "models": ["gpt-*"]}, precedence=1, review=rules),
        policy("all", applies_to={"surfaces": ["chat"]}),
        limits={"reply_bytes": 1234},
    )
    service.critic = Scripted(writes=True)
    plan = service.plan(ANN, "gpt-4o", "chat")
    assert plan.policy.policy == "team"
    assert (plan.settings.on_failure, plan.settings.on_unsure, plan.settings.rounds) == ("allow", "block", 1)
    assert (plan.critic, plan.critic_digest, plan.settings.writes) == ("scripted", "scripted-1", True)
    assert (plan.upstreams, plan.reply_bytes, plan.coder) == (("local",), 1234, service.coder)
    assert service.plan(Principal("bob"), "gpt-4o", "chat").policy.policy == "all"
    assert service.plan(ANN, "other", "chat", upstream="function").upstreams == ("function",)
    with pytest.raises(PolicyError):
        service.plan(Principal("bob"), "gpt-4o", "messages")


@pytest.mark.parametrize(
    ("model", "upstream"), [("gpt-4o", "first"), ("GPT-4o", "rest"), ("llama-3", "second"), ("llama", "rest")]
)
def test_the_first_upstream_that_serves_a_model_is_taken(begin: Begin, model: str, upstream: str) -> None:
    upstreams = [
        {"name": "first", "url": "http://a/v1", "models": ["gpt-*", "o?"]},
        {"name": "second", "url": "http://b/v1", "models": ["llama-*"]},
        {"name": "rest", "url": "http://c/v1"},
    ]
    service = begin(policy(), upstreams=upstreams)
    assert service.plan(ANN, model, "chat").upstreams == (upstream,)


def test_the_idlest_of_a_pool_is_asked_first_and_fallbacks_last(begin: Begin) -> None:
    upstreams = [
        {"name": "other", "url": "http://o/v1", "models": ["llama"], "pool": "p"},
        {"name": "a", "url": "http://a/v1", "pool": "p", "fallbacks": ["c", "other", "b"]},
        {"name": "b", "url": "http://b/v1", "pool": "p", "fallbacks": ["d"]},
        {"name": "c", "url": "http://c/v1"},
        {"name": "d", "url": "http://d/v1"},
    ]
    service = begin(policy(), upstreams=upstreams)
    service.at_work.update(a=2, b=1)
    assert service.upstreams_for("gpt", "chat") == ("b", "a", "c", "d")  # `other` does not serve it
    service.at_work.update(b=2)
    assert service.upstreams_for("gpt", "chat") == ("a", "b", "c", "d")
    service.at_work.clear()
    assert {service.upstreams_for("gpt", "chat")[:2] for _ in range(64)} == {("a", "b"), ("b", "a")}


def test_who_speaks_the_surface_goes_before_who_is_translated(begin: Begin) -> None:
    upstreams = [{"name": "a", "url": "http://a/v1"}, {"name": "b", "url": "http://b/v1", "api": "anthropic"}]
    service = begin(policy(), upstreams=upstreams)
    assert service.upstreams_for("m", "chat") == ("a",)
    assert service.upstreams_for("m", "messages") == ("b",)


def test_without_a_translator_only_who_speaks_the_surface_is_asked(begin: Begin) -> None:
    upstreams = [
        {"name": "a", "url": "http://a/v1", "models": ["gpt"]},
        {"name": "b", "url": "http://b/v1", "api": "anthropic"},
    ]
    service = begin(policy(), upstreams=upstreams)
    service.translates = True
    assert service.upstreams_for("gpt", "messages") == ("b",)
    assert service.upstreams_for("claude", "chat") == ("b",)
    service.translates = False
    assert service.upstreams_for("gpt", "chat") == ("a",)
    with pytest.raises(RouteError, match="Install guard with litellm"):
        service.upstreams_for("claude", "chat")


def test_a_model_that_nobody_serves_is_refused(begin: Begin) -> None:
    service = begin(policy(), upstreams=[{"name": "a", "url": "http://a/v1", "models": ["gpt-*"]}])
    with pytest.raises(RequestError, match="No upstream serves this model") as caught:
        service.plan(ANN, "alice.meyer@example.com", "chat")
    assert caught.value.param == "model"
    assert "alice" not in caught.value.message


def test_names_of_exchanges_differ_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for nanoseconds in (999_999_999, 1_764_000_000_000_000_000, 1_764_000_000_001_000_000, 9_999_999_999_999_999_999):
        monkeypatch.setattr("guard.service.time.time_ns", lambda now=nanoseconds: now)
        names += sorted([new_id(), new_id()])
    assert len(set(names)) == len(names)
    assert names == sorted(names)


# --- the end -----------------------------------------------------------------------------------------------------


def test_after_the_end_nothing_is_recorded_judged_or_remembered(begin: Begin) -> None:
    service = begin(policy())
    service.writer.record(OPENING)
    service.close()
    with pytest.raises(AuditError, match=r"^the audit log is closed$"):
        service.writer.record(OPENING)
    for use in (
        lambda: service.store.append([OPENING]),
        lambda: service.keys.create("ann"),
        lambda: service.vault.recall("default", ["K7Q2M4XD"]),
    ):
        with pytest.raises(AuditError, match="closed"):
            use()
    with pytest.raises(RuntimeError, match="shutdown"):
        service.critic_thread.submit(lambda: None)
    assert service.store.show(OPENING.exchange) is not None  # it is read from the file
