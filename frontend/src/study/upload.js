// Uploads: small files in one request, large ones in pieces that go on where they stopped.
import { ApiError, call, post } from "../shell/api.js";
import { askArchive, isArchive } from "./archive.js";
import { askClash, askTwins } from "./ask.js";
import { el, plural, size } from "./dom.js";
import { gettext, ngettext } from "../shell/texts.js";
import { toast } from "../shell/toast.js";

const WHOLE_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 8 * 1024 * 1024;
const LANES = 3;
const RETRIES = 6;

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// Everything that was dropped, folders with all that is in them: [{ path, file }] and the empty folders' paths.
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  const folders = [];
  if (entries.length < items.length) {
    // What a page or a program made for dropping has no entry; it is never a folder.
    return { files: items.map((item) => item.getAsFile()).filter(Boolean).map((file) => ({ path: file.name, file })), folders };
  }
  const walk = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
      files.push({ path, file });
      return;
    }
    const reader = entry.createReader();
    let count = 0;
    for (;;) {
      const batch = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
      if (!batch.length) break;
      count += batch.length;
      for (const child of batch) await walk(child, `${path}/${child.name}`);
    }
    if (!count) folders.push(path);
  };
  for (const entry of entries) await walk(entry, entry.name);
  return { files, folders };
}

export function picked(input) {
  return { files: [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })), folders: [] };
}

// What is asked of the server for each file: it must be new, or may replace just the blob that was seen there.
// `policy` is what the person chose for names that are taken.
export function planned(files, taken, policy) {
  const there = new Map(taken.map((one) => [one.path, one.blob]));
  return files.flatMap((one) => {
    if (!there.has(one.path)) return [{ ...one, ifThere: "new" }];
    if (policy === "skip") return [];
    if (policy === "keep_both") return [{ ...one, ifThere: "keep_both" }];
    return [{ ...one, ifThere: "overwrite", replaces: there.get(one.path) }];
  });
}

// What systems leave in folders by themselves (.DS_Store, Thumbs.db, ~$x.docx) is not uploaded.
export function without(files, litter) {
  const left = new Set(litter);
  return files.filter((one) => !left.has(one.path));
}

// Parts files that would be one file here: the first of each name, and the others, which come after it.
export function parted(files, twins, policy) {
  const later = new Set(twins.flatMap((group) => group.slice(1)));
  const [first, others] = [files.filter((one) => !later.has(one.path)), files.filter((one) => later.has(one.path))];
  return { first, others: policy === "skip" ? [] : others.map((one) => ({ ...one, ifThere: "keep_both" })) };
}

// The Dashboard removes by itself what is left of an upload, so no answer is needed.
function abandon(address) {
  return call("DELETE", address).catch(() => null);
}

export class Uploader {
  // `filled` is told when the first files of an empty study have come in; `archiveEndings` are those of files to unpack.
  constructor({ store, place, filled, archiveEndings }) {
    Object.assign(this, { store, place, filled, archiveEndings, active: 0 });
    addEventListener("beforeunload", (event) => {
      if (this.active) event.preventDefault();
    });
  }

  async start({ files, folders }, parent) {
    const archives = files.filter((one) => isArchive(one, this.archiveEndings));
    const kept = await this.unpacked(archives, parent);
    files = [...files.filter((one) => !archives.includes(one)), ...kept];
    if (!files.length && !folders.length) return;
    const plan = files.length ? await this.plan(files, parent) : { first: [], others: [], litter: [] };
    if (!plan) return;
    this.active += 1;
    const wasEmpty = this.store.nodes.size === 0;
    try {
      const done = await new Batch(this, plan, folders, parent).run();
      if (wasEmpty && done) await this.filled();
    } finally {
      this.active -= 1;
    }
  }

