import pytest

from guard.mask.companies import companies
from guard.mask.context import Named


def found(text, *people):
    names = [Named(text.index(one), text.index(one) + len(one), "PERSON") for one in people]
    return list(dict.fromkeys(text[start:end] for start, end in companies(text, names)))


@pytest.mark.parametrize(
    ("text", "people", "expected"),
    [
        ("Please pay Example Widgets Ltd. by May", (), ["Example Widgets Ltd."]),
        ("Streetcred Software Inc, an agency", (), ["Streetcred Software Inc", "Streetcred Software"]),
        ("Bob works at Can Tools now", (), ["Can Tools"]),
        ("Transunion is a 501(c)3 that", (), ["Transunion"]),
        ("The Clean Power office is at 5 Main St", (), ["Clean Power"]),
        ("in her Uber resignation letter", (), ["Uber"]),
        ("Alice Meyer from Verdafero called", ("Alice Meyer",), ["Verdafero"]),
        ("Alice from Marketing called", ("Alice",), []),
        ("Innovar songwriter Zoe Young", ("Zoe Young",), ["Innovar"]),
        ("our vendors are: Demystdata, Reed Elsevier, and T Rowe Price.", (), ["Demystdata", "Reed Elsevier", "T Rowe Price"]),
        ("our vendors are: Slack, Zoom and Docker", (), []),
        ("Alice Meyer\nLawdragon\n5 Main St", ("Alice Meyer",), ["Lawdragon"]),
        ("> Alice Meyer\n> Asc Partners\n> 5 Main St", ("Alice Meyer",), ["Asc Partners"]),
        ("alice meyer\nvazquez-riggs\n5 main st", ("alice meyer",), ["vazquez-riggs"]),
        ("Alice Meyer\n\nNext Steps\n", ("Alice Meyer",), []),
        ("admitted to Institute for Coastal Studies with", (), ["Institute for Coastal Studies"]),
        ("by the Ministry of Transport and", (), ["the Ministry of Transport"]),
        ("call Silverlake Systems in May", (), ["Silverlake Systems"]),
        ("at Tessellate & Sons now", (), ["Tessellate & Sons"]),
        ("the Data Processing Systems and Kafka Group", (), []),
        ("We work with Kafka and joined Slack", (), []),
        ("Redis is a company", (), []),
    ],
)  # fmt: skip
def test_companies_are_announced(text, people, expected):
    assert found(text, *people) == expected
