// What a page can tell of where it is: whether that is a browser is the module's decision.
export const surroundings = () => {
  const { navigator, matchMedia, Capacitor, cordova, __TAURI_INTERNALS__ } = globalThis;
  return {
    userAgent: navigator?.userAgent,
    // Capacitor and Cordova put their globals into plain pages too.
    inShell: Boolean(
      __TAURI_INTERNALS__ ||
        Capacitor?.isNativePlatform?.() ||
        (cordova?.platformId && cordova.platformId !== "browser"),
    ),
    installed: Boolean(navigator?.standalone || matchMedia?.("(display-mode: standalone)").matches),
  };
};
