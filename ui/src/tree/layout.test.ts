// The tree's shape: children to the right of their parents, orphans below the application.
import { expect, test } from "vitest";
import { curve, layoutTree, nodeId } from "./layout";

test("children stand to the right of their parents", () => {
  const deployment = { group: "apps", kind: "Deployment", namespace: "web", name: "shop", uid: "1" };
  const replicaSet = { group: "apps", kind: "ReplicaSet", namespace: "web", name: "shop-1", uid: "2", parentRefs: [deployment] };
  const service = { kind: "Service", namespace: "web", name: "shop" };
  const layout = layoutTree([replicaSet, service, deployment], "app");
  const x = (id: string) => layout.nodes.find((node) => node.id === id)?.x ?? -1;
  expect(x("app")).toBeLessThan(x("1"));
  expect(x("1")).toBeLessThan(x("2"));
  expect(x(nodeId(service))).toBe(x("1"));
  expect(layout.edges).toHaveLength(3);
});

test("a node whose parent is not shown hangs on the application", () => {
  const pod = { kind: "Pod", namespace: "web", name: "p", uid: "p", parentRefs: [{ kind: "ReplicaSet", name: "gone", uid: "x" }] };
  expect(layoutTree([pod], "app").edges.map((edge) => [edge.from, edge.to])).toEqual([["app", "p"]]);
});

test("edges leave and reach nodes horizontally", () => {
  expect(curve({ id: "a", x: 0, y: 0 }, { id: "b", x: 310, y: 40 })).toBe("M250,29 C280,29 280,69 310,69");
});

test("siblings do not overlap and parents stand in their middle", () => {
  const owner = { kind: "ReplicaSet", name: "r", uid: "r" };
  const pods = ["a", "b", "c"].map((name) => ({ kind: "Pod", name, uid: name, parentRefs: [owner] }));
  const { nodes, height } = layoutTree([...pods, owner], "app");
  const y = (id: string) => nodes.find((node) => node.id === id)?.y ?? Number.NaN;
  expect([y("b") - y("a"), y("c") - y("b")]).toEqual([70, 70]);
  expect([y("r"), y("app")]).toEqual([y("b"), y("b")]);
  expect(height).toBe(y("c") + 58 + 8);
});

test("objects that own each other in a circle are shown once", () => {
  const one = { kind: "A", name: "one", uid: "1" };
  const two = { kind: "A", name: "two", uid: "2", parentRefs: [one] };
  const { nodes } = layoutTree([{ ...one, parentRefs: [two] }, two], "app");
  expect(nodes.map((node) => node.id).sort()).toEqual(["1", "2", "app"]);
});

test("thousands of objects are laid out in no time", () => {
  const owner = { kind: "Job", name: "owner", uid: "owner" };
  const pods = Array.from({ length: 5000 }, (_, index) => ({ kind: "Pod", name: `p${index}`, uid: `p${index}`, parentRefs: [owner] }));
  const start = performance.now();
  expect(layoutTree([owner, ...pods], "app").nodes).toHaveLength(5002);
  expect(performance.now() - start).toBeLessThan(2000);
});
