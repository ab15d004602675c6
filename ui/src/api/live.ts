// What a person wants to see of a live object.

/** A manifest without the list of who owns which field, which is long and for machines. */
export function withoutManagedFields(manifest: string): string {
  try {
    const object = JSON.parse(manifest) as { metadata?: { managedFields?: unknown } };
    delete object.metadata?.managedFields;
    return JSON.stringify(object);
  } catch {
    return manifest;
  }
}
