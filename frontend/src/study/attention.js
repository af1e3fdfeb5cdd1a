// Whether a person still waits for what they asked for, so that it may take the focus when it comes.

// The row of the tree, or the element, that has the focus; rows are made anew under it.
function place() {
  const element = document.activeElement;
  return element?.closest("[data-id]")?.dataset.id ?? element;
}

// Returns a function to call once, when the answer is there: true where nothing was pressed since and the focus is where it was.
export function watchAttention() {
  const before = place();
  let pressed = false;
  const note = () => {
    pressed = true;
  };
  const kinds = ["keydown", "pointerdown"];
  for (const kind of kinds) document.addEventListener(kind, note, true);
  return () => {
    for (const kind of kinds) document.removeEventListener(kind, note, true);
    return !pressed && (place() === before || document.activeElement === document.body);
  };
}
