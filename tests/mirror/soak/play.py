"""Playing a story: deeds, work with what happens during it, and the end in which everything must come right."""

from __future__ import annotations

import json
import logging
import random
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import requests
from django.db import connection

from dropbox_simulator.faults import Effect, FaultRule
from minno_dashboard.accounts.models import User
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.connecting.installation import QUESTIONS
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.running.due_links import LEASE_SECONDS, DueMirrors
from tests.mirror.soak.dropbox_edits import Meddler
from tests.mirror.soak.fault_injection import effect
from tests.mirror.soak.invariants import Judge, Violation
from tests.mirror.soak.stage import NAMES, Killed, SoakInstallation, SoakStage, email
from tests.mirror.soak.story import Beat, Story
from tests.mirror.soak.user_actions import People

MAX_RUNS = 60
"""So many runs in a row without a wait are a mirror that never ends."""
MAX_CALLS_TO_HEAL = 400
MAX_CALLS = 3000
"""A story that needs more goes round in a circle."""
MAX_DAYS_TO_HEAL = 4
MAX_WAITS = 150


@dataclass
class StoryOutcome:
    """How a story ended: `failure` "" where all is well."""

    seed: int
    failure: str = ""
    calls: int = 0
    happened: int = 0
    log: list[str] = field(default_factory=list)


def play(story: Story, installation: SoakInstallation) -> StoryOutcome:
    """Play a story to its end."""
    with installation.fresh():
        play = _Play(story)
        with play.stage.set_up(story):
            return play.play()


