// Everything a page has to send: kept until the server says that it is stored, tried again with back-off and jitter.
const PIECE_BYTES = 60 * 1024; // what a browser still sends from a page that is being left: 64 KB in all
const FIRST_WAIT = 500; // milliseconds
const LONGEST_WAIT = 30_000;
const ANSWER_WITHIN = 30_000;
const encoder = new TextEncoder();

export const bytesOf = (text) => encoder.encode(text).length;
export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
export const mayPass = (status) => status === 0 || status === 408 || status === 425 || status === 429 || status >= 500;

// Between half and all of the doubled wait: pages that failed together do not come back together.
export function waitBefore(attempt, retryAfter = 0) {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt, 10));
  return Math.max(retryAfter * 1000, longest * (0.5 + Math.random() / 2));
}

// One request; status 0 where no answer came.
export async function post(address, body, headers = {}) {
  try {
    const answer = await fetch(address, {
      method: "POST", body, credentials: "omit", keepalive: bytesOf(body) <= PIECE_BYTES && document.visibilityState === "hidden",
      headers: { "Content-Type": "text/plain;charset=UTF-8", ...headers }, signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    const content = await answer.json().catch(() => ({}));
    return { status: answer.status, content, retryAfter: Number(answer.headers.get("Retry-After")) || 0 };
  } catch {
    return { status: 0, content: {}, retryAfter: 0 };
  }
}

// Rows in bodies that a page can still send as it is left; one row that is larger goes alone.
export function inPieces(rows, around) {
  const pieces = [];
  const frame = bytesOf(JSON.stringify({ data: [], ...around }));
  let piece = [], size = frame;
  for (const row of rows) {
    const more = bytesOf(JSON.stringify(row) ?? "null") + 1;
    if (piece.length && size + more > PIECE_BYTES) {
      pieces.push(piece);
      [piece, size] = [[], frame];
    }
    piece.push(row);
    size += more;
  }
  if (piece.length) pieces.push(piece);
  return pieces.map((data) => JSON.stringify({ data, ...around }));
}

export class Outbox extends EventTarget {
  constructor({ dataUrl, sequenceBase, cellar }) {
    super();
    Object.assign(this, { dataUrl, cellar, last: sequenceBase, waiting: new Map(), refused: [], failures: 0, running: false });
    addEventListener("online", () => this.wake?.());
    addEventListener("pagehide", () => this.sendLeaving());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.sendLeaving();
      else this.wake?.();
    });
  }

  get isEmpty() {
    return this.waiting.size === 0;
  }

  // `own` is true where somebody else (the player's XMLHttpRequest) makes the first attempt.
  add(body, { own = false } = {}) {
    const item = { sequence: (this.last += 1), body, size: bytesOf(body), own };
    item.stored = new Promise((done, fail) => Object.assign(item, { done, fail }));
    item.stored.catch(() => {}); // whoever waits for it hears of it
    this.waiting.set(item.sequence, item);
    this.cellar.put(this.dataUrl, item);
    this.changed();
    if (!own) this.run();
    return item;
  }

  accept(item, content = {}) {
    if (!this.waiting.delete(item.sequence)) return;
    this.cellar.remove(this.dataUrl, item);
    this.failures = 0;
    item.done(content);
    this.changed();
  }

  // What the server refuses for good is not tried again; where the browser can keep it, it stays there.
  refuse(item, content) {
    if (!this.waiting.delete(item.sequence)) return;
    this.refused.push(item);
    const failure = new Error(content.sentence ?? "refused");
    item.fail(Object.assign(failure, { content }));
    this.dispatchEvent(new CustomEvent("refused", { detail: content }));
    this.changed();
  }

  answered(item, { status, content, retryAfter = 0 }) {
    if (status >= 200 && status < 300) return this.accept(item, content);
    if (!mayPass(status)) return this.refuse(item, content);
    item.own = false;
    this.failures += 1;
    this.retryAfter = retryAfter;
    this.changed();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    for (;;) {
      const item = [...this.waiting.values()].find((one) => !one.own);
      if (!item) break;
      this.answered(item, await post(this.dataUrl, item.body, { "X-Minno-Sequence": String(item.sequence) }));
      if (this.failures) await this.pause(waitBefore(this.failures - 1, this.retryAfter));
    }
    this.running = false;
  }

  async pause(milliseconds) {
    await Promise.race([sleep(milliseconds), new Promise((done) => (this.wake = done))]);
    this.wake = null;
  }

  // No answer is heard of these, so they stay waiting: where the page lives on they are sent again, and stored once.
  sendLeaving() {
    let room = PIECE_BYTES;
    for (const item of this.waiting.values()) {
      if (item.size > room) continue;
      const sent = navigator.sendBeacon(`${this.dataUrl}?sequence=${item.sequence}`, new Blob([item.body], { type: "text/plain" }));
      if (!sent) return;
      room -= item.size;
    }
  }

  // Resolves when nothing waits any more, or after this long.
  async empty(milliseconds) {
    const end = Date.now() + milliseconds;
    while (!this.isEmpty && Date.now() < end) {
      await new Promise((done) => {
        const timer = setTimeout(done, Math.min(1000, Math.max(0, end - Date.now())));
        this.addEventListener("change", () => { clearTimeout(timer); done(); }, { once: true });
      });
    }
    return this.isEmpty;
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
