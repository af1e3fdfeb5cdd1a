// Unsaved texts that this browser keeps, whatever page is open: counted and discarded at logout.

export const PREFIX = "minno-draft:";

// The paths of the files that this user has unsaved text of.
export function keptPaths(user, storage = localStorage) {
  return [...new Set(keysOf(user, storage).map((key) => pathIn(storage.getItem(key)) ?? key))];
}

export function discardKept(user, storage = localStorage) {
  for (const key of keysOf(user, storage)) storage.removeItem(key);
}

function keysOf(user, storage) {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  return keys.filter((key) => key.startsWith(`${PREFIX}${user}:`));
}

function pathIn(held) {
  try {
    return JSON.parse(held).path;
  } catch {
    return null; // not written by us
  }
}
