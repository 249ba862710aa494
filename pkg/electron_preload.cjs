// The bridge between the page and the main process: questions one way, URLs the other. A sandbox loads it as it is.
const { contextBridge, ipcRenderer } = require("electron");

contextBridge.exposeInMainWorld("pkceWasmShell", {
  ask: (question, ...parameters) => ipcRenderer.invoke("pkce-wasm", question, ...parameters),
  hear: (listener) => {
    const hear = (_, urls) => listener(urls);
    ipcRenderer.on("pkce-wasm", hear);
    return () => ipcRenderer.removeListener("pkce-wasm", hear);
  },
});
