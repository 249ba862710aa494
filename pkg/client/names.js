// By what a client's session is known in other pages.
import { toJson } from "../engine/json.js";

/** By which a client's session is known, whatever the page. */
export const nameOf = ({ issuer, clientId }) => toJson([issuer, clientId]);

/** Whether other pages have the same session, not one of their own. */
export const isShared = ({ storage }) => storage === "local" || storage === "host";
