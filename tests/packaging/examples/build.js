// Builds the examples of the frameworks: node build.js <www/examples> <package> <target>. Packages are those of the examples. React's is
// built with other clients too, whose auth layers are in tests/packaging/lines.
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const [examples, packed, target] = process.argv.slice(2);
const { compile } = createRequire(join(examples, "package.json"))("svelte/compiler");

const svelte = {
  name: "svelte",
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { js } = compile(await readFile(path, "utf8"), { filename: path, generate: "client" });
      return { contents: js.code, loader: "js" };
    });
  },
};

/** Puts another auth layer into React's application. */
const layer = (client) => ({
  name: "auth layer",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/auth\.jsx$/ }, () => ({ path: resolve(`../lines/${client}.jsx`) }));
  },
});

for (const [name, script, more] of [
  ["react", "react/app.jsx", { jsx: "automatic" }],
  ["react-oidc-context", "react/app.jsx", { jsx: "automatic", plugins: [layer("react-oidc-context")] }],
  ["auth0-react", "react/app.jsx", { jsx: "automatic", plugins: [layer("auth0-react")] }],
  [
    "vue",
    "vue/app.js",
    {
      define: {
        __VUE_OPTIONS_API__: "true",
        __VUE_PROD_DEVTOOLS__: "false",
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
      },
    },
  ],
  ["svelte", "svelte/app.js", { plugins: [svelte], conditions: ["svelte", "browser"] }],
  ["angular", "angular/app.ts", { tsconfigRaw: { compilerOptions: { experimentalDecorators: true } } }],
]) {
  const folder = join(target, name);
  await mkdir(folder, { recursive: true });
  await copyFile(join(examples, dirname(script), "index.html"), join(folder, "index.html"));
  const { define, ...rest } = more;
  const { warnings } = await build({
    entryPoints: [join(examples, script)],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    // React runs effects twice in development, which is what is to be seen.
    define: { "process.env.NODE_ENV": '"development"', ...define },
    // One React, also where the tools have one too.
    alias: { "pkce-wasm": packed, react: join(examples, "node_modules/react") },
    nodePaths: [join(examples, "node_modules")],
    logLevel: "warning",
    ...rest,
  });
  if (warnings.length > 0) process.exitCode = 1;
}
