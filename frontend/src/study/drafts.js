// Unsaved text, kept in this browser per person and file, so that a crash or a closed tab loses nothing.

export class Drafts {
  constructor(prefix) {
    this.prefix = `minno-draft:${prefix}:`;
    this.works = true;
  }

  // { text, blob, path, at }: `blob` is what the text was started from.
  keep(id, draft) {
    try {
      localStorage.setItem(this.prefix + id, JSON.stringify({ ...draft, at: new Date().toISOString() }));
      this.works = true;
    } catch {
      this.works = false; // forbidden or full: the status line says so
    }
    return this.works;
  }

  read(id) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + id));
    } catch {
      return null;
    }
  }

  forget(id) {
    try {
      localStorage.removeItem(this.prefix + id);
    } catch {
      // Nothing was kept then.
    }
  }

  all() {
    const found = [];
    try {
      for (let index = 0; index < localStorage.length; index += 1) {
        const key = localStorage.key(index);
        if (key.startsWith(this.prefix)) {
          const id = Number(key.slice(this.prefix.length));
          const draft = this.read(id);
          if (draft) found.push({ id, ...draft });
        }
      }
    } catch {
      return found;
    }
    return found;
  }
}
