// Which objects count as different.
import { expect, test } from "vitest";
import { differing, stateOf } from "./difference";

const base = { kind: "Service", name: "web" };

test("the state of an object follows from what is there", () => {
  expect(stateOf({ ...base, liveState: "null", targetState: "{}" })).toBe("missing");
  expect(stateOf({ ...base, liveState: "{}", targetState: "null" })).toBe("extra");
  expect(stateOf({ ...base, liveState: "{}", targetState: "{}", normalizedLiveState: "{}", predictedLiveState: "{}" })).toBe("same");
  expect(stateOf({ ...base, liveState: "{}", targetState: "{}", normalizedLiveState: "{}", predictedLiveState: '{"a":1}' })).toBe("changed");
});

test("hooks never differ", () => {
  expect(differing([{ ...base, hook: true, liveState: "null", targetState: "{}" }])).toEqual([]);
});
