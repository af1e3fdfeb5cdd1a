// The comparison of two versions: each difference shows its texts, or pictures, once it is opened.
import { get } from "../shell/api.js";
import { extensionOf } from "../study/extensions.js";
import { codemirror } from "../study/library.js";
import { el } from "../study/dom.js";
import { gettext } from "../shell/texts.js";

const PICTURES = new Set(["png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "ico", "avif"]);
const [oldTitle, newTitle] = JSON.parse(document.getElementById("compare-titles").textContent);

function pictures({ oldRaw, newRaw, name }) {
  const one = (address, title) => el("figure", {}, el("figcaption", {}, title), el("img", { src: address, alt: gettext("%(name)s in %(title)s", { name, title }), loading: "lazy" }));
  return el("div", { class: "difference-pictures" }, oldRaw ? one(oldRaw, oldTitle) : null, newRaw ? one(newRaw, newTitle) : null);
}

async function texts(data) {
  const read = async (address) => (address ? (await get(address)).file : { text: "", is_utf8: true });
  const [before, after] = await Promise.all([read(data.old), read(data.new)]);
  const why = before.why || after.why;
  if (before.text === null || after.text === null) return el("p", {}, why || gettext("This file is not text, so it cannot be shown side by side."));
  if (data.old && data.new && before.text === after.text) return el("p", {}, data.how === "moved" ? gettext("The content is the same.") : gettext("The texts are the same; the bytes differ in how lines end, or in a byte order mark."));
  const { compare } = await codemirror();
  return compare({ name: data.name, left: before.text, right: after.text, leftTitle: data.old ? oldTitle : gettext("Not in %(title)s", { title: oldTitle }), rightTitle: data.new ? newTitle : gettext("Not in %(title)s", { title: newTitle }) }).element;
}

async function show(details) {
  const data = details.dataset;
  const body = details.querySelector(".difference-body");
  const place = el("div", { "aria-busy": "true" }, el("p", { class: "muted" }, gettext("Reading…")));
  body.append(place);
  try {
    place.replaceChildren(PICTURES.has(extensionOf(data.name)) ? pictures(data) : await texts(data));
  } catch (failure) {
    if (failure.status === undefined) throw failure;
    delete data.shown;
    place.replaceChildren(el("p", { class: "field-error", role: "alert" }, failure.message));
  }
  place.removeAttribute("aria-busy");
}

const all = document.querySelectorAll("details.difference");
for (const details of all) {
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.shown) return;
    details.dataset.shown = "yes";
    show(details);
  });
}
if (all.length === 1) all[0].open = true;
