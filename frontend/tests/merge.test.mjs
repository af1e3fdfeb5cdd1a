import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, commonLines, merge } from "../src/study/merge.js";

const SEED = Number(process.env.MERGE_SEED ?? 20261128);

function numbers(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

function edited(lines, random, letters) {
  const copy = [...lines];
  for (let count = random(4); count > 0; count -= 1) {
    const at = random(copy.length + 1);
    const how = random(3);
    if (how === 0) copy.splice(at, 0, `${letters[random(letters.length)]}\n`);
    else if (how === 1) copy.splice(at, 1);
    else if (at < copy.length) copy[at] = `${letters[random(letters.length)]}\n`;
  }
  return copy;
}

function* triples() {
  const random = numbers(SEED);
  for (let round = 0; round < 4000; round += 1) {
    const base = Array.from({ length: random(12) }, () => `${"abcd"[random(4)]}\n`);
    yield [base, edited(base, random, "uvw"), edited(base, random, "xyz")];
  }
}

function longestCommon(a, b) {
  const best = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let x = a.length - 1; x >= 0; x -= 1) {
    for (let y = b.length - 1; y >= 0; y -= 1) best[x][y] = a[x] === b[y] ? best[x + 1][y + 1] + 1 : Math.max(best[x + 1][y], best[x][y + 1]);
  }
  return best[0][0];
}

test(`lines in common are in common, in order, and as many as possible (seed ${SEED})`, () => {
  for (const [base, mine] of triples()) {
    const pairs = commonLines(base, mine);
    pairs.forEach(([x, y], index) => {
      assert.equal(base[x], mine[y]);
      if (index) assert.ok(x > pairs[index - 1][0] && y > pairs[index - 1][1]);
    });
    assert.equal(pairs.length, longestCommon(base, mine));
  }
});

test("the changes of a text, made to its base, give the text", () => {
  for (const [base, mine] of triples()) {
    const made = [];
    let at = 0;
    for (const { from, to, lines } of changesOf(base, mine)) {
      made.push(...base.slice(at, from), ...lines);
      at = to;
    }
    assert.deepEqual([...made, ...base.slice(at)], mine);
  }
});

test("a merge is the same from both sides, and holds every line that either side added", () => {
  let merged = 0;
  let refused = 0;
  for (const [base, mine, theirs] of triples()) {
    const [b, m, t] = [base, mine, theirs].map((lines) => lines.join(""));
    const both = merge(b, m, t);
    assert.equal(both, merge(b, t, m));
    if (both === null) {
      refused += 1;
      continue;
    }
    merged += 1;
    for (const side of [mine, theirs]) for (const line of side.filter((one) => "uvwxyz".includes(one[0]))) assert.ok(both.includes(line));
  }
  assert.ok(merged > 500 && refused > 500);
});

test("edits before and after an unchanged line go together exactly", () => {
  const random = numbers(SEED + 1);
  for (let round = 0; round < 2000; round += 1) {
    const part = (letters) => Array.from({ length: random(6) }, () => `${letters[random(4)]}\n`);
    const [before, after] = [part("abcd"), part("efgh")];
    const [mine, theirs] = [edited(before, random, "uvw"), edited(after, random, "xyz")];
    const text = (...parts) => parts.flat().join("");
    const rail = ["= unchanged =\n"];
    assert.equal(merge(text(before, rail, after), text(mine, rail, after), text(before, rail, theirs)), text(mine, rail, theirs));
  }
});

test("one side alone is taken as it is", () => {
  for (const [base, mine] of triples()) {
    const [b, m] = [base.join(""), mine.join("")];
    assert.equal(merge(b, m, b), m);
    assert.equal(merge(b, b, m), m);
    assert.equal(merge(b, m, m), m);
  }
});

test("edits of different places go together; of the same place, or of places that touch, they do not", () => {
  assert.equal(merge("1\n2\n3\n", "one\n2\n3\n", "1\n2\nthree\n"), "one\n2\nthree\n");
  assert.equal(merge("1\n2\n3\n", "mine\n2\n3\n", "theirs\n2\n3\n"), null);
  assert.equal(merge("1\n2\n", "1\nmine\n2\n", "1\ntheirs\n2\n"), null);
  assert.equal(merge("1\n2\n3", "1\n2\n3!", "0\n1\n2\n3"), "0\n1\n2\n3!");
  assert.equal(merge("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n"), "A\r\nb\r\nC\r\n");
});

test("texts that differ everywhere are not compared", () => {
  const lines = (word) => Array.from({ length: 3000 }, (_, index) => `${word} ${index}\n`).join("");
  assert.equal(merge(lines("base"), lines("mine"), lines("theirs")), null);
});
