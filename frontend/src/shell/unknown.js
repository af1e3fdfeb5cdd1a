// Where the Dashboard does not answer for a while, or the person is logged out, the page cannot know how the Dropbox
// stands: its badges turn grey and say so, until an answer comes.
import { gettext } from "./texts.js";

const PATIENCE = 15_000; // milliseconds
const LOOK_EVERY = 1000;
const BADGES = "#mirror-bar, #mirror-study";
const clock = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { timeStyle: "short" });
const isAboutBadge = (event) => Boolean(event.target.closest?.("[data-quiet]"));
let asked = null; // when the first question was sent that has no answer yet
const known = new Map(); // what each badge showed before

function show(short, full) {
  for (const badge of document.querySelectorAll(BADGES)) {
    if (known.has(badge)) continue;
    known.set(badge, { html: badge.innerHTML, title: badge.title, state: badge.dataset.state });
    badge.dataset.state = "unknown";
    badge.title = full;
    badge.querySelector(".dot").className = "dot dot-off";
    badge.lastElementChild.textContent = short;
  }
  document.documentElement.dataset.unknown = "";
}

function bringBack() {
  for (const [badge, { html, title, state }] of known) {
    badge.innerHTML = html;
    badge.title = title;
    badge.dataset.state = state;
  }
  known.clear();
  delete document.documentElement.dataset.unknown;
}

export function isLoggedOut() {
  show(gettext("Logged out"), gettext("You are logged out, so this page cannot know the state of your Dropbox. Log in again."));
}

document.addEventListener("htmx:config:request", (event) => {
  if (isAboutBadge(event)) asked ??= Date.now();
});
document.addEventListener("htmx:after:request", (event) => {
  const { status } = event.detail.ctx.response;
  if (!isAboutBadge(event) || status >= 400) return;
  asked = null;
  bringBack();
});
setInterval(() => {
  if (asked === null || Date.now() - asked < PATIENCE) return;
  const time = clock.format(asked);
  show(gettext("Unknown"), gettext("The Dashboard has not answered since %(time)s, so this page cannot know the state of your Dropbox.", { time }));
}, LOOK_EVERY);
