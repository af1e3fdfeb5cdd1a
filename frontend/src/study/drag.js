// Dropping onto the tree: files from the desktop are uploaded, rows of the tree are moved.
import { dropped } from "./upload.js";

const TYPE = "application/x-minno-nodes";

export function makeDroppable({ element, tree, store, actions, uploader }) {
  const folderAt = (event) => {
    const row = event.target.closest("[data-id]");
    const node = row ? store.node(Number(row.dataset.id)) : null;
    if (!node) return null;
    return node.folder ? node.id : node.parent;
  };
  const mark = (folder) => {
    for (const row of element.querySelectorAll(".drop-here")) row.classList.remove("drop-here");
    tree.element.classList.toggle("drop-top", folder === null);
    if (typeof folder === "number") tree.rowElement(folder)?.classList.add("drop-here");
  };
  const clear = () => mark(undefined);

  element.addEventListener("dragstart", (event) => {
    const row = event.target.closest("[data-id]");
    if (!row) return;
    const id = Number(row.dataset.id);
    if (!tree.selected.has(id)) tree.select([id]);
    event.dataTransfer.setData(TYPE, JSON.stringify([...tree.selected]));
    event.dataTransfer.effectAllowed = "move";
  });
  element.addEventListener("dragover", (event) => {
    const types = event.dataTransfer.types;
    if (!types.includes("Files") && !types.includes(TYPE)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = types.includes("Files") ? "copy" : "move";
    mark(folderAt(event));
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) clear();
  });
  element.addEventListener("dragend", clear);
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    clear();
    const folder = folderAt(event);
    if (event.dataTransfer.types.includes("Files")) {
      const reading = dropped(event.dataTransfer); // the list is only readable now
      actions.attempt(async () => uploader.start(await reading, folder));
      return;
    }
    const ids = JSON.parse(event.dataTransfer.getData(TYPE) || "[]");
    const nodes = ids.map((id) => store.node(id)).filter((node) => node && node.parent !== folder && node.id !== folder);
    if (nodes.length) actions.attempt(() => actions.moveTo(nodes, folder));
  });
  // A file dropped beside the tree must not replace the page, and with it what is typed.
  for (const type of ["dragover", "drop"]) {
    addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files") && !event.defaultPrevented) {
        event.preventDefault();
        event.dataTransfer.dropEffect = "none";
      }
    });
  }
}
