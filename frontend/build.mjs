// Builds the files that the pages load into the package; `--watch` rebuilds at every change.
import { rm } from "node:fs/promises";
import * as esbuild from "esbuild";

const out = "../src/minno_dashboard/ui/static/build";
const options = {
  entryPoints: { app: "src/app.js", study: "src/study/page.js", versions: "src/versions/page.js", style: "src/app.css" },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
};
// The theme is set before the first paint, so this one is a classic script that blocks.
const theme = { ...options, entryPoints: { theme: "src/theme.js" }, splitting: false, format: "iife" };

if (process.argv.includes("--watch")) {
  for (const one of [options, theme]) await (await esbuild.context(one)).watch();
} else {
  await rm(out, { recursive: true, force: true });
  await Promise.all([esbuild.build(options), esbuild.build(theme)]);
}
