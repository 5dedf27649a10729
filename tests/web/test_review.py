"""Reviewers' pages: a queue that shows no case twice, an answer foretold exactly, a lost claim that costs no word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from goldline.core.account import evidence, sample
from goldline.core.account.actor import Actor
from goldline.surfaces.web import operator
from tests.account.shop import HEAD
from tests.account.tribunal import APPEALS
from tests.laws.world import World, pack_of
from tests.web.conftest import PASSWORD
from tests.web.scene import NOW, object_to
from tests.web.test_hall import text_of

HIDDEN = "The orders were not real."


@pytest.fixture
def court(database_url: str) -> Iterator[World]:
    """A shop with two violations that objects to the second, and two reviewers."""
    with World(database_url, pack_of(HEAD + APPEALS)) as world:
        object_to(world)
        yield world


def person(name: str, role: str = "reviewer") -> Client:
    """A browser of somebody with a role."""
    operator.create_operator(name, PASSWORD, role=role)
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.login(username=name, password=PASSWORD)
    return client


def move(court: World, client: Client, what: str, **fields: Any) -> Any:
    """A button of the case's page pressed, with its epoch."""
    case_id, epoch = court.rows("SELECT id, epoch FROM review_case WHERE known IS NULL")[0]
    return client.post(f"/console/cases/{case_id}/move", {"move": what, "epoch": epoch, **fields})


def mark_in(shown: Any) -> str:
    """The mark of what a preview has shown."""
    found = re.search(r'name="mark" value="([0-9a-f]{64})"', shown.content.decode())
    assert found, shown.content
    return found[1]


def clock_to(court: World, at: Any) -> None:
    """Let it be that time."""
    court.connection.execute("UPDATE driven_clock SET at = %s", [at])
    court.connection.commit()


def case_path(court: World) -> str:
    """The page of the one case."""
    return f"/console/cases/{court.value('SELECT id FROM review_case WHERE known IS NULL')}"


def test_the_next_case_is_one_persons(court: World) -> None:
    """Who takes it sees what it is about, with its clocks; nobody else does, and nothing is left to take."""
    ada, ben, path = person("ada"), person("ben"), case_path(court)
    assert HIDDEN not in text_of(ada.get(path))
    assert ada.post("/console/cases/next").headers["Location"] == path
    told = text_of(ada.get(path))
    for words in (HIDDEN, "Statement of reasons", "orders_missing", "Claim 1 hour left", "Answer expected 1 day left"):
        assert words in told
    assert "No case waits for you." in text_of(ben.post("/console/cases/next", follow=True))
    theirs = text_of(ben.get(path))
    assert "ada holds this case" in theirs
    assert HIDDEN not in theirs
    assert "ada" in text_of(ben.get("/console/cases"))


def test_an_answer_is_foretold_exactly_and_done_as_it_was_shown(court: World) -> None:
    """The preview writes nothing; the answer does what it said, and not when anything about it has changed."""
    ada, path = person("ada"), case_path(court)
    ada.post("/console/cases/next")
    answer = {"outcome": "overturned", "words": "They were right.", "note": "asked the carrier"}
    before = court.value("SELECT count(*) FROM posting"), court.value("SELECT count(*) FROM audit")
    shown = move(court, ada, "foretell", **answer)
    told = text_of(shown)
    for words in (
        "Exactly this would happen",
        "Findings taken back 1",
        "no presale",
        "closed → open",
        "They were right.",
    ):
        assert words in told
    assert (court.value("SELECT count(*) FROM posting"), court.value("SELECT count(*) FROM audit")) == before
    mark = mark_in(shown)
    other = move(court, ada, "answer", **{**answer, "words": "Something else."}, mark=mark)
    assert other.status_code == 409
    assert "Nothing was done yet." in text_of(other)
    assert court.value("SELECT count(*) FROM finding WHERE status = 'overturned'") == 0
    assert move(court, ada, "answer", **answer, mark=mark).status_code == 302
    assert court.rows("SELECT state, decided_by FROM appeal") == [("overturned", "ada")]
    assert court.value("SELECT effect -> 'findings' ->> 0 FROM review_case") == str(
        court.value("SELECT id FROM finding WHERE status = 'overturned'")
    )
    assert court.value("SELECT count(*) FROM sanction WHERE revoked_at IS NOT NULL") > 0
    assert "What followed" in text_of(ada.get(path))


