// The editor of readers' programs: CodeMirror 6 with what a program of a few hundred lines needs. tools/site bundles this
// script and its packages into one module, which the page imports when it shows an editor.
//
// The editor is in a shadow root, because the page's policy forbids the style element that CodeMirror would add to the
// document; in a shadow root it uses adopted style sheets. Its colours are the custom properties of static/style.css, so it
// follows the page's scheme.
//
//     const editor = createEditor(host, { text: "import asyncio\n", isReadOnly: false, label: "Program" });
//
//   editor.getText()                 the whole text, with "\n" at the ends of lines
//   editor.setText(text)             replaces the text; can be undone
//   editor.open(name, text)          shows another file. The changes of the one before can be undone when it is shown again
//   editor.forget()                  forgets the files that were shown: another program is opened
//   editor.setReadOnly(isReadOnly)
//   editor.markLine(line, kind)      marks a line; kind: "wait" | "error". One line of each kind; null removes the mark
//   editor.setGutter(texts)          a Map from line numbers to short texts, which are shown at the ends of these lines
//   editor.onChange(callback)        called after each change by the reader
//   editor.onPointLine(callback)     called with the line at which the reader points, by pointer or caret, or null
//   editor.scrollToLine(line)
//   editor.focus()
//   editor.destroy()
//
// Lines are numbered from 1. Lines that the text does not have are ignored.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, gutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export * from "./archives.js";

// Screen readers read it after the name.
const HINT = "Tab indents. To leave the editor, press Escape, then Tab.";

export function createEditor(host, { text = "", isReadOnly = false, label = "Program" } = {}) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const changeListeners = [];
  const pointing = new Pointing();
  const readOnly = new Compartment();
  const language = new Compartment();
  const files = new Map();
  let shown = "";
  const extensions = [
    // Without the index, tools take what scrolls for something that the keyboard does not reach.
    EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": "hint", tabindex: "0" }),
    readOnly.of(readOnlyIf(isReadOnly)),
    language.of(python()),
    EditorView.updateListener.of((update) => {
      const isByReader = update.docChanged && !update.transactions.some((it) => it.annotation(byPage));
      if (isByReader) changeListeners.forEach((callback) => callback());
      if (update.selectionSet && !update.docChanged && update.view.hasFocus) pointing.atCaret(update.state);
      if (update.focusChanged && !update.view.hasFocus) pointing.at(null);
    }),
    BEHAVIOUR,
    LOOK,
  ];
  const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions }) });
  root.append(hint());
  pointing.follow(view);

  const replaceText = (text) => {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, annotations: byPage.of(true) });
  };
  return {
    getText: () => view.state.doc.toString(),
    setText: replaceText,
    open: (name, text) => {
      const isReadOnly = view.state.readOnly;
      files.set(shown, view.state);
      shown = name;
      const before = files.get(name);
      const isSame = before?.doc.toString() === text;
      view.setState(isSame ? before : EditorState.create({ doc: text, extensions }));
      const effects = [
        readOnly.reconfigure(readOnlyIf(isReadOnly)),
        language.reconfigure(name.endsWith(".py") ? python() : []),
      ];
      view.dispatch({ effects });
    },
    forget: () => files.clear(),
    setReadOnly: (isReadOnly) => view.dispatch({ effects: readOnly.reconfigure(readOnlyIf(isReadOnly)) }),
    markLine: (line, kind) => view.dispatch({ effects: setMark.of({ kind, from: startOf(view.state, line) }) }),
    setGutter: (texts) => view.dispatch({ effects: setNotes.of(notesOf(view.state, texts)) }),
    onChange: (callback) => changeListeners.push(callback),
    onPointLine: (callback) => pointing.listeners.push(callback),
    scrollToLine: (line) => {
      const from = startOf(view.state, line);
      if (from !== null) view.dispatch({ effects: EditorView.scrollIntoView(from, { y: "center" }) });
    },
    focus: () => view.focus(),
    destroy: () => {
      view.destroy();
      root.replaceChildren();
    },
  };
}

// Marks a change as one by the page.
const byPage = Annotation.define();

function readOnlyIf(isReadOnly) {
  return isReadOnly ? [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })] : [];
}

function hint() {
  const hint = document.createElement("p");
  hint.id = "hint";
  hint.hidden = true;
  hint.textContent = HINT;
  return hint;
}

// The position at which a line starts, or null if there is no such line.
function startOf(state, line) {
  return line >= 1 && line <= state.doc.lines ? state.doc.line(line).from : null;
}

// The line at which the reader points, with the pointer or the caret, whichever moved last.
class Pointing {
  listeners = [];
  #line = null;

  follow(view) {
    view.scrollDOM.addEventListener("pointermove", (event) => {
      const height = event.clientY - view.documentTop;
      const isInText = height >= 0 && height < view.contentHeight;
      this.at(isInText ? view.state.doc.lineAt(view.lineBlockAtHeight(height).from).number : null);
    });
    view.scrollDOM.addEventListener("pointerleave", () => this.at(null));
  }

