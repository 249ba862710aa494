// The worker that the address names: dedicated, classic, shared or service.
const receive = ({ data }) => show(data);
const fail = (error) => show({ failed: String(error.message ?? error) });

const start = {
  dedicated: () => {
    const worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = receive;
    worker.onerror = fail;
  },
  classic: () => {
    const worker = new Worker("worker-classic.js");
    worker.onmessage = receive;
    worker.onerror = fail;
  },
  shared: () => {
    const worker = new SharedWorker("worker-shared.js", { type: "module" });
    worker.onerror = fail;
    worker.port.onmessage = receive;
  },
  service: async () => {
    navigator.serviceWorker.onmessage = receive;
    const registration = await navigator.serviceWorker.register("worker-service.js", { type: "module" });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    worker.postMessage("check");
  },
};

Promise.resolve().then(start[location.search.slice(1)]).catch(fail);
