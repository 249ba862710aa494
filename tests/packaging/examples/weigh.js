// What a binding adds to the first load of an application, in bytes after brotli, and the lines of React's auth layer beside those with other
// clients: node weigh.js <www/examples> <package>. Fails when a limit is passed.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const [examples, packed] = process.argv.slice(2);

/** The most bytes that React's binding may add, and lines that its auth layer may have. */
const MOST_BYTES = 1500;
const MOST_LINES = 20;

const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };

/** The first load of an application that uses all of an entry. */
const weigh = async (entry) => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import * as all from "${entry}"; globalThis.all = Object.values(all);`,
      resolveDir: examples,
    },
    outdir: "/",
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    metafile: true,
    write: false,
    external: ["react", "vue", "svelte", "@angular/*", "rxjs"],
    alias: { "pkce-wasm": packed },
  });
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [path.split("/").at(-1), output]),
  );
  const first = new Set();
  const visit = (name) => {
    if (first.has(name)) return;
    first.add(name);
    for (const { kind, path, external } of outputs.get(name).imports) {
      if (kind === "import-statement" && !external) visit(path.split("/").at(-1));
    }
  };
  visit("stdin.js");
  const loaded = outputFiles.filter(({ path }) => first.has(path.split("/").at(-1)));
  return loaded.reduce((sum, { contents }) => sum + brotliCompressSync(contents, { params }).length, 0);
};

const lines = async (file) => (await readFile(file, "utf8")).split("\n").filter((line) => line.trim()).length;

const alone = await weigh("pkce-wasm");
const bytes = {};
for (const name of ["react", "vue", "svelte", "angular"])
  bytes[name] = (await weigh(`pkce-wasm/${name}`)) - alone;
const others = join(dirname(process.argv[1]), "../lines");
const counted = {
  "pkce-wasm": await lines(join(examples, "react/auth.jsx")),
  "react-oidc-context": await lines(join(others, "react-oidc-context.jsx")),
  "auth0-react": await lines(join(others, "auth0-react.jsx")),
};
const list = (table, unit) =>
  Object.entries(table)
    .map(([name, number]) => `${name} ${number} ${unit}`)
    .join(", ");
console.log(`${list(bytes, "B")}; ${list(counted, "lines")}`);
if (bytes.react > MOST_BYTES || counted["pkce-wasm"] > MOST_LINES) process.exitCode = 1;
