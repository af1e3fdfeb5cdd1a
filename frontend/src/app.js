// What every page has: htmx, menus, confirm dialogs, copy fields, relative times, toasts.
import "bootstrap/js/dist/alert.js";
import "bootstrap/js/dist/collapse.js";
import "bootstrap/js/dist/dropdown.js";
import htmx from "htmx.org";
import "./shell/confirm.js";
import "./shell/copy.js";
import "./shell/dialogs.js";
import "./shell/forms.js";
import "./shell/logout.js";
import "./shell/passkeys.js";
import "./shell/times.js";
import { isLoggedOut } from "./shell/unknown.js";
import { csrf, renderedFor } from "./shell/api.js";
import { toast } from "./shell/toast.js";
import { gettext } from "./shell/texts.js";

// Error answers are JSON with a sentence; they are shown, never swapped into the page.
htmx.config.noSwap.push("4xx", "5xx");

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = csrf();
  event.detail.ctx.request.headers["X-Rendered-For"] = renderedFor();
});
// What looks again by itself (data-quiet) says nothing when that fails; it looks again.
const isQuiet = (event) => Boolean(event.target.closest?.("[data-quiet]"));

// Who is logged out will be for long: what looks again by itself stops, and shows what it showed last.
function stopLooking(element) {
  const still = element.cloneNode(true);
  for (const name of element.getAttributeNames()) if (name.startsWith("hx-")) still.removeAttribute(name);
  element.replaceWith(still);
}

document.addEventListener("htmx:response:error", async (event) => {
  if (isQuiet(event)) {
    if (event.detail.ctx.response.status === 401) {
      stopLooking(event.target.closest("[data-quiet]"));
      isLoggedOut();
    }
    return;
  }
  let sentence = "";
  try {
    sentence = JSON.parse(event.detail.ctx.text).error;
  } catch {
    // The answer came from something in between (a proxy), not from the Dashboard.
  }
  if (event.detail.ctx.response.status === 401) sentence = gettext("You are logged out. Log in again to continue.");
  toast(sentence || gettext("The Dashboard could not do this. Reload the page and try again."), { kind: "error" });
});
document.addEventListener("htmx:error", (event) => {
  if (isQuiet(event)) return;
  toast(gettext("The Dashboard cannot be reached. Nothing was changed."), { kind: "error" });
});
