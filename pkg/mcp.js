import { whole } from "./client/page.js";
import { createMcpAuth } from "./mcp/auth.js";
import { createDocument, createLint } from "./mcp/client_metadata.js";

export const mcpAuth = /* @__PURE__ */ createMcpAuth(whole);
export const clientMetadataDocument = /* @__PURE__ */ createDocument(whole);
export const lintClientMetadataDocument = /* @__PURE__ */ createLint(whole);
