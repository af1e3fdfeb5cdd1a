import assert from "node:assert/strict";
import { test } from "node:test";
import "./environment.mjs";
import { found } from "../src/study/go_to_file.js";
import { accepted, isArchive } from "../src/study/archive.js";
import { parted, planned, without } from "../src/study/upload.js";

const files = (...paths) => paths.map((path) => ({ path, file: {} }));

test("where nothing is taken each file must be new", () => {
  assert.deepEqual(planned(files("a", "b"), [], "overwrite").map((one) => [one.ifThere, one.replaces]), [["new", undefined], ["new", undefined]]);
});

test("what is overwritten is the blob that was seen, and nothing else", () => {
  const taken = [{ path: "a", there: "A", blob: "b1" }];
  assert.deepEqual(planned(files("a", "b"), taken, "overwrite").map((one) => [one.path, one.ifThere, one.replaces]), [["a", "overwrite", "b1"], ["b", "new", undefined]]);
  assert.deepEqual(planned(files("a", "b"), taken, "keep_both").map((one) => [one.path, one.ifThere]), [["a", "keep_both"], ["b", "new"]]);
  assert.deepEqual(planned(files("a", "b"), taken, "skip").map((one) => one.path), ["b"]);
});

test("of names that are one, the first goes as any other and the others come after it, or not at all", () => {
  const { first, others } = parted(files("Cat", "dog", "cat", "CAT"), [["Cat", "cat", "CAT"]], "keep_both");
  assert.deepEqual(first.map((one) => one.path), ["Cat", "dog"]);
  assert.deepEqual(others.map((one) => [one.path, one.ifThere]), [["cat", "keep_both"], ["CAT", "keep_both"]]);
  assert.deepEqual(parted(files("Cat", "cat"), [["Cat", "cat"]], "skip").others, []);
});

test("letters of a path find it, its name before its folders", () => {
  const paths = ["images/task/left.svg", "task.js", "tests/a s k.txt", "readme.md"].map((path) => ({ path }));
  assert.deepEqual(found(paths, "task").map((one) => one.path), ["task.js", "images/task/left.svg", "tests/a s k.txt"]);
  assert.deepEqual(found(paths, "rdm").map((one) => one.path), ["readme.md"]);
  assert.deepEqual(found(paths, "nothing"), []);
  assert.equal(found(paths, "").length, 4);
});

test("what systems leave in folders is not sent", () => {
  assert.deepEqual(without(files("a/x.js", "a/.DS_Store"), ["a/.DS_Store"]).map((one) => one.path), ["a/x.js"]);
});

test("an archive that came by itself is one, a file dialog looks at its last ending alone", () => {
  const endings = [".zip", ".tar.gz", ".tgz"];
  const asked = ["a.ZIP", "a.tar.gz", "a.gz", "zip", "folder/a.zip"].map((path) => isArchive({ path }, endings));
  assert.deepEqual(asked, [true, true, false, false, false]);
  assert.equal(accepted(endings), ".zip,.gz,.tgz");
});
