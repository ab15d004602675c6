// Short forms of revisions and times.
import { expect, test } from "vitest";
import { ago, shortRevision } from "./words";

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
