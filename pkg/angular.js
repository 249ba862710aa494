export { authInterceptor, injectAuth, provideAuth, requireAuth } from "./frameworks/angular.js";
