// What is left out of a live object.
import { expect, test } from "vitest";
import { withoutManagedFields } from "./live";

test("managed fields are left out, everything else stays", () => {
  expect(withoutManagedFields('{"kind":"Pod","metadata":{"name":"a","managedFields":[{"manager":"m"}]}}')).toBe(
    '{"kind":"Pod","metadata":{"name":"a"}}',
  );
  expect(withoutManagedFields('{"kind":"Pod"}')).toBe('{"kind":"Pod"}');
  expect(withoutManagedFields("no JSON")).toBe("no JSON");
});
