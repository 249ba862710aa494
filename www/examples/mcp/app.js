// The page in a browser.
import { start } from "./page.js";

await start({ redirectUri: `${location.origin}/callback`, storage: "session" });
