import assert from "node:assert/strict";
import { test } from "node:test";
import { Storage } from "./environment.mjs";
import { discardKept, keptPaths } from "../src/shell/kept.js";
import { Drafts } from "../src/study/drafts.js";

const drafts = (storage, given = {}) => new Drafts({ user: 7, study: "faces", version: 1, storage, ...given });
const text = (words, path = "a.js") => ({ text: words, blob: "b1", path });

test("a draft is read by the next window, and removed once that window saved it", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("typed"));
  const next = drafts(storage);
  assert.equal(next.read(3).text, "typed");
  next.forget(3);
  assert.equal(storage.length, 0);
});

test("what another window wrote meanwhile stays", () => {
  const storage = new Storage();
  const [first, second] = [drafts(storage), drafts(storage)];
  first.keep(3, text("first"));
  assert.equal(second.read(3).text, "first");
  first.keep(3, { ...text("first, and more"), at: "2999-01-01T00:00:00Z" });
  second.forget(3);
  assert.equal(second.read(3).text, "first, and more");
});

test("nobody reads the drafts of another user", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("hers"));
  assert.equal(drafts(storage, { user: 8 }).read(3), null);
  assert.equal(drafts(storage, { user: 77 }).read(3), null);
  assert.deepEqual(keptPaths(8, storage), []);
});

test("at log-out the drafts of this user alone are counted and discarded", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("one", "a.js"));
  drafts(storage).keep(3, text("two", "a.js"));
  drafts(storage, { study: "other" }).keep(9, text("three", "b.js"));
  drafts(storage, { user: 8 }).keep(3, text("his", "c.js"));
  assert.deepEqual(keptPaths(7, storage).sort(), ["a.js", "b.js"]);
  discardKept(7, storage);
  assert.deepEqual(keptPaths(7, storage), []);
  assert.deepEqual(keptPaths(8, storage), ["c.js"]);
});

test("what is discarded is not written again by the page that is left", () => {
  const storage = new Storage();
  const page = drafts(storage);
  page.isClosed = true;
  assert.equal(page.keep(3, text("typed")), false);
  assert.equal(storage.length, 0);
});

test("a full storage is said and loses nothing that was kept before", () => {
  const storage = new Storage();
  const page = drafts(storage);
  page.keep(3, text("before"));
  storage.isFull = true;
  assert.equal(page.keep(3, text("after")), false);
  assert.equal(page.works, false);
  assert.equal(page.read(3).text, "before");
});

test("drafts of earlier versions follow their file into this one", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("typed in v1"));
  drafts(storage, { version: 3 }).keep(40, text("typed in v3"));
  const second = drafts(storage, { version: 2 });
  const [older, ...more] = second.ofEarlierVersions();
  assert.equal(more.length, 0);
  second.adopt(older, 30);
  assert.equal(second.read(30).text, "typed in v1");
  assert.equal(second.read(30).version, 1);
  assert.deepEqual(second.ofEarlierVersions(), []);
});

test("where the file has a draft already both stay", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("typed in v1"));
  const second = drafts(storage, { version: 2 });
  second.keep(30, text("typed in v2"));
  second.adopt(second.ofEarlierVersions()[0], 30);
  assert.deepEqual(second.all().map((one) => one.text).sort(), ["typed in v1", "typed in v2"]);
});

test("a draft of a file that is no more stays as text", () => {
  const storage = new Storage();
  drafts(storage).keep(3, text("typed in v1"));
  const second = drafts(storage, { version: 2 });
  second.adopt(second.ofEarlierVersions()[0], null);
  assert.equal(second.read(3).text, "typed in v1");
});
