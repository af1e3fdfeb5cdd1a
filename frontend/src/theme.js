// Follows the system's light or dark, unless the reader chose one in Settings (cookie "theme": light, dark).
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = document.cookie.match(/(?:^|; )theme=(\w+)/)?.[1];
  const theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
}

apply();
dark.addEventListener("change", apply);
addEventListener("storage", apply);
addEventListener("themechange", apply);
