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
  expect(curve([{ x: 0, y: 0 }, { x: 60, y: 40 }])).toBe("M0,0 C30,0 30,40 60,40");
});
