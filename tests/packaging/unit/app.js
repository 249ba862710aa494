// A small application, as its unit tests find it: what it shows of a session, and its button.
export async function show(client, root) {
  const button = document.createElement("button");
  button.textContent = "Sign in";
  button.addEventListener("click", () => client.login({ returnTo: "/orders" }));
  const session = await client.session();
  const greeting = document.createElement("p");
  if (session) greeting.textContent = `Hello ${session.claims.name}`;
  root.replaceChildren(session ? greeting : button);
}
