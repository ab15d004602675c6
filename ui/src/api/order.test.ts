// Answers that overtake each other.
import { expect, test } from "vitest";
import { isCurrent, questions } from "./order";
import type { Application } from "./types";

test("only the answer to the last question counts", () => {
  const tree = questions();
  const first = tree.ask();
  const second = tree.ask();
  expect([first(), second()]).toEqual([false, true]);
});

test("an answer does not undo what was told while it came", () => {
  const tree = questions();
  const answer = tree.ask();
  tree.told();
  expect(answer()).toBe(false);
  expect(tree.ask()()).toBe(true);
});

test("an older state of an application is not taken", () => {
  const state = (resourceVersion?: string) => ({ metadata: { name: "web", resourceVersion } }) as Application;
  expect(isCurrent(undefined, state("7"))).toBe(true);
  expect(isCurrent(state("9"), state("10"))).toBe(true);
  expect(isCurrent(state("10"), state("9"))).toBe(false);
});