  // Asks of each archive whether to unpack it, once it has arrived; returns those to keep as files.
  async unpacked(archives, parent) {
    const kept = [];
    for (const one of archives) {
      const wasEmpty = this.store.nodes.size === 0;
      const batch = new Batch(this, { first: [one], others: [], litter: [] }, [], parent);
      batch.tell();
      this.active += 1;
      const hasArrived = await batch.guard(one.path, () => batch.arrive(one));
      this.active -= 1;
      if (!hasArrived) {
        batch.finish();
        continue;
      }
      batch.box.remove();
      const address = `${this.store.base}uploads/${one.upload}`;
      const choice = await askArchive({ name: one.path, address, unpack: (encoding) => this.store.act(`uploads/${one.upload}/unpack`, { zip_names: encoding }) });
      if (choice === "keep") kept.push(one);
      else if (choice !== "unpacked") await abandon(address);
      else {
        toast(gettext("Unpacked “%(name)s”.", { name: one.path }));
        if (wasEmpty) await this.filled();
      }
    }
    return kept;
  }

  // Asks about names that are one among themselves, or taken; null where the person cancels.
  async plan(files, parent) {
    const { taken, twins, litter } = await post(`${this.store.base}uploads/check`, { parent, paths: files.map((one) => one.path) });
    const forTwins = twins.length ? await askTwins(twins) : "skip";
    if (!forTwins) return null;
    const { first, others } = parted(without(files, litter), twins, forTwins);
    const clashes = taken.filter((one) => first.some((file) => file.path === one.path));
    const policy = clashes.length ? await askClash(clashes.map((one) => one.path), first.length) : "overwrite";
    return policy ? { first: planned(first, clashes, policy), others, litter } : null;
  }
}

class Batch {
  constructor(uploader, { first, others, litter }, folders, parent) {
    Object.assign(this, { uploader, store: uploader.store, files: first, others, litter, folders, parent });
    const all = [...first, ...others];
    this.count = all.length;
    this.total = all.reduce((sum, one) => sum + one.file.size, 0);
    this.sent = 0;
    this.done = 0;
    this.errors = [];
    this.clashed = []; // names that somebody else took meanwhile
    this.stopper = new AbortController();
    this.text = el("span", { role: "status" }, "");
    this.bar = el("progress", { max: Math.max(1, this.total), value: 0, "aria-label": gettext("Upload") });
    this.stop = el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", onclick: () => this.stopper.abort() }, gettext("Stop"));
    this.list = el("ul", { class: "upload-errors" });
    this.box = el("div", { class: "upload" }, el("div", { class: "upload-line" }, this.text, this.stop), this.bar, this.list);
    uploader.place.append(this.box);
  }

  async run() {
    this.tell();
    for (const path of this.folders) await this.guard(path, () => this.store.act("folders", { parent: this.parent, path }));
    await this.send(this.files);
    await this.send(this.others);
    while (this.clashed.length && !this.stopper.signal.aborted) await this.askAgain();
    await this.guard("", () => this.store.sync());
    this.finish();
    return this.done;
  }

