// Streams of the API server, kept open: when one breaks it is opened again, with growing pauses.

/** How a stream stands, for the page to show. */
export type StreamState = "connecting" | "live" | "lost";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** The pause before the n-th attempt after a loss, in milliseconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
}

/**
 * Opens a stream of server-sent events and calls `onResult` for each result. `onOpen` is called at every (re)opening,
 * before the results: what happened meanwhile must be read anew. Answers a function that closes it for good.
 */
export function openStream<T>(
  path: string,
  handlers: { onResult: (result: T) => void; onOpen?: () => void; onState?: (state: StreamState) => void },
): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let attempt = 0;
  let closed = false;

  const open = () => {
    if (closed) return;
    handlers.onState?.(attempt === 0 ? "connecting" : "lost");
    source = new EventSource(path);
    source.onopen = () => {
      attempt = 0;
      handlers.onState?.("live");
      handlers.onOpen?.();
    };
    source.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as { result?: T };
      if (message.result) handlers.onResult(message.result);
    };
    source.onerror = () => {
      // The browser's own retry has no backoff, so it is not used.
      source?.close();
      handlers.onState?.("lost");
      timer = window.setTimeout(open, pauseBefore(attempt));
      attempt += 1;
    };
  };

  open();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    source?.close();
  };
}
