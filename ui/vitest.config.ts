// Unit tests of the page's plain functions; the page itself is tested in a real browser by the stories.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["src/**/*.test.ts"] } });