def test_part_of_an_appeal_is_granted(court: World) -> None:
    """Without a sanction named it is refused with a sentence, and what was typed is still there."""
    ada = person("ada")
    ada.post("/console/cases/next")
    answer = {"outcome": "partly", "words": "The ban was too much."}
    refused = move(court, ada, "foretell", **answer)
    assert refused.status_code == 422
    assert "The ban was too much." in text_of(refused)
    ban = str(court.value("SELECT id FROM sanction WHERE action = 'presale_ban'"))
    shown = move(court, ada, "foretell", **answer, waive=[ban])
    done = move(court, ada, "answer", **answer, waive=[ban], mark=mark_in(shown))
    assert done.status_code == 302
    assert court.rows("SELECT action FROM sanction WHERE waived_at IS NOT NULL") == [("presale_ban",)]


def test_a_lost_claim_costs_no_word(court: World) -> None:
    """The lease ran out while ada wrote: nothing is changed, it is said kindly, and her words wait for her."""
    ada, ben, path = person("ada"), person("ben"), case_path(court)
    ada.post("/console/cases/next")
    (epoch,) = court.rows("SELECT epoch FROM review_case")[0]
    clock_to(court, NOW + timedelta(hours=2))
    sent = ada.post(
        f"{path}/move", {"move": "foretell", "epoch": epoch, "outcome": "upheld", "words": "A long reason."}
    )
    assert sent.status_code == 409
    assert "Everything you typed is kept below" in text_of(sent)
    assert "A long reason." in text_of(sent)
    ben.post(f"{path}/move", {"move": "claim"})
    assert "A long reason." in text_of(ada.get(path))
    assert "A long reason." not in text_of(ben.get(path))
    move(court, ben, "release")
    assert ada.post(f"{path}/move", {"move": "claim"}).status_code == 302
    assert ">A long reason.</textarea>" in ada.get(path).content.decode()


def test_a_claim_is_renewed_noted_escalated_and_handed_over(court: World) -> None:
    """Each is done under the claim's number and on the record; the new holder sees the note."""
    ada, ben, path = person("ada"), person("ben"), case_path(court)
    ada.post("/console/cases/next")
    clock_to(court, NOW + timedelta(minutes=50))
    move(court, ada, "renew")
    assert "1 hour left" in text_of(ada.get(f"{path}/clock"))
    move(court, ada, "note", note="Look at the scans.", words="half a reason")
    assert "half a reason" in text_of(ada.get(path)), "what was typed beside the note stays"
    assert "Say why" in text_of(move(court, ada, "escalate"))
    move(court, ada, "escalate", why="a pattern")
    assert "escalated" in text_of(ada.get("/console/cases"))
    move(court, ada, "hand-over", to="ben")
    assert "Look at the scans." in text_of(ben.get(path))
    assert "ben holds this case" in text_of(ada.get(path))
    done = court.rows("SELECT action FROM audit WHERE action LIKE 'case.%' AND actor_kind = 'operator' ORDER BY seq")
    names = ["claimed", "renewed", "noted", "escalated", "claimed", "handed_over"]
    assert [action for (action,) in done] == [f"case.{name}" for name in names]


