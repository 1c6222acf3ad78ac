// The sizes, in CSS pixels, that decide about the workbench's place and the width of a lesson's text. room.js and the
// workbench (static/dock.js) share them.

export const BESIDE = 1100; // the least width of the dock for a bench at the right
export const NOTEBOOK_SHARE = { right: 0.55, bottom: 0.5 }; // the notebook's share; at 1280 px its pictures still fit
