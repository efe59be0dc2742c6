"""Who is signed in. A session is a random token in a cookie; stored is its hash."""

from __future__ import annotations

from typing import Final, cast

from guard.config import Role
from guard.console.register import Register
from guard.console.seat import Viewer
from guard.console.tokens import digest, fresh, is_token

MOST: Final = 20  # sessions of one person; a newer one ends the oldest
TOUCH_S: Final = 60.0  # how exactly it is known when a session was last used

FIND: Final = """
SELECT person.name, person.role, session.made, session.seen
FROM session JOIN person ON person.name = session.person
WHERE session.hash = ? AND person.revoked IS NULL
"""
SURPLUS: Final = """
DELETE FROM session WHERE hash IN (
    SELECT hash FROM session WHERE person = ? AND hash <> ? ORDER BY made DESC, hash LIMIT -1 OFFSET ?
)
"""


class Sessions:
    """The sessions of a register, each until it was idle for `idle_s` or is `lifetime_s` old. Blocking.

    Every method raises AuditError where the file cannot be used.
    """

    def __init__(self, register: Register, *, idle_s: float, lifetime_s: float) -> None:
        self._register = register
        self._idle_s = idle_s
        self.lifetime_s = lifetime_s

    def open(self, person: str, *, instead_of: str = "") -> str:
        """A new session; the token is shown here and never again. The session `instead_of` ends, if there is one."""
        token, now = fresh(), self._register.clock()
        with self._register.writing() as connection:
            connection.execute("DELETE FROM session WHERE hash = ?", (digest(instead_of),))
            expired = "DELETE FROM session WHERE made <= ? OR seen <= ?"
            connection.execute(expired, (now - self.lifetime_s, now - self._idle_s))
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (digest(token), person, now, now))
            connection.execute(SURPLUS, (person, digest(token), MOST - 1))
        return token

    def find(self, token: str) -> Viewer | None:
        """Whose session this is, with the role they have now; None where it is over or never was."""
        if not is_token(token):
            return None
        for name, role, made, seen in self._register.rows(FIND, digest(token)):
            now = self._register.clock()
            if now - made >= self.lifetime_s or now - seen >= self._idle_s:
                return None
            if now - seen >= TOUCH_S:
                with self._register.writing() as connection:
                    connection.execute("UPDATE session SET seen = ? WHERE hash = ?", (now, digest(token)))
            return Viewer(name, cast("Role", role))
        return None

    def close(self, token: str) -> None:
        """End one session."""
        with self._register.writing() as connection:
            connection.execute("DELETE FROM session WHERE hash = ?", (digest(token),))

    def close_all(self, person: str) -> int:
        """End every session of a person; gives how many."""
        with self._register.writing() as connection:
            return connection.execute("DELETE FROM session WHERE person = ?", (person,)).rowcount
