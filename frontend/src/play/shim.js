// Runs first in a played page, in an origin of its own: gives the study its session and tells the study page what happens.
// What it tells is taken there as text only; nothing here is trusted.
import { withMinno } from "../launch/jspsych.js";

const given = JSON.parse(document.currentScript.dataset.minno);
const ONE_MESSAGE = 20_000; // characters; more of one message is cut

function tell(type, detail) {
  if (parent === window) return;
  parent.postMessage({ source: "minno-preview", type, ...detail }, "*");
}

function tellRows(rows) {
  const list = [].concat(rows);
  tell("rows", { count: list.length, text: JSON.stringify(list).slice(0, ONE_MESSAGE) });
}

addEventListener("error", (event) => {
  if (event.message) tell("error", { text: event.message, file: event.filename, line: event.lineno });
  else if (event.target?.src || event.target?.href) tell("missing", { text: event.target.getAttribute("src") ?? event.target.getAttribute("href") });
}, true);
addEventListener("unhandledrejection", (event) => tell("error", { text: String(event.reason?.message ?? event.reason), file: "", line: 0 }));

// The form of `minno.log` for pages: rows, then a callback if one is wanted; nothing of a preview is kept.
function log(rows, done) {
  tellRows(rows);
  if (typeof done === "function") setTimeout(done, 0);
  return Promise.resolve();
}

// In a preview a session neither starts nor ends; studies that wait for either go on.
const start = () => Promise.resolve({ condition: "" });
const finish = () => Promise.resolve({});

window.minno = { ...given, log, start, finish, ready: start(), condition: "", jsPsych: (options) => withMinno(options, { log, finish }) };
// What the MinnoJS player reads.
window.piGlobal = { $dataUrl: given.dataUrl, $meta: given.$meta, $postOnce: given.$postOnce };
window.DEBUG = true;

// What a player posts by itself is shown, too.
const { open, send } = XMLHttpRequest.prototype;
const toData = new WeakSet();
XMLHttpRequest.prototype.open = function (method, address, ...more) {
  if (String(address) === given.dataUrl) toData.add(this);
  return open.call(this, method, address, ...more);
};
XMLHttpRequest.prototype.send = function (body) {
  if (toData.has(this)) {
    try {
      tellRows(JSON.parse(body).data);
    } catch {
      tellRows(String(body));
    }
  }
  return send.call(this, body);
};
