// What the page says to a participant, apart from the study's own styles.
const STYLE = `
  :host { all: initial; }
  .bar, .cover { font: 1rem/1.5 system-ui, sans-serif; box-sizing: border-box; color: #111; background: #fff; overflow-wrap: anywhere; }
  .bar { position: fixed; inset-inline: 0; inset-block-end: 0; z-index: 2147483646; display: flex; gap: 1rem; align-items: start;
    padding: .6rem 1rem; border-block-start: 3px solid #b45309; box-shadow: 0 -2px 8px #0003; }
  .bar.good { border-color: #15803d; }
  .bar.test { inset-block: 0 auto; border-block: 0 2px solid #1d4ed8; padding: .2rem 1rem; font-size: .9rem; }
  .bar p { margin: 0; flex: 1; }
  .cover { position: fixed; inset: 0; z-index: 2147483647; overflow: auto; display: grid; place-content: center; padding: 1.5rem; text-align: center; }
  .cover p { max-width: 36rem; margin: .5rem auto; font-size: 1.15rem; }
  code { font: 600 1.3rem ui-monospace, monospace; }
  button { font: inherit; padding: .1rem .7rem; }
  @media (prefers-color-scheme: dark) { .bar, .cover { color: #eee; background: #1c1c1f; } }
`;

let root = null;

function place() {
  if (root?.host.isConnected) return root;
  const host = document.createElement("div");
  host.setAttribute("data-minno-notices", "");
  root = root ?? host.attachShadow({ mode: "open" });
  if (!root.childElementCount) {
    const style = document.createElement("style");
    style.textContent = STYLE;
    root.append(style);
  }
  (document.body ?? document.documentElement).append(root.host);
  return root;
}

function element(name, kind, role) {
  const there = place().querySelector(`.${name}`);
  const made = there ?? document.createElement("div");
  made.className = `${kind} ${name}`;
  made.setAttribute("role", role);
  if (!there) place().append(made);
  return made;
}

const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text, dir: "auto" });

export function showBar(text, { good = false } = {}) {
  const bar = element("line", "bar", "status");
  bar.classList.toggle("good", good);
  bar.replaceChildren(paragraph(text));
  return bar;
}

export function hideBar() {
  root?.querySelector(".line")?.remove();
}

export function showTest(text, close) {
  const bar = element("test", "bar", "status");
  const button = Object.assign(document.createElement("button"), { textContent: close, type: "button" });
  button.addEventListener("click", () => bar.remove());
  bar.replaceChildren(paragraph(text), button);
}

// Covers the study: nothing of it can be used any more.
export function showCover(texts, code) {
  const cover = element("end", "cover", "alert");
  const lines = texts.filter(Boolean).map(paragraph);
  if (code) lines.at(-1)?.append(document.createElement("br"), Object.assign(document.createElement("code"), { textContent: code }));
  cover.replaceChildren(...lines);
  return cover;
}

export function hideCover() {
  root?.querySelector(".end")?.remove();
}
