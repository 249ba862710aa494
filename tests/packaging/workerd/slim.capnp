using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-01-01",
      modules = [
        (name = "slim.js", esModule = embed "dist/slim.js"),
        (name = "client.wasm", wasm = embed "dist/client.wasm"),
      ],
    )),
  ],
);
