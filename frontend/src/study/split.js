// The line between tree and editor: dragged, or moved with the arrow keys; its place is remembered.

const [LEAST, MOST, USUAL] = [180, 640, 280];

export function makeSplitter(line, frame) {
  const rtl = () => getComputedStyle(frame).direction === "rtl";
  let width = USUAL;
  const apply = (wanted, save) => {
    width = Math.round(Math.max(LEAST, Math.min(MOST, wanted)));
    frame.style.setProperty("--tree-width", `${width}px`);
    line.setAttribute("aria-valuenow", String(width));
    if (!save) return;
    try {
      localStorage.setItem("minno-tree-width", String(width));
    } catch {
      // Not remembered then.
    }
  };
  line.setAttribute("aria-valuemin", String(LEAST));
  line.setAttribute("aria-valuemax", String(MOST));
  let kept = USUAL;
  try {
    kept = Number(localStorage.getItem("minno-tree-width")) || USUAL;
  } catch {
    kept = USUAL;
  }
  apply(kept, false);
  line.addEventListener("pointerdown", (down) => {
    line.setPointerCapture(down.pointerId);
    const start = width;
    const move = (event) => apply(start + (rtl() ? -1 : 1) * (event.clientX - down.clientX), true);
    line.addEventListener("pointermove", move);
    line.addEventListener("lostpointercapture", () => line.removeEventListener("pointermove", move), { once: true });
  });
  line.addEventListener("dblclick", () => apply(USUAL, true));
  line.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (step) apply(width + (rtl() ? -step : step), true);
    else if (event.key === "Home") apply(LEAST, true);
    else if (event.key === "End") apply(MOST, true);
    else return;
    event.preventDefault();
  });
}
