"""Small pictures of days, as SVG without styles of its own: the meaning is in words beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from goldline.market.likeness.production import ContentCluster

register = template.Library()

WIDTH, HEIGHT, GAP = 600, 96, 2
LANES, LANE_HEIGHT, MARGIN, BREADTH = 24, 7, 6, 1_000
DOTS_MOST = 2_000  # of a larger cluster the earliest: more dots say no more


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


@register.simple_tag
def limit_line(values: Sequence[float], limit: float, days: Sequence[Any], label: str) -> SafeString:
    """A statistic by day against its limit: the line, the limit, and a mark with its day on each day beyond it."""
    most = max([*values, limit]) * 1.1
    step = WIDTH / max(len(values) - 1, 1)
    height = [f"{HEIGHT - value / most * HEIGHT:.1f}" for value in (*values, limit)]
    line = " ".join(f"{n * step:.1f},{y}" for n, y in enumerate(height[:-1]))
    marks = format_html_join(
        "", '<circle class="beyond" cx="{}" cy="{}" r="4"><title>{}: {}</title></circle>',
        ((f"{n * step:.1f}", height[n], days[n], f"{value:.1f}") for n, value in enumerate(values) if value > limit),
    )  # fmt: skip
    return format_html(
        '<svg class="limit" viewBox="0 0 {} {}" role="img" aria-label="{}"><polyline class="spark-line" points="{}"/>'
        '<line class="limit-line" x1="0" x2="{}" y1="{}" y2="{}"/>{}</svg>',
        WIDTH, HEIGHT, label, line, WIDTH, height[-1], height[-1], marks,
    )  # fmt: skip


def _bar(day: Mapping[str, Any], whole: str, part: str, x: float, width: float, most: int) -> tuple[Any, ...]:
    all_of, some = int(day[whole] or 0), int(day[part] or 0)
    tall, short = (round(HEIGHT * count / most, 1) for count in (all_of, some))
    left, wide = f"{x:.1f}", f"{max(width, 1):.1f}"
    return (day["day"], all_of, some, left, HEIGHT - tall, wide, tall, left, HEIGHT - short, wide, short)


@register.simple_tag
def timeline(cluster: ContentCluster) -> SafeString:
    """A row an account, those that began first on top, and a dot an item; accounts beyond the rows share the last."""
    lanes: dict[str, int] = {}
    for member in cluster.members:
        lanes.setdefault(member.account, min(len(lanes), LANES - 1))
    began, span_s = cluster.first_seen_at, (cluster.last_seen_at - cluster.first_seen_at).total_seconds() or 1.0
    height = LANE_HEIGHT * (max(lanes.values()) + 1) + 2 * MARGIN
    dots = format_html_join(
        "", '<circle class="dot" cx="{}" cy="{}" r="3"><title>{} · {}</title></circle>',
        (
            (f"{MARGIN + (BREADTH - 2 * MARGIN) * (each.at - began).total_seconds() / span_s:.1f}",
             MARGIN + LANE_HEIGHT * lanes[each.account] + LANE_HEIGHT // 2, each.account, each.at.isoformat())
            for each in cluster.members[:DOTS_MOST]
        ),
    )  # fmt: skip
    label = _("{items} items of {accounts} accounts").format(items=len(cluster.members), accounts=len(lanes))
    return format_html(
        '<svg class="timeline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', BREADTH, height, label, dots
    )
