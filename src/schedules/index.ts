export { commonScheduleOptions, momentumOption, type ScheduleSpec, scheduleSchema, schedules } from './registry.js';
export { createSchedule, type Schedule } from './schedule.js';
