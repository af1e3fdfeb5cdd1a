// Takes unsaved text from a version that is published into the version in development.
import { csrf, get, post } from "../shell/api.js";
import { el } from "./dom.js";

export class NextVersion {
  constructor({ editor, store, drafts, config }) {
    Object.assign(this, { editor, store, drafts, config });
  }

  // Saves into the file that this one became there, if it became one; the page there shows what came of it.
  async saveInto(file, develop) {
    const { successors } = await get(`${develop.base}successors?ids=${file.id}`);
    const became = successors[file.id];
    if (became) {
      try {
        await post(`${develop.base}files/${became}/save`, { text: file.state.sliceDoc(), blob: file.start, bom: file.bom, newline: file.newline });
        this.drafts.forget(file.id);
        file.isHandedOn = true;
      } catch (failure) {
        if (failure.status !== 409 && failure.status !== 404) throw failure;
        // The draft goes along, and the page of that version shows it beside what is there.
      }
    }
    this.editor.letGo();
    location.assign(`${develop.base}?${new URLSearchParams({ file: file.path })}`);
  }

  // Begins the next version; its page brings the drafts back.
  begin(file) {
    this.editor.letGo();
    const form = el("form", { method: "post", action: this.config.new_version_url, hidden: true },
      el("input", { type: "hidden", name: "csrfmiddlewaretoken", value: csrf() }),
      el("input", { type: "hidden", name: "file", value: file.path }));
    document.body.append(form);
    form.requestSubmit();
  }

  // The drafts of versions before this one become drafts of the files that theirs became.
  async adopt() {
    const older = this.drafts.ofEarlierVersions();
    if (!older.length) return;
    const { successors } = await get(`${this.store.base}successors?ids=${older.map((one) => one.id).join()}`);
    for (const draft of older) {
      const samePath = this.store.byPath(draft.path ?? "");
      this.drafts.adopt(draft, successors[draft.id] ?? (samePath && !samePath.folder ? samePath.id : null));
    }
  }
}
