"""What a participant gets at the end: a completion code, a redirect address, or both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from minno_dashboard.studies.models import Experiment

_PLACEHOLDER = re.compile(r"\[([A-Za-z0-9_.-]{1,100})\]")


class SessionOutcome(StrEnum):
    """How a session ended, or why it did not start."""

    COMPLETED = "completed"
    SCREENED_OUT = "screened_out"
    OVER_QUOTA = "over_quota"


@dataclass(frozen=True, slots=True)
class Completion:
    """What a participant gets: `redirect` and `code` are "" where the experiment has none for this outcome."""

    outcome: SessionOutcome
    redirect: str
    code: str


def completion_of(experiment: Experiment, params: Mapping[str, str], outcome: SessionOutcome) -> Completion:
    """Return what a participant with these URL parameters gets.

    Without a code for being screened out or over quota, nobody is sent to an address that names a code: they would
    arrive as if they had completed the study.
    """
    code = {
        SessionOutcome.COMPLETED: experiment.completion_code,
        SessionOutcome.SCREENED_OUT: experiment.screened_out_code,
        SessionOutcome.OVER_QUOTA: experiment.over_quota_code,
    }[outcome]
    template = experiment.end_address
    if outcome is not SessionOutcome.COMPLETED and not (code and "[CODE]" in template):
        template = ""
    return Completion(outcome, fill_in(template, {**params, "CODE": code}), code)


def fill_in(template: str, values: Mapping[str, str]) -> str:
    """Return an address with each `[NAME]` replaced by its value, percent-encoded; an unknown name becomes empty."""
    return _PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), template)
