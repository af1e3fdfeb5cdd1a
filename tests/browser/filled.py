"""A site with everything that a page can show: what the tests look at, and what the manual's pictures show."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.browser.site import Site

NAME = "Faces and memory — פנים וזיכרון"
TASK = """// Faces, shown twice — פרצופים, כל אחד פעמיים
const trials = 40;
const pause = 500; // milliseconds

async function start() {
  const faces = await (await fetch("stimuli/faces.json")).json();
  for (const face of shuffle([...faces, ...faces]).slice(0, trials)) {
    await show(face, pause);
  }
  await minno.log(answers);
}
"""
FILES = {
    "index.html": "<!doctype html>\n<title>Faces and memory</title>\n<!-- os:base --><!-- os:vars -->\n<h1>Who was new?</h1>\n"
    '<p>You will see forty faces. Press <kbd>N</kbd> when one is new.</p>\n<script src="task.js"></script>\n',
    "task.js": TASK,
    "README.md": "# Faces and memory\n\nPreregistered in November.\n",
    "images/פרצוף 😀.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "stimuli/faces.json": '["anna", "boaz", "chen"]\n',
    "stimuli/sets/first/names.json": '{"anna": 1}\n',
}
OTHERS = (
    "Stroop in Hebrew",
    "Flanker with arrows",
    "Mood diary",
    "Names and faces, pilot",
    "Left or right, twins",
    "Reading at night",
    "Trust game",
    "Colours and words",
    "Sleep and attention",
    "Short form, first wave",
    "Waiting times",
    "מטלת זיכרון",
)
TAGS = (
    *("Pilot", "Thesis", "Ethics approved", "לתזה", "With Noa", "Preregistered", "Running", "Done"),
    *("Needs a look", "Course", "2025", "2026", "Hebrew", "English", "Online", "In the lab"),
    *("Faces", "Words", "Attention", "Memory", "Grant", "Follow-up", "Twins", "Waiting for data"),
)
# A study with all that a study can have, and people for it; prints what the addresses of pages name.
_FILL = """
import datetime
import json
import pyotp
from minno_dashboard.collection import conditions, personal_links
from minno_dashboard.collection.models import ClientError, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.results import data_requests, deleting, erasing
from minno_dashboard.results.exporting import Format
from minno_dashboard.accounts import second_factor, services as accounts
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.studies import experiments, link_invitations, services, sharing, tags
from minno_dashboard.studies.models import Study

name, task, *labels = sys.argv[1:]
user = {one.username: one for one in User.objects.all()}
study = Study.objects.get(owner=user["dana"], name=name)
services.describe_study(study=study, description="Do faces matter? — האם פנים חשובות?", by=user["dana"])
services.publish(study=study, by=user["dana"], note="As preregistered")
new = services.new_version(study=study, by=user["dana"])
files.write_file(
    tree=new.tree, by=user["dana"], path="task.js", source=task.encode(), expected_blob=files.ANYTHING
)
share = sharing.invite(study=study, who="tamar-member", file_access="edit", sees_data=True, by=user["dana"])
sharing.answer(share=share, accept=True, by=user["tamar-member"])
sharing.invite(study=study, who="noa", file_access="read", sees_data=False, by=user["dana"])
for number, (colour, label) in enumerate(zip(tags.PALETTE, labels, strict=True)):
    tag = tags.create_tag(user=user["dana"], text=label, colour=colour.code)
    if number % 4 == 0:
        tag.studies.add(study)
link_invitations.invite(
    study=study, email="orly@elsewhere.example", file_access="read", sees_data=False, by=user["dana"]
)
(offered,) = link_invitations.waiting(study)
factor = second_factor.begin(user=user["tamar"])
second_factor.confirm(user=user["tamar"], code=pyotp.TOTP(factor.secret).now())
invited = accounts.create_user(by=user["ada"], username="invited", email="invited@lab.example", full_name="מוזמנת")
newest = study.versions.order_by("-number")[0]
experiment = experiments.add_experiment(
    study=study, version=newest, node=newest.tree.nodes.get(name="task.js", deleted_at=None), by=user["dana"]
)
conditions.set_conditions(
    experiment=experiment, by=user["dana"],
    chosen=[conditions.ChosenCondition("upright", 2, 40), conditions.ChosenCondition("הפוך")],
)
personal_links.make_links(
    experiment=experiment, by=user["dana"], is_resumable=True,
    recipients=[personal_links.Recipient("P1"), personal_links.Recipient("נבדקת 2")],
)
now = clock.now()
for is_test in (False, True):
    Session.objects.create(
        experiment=experiment, version=newest, version_state="develop", started_at=now, last_post_at=now, is_test=is_test)
    made = deleting.delete_data(
        study=study, criteria={}, before=clock.now(), typed_name=study.name, by=user["dana"])
deleting.undo(deletion=made, by=user["dana"])
personal_links.make_links(
    experiment=experiment, by=user["dana"], is_resumable=False, recipients=[personal_links.Recipient("P9")])
erasing.erase_participant(
    study=study, who=erasing.Who("label", "P9"), size=1, typed_name=study.name, by=user["dana"])
for number, (state, body) in enumerate([
    ("finished", '{"data": [{"log_serial": 1, "name": "פנים", "latency": 512, "data": {"score": 0}, "taskName": "faces"}]}'),
    ("started", '{"data": ['),
    ("finished", '{"data": [{"name": "age", "serial": 0, "response": "30", "submitLatency": 900, "taskName": "form"}]}'),
]):
    at = now - datetime.timedelta(days=number, hours=1)
    session = Session.objects.create(
        experiment=experiment, version=newest, version_state="develop", state=state, started_at=at, last_post_at=at,
        params={"PROLIFIC_PID": f"5f{number}"}, participant_key=f"5f{number}", submission_count=1, is_test=number == 2)
    Submission.objects.create(session=session, sequence=1, received_at=at, size=len(body), body=body, task="faces")
    ClientError.objects.create(experiment=experiment, version=newest, session_id=session.pk, at=at, kind="script",
        message="faces is not defined", file="task.js", line=4)
for file_format in (Format.TIDY, Format.EXCEL):
    data_requests.request_data(study=study, file_format=file_format, split_by="", criteria={}, by=user["dana"])
print(json.dumps({
    "session": session.pk,
    "dana": user["dana"].pk,
    "experiment": experiment.public_id,
    "noa": user["noa"].pk,
    "link": sharing.make_link(study=study, by=user["dana"]),
    "invitation": offered.link.rstrip("/").rpartition("/")[2],
    "activation": accounts.invite(by=user["ada"], user=invited),
}))
"""


def fill(site: Site) -> Mapping[str, str]:
    """Fill a site that has dana, noa and ada; return what the addresses of its pages name."""
    site.add_users(("tamar", "Tamar Gil", "researcher"), ("tamar-member", "Tamar Member", "researcher"))
    site.session("tamar")  # before her login asks for a second step
    for name in reversed(OTHERS):
        site.make_study("dana", name)
    study = site.make_study("dana", NAME, FILES)
    return {"study": study, **json.loads(site.python(_FILL, NAME, TASK.replace("= 40", "= 60"), *TAGS))}
