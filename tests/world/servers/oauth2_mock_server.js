/** oauth2-mock-server: it has no pages, signs everybody in, and takes every refresh token. */
import { OAuth2Server } from "oauth2-mock-server";

const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
await server.start(0, "127.0.0.1");
server.issuer.url = `http://127.0.0.1:${server.address().port}`;

// It has no user who could decline: one login hint stands for that.
server.service.on("beforeAuthorizeRedirect", ({ url }, { query }) => {
  if (query.login_hint !== "declines") return;
  url.searchParams.delete("code");
  url.searchParams.set("error", "access_denied");
});

console.log(JSON.stringify({ issuer: server.issuer.url }));
process.stdin.resume().once("end", () => process.exit());
