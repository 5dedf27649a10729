"""Event types: what may arrive, declared once.

An event is a CloudEvent 1.0 whose `type` names an `EventType` and whose `data` is that type's struct. From the
struct come the decoder, the JSON Schema, the AsyncAPI document and the reference page; there is no second list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zlib import crc32

import msgspec
from msgspec import Meta, Struct

Id = Annotated[
    str,
    Meta(
        min_length=1, max_length=64, pattern=r"\A[A-Za-z0-9._:@/+=-]+\Z", description="An identifier: ASCII, no spaces."
    ),
]
Time = Annotated[datetime, Meta(tz=True, description="An instant with its offset, RFC 3339.")]
AmountMinor = Annotated[int, Meta(ge=0, le=10**15, description="Money in minor units of the currency.")]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", description="ISO 4217 code.")]
Text = Annotated[str, Meta(max_length=500)]

# Instants before 2000 are refused: staged times are big-endian microseconds since then, compared as bytes.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def partition_of(root: str, partitions: int) -> int:
    """The hash partition of a root id. Stable for ever: data lies where this says."""
    return crc32(root.encode()) % partitions


class Data(Struct, frozen=True, kw_only=True, gc=False):
    """Base of every event's `data`. Unknown fields are ignored, so that a sender may be newer than we are."""


class EventType(Struct, frozen=True):
    """One kind of event.

    `root` names the field of `data` that decides the partition: every event of one order, its parcels and
    refunds included, is stepped in one partition. An event that holds `everywhere` concerns subjects of every
    partition: no partition's clock passes it before it has been put in force (see `core.facts.notice`).
    """

    name: str
    data: type[Data]
    root: str
    everywhere: bool = False

    @property
    def title(self) -> str:
        """The first line of the struct's docstring."""
        return (self.data.__doc__ or "").strip().partition("\n")[0]


def event(name: str, *, root: str, everywhere: bool = False) -> Any:
    """Class decorator: register the struct below it as the data of event type `name`."""

    def attach(data: type[Data]) -> type[Data]:
        data.event_type = EventType(name, data, root, everywhere)  # type: ignore[attr-defined]
        return data

    return attach


class Catalogue:
    """All event types of a vocabulary, and the two decoders made from them.

    `checked` enforces every constraint (intake); `trusted` decodes what intake has already accepted (the step)
    and is about a third faster because it skips patterns and bounds.
    """

    def __init__(self, types: Iterable[EventType]) -> None:
        self.types = {each.name: each for each in types}
        self.checked = {name: _envelope(each, strict=True) for name, each in self.types.items()}
        self.trusted = {name: _envelope(each, strict=False) for name, each in self.types.items()}

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.types.values())

    @classmethod
    def of(cls, *modules: object) -> Catalogue:
        """Collect every decorated struct of the given modules, in order of definition."""
        found: dict[str, EventType] = {}
        for module in modules:
            for member in vars(module).values():
                own = getattr(member, "event_type", None)
                if own is not None and own.data is member:
                    found[own.name] = own
        return cls(found.values())

    def checked_decoder(self) -> msgspec.json.Decoder[Any]:
        """Decode one CloudEvent with every constraint on; raises `msgspec.ValidationError` with a path."""
        return msgspec.json.Decoder(_union(self.checked.values()))

    def trusted_decoder(self) -> msgspec.json.Decoder[Any]:
        """Decode a JSON array of accepted CloudEvents."""
        return msgspec.json.Decoder(list[_union(self.trusted.values())])  # type: ignore[misc]


def _union(structs: Iterable[type[Struct]]) -> Any:
    from typing import Union

    return Union[tuple(structs)]  # noqa: UP007 - built at run time


def _envelope(kind: EventType, *, strict: bool) -> type[Struct]:
    """The CloudEvent around one event type, as a struct tagged by `type`."""
    data = kind.data if strict else _plain(kind.data)
    fields: list[Any] = [
        ("id", Id if strict else str),
        ("time", Time if strict else datetime),
        ("data", data),
    ]
    if strict:
        fields += [("specversion", Literal["1.0"]), ("source", Annotated[str, Meta(min_length=1, max_length=200)])]
    name = "".join(part.capitalize() for part in kind.name.replace("_", ".").split("."))
    return msgspec.defstruct(
        name, fields, tag_field="type", tag=kind.name, frozen=True, gc=False, namespace={"event_type": kind}
    )


def _plain(data: type[Data]) -> type[Struct]:
    """The same struct without constraints, for input that has passed them."""
    fields: list[Any] = []
    for each in msgspec.structs.fields(data):
        bare = _bare(each.type)
        fields.append((each.name, bare) if each.required else (each.name, bare, each.default))
    return msgspec.defstruct(data.__name__, fields, frozen=True, gc=False, kw_only=True)


def cloudevent(kind: str, ident: str, source: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """What the house itself has to say, as the JSON of a CloudEvent 1.0, for the intake."""
    envelope = {"specversion": "1.0", "type": kind, "id": ident, "source": source, "time": at.isoformat()}
    return msgspec.json.encode({**envelope, "data": data})


def _bare(kind: Any) -> Any:
    """Strip `Annotated` at every level of a type."""
    from typing import Union, get_args, get_origin

    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    arguments = get_args(kind)
    if not arguments or get_origin(kind) is Literal:
        return str if get_origin(kind) is Literal else kind
    bare = tuple(_bare(each) for each in arguments)
    origin = get_origin(kind)
    import types

    if origin is Union or origin is types.UnionType:
        return Union[bare]  # noqa: UP007 - built at run time
    return origin[bare]
