"""The console's pages on decisions: what was asked and answered at once, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from goldline.core.decision.record import find, words_of
from goldline.core.facts.merge import FactType
from goldline.core.facts.question import Question
from goldline.core.judge.told import NodeValue
from goldline.core.policy.published import load_decision
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import paging, show, text
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading import decisions as decision_list
from goldline.surfaces.web.reading import policies as policy_list
from goldline.surfaces.web.reading.page import BadCursor
from goldline.surfaces.web.templatetags.present import mask, money, value_of

MASKED = ("consumer_id", "asker")


@looks("decision.read")
def decisions(request: HttpRequest) -> HttpResponse:
    """Decisions, filtered by the URL."""
    chosen = decision_list.DecisionFilter(
        policy=text(request, "policy"), answer=text(request, "answer"), reason=text(request, "reason"),
        key=text(request, "order"), merchant=text(request, "merchant"),
    )  # fmt: skip
    connection = engine()
    titles = policy_list.titles(connection)
    try:
        found = decision_list.decisions(connection, chosen, request.GET.get("cursor"))
    except BadCursor as fault:
        raise Http404 from fault
    return show(
        request,
        "console/decisions.html",
        "console:decisions",
        rows=[{**row, "title": titles.get(row["policy"], row["policy"])} for row in found.rows],
        chosen=chosen,
        filtered=chosen != decision_list.DecisionFilter(),
        **paging(request, found),
    )


@looks("decision.read")
def decision(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """One decision: its reasons as the consumer reads them, every ground, the facts that were seen, every value."""
    connection, words = engine(), vocabulary()
    decided = find(connection, decision_id)
    if decided is None:
        raise Http404
    version = load_decision(connection, decided.policy, decided.version, words)
    question = words.questions[decided.question]
    types = {node.label: node.type for node in version.nodes} if version else {}
    return show(
        request,
        "console/decision.html",
        "console:decisions",
        decided=decided,
        version=version,
        reasons=[(each, words_of(version, each)) for each in decided.reasons],
        grounds=[(each, each.id in decided.held) for each in version.grounds] if version else [],
        facts=[(name, fact_text(question, name, value, decided.currency)) for name, value in decided.facts.items()],
        nodes=[NodeValue(each["label"], each["value"], types.get(each["label"])) for each in decided.nodes],
    )


def fact_text(question: type[Question], name: str, value: Any, currency: str) -> str:
    """A fact for people: money in its currency, the consumer masked."""
    if name in MASKED:
        return mask(str(value))
    if question.types().get(name) is FactType.MONEY and isinstance(value, int):
        return money(value, currency)
    return value_of(value)
