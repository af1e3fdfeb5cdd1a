"""The wide table: one row per session, with each answer and each task's summary in a column of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from minno_dashboard.results.flatten.names import ColumnNames
from minno_dashboard.results.flatten.records import Scalar
from minno_dashboard.results.flatten.tidy import TRIAL_COLUMNS, Row

_NOT_VALUES = frozenset(TRIAL_COLUMNS) - {"response"}


@dataclass(slots=True)
class _Task:
    trials: int = 0
    times_ms: list[float] = field(default_factory=list)
    right: int = 0
    judged: int = 0


def _prefix(row: Row) -> str:
    task, name = row.get("task"), row.get("trial_name")
    return ".".join(str(part) for part in (task, name) if part not in (None, ""))


def wide_row(session: Row, rows: Iterable[Row], names: ColumnNames) -> Row:
    """Return the session's row with its answers.

    A question gives `<task>_<question>` (its response) and `…_rt_ms`; the trials of a task give their number, median
    response time and proportion correct; any other logged value gives `<task>_<field>`. Of several values for one
    column the last counts.
    """
    wide = dict(session)
    tasks: dict[str, _Task] = {}
    for row in rows:
        if row["row_type"] == "trial":
            _count(tasks.setdefault(str(row.get("task") or "trials"), _Task()), row)
            continue
        prefix = _prefix(row)
        for column, value in row.items():
            if column not in _NOT_VALUES:
                path = prefix if column == "response" and prefix else f"{prefix}.{column}"
                wide[names.name_of(path.lstrip("."))] = value
        if row["row_type"] == "question" and prefix:
            wide[names.name_of(f"{prefix}.rt_ms")] = row.get("rt_ms")
    for name, task in tasks.items():
        wide.update(_summary(name, task, names))
    return wide


def _count(task: _Task, row: Row) -> None:
    task.trials += 1
    time_ms = row.get("rt_ms")
    if isinstance(time_ms, int | float) and not isinstance(time_ms, bool):
        task.times_ms.append(float(time_ms))
    if isinstance(row.get("correct"), bool):
        task.judged += 1
        task.right += row["correct"] is True


def _summary(name: str, task: _Task, names: ColumnNames) -> dict[str, Scalar]:
    return {
        names.name_of(f"{name}.n_trials"): task.trials,
        names.name_of(f"{name}.median_rt_ms"): median(task.times_ms) if task.times_ms else None,
        names.name_of(f"{name}.proportion_correct"): task.right / task.judged if task.judged else None,
    }