  async send(files) {
    const queue = [...files];
    const lane = async () => {
      for (let one = queue.shift(); one && !this.stopper.signal.aborted; one = queue.shift()) await this.one(one);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  // Somebody else made or changed files of these names after the person was asked.
  async askAgain() {
    const clashed = this.clashed.splice(0);
    await this.guard("", () => this.store.sync());
    const { taken } = await post(`${this.store.base}uploads/check`, { parent: this.parent, paths: clashed.map((one) => one.path) });
    const policy = taken.length ? await askClash(taken.map((one) => one.path), clashed.length) : "overwrite";
    const files = planned(clashed, taken, policy || "skip");
    for (const one of clashed) {
      if (!files.some((other) => other.path === one.path)) this.say(one.path, gettext("Someone else saved a file of this name meanwhile; it was not overwritten."));
    }
    await this.send(files);
  }

  say(path, sentence) {
    this.errors.push({ path, sentence });
    this.list.append(el("li", {}, el("bdi", { class: "mono" }, path), ` ${sentence}`));
  }

  async guard(path, work) {
    try {
      await work();
      return true;
    } catch (failure) {
      if (failure.name === "AbortError") return false;
      const sentence = failure instanceof ApiError ? failure.message : gettext("This browser could not read the file; it may have been moved or changed meanwhile.");
      this.say(path, sentence);
      return false;
    }
  }

  async one(given) {
    const before = this.sent;
    let isClash = false;
    const ok = await this.guard(given.path, async () => {
      try {
        await (given.file.size <= WHOLE_BYTES && !given.upload ? this.whole(given) : this.pieces(given));
      } catch (failure) {
        isClash = failure.status === 409;
        if (!isClash) throw failure;
        this.clashed.push(given);
      }
    });
    if (ok && !isClash) this.done += 1;
    else this.sent = Math.max(this.sent, before);
    this.tell();
  }

  async whole({ path, file, ifThere, replaces }) {
    const query = new URLSearchParams({ path, if_there: ifThere });
    if (replaces) query.set("replaces", replaces);
    if (this.parent !== null) query.set("parent", this.parent);
    await this.patiently(() => call("POST", `${this.store.base}uploads/whole?${query}`, {
      body: file, headers: { "Content-Type": "application/octet-stream" }, signal: this.stopper.signal,
    }));
    this.sent += file.size;
  }

  // What arrived stays where only the name was refused, and is finished under what is chosen then.
  async pieces(given) {
    const { ifThere, replaces } = given;
    await this.arrive(given);
    await this.orForget(given, () => this.patiently(() => post(`${this.store.base}uploads/${given.upload}/finish`, { if_there: ifThere, ...(replaces ? { replaces } : {}) }, { signal: this.stopper.signal })));
  }

  // Sends a file's bytes, and makes no file of them yet.
  async arrive(given) {
    if (given.upload) return;
    const { path, file } = given;
    given.upload = (await this.patiently(() => post(`${this.store.base}uploads`, { parent: this.parent, path, size: file.size }, { signal: this.stopper.signal }))).upload;
    const start = this.sent;
    await this.orForget(given, async () => {
      for (let offset = 0; offset < file.size;) {
        offset = await this.patiently(() => this.piece(`${this.store.base}uploads/${given.upload}`, file, offset));
        this.sent = start + offset;
        this.tell();
      }
    });
  }

  async orForget(given, work) {
    try {
      await work();
    } catch (failure) {
      if (failure.name === "AbortError") await abandon(`${this.store.base}uploads/${given.upload}`);
      throw failure;
    }
  }

  async piece(address, file, offset) {
    try {
      const answer = await call("PUT", `${address}?offset=${offset}`, {
        body: file.slice(offset, offset + PIECE_BYTES), headers: { "Content-Type": "application/octet-stream" }, signal: this.stopper.signal,
      });
      return answer.offset;
    } catch (failure) {
      // A lost answer: the server says where the upload stands.
      if (failure.status === 409 && Number.isInteger(failure.body.offset)) return failure.body.offset;
      throw failure;
    }
  }

  // Tries again when the connection or the server is gone for a while.
  async patiently(work) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (failure) {
        const worth = failure.status === 0 || failure.status >= 502;
        if (!worth || attempt >= RETRIES || this.stopper.signal.aborted) throw failure;
        this.text.textContent = gettext("The Dashboard cannot be reached; trying again…");
        await pause(Math.min(30_000, 500 * 2 ** attempt));
      }
    }
  }

  tell() {
    this.bar.value = this.total ? this.sent : 1;
    this.text.textContent = gettext("Uploading %(done)s of %(files)s (%(size)s of %(total)s)", { done: this.done.toLocaleString("en"), files: plural(this.count, "file"), size: size(this.sent), total: size(this.total) });
  }

  leftOut() {
    const count = this.litter.length;
    return count ? " " + ngettext("%(count)s system file was left out.", "%(count)s system files were left out.", count) : "";
  }

  finish() {
    const stopped = this.stopper.signal.aborted;
    this.bar.remove();
    const failed = this.errors.length ? " " + ngettext("%(count)s file was not uploaded:", "%(count)s files were not uploaded:", this.errors.length) : "";
    this.text.textContent = (stopped ? gettext("Stopped.") + " " : "") + gettext("Uploaded %(files)s.", { files: plural(this.done, "file") }) + this.leftOut() + failed;
    this.stop.replaceWith(el("button", { type: "button", class: "btn-close", "aria-label": gettext("Close the upload report"), onclick: () => this.box.remove() }));
    if (!this.errors.length) setTimeout(() => this.box.remove(), 8000);
  }
}
