#ifndef SEGLEDGER_CPREFETCH_H
#define SEGLEDGER_CPREFETCH_H

/// Asks the processor to fetch the cache line at `address`, to be read soon. A hint: any address
/// will do, and nothing else happens. Swift has no word for it.
static inline __attribute__((always_inline)) void segledger_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

#endif
