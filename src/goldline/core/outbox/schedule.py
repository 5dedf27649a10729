"""When to try again. Delays are counted from the try that failed; jitter is a function of the key, so it replays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

# Standard Webhooks 1.0.0: ten tries over about three days. The first is at once.
WEBHOOK_DELAYS_S: Final = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
WEBHOOK_TRIES: Final = len(WEBHOOK_DELAYS_S)
RETRY_AFTER_MAX_S: Final = 86_400
JITTER: Final = 0.2

# How long after each unknown outcome the provider is asked what became of the key. After the last one a person is
# waited for. The first is not at once: the request may still be on its way to the provider.
LOOKUP_DELAYS_S: Final = (5, 30, 120, 600, 3_600, 21_600)
UNSENT_LEAST_S: Final = 5
UNSENT_MOST_S: Final = 300
# What a person has to decide has no next try. A finite year, because not every reader can hold infinity.
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


def webhook_retry_at(key: str, attempt: int, now: datetime, retry_after_s: int | None = None) -> datetime | None:
    """When to try the `attempt`-th failed delivery again; none when that was the last try.

    `retry_after_s` is what the receiver asked for: it is honoured when it is longer, up to a day.
    """
    if attempt >= WEBHOOK_TRIES:
        return None
    delay_s = WEBHOOK_DELAYS_S[attempt] * (1 + JITTER * _share(key, attempt))
    asked_s = min(retry_after_s or 0, RETRY_AFTER_MAX_S)
    return now + timedelta(seconds=max(delay_s, asked_s))


def lookup_at(key: str, attempt: int, now: datetime) -> datetime:
    """When to ask about an outcome which has been unknown for `attempt` tries; `NEVER` when a person must."""
    if attempt > len(LOOKUP_DELAYS_S):
        return NEVER
    return now + timedelta(seconds=LOOKUP_DELAYS_S[attempt - 1] * (1 + JITTER * _share(key, attempt)))


def unsent_at(key: str, created_at: datetime, now: datetime) -> datetime:
    """When to send again what never left us: half its age from now, within bounds. It is never given up."""
    age_s = (now - created_at).total_seconds()
    delay_s = min(max(age_s / 2, UNSENT_LEAST_S), UNSENT_MOST_S)
    return now + timedelta(seconds=delay_s * (1 + JITTER * _share(key, 0)))


def _share(key: str, attempt: int) -> float:
    return crc32(f"{key}:{attempt}".encode()) / 2**32
