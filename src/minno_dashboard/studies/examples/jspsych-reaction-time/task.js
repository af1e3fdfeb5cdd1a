// Circle or square: a reaction-time task. Times are in milliseconds.
const KEYS = { circle: "f", square: "j" };
const TRIALS_OF_EACH = 10;

const jsPsych = initJsPsych({
  // Each trial is sent as soon as it is over, so that nothing is lost when somebody stops half-way.
  on_data_update: (row) => {
    if (window.minno && row.task) window.minno.log([row]);
  },
  on_finish: () => {
    document.body.textContent = "Thank you. You can close this window now.";
  },
});

const welcome = {
  type: jsPsychHtmlKeyboardResponse,
  stimulus: `<p>Press <b>${KEYS.circle}</b> when you see a circle, <b>${KEYS.square}</b> when you see a square.</p>
    <p>Be as quick as you can. The <b>space bar</b> begins.</p>`,
  choices: [" "],
};

const fixation = {
  type: jsPsychHtmlKeyboardResponse,
  stimulus: '<div class="fixation">+</div>',
  choices: "NO_KEYS",
  trial_duration: () => Math.round(400 + Math.random() * 800), // nobody can know when the shape comes
};

const shape = {
  type: jsPsychHtmlKeyboardResponse,
  stimulus: () => `<div class="${jsPsych.evaluateTimelineVariable("shape")}"></div>`,
  choices: Object.values(KEYS),
  trial_duration: 3000, // no answer by then is a miss
  data: { task: "shape" },
  on_finish: (data) => {
    data.shape = jsPsych.evaluateTimelineVariable("shape");
    data.correct = data.response === KEYS[data.shape];
  },
};

jsPsych.run([
  welcome,
  {
    timeline: [fixation, shape],
    timeline_variables: [{ shape: "circle" }, { shape: "square" }],
    repetitions: TRIALS_OF_EACH,
    randomize_order: true,
  },
]);
