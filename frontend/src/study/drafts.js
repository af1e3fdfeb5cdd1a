// Unsaved text, kept in this browser per person, file and window, so that a crash or a closed tab loses nothing.
// Another window's draft may be of a window that crashed: it is taken over when its file is opened, and removed only
// once its text is kept or saved here, and only if that window did not write another one meanwhile.

export class Drafts {
  constructor(prefix) {
    this.prefix = `minno-draft:${prefix}:`;
    this.window = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.takenOver = new Map(); // id of a file -> [key, what it held]
    this.works = true;
  }

  key(id) {
    return `${this.prefix}${id}:${this.window}`;
  }

  // { text, blob, path, at }: `blob` is what the text was started from.
  keep(id, draft) {
    try {
      localStorage.setItem(this.key(id), JSON.stringify({ ...draft, at: new Date().toISOString() }));
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
      localStorage.removeItem(this.key(id));
      this.dropTakenOver(id);
    } catch {
      // Nothing was kept then.
    }
  }

  dropTakenOver(id) {
    const [key, held] = this.takenOver.get(id) ?? [];
    if (key && localStorage.getItem(key) === held) localStorage.removeItem(key);
    this.takenOver.delete(id);
  }

  // The newest draft of each file that has one.
  all() {
    const ids = new Set(this.held().map(([key]) => this.fileOf(key)));
    return [...ids].map((id) => ({ id, draft: this.read(id) })).filter(({ draft }) => draft).map(({ id, draft }) => ({ id, ...draft }));
  }

  fileOf(key) {
    return Number(key.slice(this.prefix.length).split(":")[0]);
  }

  held() {
    try {
      const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index));
      return keys.filter((key) => key.startsWith(this.prefix)).map((key) => [key, localStorage.getItem(key)]);
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
