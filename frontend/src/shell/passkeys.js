// Passkeys: the login button, and the form of Settings that adds one. Both ask the Dashboard for options, the device
// for an answer, and take the answer back. Where the browser knows no passkeys they stay hidden.
import { post } from "./api.js";
import { gettext } from "./texts.js";

const CANCELLED = gettext("Nothing was changed: your device did not answer.");
const KNOWN = gettext("This device already has a passkey of yours for this Dashboard.");

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

async function answerOf(options, isNew) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (isNew) {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = named(options.excludeCredentials);
  } else {
    publicKey.allowCredentials = named(options.allowCredentials);
  }
  const made = await navigator.credentials[isNew ? "create" : "get"]({ publicKey });
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

function sentenceOf(error) {
  if (error.name === "InvalidStateError") return KNOWN;
  return error instanceof DOMException ? CANCELLED : error.message;
}

async function run(place, given, isNew) {
  const alert = place.querySelector("[role=alert]");
  alert.hidden = true;
  try {
    const { options } = await post(place.dataset.begin, given);
    const credential = await answerOf(options, isNew);
    const { next } = await post(place.dataset.finish, { ...given, password: "", credential });
    location.assign(next);
  } catch (error) {
    alert.textContent = sentenceOf(error);
    alert.hidden = false;
  }
}

if (window.PublicKeyCredential) {
  for (const place of document.querySelectorAll("[data-passkey]")) {
    const isNew = place.matches("form");
    place.hidden = false;
    place.addEventListener(isNew ? "submit" : "click", (event) => {
      if (!isNew && !event.target.closest("button")) return;
      event.preventDefault();
      run(place, isNew ? Object.fromEntries(new FormData(place)) : { next: place.dataset.next }, isNew);
    });
  }
  for (const missing of document.querySelectorAll("[data-passkey-missing]")) missing.hidden = true;
}