class _Play:
    """The playing of one story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.stage = SoakStage(story)
        users = list(User.objects.filter(username__in=NAMES[: story.users]).order_by("pk"))
        self.people = People(self.stage, users)
        self.judge = Judge(self.stage, self.people, is_calm=story.is_calm, is_economical=story.is_economical)
        self.outcome = StoryOutcome(story.seed)
        self.meddler = Meddler(self.people)
        self._at_call: dict[int, list[Beat]] = {}
        self._at_statement: set[int] = set()
        self._calls = 0
        self._is_nested = False
        self._is_quiet = False
        self._sent = self._committed = self._excused = 0

    def say(self, text: str) -> None:
        """Keep a line of the protocol."""
        self.outcome.log.append(f"{self.stage.now():%d %H:%M:%S.%f} {text}")

    def play(self) -> StoryOutcome:
        """Play, and say how it ended."""
        logger = logging.getLogger("minno_dashboard.mirror")
        kept = logger.level, logger.propagate
        logger.addHandler(self.judge.listener)
        logger.setLevel(logging.ERROR)  # however quiet the process is
        logger.propagate = False
        self.stage.on_call, self.stage.on_statement = self._on_call, self._on_statement
        try:
            self._begin()
            for chapter in range(self.story.chapters):
                self._chapter(chapter)
            self._heal()
            self.judge.in_the_end()
            if self._outstanding() > 0:
                raise Violation(f"{self._outstanding()} bytes were sent for nothing")
        except Violation as violation:
            self.outcome.failure = f"{type(violation).__name__}: {violation}"
        except (Exception, Killed) as error:  # noqa: BLE001 - whatever escapes is what the story found
            self.outcome.failure = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        finally:
            logger.removeHandler(self.judge.listener)
            logger.setLevel(kept[0])
            logger.propagate = kept[1]
            self.outcome.calls = len(self.stage.simulator.recorder.records)
        return self.outcome

    # --- the chapters ---

    def _begin(self) -> None:
        self._is_quiet = True
        for user in self.people.users:
            self.people.in_dashboard("create_study", self.story.seed)
            link = self.people.connect(user)
            keep = self.stage.rng.random() < 0.6
            Link.objects.filter(pk=link.pk).update(keep_deleted=keep)
            self.say(f"{user.username} is connected, keep_deleted={keep}")

    def _chapter(self, chapter: int) -> None:
        beats = [beat for beat in self.story.beats if beat.chapter == chapter]
        for beat in sorted(one for one in beats if one.at < 0):
            self._deed(beat)
        self._look()
        self._at_call = defaultdict(list)
        for beat in sorted(one for one in beats if one.at >= 0):
            if beat.kind == "kill_statement":
                self._at_statement.add(self.stage.statements + beat.at)
            else:
                self._at_call[beat.at].append(beat)
        self._calls, self._is_quiet = 0, False
        for _ in range(1 + self.story.patience):
            self._work()
            self._is_quiet = True
            moment = self._next_moment()
            if moment is None:
                break
            self.stage.until(moment)
            self._is_quiet = False
        self._at_call, self._at_statement, self._is_quiet = {}, set(), True

    def _deed(self, beat: Beat) -> None:
        self.outcome.happened += 1
        deed: Callable[[str, int], str]
        deed = self.people.in_dropbox if beat.kind == "dropbox" else self.people.in_dashboard
        records = self.stage.simulator.recorder.records
        before = len(records)
        self.say(f"{beat}: {deed(beat.name, beat.seed)}")
        self.judge.by_hand.update(one.number for one in records[before:])

    def _work(self, owner: str = "soak:1") -> None:
        """Let the worker work until nothing is due; where it dies, another process goes on."""
        for _ in range(MAX_RUNS):
            try:
                work = DueMirrors().claim_next(owner)
                if work is None:
                    return
                work()
            except Killed:
                self.stage.is_dead = False
                self.say("the worker died")
            self._look()
        raise Violation(f"still something due after {MAX_RUNS} runs in a row")

    def _look(self) -> None:
        """Let the judge look; what the judge asks of the database is nothing that the worker does."""
        was_quiet, self._is_quiet = self._is_quiet, True
        self.judge.at_every_moment()
        self._is_quiet = was_quiet

    def _next_moment(self) -> datetime | None:
        """Return when something of the waiting links happens next."""
        moments = []
        for link in Link.objects.exclude(state=Link.State.OFF):
            waits = [link.lease_until, link.not_before]
            is_working = link.state == Link.State.ACTIVE or link.reason == backoff.FULL
            waits += [link.next_proof_at] if is_working else [link.probe_at]
            moments += [one for one in waits if one is not None and one > self.stage.now()]
        return min(moments, default=None)

    # --- what happens during the work ---

    def _on_statement(self, number: int) -> None:
        if number in self._at_statement and not self._is_quiet and not self._is_nested:
            self.say(f"killed at statement {number}")
            self.outcome.happened += 1
            self._excuse()
            self._forget_what_was_not_noted()
            self.stage.die()

    def _forget_what_was_not_noted(self) -> None:
        """Expect nobody to keep to a Retry-After that died with the process, before it was written down."""
        was_quiet, self._is_quiet = self._is_quiet, True
        if not Link.objects.filter(not_before__gt=self.stage.now()).exists():
            for record in self.stage.simulator.recorder.records[-1:]:
                record.retry_after = None
        self._is_quiet = was_quiet

    def _on_call(
        self, request: requests.PreparedRequest, call: Callable[[], requests.Response]
    ) -> requests.Response:
        if connection.in_atomic_block:
            raise Violation(f"a call inside a transaction: {request.url}")
        if len(self.stage.simulator.recorder.records) > MAX_CALLS:
            raise Violation(f"no end after {MAX_CALLS} calls")
        beats: list[Beat] = []
        if not self._is_nested and not self._is_quiet:
            beats = self._at_call.get(self._calls, [])
            self._calls += 1
        if not self._is_nested and not self._is_quiet:
            self._look()
        for beat in beats:
            self._before(beat, request)
        self.meddler.note(request)
        is_done = False
        try:
            response = call()
            is_done = True
            self._count(request, response)
        finally:
            self.stage.simulator.faults.clear()
            if beats or not is_done:
                self._sent += 0 if is_done else _body_size(request)
                self._excuse()
            self.say(f"{_route(request)} {response.status_code if is_done else 'broke'}")
        if any(beat.kind in ("kill_after", "pause_after") for beat in beats):
            self.stage.simulator.recorder.records[-1].retry_after = None  # nobody is left who heard it
        for beat in beats:
            self._after(beat)
        return response

    def _before(self, beat: Beat, request: requests.PreparedRequest) -> None:
        if beat.kind == "fault":
            found = effect(beat.name, _route(request), random.Random(beat.seed))
            if found is not None:
                self.say(f"{beat} hits {_route(request)}")
                self.outcome.happened += 1
                self.stage.simulator.faults.add(FaultRule(found, times=1, name=beat.name))
        elif beat.kind == "meddle":
            self.say(f"{beat}: {self.meddler.meddle(beat.name, beat.seed, request)}")
            self.outcome.happened += 1
            self._excuse()
        elif beat.kind == "kill_before":
            self.say(str(beat))
            self.outcome.happened += 1
            self._excuse()
            self.stage.die()
        elif beat.kind == "pause_before":
            self._pause()
            self.stage.simulator.faults.add(FaultRule(Effect(), times=1, name="late"))

    def _after(self, beat: Beat) -> None:
        if beat.kind == "kill_after":
            self.say(str(beat))
            self.outcome.happened += 1
            self.stage.die()
        elif beat.kind == "pause_after":
            self._pause()
        elif beat.kind in ("dropbox", "dashboard"):
            self._is_nested = True
            try:
                self._deed(beat)
                self._look()
            finally:
                self._is_nested = False
            self._excuse()

    def _pause(self) -> None:
        """Stop the process past its lease, while another one works."""
        self.say("the worker is paused past its lease")
        self.outcome.happened += 1
        self.stage.advance(LEASE_SECONDS + 1)
        self._is_nested = True
        try:
            self._work("soak:2")
        finally:
            self._is_nested = False
        self.say("the paused worker goes on")

    # --- bytes ---

    def _count(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        route = _route(request)
        if route == "files/upload" or "upload_session/start" in route or "upload_session/append" in route:
            self._sent += _body_size(request) if "start_batch" not in route else 0
        if response.status_code != 200:
            self._excuse()
        elif route == "files/upload":
            self._committed += _body_size(request)
        elif route.endswith(("finish_batch_v2", "append_batch")):
            self._count_entries(response)

    def _count_entries(self, response: requests.Response) -> None:
        try:
            entries = json.loads(response.content)["entries"]
        except (ValueError, KeyError, requests.RequestException):
            return
        if any(one[".tag"] == "failure" for one in entries):
            self._excuse()
        self._committed += sum(one.get("size", 0) for one in entries)

    def _outstanding(self) -> int:
        return self._sent - self._committed - self._excused

    def _excuse(self) -> None:
        """Whatever was sent and not committed by now may have to be sent again."""
        self._excused += max(0, self._outstanding())

    # --- the end ---

    def _heal(self) -> None:
        """Take every cause of trouble away; then all must come right, soon and by few calls."""
        self.say("the faults stop")
        self.stage.control.clear_faults()  # one may wait for a call before which the worker was killed
        for user in self.people.users:
            self.stage.control.set_quota(email(user.username), 10**9)
            self.stage.control.suspend(email(user.username), suspended=False)
        self._excuse()
        began, calls = self.stage.now(), len(self.stage.simulator.recorder.records)
        refusals = {user.username: self.stage.rng.random() < 0.3 for user in self.people.users}
        for _ in range(MAX_WAITS):
            self._work()
            if not self._help(refusals) and self._is_proven_since(began):
                break
            moment = self._next_moment()
            if moment is not None:
                self.stage.until(moment)
        else:
            raise Violation(f"not proven after {MAX_WAITS} waits: {self._standing()}")
        if (self.stage.now() - began).days > MAX_DAYS_TO_HEAL:
            raise Violation(f"healed only after {self.stage.now() - began}")
        needed = len(self.stage.simulator.recorder.records) - calls
        if needed > MAX_CALLS_TO_HEAL:
            raise Violation(f"{needed} calls were needed to heal")

    def _help(self, refusals: dict[str, bool]) -> bool:
        """Do what only people can; answer whether anything was done."""
        helped = False
        for user in self.people.users:
            link = Link.objects.get(user=user)
            if link.state == Link.State.OFF or link.reason == "reconnect":
                self.say(f"{user.username} connects again")
                self.people.connect(user)
                helped = True
            elif link.reason in QUESTIONS:
                self.say(f"{user.username} says that this Dashboard is to write: {link.reason}")
                services.confirm_removal(user=user, accept=True)
                helped = True
            elif link.state == Link.State.NEEDS_USER and link.removal_question:
                before = self.judge.there(user)
                if refusals.pop(user.username, False):
                    services.confirm_removal(user=user, accept=False)
                    self._work()
                    if self.judge.there(user) != before:
                        raise Violation("something was changed although the user had said no")
                self.say(f"{user.username} says yes to {link.removal_question}")
                services.confirm_removal(user=user, accept=True)
                helped = True
        return helped

    def _is_proven_since(self, moment: datetime) -> bool:
        links = Link.objects.filter(user__in=self.people.users)
        return all(
            one.proven_at is not None and one.proven_at > moment and one.state == Link.State.ACTIVE
            for one in links
        )

    def _standing(self) -> list[tuple[object, ...]]:
        return [
            (one.state, one.reason, one.last_error, one.failures, one.not_before, list(one.parked.values()))
            for one in Link.objects.all()
        ]


def _route(request: requests.PreparedRequest) -> str:
    path = (request.path_url or "").partition("?")[0]
    return path.removeprefix("/2/").strip("/")


def _body_size(request: requests.PreparedRequest) -> int:
    return len(request.body or b"")
