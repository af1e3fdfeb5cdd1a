// Everything one can do with the selection; the context menu, the ⋯ button and the keys all read this one list.
import { get } from "../shell/api.js";
import { confirm } from "../shell/confirm.js";
import { copyText } from "../shell/copy.js";
import { toast } from "../shell/toast.js";
import { askFolder, askName, askStudy } from "./ask.js";
import { plural } from "./dom.js";
import { showHistory } from "./history.js";
import { rawAddress } from "./preview.js";
import { gettext } from "../shell/texts.js";

const MAX_UNDO = 100;

const mac = navigator.platform.startsWith("Mac");

export class Actions {
  constructor({ store, config, editable }) {
    Object.assign(this, { store, config, editable });
  }

  connect({ tree, editor, pickFiles, pickFolder }) {
    Object.assign(this, { tree, editor, pickFiles, pickFolder });
  }

  list(nodes) {
    const one = nodes.length === 1 ? nodes[0] : null;
    const items = [];
    const add = (when, label, run, key) => when && items.push({ label, run: () => this.attempt(run), key });
    const line = () => items.length && items.at(-1) !== "-" && items.push("-");
    add(one, one?.folder ? gettext("Open or close") : gettext("Open"), () => this.tree.activate(one), "Enter");
    add(one && !one.folder && this.player.plays(one), gettext("Play"), () => this.player.play(one));
    line();
    if (this.editable && (!one || one.folder || !nodes.length)) {
      add(nodes.length < 2, gettext("New file…"), () => this.newFile());
      add(nodes.length < 2, gettext("New folder…"), () => this.newFolder());
      add(nodes.length < 2, gettext("Upload files…"), () => this.pickFiles());
      add(nodes.length < 2, gettext("Upload a folder…"), () => this.pickFolder());
      line();
    }
    if (this.editable) {
      add(one, gettext("Rename"), () => this.rename(one), "F2");
      add(nodes.length, gettext("Duplicate"), () => this.duplicate(nodes));
      add(nodes.length, gettext("Move to…"), () => this.move(nodes));
      add(nodes.length, gettext("Copy to…"), () => this.copy(nodes));
      line();
    }
    add(nodes.length, gettext("Copy to another study…"), () => this.copyToStudy(nodes));
    line();
    add(one && !one.folder && this.config.launches, gettext("Make Experiment…"), () => location.assign(`${this.config.experiments}?file=${one.id}`));
    add(one && !one.folder && this.config.history, gettext("History…"), () => this.history(one));
    add(one, gettext("Copy the path"), () => this.copyPath(one));
    add(nodes.length, one && !one.folder ? gettext("Download") : gettext("Download as zip"), () => this.download(nodes));
    add(!nodes.length, gettext("Download everything as zip"), () => this.download([]));
    if (this.editable && nodes.length) {
      line();
      add(true, nodes.length === 1 ? gettext("Delete") : gettext("Delete %(items)s", { items: plural(nodes.length, "item") }), () => this.remove(nodes), mac ? "⌘⌫" : "Del");
    }
    while (items.at(-1) === "-") items.pop();
    return items;
  }

  // What is done with the selection, then what is done with the study as a whole.
  listWithStudy(nodes) {
    const own = this.list(nodes);
    const ofStudy = nodes.length ? this.list([]).filter((item) => item !== "-" && !own.some((one) => one.label === item.label)) : [];
    return ofStudy.length ? [...own, "-", ...ofStudy] : own;
  }

