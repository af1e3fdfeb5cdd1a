// The study page: puts tree, editor, uploads and menus together.
import { post } from "../shell/api.js";
import { toast } from "../shell/toast.js";
import { Actions } from "./actions.js";
import { accepted } from "./archive.js";
import { makeDroppable } from "./drag.js";
import { Drafts } from "./drafts.js";
import { Editor } from "./editor.js";
import { Finder } from "./find.js";
import { GoToFile } from "./go_to_file.js";
import { showDeleted } from "./history.js";
import { openMenu } from "./menu.js";
import { Player } from "./play.js";
import { Presence } from "./presence.js";
import { preparePublishing } from "./publish.js";
import { makeSplitter } from "./split.js";
import { Store } from "./store.js";
import { Tree } from "./tree.js";
import { picked, Uploader } from "./upload.js";
import { gettext } from "../shell/texts.js";

const LOOK_EVERY = 8000; // milliseconds between looks at what others changed

const config = JSON.parse(document.getElementById("study-config").textContent);
const workspace = document.getElementById("workspace");
const find = (name) => workspace.querySelector(`[data-${name}]`);
const store = new Store({ base: config.base, tree: config.tree });
const editable = config.editable;
const drafts = new Drafts({ user: config.user, study: config.study, version: config.version });
const editor = new Editor({ pane: find("editor"), store, drafts, editable, config });
const actions = new Actions({ store, config, editable });

// A list that outlives a reload: the open folders in this browser, the open files in this window.
function remembered(storage, name) {
  const key = `minno-${name}:${config.study}:${config.version}`;
  return {
    load() {
      try {
        return JSON.parse(storage.getItem(key)) ?? [];
      } catch {
        return [];
      }
    },
    save(ids) {
      try {
        storage.setItem(key, JSON.stringify(ids));
      } catch {
        // They start closed then.
      }
    },
  };
}
const remember = remembered(localStorage, "open");
const openFiles = remembered(sessionStorage, "tabs");
const tree = new Tree({ element: find("tree"), store, actions, editable, remember, launched: config.launched, isUnsaved: (id) => editor.isUnsaved(id) });
const uploader = new Uploader({ store, place: find("uploads"), filled: recognise, archiveEndings: config.archive_endings });
const [filesInput, folderInput, archiveInput] = [find("pick-files"), find("pick-folder"), find("pick-archive")];
if (archiveInput) archiveInput.accept = accepted(config.archive_endings);
let uploadTo = null;
let isBegun = false;

// The first files of an empty study say what plays it.
async function recognise() {
  if (!config.type_url) return;
  const { kind, label, has_changed: hasChanged } = await post(`${store.base}recognise`, {});
  config.kind = kind;
  if (!hasChanged) return;
  toast(gettext("Study type recognised from its files: %(kind)s.", { kind: label }), {
    action: gettext("Study type…"), onAction: () => location.assign(config.type_url),
  });
}

function pick(input) {
  uploadTo = tree.place();
  input.value = "";
  input.click();
}

actions.connect({ tree, editor, pickFiles: () => pick(filesInput), pickFolder: () => pick(folderInput) });
for (const input of [filesInput, folderInput, archiveInput]) {
  input?.addEventListener("change", () => actions.attempt(() => uploader.start(picked(input), uploadTo)));
}

function on(name, run) {
  find(name)?.addEventListener("click", () => actions.attempt(run));
}

on("new-file", () => actions.newFile());
on("empty-new-file", () => actions.newFile());
on("empty-files", () => pick(filesInput));
on("empty-folder", () => pick(folderInput));
on("empty-archive", () => pick(archiveInput));
on("new-folder", () => actions.newFolder());
on("upload", () => {
  const button = find("upload");
  const box = button.getBoundingClientRect();
  const items = [
    { label: gettext("Upload files…"), run: () => pick(filesInput) },
    { label: gettext("Upload a folder…"), run: () => pick(folderInput) },
    { label: gettext("Upload a zip and unpack it…"), run: () => pick(archiveInput) },
  ];
  openMenu(items, { x: box.left, y: box.bottom, opener: button, label: gettext("Upload") });
});
on("deleted", () => showDeleted({ store, actions, editable }));
on("more", () => {
  const button = find("more");
  const box = button.getBoundingClientRect();
  openMenu(actions.listWithStudy(tree.selected.size ? tree.selection() : []), { x: box.left, y: box.bottom, opener: button, label: gettext("Actions") });
});
on("back", () => workspace.classList.remove("shows-editor"));

