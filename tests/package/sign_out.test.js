// The end of a session in the packed tarball: what is under way when somebody signs out comes to nothing, whatever comes first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, hostStorage, until } from "./installed.js";
import { code, elsewhere, here, isAtRest, world } from "./sign_out_world.js";

for (const storage of ["local", "session", "memory"]) {
  for (const when of ["before", "after"]) {
    test(`SE1 ${storage}: a refresh that is under way at a sign-out, its answer ${when} it, brings nothing back`, async () => {
      const { server, client, signIn } = world({ storage });
      const { client: first, session } = await signIn();
      const held = gate();
      server.hold = () => held.opened;
      const refreshing = session.refresh();
      refreshing.catch(() => {});
      await until(() => server.issued === 2);
      if (when === "before") held.open();
      const page = storage === "local" ? client(elsewhere) : first;
      await page.logout();
      held.open();
      await refreshing.catch(({ code }) => assert.equal(code, "session_expired"));
      assert.equal(await first.session(), null);
      assert.equal(await page.session(), null);
      assert.equal(session.expired, true);
      await assert.rejects(session.accessToken(), code("session_expired"));
      if (when === "after") await until(() => server.revoked.includes("rt2"));
      await until(() => !isAtRest(1) && !isAtRest(2));
    });
  }

  test(`SE1 ${storage}: a code that is being redeemed at a sign-out signs nobody in`, async () => {
    const { server, client, callback } = world({ storage });
    const using = client();
    const url = await callback(using);
    const held = gate();
    server.hold = () => held.opened;
    const finishing = using.handleRedirect(url);
    await until(() => server.issued === 1);
    await client().logout();
    held.open();
    const outcome = await finishing;
    assert.deepEqual(
      [outcome.status, outcome.error?.code, outcome.restart],
      ["refused", "session_expired", true],
    );
    assert.equal(await using.session(), null);
    await until(() => server.revoked.includes("rt1") && server.revoked.includes("at1"));
    const again = await using.handleRedirect(url);
    assert.deepEqual([again.status, again.error?.code], ["refused", "session_expired"]);
    assert.equal(isAtRest(1), false);
  });
}

test("SE1 a sign-out that asks for revocation waits for the refresh that is under way, whose tokens are revoked too", async () => {
  const { server, signIn } = world();
  const { client, session } = await signIn();
  const held = gate();
  server.hold = () => held.opened;
  session.refresh().catch(() => {});
  await until(() => server.issued === 2);
  const leaving = client.logout({ revoke: true });
  setTimeout(held.open, 20);
  await leaving;
  await until(() => server.revoked.length === 4);
  assert.deepEqual(server.revoked.toSorted(), ["at1", "at2", "rt1", "rt2"]);
});

test("SE1 another user signs in while the tokens of the one before are refreshed", async () => {
  const { server, client, signIn } = world();
  const ada = await signIn();
  const held = gate();
  server.hold = (grant) => grant === "refresh_token" && held.opened;
  const refreshing = ada.session.refresh();
  refreshing.catch(() => {});
  await until(() => server.issued === 2);
  const bob = await signIn(client(elsewhere));
  held.open();
  await assert.rejects(refreshing, code("session_expired"));
  for (const using of [ada.client, bob.client]) {
    assert.equal(await (await using.session()).accessToken(), "at3");
  }
  await assert.rejects(ada.session.accessToken(), code("session_expired"));
  assert.equal(ada.session.expired, true);
  assert.equal(await bob.session.accessToken(), "at3");
  await until(() => server.revoked.includes("rt2") && !isAtRest(2));
});

test("SE1 a tab that was away while somebody signed out is signed out when it comes back", async () => {
  for (const storage of ["session", "memory"]) {
    const { client, signIn } = world({ storage });
    const { client: away, session } = await signIn();
    away.close();
    await client(elsewhere).logout();
    assert.equal(session.expired, true, "also where it has heard nothing");
    assert.equal(await away.session(), null, storage);
    await assert.rejects(session.accessToken(), code("session_expired"));
    assert.notEqual(await (await signIn(away)).client.session(), null, "and can be signed in again");
  }
});

test("SE1 without its epoch no session counts", async () => {
  for (const storage of ["local", "session", "memory"]) {
    const { client, signIn } = world({ storage });
    await signIn();
    for (const name of globalThis.localStorage.items.keys()) {
      if (name.startsWith("pkce-wasm:2:e:")) globalThis.localStorage.removeItem(name);
    }
    assert.equal(await client().session(), null, storage);
  }
});

