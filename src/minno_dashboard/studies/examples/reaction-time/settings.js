// What you are most likely to change. Times are in milliseconds.
const settings = {
  trials: 20,
  keys: { left: "e", right: "i" },
  fixation: { shortest: 500, longest: 1200 },
  deadline: 2500,
  instructions: "text/instructions.html",
  goodbye: "text/goodbye.html",
  stimuli: { left: "images/left.svg", right: "images/right.svg" },
};
