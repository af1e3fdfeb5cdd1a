"""The study and experiment of the collection tests."""

from __future__ import annotations

from tests.collection.conftest import alice, experiment, study

__all__ = ["alice", "experiment", "study"]
