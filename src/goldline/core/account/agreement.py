"""Agreement between people who judge the same cases, corrected for chance. Exact fractions; nominal answers.

Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960);
K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), nominal data with missing answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction


def kappa(pairs: Sequence[tuple[str, str]]) -> Fraction | None:
    """Cohen's kappa of two raters over the same cases: 1 is agreement, 0 what chance gives.

    None without cases, or where both always give the same one answer and chance explains everything.
    """
    if not pairs:
        return None
    count = len(pairs)
    seen = Fraction(sum(one == other for one, other in pairs), count)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum((Fraction(first[each] * second[each], count * count) for each in first), Fraction(0))
    return None if chance == 1 else (seen - chance) / (1 - chance)


def alpha(units: Sequence[Sequence[str]]) -> Fraction | None:
    """Krippendorff's alpha: each unit holds the answers it got, however many raters there are; one alone says nothing.

    None where no two answers can be compared, or where only one answer occurs.
    """
    compared = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[str] = Counter()
    for unit in compared:
        totals.update(unit)
    count = sum(totals.values())
    if count < 2 or len(totals) < 2:
        return None
    # Pairs within a unit that differ, weighted by how many answers the unit has; then pairs over all answers.
    observed = sum((_differing(unit) / (sum(unit.values()) - 1) for unit in compared), Fraction(0)) / count
    expected = _differing(totals) / (count * (count - 1))
    return 1 - observed / expected


def _differing(answers: Counter[str]) -> Fraction:
    """Ordered pairs of different answers."""
    count = sum(answers.values())
    return Fraction(count * count - sum(each * each for each in answers.values()))
