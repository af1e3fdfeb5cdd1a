// A CSV as a table: quotes, line ends, delimiters, and what is counted.
import "./environment.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { delimiterOf, rowsOf } from "../src/study/table.js";

test("cells may hold quotes, delimiters and line ends", () => {
  const { rows, total } = rowsOf('a,b\r\n"x, ""y""","two\nlines"\r\n\r\nlast,\n', ",");
  assert.deepEqual(rows, [["a", "b"], ['x, "y"', "two\nlines"], ["last", ""]]);
  assert.equal(total, 3);
});

test("only the first rows are kept, all are counted", () => {
  const { rows, total } = rowsOf("n\n".repeat(1000), ",", 10);
  assert.equal(rows.length, 10);
  assert.equal(total, 1000);
});

test("a quote inside a cell is a sign, and an open quote loses nothing", () => {
  assert.deepEqual(rowsOf('5" nail,b', ",").rows, [['5" nail', "b"]]);
  assert.deepEqual(rowsOf('a\n"open,b\nc', ",").rows, [["a"], ["open,b\nc"]]);
  assert.deepEqual(rowsOf("", ",").rows, []);
});

test("the delimiter is seen from the first line", () => {
  assert.equal(delimiterOf("a.tsv", "a,b,c"), "\t");
  assert.equal(delimiterOf("a.csv", "a,b;c,d"), ",");
  assert.equal(delimiterOf("a.csv", '"a,b,c,d";b\n1,5;2'), ";");
  assert.equal(delimiterOf("a.csv", "one"), ",");
});
