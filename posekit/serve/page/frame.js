// What both pages have: language, theme, and requests with the token.

import { showWords, switchLanguage, word } from "./words.js";

const element = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token") || "";

export function setUpFrame(changed = () => {}) {
  const inAddress = new URLSearchParams(location.hash.slice(1)).get("token");
  if (inAddress) {
    keepToken(inAddress);
    history.replaceState(null, "", location.pathname);
  }
  document.documentElement.dataset.theme = localStorage.getItem("theme") || "";
  element("theme").onclick = () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--back").trim() === "#12171c";
    localStorage.setItem("theme", dark ? "light" : "dark");
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    changed();
  };
  element("language").onclick = () => {
    switchLanguage();
    changed();
  };
  showWords();
}

function keepToken(text) {
  token = text;
  sessionStorage.setItem("token", token);
}

export async function ask(path, options = {}) {
  // Return the answer of the server; a refusal is thrown with its message.
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(word("offline"));
  }
  if (answer.status === 401) {
    await askToken();
    return ask(path, options);
  }
  if (!answer.ok) {
    const content = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(content.error || answer.statusText), { status: answer.status });
  }
  return answer;
}

let asking = null;

function askToken() {
  asking ??= new Promise((resolve) => {
    const dialog = element("ask");
    dialog.onclose = () => {
      asking = null;
      keepToken(element("token").value);
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}
