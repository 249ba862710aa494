using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-01-01",
      modules = [(name = "inlined.js", esModule = embed "dist/inlined.js")],
    )),
  ],
);
