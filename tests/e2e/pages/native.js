// What stands for Android beneath Capacitor's own bridge. What the device keeps, and the URL by which the application was
// started, outlive the page.
(() => {
  const kept = (name, value) => {
    const item = `native:${name}`;
    if (value !== undefined) localStorage.setItem(item, JSON.stringify(value));
    return JSON.parse(localStorage.getItem(item));
  };
  const promises = (...names) => names.map((name) => ({ name, rtype: "promise" }));
  const listeners = ["addListener", "removeListener"].map((name) => ({ name, rtype: "none" }));
  let hear = () => {};
  const calls = {
    "App.getLaunchUrl": async () => ({ url: kept("launch") ?? undefined }),
    "App.addListener": (_, listener) => {
      hear = listener;
    },
    "Browser.open": async ({ url }) => {
      kept("opened", [...(kept("opened") ?? []), url]);
    },
    "Browser.close": async () => {},
    "Preferences.get": async ({ key }) => ({ value: kept(key) }),
    "Preferences.set": async ({ key, value }) => {
      kept(key, value);
    },
    "Preferences.remove": async ({ key }) => {
      localStorage.removeItem(`native:${key}`);
    },
    "CapacitorHttp.request": async ({ url, method, headers, data, disableRedirects }) => {
      const redirect = disableRedirects ? "manual" : "follow";
      const answer = await fetch(url, { method, headers, body: data, redirect });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("application/json");
      return {
        status: answer.status,
        url: answer.url,
        headers: Object.fromEntries(answer.headers),
        data: isJson ? JSON.parse(text) : text,
      };
    },
  };
  window.androidBridge = {
    postMessage: async (text) => {
      const { callbackId, pluginId, methodName, options } = JSON.parse(text);
      const call = calls[`${pluginId}.${methodName}`];
      const reply = (more) =>
        window.androidBridge.onmessage({
          data: JSON.stringify({ callbackId, pluginId, methodName, ...more }),
        });
      const answer = call?.(options, (data) => reply({ success: true, save: true, data }));
      if (!answer) return;
      try {
        reply({ success: true, data: await answer });
      } catch (error) {
        reply({ success: false, error: { message: error.message } });
      }
    },
  };
  window.Capacitor = {
    PluginHeaders: [
      { name: "App", methods: [...listeners, ...promises("getLaunchUrl")] },
      { name: "Browser", methods: [...listeners, ...promises("open", "close")] },
      { name: "Preferences", methods: promises("get", "set", "remove") },
      { name: "CapacitorHttp", methods: promises("request") },
    ],
  };
  window.native = { kept, hear: (url) => hear({ url }) };
})();
