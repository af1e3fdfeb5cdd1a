// Runs first in every launch page: gives the study its session, and keeps what it sends until the server has stored it.
import { Cellar } from "./cellar.js";
import { hideBar, hideCover, showBar, showCover, showTest } from "./notices.js";
import { inPieces, mayPass, Outbox, post, sleep, waitBefore } from "./outbox.js";
import { withMinno } from "./jspsych.js";

const given = JSON.parse(document.currentScript.dataset.minno);
const { dataUrl, texts, $meta, $postOnce } = given;
const SAVE_WITHIN = 120_000; // milliseconds that the end waits for rows before it says that they are late
const OFFLINE_AFTER = 2; // failed attempts in a row before the participant is told
const MOST_ERRORS = 20;
const HASH = "#minno=";

const cellar = new Cellar();
const outbox = new Outbox({ dataUrl, sequenceBase: given.sequenceBase, cellar });
let isLeaving = false, hasStarted = given.resumed, postedOnce = given.resumed, ending = null;

/* A page that is loaded again continues its session: the address keeps the token behind its hash. */
function resumeEarlier() {
  if (!given.keepsPlace || given.resumed || given.isTest || !location.hash.startsWith(HASH)) return false;
  const address = new URL(location.href);
  const token = address.hash.slice(HASH.length);
  if (token === given.token || address.searchParams.has("resume")) return false;
  address.hash = "";
  address.searchParams.set("resume", token);
  isLeaving = true;
  location.replace(address);
  return true;
}

function keepPlace() {
  if (!given.keepsPlace || given.isTest) return;
  const address = `${location.href.split("#")[0]}${HASH}${given.token}`;
  try {
    history.replaceState(history.state, "", address);
  } catch {
    location.replace(address); // another hash alone loads nothing
  }
}

function started() {
  if (hasStarted) return;
  hasStarted = true;
  keepPlace();
}

/* Sessions begin with the first post, or here where the study must know its condition before. */
let starting = null;
function start() {
  starting ??= (async () => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await post(`${dataUrl}/start`, "{}");
      if (answer.status >= 200 && answer.status < 300) {
        started();
        minno.condition = piGlobal.$condition = answer.content.condition ?? "";
        return { ...answer.content };
      }
      if (!mayPass(answer.status)) {
        refuse(answer.content);
        throw Object.assign(new Error(answer.content.sentence), { content: answer.content });
      }
      if (attempt >= OFFLINE_AFTER) showBar(texts.offline);
      await sleep(waitBefore(attempt, answer.retryAfter));
    }
  })();
  return starting;
}

/* No session can begin: the study is covered with the reason. Other refusals leave the study as it is. */
function refuse(content) {
  if (!content.reason) return showBar(texts.refused);
  isLeaving = true;
  const { code = "", redirect = "" } = content.completion ?? {};
  showCover([content.sentence, code && texts.code.replace("%(code)s", "")], code);
  if (redirect) setTimeout(() => location.assign(redirect), 2000);
  return null;
}

outbox.addEventListener("refused", (event) => refuse(event.detail));
let wasOffline = false;
outbox.addEventListener("change", () => {
  if (ending) return;
  if (outbox.failures >= OFFLINE_AFTER) {
    wasOffline = true;
    showBar(texts.offline);
  } else if (wasOffline && outbox.isEmpty) {
    wasOffline = false;
    const bar = showBar(texts.saved, { good: true });
    setTimeout(() => bar.isConnected && !wasOffline && hideBar(), 4000);
  }
});

addEventListener("beforeunload", (event) => {
  if (!isLeaving && !outbox.isEmpty) event.preventDefault();
});

function postOnce() {
  if (postedOnce) return;
  postedOnce = true;
  outbox.add(JSON.stringify({ data: [$postOnce], ...$meta })).stored.then(started, () => {});
}

// Rows (or one), then a callback if one is wanted: it is called once the server has stored them.
function log(rows, done) {
  postOnce();
  const list = Array.isArray(rows) ? rows : [rows];
  const stored = Promise.all(inPieces(list, $meta).map((body) => outbox.add(body).stored)).then((answers) => {
    started();
    return answers;
  });
  stored.then(() => done?.(), (error) => done?.(error));
  return stored;
}

/* The end: everything is stored first; then the participant gets the code, or is led on. */
function finish({ outcome = "completed", redirect = "", stay = false } = {}) {
  ending ??= (async () => {
    hideBar();
    showCover([texts.saving]);
    await outbox.empty(SAVE_WITHIN);
    const isPending = !outbox.isEmpty || outbox.refused.length > 0;
    const end = await askForEnd({ outcome, dataPending: isPending });
    if (isPending) await cellar.markEnded(dataUrl);
    else isLeaving = true;
    if (stay) hideCover();
    else goOn(end, redirect, isPending);
    return end;
  })();
  return ending;
}

