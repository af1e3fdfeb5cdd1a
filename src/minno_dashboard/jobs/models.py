"""One-shot jobs and the schedule of periodic ones."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from minno_dashboard.jobs.lease import LeaseModel


class Job(LeaseModel):
    """One thing to do once; its handler may be run twice, so it must be safe to repeat."""

    kind = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    attempt = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(finished_at__isnull=True, parked_at__isnull=True),
                name="one_open_job_per_target",
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                condition=Q(finished_at__isnull=True, parked_at__isnull=True),
                name="open_jobs",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Periodic(LeaseModel):
    """When a periodic job is next due (`not_before`) and how its last run ended."""

    name = models.CharField(max_length=100, unique=True)
    last_error = models.TextField(blank=True, default="")
    last_finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
