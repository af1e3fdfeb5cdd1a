// The `jatos` object that studies made for JATOS use, on top of a launch page's session. Written from its public
// documentation; calls about groups and batches that have no counterpart here are not there.
const { minno, minnoJatos: study } = window;
const components = study.components;
const here = components[study.position] ?? { title: "", address: location.href };
const STATE_IN_ADDRESS = 30_000; // characters
const MOST_FILE_BYTES = 5 * 1024 * 1024;
const isReady = new Promise((done) => {
  if (document.readyState === "complete") done();
  else addEventListener("load", () => done());
});

function passedOn() {
  const inAddress = new URLSearchParams(location.hash.slice(1)).get("jatos");
  try {
    return JSON.parse(inAddress ?? (study.studyState || "{}")) ?? {};
  } catch {
    return {};
  }
}

function rowsOf(data) {
  let value = data;
  if (typeof data === "string") {
    try {
      value = JSON.parse(data);
    } catch {
      return [{ result: data }];
    }
  }
  if (Array.isArray(value)) return value;
  return [value !== null && typeof value === "object" ? value : { result: value }];
}

function keep(data, how) {
  study.postOnce();
  const body = JSON.stringify({ data: rowsOf(data), taskName: here.title, taskNumber: study.position, jatos: how, ...minno.$meta });
  return study.outbox.add(body).stored;
}

// JATOS takes callbacks and gives promises.
function told(promise, success, failure) {
  promise.then((value) => success?.(value), (error) => failure?.(error?.message ?? String(error)));
  return promise;
}

async function startComponent(position, data) {
  const to = components[position];
  if (!to) throw new Error(`This study has no component ${position + 1}.`);
  if (data !== undefined && data !== null && typeof data !== "function") keep(data, "submit");
  const state = JSON.stringify(jatos.studySessionData ?? {});
  const query = `?minno=${encodeURIComponent(study.token)}&component=${position}`;
  const inAddress = state.length <= STATE_IN_ADDRESS ? `#${new URLSearchParams({ jatos: state })}` : "";
  await study.leaveFor(`${to.address}${query}${inAddress}`, { component: position, studyState: state });
}

// `endStudy(data, successful, message)` as well as the older `endStudy(successful, message)`.
function parts(first, rest) {
  const isData = first !== undefined && first !== null && !["boolean", "function"].includes(typeof first);
  const [successful, message] = isData ? rest : [first, ...rest];
  return { data: isData ? first : undefined, successful: successful !== false, message: typeof message === "string" ? message : "" };
}

async function end(first, rest, how) {
  const { data, successful, message } = parts(first, rest);
  if (data !== undefined) keep(data, "submit");
  if (message) keep([{ endMessage: message, successful }], "append");
  return minno.finish({ outcome: successful ? "completed" : "screened_out", ...how });
}

async function toText(file) {
  if (typeof file === "string") return { text: file };
  if (!(file instanceof Blob)) return { text: JSON.stringify(file) };
  if (file.size > MOST_FILE_BYTES) throw new Error("A file of more than 5 MB cannot be stored.");
  const address = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
  return { dataUrl: address };
}

const query = Object.fromEntries(Object.entries(minno.$postOnce).filter(([name]) => !["descriptiveId", "state", "sessionId", "studyId", "versionId"].includes(name)));

const jatos = {
  version: "3.9.0", studyResultId: minno.sessionId, studyCode: String(minno.sessionId), workerId: query.PROLIFIC_PID ?? String(minno.sessionId),
  workerType: "GeneralSingle", batchId: 1, urlQueryParameters: query, studySessionData: passedOn(),
  studyProperties: { title: study.title, uuid: study.uuid }, studyJsonInput: study.jsonInput ?? {}, studyInput: study.jsonInput ?? {},
  studyLength: components.length, componentId: study.position + 1, componentPos: study.position + 1, componentUuid: here.uuid,
  componentProperties: { title: here.title, uuid: here.uuid }, componentJsonInput: here.jsonInput ?? {}, componentInput: here.jsonInput ?? {},
  componentList: components.map((one, index) => ({ id: index + 1, title: one.title, uuid: one.uuid, active: true, reloadable: true })),
  componentResultId: `${minno.sessionId}-${study.position + 1}`, isFirstComponent: study.position === 0, isLastComponent: study.position === components.length - 1,

  onLoad(run) { return isReady.then(() => minno.ready).then(() => run()); },
  loaded: () => isReady.then(() => minno.ready),
  onError(run) { this.failed = run; },
  log(text) { return keep([{ log: String(text) }], "append"); },
  catchAndLogErrors() {}, // every error of the page is collected anyway

  submitResultData(data, success, failure) {
    if (typeof success !== "function" && success !== undefined) return startComponent(Number(success), data);
    return told(keep(data, "submit"), success, failure);
  },
  appendResultData: (data, success, failure) => told(keep(data, "append"), success, failure),
  async uploadResultFile(file, name, success, failure) {
    return told(toText(file).then((content) => keep([{ fileName: String(name), ...content }], "append")), success, failure);
  },
  setStudySessionData(data, success, failure) {
    this.studySessionData = data;
    return told(Promise.resolve(), success, failure);
  },
  addJatosIds(row) {
    return Object.assign(row, { studyResultId: this.studyResultId, componentPos: this.componentPos, componentTitle: here.title, workerId: this.workerId });
  },

  startComponent: (id, data) => startComponent(Number(id) - 1, data),
  startComponentByPos: (position, data) => startComponent(Number(position) - 1, data),
  startComponentByTitle: (title, data) => startComponent(components.findIndex((one) => one.title === title), data),
  startNextComponent: (data) => startComponent(study.position + 1, data),
  startLastComponent: (data) => startComponent(components.length - 1, data),

  endStudy: (first, ...rest) => end(first, rest, {}),
  endStudyAjax: (first, ...rest) => end(first, rest, { stay: true }),
  endStudyWithoutRedirect: (first, ...rest) => end(first, rest, { stay: true }),
  endStudyAndRedirect: (address, first, ...rest) => end(first, rest, { redirect: String(address) }),
  async abortStudy(message) {
    keep([{ aborted: true, endMessage: typeof message === "string" ? message : "" }], "append");
    return minno.finish({ outcome: "screened_out" });
  },
  abortStudyAjax: (message) => jatos.abortStudy(message),
  abortStudyWithoutRedirect: (message) => jatos.abortStudy(message),
  addAbortButton({ text, confirm = true, confirmText, tooltip, msg, style = "" } = {}) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text ?? study.texts.abort, title: tooltip ?? "" });
    button.style.cssText = `position:fixed;inset-block-end:1em;inset-inline-end:1em;${style}`;
    button.addEventListener("click", () => {
      if (!confirm || window.confirm(confirmText ?? study.texts.abort_sure)) jatos.abortStudy(msg);
    });
    document.body.append(button);
  },
  showOverlay() {}, removeOverlay() {}, showBeforeUnloadWarning() {}, setHeartbeatPeriod() {},
};
window.jatos = jatos;
