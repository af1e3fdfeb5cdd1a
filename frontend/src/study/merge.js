// Three-way merge of texts by lines: what two people changed in different places of one text goes together.

const MAX_STEPS = 500; // lines that differ between two texts, beyond which they are not compared

// The lines with their ends, so that joining them gives back the text.
function linesOf(text) {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

// The lines that two texts have in common, as pairs of their places, by the greedy algorithm of Myers (1986).
// Null where the texts differ in more than MAX_STEPS lines.
export function commonLines(a, b) {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const middle = shortestPath(a.slice(start, endA), b.slice(start, endB));
  if (!middle) return null;
  const pairs = [];
  for (let at = 0; at < start; at += 1) pairs.push([at, at]);
  for (const [x, y] of middle) pairs.push([x + start, y + start]);
  for (let at = 0; endA + at < a.length; at += 1) pairs.push([endA + at, endB + at]);
  return pairs;
}

function shortestPath(a, b) {
  const reach = new Map([[1, 0]]);
  const history = [];
  for (let steps = 0; steps <= Math.min(a.length + b.length, MAX_STEPS); steps += 1) {
    history.push(new Map(reach));
    for (let k = -steps; k <= steps; k += 2) {
      const down = k === -steps || (k !== steps && reach.get(k - 1) < reach.get(k + 1));
      let x = down ? reach.get(k + 1) : reach.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(history, a, b, steps);
    }
  }
  return null;
}

function walkBack(history, a, b, steps) {
  const pairs = [];
  let [x, y] = [a.length, b.length];
  for (let step = steps; step >= 0; step -= 1) {
    const reach = history[step];
    const k = x - y;
    const down = k === -step || (k !== step && reach.get(k - 1) < reach.get(k + 1));
    const before = down ? k + 1 : k - 1;
    const [fromX, fromY] = step === 0 ? [0, 0] : [reach.get(before), reach.get(before) - before];
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
      if (step > 0 && (down ? x === fromX : y === fromY)) break;
    }
    [x, y] = [fromX, fromY];
  }
  return pairs.reverse();
}

// What `text` puts in the place of lines [from, to) of the base: [{ from, to, lines }].
export function changesOf(base, text) {
  const pairs = commonLines(base, text);
  if (!pairs) return null;
  const changes = [];
  let [x, y] = [0, 0];
  for (const [toX, toY] of [...pairs, [base.length, text.length]]) {
    if (toX > x || toY > y) changes.push({ from: x, to: toX, lines: text.slice(y, toY) });
    [x, y] = [toX + 1, toY + 1];
  }
  return changes;
}

const isSame = (one, other) => one.from === other.from && one.to === other.to && one.lines.join("") === other.lines.join("");
// Changes that touch are one place: nobody can say in which order two insertions belong.
const meets = (one, other) => one.from <= other.to && other.from <= one.to;

// The text with both changes, or null where they meet (or the texts differ too much to compare).
export function merge(base, mine, theirs) {
  if (mine === theirs || base === theirs) return mine;
  if (base === mine) return theirs;
  const lines = linesOf(base);
  const [ours, others] = [changesOf(lines, linesOf(mine)), changesOf(lines, linesOf(theirs))];
  if (!ours || !others) return null;
  const added = others.filter((one) => !ours.some((other) => isSame(one, other)));
  if (added.some((one) => ours.some((other) => meets(one, other)))) return null;
  const merged = [];
  let at = 0;
  for (const { from, to, lines: put } of [...ours, ...added].sort((a, b) => a.from - b.from)) {
    merged.push(...lines.slice(at, from), ...put);
    at = to;
  }
  return [...merged, ...lines.slice(at)].join("");
}
