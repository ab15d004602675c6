// Which applications a filter shows.
import { expect, test } from "vitest";
import { filtered, keyOf } from "./applications";
import type { Application } from "./types";

function application(name: string, sync: "Synced" | "OutOfSync", path = "apps"): Application {
  return {
    metadata: { name, namespace: "argocd" },
    spec: { project: "default", source: { repoURL: "https://git.example/repo", path }, destination: { namespace: "web" } },
    status: { sync: { status: sync, comparedTo: { source: { repoURL: "https://git.example/repo" }, destination: {} } }, health: { status: "Healthy" } },
  };
}

const all = Object.fromEntries(
  [application("b", "Synced"), application("a", "OutOfSync", "charts/shop")].map((one) => [keyOf(one), one]),
);

test("filters by text, sync and health, and sorts by name", () => {
  const names = (filter: Partial<Parameters<typeof filtered>[1]>) =>
    filtered(all, { text: "", sync: "", health: "", ...filter }).map((one) => one.metadata.name);
  expect(names({})).toEqual(["a", "b"]);
  expect(names({ text: "SHOP" })).toEqual(["a"]);
  expect(names({ sync: "Synced" })).toEqual(["b"]);
  expect(names({ health: "Degraded" })).toEqual([]);
});
