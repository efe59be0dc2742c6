"""Links by which people sign in without a password. Each is good for once; stored is its hash."""

from __future__ import annotations

from typing import Final

from guard.console.register import Register
from guard.console.tokens import digest, fresh, is_token

KEPT_S: Final = 30 * 86_400.0  # how long a link that is over stays on record

FIND: Final = """
SELECT person.name FROM link JOIN person ON person.name = link.person
WHERE link.hash = ? AND link.used IS NULL AND link.expires > ? AND person.revoked IS NULL
"""


class Links:
    """The links of a register. Blocking. Every method raises AuditError where the file cannot be used."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def make(self, person: str, lifetime_s: float) -> str:
        """A link for a person; the token is shown here and never again. One that waited for them is good no more."""
        token, now = fresh(), self._register.clock()
        with self._register.writing() as connection:
            connection.execute("DELETE FROM link WHERE person = ? AND used IS NULL", (person,))
            connection.execute("DELETE FROM link WHERE expires <= ?", (now - KEPT_S,))
            row = (digest(token), person, now, now + lifetime_s)
            connection.execute("INSERT INTO link VALUES (?, ?, ?, ?, NULL)", row)
        return token

    def look(self, token: str) -> str | None:
        """Whom a link is for, without using it; None where it is good for nobody."""
        if not is_token(token):
            return None
        rows = self._register.rows(FIND, digest(token), self._register.clock())
        return str(rows[0][0]) if rows else None

    def whose(self, token: str) -> str | None:
        """Whom a link was for, also where it is over."""
        rows = self._register.rows("SELECT person FROM link WHERE hash = ?", digest(token))
        return str(rows[0][0]) if rows else None

    def use(self, token: str) -> str | None:
        """Use a link up; gives whom it is for, and None where it is good for nobody. Of two at once one gets it."""
        if not is_token(token):
            return None
        with self._register.writing() as connection:
            now = self._register.clock()
            found = connection.execute(FIND, (digest(token), now)).fetchone()
            connection.execute("UPDATE link SET used = ? WHERE hash = ? AND used IS NULL", (now, digest(token)))
        return str(found[0]) if found else None
