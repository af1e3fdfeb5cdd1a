// Pieces to begin with: MinnoJS tasks, questions and pages; the two marks of an HTML study. ${…} are places to fill in.
import { snippet, snippetCompletion } from "@codemirror/autocomplete";

const MANAGER = [
  ["task: questionnaire", "A task of a manager that asks questions", "{type: 'quest', name: '${name}', scriptUrl: '${questions.js}'},${}"],
  ["task: reaction times", "A task of a manager that measures times", "{type: 'time', name: '${name}', scriptUrl: '${task.js}'},${}"],
  ["task: message", "A page of text between tasks", "{type: 'message', name: '${name}', templateUrl: '${instructions.jst}', piTemplate: true, buttonText: '${Continue}'},${}"],
  ["mixer: random order", "Tasks, pages or trials in an order drawn anew for each participant", "{mixer: 'random', data: [\n\t${}\n]},"],
  ["mixer: branch", "What is shown only under a condition", "{mixer: 'branch', conditions: [{compare: '${global.name}', to: '${value}'}], data: [\n\t${}\n]},"],
  ["inherit", "Take from a set", "{inherit: {set: '${name}', type: '${exRandom}'}},${}"],
];
const QUESTIONS = [
  ["page", "A page of questions", "{header: '${Header}', prev: false, submitText: '${Continue}', questions: [\n\t${}\n]},"],
  ["question: text", "One line of text", "{type: 'text', name: '${name}', stem: '${The question?}', required: ${true}, errorMsg: {required: '${Write something, or decline.}'}},${}"],
  ["question: number", "A number", "{type: 'textNumber', name: '${name}', stem: '${How many?}', min: ${0}, max: ${100}},${}"],
  ["question: text area", "Several lines of text", "{type: 'textarea', name: '${name}', stem: '${What do you think?}', rows: ${4}},${}"],
  ["question: select one", "One of several answers", "{type: 'selectOne', name: '${name}', stem: '${Which one?}', answers: [\n\t{text: '${Yes}', value: ${1}},\n\t{text: '${No}', value: ${2}}\n]},${}"],
  ["question: select several", "Any number of several answers", "{type: 'selectMulti', name: '${name}', stem: '${Which ones?}', answers: [\n\t{text: '${One}', value: ${1}},\n\t{text: '${Two}', value: ${2}}\n]},${}"],
  ["question: slider", "A place between two ends", "{type: 'slider', name: '${name}', stem: '${How much?}', min: ${0}, max: ${100}, steps: ${10}, leftLabel: '${not at all}', rightLabel: '${very much}'},${}"],
];
const TRIALS = [
  ["trial", "One trial of a reaction-time task", "{\n\tinput: [{handle: '${left}', on: 'keypressed', key: '${e}'}],\n\tlayout: [],\n\tstimuli: [{media: {word: '${word}'}}],\n\tinteractions: [\n\t\t{\n\t\t\tconditions: [{type: 'begin'}],\n\t\t\tactions: [{type: 'showStim', handle: 'All'}]\n\t\t},\n\t\t{\n\t\t\tconditions: [{type: 'inputEquals', value: '${left}'}],\n\t\t\tactions: [{type: 'log'}, {type: 'endTrial'}]\n\t\t}\n\t]\n},${}"],
];
const WHOLE = [
  ["script: manager", "A whole study: its tasks in their order", "define(['managerAPI'], function(Manager){\n\tvar API = new Manager();\n\n\tAPI.setName('${mgr}');\n\tAPI.addSettings('skip', true);\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
  ["script: questionnaire", "A whole questionnaire", "define(['questAPI'], function(Quest){\n\tvar API = new Quest();\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
  ["script: reaction times", "A whole reaction-time task", "define(['timeAPI'], function(Time){\n\tvar API = new Time();\n\n\tAPI.addSequence([\n\t\t${}\n\t]);\n\n\treturn API.script;\n});\n"],
];
const MARKS = [
  ["os:base", "Relative addresses of this page begin at the top of the study", "<!-- os:base -->"],
  ["os:vars", "Gives this page minno.log and the session", "<!-- os:vars -->"],
];
const ROWS = [
  ["minno.log", "Send rows of data", "await minno.log([{ ${name}: ${value} }]);${}"],
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

export function snippetSource({ extension, kind }) {
  return (context) => {
    const word = context.matchBefore(/[\w:.]+/);
    if (!context.explicit && (!word || word.to - word.from < 2)) return null;
    const pieces = piecesFor({ extension, kind, text: context.state.sliceDoc(0, 2000) });
    if (!pieces.length) return null;
    return {
      from: word ? word.from : context.pos,
      options: pieces.map(([label, detail, template]) => snippetCompletion(template, { label, detail, type: "text", boost: 20 })),
      validFor: /^[\w:. ]*$/,
    };
  };
}

export function insert(view, template) {
  const { from, to } = view.state.selection.main;
  snippet(template)(view, null, from, to);
  view.focus();
}