tree.addEventListener("open", (event) => editor.open(event.detail));
editor.addEventListener("marks", () => tree.render());
editor.addEventListener("show", (event) => {
  const file = event.detail;
  workspace.classList.toggle("shows-editor", Boolean(file));
  tree.setCurrent(file?.id ?? null);
  const address = new URL(location.href);
  if (file && store.node(file.id)) address.searchParams.set("file", store.path(file.id));
  else address.searchParams.delete("file");
  history.replaceState(null, "", address);
});
editor.addEventListener("tabs", () => isBegun && openFiles.save(editor.files.map((one) => one.id)));
// The file that is open stays open when its version is published or a new one begins.
for (const form of document.querySelectorAll("form[data-keeps-file]")) {
  form.addEventListener("submit", () => {
    form.elements.file.value = new URL(location.href).searchParams.get("file") ?? "";
    editor.letGo();
  });
}
const publishing = document.getElementById("publish");
if (publishing) preparePublishing({ dialog: publishing, editor });
if (editable) makeDroppable({ element: workspace.querySelector(".tree-pane"), tree, store, actions, uploader });
makeSplitter(find("split"), workspace);
makeSplitter(find("play-split"), workspace, { least: 240, most: 1600, usual: 480, property: "--play-width", key: "minno-play-width", ahead: -1 });

const player = new Player({
  pane: find("play-pane"), line: find("play-split"), workspace, store, editor, config, attempt: (run) => actions.attempt(run),
});
on("play", () => player.play());
find("play").disabled = false; // a click before this line would be lost
actions.player = player;
new Finder({ panel: find("find-panel"), opener: find("find"), store, editor, workspace, attempt: (run) => actions.attempt(run) });
new GoToFile({ store, open: (node) => actions.attempt(async () => {
  tree.reveal(node.id);
  await editor.open(node);
}) });
find("filter").addEventListener("input", (event) => tree.filterBy(event.target.value));
const autosave = find("autosave").querySelector("input");
const autosaveKey = `minno-autosave:${config.user}`;
function setAutosave() {
  editor.savesByItself = autosave.checked;
  if (autosave.checked) editor.files.forEach((file) => editor.saveLater(file));
  try {
    localStorage.setItem(autosaveKey, autosave.checked ? "on" : "off");
  } catch {
    // It is off again after a reload then.
  }
}
try {
  autosave.checked = localStorage.getItem(autosaveKey) === "on";
} catch {
  autosave.checked = false;
}
editor.savesByItself = autosave.checked;
autosave.addEventListener("change", setAutosave);
if (config.present) new Presence({ place: find("present"), store, editor, tree });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.defaultPrevented && !event.target.closest("dialog")) {
    event.preventDefault();
    actions.attempt(() => player.play());
  }
}, true);

async function look() {
  if (document.hidden) return;
  try {
    await store.sync();
    await editor.retry();
  } catch (failure) {
    if (failure.status === undefined) throw failure;
    // Saving says it when it matters.
  }
}
setInterval(look, LOOK_EVERY);
document.addEventListener("visibilitychange", look);
addEventListener("focus", look);

async function begin() {
  const wanted = new URLSearchParams(location.search).get("file");
  const node = wanted && store.byPath(wanted);
  for (const id of openFiles.load().filter((one) => one !== node?.id)) {
    const other = store.node(id);
    if (other && !other.folder) await editor.open(other, { show: false });
  }
  if (node && !node.folder) {
    tree.reveal(node.id);
    await editor.open(node);
  } else if (wanted) toast(gettext("There is no “%(wanted)s” in this version.", { wanted }));
  await bringBackDrafts(node);
  isBegun = true;
  openFiles.save(editor.files.map((one) => one.id));
}

// Unsaved text that this browser kept: of this version, and of those before it.
async function bringBackDrafts(node) {
  if (!editable) {
    for (const draft of drafts.all()) await editor.openKept(draft);
    return;
  }
  await actions.attempt(() => editor.nextVersion.adopt());
  const kept = drafts.all();
  for (const draft of kept) {
    const open = editor.files.find((one) => one.id === draft.id);
    if (!store.node(draft.id)) await actions.attempt(() => editor.openOrphan(draft));
    else if (!open) await editor.open(store.node(draft.id));
    else if (!open.isDirty && open.state) open.takeDraft();
  }
  if (node && kept.length && !node.folder) await editor.open(node);
}
begin();
