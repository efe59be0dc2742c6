import re

from tests.console.sample import fill


def rows(reply):
    return re.findall(r'href="/console/exchanges/([^"?]+)">', reply.text)


def test_the_list_shows_the_newest_first(viewer):
    reply = viewer.get("/console/exchanges")
    assert reply.status_code == 200
    found = rows(reply)
    assert found[:2] == ["023-sample", "022-sample"]
    assert len(found) == 24


def test_a_list_can_be_narrowed_down(viewer):
    assert rows(viewer.get("/console/exchanges?outcome=blocked")) == ["017-sample", "009-sample", "001-sample"]
    assert rows(viewer.get("/console/exchanges?outcome=unfinished&team=support")) == ["003-sample"]
    assert rows(viewer.get("/console/exchanges?user=user4&decision=revise")) == ["004-sample"]
    reply = viewer.get("/console/exchanges?model=nothing")
    assert rows(reply) == []
    assert "No exchange fits" in reply.text


def test_what_a_form_cannot_mean_is_said_beside_it(viewer):
    reply = viewer.get("/console/exchanges?since=yesterday&decision=ponder")
    assert reply.status_code == 400
    assert reply.text.count('aria-invalid="true"') == 2
    assert 'role="alert"' in reply.text


def test_a_long_list_has_pages(shared, viewer, monkeypatch):
    monkeypatch.setattr("guard.console.exchanges.A_PAGE", 10)
    first = viewer.get("/console/exchanges?user=&application=mailer")
    assert len(rows(first)) == 10
    older = re.search(r'href="(/console/exchanges\?[^"]*)" rel="next"', first.text)[1].replace("&amp;", "&")
    assert "application=mailer" in older
    second = viewer.get(older)
    last = viewer.get(re.search(r'href="([^"]*)" rel="next"', second.text)[1].replace("&amp;", "&"))
    assert [*rows(first), *rows(second), *rows(last)] == rows(viewer.get("/console/exchanges"))[:10] + [
        f"{number:03d}-sample" for number in range(13, -1, -1)
    ]
    assert 'rel="next"' not in last.text


def test_a_search_in_the_content_is_for_auditors_and_on_record(shared, viewer, auditor):
    before = len(shared.acts())
    assert 'name="text"' not in viewer.get("/console/exchanges?text=pay").text
    assert len(shared.acts()) == before
    reply = auditor.get("/console/exchanges?text=pay")
    assert 'name="text" value="pay"' in reply.text
    act = shared.acts()[-1]
    assert (act.action, act.actor, act.subject) == ("look", "auditor-1", "exchanges")
    assert "pay" not in act.note


def test_the_list_holds_no_content(auditor):
    text = auditor.get("/console/exchanges").text
    assert "K7Q2M4XD" not in text
    assert "or else" not in text


def test_an_empty_log_says_so(tmp_path):
    from tests.console.desk import desk

    with desk(tmp_path, exchanges=0) as empty, empty.client("viewer") as client:
        assert "no exchange yet" in client.get("/console/exchanges").text
        assert "Nothing happened" in client.get("/console").text
        fill(empty.service.store, 1)
        assert rows(client.get("/console/exchanges")) == ["000-sample"]


def test_a_list_up_to_the_last_day_that_there_is_comes(auditor):
    assert auditor.get("/console/exchanges?until=9999-12-31").status_code == 200
    assert auditor.get("/console/exchanges?since=0001-01-01").status_code == 200
