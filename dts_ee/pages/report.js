"use strict";
(() => {
  const AT_A_TIME = 30;
  const LONGEST_NAME = 30;
  const LONGEST_GAP = 20;
  const SVG = "http://www.w3.org/2000/svg";

  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const more = document.getElementById("more");
  const chosen = document.getElementById("chosen");
  const found = document.getElementById("found");
  const heading = document.querySelector("#sentences h2");
  const pen = document.createElement("canvas").getContext("2d");

  const documents = data.documents.map((sentence) => ({
    ...sentence,
    search: `${sentence.text}\n${sentence.id}`.toLowerCase(),
    errors: sentence.items.filter((item) => item[1] !== data.right).length,
  }));

  let cell = null;
  let shown = [];
  let drawn = 0;

  /* Elements are made with text nodes alone: nothing in a sentence can become markup. */
  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    Object.assign(made, properties);
    made.append(...children);
    return made;
  }

  function shape(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function typeOf(doc, side, task, index) {
    if (index === null) return null;
    return doc[side][data.keys[task]][index][0];
  }

  /* Which items and sentences are asked for. */

  function itemFilter(wanted) {
    const { errors, type } = wanted;
    if (!errors.size && !type && !cell) return null;
    return (doc, [task, kind, gold, predicted]) => {
      if (errors.size && !errors.has(`${task}:${kind}`)) return false;
      const goldType = typeOf(doc, "gold", task, gold);
      const predictedType = typeOf(doc, "predicted", task, predicted);
      if (type && type !== `${task}:${goldType}` && type !== `${task}:${predictedType}`) {
        return false;
      }
      if (!cell) return true;
      const [cellTask, cellGold, cellPredicted, apart] = cell.of;
      if (task !== cellTask) return false;
      if (apart) {
        return (
          kind === apart &&
          (cellGold === null || cellGold === goldType) &&
          (cellPredicted === null || cellPredicted === predictedType)
        );
      }
      const standsApart = data.apart[task].includes(kind);
      return !standsApart && cellGold === goldType && cellPredicted === predictedType;
    };
  }

  function update() {
    const values = new FormData(form);
    const text = values.get("text").trim().toLowerCase();
    const isWanted = itemFilter({
      errors: new Set(values.getAll("error")),
      type: values.get("type"),
    });
    shown = documents.filter(
      (doc) =>
        doc.search.includes(text) &&
        (isWanted === null || doc.items.some((item) => isWanted(doc, item))),
    );
    if (values.get("order") === "errors") shown.sort((one, other) => other.errors - one.errors);
    chosen.hidden = cell === null;
    chosen.replaceChildren();
    if (cell) {
      const button = element("button", { type: "button", textContent: "Leave out this choice" });
      button.addEventListener("click", () => {
        cell = null;
        update();
        heading.focus();
      });
      chosen.append(cell.name, button);
    }
    list.replaceChildren();
    drawn = 0;
    drawMore();
  }

  function drawMore() {
    const until = Math.min(drawn + AT_A_TIME, shown.length);
    for (; drawn < until; drawn += 1) list.append(drawDocument(shown[drawn]));
    more.hidden = drawn === shown.length;
    more.textContent = `Show ${Math.min(AT_A_TIME, shown.length - drawn)} more`;
    const number = shown.length === 1 ? "1 sentence" : `${shown.length} sentences`;
    found.textContent = `${number} of ${documents.length}; ${drawn} drawn`;
  }

  /* One sentence. */

  function drawDocument(doc) {
    const states = { gold: {}, predicted: {} };
    for (const task of Object.keys(data.keys)) {
      states.gold[task] = {};
      states.predicted[task] = {};
    }
    for (const [task, kind, gold, predicted] of doc.items) {
      if (gold !== null) states.gold[task][gold] = kind;
      if (predicted !== null) states.predicted[task][predicted] = kind;
    }
    const errors = doc.errors === 1 ? "1 error" : `${doc.errors || "no"} errors`;
    const sides = element("div", { className: "sides" });
    for (const [side, name] of [["gold", "Gold"], ["predicted", "Predicted"]]) {
      const half = element("div", {}, element("h4", { textContent: name }));
      half.append(...drawEntities(doc.text, doc[side].entities, states[side].entity));
      if (doc[side].relations.length) {
        half.append(drawRelations(name, doc.text, doc[side], states[side].relation));
      }
      for (const task of data.others) {
        half.append(listItems(data.keys[task], doc[side][data.keys[task]], states[side][task]));
      }
      sides.append(half);
    }
    return element("article", {}, element("h3", { textContent: `${doc.id} · ${errors}` }), sides);
  }

  /* What is not drawn in the sentence. */
  function listItems(name, items, states) {
    const listed = items.map(([type], i) =>
      states[i] === data.right ? type : `${type} (${states[i]})`,
    );
    const textContent = `${name}: ${listed.join(", ") || "none"}`;
    return element("p", { textContent });
  }

  function withProbability(name, probability) {
    return probability === undefined ? name : `${name} ${probability.toFixed(2)}`;
  }

  /* Entities that overlap are marked in the sentence once more. */
  function layersOf(entities) {
    const layers = [[]];
    const longestFirst = entities.map((_, i) => i);
    const length = (i) => entities[i][2] - entities[i][1];
    longestFirst.sort((one, other) => length(other) - length(one));
    for (const i of longestFirst) {
      const [, start, end] = entities[i];
      const isFree = (layer) =>
        layer.every((j) => entities[j][2] <= start || end <= entities[j][1]);
      const free = layers.find(isFree);
      if (free) free.push(i);
      else layers.push([i]);
    }
    return layers.map((layer) => layer.sort((i, j) => entities[i][1] - entities[j][1]));
  }

  function drawEntities(text, entities, states) {
    // Spans count code points, where JavaScript's strings count UTF-16 units.
    const characters = Array.from(text);
    return layersOf(entities).map((layer) => {
      const paragraph = element("p", { className: "text" });
      let position = 0;
      for (const i of layer) {
        const [type, start, end, probability] = entities[i];
        paragraph.append(characters.slice(position, start).join(""));
        const mark = element("mark", {}, characters.slice(start, end).join(""));
        mark.style.background = data.colours[type];
        mark.append(
          element("span", { className: "type", textContent: withProbability(type, probability) }),
        );
        if (states[i] !== data.right) {
          mark.className = "wrong";
          mark.append(element("span", { className: "kind", textContent: states[i] }));
        }
        paragraph.append(mark);
        position = end;
      }
      paragraph.append(characters.slice(position).join(""));
      return paragraph;
    });
  }

  function cut(text, longest) {
    const characters = Array.from(text.replace(/\s+/g, " ").trim());
    return characters.length <= longest
      ? characters.join("")
      : `${characters.slice(0, longest - 1).join("").trim()}…`;
  }

  function widthOf(text, font) {
    pen.font = font;
    return pen.measureText(text).width;
  }

  /* The entities in a row, with the text between them; each slot has the position of its middle. */
  function slotsOf(text, entities, relations) {
    const characters = Array.from(text);
    const related = [...new Set(relations.flatMap(([, head, tail]) => [head, tail]))];
    related.sort((i, j) => entities[i][1] - entities[j][1] || entities[i][2] - entities[j][2]);
    const slots = [];
    const slotOf = {};
    let position = entities[related[0]][1];
    for (const i of related) {
      const [type, start, end] = entities[i];
      const between = characters.slice(position, start).join("");
      // A comma is not worth a slot.
      if (/[\p{L}\p{N}]/u.test(between)) slots.push({ name: cut(between, LONGEST_GAP), type: "" });
      slotOf[i] = slots.length;
      slots.push({ name: cut(characters.slice(start, end).join(""), LONGEST_NAME), type });
      position = Math.max(position, end);
    }
    let right = 0;
    for (const slot of slots) {
      const width = Math.max(
        widthOf(slot.name, "13px system-ui, sans-serif"),
        widthOf(slot.type, "bold 11px system-ui, sans-serif"),
      );
      slot.x = right + width / 2;
      right += width + 24;
      slot.width = width;
    }
    return [slots, slotOf];
  }

  function drawRelations(name, text, { entities, relations }, states) {
    const [slots, slotOf] = slotsOf(text, entities, relations);
    const arcs = relations.map(([type, head, tail, probability], i) => {
      const isWrong = states[i] !== data.right;
      const label = withProbability(type, probability) + (isWrong ? ` · ${states[i]}` : "");
      const [from, to] = [slotOf[head], slotOf[tail]];
      return { label, isWrong, from, to, first: Math.min(from, to), last: Math.max(from, to) };
    });
    arcs.sort((one, other) => one.last - one.first - (other.last - other.first));
    for (const [i, arc] of arcs.entries()) {
      arc.width = widthOf(arc.label, "bold 12px system-ui, sans-serif");
      const beside = ["first", "last"].flatMap((end) => arcs.filter((o) => o[end] === arc[end]));
      const room = arc.width + 40 + 8 * beside.length;
      const lacking = room - (slots[arc.last].x - slots[arc.first].x);
      if (lacking > 0) for (const slot of slots.slice(arc.last)) slot.x += lacking;
      const below = arcs
        .slice(0, i)
        .filter((other) => other.first < arc.last && arc.first < other.last);
      arc.level = 1 + Math.max(0, ...below.map((other) => other.level));
    }
    const levels = Math.max(...arcs.map((arc) => arc.level));
    const foot = 22 + 27 * levels;
    const left = 8;
    const width = left + slots.at(-1).x + slots.at(-1).width / 2 + 8;
    const picture = shape("svg", {
      width: Math.ceil(width),
      height: foot + 42,
      "aria-hidden": "true",
    });
    for (const slot of slots) {
      const className = slot.type ? "word" : "between";
      picture.append(
        shape("text", { x: left + slot.x, y: foot + 18, class: className }, slot.name),
        shape("text", { x: left + slot.x, y: foot + 34, class: "type" }, slot.type),
      );
    }
    for (const arc of arcs) picture.append(drawArc(arc, arcs, slots, left, foot));
    const said = arcs.map(
      (arc) => `${slots[arc.from].name} to ${slots[arc.to].name}: ${arc.label}`,
    );
    const figure = element("figure", { className: "arcs", tabIndex: 0 }, picture);
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${name} relations. ${said.join(". ")}`);
    return figure;
  }

  /* At a word, lower arcs stand further inside, so that each arrow is that of one arc. */
  function insetOf(arc, end, arcs) {
    const above = arcs.filter((other) => other[end] === arc[end] && other.level > arc.level);
    return 5 + 8 * above.length;
  }

  function drawArc(arc, arcs, slots, left, foot) {
    const first = left + slots[arc.first].x + insetOf(arc, "first", arcs);
    const last = left + slots[arc.last].x - insetOf(arc, "last", arcs);
    const [start, end] = arc.from < arc.to ? [first, last] : [last, first];
    const middle = (start + end) / 2;
    const top = foot - 27 * arc.level;
    const bend = Math.sign(end - start) * Math.min(14, Math.abs(end - start) / 2);
    const group = shape("g", { class: arc.isWrong ? "wrong" : "right" });
    group.append(
      shape("path", {
        d:
          `M${start},${foot} Q${start},${top} ${start + bend},${top} ` +
          `H${end - bend} Q${end},${top} ${end},${foot - 6}`,
      }),
      shape("path", { class: "point", d: `M${end},${foot + 2} l-4,-9 h8 z` }),
      shape("rect", { x: middle - arc.width / 2 - 4, y: top - 7, width: arc.width + 8, height: 14 }),
      shape("text", { class: "label", x: middle, y: top + 4 }, arc.label),
    );
    return group;
  }

  /* What the reader does. */

  function showOnly(error) {
    form.reset();
    for (const box of form.querySelectorAll('input[name="error"]')) {
      box.checked = box.value === error;
    }
  }

  function goToSentences() {
    update();
    heading.focus({ preventScroll: true });
    heading.scrollIntoView();
  }

  document.querySelectorAll("button[data-error]").forEach((button) => {
    button.addEventListener("click", () => {
      cell = null;
      showOnly(button.dataset.error);
      goToSentences();
    });
  });
  document.querySelectorAll("button[data-cell]").forEach((button) => {
    button.addEventListener("click", () => {
      const name = button.getAttribute("aria-label").replace(/^.*?: show sentences/, "Sentences");
      form.reset();
      cell = { of: JSON.parse(button.dataset.cell), name };
      goToSentences();
    });
  });

  let waiting;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(update, event.target.name === "text" ? 150 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    cell = null;
    clearTimeout(waiting);
    // The form still has its values while this event is handled.
    waiting = setTimeout(update, 0);
  });
  more.addEventListener("click", () => {
    const firstNew = drawn;
    drawMore();
    const next = list.children[firstNew];
    if (next) {
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
    }
  });

  form.hidden = false;
  update();
})();
