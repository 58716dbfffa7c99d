export {
  commonScheduleOptions,
  momentumOption,
  type ScheduleSpec,
  scheduleMonitor,
  scheduleSchema,
  schedules,
} from './registry.js';
export { createSchedule, type Schedule } from './schedule.js';
