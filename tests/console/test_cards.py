import pytest

from guard.console.cards import CARDS, load
from guard.errors import ConfigError
from guard.labelling import Learnt
from tests.console.desk import desk

OWN = "model: our judge\nkind: critic\npurpose: judges\nowner: the works council\napproved: R. Roe, 2026-10-01\nlimits: [small]\n"


def test_the_cards_that_come_with_guard_are_whole():
    cards = load(None)
    assert len(cards) == len(list(CARDS.glob("*.yaml"))) >= 7
    assert {card.kind for card in cards} == {"critic", "recognizer", "upstream", "reader"}
    assert all(card.strengths and card.limits and card.licence for card in cards)
    assert all(not card.approved for card in cards)  # that is for whoever runs it to say


def test_an_own_card_stands_beside_them_or_takes_the_place_of_one(tmp_path):
    (tmp_path / "judge.yaml").write_text(OWN)
    (tmp_path / "embedded.yaml").write_text(OWN.replace("our judge", "ours instead"))
    names = [card.model for card in load(tmp_path)]
    assert {"our judge", "ours instead"} <= set(names)
    assert len(names) == len(load(None)) + 1
    assert not any(name.startswith("embedded critic") for name in names)


def test_a_card_without_limits_is_refused_by_its_line(tmp_path):
    (tmp_path / "judge.yaml").write_text(OWN.replace("limits: [small]", "limits: []"))
    with pytest.raises(ConfigError, match=r"judge\.yaml, line 6"):
        load(tmp_path)


def test_the_page_of_models_tells_what_is_in_use_and_the_cards(tmp_path):
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "judge.yaml").write_text(OWN)
    with desk(tmp_path, exchanges=0) as here, here.client("viewer") as client:
        text = client.get("/console/models").text
        for words in ("scripted", "patterns alone", "http://127.0.0.1:9", "our judge", "R. Roe", "nobody has approved"):
            assert words in text
        assert "labelled verdicts" not in text
        here.service.learnt = Learnt(verdicts=7)
        assert "7 labelled verdicts are examples as well" in client.get("/console/models").text
        (tmp_path / "cards" / "judge.yaml").write_text("model: [")
        broken = client.get("/console/models")
        assert broken.status_code == 500
        assert "judge.yaml" in broken.text
