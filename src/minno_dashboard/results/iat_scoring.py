"""Scoring of Implicit Association Tests: the D measures of Greenwald, Nosek and Banaji (2003). Pure.

D1 and D2 take latencies as they are (the participant had to correct errors: a built-in penalty); D3 and D5 replace the
latency of an error by the block's mean of correct trials + 2 SD, D4 and D6 by that mean + 600 ms. D2, D5 and D6 leave
out latencies under 400 ms. All leave out latencies over 10,000 ms and divide by the SD of all trials of both blocks of
a pair. A positive D: faster in blocks 3 and 4 than in blocks 6 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import correlation, fmean, stdev

from minno_dashboard.results.flatten.records import Scalar

PRACTICE, TEST = (3, 6), (4, 7)
CRITICAL_BLOCKS = (3, 4, 6, 7)
TOO_SLOW_MS = 10_000
TOO_FAST_MS = 400
VERY_FAST_MS = 300
MAX_VERY_FAST_SHARE = 0.10
PENALTY_MS = 600

SCORE_COLUMNS = {
    "session_id": "Session",
    "task": "Task",
    "condition_blocks_3_4": "Condition of blocks 3 and 4",
    "condition_blocks_6_7": "Condition of blocks 6 and 7",
    **{
        f"d{number}": f"D{number} of Greenwald, Nosek and Banaji (2003); positive: faster in blocks 3 and 4"
        for number in range(1, 7)
    },
    "d2_odd_trials": "D2 of the odd trials of each block, for split-half reliability",
    "d2_even_trials": "D2 of the even trials of each block, for split-half reliability",
    "exclusion": "Why the session has no score, or should not be used; empty where there is no reason",
    "trials": "Trials in blocks 3, 4, 6 and 7",
    **{f"trials_block_{number}": f"Trials in block {number}" for number in CRITICAL_BLOCKS},
    "error_rate": "Share of errors, 0 to 1",
    "very_fast_rate": "Share of latencies under 300 ms, 0 to 1",
    "too_slow_trials": "Latencies over 10,000 ms, left out",
}


class Variant(StrEnum):
    """The six variants of D."""

    D1 = "d1"
    D2 = "d2"
    D3 = "d3"
    D4 = "d4"
    D5 = "d5"
    D6 = "d6"


_BY_MEAN_AND_SD = (Variant.D3, Variant.D5)
_BY_MEAN_AND_600 = (Variant.D4, Variant.D6)
_WITHOUT_FAST = (Variant.D2, Variant.D5, Variant.D6)


class Exclusion(StrEnum):
    """Why a session has no score (the first two), or why the authors would exclude it."""

    MISSING_BLOCK = "missing_block"
    NO_VARIANCE = "no_variance"
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True)
class Trial:
    """One response: its latency in milliseconds, up to the correct response where errors had to be corrected."""

    block: int
    latency_ms: float
    is_error: bool
    condition: str = ""


def d_score(trials: Sequence[Trial], variant: Variant) -> float | None:
    """Return a D; None where a block has too few trials left, or all latencies are equal."""
    kept = [
        one
        for one in trials
        if one.latency_ms <= TOO_SLOW_MS and not (variant in _WITHOUT_FAST and one.latency_ms < TOO_FAST_MS)
    ]
    parts = [_of_a_pair(kept, pair, variant) for pair in (PRACTICE, TEST)]
    found = [one for one in parts if one is not None]
    return fmean(found) if len(found) == 2 else None


def _of_a_pair(trials: Sequence[Trial], pair: tuple[int, int], variant: Variant) -> float | None:
    first, second = ([one for one in trials if one.block == block] for block in pair)
    if len(first) < 2 or len(second) < 2:
        return None
    spread = stdev([one.latency_ms for one in (*first, *second)])
    means = [_mean(first, variant), _mean(second, variant)]
    if spread == 0 or means[0] is None or means[1] is None:
        return None
    return (means[1] - means[0]) / spread


def _mean(block: Sequence[Trial], variant: Variant) -> float | None:
    """Return the mean latency of a block, errors replaced as the variant says; None if too few are correct for that."""
    if variant in (Variant.D1, Variant.D2):
        return fmean(one.latency_ms for one in block)
    correct = [one.latency_ms for one in block if not one.is_error]
    if len(correct) < 2:
        return None
    penalty = PENALTY_MS if variant in _BY_MEAN_AND_600 else 2 * stdev(correct)
    instead = fmean(correct) + penalty
    return fmean(instead if one.is_error else one.latency_ms for one in block)


def exclusion_of(trials: Sequence[Trial]) -> Exclusion | None:
    """Return why a session should not be scored, None where there is no reason."""
    per_block = {block: [one for one in trials if one.block == block] for block in CRITICAL_BLOCKS}
    if any(len(block) < 2 for block in per_block.values()):
        return Exclusion.MISSING_BLOCK
    if sum(one.latency_ms < VERY_FAST_MS for one in trials) > MAX_VERY_FAST_SHARE * len(trials):
        return Exclusion.TOO_FAST
    return Exclusion.NO_VARIANCE if d_score(trials, Variant.D1) is None else None


def halves(trials: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Return the odd and the even trials of each block, in their order."""
    odd: list[Trial] = []
    even: list[Trial] = []
    count: dict[int, int] = {}
    for one in trials:
        count[one.block] = count.get(one.block, 0) + 1
        (odd if count[one.block] % 2 else even).append(one)
    return odd, even


