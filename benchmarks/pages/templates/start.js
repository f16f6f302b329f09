// After every part of the page has said what it does on a change: the first drawing.
if (listeners.length) changed();
