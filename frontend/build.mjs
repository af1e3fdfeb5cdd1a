// Builds the files that the pages load into the package; `--watch` rebuilds at every change.
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import * as esbuild from "esbuild";

const out = "../src/minno_dashboard/ui/static/build";
const options = {
  entryPoints: { app: "src/app.js", study: "src/study/page.js", versions: "src/versions/page.js", viewer: "src/viewer/page.js", style: "src/app.css" },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
};
// The theme is set before the first paint, and a played study needs its session first: classic scripts that block.
const classic = { ...options, entryPoints: { theme: "src/theme.js", play: "src/play/shim.js", launch: "src/launch/shim.js", jatos: "src/launch/jatos.js" }, splitting: false, format: "iife" };
// The interface from right to left has Bootstrap's own mirror; our styles name no side.
const mirrored = {
  ...options,
  entryPoints: { "style-rtl": "src/app.css" },
  splitting: false,
  alias: { "bootstrap/dist/css/bootstrap.css": "bootstrap/dist/css/bootstrap.rtl.css" },
};

// jsPsych goes into the example study as it comes from npm, with its licence; its source map lies on another host.
async function copyLibraries() {
  const to = `${out}/jspsych`;
  await mkdir(to, { recursive: true });
  const scripts = {
    "jspsych.js": "jspsych/dist/index.browser.min.js",
    "plugin-html-keyboard-response.js": "@jspsych/plugin-html-keyboard-response/dist/index.browser.min.js",
  };
  for (const [name, from] of Object.entries(scripts)) {
    const text = await readFile(`node_modules/${from}`, "utf8");
    await writeFile(`${to}/${name}`, text.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n"));
  }
  await cp("node_modules/jspsych/css/jspsych.css", `${to}/jspsych.css`);
  await cp("licences/jspsych.txt", `${to}/LICENSE.txt`);
}

// Browsers get these instead, where they take them: a third to a quarter of the bytes.
const SMALLEST = 1024;
const TEXTS = /\.(js|css|txt|svg)$/;
async function compress() {
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath ?? entry.path}/${entry.name}`;
    if (!entry.isFile() || !TEXTS.test(entry.name)) continue;
    const content = await readFile(path);
    if (content.length < SMALLEST) continue;
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params }));
    await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  }
}

if (process.argv.includes("--watch")) {
  await rm(out, { recursive: true, force: true }); // compressed files would be older than what is watched
  await copyLibraries();
  for (const one of [options, classic, mirrored]) await (await esbuild.context(one)).watch();
} else {
  await rm(out, { recursive: true, force: true });
  await Promise.all([esbuild.build(options), esbuild.build(classic), esbuild.build(mirrored)]);
  await copyLibraries();
  await compress();
}