def test_a_case_waits_for_evidence_and_the_file_is_only_handed_out(court: World) -> None:
    """Asked for it is set aside; what came is a download nobody's browser opens, for the holder alone."""
    ada, ben, path = person("ada"), person("ben"), case_path(court)
    ada.post("/console/cases/next")
    move(court, ada, "ask", ask="Send the report.", hours="24")
    assert court.rows("SELECT state, asked_words FROM appeal") == [("evidence_asked", "Send the report.")]
    assert "set aside until" in text_of(ada.get("/console/cases"))
    appeal_id = court.value("SELECT id FROM appeal")
    upload = evidence.Upload("report", "report.txt", "text/plain", b"The river rose.")
    shop = Actor("machine", "shop")
    kept = evidence.add(court.connection, court.engine.ruleset, appeal_id, "merchant:m1", upload, shop, NOW)
    court.connection.commit()
    ada.post(f"{path}/move", {"move": "claim"})
    assert "report.txt" in text_of(ada.get(path))
    answer = ada.get(f"{path}/evidence/{kept.sha256}")
    assert answer.content == b"The river rose."
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert ben.get(f"{path}/evidence/{kept.sha256}").status_code == 404
    assert ada.get(f"{path}/evidence/{'0' * 64}").status_code == 404


def test_who_is_no_reviewer_is_told_what_to_do(court: World) -> None:
    """The empty page says who adds reviewers; whoever leads does it there, and sees the load of each."""
    carl, lead = person("carl"), person("lead", "admin")
    assert "Ask an administrator to add you." in text_of(carl.get("/console/cases"))
    assert "You are not among the reviewers yet." in text_of(carl.post("/console/cases/next", follow=True))
    assert carl.get("/console/workload").status_code == 403
    added = lead.post("/console/workload/reviewers", {"name": "carl", "most": "3", "kinds": "appeal"}, follow=True)
    assert "carl is a reviewer." in text_of(added)
    assert carl.post("/console/cases/next").headers["Location"] == case_path(court)
    told = text_of(lead.get("/console/workload"))
    for words in ("Waiting 0", "1 of 3", "Krippendorff", "Reviewers needed at a time"):
        assert words in told
    assert HIDDEN in text_of(lead.get(case_path(court))), "whoever leads may look on"
    assert court.value("SELECT count(*) FROM audit WHERE action = 'reviewer.add'") == 1


@pytest.mark.parametrize("form", [{"name": "x" * 151, "most": "3"}, {"name": "a\nb", "most": "3"},
                                  {"name": "carl", "most": "9" * 5_000}])  # fmt: skip
def test_a_reviewer_nobody_could_be_is_refused(court: World, form: dict[str, str]) -> None:
    """A name is never cut to one that fits, and a number too long to read is no fault of ours."""
    refused = person("lead", "admin").post("/console/workload/reviewers", form, follow=True)
    assert "A reviewer has a name and holds 1 to 1,000 cases at once." in text_of(refused)
    assert court.value("SELECT count(*) FROM audit WHERE action = 'reviewer.add'") == 0


def test_a_form_with_a_character_no_record_can_hold_is_refused(court: World) -> None:
    """NUL in any field is the sender's fault, 400, whatever the form; nothing is done."""
    ada = person("lead", "admin")
    for path, form in (
        ("/console/workload/reviewers", {"name": "a\x00b", "most": "3"}),
        (f"{case_path(court)}/move", {"move": "note", "note": "a\x00b", "epoch": "1"}),
    ):
        assert ada.post(path, form).status_code == 400
    assert court.value("SELECT count(*) FROM reviewer WHERE name LIKE 'a_b'") == 0


def test_how_many_it_takes_is_worked_out_from_what_was_measured(court: World) -> None:
    """Once a case was answered there is a load, and Erlang's formula has its say."""
    ada, lead = person("ada"), person("lead", "admin")
    ada.post("/console/cases/next")
    clock_to(court, NOW + timedelta(minutes=30))
    shown = move(court, ada, "foretell", outcome="upheld", words="It stands.")
    move(court, ada, "answer", outcome="upheld", words="It stands.", mark=mark_in(shown))
    told = text_of(lead.get("/console/workload"))
    assert "Reviewers needed at a time 1" in told
    assert "30 minutes" in told


