// Seven blocks of an Implicit Association Test. What you are most likely to change stands in words.js.
define(['timeAPI', './words.js'], function(Time, words){
    var API = new Time();
    var current = API.getCurrent();
    var touch = window.piGlobal.$isTouch; // set by a task of the type isTouch, should you put one before this
    var categories = words.categories, attributes = words.attributes;

    // Drawn anew for each participant: which category begins on the left, and which attribute stands there.
    var first = Math.random() < 0.5 ? ['flowers', 'insects'] : ['insects', 'flowers'];
    var sides = Math.random() < 0.5 ? ['good', 'bad'] : ['bad', 'good'];
    var second = [first[1], first[0]];

    // Each block: what stands on the left and on the right, how many trials, and which half of the score it counts for.
    var blocks = [
        {left: [first[0]], right: [first[1]], trials: words.short},
        {left: [sides[0]], right: [sides[1]], trials: words.short},
        {left: [first[0], sides[0]], right: [first[1], sides[1]], trials: words.short, half: 'first'},
        {left: [first[0], sides[0]], right: [first[1], sides[1]], trials: words.long, half: 'first'},
        {left: [second[0]], right: [second[1]], trials: words.short},
        {left: [second[0], sides[0]], right: [second[1], sides[1]], trials: words.short, half: 'second'},
        {left: [second[0], sides[0]], right: [second[1], sides[1]], trials: words.long, half: 'second'}
    ];
    var latencies = {first: [], second: []};

    function group(name){ return categories[name] || attributes[name]; }
    function colour(name){ return categories[name] ? words.colours.category : words.colours.attribute; }
    function titles(names){
        return names.map(function(name){
            return '<div style="color:' + colour(name) + '">' + group(name).title + '</div>';
        }).join('<div>or</div>');
    }
    function corner(names, side){
        var location = {top: 3};
        location[side] = 5;
        return {location: location, media: {html: '<div style="font-size:1.3em">' + titles(names) + '</div>'}};
    }

    API.addSettings('canvas', {maxWidth: 800, proportions: 0.7, background: '#ffffff', borderWidth: 1, canvasBackground: '#ffffff'});

    // A page before each block; the space bar goes on.
    function instructions(block, number){
        return {
            data: {block: number, condition: 'instructions'},
            input: [touch ? {handle: 'space', on: 'bottomTouch'} : {handle: 'space', on: 'space'}],
            layout: [corner(block.left, 'left'), corner(block.right, 'right')],
            stimuli: [{
                media: {html: '<div style="max-width:30em">'
                    + '<p>Part ' + number + ' of ' + blocks.length + '</p>'
                    + '<p>Press <b>' + words.keys.left + '</b> for words that belong to the left side,'
                    + ' <b>' + words.keys.right + '</b> for those that belong to the right.</p>'
                    + '<p>A red cross means: wrong. Press the other key then.</p>'
                    + '<p>Go as fast as you can while making few mistakes. The <b>space bar</b> begins.</p></div>'}
            }],
            interactions: [
                {conditions: [{type: 'begin'}], actions: [{type: 'showStim', handle: 'All'}]},
                {conditions: [{type: 'inputEquals', value: 'space'}], actions: [{type: 'endTrial'}]}
            ]
        };
    }

    // One word; it stays until the right key is pressed, and its time counts until then.
    function trial(block, number, side, name, word){
        var wrong = side === 'left' ? 'right' : 'left';
        return {
            data: {
                block: number, half: block.half || '', group: name, correct: true,
                condition: block.left.join('+') + '/' + block.right.join('+')
            },
            input: touch
                ? [{handle: 'left', on: 'leftTouch'}, {handle: 'right', on: 'rightTouch'}]
                : [{handle: 'left', on: 'keypressed', key: words.keys.left}, {handle: 'right', on: 'keypressed', key: words.keys.right}],
            layout: [corner(block.left, 'left'), corner(block.right, 'right')],
            stimuli: [
                {handle: 'word', css: {color: colour(name), fontSize: '2.2em'}, media: {word: word}},
                {handle: 'wrong', location: {bottom: 12}, css: {color: '#c00000', fontSize: '2.5em'}, media: {word: 'X'}}
            ],
            interactions: [
                {conditions: [{type: 'begin'}], actions: [{type: 'showStim', handle: 'word'}]},
                {conditions: [{type: 'inputEquals', value: wrong}], actions: [
                    {type: 'setTrialAttr', setter: {correct: false}},
                    {type: 'showStim', handle: 'wrong'}
                ]},
                {conditions: [{type: 'inputEquals', value: side}], actions: [
                    {type: 'hideStim', handle: 'All'},
                    {type: 'log'},
                    {type: 'custom', fn: function(options, eventData){
                        if (block.half) latencies[block.half].push(eventData.latency);
                    }},
                    {type: 'setInput', input: {handle: 'pause', on: 'timeout', duration: 250}}
                ]},
                {conditions: [{type: 'inputEquals', value: 'pause'}], actions: [{type: 'endTrial'}]}
            ]
        };
    }

    function shuffled(list){
        var copy = list.slice();
        for (var last = copy.length - 1; last > 0; last -= 1) {
            var other = Math.floor(Math.random() * (last + 1));
            var kept = copy[last];
            copy[last] = copy[other];
            copy[other] = kept;
        }
        return copy;
    }

    // Equally many of each group; where two groups share a key, categories and attributes take turns.
    function trialsOf(block, number){
        var groups = block.left.concat(block.right), kinds = block.left.length, list = [];
        var bags = groups.map(function(){ return []; });
        for (var index = 0; index < block.trials; index += 1) {
            var kind = index % kinds;
            var at = kind + kinds * Math.floor(Math.random() * 2);
            if (index % (2 * kinds) >= kinds) at = list[index - kinds].at < kinds ? kind + kinds : kind;
            if (!bags[at].length) bags[at] = shuffled(group(groups[at]).words);
            list.push({at: at, word: bags[at].pop()});
        }
        return list.map(function(one){
            return trial(block, number, one.at < kinds ? 'left' : 'right', groups[one.at], one.word);
        });
    }

    function mean(list){ return list.reduce(function(sum, one){ return sum + one; }, 0) / list.length; }
    function deviation(list){
        var middle = mean(list);
        return Math.sqrt(list.reduce(function(sum, one){ return sum + (one - middle) * (one - middle); }, 0) / (list.length - 1));
    }

    // The difference of the two halves' means by the deviation of all times; times over ten seconds are left out.
    // Positive: quicker while flowers shared a key with good words.
    function score(){
        var one = latencies.first.filter(function(time){ return time < 10000; });
        var two = latencies.second.filter(function(time){ return time < 10000; });
        if (one.length < 2 || two.length < 2) return null;
        var together = first.indexOf('flowers') === sides.indexOf('good');
        var difference = (mean(two) - mean(one)) / deviation(one.concat(two));
        return Math.round(100 * (together ? difference : -difference)) / 100;
    }

    API.addSettings('hooks', {endTask: function(){
        current.d = score();
        window.piGlobal.associationScore = current.d;
        API.save({d: current.d, began: first.join('/') + ', ' + sides.join('/')});
    }});

    blocks.forEach(function(block, index){
        API.addSequence([instructions(block, index + 1)].concat(trialsOf(block, index + 1)));
    });

    return API.script;
});
