import assert from "node:assert/strict";
import { test } from "node:test";
import "./environment.mjs";

document.querySelectorAll = () => [];
globalThis.setInterval = () => 0; // relative times are kept true for as long as a page is open
const { Actions } = await import("../src/study/actions.js");

function labels(nodes) {
  const actions = new Actions({ store: {}, config: {}, editable: true });
  actions.player = { plays: () => false };
  return actions.listWithStudy(nodes).map((item) => item.label ?? item);
}

test("the actions of the study stand below those of the selection, each once", () => {
  const found = labels([{ id: 1, name: "a.js", folder: false }]);
  for (const label of ["Rename", "New file…", "Upload a folder…", "Download everything as zip"]) assert.equal(found.filter((one) => one === label).length, 1, label);
  assert.ok(found.indexOf("Rename") < found.indexOf("New file…"));
  const folder = labels([{ id: 1, name: "a", folder: true }]);
  assert.equal(folder.filter((one) => one === "New file…").length, 1);
  assert.equal(folder.at(-1), "Download everything as zip");
});
