// Angular with its router. What is about signing in is in auth.ts.
import "@angular/compiler";
import { HttpClient } from "@angular/common/http";
import { ChangeDetectionStrategy, Component, inject, signal } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { provideRouter, RouterLink, RouterOutlet } from "@angular/router";
import { auth, injectAuth, requireAuth } from "./auth.ts";

@Component({ selector: "app-home", template: `<p id="home">Home</p>` })
class Home {}

@Component({ selector: "app-lost", template: `<p id="lost">Nothing is here</p>` })
class Lost {}

@Component({
  selector: "app-orders",
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<p id="orders">{{ orders()?.join(", ") ?? "One moment" }}</p>`,
})
class Orders {
  readonly orders = signal<string[] | undefined>(undefined);

  constructor() {
    inject(HttpClient)
      .get<string[]>("https://api.example.com/orders")
      .subscribe((orders) => this.orders.set(orders));
  }
}

@Component({
  selector: "app-root",
  imports: [RouterLink, RouterOutlet],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <header>
      @if (auth.claims(); as claims) {
        <span id="user">{{ claims.name }}</span>
        <button id="sign-out" type="button" (click)="auth.logout()">Sign out</button>
      } @else {
        <button id="sign-in" type="button" (pointerenter)="auth.prepare()" (click)="auth.login()">Sign in</button>
      }
      @if (auth.error(); as error) {
        <p role="alert">{{ error.message }}</p>
      }
    </header>
    <nav>
      <a routerLink="/">Home</a>
      <a routerLink="/orders" [queryParams]="{ open: 1 }" fragment="top">Orders</a>
    </nav>
    <router-outlet />
  `,
})
class App {
  readonly auth = injectAuth();
}

bootstrapApplication(App, {
  providers: [
    auth,
    provideRouter([
      { path: "", component: Home, pathMatch: "full" },
      { path: "orders", component: Orders, canActivate: [requireAuth] },
      { path: "**", component: Lost },
    ]),
  ],
});
