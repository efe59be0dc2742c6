"""Files that people write: what is wrong is told with file, line, key and remedy, and never with a value."""

from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from guard.config import Config
from guard.documents import Lines, Strict, parse, read
from guard.errors import ConfigError

SECRET = "hunter2-of-alice"


class Door(Strict):
    width: int = Field(1, ge=1)
    colour: Literal["red", "blue"] = "red"
    kind: str = Field("plain", alias="class")


class House(Strict):
    name: str
    doors: tuple[Door, ...] = ()
    back: Door | None = None
    rooms: dict[str, Door] = Field(default_factory=dict)
    notes: Any = None

    @field_validator("name")
    @classmethod
    def _is_said_once(cls, name: str) -> str:
        if name == "two two":
            raise ValueError("say it once")
        return name


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, House, name="house.yaml")
    return caught.value.message


def test_a_document_becomes_its_model() -> None:
    house = parse(
        "name: here\ndoors:\n- {width: 2, class: oak}\n- colour: blue\nrooms: {hall: {}}", House, name="house.yaml"
    )
    assert house == House(
        name="here", doors=(Door(width=2, **{"class": "oak"}), Door(colour="blue")), rooms={"hall": Door()}
    )
    with pytest.raises(ValidationError, match="frozen"):
        house.name = "there"


