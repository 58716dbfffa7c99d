export { Arena, ArenaPlan, alignUp, slotAlignment } from './arena.js';
export type { ArenaHandle, Slot, SlotType } from './arena.js';
