// The pauses between attempts to reopen a stream.
import { expect, test } from "vitest";
import { pauseBefore } from "./stream";

test("pauses double and are capped", () => {
  expect([0, 1, 2, 10].map(pauseBefore)).toEqual([500, 1000, 2000, 15_000]);
});
