// Short forms of revisions and times, and which addresses a login may lead to.
import { expect, test } from "vitest";
import { ago, pathWithin, shortRevision, took } from "./words";

test("commits are cut, names are not", () => {
  expect(shortRevision("a".repeat(40))).toBe("aaaaaaa");
  expect(shortRevision("main")).toBe("main");
  expect(shortRevision(undefined)).toBe("");
});

test("times are told in the largest unit", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(ago("2026-01-01T23:59:30Z", now)).toBe("30s ago");
  expect(ago("2026-01-01T22:00:00Z", now)).toBe("2h ago");
  expect(ago("2025-12-30T00:00:00Z", now)).toBe("3d ago");
  expect(ago("never", now)).toBe("");
});

test("durations have minutes when they need them", () => {
  expect(took("2026-01-01T00:00:00Z", "2026-01-01T00:00:07Z", 0)).toBe("7s");
  expect(took("2026-01-01T00:00:00Z", undefined, Date.parse("2026-01-01T00:02:05Z"))).toBe("2m 5s");
  expect(took(undefined, undefined, 0)).toBe("");
});

test("a login leads only to this page", () => {
  expect(pathWithin("/applications/argocd/web")).toBe("/applications/argocd/web");
  for (const elsewhere of [undefined, "", "//evil.example", "/\\evil.example", "https://evil.example", "/login"]) {
    expect(pathWithin(elsewhere)).toBeUndefined();
  }
});
