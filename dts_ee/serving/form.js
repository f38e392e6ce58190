"use strict";
(() => {
  /* Keys move a slider step by step: the server is asked after the last one. */
  const PAUSE = 250;
  const COPIED = 2000;

  const form = document.getElementById("form");
  const text = document.getElementById("text");
  const status = document.getElementById("status");
  const answer = document.getElementById("answer");
  const sliders = [...document.querySelectorAll("input[type=range]")];
  const numberOf = (slider) => document.getElementById(slider.dataset.of);
  let request = null;
  let waiting;

  document.documentElement.classList.add("has-script");

  function showError(message) {
    const error = document.createElement("p");
    error.id = "error";
    error.className = "error";
    error.setAttribute("role", "alert");
    error.textContent = message;
    answer.replaceChildren(error);
  }

  /* The answer is a part of the page that the server sends without the script, too. */
  async function showAnswerOf(response) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const part = page.getElementById("answer");
    if (part === null) {
      showError(`The server answered with status ${response.status}.`);
      return;
    }
    answer.replaceChildren(...part.childNodes);
    const heading = answer.querySelector("h2");
    if (heading) status.textContent = heading.textContent;
  }

  async function ask(scrolls) {
    clearTimeout(waiting);
    if (!form.reportValidity()) return;
    request?.abort();
    const own = (request = new AbortController());
    answer.setAttribute("aria-busy", "true");
    status.textContent = "";
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await fetch(form.action, { method: "POST", body, signal: own.signal });
      await showAnswerOf(response);
    } catch {
      if (own.signal.aborted) return;
      showError("The server cannot be reached.");
    }
    if (own !== request) return;
    answer.removeAttribute("aria-busy");
    const isFailed = answer.querySelector("#error") !== null;
    for (const [name, value] of [["aria-invalid", "true"], ["aria-describedby", "error"]]) {
      if (isFailed) text.setAttribute(name, value);
      else text.removeAttribute(name);
    }
    const isBelow = answer.getBoundingClientRect().top > 0.75 * innerHeight;
    if (scrolls && isBelow) answer.scrollIntoView();
  }

  function askAgain() {
    clearTimeout(waiting);
    if (text.value.trim()) waiting = setTimeout(ask, PAUSE, false);
  }

  function copyBySelection(value) {
    const field = document.createElement("textarea");
    field.value = value;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }

  async function copy(button) {
    const value = document.getElementById("json").textContent;
    let isCopied;
    try {
      /* A browser offers the clipboard to pages of this machine and of https alone. */
      await navigator.clipboard.writeText(value);
      isCopied = true;
    } catch {
      isCopied = copyBySelection(value);
      button.focus();
    }
    const name = "Copy as JSON";
    button.textContent = isCopied ? "Copied" : "Not copied: see JSON below";
    status.textContent = button.textContent;
    setTimeout(() => {
      button.textContent = name;
    }, COPIED);
  }

  answer.addEventListener("click", (event) => {
    const button = event.target.closest("#copy");
    if (button) copy(button);
  });

  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.name === "example") text.value = event.submitter.value;
    ask(true);
  });

  for (const slider of sliders) {
    const number = numberOf(slider);
    slider.addEventListener("input", () => {
      number.value = slider.value;
    });
    number.addEventListener("input", () => {
      slider.value = number.value || slider.dataset.start;
    });
    for (const field of [slider, number]) field.addEventListener("change", askAgain);
  }

  document.getElementById("reset")?.addEventListener("click", () => {
    for (const slider of sliders) {
      numberOf(slider).value = "";
      slider.value = slider.dataset.start;
    }
    askAgain();
  });
})();
