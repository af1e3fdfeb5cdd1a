// The two categories and the two attributes, each with the words that stand for it.
define([], function(){
    return {
        categories: {
            flowers: {title: 'Flowers', words: ['tulip', 'daisy', 'violet', 'poppy', 'lilac', 'jasmine']},
            insects: {title: 'Insects', words: ['wasp', 'beetle', 'locust', 'gnat', 'moth', 'hornet']}
        },
        attributes: {
            good: {title: 'Good', words: ['joy', 'gentle', 'sunny', 'friend', 'delight', 'calm']},
            bad: {title: 'Bad', words: ['pain', 'cruel', 'gloomy', 'enemy', 'disgust', 'fear']}
        },
        keys: {left: 'e', right: 'i'},
        colours: {category: '#0b5d1e', attribute: '#0b3d91'},
        // Trials of the blocks: practice ones, and those that count for the score.
        short: 20,
        long: 40
    };
});
