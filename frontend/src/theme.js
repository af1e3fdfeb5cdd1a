// Follows the system's light or dark, unless the reader chose one (localStorage "theme": light, dark).
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; the system's choice holds then.
  }
  const theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
}

apply();
dark.addEventListener("change", apply);
addEventListener("storage", apply);
addEventListener("themechange", apply);
