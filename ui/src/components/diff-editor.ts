// The read-only editor that shows a difference; loaded only when one is looked at.
import { yaml } from "@codemirror/lang-yaml";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { stringify } from "yaml";

/** JSON as the API sends it, as YAML with sorted keys; the empty text for nothing. */
export function asYaml(json: string | undefined): string {
  if (!json || json === "null") return "";
  try {
    return stringify(JSON.parse(json), { sortMapEntries: true, lineWidth: 0 });
  } catch {
    return json;
  }
}

/** Shows what has to change in `live` to become `desired` below `parent`. */
export function showDiff(parent: HTMLElement, live: string | undefined, desired: string | undefined): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: asYaml(desired),
      extensions: [
        lineNumbers(),
        yaml(),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        unifiedMergeView({ original: asYaml(live), mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 } }),
      ],
    }),
  });
}

/** Shows a text without comparing it with anything. */
export function showText(parent: HTMLElement, json: string | undefined): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({ doc: asYaml(json), extensions: [lineNumbers(), yaml(), EditorState.readOnly.of(true)] }),
  });
}
