import { whole } from "./client/page.js";
import { createMcpAuth } from "./mcp/auth.js";

export const mcpAuth = /* @__PURE__ */ createMcpAuth(whole);
