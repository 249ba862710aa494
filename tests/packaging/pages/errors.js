// What goes wrong in the application is shown to the driver.
const tell = ({ reason, error, message }) => {
  document.documentElement.dataset.result = JSON.stringify({ failed: String(reason ?? error ?? message) });
};
addEventListener("error", tell);
addEventListener("unhandledrejection", tell);
