// Files to look at without a study page, of a read-only link or an example: the text in colours, and the preview.
import { toast } from "../shell/toast.js";
import { base, EditorState, EditorView, readOnly } from "../study/cm.js";
import { Player } from "../study/play.js";
import { gettext } from "../shell/texts.js";

const viewer = document.getElementById("viewer");

// What the list of files names, by their paths; nothing here ever changes.
class Listed extends EventTarget {
  constructor() {
    super();
    this.base = viewer.dataset.base;
    this.nodes = new Map();
    for (const { dataset: { path } } of viewer.querySelectorAll("[data-path]")) this.nodes.set(path, { id: path, name: path.split("/").at(-1), folder: false });
  }

  node(id) {
    return this.nodes.get(id);
  }

  path(id) {
    return id;
  }

  byPath(path) {
    return this.nodes.get(path) ?? null;
  }

  children() {
    return [...this.nodes.values()].filter((node) => !node.id.includes("/"));
  }
}

// The one file that is shown, as the preview knows it.
class Shown extends EventTarget {
  constructor() {
    super();
    const chosen = viewer.querySelector("[data-path][aria-current]");
    this.shown = chosen && { id: chosen.dataset.path };
    const place = viewer.querySelector("[data-text]");
    if (place) this.draw(place);
  }

  unsaved() {
    return [];
  }

  draw(place) {
    const { name } = place.dataset;
    const text = place.textContent;
    const state = EditorState.create({ doc: text, extensions: [base(name, gettext("Text of %(name)s", { name })), readOnly()] });
    const box = document.createElement("div");
    box.className = "by-link-code";
    place.replaceWith(box);
    this.view = new EditorView({ state, parent: box });
    const wanted = Number(new URLSearchParams(location.search).get("line"));
    if (wanted) this.goTo(wanted);
  }

  goTo(number) {
    const { doc } = this.view.state;
    const { from } = doc.line(Math.min(Math.max(1, number), doc.lines));
    this.view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    this.view.focus();
  }

  openAt(node, line) {
    if (this.view && node.id === this.shown?.id) this.goTo(line);
    else location.assign(`${viewer.dataset.base}?file=${encodeURIComponent(node.id)}&line=${line}`);
  }
}

async function attempt(run) {
  try {
    await run();
  } catch (failure) {
    if (failure.status === undefined) throw failure;
    toast(failure.message, { kind: "error" });
  }
}

const player = new Player({
  pane: viewer.querySelector("[data-play-pane]"), workspace: viewer, store: new Listed(), editor: new Shown(),
  config: { kind: viewer.dataset.kind }, attempt,
});
const play = document.querySelector("[data-play]");
play.addEventListener("click", () => attempt(() => player.play()));
play.disabled = false; // a click before this line would be lost
