// The shapes of the API that the page uses: the generated ones, narrowed where the server always says more than its
// description promises. `types.gen.ts` is written by `UPDATE_EXPECT=1 cargo test -p argosy-tests --test page the_types`.
import type * as api from "./types.gen";

export type {
  ApplicationResourceResponse,
  ApplicationRollbackRequest,
  ApplicationSyncRequest,
  GetUserInfoResponse,
  SessionCreateRequest,
  SessionResponse,
  VersionMessage,
} from "./types.gen";

/** A live or desired object has a kind and a name, though older clients need not send them. */
type Named<T extends { kind?: string; name?: string }> = T & { kind: string; name: string };

/** An Application as the server sends it: it exists, therefore it has a name and a namespace. */
export type Application = Omit<api.Application, "metadata" | "status"> & {
  metadata: api.ObjectMeta & { name: string; namespace: string };
  status?: Partial<api.ApplicationStatus>;
};
export type ApplicationList = Omit<api.ApplicationList, "items"> & { items?: Application[] | null };
export type ApplicationEvent = Omit<api.ApplicationWatchEvent, "application"> & { application: Application };

export type ResourceRef = Named<api.ResourceRef>;
export type ResourceNode = Omit<Named<api.ResourceNode>, "parentRefs"> & { parentRefs?: ResourceRef[] | null };
export type ApplicationTree = Omit<api.ApplicationTree, "nodes"> & { nodes?: ResourceNode[] | null };

export type ManagedResource = Named<api.ResourceDiff>;
export type ManagedResources = { items?: ManagedResource[] | null };
