// Makes the Client ID Metadata Document of an application, and looks at one.
import { readFile } from "node:fs/promises";
import { main } from "../mcp/client_metadata.js";
import { clientMetadataDocument, lintClientMetadataDocument } from "../mcp.js";

/** Gives the exit code. */
export const run = (words) =>
  main(words, { clientMetadataDocument, lintClientMetadataDocument }, { readFile });
