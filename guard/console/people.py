"""Who may sign in to the console, and as what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from guard.config import Role
from guard.console.register import Register
from guard.errors import ConfigError

LONGEST: Final = 200  # characters of a name
FIELDS: Final = "SELECT name, role, subject, made, revoked FROM person"
NOBODY: Final = "nobody of this name may sign in to the console. See: guard console people"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, or might once. Times are Unix seconds; `revoked` is None for never.

    `subject` is the issuer and the subject by which an identity provider knows them, once they have come from there.
    """

    name: str
    role: Role
    subject: str | None
    made: float
    revoked: float | None


def proper(name: str) -> str:
    """`name` in the one form in which it is stored: NFC, without outer space, an address of mail in small letters.

    Raises ConfigError where it is no name: empty, too long, or with characters that do not print.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    plain = plain.lower() if "@" in plain else plain
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        raise ConfigError(f"a name has 1 to {LONGEST} characters that print. Give another.")
    return plain


class People:
    """The people of a register. Blocking. Every method raises AuditError where the file cannot be used."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def find(self, name: str) -> Person | None:
        """The person of this name."""
        return _first(self._register.rows(f"{FIELDS} WHERE name = ?", name))

    def known_as(self, subject: str) -> Person | None:
        """The person whom an identity provider knows as `subject`."""
        return _first(self._register.rows(f"{FIELDS} WHERE subject = ?", subject))

    def list(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        return tuple(map(_person, self._register.rows(f"{FIELDS} ORDER BY name")))

    def admit(self, name: str, role: Role) -> Person:
        """Let `name` sign in as `role`, also where they were here before or were revoked."""
        change = (
            "INSERT INTO person (name, role, made) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET role = excluded.role, revoked = NULL"
        )
        with self._register.writing() as connection:
            connection.execute(change, (name, role, self._register.clock()))
        return self._known(name)

    def enrol(self, name: str, role: Role, subject: str) -> None:
        """Let in somebody whom the identity provider vouches for; changes nothing where name or subject is taken."""
        add = "INSERT OR IGNORE INTO person (name, role, subject, made) VALUES (?, ?, ?, ?)"
        with self._register.writing() as connection:
            connection.execute(add, (name, role, subject, self._register.clock()))

    def change_role(self, name: str, role: Role) -> Person:
        """Give a person another role, from their next request on. Raises ConfigError for nobody and the revoked."""
        with self._register.writing() as connection:
            change = "UPDATE person SET role = ? WHERE name = ? AND revoked IS NULL"
            if connection.execute(change, (role, name)).rowcount == 0:
                raise ConfigError(NOBODY)
        return self._known(name)

    def revoke(self, name: str) -> Person:
        """Let a person in no more: their sessions and links end at once. Raises ConfigError for nobody."""
        with self._register.writing() as connection:
            change = "UPDATE person SET revoked = coalesce(revoked, ?) WHERE name = ?"
            if connection.execute(change, (self._register.clock(), name)).rowcount == 0:
                raise ConfigError(NOBODY)
            connection.execute("DELETE FROM session WHERE person = ?", (name,))
            connection.execute("DELETE FROM link WHERE person = ?", (name,))
        return self._known(name)

    def bind(self, name: str, subject: str) -> bool:
        """Say once and for all that `subject` is this person; False where either is bound already."""
        change = (
            "UPDATE person SET subject = ? WHERE name = ? AND subject IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM person WHERE subject = ?)"
        )
        with self._register.writing() as connection:
            return connection.execute(change, (subject, name, subject)).rowcount == 1

    def _known(self, name: str) -> Person:
        person = self.find(name)
        if person is None:
            raise ConfigError(NOBODY)
        return person


def _first(rows: Iterable[tuple[Any, ...]]) -> Person | None:
    return next(map(_person, rows), None)


def _person(row: tuple[Any, ...]) -> Person:
    name, role, subject, made, revoked = row
    return Person(name, cast("Role", role), subject, made, revoked)
