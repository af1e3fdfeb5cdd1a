"""Starting and finishing sessions: once each, refused with a reason, and never without what the participant is owed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from minno_dashboard.collection import services
from minno_dashboard.collection.completion import SessionOutcome, fill_in
from minno_dashboard.collection.models import ClientError, PersonalLink, Session
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound
from minno_dashboard.studies.models import Experiment, Study, Version
from tests.collection.conftest import launched, make_experiment, with_conditions


def test_a_session_starts_once_however_often_its_page_says_so(experiment: Experiment) -> None:
    token = launched(experiment, params={"PROLIFIC_PID": "007"})
    first = services.start_session(token=token, user_agent="Firefox")
    again = services.start_session(token=token, user_agent="Firefox")
    assert (first.pk, again.pk, Session.objects.count()) == (token.session_id, token.session_id, 1)
    assert first.params == {"PROLIFIC_PID": "007"}
    assert first.user_agent == ""
    assert first.version_state == Version.State.DEVELOP
    experiment.refresh_from_db()
    assert experiment.taken == 1


def test_the_browser_is_stored_only_where_the_experiment_asks(study: Study) -> None:
    asking = make_experiment(study, stores_user_agent=True)
    assert services.start_session(token=launched(asking), user_agent="F" * 999).user_agent == "F" * 400


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda experiment: setattr(experiment, "closed_at", clock.now()), "closed"),
        (
            lambda experiment: setattr(experiment, "opens_at", clock.now() + timedelta(hours=1)),
            "not_open_yet",
        ),
        (lambda experiment: setattr(experiment, "closes_at", clock.now() - timedelta(hours=1)), "over"),
        (lambda experiment: setattr(experiment, "session_limit", 0), "full"),
        (lambda experiment: setattr(experiment, "needs_personal_link", True), "link_needed"),
        (lambda experiment: Study.objects.update(archived_at=clock.now()), "gone"),
        (lambda experiment: Study.objects.update(deleted_at=clock.now()), "gone"),
        (lambda experiment: Version.objects.update(is_active=False), "inactive"),
    ],
)
def test_an_experiment_that_is_not_open_starts_no_session(
    experiment: Experiment, change: object, reason: str
) -> None:
    token = launched(experiment)
    change(experiment)  # type: ignore[operator]
    experiment.save()
    with pytest.raises(services.StartRefused) as refused:
        services.start_session(token=token)
    assert refused.value.reason == reason
    assert not Session.objects.exists()


def test_who_started_before_the_experiment_closed_goes_on(experiment: Experiment) -> None:
    token = launched(experiment)
    services.start_session(token=token)
    Experiment.objects.update(closed_at=clock.now())
    services.start_session(token=token)
    assert services.finish_session(token=token).outcome == SessionOutcome.COMPLETED


def test_a_test_page_has_no_session(experiment: Experiment) -> None:
    token = launched(experiment, session_id=-1)
    with pytest.raises(NotFound):
        services.start_session(token=token)
    assert not services.record_client_error(token=token, kind="script", message="x")
    assert not Session.objects.exists()
    assert not ClientError.objects.exists()


def test_a_personal_link_starts_one_session(experiment: Experiment) -> None:
    link = PersonalLink.objects.create(experiment=experiment, label="P1", created_at=clock.now())
    services.start_session(token=launched(experiment, link=link.pk))
    with pytest.raises(services.StartRefused) as refused:
        services.start_session(token=launched(experiment, link=link.pk))
    assert refused.value.reason == "link_used"
    link.delete()
    with pytest.raises(services.StartRefused) as refused:
        services.start_session(token=launched(experiment, link=10**9))
    assert refused.value.reason == "link_unknown"


def test_a_known_participant_is_not_taken_twice_where_that_is_blocked(study: Study) -> None:
    experiment = make_experiment(study, after_reload="block")
    services.start_session(token=launched(experiment, participant_key="one"))
    services.start_session(token=launched(experiment, participant_key="two"))
    with pytest.raises(services.StartRefused) as refused:
        services.start_session(token=launched(experiment, participant_key="one"))
    assert refused.value.reason == "already_started"


def test_the_end_is_the_same_however_often_it_is_asked_for(study: Study) -> None:
    experiment = make_experiment(
        study,
        end_address="https://panel.example/done?cc=[CODE]&who=[PROLIFIC_PID]&no=[missing]",
        completion_code="C 1",
        screened_out_code="S1",
    )
    token = launched(experiment, params={"PROLIFIC_PID": "a&b"})
    first = services.finish_session(token=token)
    again = services.finish_session(token=token, outcome=SessionOutcome.SCREENED_OUT)
    assert first == again
    assert first.redirect == "https://panel.example/done?cc=C%201&who=a%26b&no="
    session = Session.objects.get()
    assert (session.state, session.place) == ("finished", "kept")
    assert session.finished_at is not None


def test_who_is_screened_out_gets_that_code_and_takes_no_place(study: Study) -> None:
    experiment = make_experiment(
        study, end_address="https://panel.example/?cc=[CODE]", completion_code="C1", screened_out_code="S1"
    )
    end = services.finish_session(token=launched(experiment), outcome=SessionOutcome.SCREENED_OUT)
    assert (end.redirect, end.code) == ("https://panel.example/?cc=S1", "S1")
    experiment.refresh_from_db()
    assert experiment.taken == 0


def test_without_a_code_of_its_own_nobody_over_quota_is_sent_to_the_completion_page(study: Study) -> None:
    experiment = make_experiment(
        study, end_address="https://panel.example/?cc=[CODE]", completion_code="C1", session_limit=0
    )
    with pytest.raises(services.StartRefused) as refused:
        services.start_session(token=launched(experiment))
    assert refused.value.completion is not None
    assert (refused.value.completion.redirect, refused.value.completion.code) == ("", "")


def test_a_session_whose_rows_are_late_is_flagged_until_they_came(experiment: Experiment) -> None:
    token = launched(experiment)
    services.finish_session(token=token, data_pending=True)
    assert Session.objects.get().data_pending
    services.finish_session(token=token)
    assert not Session.objects.get().data_pending


def test_a_participant_who_leaves_frees_the_place(study: Study) -> None:
    experiment = make_experiment(study, session_limit=1, place_minutes=30)
    with_conditions(experiment, "a", quota=1)
    gone = launched(experiment)
    services.start_session(token=gone)
    with pytest.raises(services.StartRefused):
        services.start_session(token=launched(experiment))
    Session.objects.update(last_post_at=clock.now() - timedelta(minutes=31))
    services.start_session(token=launched(experiment))
    experiment.refresh_from_db()
    assert (experiment.taken, experiment.conditions.get().taken) == (1, 1)
    services.finish_session(token=gone)  # came back after all: the data are there, so they are counted
    experiment.refresh_from_db()
    assert (experiment.taken, experiment.conditions.get().taken) == (2, 2)


def test_an_address_is_filled_in_without_opening_it_to_more() -> None:
    filled = fill_in("https://a.example/[x]?q=[y]#[CODE]", {"x": "../b", "y": "1&z=2", "CODE": "[x]"})
    assert filled == "https://a.example/..%2Fb?q=1%26z%3D2#%5Bx%5D"
