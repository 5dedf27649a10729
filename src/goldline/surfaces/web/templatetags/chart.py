"""Small pictures of days, as SVG without styles of its own: the meaning is in words beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

WIDTH, HEIGHT, GAP = 600, 96, 2


@register.simple_tag
def day_bars(days: Sequence[Mapping[str, Any]], whole: str, part: str, label: str) -> SafeString:
    """A bar a day: how many (`whole`), and how many of them (`part`) stand out. Each bar says its day and figures."""
    most = max((int(day[whole] or 0) for day in days), default=0) or 1
    step = WIDTH / max(len(days), 1)
    bars = format_html_join(
        "", '<g><title>{}: {} / {}</title><rect class="bar" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="bar-bad" x="{}" y="{}" width="{}" height="{}"/></g>',
        (_bar(day, whole, part, n * step, step - GAP, most) for n, day in enumerate(days)),
    )  # fmt: skip
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">{}</svg>',
        WIDTH, HEIGHT, label, bars,
    )  # fmt: skip


def _bar(day: Mapping[str, Any], whole: str, part: str, x: float, width: float, most: int) -> tuple[Any, ...]:
    all_of, some = int(day[whole] or 0), int(day[part] or 0)
    tall, short = (round(HEIGHT * count / most, 1) for count in (all_of, some))
    left, wide = f"{x:.1f}", f"{max(width, 1):.1f}"
    return (day["day"], all_of, some, left, HEIGHT - tall, wide, tall, left, HEIGHT - short, wide, short)
