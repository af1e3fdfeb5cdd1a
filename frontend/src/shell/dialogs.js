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

// A dialog that came back from the server with errors opens itself.
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
