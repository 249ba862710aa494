// The addresses that a shell opens: pages of the web, as the platform reads them. What was read is what is opened.

/** The origin and the address of a page of the web. */
export const webAddress = (url) => {
  if (typeof url === "string") {
    const { href, origin, protocol } = new URL(url);
    if (protocol === "https:" || protocol === "http:") return { href, origin };
  }
  throw new TypeError("this is no address of a page of the web");
};