@pytest.mark.parametrize("text", ["", "---\n", "# nothing yet\n", "null\n"])
def test_an_empty_document_gives_the_defaults(text: str) -> None:
    assert parse(text, Door, name="door.yaml") == Door()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("doors: []\n", "line 1: key 'name' is missing. Add it."),
        ("name: x\nnmae: y\n", "line 2: unknown key 'nmae'. Did you mean 'name'?"),
        ("name: x\nzzz: y\n", "line 2: unknown key 'zzz'. Known here: name, doors, back, rooms, notes."),
        ("name: x\ndoors:\n- width: 1\n- {}\n- hue: red\n", "line 5: unknown key 'doors.2.hue'. Known here: width, colour, class."),
        ("name: x\ndoors:\n- colur: red\n", "line 3: unknown key 'doors.0.colur'. Did you mean 'colour'?"),
        ("name: x\nback:\n  clas: oak\n", "line 3: unknown key 'back.clas'. Did you mean 'class'?"),
        ("name: x\ndoors:\n- colour:\n    green\n", "line 3: key 'doors.0.colour': Input should be 'red' or 'blue'."),
        ("name: two two\n", "line 1: key 'name': Value error, say it once."),
        ("name: x\ndoors: 7\n", "line 2: key 'doors': Input should be a valid tuple."),
        ("name: x\ndoors:\n- {}\n- 7\n", "line 4: key 'doors.1': Input should be a valid dictionary or instance of Door."),
        ("name: x\n1: y\n", "line 2: key '1': Keys should be strings."),
        ("- name: x\n", "line 1: Input should be a valid dictionary or instance of House."),
        ("name: x\nback: {width: 1, colour: red, width: 2}\n", "line 2: key 'width' stands twice. Keep one."),
        ("name: x\ndoors:\n- {}\n- width: 1\n  width: 1\n", "line 5: key 'width' stands twice. Keep one."),
        ("name: x\n? [a, b]\n: c\n", "line 2: a key is not a word. Write one."),
        ("name: x\ndoors: [\n", "line 3: is not YAML (expected the node content, but found)."),
        ("name: x\n\tdoors: 1\n", "line 2: is not YAML (found character)."),
        ("name: x\nback: *elsewhere\n", "line 2: is not YAML (found undefined alias)."),
        ("name: x\nback: !door {}\n", "line 2: is not YAML (could not determine a constructor for the tag)."),
        ("name: \x07\n", "line 1: is not YAML (unreadable)."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_key_and_remedy(text: str, message: str) -> None:
    assert refusal(text) == f"house.yaml, {message}"


def test_the_line_of_a_key_under_keys_that_are_free_is_told() -> None:
    message = refusal("name: x\nrooms:\n  hall:\n\n    widht: 2\n")
    assert message.startswith("house.yaml, line 5: unknown key 'rooms.hall.widht'.")


@pytest.mark.parametrize("text", ["name: 2026-13-45", "name: &a [*a]", "[" * 1000])
def test_what_has_no_line_is_told_with_a_remedy(text: str) -> None:
    assert refusal(text) == "house.yaml: holds a value that cannot be read. Quote dates, and drop aliases."


def test_everything_that_is_wrong_is_told_at_once_each_with_its_line() -> None:
    assert refusal("name: x\ndoors:\n- width: 0\n- hue: 1\nback:\n  colour: 7\n").splitlines() == [
        "house.yaml, line 3: key 'doors.0.width': Input should be greater than or equal to 1.",
        "house.yaml, line 4: unknown key 'doors.1.hue'. Known here: width, colour, class.",
        "house.yaml, line 6: key 'back.colour': Input should be 'red' or 'blue'.",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    with pytest.raises(
        ConfigError, match=r"house\.yaml: cannot be read \(No such file or directory\)\. Check the path"
    ):
        read(file, House)
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        read(tmp_path, House)
    file.write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigError, match=r"house\.yaml: is not UTF-8\. Save it as UTF-8\."):
        read(file, House)
    file.write_bytes("name: 집\n".encode())
    assert read(file, House).name == "집"


# Values that models refuse for every reason there is, and some that they take.
values = st.sampled_from(
    (SECRET, f"two {SECRET}", [SECRET], {SECRET: 1}, {"width": SECRET}, [{"colour": SECRET}], None, 3)
)
keys = st.sampled_from(("name", "doors", "back", "rooms", "notes", "colour", "extra"))
damage = st.sampled_from(("", "'", '"', ": ", "[", "{", "&a ", "*", "!", "%", "\t", "\x00", "- ", "\n", "|", "@", "`"))


@settings(deadline=None)
@given(st.dictionaries(keys, values, max_size=4), damage, st.integers(0, 200), st.booleans())
def test_whatever_is_wrong_no_value_is_told(data: dict[str, Any], broken: str, at: int, flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow)
    text = text[:at] + broken + text[at:]
    try:
        parse(text, House, name="house.yaml")
    except ConfigError as error:
        lines = error.message.splitlines()
        assert all(line.startswith("house.yaml") for line in lines)
        told = [line for line in lines if "key '" not in line]  # the name of a key is told, so that it can be found
        assert SECRET[:7] not in "".join(told)
        assert all(SECRET[:7] not in line.partition("key '")[2].partition("'")[2] for line in lines)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from((*"ab:?-[]{}&*!|>'\"#%@,\n\t 0.~<=", "- ", ": ", "name", "doors", "\ud800", "집"))).map(
        "".join
    )
)
def test_any_text_is_a_document_or_refused(text: str) -> None:
    try:
        assert isinstance(parse(text, House, name="house.yaml"), House)
    except ConfigError as error:
        assert error.message.startswith("house.yaml")


@pytest.mark.parametrize("text", ["tenant: !!bool hunter2", "tenant: !!int ''", "tenant: !!timestamp hunter2"])
def test_a_value_that_is_none_of_its_kind_is_not_told(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        parse(text, Config, name="guard.yaml")
    assert caught.value.__cause__ is None
    assert "hunter2" not in str(caught.value)


def test_lines_are_those_of_the_deepest_part_that_exists(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("# a comment\none: 1\nlist:\n  - {id: x}\n  - id: y\n    more: z\n")
    lines = Lines(file)
    assert [lines.at(), lines.at("one"), lines.at("list", 1, "more"), lines.at("list", 1, "lost"), lines.at("lost")] == [
        2, 2, 6, 5, 2,
    ]  # fmt: skip
    for text in ("a: [", None):
        file.unlink()
        if text:
            file.write_text(text)
        with pytest.raises(ConfigError, match="cannot be read"):
            Lines(file)
        file.touch()
