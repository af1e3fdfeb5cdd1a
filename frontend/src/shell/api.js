// Calls the Dashboard's own JSON addresses; every failure has a sentence for the person.
import { gettext } from "./texts.js";

export class ApiError extends Error {
  // `status` is the HTTP status, 0 where there was no answer; `body` is what the Dashboard sent with it.
  constructor(sentence, status, body = {}) {
    super(sentence);
    this.status = status;
    this.body = body;
  }
}

const SENTENCES = {
  0: gettext("The Dashboard cannot be reached. Check your connection and try again."),
  401: gettext("You are logged out. Log in again to continue."),
  403: gettext("You don't have permission."),
  413: gettext("This is larger than the Dashboard accepts."),
  423: gettext("The Dashboard is locked for changes at the moment. Try again in a minute."),
  503: gettext("The Dashboard is busy at the moment. Try again in a minute."),
};

export function csrf() {
  // Logging in again in another tab changes the token; the cookie always holds the newest.
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : document.body.dataset.csrf;
}

// Whom this page was rendered for: the Dashboard refuses a write when somebody else is logged in by now.
export function renderedFor() {
  return document.body.dataset.user ?? "";
}

export async function call(method, address, { json, body, headers = {}, signal } = {}) {
  const sent = { "X-Requested-With": "fetch", Accept: "application/json", "X-CSRFToken": csrf(), "X-Rendered-For": renderedFor(), ...headers };
  if (json !== undefined) {
    sent["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  }
  let answer;
  try {
    answer = await fetch(address, { method, headers: sent, body, signal, credentials: "same-origin", redirect: "manual" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(SENTENCES[0], 0);
  }
  if (answer.type === "opaqueredirect") throw new ApiError(SENTENCES[401], 401);
  let content = null;
  try {
    content = await answer.json();
  } catch {
    content = null;
  }
  if (!answer.ok || content === null) {
    const sentence = content?.error || SENTENCES[answer.status] || gettext("The Dashboard could not do this. Try again in a minute.");
    throw new ApiError(sentence, answer.ok ? 502 : answer.status, content ?? {});
  }
  return content;
}

export const get = (address, options) => call("GET", address, options);
export const post = (address, json = {}, options = {}) => call("POST", address, { json, ...options });