  // `isChosen` is false where a row only has the focus, as after what stood there was deleted: then Delete asks.
  byKey(event, nodes, isChosen) {
    if (!this.editable) return false;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      this.attempt(() => this.undo());
      return true;
    }
    if (!nodes.length) return false;
    const erase = event.key === "Delete" || (mac && event.metaKey && event.key === "Backspace");
    if (event.key === "F2" && nodes.length === 1) this.attempt(() => this.rename(nodes[0]));
    else if (erase) {
      if (!event.repeat) this.attempt(() => this.remove(nodes, { mustAsk: !isChosen }));
    }
    else return false;
    return true;
  }

  async attempt(run) {
    try {
      await run();
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      toast(failure.message, { kind: "error" });
    }
  }

  async newFile() {
    const parent = this.tree.place();
    const answer = await askName({
      title: gettext("New file"), label: this.into(parent), verb: gettext("Create file"),
      attempt: (name) => this.store.act("files", { parent, name, text: "", bom: false, newline: "\n" }),
    });
    if (!answer) return;
    this.tree.reveal(answer.node);
    await this.editor.open(this.store.node(answer.node));
  }

  async newFolder() {
    const parent = this.tree.place();
    const answer = await askName({
      title: gettext("New folder"), label: this.into(parent), verb: gettext("Create folder"),
      attempt: (name) => this.store.act("folders", { parent, name }),
    });
    if (!answer) return;
    this.tree.reveal(answer.node);
    this.tree.focusRow(answer.node);
  }

  into(parent) {
    return parent === null ? gettext("Name") : gettext("Name in “%(path)s”", { path: this.store.path(parent) });
  }

  rename(node) {
    const { id, name: before } = node;
    this.tree.rename(node, async (name) => {
      await this.store.act("rename", { id, name });
      this.remember(gettext("“%(name)s” has its name again.", { name: before }), () => this.store.act("rename", { id, name: before }));
    });
  }

  // What Ctrl-Z takes back: moves, renames and deletions made in this window, the latest first.
  remember(said, run) {
    this.done ??= [];
    const deed = { said, run };
    this.done.push(deed);
    if (this.done.length > MAX_UNDO) this.done.shift();
    return () => this.undo(deed);
  }

  async undo(deed = this.done?.at(-1)) {
    if (!deed || !this.done.includes(deed)) return toast(gettext("There is nothing to undo here."));
    this.done = this.done.filter((one) => one !== deed);
    await deed.run();
    toast(deed.said);
  }

  async duplicate(nodes) {
    const answer = await this.store.act("duplicate", { ids: nodes.map((node) => node.id) });
    this.tree.reveal(answer.nodes.at(-1));
    this.tree.focusRow(answer.nodes.at(-1));
  }

  async move(nodes) {
    await askFolder({
      title: gettext("Move %(name)s to", { name: this.name(nodes) }), verb: gettext("Move here"), store: this.store,
      refuse: (folder) => nodes.some((node) => this.store.isUnder(folder.id, node.id)),
      attempt: (to) => this.moveTo(nodes, to),
    });
    this.tree.focusRow(this.tree.active);
  }

  async moveTo(nodes, to) {
    const before = Map.groupBy ? Map.groupBy(nodes, (node) => node.parent) : nodes.reduce((map, node) => map.set(node.parent, [...(map.get(node.parent) ?? []), node]), new Map());
    const name = this.name(nodes);
    await this.store.act("move", { ids: nodes.map((node) => node.id), to });
    this.tree.reveal(nodes[0].id);
    const undo = this.remember(gettext("%(name)s is back where it was.", { name }), async () => {
      for (const [parent, there] of before) await this.store.act("move", { ids: there.map((node) => node.id), to: parent });
      this.tree.reveal(nodes[0].id);
    });
    toast(gettext("Moved %(name)s.", { name }), { action: gettext("Undo"), onAction: () => this.attempt(undo) });
  }

  async copy(nodes) {
    await askFolder({
      title: gettext("Copy %(name)s to", { name: this.name(nodes) }), verb: gettext("Copy here"), store: this.store,
      refuse: (folder) => nodes.some((node) => this.store.isUnder(folder.id, node.id)),
      attempt: async (to) => {
        const answer = await this.store.act("copy", { ids: nodes.map((node) => node.id), to });
        this.tree.reveal(answer.nodes[0]);
      },
    });
    this.tree.focusRow(this.tree.active);
  }

  async copyToStudy(nodes) {
    const targets = `${this.store.base}copy-targets`;
    const { studies } = await get(targets);
    const answer = await askStudy({
      title: gettext("Copy %(name)s to another study", { name: this.name(nodes) }), studies,
      folders: async (study) => (await get(`${targets}?study=${encodeURIComponent(study)}`)).folders,
      attempt: (study, to) => this.store.act("copy-to-study", { ids: nodes.map((node) => node.id), study, to }),
    });
    if (answer) toast(gettext("Copied to “%(name)s”: %(names)s%(more)s", { name: answer.name, names: answer.copied.slice(0, 5).join(gettext(", ")), more: answer.copied.length > 5 ? "…" : "" }));
    this.tree.focusRow(this.tree.active);
  }

  name(nodes) {
    return nodes.length === 1 ? `“${nodes[0].name}”` : plural(nodes.length, "item");
  }

  async copyPath(node) {
    const path = this.store.path(node.id);
    toast((await copyText(path)) ? gettext("Copied: %(path)s", { path }) : gettext("The path is %(path)s", { path }));
  }

  download(nodes) {
    const [node] = nodes;
    const link = document.createElement("a");
    if (nodes.length === 1 && !node.folder) link.href = rawAddress(this.config, this.store.path(node.id), { download: true });
    else link.href = `${this.store.base}download${nodes.length ? `?ids=${nodes.map((one) => one.id).join()}` : ""}`;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
  }

  async remove(nodes, { mustAsk = false } = {}) {
    if (this.removing) return; // a second press before the answer is no second file
    this.removing = true;
    try {
      await this.removeNow(nodes, mustAsk);
    } finally {
      this.removing = false;
    }
  }

  async removeNow(nodes, mustAsk) {
    const unsaved = this.editor.unsaved().filter((file) => nodes.some((node) => this.store.isUnder(file.id, node.id)));
    if (mustAsk || nodes.length > 1 || nodes[0].folder || unsaved.length) {
      const text = (unsaved.length ? gettext("Unsaved text in %(files)s stays in the editor.", { files: plural(unsaved.length, "open file") }) + " " : "") + gettext("You can bring back what you delete under “Deleted files”.");
      const verb = nodes.length === 1 ? (nodes[0].folder ? gettext("Delete folder") : gettext("Delete file")) : gettext("Delete %(items)s", { items: plural(nodes.length, "item") });
      if (!(await confirm({ title: gettext("Delete %(name)s?", { name: this.name(nodes) }), text, verb }))) return;
    }
    const ids = nodes.map((node) => node.id);
    await this.store.act("delete", { ids });
    this.tree.focusRow(this.tree.active);
    const undo = this.remember(gettext("%(name)s is back.", { name: this.name(nodes) }), () => this.bringBack(ids));
    toast(gettext("Deleted %(name)s.", { name: this.name(nodes) }), { action: gettext("Undo"), onAction: () => this.attempt(undo) });
  }

  async bringBack(ids) {
    const answer = await this.store.act("bring-back", { ids });
    if (answer.nodes.length) this.tree.reveal(answer.nodes[0]);
  }

  history(node) {
    return showHistory({ node, store: this.store, editor: this.editor, editable: this.editable });
  }
}
