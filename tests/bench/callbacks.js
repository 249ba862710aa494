// Callback handling: from the URL to the token request, and to the tokens.
import { storage } from "./server.js";

/** As many logins as the package keeps at once, and no more. */
const LOGINS = 50;

const median = (numbers) => numbers.toSorted((left, right) => left - right)[numbers.length >> 1];

/** Milliseconds to the token request and to the tokens, medians over the logins of a turn. */
export const handle = async (server, { begin, finish }) => {
  storage.clear();
  const logins = [];
  for (let count = 0; count < LOGINS; count++) logins.push(await server.prepare(await begin()));
  const [asked, done] = [[], []];
  for (const login of logins) {
    server.expect(login);
    const start = performance.now();
    const sub = await finish(login.url);
    const end = performance.now();
    if (sub !== "ada") throw new Error(`signed in as ${sub}`);
    asked.push(server.asked - start);
    done.push(end - start);
  }
  return { asked: median(asked), done: median(done) };
};
