import re
import sqlite3

from tests.console.desk import desk, send


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


def test_the_health_of_the_log_is_for_admins(shared, viewer, auditor, admin):
    assert viewer.get("/console/log").status_code == 403
    assert auditor.get("/console/log").status_code == 403
    text = admin.get("/console/log").text
    assert str(shared.console.parts.reader.public_key) in text
    assert len(re.findall(r"/console/exchanges/0\d\d-sample|/console/exchanges/01\d-sample", text)) >= 3
    assert "was not checked" in text or "Sound." in text


def test_a_check_says_that_the_log_is_sound(tmp_path):
    with desk(tmp_path) as here, here.client("admin") as client:
        assert send(client, "/console/log", "/console/log/check").status_code == 303
        here.console.parts.verification.wait()
        assert re.search(r"Sound\. The check of .* read 45 entries", plain(client.get("/console/log").text))


def test_a_check_says_what_was_altered(tmp_path):
    with desk(tmp_path) as here, here.client("admin") as client:
        with sqlite3.connect(here.service.config.data / "audit.db") as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute("UPDATE leaf SET body = replace(body, 'user2', 'user9') WHERE seq = 4")
        connection.close()
        send(client, "/console/log", "/console/log/check")
        here.console.parts.verification.wait()
        text = plain(client.get("/console/log").text)
        assert "NOT sound" in text
        assert re.search(r"altered\s*4\s*the entry does not fit its hash", text)


def test_a_check_that_cannot_be_made_says_why(tmp_path):
    with desk(tmp_path) as here, here.client("admin") as client:
        (here.service.config.data / "audit.pub").write_text("nonsense")
        send(client, "/console/log", "/console/log/check")
        here.console.parts.verification.wait()
        reply = client.get("/console/log")
        assert reply.status_code == 200
        assert "could not be ended" in reply.text
        assert "audit.pub" in reply.text


def test_one_check_runs_at_a_time(shared):
    import threading

    from guard.console.verifying import Verification

    gate, begun = threading.Event(), []

    class Slow:
        public_key = shared.console.parts.reader.public_key

        def verify(self, key):
            begun.append(key)
            gate.wait(10)
            raise RuntimeError

    checks = Verification()
    checks.begin(Slow())
    checks.begin(Slow())
    assert checks.began is not None
    gate.set()
    checks.wait()
    assert len(begun) == 1
    assert (checks.began, checks.last.report, checks.last.failure) == (None, None, "RuntimeError")
