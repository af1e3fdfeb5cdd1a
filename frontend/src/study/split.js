// A line between two panes: dragged, or moved with the arrow keys; its place is remembered.

// `property` is the CSS variable with the width, `key` where it is remembered; `ahead` is -1 where the pane lies behind the line.
export function makeSplitter(line, frame, { least = 180, most = 640, usual = 280, property = "--tree-width", key = "minno-tree-width", ahead = 1 } = {}) {
  const sign = () => (getComputedStyle(frame).direction === "rtl" ? -ahead : ahead);
  let width = usual;
  const apply = (wanted, save) => {
    width = Math.round(Math.max(least, Math.min(most, wanted)));
    frame.style.setProperty(property, `${width}px`);
    line.setAttribute("aria-valuenow", String(width));
    if (!save) return;
    try {
      localStorage.setItem(key, String(width));
    } catch {
      // Not remembered then.
    }
  };
  line.setAttribute("aria-valuemin", String(least));
  line.setAttribute("aria-valuemax", String(most));
  let kept = usual;
  try {
    kept = Number(localStorage.getItem(key)) || usual;
  } catch {
    kept = usual;
  }
  apply(kept, false);
  line.addEventListener("pointerdown", (down) => {
    line.setPointerCapture(down.pointerId);
    frame.classList.add("is-splitting"); // a preview must not swallow the pointer
    const start = width;
    const move = (event) => apply(start + sign() * (event.clientX - down.clientX), true);
    line.addEventListener("pointermove", move);
    line.addEventListener("lostpointercapture", () => {
      frame.classList.remove("is-splitting");
      line.removeEventListener("pointermove", move);
    }, { once: true });
  });
  line.addEventListener("dblclick", () => apply(usual, true));
  line.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (step) apply(width + sign() * step, true);
    else if (event.key === "Home") apply(least, true);
    else if (event.key === "End") apply(most, true);
    else return;
    event.preventDefault();
  });
}
