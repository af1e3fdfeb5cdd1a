// The study: a welcome, the test, a page with the result. Play this file.
define(['managerAPI'], function(Manager){
    var API = new Manager();

    API.setName('mgr');
    API.addSettings('skip', true); // while you try it out: Esc and the right arrow skip a task

    API.addSequence([
        {type: 'message', name: 'welcome', templateUrl: 'welcome.jst', keys: ' '},
        {type: 'time', name: 'association', scriptUrl: 'test.js'},
        {type: 'message', name: 'thanks', templateUrl: 'thanks.jst', last: true}
    ]);

    return API.script;
});
