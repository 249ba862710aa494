#!/usr/bin/env node
// The program of this package: npx pkce-wasm <command>.

/** The commands, each with what it does and the part that does it. */
const COMMANDS = {
  demo: ["the demo page, at a port of this machine [--port N]", () => import("./demo.js")],
  "client-metadata": [
    "makes a Client ID Metadata Document (new URL REDIRECT-URI [NAME]), or looks at one (lint URL [FILE])",
    () => import("./client_metadata.js"),
  ],
};

const usage = () =>
  [
    "npx pkce-wasm [command]",
    "",
    ...Object.entries(COMMANDS).map(([name, [sentence]]) => `  ${name.padEnd(18)}${sentence}`),
    "",
    "Without a command: demo.",
  ].join("\n");

const [first, ...rest] = process.argv.slice(2);
const isNamed = first !== undefined && !first.startsWith("--");
const name = isNamed ? first : "demo";

if (["--help", "-h", "help"].includes(first)) {
  console.log(usage());
} else if (!Object.keys(COMMANDS).includes(name)) {
  console.error(`There is no command ${name}.\n\n${usage()}`);
  process.exitCode = 2;
} else {
  const [, load] = COMMANDS[name];
  const { run } = await load();
  process.exitCode = await run(isNamed ? rest : process.argv.slice(2));
}
