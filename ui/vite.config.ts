// How the page is built: hashed file names below assets/, so that the server may tell browsers to keep them for good.
import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

export default defineConfig({
  plugins: [solid()],
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0 },
  // `npm run dev` beside a running `argosy demo --port 8080`.
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080" }, "/auth": { target: "http://127.0.0.1:8080" } } },
});
