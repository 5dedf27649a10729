"""The console's pages. They only read; changes are in `action`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from goldline.core.facts import notice
from goldline.core.facts.merge import FactType
from goldline.core.ledger import limit
from goldline.market.order import Order
from goldline.surfaces.console import bookmark
from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import day, paging, show, text
from goldline.surfaces.hall.link import link_for
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading import deliveries as delivery_list
from goldline.surfaces.web.reading import findings as finding_list
from goldline.surfaces.web.reading import overview as live_reading
from goldline.surfaces.web.reading import policies as policy_list
from goldline.surfaces.web.reading import quarantine as quarantine_list
from goldline.surfaces.web.reading import remedies as remedy_list
from goldline.surfaces.web.reading.aftersales import cases_of
from goldline.surfaces.web.reading.page import BadCursor, Conditions, Listing, Row, Slice, fetch
from goldline.surfaces.web.reading.policies import PolicyVersion, Standing
from goldline.surfaces.web.reading.story import story_of
from goldline.surfaces.web.templatetags.present import mask, money, value_of

BIGGEST_ID = 2**63 - 1


@looks("overview.read")
def overview(request: HttpRequest) -> HttpResponse:
    """The live figures, in a page."""
    return show(request, "console/overview.html", "console:overview", seen=live_reading.overview(engine()))


@looks("overview.read")
def live(request: HttpRequest) -> HttpResponse:
    """The live figures alone: what the page asks for every two seconds."""
    return render(request, "console/live.html", {"seen": live_reading.overview(engine())})


@looks("finding.read")
def findings(request: HttpRequest) -> HttpResponse:
    """Broken promises, filtered by the URL."""
    chosen = finding_list.FindingFilter(
        policy=text(request, "policy"),
        merchant=text(request, "merchant"),
        state=text(request, "state", finding_list.STATES),
        since=day(request, "since"),
        until=day(request, "until", after=True),
    )
    connection = engine()
    titles, rules = policy_list.titles(connection), policy_list.sources(connection)
    found = _or_404(lambda: finding_list.findings(connection, chosen, request.GET.get("cursor")))
    return show(
        request,
        "console/findings.html",
        "console:findings",
        rows=[
            {
                **row,
                "title": titles.get(row["policy"], row["policy"]),
                "rule": rules.get((row["policy"], row["version"])),
            }
            for row in found.rows
        ],
        chosen=chosen,
        shown_until=(chosen.until - timedelta(days=1)).strftime("%Y-%m-%d") if chosen.until else "",
        filtered=chosen != finding_list.FindingFilter(),
        policies=sorted(titles.items()),
        states=finding_list.STATES,
        **bookmark.kept(request, "findings"),
        **paging(request, found),
    )


@looks("order.read")
def orders(request: HttpRequest) -> HttpResponse:
    """Look up an order; without a question, those with a recent finding."""
    asked = text(request, "id")
    connection = engine()
    if asked and story_of(connection, asked) is not None:
        return redirect("console:order", asked)
    if asked:
        return _no_such_order(request, asked)
    return show(request, "console/orders.html", "console:orders", asked="", missing=False, recent=_recent_orders())


def _no_such_order(request: HttpRequest, asked: str) -> HttpResponse:
    """The search again, with what was asked for in it."""
    response = show(request, "console/orders.html", "console:orders", asked=asked, missing=True, recent=[])
    response.status_code = 404
    return response


@looks("order.read")
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order explained: promises, evidence, nodes, money."""
    connection = engine()
    story = story_of(connection, order_id)
    if story is None:
        return _no_such_order(request, order_id)
    currency = str(story.facts.get("currency") or story.facts.get("currency_seen") or "")
    facts = [(name, fact_text(name, value, currency)) for name, value in story.facts.items()]
    told = {"story": story, "cases": cases_of(story), "facts": facts, "link": link_for(order_id)}
    return show(request, "console/order.html", "console:orders", **told)


@looks("remedy.read")
def remedies(request: HttpRequest) -> HttpResponse:
    """Remedies that wait for a person."""
    connection = engine()
    titles = policy_list.titles(connection)
    chosen = remedy_list.RemedyFilter(state="held")
    found = _or_404(lambda: remedy_list.remedies(connection, chosen, request.GET.get("cursor")))
    rows = [{**row, "title": titles.get(row["policy"], row["policy"])} for row in found.rows]
    return show(request, "console/remedies.html", "console:remedies", rows=rows, **paging(request, found))


@looks("notice.read")
def notices(request: HttpRequest) -> HttpResponse:
    """Every notice with its terms, the orders it covers, and how far it was carried."""
    return show(request, "console/notices.html", "console:notices", rows=notice.notices(engine(), Order))


@looks("breaker.read")
def breakers(request: HttpRequest) -> HttpResponse:
    """Every breaker, the tripped ones first, with what waits behind them."""
    connection = engine()
    titles = policy_list.titles(connection)
    rows = [(each, titles.get(each.policy, each.policy)) for each in limit.breakers(connection)]
    return show(request, "console/breakers.html", "console:breakers", rows=rows)


