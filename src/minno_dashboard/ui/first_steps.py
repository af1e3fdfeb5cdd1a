"""First steps: what a new person, or an admin of a new installation, does first; apps contribute their own steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpRequest


class Audience(StrEnum):
    """For whom a step is: everybody who begins, or the admins of a new installation."""

    PERSON = "person"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to do, and whether it is done; `address` and `link` lead to where it is done."""

    name: str
    title: str
    text: str
    is_done: bool
    address: str = ""
    link: str = ""


StepReader = Callable[[HttpRequest], FirstStep | None]
_readers: dict[Audience, dict[str, tuple[int, StepReader]]] = {one: {} for one in Audience}


def contribute(audience: Audience, *, name: str, order: int, read: StepReader) -> None:
    """Add a step; called once, from the contributing app's `AppConfig.ready`.

    `read` looks at the real state each time, and returns None where the step is not for this visitor.
    """
    _readers[audience][name] = (order, read)


def steps(audience: Audience, request: HttpRequest) -> list[FirstStep]:
    """Return the steps for this visitor, in order."""
    in_order = sorted(_readers[audience].values(), key=lambda one: one[0])
    return [step for _, read in in_order if (step := read(request))]
