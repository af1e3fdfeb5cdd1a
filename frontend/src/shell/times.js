// Keeps relative times true while a page stays open, and shows the exact time in the reader's own zone.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

export function ago(moment, now = Date.now()) {
  const seconds = Math.floor((now - moment) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  if (days > 30) return new Date(moment).toISOString().slice(0, 10);
  return days === 1 ? "yesterday" : `${days} days ago`;
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
