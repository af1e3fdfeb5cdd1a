// The ending of a file's name, and what kind of file it stands for.
const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico", "svg"]);
const SOUNDS = new Set(["mp3", "m4a", "aac", "flac", "oga", "ogg", "opus", "wav"]);
const FILMS = new Set(["mp4", "m4v", "mov", "ogv", "webm"]);
const CODE = new Set(["js", "mjs", "cjs", "jsx", "ts", "tsx", "html", "htm", "jst", "css", "xml", "py", "r"]);
const TABLES = new Set(["json", "csv", "tsv", "xlsx", "sav"]);

export function extensionOf(name) {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

// How a file is opened: as text, or shown by the browser.
export function kindOf(name) {
  const extension = extensionOf(name);
  if (extension === "pdf") return "pdf";
  if (SOUNDS.has(extension)) return "audio";
  if (FILMS.has(extension)) return "video";
  return IMAGES.has(extension) && extension !== "svg" ? "image" : "text";
}

// The name of the picture beside a file in the tree.
export function iconOf(name) {
  const extension = extensionOf(name);
  if (IMAGES.has(extension)) return "file-image";
  if (SOUNDS.has(extension) || FILMS.has(extension)) return "file-media";
  if (CODE.has(extension)) return "file-code";
  if (TABLES.has(extension)) return "file-table";
  return "file";
}
