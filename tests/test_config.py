"""guard.yaml and the environment: what they set, what they may not, and how that is told."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.config import DEFAULTS, Config, UpstreamConfig, load, overridden
from guard.documents import parse
from guard.errors import ConfigError
from guard.types import SurfaceName

URL = "https://api.example.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1"
GOOGLE = "https://generativelanguage.googleapis.com/v1beta"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "guard.yaml"


def refusal(path: Path | None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return caught.value.message


# --- the file ----------------------------------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load(None, {"PATH": "/bin", "GUARDIAN": "x"})
    assert config == Config().model_copy(
        update={"policies": DEFAULTS / "policies", "constitutions": DEFAULTS / "constitutions"}
    )
    (upstream,) = config.upstreams
    assert (upstream.model, upstream.url, upstream.trusted) == ("packaged:smollm2", None, True)


def test_folders_count_from_the_file(file: Path) -> None:
    file.write_text("data: kept\npolicies: rules\n")
    config = load(file, {})
    assert (config.data, config.policies) == (file.parent / "kept", file.parent / "rules")
    assert config.constitutions == DEFAULTS / "constitutions"
    (file.parent / "constitutions").mkdir()
    assert load(file, {}).constitutions == file.parent / "constitutions"
    assert load(file, {"GUARD_DATA": "/elsewhere"}).data == Path("/elsewhere")


def test_cards_of_ones_own_lie_beside_the_file_or_where_it_says(file: Path) -> None:
    file.write_text("")
    assert load(file, {}).console.cards is None
    (file.parent / "cards").mkdir()
    assert load(file, {}).console.cards == file.parent / "cards"
    file.write_text("console: {cards: ours}\n")
    assert load(file, {}).console.cards == file.parent / "ours"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("listen:\n  prot: 1\n", "line 2: unknown key 'listen.prot'. Did you mean 'port'?"),
        ("listen: {port: 65536}\n", "line 1: key 'listen.port': Input should be less than or equal to 65535."),
        ("\nupstreams:\n- {name: a}\n", "line 3: key 'upstreams.0': Value error, give "),
        (f"upstreams:\n- {{name: a, url: '{URL}', model: m}}\n", "line 2: key 'upstreams.0': Value error, give "),
        ("upstreams: []\n", "line 1: Value error, give at least one upstream."),
        ("upstreams: [{name: a, model: m}, {name: a, model: n}]\n", "line 1: Value error, two upstreams have the same name."),
        ("upstreams: [{name: a, model: m, fallbacks: [a]}]\n", "line 1: Value error, upstream 'a' falls back to 'a', which is no other upstream."),
        ("upstreams:\n- {name: a, url: 'http://a', key_env: K, key_file: k}\n", "line 2: key 'upstreams.0': Value error, give either 'key_env' or 'key_file'."),
        ("upstreams:\n- model: m\n", "line 2: key 'upstreams.0.name' is missing. Add it."),
        ("critic:\n\n  device: tpu\n", "line 3: key 'critic.device': Input should be 'auto', 'cpu' or 'cuda'."),
        ("critic: {url: 'http://a/v1'}\n", "line 1: key 'critic': Value error, a critic with a 'url' needs 'model', its name on the server."),
        ("critic: {first: embedded}\n", "line 1: key 'critic': Value error, 'first: embedded' needs a 'model' that is asked second; without one drop 'first'."),
        ("critic: {model: m, form: granite}\n", "line 1: key 'critic': Value error, 'form' is for a critic on a server; add its 'url', or drop 'form'."),
        ("critic: {model: m, key_env: K}\n", "line 1: key 'critic': Value error, 'key_env' is for a critic on a server; add its 'url', or drop 'key_env'."),
        ("critic: {model: m, url: 'http://a', key_env: K, key_file: k}\n", "line 1: key 'critic': Value error, give either 'key_env' or 'key_file'."),
        ("critic: {model: m, url: 'http://a', form: text}\n", "line 1: key 'critic.form': Input should be 'logprobs', 'safeguard', 'granite', "),
        ("critic: {model: m, url: 'http://a', recall: 1}\n", "line 1: key 'critic.recall': Input should be less than 1."),
        ("critic: {model: m, url: 'http://a', second: b}\n", "line 1: unknown key 'critic.second'."),
        ("console: {public_url: 'https://a/console'}\n", "line 1: key 'console.public_url': String should match pattern "),
        ("console: {oidc: {issuer: 'https://a', client_id: c}}\n", "line 1: key 'console': Value error, 'oidc' needs 'public_url': "),
        ("console: {public_url: 'https://g', oidc: {issuer: 'http://a', client_id: c}}\n", "line 1: key 'console.oidc.issuer': String should match "),
        ("console: {public_url: 'https://g', oidc: {issuer: 'http://localhost.evil', client_id: c}}\n", "line 1: key 'console.oidc.issuer': String should "),
        ("console: {public_url: 'https://g', oidc: {issuer: 'https://a?b', client_id: c}}\n", "line 1: key 'console.oidc.issuer': String should match "),
        ("console: {public_url: 'https://g', oidc: {issuer: 'https://a', client_id: c, scopes: [email]}}\n", "line 1: key 'console.oidc': Value error, 'scopes' needs 'openid'."),
        ("console: {public_url: 'https://g', oidc: {issuer: 'https://a', client_id: c, roles: {map: {x: root}}}}\n", "line 1: key 'console.oidc.roles.map.x': Input should be 'viewer', 'auditor' or 'admin'."),
        ("console: {public_url: 'https://g', oidc: {issuer: 'https://a', client_id: c, roles: {map: {}}}}\n", "line 1: key 'console.oidc.roles.map': "),
        ("console: {idle_minutes: 0}\n", "line 1: key 'console.idle_minutes': Input should be greater than 0."),
        ("vault: {lifetime_days: 0}\n", "line 1: key 'vault.lifetime_days': Input should be greater than 0."),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_told_with_its_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    assert refusal(file).startswith(f"{file}, {message}")
    assert refusal(file, GUARD_TENANT="other") == refusal(file)


@pytest.mark.parametrize("url", ["ftp://a", "https://ann:hunter2@a/v1", "https://a/v1?key=hunter2", "https://a b"])
def test_an_address_holds_no_credentials_and_none_are_told(file: Path, url: str) -> None:
    file.write_text(yaml.safe_dump({"upstreams": [{"name": "a", "url": url}]}))
    message = refusal(file)
    assert "line 3: key 'upstreams.0.url'" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("url", ["ftp://a", "https://ann:hunter2@a/v1", "https://a/v1?key=hunter2"])
def test_the_address_of_a_critic_holds_no_credentials_and_none_are_told(file: Path, url: str) -> None:
    file.write_text(yaml.safe_dump({"critic": {"model": "m", "url": url}}))
    message = refusal(file)
    assert "line 3: key 'critic.url'" in message
    assert "hunter2" not in message


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    assert refusal(file) == f"{file}: cannot be read (No such file or directory). Check the path and its rights."


# --- upstreams ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "speaks", "serves"),
    [
        ({"url": URL}, {"chat", "embeddings"}, {"chat", "embeddings", "messages"}),
        ({"url": URL, "api": "anthropic"}, {"messages", "count_tokens"}, {"chat", "embeddings", "messages", "count_tokens"}),
        ({"url": URL, "api": "gemini"}, {"gemini", "gemini_tokens"}, {"chat", "embeddings", "messages", "gemini", "gemini_tokens"}),
        ({"url": URL, "surfaces": ["chat"]}, {"chat"}, {"chat", "embeddings", "messages"}),
        ({"litellm": "mistral/mistral-small"}, set(), {"chat", "embeddings", "messages"}),
        ({"model": "m"}, {"chat"}, {"chat"}),
    ],
)  # fmt: skip
def test_what_an_upstream_speaks_itself_and_what_it_takes_at_all(
    given: dict[str, Any], speaks: set[str], serves: set[str]
) -> None:
    upstream = UpstreamConfig(name="a", models=("gpt-*",), **given)
    surfaces: tuple[SurfaceName, ...] = (
        "chat", "embeddings", "messages", "count_tokens", "gemini", "gemini_tokens",
    )  # fmt: skip
    assert {surface for surface in surfaces if upstream.speaks(surface)} == speaks
    assert {surface for surface in surfaces if upstream.serves("gpt-4o", surface)} == serves
    assert not any(upstream.serves("llama", surface) for surface in surfaces)


def test_the_key_of_an_upstream_comes_from_where_the_file_says(file: Path) -> None:
    file.write_text(yaml.safe_dump({"upstreams": [
        {"name": "own", "url": URL}, {"name": "env", "url": URL, "key_env": "K"}, {"name": "file", "url": URL, "key_file": "k"},
    ]}))  # fmt: skip
    own, env, kept = load(file, {}).upstreams
    assert own.key({"K": "sk"}) is None
    assert env.key({"K": "sk"}) == "sk"
    for environ in ({}, {"K": ""}):
        with pytest.raises(ConfigError, match=r"upstream 'env': the environment variable K is not set\. Set it"):
            env.key(environ)
    with pytest.raises(ConfigError, match=r"upstream 'file': key_file cannot be read\. Check the path"):
        kept.key({})
    (file.parent / "k").write_text("sk-kept\n")
    assert kept.key({}) == "sk-kept"


def test_the_key_of_a_critic_comes_from_where_the_file_says(file: Path) -> None:
    file.write_text(f"critic: {{model: m, url: '{URL}', key_file: k}}\n")
    critic = load(file, {}).critic
    with pytest.raises(ConfigError, match=r"critic: key_file cannot be read\. Check the path"):
        critic.key({})
    (file.parent / "k").write_text("sk-kept\n")
    assert critic.key({}) == "sk-kept"
    by_name = load(None, {"GUARD_CRITIC": f"{{model: m, url: '{URL}', key_env: K, first: embedded}}"}).critic
    assert (by_name.key({"K": "sk"}), by_name.first, by_name.form, by_name.recall) == (
        "sk",
        "embedded",
        "logprobs",
        0.9,
    )
    with pytest.raises(ConfigError, match=r"critic: the environment variable K is not set\. Set it"):
        by_name.key({})
    assert load(None, {}).critic.key({"K": "sk"}) is None


# --- the environment ---------------------------------------------------------------------------------------------

trees = st.fixed_dictionaries(
    {},
    optional={
        "listen": st.fixed_dictionaries({}, optional={"port": st.integers(0, 65535), "host": st.just("0.0.0.0")}),
        "tenant": st.sampled_from(("acme", "7", "no", "집", "a: b", "null", "[x]")),
        "critic": st.fixed_dictionaries({}, optional={"calibrate": st.booleans(), "timeout_s": st.floats(0.5, 99)}),
        "upstreams": st.just([{"name": "a", "url": URL, "models": ["gpt-*"]}]),
        "limits": st.fixed_dictionaries({}, optional={"cached_texts": st.integers(0, 9), "body_bytes": st.just(7)}),
        "access": st.fixed_dictionaries({"require_key": st.booleans()}),
    },
)


def variables(tree: dict[str, Any], *, whole: bool) -> dict[str, str]:
    """The variables that set `tree`: one for each key of the file, or one for each value."""
    if whole:
        return {f"GUARD_{key.upper()}": yaml.safe_dump(value) for key, value in tree.items()}
    made: dict[str, str] = {}
    for key, value in tree.items():
        inner = variables(value, whole=False) if isinstance(value, dict) else {"GUARD_": yaml.safe_dump(value)}
        made |= {f"GUARD_{key.upper()}__{name[6:]}".removesuffix("__"): text for name, text in inner.items()}
    return made


@settings(deadline=None)
@given(trees, trees, st.booleans())
def test_the_environment_says_what_a_file_could_say_and_wins(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, Any], told: dict[str, Any], whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("config")
    (folder / "both.yaml").write_text(yaml.safe_dump(written))
    merged = {
        key: {**written.get(key, {}), **told.get(key, {})}
        if isinstance(told.get(key, written.get(key)), dict)
        else told.get(key, written.get(key))
        for key in {*written, *told}
    }
    (folder / "merged.yaml").write_text(yaml.safe_dump(merged))
    assert load(folder / "both.yaml", variables(told, whole=whole)) == load(folder / "merged.yaml", {})


def test_a_variable_for_one_key_goes_into_one_for_those_around_it() -> None:
    config = load(None, {"GUARD_LISTEN": "{host: 0.0.0.0, port: 1}", "GUARD_LISTEN__PORT": "9000"})
    assert (config.listen.host, config.listen.port) == ("0.0.0.0", 9000)


def test_variables_that_are_no_keys_are_left_alone() -> None:
    assert load(None, {"GUARD_CONFIG": "guard.yaml", "GUARD_KEY": "guard_1_2"}) == load(None, {})


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"GUARD_PORT": "9000"}, "environment variable GUARD_PORT: no such key. Known are GUARD_LISTEN, GUARD_DATA, "),
        ({"GUARD_PROT__X": "1"}, "environment variable GUARD_PROT__X: no such key. Known are GUARD_LISTEN, "),
        ({"GUARD_LISTEN": "5", "GUARD_LISTEN__PORT": "1"},
         "environment variable GUARD_LISTEN__PORT: another one sets all of 'listen'. Drop one of them."),
        ({"GUARD_TENANT": "{a: ["},
         "environment variable GUARD_TENANT: its value cannot be read as YAML. Quote it."),
        ({"GUARD_LISTEN__PROT": "1"},
         "environment variable GUARD_LISTEN__PROT: unknown key 'listen.prot'. Did you mean 'port'?"),
        ({"GUARD_LISTEN__PORT": "many"}, "environment variable GUARD_LISTEN__PORT: key 'listen.port': Input should be a valid integer"),
        ({"GUARD_CRITIC__DEVICE": "tpu"}, "environment variable GUARD_CRITIC__DEVICE: key 'critic.device': Input should be 'auto', "),
        ({"GUARD_TENANT": "7"}, "environment variable GUARD_TENANT: key 'tenant': Input should be a valid string."),
        ({"GUARD_LISTEN": "{port: many}"},
         "environment variable GUARD_LISTEN: key 'listen.port': Input should be a valid integer"),
        ({"GUARD_LISTEN": "{prot: 1}", "GUARD_TENANT": "x"}, "environment variable GUARD_LISTEN: unknown key 'listen.prot'."),
        ({"GUARD_UPSTREAMS": "[{name: a, url: 'https://a.example', models: [1]}]"},
         "environment variable GUARD_UPSTREAMS: key 'upstreams.0.models.0': Input should be a valid string."),
        ({"GUARD_UPSTREAMS": "[{url: 'https://a.example'}]"},
         "environment variable GUARD_UPSTREAMS: key 'upstreams.0.name' is missing. Add it."),
        ({"GUARD_UPSTREAMS__0__URL": "https://a.example"},
         "environment variable GUARD_UPSTREAMS__0__URL: key 'upstreams': Input should be a valid tuple."),
        ({"GUARD_UPSTREAMS__0__URL": "https://a.example", "GUARD_UPSTREAMS__0__NAME": "a", "GUARD_DATA": "x"},
         "environment variables GUARD_UPSTREAMS__0__NAME, GUARD_UPSTREAMS__0__URL: key 'upstreams': Input should be"),
        ({"GUARD_UPSTREAMS": "[]", "GUARD_TENANT": "x"},
         "environment variables GUARD_TENANT, GUARD_UPSTREAMS: Value error, give at least one upstream."),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_environment_names_its_variable(file: Path, environ: dict[str, str], message: str) -> None:
    file.write_text("tenant: acme\n")
    assert refusal(file, **environ).startswith(message)


def test_two_wrong_variables_are_told_at_once(file: Path) -> None:
    told = refusal(None, GUARD_LISTEN__PORT="hunter2", GUARD_TENANT="").splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "environment variable GUARD_LISTEN__PORT",
        "environment variable GUARD_TENANT",
    ]
    assert "hunter2" not in "".join(told)


# --- the command line --------------------------------------------------------------------------------------------

FILE = f"""
listen: {{host: 10.0.0.1, port: 7}}
tenant: acme
upstreams:
- {{name: a, url: "{URL}", key_env: KEY}}
- {{name: b, model: m}}
"""
NOTHING: dict[str, Any] = {"upstream": None, "key_env": None, "host": None, "port": None}


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ({}, {}),
        ({"host": "0.0.0.0"}, {"listen": {"host": "0.0.0.0", "port": 7}}),
        ({"port": 0}, {"listen": {"host": "10.0.0.1", "port": 0}}),
        ({"upstream": URL}, {"upstreams": [{"name": "upstream", "url": URL}]}),
        ({"upstream": URL, "key_env": "K"}, {"upstreams": [{"name": "upstream", "url": URL, "key_env": "K"}]}),
        ({"upstream": URL, "api": "anthropic"}, {"upstreams": [{"name": "upstream", "url": URL, "api": "anthropic"}]}),
        ({"upstream": ANTHROPIC}, {"upstreams": [{"name": "upstream", "url": ANTHROPIC, "api": "anthropic"}]}),
        ({"upstream": GOOGLE}, {"upstreams": [{"name": "upstream", "url": GOOGLE, "api": "gemini"}]}),
        ({"upstream": ANTHROPIC, "api": "openai"}, {"upstreams": [{"name": "upstream", "url": ANTHROPIC}]}),
    ],
)
def test_the_command_line_changes_what_it_names_and_nothing_else(said: dict[str, Any], changed: dict[str, Any]) -> None:
    config = parse(FILE, Config, name="guard.yaml")
    expected = Config.model_validate({**config.model_dump(), **changed})
    assert overridden(config, **{**NOTHING, **said}) == expected


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"key_env": "K"}, "--upstream-key-env goes with --upstream."),
        ({"api": "openai"}, "--upstream-api goes with --upstream."),
        ({"upstream": "api.example.com"}, "--upstream: give the URL of an API, such as https://api.openai.com/v1."),
    ],
)
def test_what_does_not_fit_on_the_command_line_is_told(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden(Config(), **{**NOTHING, **said})
    assert caught.value.message == message


def test_the_secret_of_the_console_at_its_provider_is_in_the_environment() -> None:
    oidc = {"issuer": "http://localhost:1/realms/a", "client_id": "c", "client_secret_env": "S"}
    given = Config.model_validate({"console": {"public_url": "https://g", "oidc": oidc}}).console.oidc
    assert given is not None
    assert given.secret({"S": "secret"}) == "secret"
    with pytest.raises(ConfigError, match=r"console\.oidc: the environment variable S is not set"):
        given.secret({})
