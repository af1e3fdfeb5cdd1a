// What the editor says where a save was refused: a sentence, and the kind that its ways on follow from.
import { gettext } from "../shell/texts.js";

const stays = (message) => gettext("%(message)s Your text stays here, unsaved.", { message });

function published({ develop, may_begin: mayBegin }) {
  const note = { kind: "published", develop, mayBegin };
  if (develop) return { ...note, sentence: gettext("This version was published meanwhile, so its files are locked. Save your text into v%(number)s instead.", { number: develop.number }) };
  if (mayBegin) return { ...note, sentence: gettext("This version was published meanwhile, so its files are locked. Start the next version with your text.") };
  return { ...note, sentence: gettext("This version was published meanwhile, so its files are locked. Your text stays here: it goes into the next version as soon as somebody starts one.") };
}

const FORBIDDEN = {
  published: (failure) => published(failure.body),
  no_right: () => ({ kind: "lost", sentence: gettext("You do not have the right to change this study any more. Your text stays here: copy it or download it, or ask the owner.") }),
  other_user: (failure) => ({ kind: "login", sentence: gettext("This browser is logged in as %(name)s now, so nothing was saved. Log in as yourself again in a new tab, then save again.", { name: failure.body.name }) }),
};

// The note for an answer that is not a success: { kind, sentence, … }.
export function noteOf(failure) {
  const { status, body } = failure;
  if (status === 409) {
    return body.theirs ? { kind: "conflict", sentence: failure.message, theirs: body.theirs } : { kind: "gone", sentence: failure.message };
  }
  if (status === 401) return { kind: "login", sentence: gettext("You are logged out, so this was not saved. Your text stays here.") };
  if (status === 403 && FORBIDDEN[body.reason]) return FORBIDDEN[body.reason](failure);
  if (status === 404) {
    if (body.reason === "no_study") return { kind: "lost", sentence: gettext("This study was deleted, or is not shared with you any more. Your text stays here: copy it or download it.") };
    return { kind: "gone", sentence: gettext("This file no longer exists. Your text stays here.") };
  }
  if (status === 413) return { kind: "lost", sentence: gettext("%(message)s Your text stays here: make it shorter, or download it.", { message: failure.message }) };
  if (status === 423) return { kind: "offline", sentence: gettext("The Dashboard is locked for changes at the moment. Your text stays here and is saved as soon as that is over.") };
  if (status === 429 || status === 503) return { kind: "offline", sentence: gettext("%(message)s Your text stays here and is saved as soon as possible.", { message: failure.message }) };
  if (status === 0 || status >= 500) return { kind: "offline", sentence: stays(failure.message) };
  return { kind: "refused", sentence: stays(failure.message) };
}

// What is said of unsaved text of a version that is published.
export function keptNote({ develop, may_begin: mayBegin }, at) {
  const { sentence, ...note } = published({ develop, may_begin: mayBegin });
  return { ...note, at, sentence: gettext("You had not saved this text when the version was published. %(sentence)s", { sentence: ways(note, sentence) }) };
}

function ways({ develop, mayBegin }, otherwise) {
  if (develop) return gettext("Save it into v%(number)s.", { number: develop.number });
  return mayBegin ? gettext("Start the next version with it.") : otherwise;
}
