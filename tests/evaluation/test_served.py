"""What is measured is what serves: the user's policy, its operators, and the way of a chat request."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard import config as configuration
from guard.config import Config
from guard.errors import ConfigError, PolicyError
from guard.evaluation.served import Served, chosen, with_profile
from guard.library import Guard
from tests.house import MAIL

CARD = "4111 1111 1111 1111"
Folder = Callable[..., Config]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A function that makes a configuration of these policies, by name."""

    def made(**rules: str) -> Config:
        (tmp_path / "policies").mkdir()
        for name, rule in rules.items():
            text = f"policy: {name}\nreview: {{constitution: null}}\n{rule}\n"
            (tmp_path / "policies" / f"{name}.yaml").write_text(text)
        (tmp_path / "guard.yaml").write_text(f"policies: policies\ndata: {tmp_path / 'data'}\n")
        return configuration.load(tmp_path / "guard.yaml", {})

    return made


@pytest.fixture
def served(folder: Folder) -> Iterator[Served]:
    """The patterns, by a policy that keeps cards."""
    config = folder(p="recognize: {profile: patterns}\nmask: {entities: {CREDIT_CARD: keep}}")
    with Served.start(config, chosen(config)) as made:
        yield made


def test_what_the_policy_keeps_is_not_masked(served: Served) -> None:
    text = f"Mail {MAIL}, card {CARD}."
    assert served.find(text) == [(5, 5 + len(MAIL), "EMAIL_ADDRESS")]
    assert CARD in served.mask(text).text
    assert MAIL not in served.mask(text).text


def test_a_value_is_found_where_a_request_hides_it(served: Served) -> None:
    hidden = f"search?to={MAIL.replace('@', '%40')}"
    (found,) = served.find(hidden)
    assert hidden[found[0] : found[1]] == MAIL.replace("@", "%40")


def test_finds_are_those_of_the_library(folder: Folder, tmp_path: Path) -> None:
    config = folder(p="recognize: {profile: patterns}")
    text = f"Write to {MAIL} or «010-1234-5678»로, password: hunter2Otter!"
    with Guard.from_files(tmp_path / "guard.yaml") as guard, Served.start(config, chosen(config)) as served:
        assert served.find(text) == [(s.start, s.end, s.entity) for s in guard.find_and_mask(text).spans]
        assert len(served.find(text)) == 3


def test_a_turn_masks_every_message_alike(served: Served) -> None:
    leaving = served.turn([f"I am {MAIL}", "Hello", f"Is {MAIL} right?"])
    assert leaving[1] == "Hello"
    code = leaving[0].removeprefix("I am ")
    assert code.startswith("<EMAIL_ADDRESS_")
    assert leaving[2] == f"Is {code} right?"


def test_a_policy_is_chosen_as_for_an_unknown_caller_or_by_name(folder: Folder) -> None:
    config = folder(a="precedence: 9\napplies_to: {teams: [legal]}", b="precedence: 1", c="")
    assert chosen(config).policy == "b"
    assert chosen(config, "a").policy == "a"
    with pytest.raises(ConfigError, match=r"no policy 'd' in .*policies. Known are: a, b, c"):
        chosen(config, "d")


def test_where_no_policy_applies_that_is_said(folder: Folder) -> None:
    config = folder(a="applies_to: {teams: [legal]}")
    with pytest.raises(PolicyError, match="No policy applies"):
        chosen(config)


def test_a_profile_takes_the_place_of_the_policys_own(folder: Folder) -> None:
    config = folder(a="recognize: {profile: full, threshold: 0.7}")
    changed = with_profile(chosen(config), "patterns")
    assert (changed.recognize.profile, changed.recognize.threshold) == ("patterns", 0.7)
    assert chosen(config).recognize.profile == "full"
