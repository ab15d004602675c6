// The read-only editor that shows a difference or an object; loaded only when one is looked at.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { yaml } from "@codemirror/lang-yaml";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
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

/** Colors are those of style.css, so that light and dark follow the page. */
const LOOK: Extension = [
  EditorView.theme({
    ".cm-gutters": { backgroundColor: "var(--ground)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
    ".cm-collapsedLines": {
      background: "var(--ground)",
      color: "var(--muted)",
      // The library's own signs are missing in many fonts.
      "&:before": { content: '"↕"' },
      "&:after": { content: '""' },
    },
    "&.cm-merge-b .cm-changedText": { background: "color-mix(in srgb, var(--good) 30%, transparent)" },
    ".cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--bad) 30%, transparent)" },
    "&.cm-merge-b .cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--good) 10%, transparent)" },
    ".cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--bad) 10%, transparent)" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
      { tag: [tags.comment, tags.separator, tags.punctuation], color: "var(--muted)" },
    ]),
  ),
];

function open(parent: HTMLElement, text: string, extensions: Extension): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [lineNumbers(), yaml(), LOOK, EditorState.readOnly.of(true), extensions],
    }),
  });
}

/** Shows what has to change in `live` to become `desired` below `parent`. */
export function showDiff(parent: HTMLElement, live: string | undefined, desired: string | undefined): EditorView {
  return open(parent, asYaml(desired), [
    EditorView.editable.of(false),
    unifiedMergeView({ original: asYaml(live), mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 } }),
  ]);
}

/** Shows an object without comparing it with anything. */
export function showObject(parent: HTMLElement, json: string | undefined): EditorView {
  return open(parent, asYaml(json), EditorView.editable.of(false));
}
