// The bridge between the page and the main process: questions one way, news the other. A sandbox loads it as it is.
const { contextBridge, ipcRenderer } = require("electron");

contextBridge.exposeInMainWorld("pkceWasmShell", {
  ask: (question, ...parameters) => ipcRenderer.invoke("pkce-wasm", question, ...parameters),
  hear: (listener) => {
    const hear = (_, ...news) => listener(...news);
    ipcRenderer.on("pkce-wasm", hear);
    return () => ipcRenderer.removeListener("pkce-wasm", hear);
  },
});
