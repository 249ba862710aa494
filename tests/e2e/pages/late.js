// A page that learns late what the other pages of its origin did, as one whose process was busy or frozen.
{
  /** The channel of the package; those of the tests are heard at all times. */
  const CHANNEL = "pkce-wasm";
  let deaf = false;
  const unheard = [];
  /** What localStorage holds as far as this page knows, while it does not see what others write. */
  let known;
  const unseen = [];

  const { get, set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, "onmessage");
  Object.defineProperty(BroadcastChannel.prototype, "onmessage", {
    get,
    set(hear) {
      set.call(this, (event) => {
        if (deaf && this.name === CHANNEL) unheard.push(() => hear.call(this, event));
        else hear.call(this, event);
      });
    },
  });

  const { getItem, setItem, removeItem } = Storage.prototype;
  Object.assign(Storage.prototype, {
    getItem(name) {
      return known && this === localStorage ? (known.get(name) ?? null) : getItem.call(this, name);
    },
    setItem(name, value) {
      if (known && this === localStorage) known.set(name, value);
      setItem.call(this, name, value);
    },
    removeItem(name) {
      if (known && this === localStorage) known.delete(name);
      removeItem.call(this, name);
    },
  });
  addEventListener("storage", (event) => {
    if (!known) return;
    event.stopImmediatePropagation();
    unseen.push(event);
  });

  /** From now on this page hears nothing on the channel, and sees nothing of what others write to localStorage. */
  globalThis.miss = ({ channel, storage }) => {
    deaf = channel;
    known = storage ? new Map(Object.entries(localStorage)) : undefined;
  };

  /** What was missed comes now. */
  globalThis.catchUp = () => {
    deaf = false;
    known = undefined;
    for (const event of unseen.splice(0)) dispatchEvent(new StorageEvent("storage", event));
    for (const hear of unheard.splice(0)) hear();
  };
}
