// Loads CodeMirror when it is first needed.
import { ApiError } from "../shell/api.js";
import { gettext } from "../shell/texts.js";

export async function codemirror() {
  try {
    return await import("./codemirror.js");
  } catch {
    throw new ApiError(gettext("The editor could not be loaded: the Dashboard cannot be reached. Try again in a minute."), 0);
  }
}
