// Pieces to begin with: MinnoJS tasks, questions and pages; the two marks of an HTML study. ${…} are places to fill in.
// What they put in is code, the same in every language; their labels are typed as they stand here.
import { snippet, snippetCompletion } from "@codemirror/autocomplete";
import { gettext, gettext_noop } from "../shell/texts.js";

const MANAGER = [
  [gettext_noop("task: questionnaire"), gettext_noop("A task of a manager that asks questions"), "{type: 'quest', name: '${name}', scriptUrl: '${questions.js}'},${}"],
  [gettext_noop("task: reaction times"), gettext_noop("A task of a manager that measures times"), "{type: 'time', name: '${name}', scriptUrl: '${task.js}'},${}"],
  [gettext_noop("task: message"), gettext_noop("A page of text between tasks"), "{type: 'message', name: '${name}', templateUrl: '${instructions.jst}', piTemplate: true, buttonText: '${Continue}'},${}"],
  [gettext_noop("mixer: random order"), gettext_noop("Tasks, pages or trials in an order drawn anew for each participant"), "{mixer: 'random', data: [\n\t${}\n]},"],
  [gettext_noop("mixer: branch"), gettext_noop("What is shown only under a condition"), "{mixer: 'branch', conditions: [{compare: '${global.name}', to: '${value}'}], data: [\n\t${}\n]},"],
  ["inherit", gettext_noop("Take from a set"), "{inherit: {set: '${name}', type: '${exRandom}'}},${}"],
];
const QUESTIONS = [
  [gettext_noop("page"), gettext_noop("A page of questions"), "{header: '${Header}', prev: false, submitText: '${Continue}', questions: [\n\t${}\n]},"],
  [gettext_noop("question: text"), gettext_noop("One line of text"), "{type: 'text', name: '${name}', stem: '${The question?}', required: ${true}, errorMsg: {required: '${Write something, or decline.}'}},${}"],
  [gettext_noop("question: number"), gettext_noop("A number"), "{type: 'textNumber', name: '${name}', stem: '${How many?}', min: ${0}, max: ${100}},${}"],
  [gettext_noop("question: text area"), gettext_noop("Several lines of text"), "{type: 'textarea', name: '${name}', stem: '${What do you think?}', rows: ${4}},${}"],
  [gettext_noop("question: select one"), gettext_noop("One of several answers"), "{type: 'selectOne', name: '${name}', stem: '${Which one?}', answers: [\n\t{text: '${Yes}', value: ${1}},\n\t{text: '${No}', value: ${2}}\n]},${}"],
  [gettext_noop("question: select several"), gettext_noop("Any number of several answers"), "{type: 'selectMulti', name: '${name}', stem: '${Which ones?}', answers: [\n\t{text: '${One}', value: ${1}},\n\t{text: '${Two}', value: ${2}}\n]},${}"],
  [gettext_noop("question: slider"), gettext_noop("A place between two ends"), "{type: 'slider', name: '${name}', stem: '${How much?}', min: ${0}, max: ${100}, steps: ${10}, leftLabel: '${not at all}', rightLabel: '${very much}'},${}"],
];
const TRIALS = [
  [gettext_noop("trial"), gettext_noop("One trial of a reaction-time task"), "{\n\tinput: [{handle: '${left}', on: 'keypressed', key: '${e}'}],\n\tlayout: [],\n\tstimuli: [{media: {word: '${word}'}}],\n\tinteractions: [\n\t\t{\n\t\t\tconditions: [{type: 'begin'}],\n\t\t\tactions: [{type: 'showStim', handle: 'All'}]\n\t\t},\n\t\t{\n\t\t\tconditions: [{type: 'inputEquals', value: '${left}'}],\n\t\t\tactions: [{type: 'log'}, {type: 'endTrial'}]\n\t\t}\n\t]\n},${}"],
];
const WHOLE = [
  [gettext_noop("script: manager"), gettext_noop("A whole study: its tasks in their order"), "define(['managerAPI'], function(Manager){\n\tvar API = new Manager();\n\n\tAPI.setName('${mgr}');\n\tAPI.addSettings('skip', true);\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
  [gettext_noop("script: questionnaire"), gettext_noop("A whole questionnaire"), "define(['questAPI'], function(Quest){\n\tvar API = new Quest();\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
  [gettext_noop("script: reaction times"), gettext_noop("A whole reaction-time task"), "define(['timeAPI'], function(Time){\n\tvar API = new Time();\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
];
const MARKS = [
  ["os:base", gettext_noop("Relative addresses of this page begin at the top of the study"), "<!-- os:base -->"],
  ["os:vars", gettext_noop("Gives this page minno.log and the session"), "<!-- os:vars -->"],
];
const ROWS = [
  ["minno.log", gettext_noop("Send rows of data"), "await minno.log([{ ${name}: ${value} }]);${}"],
];

// What fits a file: MinnoJS pieces by the API that the script asks for, all of them where it asks for none yet.
export function piecesFor({ extension, kind, text }) {
  if (extension === "html" || extension === "htm") return [...MARKS, ...ROWS];
  if (extension !== "js" && extension !== "mjs") return [];
  if (kind !== "minnojs") return ROWS;
  if (/managerAPI/.test(text)) return MANAGER;
  if (/questAPI/.test(text)) return [...QUESTIONS, ...MANAGER.filter(([label]) => !label.startsWith("task"))];
  if (/timeAPI|pipAPI/.test(text)) return [...TRIALS, ...MANAGER.filter(([label]) => !label.startsWith("task"))];
  return [...WHOLE, ...MANAGER, ...QUESTIONS, ...TRIALS];
}

// How a label is shown where it is not shown as it is typed.
function inWords(label) {
  const words = gettext(label);
  return words === label ? undefined : words;
}

export function snippetSource({ extension, kind }) {
  return (context) => {
    const word = context.matchBefore(/[\w:.]+/);
    if (!context.explicit && (!word || word.to - word.from < 2)) return null;
    const pieces = piecesFor({ extension, kind, text: context.state.sliceDoc(0, 2000) });
    if (!pieces.length) return null;
    return {
      from: word ? word.from : context.pos,
      options: pieces.map(([label, detail, template]) => snippetCompletion(template, { label, displayLabel: inWords(label), detail: gettext(detail), type: "text", boost: 20 })),
      validFor: /^[\w:. ]*$/,
    };
  };
}

export function insert(view, template) {
  const { from, to } = view.state.selection.main;
  snippet(template)(view, null, from, to);
  view.focus();
}