def test_a_sample_looks_like_any_other_case(court: World) -> None:
    """Its page and what it foretells are those of the first time, and the answer changes nothing."""
    ada, ben = person("ada"), person("ben")
    ada.post("/console/cases/next")
    answer = {"outcome": "overturned", "words": "They were right."}
    shown = move(court, ada, "foretell", **answer)
    first = set(text_of(shown).split())
    move(court, ada, "answer", **answer, mark=mark_in(shown))
    ident = sample._open(court.connection, "ben", NOW)
    court.connection.commit()
    path = f"/console/cases/{ident}"
    ben.post(f"{path}/move", {"move": "claim"})
    again = ben.post(f"{path}/move", {"move": "foretell", "epoch": 1, **answer})
    own = {"You", "hold", "this", "case", "now.", "ada", "ben"}  # of the claim, and of other reviewers
    assert set(text_of(again).split()) - own == first - own
    before = court.value("SELECT count(*) FROM audit WHERE action = 'finding.overturned'")
    done = ben.post(f"{path}/move", {"move": "answer", "epoch": 1, **answer, "mark": mark_in(again)})
    assert done.status_code == 302
    assert court.value("SELECT count(*) FROM audit WHERE action = 'finding.overturned'") == before


def test_appeals_are_listed_with_their_clock(court: World) -> None:
    """By state and lateness; those that are owed an answer say so."""
    ada = person("ada")
    assert "Disaster" in text_of(ada.get("/console/appeals"))
    assert "No appeal fits this filter" in text_of(ada.get("/console/appeals?late=yes"))
    clock_to(court, NOW + timedelta(days=30))
    assert "overdue" in text_of(ada.get("/console/appeals?late=yes"))
    assert ada.get("/console/appeals?cursor=none").status_code == 404


def test_a_sanction_is_explained(court: World) -> None:
    """Its page in the console has the statement, the expressions with the value of each node, and the appeal."""
    ada = person("ada")
    told = text_of(
        ada.get(f"/console/sanctions/{court.value('SELECT id FROM sanction ORDER BY starts_at DESC LIMIT 1')}")
    )
    for words in (
        "How it was judged",
        "Violated if orders_missing >= 3 and orders_missing / orders_due > 0.3",
        "Appeal of",
        "filed",
    ):
        assert words in told
    listed = text_of(ada.get("/console/sanctions?action=presale_ban&state=in_force"))
    assert "no presale" in listed
    assert "No sanction fits this filter" in text_of(ada.get("/console/sanctions?account=merchant:none"))


def test_filters_are_kept_by_name_for_one_person(court: World) -> None:
    """Kept, opened by its link, replaced under the same name, deleted; another's are neither seen nor deleted."""
    ada, ben = person("ada"), person("ben")
    kept = {"page": "cases", "name": "  Late  ones ", "query": "late=yes&cursor=x&evil=1&state=open"}
    made = ada.post("/console/filters/save", kept)
    assert made.headers["Location"] == "/console/cases?state=open&late=yes"
    page = ada.get("/console/cases").content.decode()
    assert '<a href="?state=open&amp;late=yes">Late ones</a>' in page
    assert ben.get(made.headers["Location"]).status_code == 200
    assert "Late ones" not in text_of(ben.get("/console/cases"))
    ada.post("/console/filters/save", {**kept, "query": "late=yes"})
    assert court.rows("SELECT member, name, query FROM bookmark") == [("ada", "Late ones", "late=yes")]
    ident = court.value("SELECT id FROM bookmark")
    assert ben.post(f"/console/filters/{ident}/delete").status_code == 404
    empty = ada.post("/console/filters/save", {**kept, "query": "evil=1"}, follow=True)
    assert "There is no filter to keep." in text_of(empty)
    assert "is deleted" in text_of(ada.post(f"/console/filters/{ident}/delete", follow=True))
    assert court.value("SELECT count(*) FROM bookmark") == 0


def test_the_reviewers_pages_in_chinese(court: World) -> None:
    """The same in simplified Chinese, with the terms of the field."""
    lead, headers = person("lead", "admin"), {"Accept-Language": "zh-Hans"}
    for path, words in (
        ("/console/cases", ("案件", "下一个案件")), ("/console/workload", ("工作量", "同时需要的复核员")),
        ("/console/appeals", ("申诉", "不可抗力")), (case_path(court), ("的申诉", "案件")),
    ):  # fmt: skip
        told = text_of(lead.get(path, headers=headers))
        assert all(each in told for each in words), (path, told)
