export type { ArenaHandle, Slot, SlotType } from './arena.js';
export { Arena, ArenaPlan, alignUp, slotAlignment } from './arena.js';
export type { FactorPlace, LayoutOptions, LayoutParameter, PlacedParameter, RunLayout, ShardSpan } from './layout.js';
export { barrierHead, createRunArena, elements, ownShards, planLayout, slotNames } from './layout.js';
export { ThreadMemory } from './thread-memory.js';
export { trainablePlaces } from './trainable-places.js';