def reliability(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Return the split-half reliability (Spearman-Brown) of scores of odd and even trials; None for fewer than 3."""
    firsts, seconds = [], []
    for first, second in pairs:
        firsts.append(first)
        seconds.append(second)
    if len(firsts) < 3 or len(set(firsts)) == 1 or len(set(seconds)) == 1:
        return None
    found = correlation(firsts, seconds)
    return 2 * found / (1 + found) if found > -1 else None


def trials_of(rows: Iterable[Mapping[str, Scalar]]) -> dict[str, list[Trial]]:
    """Return the trials of the critical blocks by task, out of the tidy rows of one session."""
    found: dict[str, list[Trial]] = {}
    for row in rows:
        trial = _trial(row)
        if trial is not None:
            found.setdefault(str(row.get("task") or ""), []).append(trial)
    return found


def _trial(row: Mapping[str, Scalar]) -> Trial | None:
    latency, correct, condition = row.get("rt_ms"), row.get("correct"), row.get("trial_condition")
    try:
        block = int(str(row.get("block")))
    except ValueError:
        return None
    is_trial = row.get("row_type") == "trial" and condition != "instructions" and isinstance(correct, bool)
    if block not in CRITICAL_BLOCKS or not is_trial or not isinstance(latency, int | float):
        return None
    return Trial(block, float(latency), not correct, str(condition or ""))


def score_rows(session_id: int, rows: Iterable[Mapping[str, Scalar]]) -> list[dict[str, Scalar]]:
    """Return one row of scores for each task of a session that has trials in at least two critical blocks."""
    return [
        _score_row(session_id, task, trials)
        for task, trials in trials_of(rows).items()
        if len({one.block for one in trials}) > 1
    ]


def _score_row(session_id: int, task: str, trials: list[Trial]) -> dict[str, Scalar]:
    reason = exclusion_of(trials)
    is_scored = reason is not Exclusion.MISSING_BLOCK
    odd, even = halves(trials)
    conditions = {one.block: one.condition for one in trials}
    return {
        "session_id": session_id,
        "task": task,
        "condition_blocks_3_4": conditions.get(3, ""),
        "condition_blocks_6_7": conditions.get(6, ""),
        **{one.value: d_score(trials, one) if is_scored else None for one in Variant},
        "d2_odd_trials": d_score(odd, Variant.D2) if is_scored else None,
        "d2_even_trials": d_score(even, Variant.D2) if is_scored else None,
        "exclusion": reason.value if reason else "",
        "trials": len(trials),
        **{
            f"trials_block_{number}": sum(one.block == number for one in trials) for number in CRITICAL_BLOCKS
        },
        "error_rate": sum(one.is_error for one in trials) / len(trials),
        "very_fast_rate": sum(one.latency_ms < VERY_FAST_MS for one in trials) / len(trials),
        "too_slow_trials": sum(one.latency_ms > TOO_SLOW_MS for one in trials),
    }
