// Native dialogs: <button data-dialog="id"> opens <dialog id>; a [data-close] button or Escape closes it.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset.dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.select?.();
  }
  const closer = event.target.closest("dialog [data-close]");
  if (closer) closer.closest("dialog").close();
});

// `?` lists the keys, where a page has some and nobody is typing.
document.addEventListener("keydown", (event) => {
  const keys = document.getElementById("keys");
  if (!keys || event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable=true]")) return;
  event.preventDefault();
  event.stopPropagation();
  keys.showModal();
}, true);

// A dialog that came back from the server with errors opens itself.
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
