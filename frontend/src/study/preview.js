// Pictures, sound, video and PDFs are shown, other bytes are offered for download.
import { el, size } from "./dom.js";
import { gettext } from "../shell/texts.js";

export function rawAddress(config, path, { download = false } = {}) {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `${config.raw}${encoded}?v=${config.version}${download ? "&download" : ""}`;
}

export function preview(file, config) {
  const address = `${rawAddress(config, file.path)}&blob=${file.blob.slice(0, 12)}`;
  const download = el("a", { class: "btn btn-outline-secondary", href: rawAddress(config, file.path, { download: true }) }, gettext("Download (%(size)s)", { size: size(file.size) }));
  if (file.kind === "image") {
    const image = el("img", { src: address, alt: file.name });
    const facts = el("p", { class: "muted" });
    image.addEventListener("load", () => { facts.textContent = gettext("%(width)s × %(height)s pixels", { width: image.naturalWidth, height: image.naturalHeight }); });
    image.addEventListener("error", () => { facts.textContent = gettext("This file is named like a picture, but cannot be shown as one."); });
    return el("div", { class: "preview" }, image, facts, download);
  }
  if (file.kind === "pdf") {
    return el("div", { class: "preview preview-pdf" }, el("iframe", { src: address, title: file.name }), download);
  }
  if (file.kind === "audio" || file.kind === "video") {
    const media = el(file.kind, { src: address, controls: true, preload: "metadata", "aria-label": file.name });
    const facts = el("p", { class: "muted" });
    media.addEventListener("error", () => { facts.textContent = gettext("This browser cannot play this file."); });
    return el("div", { class: "preview" }, media, facts, download);
  }
  return el("div", { class: "preview" }, el("p", {}, file.why || gettext("This file is not text, so there is nothing to edit here.")), download);
}
