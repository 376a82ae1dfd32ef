import assert from "node:assert/strict";
import { test } from "node:test";

import { GLOSSARY } from "../shared/glossary.js";
import { keyHints } from "../shared/keys.js";
import { knob, list } from "../shared/markup.js";
import { term } from "../shared/terms.js";

test("A term is a button that names its entry of the glossary, with the words of the page on it.", () => {
  assert.match(term("slot"), /<button type="button"[^>]* data-term="slot"[^>]*>slot<\/button>/);
  assert.match(term("top_k", "Choices"), /data-term="top_k"[^>]*>Choices<\/button>/);
  assert.ok(Object.keys(GLOSSARY).length > 30);
});

test("A word that the glossary lacks is an error that says where to add it.", () => {
  assert.throws(() => term("seat"), /seat is not in the glossary: add it to softmoe_edu\/glossary.py/);
});

test("Labels of knobs and lists open a term, and name their fields in plain words.", () => {
  for (const markup of [knob("skew", "Skew", "skew"), list("skew", "Skew", "skew")]) {
    assert.match(markup, /data-term="skew"/);
    assert.match(markup, /aria-label="Skew"/);
  }
  assert.doesNotMatch(knob("skew", "Skew"), /data-term/);
});

test("Keys stand one by one, each with what it does, and a finger has words of its own.", () => {
  const line = keyHints({ "← →": "move", Enter: "pin" }, "Tap.");
  assert.match(line, /<kbd>←<\/kbd><kbd>→<\/kbd> move · <kbd>Enter<\/kbd> pin/);
  assert.match(line, /explorer-touched">Tap\./);
});
