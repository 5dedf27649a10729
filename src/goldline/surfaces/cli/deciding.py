"""`goldline decide`: ask for a decision on the spot. It counts like any other."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

import click
import msgspec

from goldline.core.decision.desk import Desk
from goldline.core.errors import GoldlineError
from goldline.core.money import exponent
from goldline.core.policy.published import load_decision, load_published
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.record import intake, partitions, record


@click.command()
@click.argument("decision")
@click.argument("order")
@click.option("--refund", required=True, help="The request's id: asked again under it, the answer is the same.")
@click.option("--amount", "major", required=True, help="What is asked back, in major units: 12.50.")
@click.option("--currency", default="CNY", show_default=True)
@click.option("--ground", default="other", show_default=True, help="no_reason, quality, not_received or other.")
def decide(*, decision: str, order: str, refund: str, major: str, currency: str, ground: str) -> None:
    """Ask DECISION, instant-refund say, about ORDER. The answer is written down and acted on, as over HTTP."""
    words = vocabulary()
    with record() as connection:
        desk = Desk(words, load_published(connection, words), partitions(connection))
        asked = {"refund_id": refund, "amount_minor": _minor(major, currency), "currency": currency, "ground": ground}
        try:
            body = msgspec.convert(asked, desk.counter(decision).question.body)
        except msgspec.ValidationError as fault:
            raise GoldlineError(f"{fault}.", code="invalid", hint="See `goldline decide --help`.") from fault
        decided, version = desk.ask(connection, intake(connection), decision, order, body, "cli")
        version = version or load_decision(connection, decided.policy, decided.version, words)
        connection.commit()
    click.echo(json.dumps(decided.told(version), ensure_ascii=False, indent=2))


def _minor(major: str, currency: str) -> int:
    try:
        amount = Decimal(major).scaleb(exponent(currency))
    except (InvalidOperation, KeyError) as fault:
        raise GoldlineError(
            f"{major!r} {currency} is no amount.", code="invalid", hint="Write it as 12.50, with --currency CNY."
        ) from fault
    if not amount.is_finite() or amount != int(amount):
        raise GoldlineError(f"{major} has more decimals than {currency}.", code="invalid", hint="Round it.")
    return int(amount)
