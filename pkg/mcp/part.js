// What this room brings along: its part of the module, its codes, and what they say.
import { exported } from "../dist/client_bg.js";
import { CODES } from "../dist/codes.js";
import { FIRST, CODES as OURS } from "../dist/codes_mcp.js";
import { decodeLong } from "../engine/decoder.js";

/** Sees to it that everything can be asked of the module that this room asks. */
export const createLoadPart = ({ named, whole }) => {
  OURS.forEach((row, at) => {
    CODES[FIRST + at] = row;
  });
  return async () => {
    const part = await import("../dist/mcp_bytes.js").catch((cause) => {
      throw named("network_failed", cause);
    });
    Object.assign(exported, part.exported);
    await whole(() => decodeLong(part.default));
  };
};

/** Loads what the codes of this room say. */
export const loadSentences = async () => {
  const [{ SENTENCES }, ours] = await Promise.all([
    import("../engine/facts.js"),
    import("../dist/sentences_mcp.js"),
  ]);
  ours.SENTENCES.forEach((sentence, at) => {
    SENTENCES[FIRST + at] = sentence;
  });
};
