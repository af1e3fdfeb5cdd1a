"""The codebook of an export: every column of every table, for people (CSV) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minno_dashboard.results.flatten.columns import Column, Columns
from minno_dashboard.results.flatten.records import Scalar

CODEBOOK_COLUMNS = [
    "table",
    "name",
    "label",
    "type",
    "unit",
    "values",
    "source",
    "filled",
    "introduced_in_version",
]
_UNITS = {"_ms": "milliseconds", "_s": "seconds", "_at": "UTC, ISO 8601", "latency": "milliseconds"}


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def _values(column: Column) -> str:
    if not column.values or len(column.values) > 20:
        return ""
    return "; ".join(sorted(str(value)[:80] for value in column.values))


def entries(
    table: str, columns: Columns, labels: Mapping[str, str], sources: Mapping[str, str]
) -> list[dict[str, Scalar]]:
    """Return one entry per column of a table. `sources` names the player's field of a column."""
    return [
        {
            "table": table,
            "name": column.name,
            "label": labels.get(column.name, ""),
            "type": column.type.value if column.filled else "",
            "unit": _unit(column.name),
            "values": _values(column),
            "source": sources.get(column.name, ""),
            "filled": column.filled,
            "introduced_in_version": column.first_version or None,
        }
        for column in columns.used()
    ]


def variables_measured(entry: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return an entry as schema.org's PropertyValue, as Psych-DS wants it under `variableMeasured`."""
    described: dict[str, Any] = {"@type": "PropertyValue", "name": entry["name"]}
    if entry["label"]:
        described["description"] = entry["label"]
    if entry["unit"]:
        described["unitText"] = entry["unit"]
    return described
