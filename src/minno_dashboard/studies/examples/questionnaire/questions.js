// The pages of the questionnaire. A question's `name` is its column in the data.
define(['questAPI'], function(Quest){
    var API = new Quest();

    // What all questions have in common; each question below inherits it.
    API.addQuestionsSet('basic', {
        decline: true,
        required: true,
        errorMsg: {required: 'Choose an answer, or press “Skip”.'}
    });
    API.addPagesSet('page', {
        progressBar: 'Page <%= pagesMeta.number %> of <%= pagesMeta.outOf %>',
        submitText: 'Continue',
        decline: true,
        declineText: 'Skip'
    });

    API.addSequence([
        {
            inherit: 'page', header: 'Today',
            questions: [
                {
                    inherit: 'basic', type: 'selectOne', name: 'mood', stem: 'How has your day been so far?',
                    answers: [
                        {text: 'very bad', value: 1}, {text: 'rather bad', value: 2}, {text: 'so-so', value: 3},
                        {text: 'rather good', value: 4}, {text: 'very good', value: 5}
                    ]
                },
                {
                    inherit: 'basic', type: 'slider', name: 'energy', stem: 'How much energy do you have just now?',
                    min: 0, max: 100, steps: 20, leftLabel: 'none at all', rightLabel: 'plenty'
                }
            ]
        },
        {
            inherit: 'page', header: 'What you did',
            questions: [
                {
                    type: 'selectMulti', name: 'activities', stem: 'What was part of your day? Choose all that fit.',
                    answers: [
                        {text: 'work or study', value: 'work'}, {text: 'being outside', value: 'outside'},
                        {text: 'being with friends', value: 'friends'}, {text: 'sport', value: 'sport'}
                    ]
                },
                {
                    inherit: 'basic', type: 'textNumber', name: 'sleep', stem: 'How many hours did you sleep last night?',
                    min: 0, max: 24,
                    errorMsg: {min: 'A number from 0 to 24.', max: 'A number from 0 to 24.', number: 'A number, such as 7.5.'}
                }
            ]
        },
        // Only who had a bad day is asked why.
        {
            mixer: 'branch',
            conditions: [{compare: 'questions.mood.response', to: 3, operator: 'lesserThan'}],
            data: [{
                inherit: 'page', header: 'A bad day',
                questions: [{type: 'textarea', name: 'why', stem: 'What made it so? Write as much as you like, or nothing.', rows: 4}]
            }]
        }
    ]);

    return API.script;
});
