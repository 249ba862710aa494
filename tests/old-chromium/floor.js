// The oldest engines: `node floor.js PACKAGE FOLDER TARBALL`. PACKAGE carries the browser, FOLDER is where it is unpacked, TARBALL is the unpacked package. A page
// signs in with the modules of the package and with its plain script, uses the session, and signs out. Another one has what the guide tells those to do who use modules. The
// output tells what was seen.
import { start, unpack } from "./browser.js";
import { serve } from "./server.js";

const [name, folder, tarball] = process.argv.slice(2);
const { origin, end } = await serve(tarball);

const signIn = async ({ run, until, goto }, path) => {
  await goto(`${origin}${path}`);
  // The page has no other way to tell a fault of syntax.
  const settled = `document.title.startsWith("error") ? document.title : window.app && app.step !== "starts" && app.step`;
  const step = await until(settled);
  if (step !== "signed out") return { step };
  await run("void app.client.login()");
  await until(
    // The page that is being left has the status "none".
    `location.pathname === ${JSON.stringify(path)} && window.app && app.status && app.status !== "none" && app.step !== "starts"`,
  );
  const { client, ...seen } = await run("({ ...app, client: undefined, href: location.href })");
  await run("app.client.logout()");
  return { ...seen, href: seen.href.slice(origin.length), after: await run("app.client.session()") };
};

/** What a page says that does as the guide says: the sentence for those whose browser is too old, once the scripts were read. */
const told = async ({ until, goto }) => {
  await goto(`${origin}/told`);
  return until(`document.title !== "Floor" && document.body.innerText.trim()`);
};

const browser = await start(unpack(name, folder));
try {
  const module = await signIn(await browser.open(), "/module");
  const script = await signIn(await browser.open(), "/script");
  const sentence = await told(await browser.open());
  console.log(JSON.stringify({ product: browser.product, module, script, told: sentence }));
} finally {
  await browser.end();
  end();
}
