// Callback handling: from the URL to the token request, from its answer to the tokens, and all of it.

/** As many logins as the package keeps at once, and no more. */
const LOGINS = 50;

/** The mean of the middle half: finer than the steps of the clock, and not led astray by a pause of the machine. */
const middle = (numbers) => {
  const quarter = numbers.length >> 2;
  const half = numbers.toSorted((left, right) => left - right).slice(quarter, -quarter);
  return half.reduce((sum, number) => sum + number) / half.length;
};

/** Milliseconds to the token request, from its answer to the tokens, and to the tokens, over the logins of a turn. */
export const handle = async (server, { begin, finish }) => {
  localStorage.clear();
  const logins = [];
  for (let count = 0; count < LOGINS; count++) logins.push(await server.prepare(await begin()));
  const [asked, rest, done] = [[], [], []];
  for (const login of logins) {
    server.expect(login);
    const start = performance.now();
    const sub = await finish(login.url);
    const end = performance.now();
    if (sub !== "ada") throw new Error(`signed in as ${sub}`);
    asked.push(server.asked - start);
    rest.push(end - server.answered);
    done.push(end - start);
  }
  return { asked: middle(asked), rest: middle(rest), done: middle(done) };
};
