"use client";
export { AuthProvider, RequireAuth, useAuth } from "./frameworks/react.js";
