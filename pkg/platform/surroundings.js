// What a page can tell of where it is: whether that is a browser is the module's decision.

/**
 * A member of a global, when it is of that type. Elements with an ID or a name and frames become globals as well: they have elements in the
 * place of functions, some of which can be called, and a frame of another origin throws.
 */
const of = (type, name, member) => {
  try {
    const value = globalThis[name]?.[member];
    if (typeof value === type && !value.nodeType) return value;
  } catch {}
};

export const surroundings = () => {
  const { navigator, matchMedia, Capacitor } = globalThis;
  return {
    userAgent: navigator?.userAgent,
    // Capacitor and Cordova put their globals into plain pages too.
    inShell: Boolean(
      of("function", "__TAURI_INTERNALS__", "invoke") ||
        of("function", "Capacitor", "isNativePlatform")?.call(Capacitor) === true ||
        (of("string", "cordova", "platformId") || "browser") !== "browser",
    ),
    installed: Boolean(navigator?.standalone || matchMedia?.("(display-mode: standalone)").matches),
  };
};
