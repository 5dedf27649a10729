"""What a pack defines beside its promises: parameters and tariffs, and which of them an expression uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goldline.core.policy.parameter import Parameter
from goldline.core.policy.tariff import Tariff

Use = tuple[str, str]  # ("param" or "tariff", its name)


@dataclass(frozen=True, slots=True)
class Definitions:
    """The parameters and tariffs expressions may name."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)

    def unset(self, uses: Iterable[Use]) -> tuple[str, ...]:
        """The parameters among these that have no value."""
        named = sorted(name for what, name in uses if what == "param")
        return tuple(name for name in named if name in self.parameters and self.parameters[name].value is None)

    def body(self, uses: Iterable[Use]) -> dict[str, Any]:
        """What is used, as plain values to keep beside a published promise."""
        used = sorted(set(uses))
        figures = {name: self.parameters[name].plain() for what, name in used if what == "param"}
        tables = [self.tariffs[name].body for what, name in used if what == "tariff"]
        return {**({"parameters": figures} if figures else {}), **({"tariffs": tables} if tables else {})}


NOTHING = Definitions()
