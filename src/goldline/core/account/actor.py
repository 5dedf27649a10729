"""Actors: who decides. Some decisions are a person's alone, whatever a program may have prepared.

Source: the EU's Digital Services Act, article 20(6): complaints are not decided solely by automated means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from goldline.core.errors import GoldlineError

ENGINE: Final = "machine:engine"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a machine by name. `through` is the key or page a person acted through, if it is known."""

    kind: Literal["person", "machine"]
    name: str
    through: str | None = None

    def __str__(self) -> str:
        """As it is recorded: 'person:ada', 'person:ada through key:desk', 'machine:engine'."""
        return f"{self.kind}:{self.name}" + (f" through {self.through}" if self.through else "")


def require_person(actor: Actor, what: str) -> str:
    """The person's name. Raises GoldlineError('needs_person') for a machine or nobody."""
    if actor.kind != "person" or not actor.name.strip():
        raise GoldlineError(
            f"{what} needs a person.", code="needs_person", hint="Name the reviewer who has looked at it."
        )
    return actor.name
