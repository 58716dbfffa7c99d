export type { FollowerState } from './define.js';
export { momentumOption, type ScheduleSpec, scheduleSchema, schedules } from './registry.js';
export { createSchedule, type Schedule } from './schedule.js';
