// As much of IndexedDB as the keys need: stores by key path, one index, cursors, and clones of what is kept. A stand-in: real ones are in tests/e2e.

const later = (work) => queueMicrotask(work);

/** `databases` has the rows of each store: a test looks at them, and swaps them. */
export const createIndexedDb = () => {
  const databases = new Map();

  const openStore = (rows, pending) => {
    const request = (result, then) => {
      const made = { result };
      pending.count += 1;
      later(() => {
        const value = result();
        made.result = value;
        then?.(value);
        made.onsuccess?.({ target: made });
        pending.count -= 1;
        pending.check();
      });
      return made;
    };
    const cursorOver = (test) => {
      const names = [...rows.keys()].filter((name) => test(rows.get(name)));
      let at = 0;
      const made = {};
      const step = () => {
        pending.count += 1;
        later(() => {
          const name = names[at];
          at += 1;
          made.result = rows.has(name)
            ? { value: rows.get(name), delete: () => rows.delete(name), continue: step }
            : null;
          made.onsuccess?.({ target: made });
          pending.count -= 1;
          pending.check();
        });
      };
      step();
      return made;
    };
    return {
      put: (row, name = row.jkt) => request(() => void rows.set(name, structuredClone(row))),
      add: (row, name) => {
        const isThere = rows.has(name);
        const made = request(() => void (isThere || rows.set(name, structuredClone(row))));
        if (isThere) {
          made.error = { name: "ConstraintError" };
          Object.defineProperty(made, "onsuccess", {
            get: () => () => made.onerror?.({ preventDefault() {} }),
            set() {},
          });
        }
        return made;
      },
      get: (name) => request(() => rows.get(name) && structuredClone(rows.get(name))),
      delete: (name) => request(() => void rows.delete(name)),
      openCursor: () => cursorOver(() => true),
      index: (member) => ({ openCursor: (value) => cursorOver((row) => row[member] === value) }),
    };
  };

  const databaseOf = (rows) => ({
    createObjectStore: () => ({ createIndex() {} }),
    transaction: () => {
      const pending = { count: 0 };
      const transaction = { objectStore: () => openStore(rows, pending) };
      let isDone = false;
      pending.check = () =>
        later(() => {
          if (isDone || pending.count > 0) return;
          isDone = true;
          transaction.oncomplete?.();
        });
      pending.check();
      return transaction;
    },
    close() {},
  });

  return {
    databases,
    open: (name) => {
      const made = {};
      later(() => {
        const isNew = !databases.has(name);
        if (isNew) databases.set(name, new Map());
        made.result = databaseOf(databases.get(name));
        if (isNew) made.onupgradeneeded?.();
        made.onsuccess?.();
      });
      return made;
    },
  };
};
