// Signs in on the demo page with an old Chromium: `node sign-in.js PACKAGE FOLDER URL`. PACKAGE carries the browser, FOLDER is where it is
// unpacked. Twice: where no policy forbids anything, then under the policy of the page. The output tells what was seen each time.
import { start, unpack } from "./browser.js";

const READY = `document.body?.dataset.ready === "true"`;
const OUTCOME = `document.querySelector("#outcome").dataset`;

/** What a copy of the package gets that has not started yet: at once, then after waiting. */
const STARTS = `import("/pkce-wasm/client/page.js?afresh").then(async ({ whole: { engine, ready } }) => {
  let atOnce;
  try { atOnce = engine(); } catch (error) { atOnce = error.code; }
  return { atOnce, after: await ready() };
})`;

const RESULT = `({
  engine: document.querySelector("#engine").dataset.engine,
  name: document.querySelector("#account [data-claim=name]").textContent.trim(),
  href: location.href,
})`;

const [name, folder, url] = process.argv.slice(2);

const signIn = async ({ run, until, click, goto }) => {
  await goto(url);
  await until(READY);
  const starts = await run(STARTS);
  // Without a stop for the thief.
  await click("#pause");
  await click("#sign-in");
  await click("#submit");
  await until(`${READY} && ${OUTCOME}.status === "signed-in"`);
  const result = await run(RESULT);
  await click("#userinfo");
  await until(`document.querySelector("#userinfo-result dl")?.textContent.includes("ada@example.com")`);
  await goto(url);
  await until(`${READY} && document.body.dataset.signedIn === "true"`);
  await click("#sign-out");
  await until(`document.body.dataset.signedIn !== "true"`);
  return { ...starts, ...result };
};

const browser = await start(unpack(name, folder));
try {
  const free = await signIn(await browser.open({ bypassPolicy: true }));
  const underPolicy = await signIn(await browser.open());
  console.log(JSON.stringify({ product: browser.product, free, underPolicy }));
} finally {
  await browser.end();
}
