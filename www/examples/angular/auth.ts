import { provideHttpClient, withInterceptors } from "@angular/common/http";
import { authInterceptor, provideAuth } from "pkce-wasm/angular";

export { injectAuth, requireAuth } from "pkce-wasm/angular";

export const auth = [
  provideAuth({
    issuer: "https://login.example.com",
    clientId: "my-app",
    redirectUri: "/callback",
    scope: "openid profile",
    resourceOrigins: ["https://api.example.com"],
  }),
  provideHttpClient(withInterceptors([authInterceptor])),
];
