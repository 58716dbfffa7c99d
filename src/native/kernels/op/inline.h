// Functions in headers that code of several instruction sets includes.
#pragma once

/**
 * Inline without exception. The linker keeps one of several copies of an inline function that was compiled out of line:
 * of a function in an external namespace that might be the copy with instructions which the processor does not have.
 */
#define CONVOY_INLINE inline __attribute__((always_inline))
