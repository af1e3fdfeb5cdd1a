// Unsent rows in IndexedDB, for a later visit; in an origin of its own a page has none, and then memory must do.
import { mayPass, post, sleep, waitBefore } from "./outbox.js";

const NAME = "minno-unsent", STORE = "rows", ATTEMPTS = 5;

function open() {
  return new Promise((done) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
      request.onsuccess = () => done(request.result);
      request.onerror = () => done(null);
    } catch {
      done(null); // refused: the origin is opaque, or the browser keeps nothing
    }
  });
}

export class Cellar {
  constructor() {
    this.opened = open();
  }

  async act(mode, run) {
    const database = await this.opened;
    if (!database) return undefined;
    return new Promise((done) => {
      const request = run(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => done(undefined);
    });
  }

  put(dataUrl, { sequence, body }) {
    return this.act("readwrite", (store) => store.put({ key: `${dataUrl} ${sequence}`, dataUrl, sequence, body }));
  }

  remove(dataUrl, { sequence }) {
    return this.act("readwrite", (store) => store.delete(`${dataUrl} ${sequence}`));
  }

  // Remembers that the participant got the code of a session although rows of it are here.
  markEnded(dataUrl) {
    return this.act("readwrite", (store) => store.put({ key: `${dataUrl} ended`, dataUrl, ended: true }));
  }

  // Sends what earlier visits left; what the server does not take any more is removed.
  async sendOlder(dataUrl) {
    const all = (await this.act("readonly", (store) => store.getAll())) ?? [];
    const older = all.filter((row) => row.dataUrl !== dataUrl);
    for (const row of older.filter((one) => !one.ended)) {
      if (!(await this.sendOne(row))) return;
    }
    for (const row of older.filter((one) => one.ended)) {
      const answer = await post(`${row.dataUrl}/finish`, "{}");
      if (!mayPass(answer.status)) await this.act("readwrite", (store) => store.delete(row.key));
    }
  }

  async sendOne(row) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await post(row.dataUrl, row.body, { "X-Minno-Sequence": String(row.sequence) });
      if (!mayPass(answer.status)) {
        await this.act("readwrite", (store) => store.delete(row.key));
        return true;
      }
      await sleep(waitBefore(attempt, answer.retryAfter));
    }
    return false;
  }
}
