"""Labels: what the platform attaches to goods, content or a creator, with its reason, who set it and when it ends.

A policy has no clock, so a label is two instants: `x_from` and `x_until`. It stands at an instant t where
`x_from <= t and coalesce(x_until > t, true)`. Setting it again renews it; lifting it ends it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from goldline.core.facts.merge import Derived, FactType, LastAt, Latest, Union

Label = Literal["unsafe", "defective", "misleading", "excellent"]
SET_BY: Final = "label,reason,by,until"


def since(kind: str, label: Label) -> Any:
    """When the label was last set on a subject of that kind."""
    return LastAt(f"{kind}.labelled", where={"label": label}, about=f"since when it is labelled {label}")


def expiry(kind: str, label: Label) -> Any:
    """When the label ends of itself, as last set."""
    expires = f"when the label {label} ends of itself"
    return Latest(f"{kind}.labelled", "until", FactType.INSTANT, where={"label": label}, about=expires)


def lifted(kind: str, label: Label) -> Any:
    """When the label was last lifted."""
    return LastAt(f"{kind}.label_lifted", where={"label": label}, about=f"when the label {label} was lifted")


def until(label: Label) -> Any:
    """When the label last set ends or was lifted; unknown while it stands without an end."""
    return Derived(
        f"least({label}_expires, case when {label}_lifted_at >= {label}_from then {label}_lifted_at end)",
        FactType.INSTANT,
        about=f"when the label {label} ends",
    )


def all_set(kind: str) -> Any:
    """Every label ever set, with its reason, who set it and its end."""
    return Union(f"{kind}.labelled", *SET_BY.split(","), about="every label set: its name, reason, setter and end")
