// The history of a file and the deleted things of a tree.
import { get } from "../shell/api.js";
import { ago, timeElement } from "../shell/times.js";
import { toast } from "../shell/toast.js";
import { openPanel } from "./ask.js";
import { el, plural, size } from "./dom.js";
import { codemirror } from "./library.js";
import { gettext } from "../shell/texts.js";

const HOW = { saved: gettext("Saved"), uploaded: gettext("Uploaded"), restored: gettext("Restored"), copied: gettext("Copied"), imported: gettext("Imported") };

export async function showHistory({ node, store, editor, editable }) {
  const address = `${store.base}files/${node.id}/history`;
  const { versions } = await get(address);
  const place = el("div", { class: "history-view", role: "region", "aria-label": gettext("Comparison") }, el("p", { class: "muted" }, gettext("Choose a state to compare it with the current text.")));
  const list = el("ul", { class: "history-list", "aria-label": gettext("States") });
  const content = el("div", { class: "history" }, list, place);
  const panel = openPanel(gettext("History of “%(name)s”", { name: node.name }), content);
  let view = null;

  const restore = (version) => async () => {
    try {
      const answer = await store.act(`files/${node.id}/history/${version.id}/restore`, { blob: store.node(node.id)?.blob });
      panel.dialog.close();
      toast(gettext("Restored “%(name)s” from %(ago)s.", { name: node.name, ago: ago(Date.parse(version.at)) }));
      await editor.open(store.node(answer.node));
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      place.replaceChildren(el("p", { class: "field-error", role: "alert" }, failure.message));
    }
  };

  const show = (version, button) => async () => {
    for (const other of list.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    view?.destroy();
    view = null;
    place.replaceChildren();
    try {
      const [old, now] = await Promise.all([get(`${address}/${version.id}`), get(`${store.base}files/${node.id}`)]);
      if (old.file.text === null || now.file.text === null) place.append(el("p", {}, gettext("These bytes are not text, so they cannot be compared. They can be restored.")));
      else {
        const { compare } = await codemirror();
        const open = editor.files.find((file) => file.id === node.id && file.isDirty);
        view = compare({
          name: node.name, left: old.file.text, right: open ? open.state.sliceDoc() : now.file.text,
          leftTitle: gettext("This state"), rightTitle: open ? gettext("Now, with what you have not saved") : gettext("Now"),
        });
        place.append(view.element);
      }
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      place.append(el("p", { class: "field-error", role: "alert" }, failure.message));
    }
    if (editable && !version.is_current) place.prepend(el("button", { type: "button", class: "btn btn-primary history-restore", onclick: restore(version) }, gettext("Restore this state")));
  };

  for (const version of versions) {
    const button = el("button", { type: "button", class: "history-item" },
      el("span", { class: "history-when" }, timeElement(version.at)),
      el("span", { class: "muted" }, [version.is_current ? gettext("Now") : "", version.by ? gettext("%(how)s by %(name)s", { how: HOW[version.how] ?? version.how, name: version.by }) : HOW[version.how] ?? version.how, size(version.size)].filter(Boolean).join(" · ")));
    button.addEventListener("click", show(version, button));
    list.append(el("li", {}, button));
  }
  list.querySelectorAll("time").forEach((time) => { time.textContent ||= time.dateTime; });
  document.dispatchEvent(new Event("htmx:after:settle")); // fills in the relative times
  await panel.closed;
  view?.destroy();
}

export async function showDeleted({ store, actions, editable }) {
  const { deleted } = await get(`${store.base}deleted`);
  const list = el("ul", { class: "rows" });
  const content = el("div", {}, deleted.length ? list : el("p", { class: "muted" }, gettext("Nothing was deleted from this version.")));
  const panel = openPanel(gettext("Deleted files"), content, { wide: false });
  for (const one of deleted) {
    const row = el("li", { class: "deleted-row" },
      el("div", { class: "deleted-what" },
        el("bdi", { class: "mono" }, one.name),
        el("div", { class: "muted" }, (one.folder ? gettext("Folder with %(items)s", { items: plural(one.count - 1, "item") }) : size(one.size)) + " · " + gettext("deleted") + " ", timeElement(one.at), one.by ? " " + gettext("by %(name)s", { name: one.by }) : "")));
    if (editable) {
      row.append(el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", "aria-label": gettext("Bring back %(name)s", { name: one.name }), onclick: () => actions.attempt(async () => {
        await actions.bringBack([one.id]);
        row.remove();
        if (!list.children.length) panel.dialog.close();
      }) }, gettext("Bring back")));
    }
    list.append(row);
  }
  document.dispatchEvent(new Event("htmx:after:settle"));
  await panel.closed;
}
