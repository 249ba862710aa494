/**
 * The example in a terminal, as the conformance suite starts it: node client.js FOLDER URL. The suite's authorization server asks nobody,
 * so a request in place of a browser leads back. FOLDER is where the example lies beside the packages.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, serverUrl] = process.argv.slice(2);
const { connect } = await import(pathToFileURL(join(folder, "connect.js")).href);

/** What the suite says of a client that was registered ahead. */
const { client_id: clientId, client_secret: clientSecret } = JSON.parse(
  process.env.MCP_CONFORMANCE_CONTEXT ?? "{}",
);

const { client, close } = await connect(serverUrl, {
  open: async (url) => void (await fetch(url)),
  clientMetadataUrl: "https://conformance-test.local/client-metadata.json",
  askForClient: () => clientId && { clientId, clientSecret },
});
await client.listTools();
await client.callTool({ name: "test-tool", arguments: {} });
await close();
