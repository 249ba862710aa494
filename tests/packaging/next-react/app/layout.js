import { Auth, User } from "./auth.js";

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Auth>
          <User />
          {children}
        </Auth>
      </body>
    </html>
  );
}
