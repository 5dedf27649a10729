"""The payloads of each dialect, as publicly documented, taken apart into checkpoints.

A shape takes a push and the answer to a query alike, as both hold the same trace. What a payload lacks is left out; a
payload of another shape is a ShapeError. Nothing is read into the words here: that is `trace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from goldline.connectors.carriers.dialect import Name

Word = str | int | None


class ShapeError(ValueError):
    """A payload that is not of its dialect's shape; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One entry of a trace, as its vendor wrote it. `fault` says why it cannot be used at all, if so."""

    waybill: str
    carrier: str | None = None
    order: str | None = None
    time: str | None = None
    code: str | None = None
    sub: str | None = None
    text: str | None = None
    place: str | None = None
    region: str | None = None
    origin: str | None = None
    fault: str | None = None


def checkpoints(name: Name, payload: bytes) -> list[Checkpoint]:
    """The entries of one payload, in its order. Raises ShapeError."""
    try:
        return list(_SHAPES[name](payload))
    except msgspec.ValidationError as error:
        raise ShapeError(f"The payload is not of the shape of '{name}': {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ShapeError(f"The payload is not JSON: {error}.") from error


def _named(*parts: str | None) -> str | None:
    return ", ".join(each for each in parts if each) or None


def _text(word: Word) -> str | None:
    return None if word in (None, "") else str(word)


class _HundredEntry(Struct, rename="camel"):
    ftime: str | None = None
    time: str | None = None
    context: str | None = None
    status: str | None = None
    status_code: Word = None
    area_name: str | None = None
    location: str | None = None


class _HundredPlace(Struct):
    name: str | None = None


class _HundredRoute(Struct):
    origin: _HundredPlace | None = field(default=None, name="from")


class _HundredResult(Struct, rename="camel"):
    nu: str | None = None
    com: str | None = None
    data: list[_HundredEntry] = []
    route_info: _HundredRoute | None = None


class _Hundred(_HundredResult, rename="camel"):
    last_result: _HundredResult | None = None


def _kuaidi100(payload: bytes) -> Iterator[Checkpoint]:
    """`lastResult` of a push, or the answer to a query, which is the same without that wrapping."""
    push = msgspec.json.decode(payload, type=_Hundred)
    result = push.last_result or push
    waybill = _required(result.nu, "nu")
    origin = result.route_info.origin.name if result.route_info and result.route_info.origin else None
    for each in result.data:
        yield Checkpoint(
            waybill,
            carrier=result.com,
            time=each.ftime or each.time,
            code=_text(each.status_code) or each.status,
            text=each.context,
            place=each.area_name or each.location or None,
            region=each.area_name,
            origin=origin,
        )


class _BirdEntry(Struct, rename="pascal"):
    accept_time: str | None = None
    accept_station: str | None = None
    action: Word = None
    location: str | None = None


class _BirdTrace(Struct, rename="pascal"):
    logistic_code: str | None = None
    shipper_code: str | None = None
    order_code: str | None = None
    traces: list[_BirdEntry] | None = None


class _Bird(_BirdTrace, rename="pascal"):
    data: list[_BirdTrace] | None = None


def _kdniao(payload: bytes) -> Iterator[Checkpoint]:
    """`Data[]` of a push, one a waybill, or the answer to a query, which is one of them."""
    push = msgspec.json.decode(payload, type=_Bird)
    for trace in [push] if push.data is None else push.data:
        waybill = _required(trace.logistic_code, "LogisticCode")
        for each in trace.traces or ():
            yield Checkpoint(
                waybill,
                carrier=trace.shipper_code,
                order=trace.order_code or None,
                time=each.accept_time,
                code=_text(each.action),
                text=each.accept_station,
                place=each.location or None,
                region=each.location,
            )


class _ShipEntry(Struct):
    checkpoint_time: str | None = None
    tag: str | None = None
    subtag: str | None = None
    message: str | None = None
    location: str | None = None
    city: str | None = None
    state: str | None = None
    slug: str | None = None


class _ShipTracking(Struct):
    tracking_number: str | None = None
    slug: str | None = None
    order_id: Word = None
    checkpoints: list[_ShipEntry] | None = None


class _ShipData(_ShipTracking):
    tracking: _ShipTracking | None = None


class _Ship(_ShipTracking):
    msg: _ShipTracking | None = None
    data: _ShipData | None = None


def _aftership(payload: bytes) -> Iterator[Checkpoint]:
    """`msg` of a webhook, `data` or `data.tracking` of an answer, or a tracking by itself."""
    push = msgspec.json.decode(payload, type=_Ship)
    data = push.data.tracking or push.data if push.data else push
    tracking = push.msg or data
    waybill = _required(tracking.tracking_number, "tracking_number")
    for each in tracking.checkpoints or ():
        yield Checkpoint(
            waybill,
            carrier=each.slug or tracking.slug,
            order=_text(tracking.order_id),
            time=each.checkpoint_time,
            code=each.tag,
            sub=each.subtag,
            text=each.message,
            place=each.location or _named(each.city, each.state),
        )


class _SeventeenEntry(Struct):
    time_utc: str | None = None
    time_iso: str | None = None
    description: str | None = None
    location: str | None = None
    stage: str | None = None
    sub_status: str | None = None


class _SeventeenCarrier(Struct):
    name: str | None = None
    key: Word = None


class _SeventeenProvider(Struct):
    provider: _SeventeenCarrier | None = None
    events: list[_SeventeenEntry] | None = None


class _SeventeenTracking(Struct):
    providers: list[_SeventeenProvider] | None = None


class _SeventeenInfo(Struct):
    tracking: _SeventeenTracking | None = None


class _SeventeenNumber(Struct):
    number: str | None = None
    carrier: Word = None
    track_info: _SeventeenInfo | None = None


class _SeventeenData(_SeventeenNumber):
    accepted: list[_SeventeenNumber] | None = None


class _Seventeen(_SeventeenNumber):
    data: _SeventeenData | None = None


def _seventeentrack(payload: bytes) -> Iterator[Checkpoint]:
    """`data` of a webhook, or each of `data.accepted` of an answer. One number may have two carriers' events."""
    push = msgspec.json.decode(payload, type=_Seventeen)
    data: _SeventeenNumber = push.data or push
    several = push.data.accepted if push.data else None
    for number in [data] if several is None else several:
        waybill = _required(number.number, "number")
        tracking = number.track_info.tracking if number.track_info else None
        for provider in (tracking.providers if tracking else None) or ():
            carrier = _text(provider.provider.key) if provider.provider else None
            for each in provider.events or ():
                yield Checkpoint(
                    waybill,
                    carrier=carrier or _text(number.carrier),
                    time=each.time_utc or each.time_iso,
                    code=each.stage,
                    sub=each.sub_status,
                    text=each.description,
                    place=each.location or None,
                )


class _KarrioEntry(Struct):
    date: str | None = None
    time: str | None = None
    timestamp: str | None = None
    status: str | None = None
    reason: str | None = None
    description: str | None = None
    location: str | None = None


class _KarrioInfo(Struct):
    order_id: Word = None


class _KarrioTracker(Struct):
    tracking_number: str | None = None
    carrier_name: str | None = None
    events: list[_KarrioEntry] | None = None
    info: _KarrioInfo | None = None


class _Karrio(_KarrioTracker):
    data: _KarrioTracker | None = None


def _karrio(payload: bytes) -> Iterator[Checkpoint]:
    """`data` of a webhook, or a tracker by itself."""
    push = msgspec.json.decode(payload, type=_Karrio)
    tracker = push.data or push
    waybill = _required(tracker.tracking_number, "tracking_number")
    for each in tracker.events or ():
        yield Checkpoint(
            waybill,
            carrier=tracker.carrier_name,
            order=_text(tracker.info.order_id) if tracker.info else None,
            time=each.timestamp or " ".join(filter(None, (each.date, each.time))),
            code=each.status,
            sub=each.reason,
            text=each.description,
            place=each.location or None,
        )


class _Shopify(Struct):
    fulfillment_id: Word = None
    order_id: Word = None
    status: str | None = None
    message: str | None = None
    happened_at: str | None = None
    city: str | None = None
    province: str | None = None


def _shopify(payload: bytes) -> Iterator[Checkpoint]:
    """One fulfillment event. It names no waybill: the fulfillment is the parcel."""
    each = msgspec.json.decode(payload, type=_Shopify)
    yield Checkpoint(
        _required(_text(each.fulfillment_id), "fulfillment_id"),
        order=_text(each.order_id),
        time=each.happened_at,
        code=each.status,
        text=each.message,
        place=_named(each.city, each.province),
    )


class _Point(Struct):
    id: str | None = None


class _Business(Struct, rename="camel"):
    type: str | None = None


class _ObjectEvent(Struct, rename="camel"):
    type: str | None = None
    event_time: str | None = None
    epc_list: list[str] | None = None
    biz_step: str | None = None
    disposition: str | None = None
    read_point: _Point | None = None
    biz_transaction_list: list[_Business] | None = None
    error_declaration: Any = None


class _Body(Struct, rename="camel"):
    event_list: list[_ObjectEvent] | None = None


class _Epcis(_ObjectEvent, rename="camel"):
    epcis_body: _Body | None = None


def _epcis(payload: bytes) -> Iterator[Checkpoint]:
    """The ObjectEvents of an EPCISDocument, or one by itself; each of their objects is a parcel."""
    document = msgspec.json.decode(payload, type=_Epcis)
    several = document.epcis_body.event_list if document.epcis_body else [document]
    for each in several or ():
        if each.type != "ObjectEvent":
            continue
        kinds = {_bare(link.type) for link in each.biz_transaction_list or ()}
        step, disposition = _bare(each.biz_step), _bare(each.disposition)
        for waybill in each.epc_list or [_required(None, "epcList")]:
            yield Checkpoint(
                waybill,
                time=each.event_time,
                code=step or disposition,
                sub="returned" if "rma" in kinds else disposition,
                place=each.read_point.id if each.read_point else None,
                fault="Its sender has declared this event wrong." if each.error_declaration else None,
            )


def _bare(word: str | None) -> str | None:
    """`shipping` of `urn:epcglobal:cbv:bizstep:shipping` or `https://ref.gs1.org/cbv/BizStep-shipping`."""
    if word is None:
        return None
    last = word.rpartition("/")[2] if "://" in word else word.rpartition(":")[2]
    return last.rpartition("-")[2] if "://" in word else last


def _required(value: str | None, name: str) -> str:
    if value is None or not value.strip():
        raise ShapeError(f"`{name}` is missing, so nobody can say which parcel this is.")
    return value.strip()


_SHAPES: Final[dict[Name, Callable[[bytes], Iterator[Checkpoint]]]] = {
    "kuaidi100": _kuaidi100,
    "kdniao": _kdniao,
    "aftership": _aftership,
    "seventeentrack": _seventeentrack,
    "karrio": _karrio,
    "shopify": _shopify,
    "epcis": _epcis,
}
