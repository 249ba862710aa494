// A program in a terminal that signs in to an MCP server, lists its tools, and calls one:
//
//     node command.js https://mcp.example.com/mcp [TOOL] [ARGUMENTS as JSON]
import { connect } from "./connect.js";

const [serverUrl, tool, words = "{}"] = process.argv.slice(2);
if (!serverUrl) {
  console.error("usage: node command.js URL [TOOL] [ARGUMENTS]");
  process.exit(2);
}

try {
  const open = (url) => console.log(`Open ${url}`);
  const { client, close } = await connect(serverUrl, { open });
  if (tool) {
    const { content } = await client.callTool({ name: tool, arguments: JSON.parse(words) });
    for (const { type, text } of content) console.log(type === "text" ? text : `(${type})`);
  } else {
    const { tools } = await client.listTools();
    for (const { name, description } of tools) console.log(`${name}: ${description}`);
  }
  await close();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
