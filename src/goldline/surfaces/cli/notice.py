"""`goldline notice …`: what is declared once for many orders, because of a promotion, a holiday or a disaster."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import click
from psycopg import Connection

from goldline.core import audit
from goldline.core.errors import GoldlineError
from goldline.core.facts.event import cloudevent
from goldline.core.facts.notice import NoticeInForce, notices
from goldline.market.order import Order
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import Instant, intake, present, record

SOURCE: Final = "goldline/notice"
_EXAMPLES: Final = """\b
Examples:
  goldline notice publish snow --void --region CN-XZ --paid-from 2026-02-01T00:00:00+08:00
      --paid-until 2026-02-08T00:00:00+08:00 --reason "Roads are closed" --reason-zh "道路封闭"
  goldline notice publish spring --ship-by 2026-02-25T23:59:59+08:00
      --due-from 2026-02-15T00:00:00+08:00 --due-until 2026-02-25T00:00:00+08:00
      --reason "Spring Festival" --reason-zh "春节放假"
"""


@click.group()
def group() -> None:
    """Declare once what moves or stops the clocks of many orders; see and withdraw it."""


@group.command(epilog=_EXAMPLES)
@click.argument("notice_id", metavar="ID")
@click.option("--ship-by", type=Instant(), help="The new time to ship.")
@click.option("--hours", type=int, help="By how many hours every time to ship is moved.")
@click.option("--void", is_flag=True, help="Stop the clocks instead.")
@click.option("--region", "regions", multiple=True, help="Where the orders go, ISO 3166-2. Repeat it. None: anywhere.")
@click.option("--merchant", "merchants", multiple=True, help="Whose orders. Repeat it. None: everybody's.")
@click.option("--category", "categories", multiple=True, help="Of what goods. Repeat it. None: any.")
@click.option("--paid-from", type=Instant(), help="Orders paid from then on.")
@click.option("--paid-until", type=Instant(), help="Orders paid before then.")
@click.option("--due-from", type=Instant(), help="Orders due to ship from then on.")
@click.option("--due-until", type=Instant(), help="Orders due to ship before then.")
@click.option("--reason", required=True, help="Why, in English: consumers read it.")
@click.option("--reason-zh", required=True, help="Why, in Chinese.")
@click.option("--clause", help="The published text it comes from.")
def publish(notice_id: str, *, void: bool, reason: str, reason_zh: str, **terms: Any) -> None:
    """Publish a notice. It covers the orders that lie in every scope given, those that come later too."""
    with record() as connection:
        if connection.execute("SELECT 1 FROM fact_notice WHERE key = %s", [notice_id]).fetchone():
            raise GoldlineError(
                f"There is a notice '{notice_id}' already, and a notice is never edited.",
                code="notice_exists",
                hint=f"Withdraw it with `goldline notice withdraw {notice_id}`, and publish another under a new name.",
            )
        data = {name: _plain(value) for name, value in terms.items() if value not in (None, ())}
        data |= {"kind": "void" if void else "shift", "reason": {"en": reason, "zh-Hans": reason_zh}}
        _send(connection, "notice.published", {"notice_id": notice_id, **data})
    click.echo(f"Published. `goldline notice list` shows how far it has come; {notice_id!r} withdraws it.", err=True)


@group.command()
@click.argument("notice_id", metavar="ID")
def withdraw(notice_id: str) -> None:
    """Withdraw a notice. What was decided by it stays; clocks that still run have their own time again."""
    with record() as connection:
        known = connection.execute("SELECT 1 FROM fact_notice WHERE key = %s", [notice_id]).fetchone()
        if known is None:
            raise GoldlineError(
                f"There is no notice '{notice_id}'.", code="no_notice", hint="See them with `goldline notice list`."
            )
        _send(connection, "notice.withdrawn", {"notice_id": notice_id})
    click.echo("Withdrawn.", err=True)


@group.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def listing(form: str) -> None:
    """Every notice in force or withdrawn, the newest first, with the orders it covers now."""
    with record() as connection:
        found = notices(connection, Order)
    if form == "json":
        click.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2, default=str))
        return
    for each in found:
        click.echo(_told(each))
    click.echo(f"{counted(len(found), 'notice')}.", err=True)


def _send(connection: Connection[Any], kind: str, data: dict[str, Any]) -> None:
    """Take the event in by the door that every other comes by."""
    now = present(connection)
    ident, checked = uuid4().hex, intake(connection)
    raw = cloudevent(kind, ident, SOURCE, now, data)
    fault = checked.check(raw)
    if not hasattr(fault, "partition"):
        raise GoldlineError(fault.reason, code="notice_wrong")
    checked.accept(connection, [raw], "cli")
    operation = "notice.publish" if kind == "notice.published" else "notice.withdraw"
    audit.record(connection, actor(), operation, f"notice:{data['notice_id']}", {"event": ident}, now)
    connection.commit()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value


def _told(notice: NoticeInForce) -> str:
    what = "stops the clocks"
    if notice.moved_to is not None:
        what = f"moves the time to ship to {notice.moved_to:%Y-%m-%d %H:%M:%S}Z"
    elif notice.moved_s is not None:
        what = f"moves the time to ship by {notice.moved_s // 3600} h"
    lists = (("regions", notice.regions), ("merchants", notice.merchants), ("categories", notice.categories))
    scope = "; ".join(f"{name} {', '.join(each)}" for name, each in lists if each) or "everywhere"
    ended = f", withdrawn {notice.withdrawn_at:%Y-%m-%d %H:%M:%S}Z" if notice.withdrawn_at else ""
    reach = "" if notice.carried else f", {notice.carried_share} % of standing orders looked at"
    return (
        f"{notice.id}  {what} ({scope}): {notice.reason['en']}. Covers {counted(notice.covered, 'order')}{reach}{ended}"
    )
