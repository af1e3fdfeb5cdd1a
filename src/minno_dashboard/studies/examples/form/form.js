// Sends the answers as one row, then says thanks.
const form = document.getElementById("form");
const began = Date.now();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const row = Object.fromEntries(new FormData(form));
  row.seconds = Math.round((Date.now() - began) / 1000);
  // minno.log is there when the page is played or launched, and not when it is opened from a folder.
  if (window.minno) await window.minno.log([row]);
  form.hidden = true;
  document.getElementById("thanks").hidden = false;
});