  atCaret(state) {
    this.at(state.doc.lineAt(state.selection.main.head).number);
  }

  at(line) {
    if (line === this.#line) return;
    this.#line = line;
    this.listeners.forEach((callback) => callback(line));
  }
}

// Marked lines. They move with the text.

const setMark = StateEffect.define();

const marks = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    marks = marks.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setMark)) marks = withMark(marks, effect.value);
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function withMark(marks, { kind, from }) {
  const add = from === null ? [] : [Decoration.line({ class: `marked-${kind}`, kind }).range(from)];
  return marks.update({ filter: (_from, _to, mark) => mark.spec.kind !== kind, add });
}

// Texts at the ends of lines.

const setNotes = StateEffect.define();

const notes = StateField.define({
  create: () => RangeSet.empty,
  update(notes, transaction) {
    notes = notes.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setNotes)) notes = effect.value;
    return notes;
  },
});

class Note extends GutterMarker {
  constructor(text) {
    super();
    this.text = text;
  }

  eq(other) {
    return this.text === other.text;
  }

  toDOM() {
    return document.createTextNode(this.text);
  }
}

function notesOf(state, texts) {
  const notes = [...texts].map(([line, text]) => ({ from: startOf(state, line), text }));
  return RangeSet.of(notes.filter(({ from }) => from !== null).map(({ from, text }) => new Note(text).range(from)), true);
}

// Without Escape, which would shrink a selection: then the Tab after it would indent and not leave the editor.
const KEYS = defaultKeymap.filter(({ key }) => key !== "Escape");

const BEHAVIOUR = [
  history(),
  indentUnit.of("    "),
  EditorState.tabSize.of(4),
  indentOnInput(),
  bracketMatching(),
  search({ top: true }),
  highlightSelectionMatches(),
  keymap.of([...searchKeymap, ...historyKeymap, indentWithTab, ...KEYS]),
  lineNumbers(),
  marks,
  notes,
  gutter({ class: "notes", side: "after", markers: (view) => view.state.field(notes) }),
];

// The same classes of tokens as in tools/site/src/highlight.rs.
const COLOURS = HighlightStyle.define([
  { tag: tags.comment, color: "var(--code-comment)" },
  { tag: [tags.string, tags.special(tags.string), tags.escape], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.function(tags.definition(tags.variableName)),
      tags.meta,
    ],
    color: "var(--code-function)",
  },
  { tag: [tags.className, tags.definition(tags.className), tags.typeName], color: "var(--code-type)" },
  { tag: [tags.keyword, tags.self], color: "var(--code-keyword)" },
]);

const LOOK = [
  syntaxHighlighting(COLOURS),
  EditorView.theme({
    "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "13px" },
    "&.cm-focused": { outline: "2px solid var(--running)", outlineOffset: "-2px" },
    ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "21px" },
    ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
    ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "0" },
    ".cm-lineNumbers .cm-gutterElement": { minWidth: "44px", padding: "0 12px 0 8px" },
    // On a phone there is no room for them.
    "@media (max-width: 560px)": { ".cm-gutters .notes, .notes": { display: "none !important" } },
    // They take no room from the code: each covers the end of its own line only, and clicks go through it.
    ".cm-gutters.cm-gutters-after, .notes": { width: "0", minWidth: "0", overflow: "visible", background: "none", pointerEvents: "none" },
    ".notes .cm-gutterElement": { width: "max-content", fontSize: "11px", transform: "translateX(-100%)", whiteSpace: "nowrap" },
    ".notes .cm-gutterElement:not(:empty)": { padding: "0 10px", background: "var(--surface)" },
    ".marked-wait": { backgroundColor: "var(--mark)", boxShadow: "inset 3px 0 0 var(--ink)" },
    ".marked-error": {
      boxShadow: "inset 3px 0 0 var(--failed)",
      textDecoration: "underline wavy var(--failed)",
      textUnderlineOffset: "4px",
    },
    "& .cm-selectionMatch, & .cm-searchMatch": { backgroundColor: "var(--mark)", outline: "1px solid var(--line)" },
    "& .cm-searchMatch-selected": { backgroundColor: "var(--waiting)" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--waiting)" },
    "&.cm-focused .cm-nonmatchingBracket": { color: "var(--failed)", backgroundColor: "transparent" },
    ".cm-panels": { backgroundColor: "var(--paper)", color: "var(--ink)", fontFamily: "var(--text)" },
    ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
    ".cm-panel.cm-search :is(input, button, label)": { fontSize: "13px" },
    ".cm-textfield": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line)" },
    ".cm-button": {
      background: "var(--surface)",
      color: "var(--ink)",
      border: "1px solid var(--line)",
      borderRadius: "var(--radius)",
    },
    ".cm-panel.cm-search [name=close]": { color: "var(--ink)" },
  }),
];
