// A two-choice reaction-time task: an arrow appears, the participant presses the key of its side.
const stage = document.getElementById("stage");

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function showPage(address) {
  const answer = await fetch(address);
  stage.innerHTML = await answer.text();
}

function keyPressed(allowed, deadline) {
  return new Promise((done) => {
    const started = performance.now();
    const finish = (key) => {
      removeEventListener("keydown", listen);
      clearTimeout(timer);
      done({ key, latency: Math.round(performance.now() - started) });
    };
    const listen = (event) => {
      if (!event.repeat && allowed.includes(event.key.toLowerCase())) finish(event.key.toLowerCase());
    };
    const timer = deadline ? setTimeout(() => finish(null), deadline) : null;
    addEventListener("keydown", listen);
  });
}

// Equal numbers of both sides, in an order drawn anew for each participant (Fisher and Yates).
function drawSides(count) {
  const sides = Array.from({ length: count }, (_, index) => (index % 2 ? "left" : "right"));
  for (let last = sides.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [sides[last], sides[other]] = [sides[other], sides[last]];
  }
  return sides;
}

async function runTrial(number, side) {
  stage.innerHTML = '<p class="fixation">+</p>';
  const { shortest, longest } = settings.fixation;
  await wait(shortest + Math.random() * (longest - shortest));
  stage.innerHTML = `<img src="${settings.stimuli[side]}" alt="${side}">`;
  const { key, latency } = await keyPressed(Object.values(settings.keys), settings.deadline);
  const correct = key === settings.keys[side];
  if (window.minno) window.minno.log({ trial: number, side, key, latency, correct });
}

async function run() {
  await showPage(settings.instructions);
  await keyPressed([" "]);
  const sides = drawSides(settings.trials);
  for (let index = 0; index < sides.length; index += 1) await runTrial(index + 1, sides[index]);
  await showPage(settings.goodbye);
}

run();