test("SE1 who signs out and in again is signed in", async () => {
  const { client, signIn } = world();
  for (let round = 1; round <= 12; round++) {
    const { client: using } = await signIn(client(round % 2 ? here : elsewhere));
    assert.equal(await (await client().session()).accessToken(), `at${round}`);
    await using.logout();
    assert.equal(await client(elsewhere).session(), null);
  }
  const left = [...globalThis.localStorage.items.keys()].map((name) => name.split(":")[2]);
  assert.deepEqual(
    left.sort(),
    ["e", ...Array(8).fill("s")],
    "the epochs, and of the latest four the lists and that they are over, without tokens",
  );
});

for (const storage of ["local", "session", "memory", "host"]) {
  test(`EN13 ${storage}: an option of a sign-out that does not exist is an error, and the session has ended all the same`, async () => {
    const { server, client, signIn } = world({ storage, host: { storage: hostStorage() } });
    for (const [options, name, right] of [
      [{ end_session: true }, "end_session", "endSession"],
      [{ endsession: true }, "endsession", "endSession"],
      [{ Revoke: true }, "Revoke", "revoke"],
      [{ endSession: true, returnto: "/bye" }, "returnto", "returnTo"],
      [{ extraParams: {} }, "extraParams", "extraParameters"],
      [
        { post_logout_redirect_uri: "https://app.example" },
        "post_logout_redirect_uri",
        "postLogoutRedirectUri",
      ],
      // Those of a login, and what an event has of its own.
      [{ loginHint: "ada" }, "loginHint"],
      [{ scope: "files" }, "scope"],
      [{ signal: AbortSignal.timeout(60_000) }, "signal"],
      [{ isTrusted: true }, "isTrusted"],
    ]) {
      const { client: using, session } = await signIn();
      const error = await using.logout(options).catch((error) => error);
      assert.deepEqual([error.code, error.subject], ["member_unknown", name]);
      assert.equal(/meant is (.*)\)$/.exec(error.message)?.[1], right, error.message);
      assert.equal(session.expired, true, name);
      for (const page of [using, client(), client(elsewhere)]) assert.equal(await page.session(), null, name);
      assert.deepEqual(server.revoked, []);
    }
    const { client: using } = await signIn();
    await using.logout({ endSession: null, returnTo: undefined, nonsense: undefined, another: null });
    assert.equal(await using.session(), null);
  });

  test(`SE1 ${storage}: tokens are revoked though another option is wrong, or the server has no place to sign out`, async () => {
    for (const [more, expected] of [
      [{ nonsense: 1 }, "member_unknown"],
      [{ endSession: true }, "endpoint_missing"],
      [{ endSession: true, returnTo: 1 }, "config_invalid"],
    ]) {
      const { server, client, signIn } = world({ storage, host: { storage: hostStorage() } });
      const { client: using, session } = await signIn();
      await assert.rejects(using.logout({ revoke: true, ...more }), code(expected));
      assert.equal(session.expired, true);
      assert.equal(await client(elsewhere).session(), null);
      await until(() => server.revoked.length === 2);
      assert.deepEqual(server.revoked, ["rt1", "at1"]);
    }
  });
}

test("EN5 a value of any type given to a sign-out ends the session", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const throws = Object.defineProperty({}, "revoke", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  const circle = {};
  circle.extraParameters = circle;
  for (const options of [proxy, throws, circle, 1n, "text", Symbol("s"), [1], () => {}]) {
    const { client, signIn } = world();
    const { client: using, session } = await signIn();
    await using.logout(options).catch((error) => assert.ok(here.isPkceError(error)));
    assert.equal(session.expired, true);
    assert.equal(await client(elsewhere).session(), null);
  }
});

test("SE1 the news of a sign-out say what they are, or are none", async () => {
  const { client, config, signIn } = world({ storage: "memory" });
  const { client: using } = await signIn();
  const heard = new Promise((done) => using.on("refreshed", done));
  const channel = new BroadcastChannel("pkce-wasm");
  const name = JSON.stringify([config.issuer, config.clientId]);
  for (const news of [
    null,
    0,
    "signed-out",
    [],
    { name },
    { name, type: 1 },
    { name, type: "signed-out", was: 1, now: {} },
    { name, type: "nonsense", was: "f", now: "s" },
    // The news come in their order.
    { name, type: "refreshed" },
  ]) {
    channel.postMessage(news);
  }
  await heard;
  channel.close();
  assert.notEqual(await using.session(), null);
  assert.notEqual(await client().session(), null);
});
