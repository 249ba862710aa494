// Prints the steps of a client as lines: `12:00:01.250 response POST https://login.example.com/token 200, 1350 characters, 48 ms`.

const time = (at) => new Date(at).toISOString().slice(11, 23);

const line = ({ at, step, event, method, url, status, outcome, error, reason, elsewhere, size, ms }) => {
  const words = [time(at), step, event, method, url, status, outcome, error].filter(
    (word) => word !== undefined,
  );
  const facts = [
    reason,
    elsewhere && "elsewhere",
    size !== undefined && `${size} characters`,
    ms !== undefined && `${Math.round(ms)} ms`,
  ].filter(Boolean);
  return [words.join(" "), ...facts].join(", ");
};

export const traceToConsole =
  (print = console.log) =>
  (event) =>
    event.parameters ? print(line(event), event.parameters) : print(line(event));