@looks("delivery.read")
def deliveries(request: HttpRequest) -> HttpResponse:
    """Payouts and webhooks, filtered by the URL."""
    chosen = delivery_list.DeliveryFilter(
        kind=text(request, "kind", delivery_list.KINDS),
        state=text(request, "state", delivery_list.STATES),
        topic=text(request, "topic"),
    )
    found = _or_404(lambda: delivery_list.deliveries(engine(), chosen, request.GET.get("cursor")))
    return show(
        request,
        "console/deliveries.html",
        "console:deliveries",
        rows=[_replayable(row) for row in found.rows],
        chosen=chosen,
        filtered=chosen != delivery_list.DeliveryFilter(),
        kinds=delivery_list.KINDS,
        states=delivery_list.STATES,
        **paging(request, found),
    )


@looks("delivery.read")
def delivery(request: HttpRequest, outbox_id: int) -> HttpResponse:
    """One message with every try."""
    row = delivery_list.delivery(engine(), outbox_id) if outbox_id <= BIGGEST_ID else None
    if row is None:
        raise Http404
    payload = json.dumps(row["payload"], indent=2, ensure_ascii=False)
    return show(request, "console/delivery.html", "console:deliveries", row=_replayable(row), payload=payload)


@looks("quarantine.read")
def quarantine(request: HttpRequest) -> HttpResponse:
    """Events set aside, the open ones unless the URL says otherwise."""
    asked = text(request, "state", (*quarantine_list.STATES, "all"), default="open") or "open"
    chosen = quarantine_list.QuarantineFilter(
        state="" if asked == "all" else asked, code=text(request, "code"), event_type=text(request, "event_type")
    )
    found = _or_404(lambda: quarantine_list.quarantine(engine(), chosen, request.GET.get("cursor")))
    return show(
        request,
        "console/quarantine.html",
        "console:quarantine",
        rows=found.rows,
        chosen=chosen,
        filtered=chosen != quarantine_list.QuarantineFilter(state="open"),
        states=quarantine_list.STATES,
        **paging(request, found),
    )


@looks("quarantine.read")
def quarantined(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """One event set aside, with its body."""
    row = quarantine_list.quarantined(engine(), quarantine_id) if quarantine_id <= BIGGEST_ID else None
    if row is None:
        raise Http404
    return show(request, "console/quarantined.html", "console:quarantine", row=row)


@dataclass(frozen=True, slots=True)
class PublishedPromise:
    """A policy on the policies page: its versions, newest first, and how it stands."""

    policy: str
    versions: list[PolicyVersion]
    standing: Standing | None

    @property
    def latest(self) -> PolicyVersion:
        """The newest version."""
        return self.versions[0]

    @property
    def paid(self) -> dict[str, int]:
        """What was paid for it, by currency; zero of its own while there is nothing."""
        paid = self.standing.paid if self.standing else {}
        return paid or ({self.latest.currency: 0} if self.latest.currency else {})


@looks("policy.read")
def policies(request: HttpRequest) -> HttpResponse:
    """Every published promise with its text and its expressions."""
    connection = engine()
    standing = {each.promise: each for each in policy_list.standings(connection)}
    grouped: dict[str, list[PolicyVersion]] = {}
    for version in policy_list.policies(connection):
        grouped.setdefault(version.policy, []).append(version)
    promises = [PublishedPromise(name, versions, standing.get(name)) for name, versions in grouped.items()]
    return show(request, "console/policies.html", "console:policies", promises=promises)


_RECENT = Listing(
    rows="SELECT key, policy, found_at, id FROM finding", key=(("found_at", "timestamptz"), ("id", "uuid"))
)


def _recent_orders() -> list[Row]:
    connection = engine()
    titles = policy_list.titles(connection)
    conditions = Conditions()
    conditions.add("subject = ANY(%s)", ["order", "parcel", "refund"])
    rows = fetch(connection, _RECENT, conditions, limit=20).rows
    return [{**row, "title": titles.get(row["policy"], row["policy"])} for row in rows]


def fact_text(name: str, value: object, currency: str) -> str:
    """A fact of an order for people: money in its currency, the consumer masked."""
    if name == "consumer_id":
        return mask(str(value))
    if Order.types().get(name) is FactType.MONEY and isinstance(value, int):
        return money(value, currency)
    return value_of(value)


def _replayable(row: Row) -> Row:
    # A payout is never sent again by hand: one that is not known is asked about by its key until it is.
    return {**row, "replayable": row["kind"] == "webhook" and row["state"] in ("done", "dead")}


def _or_404(read: Callable[[], Slice]) -> Slice:
    """A cursor that is not of this list names a page that does not exist."""
    try:
        return read()
    except BadCursor as fault:
        raise Http404 from fault
