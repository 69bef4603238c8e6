#ifndef C_ALLOCATION_COUNT_H
#define C_ALLOCATION_COUNT_H

/// How many times the calling thread has asked malloc, calloc, realloc or posix_memalign for
/// memory. Always 0 under a sanitizer, which has an allocator of its own.
unsigned long allocation_count(void);

#endif