async function askForEnd(body) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await post(`${dataUrl}/finish`, JSON.stringify(body));
    if (!mayPass(answer.status)) return answer.content;
    // The server gives the code; the session's number proves to the researcher who was here.
    if (attempt >= 4) showCover([texts.receipt.replace("%(code)s", "")], String($meta.sessionId));
    await sleep(waitBefore(attempt, answer.retryAfter));
  }
}

function goOn(end, redirect, isPending) {
  if (end.reason) return refuse(end);
  const code = end.code ?? "";
  const said = isPending ? texts.end_pending : end.outcome === "screened_out" ? texts.screened_out : texts.end;
  const onward = redirect || end.redirect;
  const cover = showCover([said, code && texts.code.replace("%(code)s", "")], code);
  if (!onward) return null;
  // Where rows still wait, the participant says when to go: the page sends them for as long as it is open.
  if (isPending) cover.append(Object.assign(document.createElement("a"), { href: onward, textContent: texts.go_on }));
  else {
    isLeaving = true;
    setTimeout(() => location.assign(onward), 800);
  }
  return null;
}

/* Waits until everything is stored, however long that takes, and then leaves for another page of the study. */
async function leaveFor(address, state) {
  showCover([texts.saving]);
  for (let attempt = 0; ; attempt += 1) {
    await outbox.empty(SAVE_WITHIN);
    const answer = outbox.isEmpty ? await post(`${dataUrl}/state`, JSON.stringify(state)) : { status: 0 };
    if (answer.status && !mayPass(answer.status)) break;
    await sleep(waitBefore(attempt, answer.retryAfter));
  }
  isLeaving = true;
  location.assign(address);
}

/* What the player posts by itself goes through the same care: numbered, and sent again if it does not arrive. */
const { open, send, setRequestHeader } = XMLHttpRequest.prototype;
const toData = new WeakSet();
XMLHttpRequest.prototype.open = function (method, address, ...more) {
  toData.delete(this);
  const isWrite = ["PUT", "POST"].includes(String(method).toUpperCase());
  if (isWrite && new URL(String(address), document.baseURI).href === new URL(dataUrl, location.href).href) toData.add(this);
  return open.call(this, method, address, ...more);
};
XMLHttpRequest.prototype.send = function (body) {
  if (toData.has(this)) {
    postedOnce = true; // a player posts it itself
    const item = outbox.add(String(body ?? ""), { own: true });
    item.stored.then(started, () => {});
    setRequestHeader.call(this, "X-Minno-Sequence", String(item.sequence));
    this.addEventListener("loadend", () => {
      let content = {};
      try {
        content = JSON.parse(this.responseText);
      } catch { /* no answer, or none of ours */ }
      outbox.answered(item, { status: this.status, content });
      if (mayPass(this.status)) outbox.run();
    });
  }
  return send.call(this, body);
};

/* Errors of the study, with file and line; stimuli that are not there. */
let errors = 0;
function report(error) {
  if ((errors += 1) > MOST_ERRORS || given.isTest) return;
  const body = JSON.stringify({ ...error, message: String(error.message).slice(0, 1000), file: String(error.file ?? "").slice(0, 500) });
  post(`${dataUrl}/error`, body);
}
addEventListener("error", (event) => {
  if (event.message) report({ kind: "script", message: event.message, file: event.filename, line: event.lineno, column: event.colno });
  else if (event.target?.src || event.target?.href) report({ kind: "missing", message: event.target.getAttribute("src") ?? event.target.getAttribute("href"), file: event.target.src || event.target.href });
}, true);
addEventListener("unhandledrejection", (event) => report({ kind: "script", message: event.reason?.message ?? String(event.reason) }));

const minno = {
  dataUrl, $meta, $postOnce, sessionId: $meta.sessionId, condition: given.condition, resumed: given.resumed, isTest: given.isTest,
  log, start, finish, jsPsych: (options) => withMinno(options, { log, finish }),
};
const piGlobal = { $dataUrl: dataUrl, $meta, $postOnce, $condition: given.condition };
window.minno = minno;
window.piGlobal = piGlobal; // what the MinnoJS player reads
if (given.debug) window.DEBUG = true;
if (given.jatos) Object.defineProperty(window, "minnoJatos", { value: { ...given.jatos, token: given.token, texts, outbox, leaveFor, postOnce } });

if (!resumeEarlier()) {
  if (given.resumed) keepPlace();
  const begin = () => {
    if (given.isTest) showTest(texts.test, texts.close);
    cellar.sendOlder(dataUrl);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
  // A page that is only made ready in advance, or opened in the background, starts nothing until somebody sees it.
  if (given.hasConditions && !given.resumed) {
    minno.ready = new Promise((done) => {
      const once = () => document.visibilityState === "visible" && done();
      once();
      document.addEventListener("visibilitychange", once);
    }).then(start);
    minno.ready.catch(() => {});
  } else minno.ready = Promise.resolve({ condition: given.condition });
}
