// What comes first in a plain script, in the syntax of 1999: where the engine lacks what the rest of it needs, that is said in a sentence. It looks for what came last.
(function () {
  if (typeof globalThis === "object" && typeof queueMicrotask === "function" && Object.fromEntries) return;
  var error = new Error("{sentence}");
  error.name = "PkceError";
  error.code = "engine_unsupported";
  error.blame = "environment";
  error.retryable = false;
  throw error;
})();
