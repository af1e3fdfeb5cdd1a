import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState } from "@codemirror/state";
import { Dashboard, Storage } from "./environment.mjs";
import { Drafts } from "../src/study/drafts.js";
import { OpenFile, replacement } from "../src/study/file.js";
import { noteOf } from "../src/study/refusals.js";
import { Store } from "../src/study/store.js";

const node = (over = {}) => ({ id: 1, parent: null, name: "a.js", folder: false, size: 4, blob: "b1", at: 0, ...over });
const content = (text, blob) => ({ text, blob, size: text.length, is_utf8: true, bom: false, newline: "\n" });
const tree = (...nodes) => ({ revision: 1, nodes, gone: [] });

async function opened(text, ...answers) {
  const dashboard = new Dashboard([200, { file: content(text, "b1") }], ...answers);
  const store = new Store({ base: "/studies/faces/v1/", tree: tree(node()) });
  const drafts = new Drafts({ user: 7, study: "faces", version: 1, storage: new Storage() });
  const makeState = ({ text: doc, onChange }) => Object.assign(EditorState.create({ doc }), { onChange });
  const file = new OpenFile({ node: node(), path: "a.js", store, drafts, editable: true, codemirror: async () => ({ makeState }) });
  await file.load();
  return { file, dashboard, drafts, store };
}

function type(file, insert, at = 0) {
  file.changed(file.state.update({ changes: { from: at, insert } }).state);
  file.keepDraft();
}

test("a save names what it started from and whom the page was rendered for", async () => {
  const { file, dashboard, drafts } = await opened("one\n", [200, { file: { blob: "b2" }, tree: { ...tree(node({ blob: "b2" })), revision: 2 } }]);
  type(file, "typed ");
  assert.equal(drafts.read(1).text, "typed one\n");
  assert.equal(await file.save(), true);
  const { json, headers } = dashboard.asked.at(-1);
  assert.equal(json.blob, "b1");
  assert.equal(json.text, "typed one\n");
  assert.equal(headers["X-Rendered-For"], "7");
  assert.equal(file.isDirty, false);
  assert.equal(drafts.read(1), null);
});

test("a change of somebody else in another place is merged and saved", async () => {
  const { file, dashboard } = await opened("1\n2\n3\n",
    [409, { error: "Changed.", theirs: content("1\n2\nthree\n", "b2") }],
    [200, { file: { blob: "b3" }, tree: null }]);
  type(file, "mine ");
  let before = null;
  file.addEventListener("merged", (event) => { before = event.detail.mine; });
  assert.equal(await file.save(), true);
  assert.deepEqual([dashboard.asked.at(-1).json.text, dashboard.asked.at(-1).json.blob], ["mine 1\n2\nthree\n", "b2"]);
  assert.equal(before, "mine 1\n2\n3\n");
});

test("a change of the same place is a conflict, and both texts stay", async () => {
  const { file, drafts } = await opened("1\n", [409, { error: "Changed.", theirs: content("theirs\n", "b2") }]);
  type(file, "mine ");
  assert.equal(await file.save(), false);
  assert.equal(file.note.kind, "conflict");
  assert.equal(file.state.sliceDoc(), "mine 1\n");
  assert.equal(drafts.read(1).text, "mine 1\n");
});

test("a second change of somebody else while merging is a conflict, and no endless round", async () => {
  const theirs = (word, blob) => [409, { error: "Changed.", theirs: content(`1\n2\n${word}\n`, blob) }];
  const { file, dashboard } = await opened("1\n2\n3\n", theirs("three", "b2"), theirs("drei", "b3"));
  type(file, "mine ");
  assert.equal(await file.save(), false);
  assert.equal(file.note.kind, "conflict");
  assert.equal(dashboard.asked.length, 3);
});

test("no refusal loses the text, and each has its own kind and sentence", async () => {
  const refusals = [
    [[401, { error: "Log in." }], "login"], [[403, { error: "No.", reason: "other_user", name: "Bob" }], "login"],
    [[403, { error: "No.", reason: "no_right" }], "lost"], [[403, { error: "No.", reason: "published", develop: null, may_begin: false }], "published"],
    [[403, { error: "No.", reason: "published", develop: null, may_begin: true }], "published"],
    [[403, { error: "No.", reason: "published", develop: { number: 2, base: "/" } }], "published"], [[403, { error: "No." }], "refused"],
    [[404, { error: "Gone." }], "gone"], [[404, { error: "Gone.", reason: "no_study" }], "lost"], [[409, { error: "Deleted.", theirs: null }], "gone"],
    [[413, { error: "Large." }], "lost"], [[422, { error: "Half a character." }], "refused"], [[423, { error: "Locked." }], "offline"],
    [[429, { error: "Often." }], "offline"], [[500, {}], "offline"], [[503, { error: "Busy." }], "offline"], [[0, {}], "offline"],
  ];
  const sentences = new Set();
  for (const [answer, kind] of refusals) {
    const { file, drafts } = await opened("one\n", answer);
    type(file, "typed ");
    assert.equal(await file.save(), false);
    assert.equal(file.note.kind, kind, JSON.stringify(answer));
    assert.equal(file.state.sliceDoc(), "typed one\n");
    assert.equal(drafts.read(1).text, "typed one\n");
    sentences.add(file.note.sentence);
  }
  assert.equal(sentences.size, refusals.length);
});

test("an unknown status is said with the server's own sentence", () => {
  assert.match(noteOf({ status: 418, message: "A teapot.", body: {} }).sentence, /^A teapot\./);
});

test("one change makes one text of another", () => {
  for (const [before, after] of [["", "a"], ["abc", "abc"], ["aXc", "aYYc"], ["aaa", "aa"], ["ab", "b"]]) {
    const { from, to, insert } = replacement(before, after);
    assert.equal(before.slice(0, from) + insert + before.slice(to), after);
  }
});

test("the store finds by path, sorts folders first, and takes no older tree", () => {
  const store = new Store({ base: "/", tree: tree(node({ id: 1, name: "b 10.js" }), node({ id: 2, name: "b 2.js" }), node({ id: 3, name: "z", folder: true }), node({ id: 4, parent: 3, name: "in.js" })) });
  assert.deepEqual(store.children(null).map((one) => one.id), [3, 2, 1]);
  assert.equal(store.byPath("z/in.js").id, 4);
  assert.equal(store.byPath("z/out.js"), null);
  assert.equal(store.isUnder(4, 3), true);
  store.take({ revision: 0, nodes: [node({ id: 9 })], gone: [] });
  assert.equal(store.node(9), undefined);
  store.take({ revision: 2, nodes: [], gone: [4] });
  assert.equal(store.byPath("z/in.js"), null);
});
