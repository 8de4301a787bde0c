// What a person can start from the page.

const PATIENCE_MS = 120_000;

/** What a button says while it works, and when it could not. */
const WORDS = {
  run: ["Running…", "Could not run"],
  pause: ["Pausing…", "Could not pause"],
  resume: ["Resuming…", "Could not resume"],
  acknowledge: ["Acknowledging…", "Could not acknowledge"],
  unacknowledge: ["Taking back…", "Could not take back"],
};

/** Let the buttons of the cards work; `onState` gets the state afterwards. */
export function listen(onState) {
  document.getElementById("main").addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) act(button, button.closest("article.card"), onState);
  });
}

async function act(button, card, onState) {
  if (button.getAttribute("aria-disabled") === "true") return;
  // Not `disabled`: that would take the focus away from whoever pressed it by keyboard.
  button.setAttribute("aria-disabled", "true");
  const action = button.dataset.do;
  const [doing, failed] = WORDS[action];
  button.dataset.label ??= button.textContent;
  button.textContent = doing;
  try {
    onState(await post(`/api/checks/${encodeURIComponent(card.dataset.id)}/${action}`));
    button.textContent = button.dataset.label;
  } catch (error) {
    button.textContent = failed;
    button.title = error.message;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function post(url) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "page" },
    body: "{}",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}
