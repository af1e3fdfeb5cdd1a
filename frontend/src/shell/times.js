// Keeps relative times true while a page stays open, and shows the exact time in the reader's own zone.
import { gettext, ngettext } from "./texts.js";

const language = document.documentElement.lang || "en";
const isEnglish = language === "en";
// Digits as in every other number of a page: 0 to 9, which not every language's own calendar has.
const written = `${language}-u-nu-latn`;
const day = new Intl.DateTimeFormat(written, { dateStyle: "long", timeZone: "UTC" });
const exact = new Intl.DateTimeFormat(isEnglish ? undefined : written, { dateStyle: "long", timeStyle: "medium" });

export function ago(moment, now = Date.now()) {
  const seconds = Math.floor((now - moment) / 1000);
  if (seconds < 10) return gettext("just now");
  if (seconds < 60) return ngettext("%(count)s s ago", "%(count)s s ago", seconds);
  if (seconds < 3600) return ngettext("%(count)s min ago", "%(count)s min ago", Math.floor(seconds / 60));
  if (seconds < 86400) return ngettext("%(count)s h ago", "%(count)s h ago", Math.floor(seconds / 3600));
  const days = Math.floor(seconds / 86400);
  if (days > 30) return isEnglish ? new Date(moment).toISOString().slice(0, 10) : day.format(moment);
  return days === 1 ? gettext("yesterday") : ngettext("%(count)s day ago", "%(count)s days ago", days);
}

export function timeElement(iso) {
  const element = document.createElement("time");
  element.dateTime = iso;
  element.dataset.ago = "";
  refresh(element);
  return element;
}

function refresh(element) {
  const moment = Date.parse(element.dateTime);
  if (Number.isNaN(moment) || moment > Date.now() + 60_000) return;
  element.textContent = ago(moment);
  element.title = exact.format(moment);
}

function refreshAll() {
  document.querySelectorAll("time[data-ago]").forEach(refresh);
}

refreshAll();
setInterval(refreshAll, 20_000);
document.addEventListener("htmx:after:settle", refreshAll);
