// Unsaved text, kept in this browser per person, file and window, so that a crash or a closed tab loses nothing.
// Another window's draft may be of a window that crashed: it is taken over when its file is opened, and removed only
// once its text is kept or saved here, and only if that window did not write another one meanwhile.
import { PREFIX } from "../shell/kept.js";

export class Drafts {
  constructor({ user, study, version, storage = localStorage }) {
    this.study = `${PREFIX}${user}:${study}:`;
    this.version = version;
    this.prefix = `${this.study}${version}:`;
    this.storage = storage;
    this.window = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.takenOver = new Map(); // id of a file -> [key, what it held]
    this.works = true;
    this.isClosed = false; // they were discarded for good: this page keeps no more
  }

  key(id) {
    return `${this.prefix}${id}:${this.window}`;
  }

  // { text, blob, path, at }: `blob` is what the text was started from.
  keep(id, draft) {
    if (this.isClosed) return false;
    try {
      this.storage.setItem(this.key(id), JSON.stringify({ at: new Date().toISOString(), ...draft }));
      this.dropTakenOver(id);
      this.works = true;
    } catch {
      this.works = false; // forbidden or full: the status line says so
    }
    return this.works;
  }

  // The newest draft of a file, whichever window wrote it.
  read(id) {
    let newest = null;
    for (const [key, held] of this.held()) {
      const draft = this.fileOf(key) === id ? parsed(held) : null;
      if (draft && !(newest && newest.draft.at > draft.at)) newest = { key, held, draft };
    }
    if (newest && newest.key !== this.key(id)) this.takenOver.set(id, [newest.key, newest.held]);
    return newest?.draft ?? null;
  }

  forget(id) {
    try {
      this.storage.removeItem(this.key(id));
      this.dropTakenOver(id);
    } catch {
      // Nothing was kept then.
    }
  }

  dropTakenOver(id) {
    const [key, held] = this.takenOver.get(id) ?? [];
    if (key && this.storage.getItem(key) === held) this.storage.removeItem(key);
    this.takenOver.delete(id);
  }

  // The newest draft of each file that has one.
  all() {
    const ids = new Set(this.held().map(([key]) => this.fileOf(key)));
    return [...ids].map((id) => ({ id, draft: this.read(id) })).filter(({ draft }) => draft).map(({ id, draft }) => ({ id, ...draft }));
  }

  // Those of versions before this one: { key, id, version, text, blob, path, at }.
  ofEarlierVersions() {
    return this.held(this.study).flatMap(([key, held]) => {
      const [version, id] = key.slice(this.study.length).split(":").map(Number);
      const draft = version < this.version ? parsed(held) : null;
      return draft ? [{ key, id, version, ...draft }] : [];
    }).sort((one, other) => (one.at < other.at ? -1 : 1));
  }

  // Makes a draft of an earlier version one of this version, of the file that it became; where that file has one
  // already it stays under its old file, as text without a file.
  adopt({ key, id, text, blob, path, at, version }, becameId) {
    const before = becameId === null ? null : this.read(becameId);
    if (before && before.text === text) return this.storage.removeItem(key);
    if (this.keep(becameId === null || before ? id : becameId, { text, blob, path, at, version })) this.storage.removeItem(key);
  }

  fileOf(key) {
    return Number(key.slice(this.prefix.length).split(":")[0]);
  }

  held(prefix = this.prefix) {
    try {
      const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
      return keys.filter((key) => key.startsWith(prefix)).map((key) => [key, this.storage.getItem(key)]);
    } catch {
      return [];
    }
  }
}

function parsed(held) {
  try {
    return JSON.parse(held);
  } catch {
    return null;
  }
}
